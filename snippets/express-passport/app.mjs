import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'
import { callApi } from './call-api.mjs' // ? api

const clientID = '__CLIENT_ID__'
const clientSecret = process.env.LATCHKEY_CLIENT_SECRET
const server = await (await fetch('__ISSUER__/.well-known/openid-configuration')).json()

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: server.issuer,
      authorizationURL: server.authorization_endpoint,
      tokenURL: server.token_endpoint,
      userInfoURL: server.userinfo_endpoint,
      clientID,
      clientSecret,
      callbackURL: '__REDIRECT_URI__',
      scope: [
        'profile',
        'email',
        '__API_SCOPE__', // ? api
      ],
      nonce: true,
    },
    (_issuer, profile, _context, idToken, accessToken, refreshToken, params, done) => {
      const { id, displayName: name, emails } = profile
      const expiresAt = Date.now() + params.expires_in * 1000
      done(null, { id, name, email: emails?.[0]?.value, idToken, accessToken, refreshToken, expiresAt })
    },
  ),
)
// The session holds all of it; keep sessions in a store of your own, not in this process's memory.
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.set('trust proxy', 1) // ? !local
app.use(
  session({
    secret: process.env.SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: {
      httpOnly: true,
      sameSite: 'lax',
      secure: true, // ? !local
    },
  }),
)
app.use(passport.session())

/** Sees to an access token that works. Call it where you call an API. */
async function refresh(request) {
  const { user } = request
  if (!user.refreshToken || user.expiresAt - Date.now() > 60_000) return
  const response = await fetch(server.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: user.refreshToken,
      client_id: clientID,
      client_secret: clientSecret,
    }),
  })
  const tokens = await response.json()
  if (!response.ok) throw new Error(`refreshing: ${tokens.error}`)
  user.accessToken = tokens.access_token
  user.refreshToken = tokens.refresh_token ?? user.refreshToken
  user.expiresAt = Date.now() + tokens.expires_in * 1000
  request.session.passport.user = user
}

const html = (text = '') => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`)

app.get('/', async (request, response) => {
  if (!request.user) return response.send('<a href="__LOGIN_PATH__">Sign in</a>')
  await refresh(request)
  const { name, email } = request.user
  response.send(`<p>${html(name)}, ${html(email)}</p><a href="/logout">Sign out</a>`)
})

app.get('/api', callApi(refresh)) // ? api

app.get('__LOGIN_PATH__', passport.authenticate('openidconnect'))
app.get(
  '__CALLBACK_PATH__',
  passport.authenticate('openidconnect', { failureRedirect: '/', successRedirect: '/' }),
)

app.get('/logout', (request, response, next) => {
  const to = new URLSearchParams({
    id_token_hint: request.user?.idToken ?? '',
    client_id: clientID,
    post_logout_redirect_uri: '__POST_LOGOUT_URI__',
  })
  request.logout((error) => (error ? next(error) : response.redirect(`${server.end_session_endpoint}?${to}`)))
})

app.listen(__PORT__, () => console.log('listening on port __PORT__, open __ORIGIN__/'))
