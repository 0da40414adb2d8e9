import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'

const issuer = '__ISSUER__'
const clientId = '__CLIENT_ID__'
const clientSecret = process.env.LATCHKEY_CLIENT_SECRET

/** New tokens shortly before the access token ends; null ends the session. */
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

const config = {
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
}

const app = express()
app.set('trust proxy', 1) // ? !local
app.use('/auth', ExpressAuth(config))

/** A form whose button starts `action` of Auth.js; it can be pressed once the token of /auth/csrf is in the form. */
const form = (action, label, callbackUrl) => `<form method="post" action="/auth/${action}">
<input type="hidden" name="csrfToken"><input type="hidden" name="callbackUrl" value="${callbackUrl}">
<button disabled>${label}</button></form>
<script type="module">
document.querySelector('[name=csrfToken]').value = (await (await fetch('/auth/csrf')).json()).csrfToken
document.querySelector('button').disabled = false
</script>`
const signedOut = new URLSearchParams({
  client_id: clientId,
  post_logout_redirect_uri: '__POST_LOGOUT_URI__',
})
const html = (text = '') => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)

app.get('/', async (request, response) => {
  const session = await getSession(request, config)
  if (!session) return response.send(form('signin/latchkey', 'Sign in', '/'))
  const { name, email } = session.user
  const end = html(`${issuer}/logout?${signedOut}`)
  response.send(`<p>${html(name)}, ${html(email)}</p>${form('signout', 'Sign out', end)}`)
})

app.listen(__PORT__, () => console.log('listening on port __PORT__, open __ORIGIN__/'))
