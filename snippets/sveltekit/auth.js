import { SvelteKitAuth } from '@auth/sveltekit'
import { env } from '$env/dynamic/private'

const issuer = '__ISSUER__'
const clientId = '__CLIENT_ID__'
const clientSecret = env.LATCHKEY_CLIENT_SECRET

/** New tokens a minute before the access token ends; null ends the session. */
async function refreshed(token) {
  if (token.expiresAt * 1000 - Date.now() > 60_000 || !token.refreshToken) return token
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` }, // ? basic
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: token.refreshToken,
      client_id: clientId, // ? post
      client_secret: clientSecret, // ? post
    }),
  })
  if (!response.ok) return null
  const { access_token, refresh_token, expires_in } = await response.json()
  return {
    ...token,
    accessToken: access_token,
    refreshToken: refresh_token ?? token.refreshToken,
    expiresAt: Math.floor(Date.now() / 1000) + expires_in,
  }
}

export const { handle, signIn, signOut } = SvelteKitAuth({
  providers: [
    {
      id: 'latchkey',
      name: 'Latchkey',
      type: 'oidc',
      issuer,
      clientId,
      clientSecret,
      checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: '__SCOPE__' } },
      client: { token_endpoint_auth_method: '__AUTH_METHOD__' },
    },
  ],
  callbacks: {
    // What stays in the encrypted cookie.
    jwt: ({ token, account }) =>
      account
        ? {
            ...token,
            accessToken: account.access_token,
            refreshToken: account.refresh_token,
            expiresAt: account.expires_at,
          }
        : refreshed(token),
    // After signing out here, at Latchkey.
    redirect: ({ url, baseUrl }) =>
      url.startsWith(`${issuer}/logout?`) || new URL(url, baseUrl).origin === baseUrl ? url : baseUrl,
  },
})
