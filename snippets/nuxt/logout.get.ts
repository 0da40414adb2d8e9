/** Ends the session here, then at Latchkey. */
export default defineEventHandler(async (event) => {
  await clearUserSession(event)
  const to = new URLSearchParams({
    client_id: '__CLIENT_ID__',
    post_logout_redirect_uri: '__POST_LOGOUT_URI__',
  })
  return sendRedirect(event, `__ISSUER__/logout?${to}`)
})
