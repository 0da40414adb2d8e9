npx next dev -p __PORT__
