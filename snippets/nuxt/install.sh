# In your app, which npm create nuxt@latest makes:
npm install nuxt-auth-utils
