import { serve } from '@hono/node-server'
import {
  getAuth,
  initOidcAuthMiddleware,
  oidcAuthMiddleware,
  processOAuthCallback,
  revokeSession,
} from '@hono/oidc-auth'
import { Hono } from 'hono'
import { html } from 'hono/html'

const app = new Hono()
// The secrets are read from OIDC_AUTH_SECRET and OIDC_CLIENT_SECRET.
app.use(
  initOidcAuthMiddleware({
    OIDC_ISSUER: '__ISSUER__',
    OIDC_CLIENT_ID: '__CLIENT_ID__',
    OIDC_REDIRECT_URI: '__REDIRECT_URI__',
    OIDC_SCOPES: '__SCOPE__',
    OIDC_AUTH_EXTERNAL_URL: '__ORIGIN__', // ? !local
  }),
)
// What stays in the session beside sub and email. A refresh may bring no id_token.
app.use(async (c, next) => {
  c.set('oidcClaimsHook', (before, claims) => ({
    sub: claims?.sub ?? before?.sub,
    name: claims?.name ?? before?.name,
    email: claims?.email ?? before?.email,
  }))
  await next()
})

app.get('__CALLBACK_PATH__', (c) => processOAuthCallback(c))

app.get('/logout', async (c) => {
  await revokeSession(c)
  const to = new URLSearchParams({
    client_id: '__CLIENT_ID__',
    post_logout_redirect_uri: '__POST_LOGOUT_URI__',
  })
  return c.redirect(`__ISSUER__/logout?${to}`)
})

app.get('/', async (c) => {
  const person = await getAuth(c)
  if (!person) return c.html(html`<a href="__LOGIN_PATH__">Sign in</a>`)
  return c.html(html`<p>${person.name}, ${person.email}</p><a href="/logout">Sign out</a>`)
})

// What needs a sign-in: who comes without one is sent to Latchkey and back.
app.use('__LOGIN_PATH__', oidcAuthMiddleware())
app.get('__LOGIN_PATH__', (c) => c.redirect('/'))

serve({ fetch: app.fetch, port: __PORT__ }, () => console.log('listening on port __PORT__, open __ORIGIN__/'))
