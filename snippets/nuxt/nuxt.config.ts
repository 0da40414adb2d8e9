// In yours, add the module.
export default defineNuxtConfig({
  modules: ['nuxt-auth-utils'],
})
