import NextAuth from 'next-auth'

const secret = process.env.LATCHKEY_CLIENT_SECRET ?? ''

/** A new access token shortly before the old one ends. Each refresh token works once. */
async function refreshed(token: Record<string, unknown>) {
  if (Date.now() < Number(token.expiresAt) * 1000 - 60_000) return token
  const response = await fetch('__ISSUER__/token', {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`__CLIENT_ID__:${secret}`)}` }, // ? basic
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: String(token.refreshToken),
      client_id: '__CLIENT_ID__', // ? post
      client_secret: secret, // ? post
    }),
  })
  if (!response.ok) return null // signed out
  const { access_token, refresh_token, expires_in } = await response.json()
  const expiresAt = Math.floor(Date.now() / 1000) + expires_in
  return { ...token, accessToken: access_token, refreshToken: refresh_token ?? token.refreshToken, expiresAt }
}

export const { handlers, signIn, signOut, auth } = NextAuth({
  providers: [
    {
      id: 'latchkey',
      name: 'Latchkey',
      type: 'oidc',
      issuer: '__ISSUER__',
      clientId: '__CLIENT_ID__',
      clientSecret: secret,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: '__SCOPE__' } },
      client: { token_endpoint_auth_method: '__AUTH_METHOD__' },
    },
  ],
  callbacks: {
    // What stays in the encrypted cookie; the browser sees only what a session callback hands out.
    jwt: ({ token, account }) =>
      account
        ? {
            ...token,
            accessToken: account.access_token,
            refreshToken: account.refresh_token,
            expiresAt: account.expires_at,
          }
        : refreshed(token),
  },
})
