// Made anew for each request: the library adds to the scopes of one that stays.
const signIn = () =>
  defineOAuthOidcEventHandler({
    config: {
      clientId: '__CLIENT_ID__',
      clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
      openidConfig: '__ISSUER__/.well-known/openid-configuration',
      redirectURL: '__REDIRECT_URI__',
      params: { authorization_endpoint: { scope: '__SCOPE__' } },
    },
    async onSuccess(event, { user: { sub, name, email }, tokens }) {
      await replaceUserSession(event, { user: { sub, name, email }, secure: kept(tokens) })
      return sendRedirect(event, '/')
    },
  })

export default defineEventHandler((event) => signIn()(event))
