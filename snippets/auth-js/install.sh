npx create-next-app@latest app --yes && cd app
npm install next-auth@beta
