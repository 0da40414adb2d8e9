# In your app, which npx create-next-app@latest makes:
npm install next-auth@4
