npx nuxt dev --host __HOSTNAME__ --port __PORT__
