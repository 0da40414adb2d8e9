import express from 'express'
import oidc from 'express-openid-connect'
import { callApi } from './call-api.mjs' // ? api

const app = express()
app.set('trust proxy', 1) // ? !local
app.use(
  oidc.auth({
    issuerBaseURL: '__ISSUER__',
    baseURL: '__ORIGIN__',
    clientID: '__CLIENT_ID__',
    clientSecret: process.env.LATCHKEY_CLIENT_SECRET,
    clientAuthMethod: '__AUTH_METHOD__',
    secret: process.env.SESSION_SECRET,
    authRequired: false,
    // Signs out at Latchkey, too.
    idpLogout: true,
    authorizationParams: { response_type: 'code', scope: '__SCOPE__' },
    routes: {
      login: '__LOGIN_PATH__',
      callback: '__CALLBACK_PATH__',
      postLogoutRedirect: '__POST_LOGOUT_URI__',
    },
  }),
)

const html = (text = '') => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)

app.get('/', async (request, response) => {
  if (!request.oidc.isAuthenticated()) return response.send('<a href="__LOGIN_PATH__">Sign in</a>')
  const { accessToken, user } = request.oidc
  // Shortly before it ends. What refresh() gives is what to call an API with.
  if (accessToken.expires_in <= 60) await accessToken.refresh()
  response.send(`<p>${html(user.name)}, ${html(user.email)}</p><a href="/logout">Sign out</a>`)
})

app.get('/api', oidc.requiresAuth(), callApi) // ? api

app.listen(__PORT__, () => console.log('listening on port __PORT__, open __ORIGIN__/'))
