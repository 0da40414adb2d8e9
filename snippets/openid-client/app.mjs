import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises' // ? key
import { createServer } from 'node:http'
import * as client from 'openid-client'
import { backChannel } from './back-channel.mjs' // ? backchannel
import { callApi } from './call-api.mjs' // ? api

// The private key whose public half is registered: ES256, as a JWK. // ? key
const jwk = JSON.parse(await readFile('private-key.jwk', 'utf8')) // ? key
const curve = { name: 'ECDSA', namedCurve: 'P-256' } // ? key
const key = await crypto.subtle.importKey('jwk', jwk, curve, false, ['sign']) // ? key

const config = await client.discovery(
  new URL('__ISSUER__'),
  '__CLIENT_ID__',
  undefined,
  client.__AUTH__(process.env.LATCHKEY_CLIENT_SECRET), // ? secret
  client.PrivateKeyJwt({ key, kid: jwk.kid }), // ? key
  { execute: [client.allowInsecureRequests] }, // http is for trying out only // ? http
)
const redirectUri = new URL('__REDIRECT_URI__')
const cookie = `Path=/; HttpOnly; SameSite=Lax${redirectUri.protocol === 'https:' ? '; Secure' : ''}`
// One process's memory: use your framework's sessions instead.
const sessions = new Map()

function startSession(response, data) {
  const id = randomUUID()
  sessions.set(id, data)
  response.setHeader('set-cookie', `sid=${id}; ${cookie}`)
}

const redirect = (response, location) => response.writeHead(303, { location: String(location) }).end()

/** Sends the browser to Latchkey. */
async function signIn(response) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const checks = {
    pkceCodeVerifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  }
  startSession(response, { checks })
  const location = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri.href,
    scope: '__SCOPE__',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  redirect(response, location)
}

/** What the session keeps of an answer. A refresh brings a new refresh token, and not always a new id_token. */
const kept = (tokens, before) => ({
  idToken: tokens.id_token ?? before.idToken,
  refreshToken: tokens.refresh_token ?? before.refreshToken,
  accessToken: tokens.access_token,
  expiresAt: Date.now() + tokens.expires_in * 1000,
})

/** The session with an access token that works: refreshed when a minute is left. */
function refreshed(session) {
  if (session.expiresAt - Date.now() > 60_000 || !session.refreshToken) return session
  // Requests at the same moment share one refresh: each refresh token works once.
  session.refreshing ??= client
    .refreshTokenGrant(config, session.refreshToken)
    .then((tokens) => Object.assign(session, kept(tokens, session)))
    .finally(() => delete session.refreshing)
  return session.refreshing
}

async function answer(request, response) {
  const url = new URL(request.url, redirectUri)
  if (url.pathname === '__BACKCHANNEL_PATH__') return backChannel(request, response, config, sessions) // ? backchannel
  const id = /(?:^|; )sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const session = sessions.get(id)
  if (url.pathname === '/api' && session?.person) return callApi(response, config, await refreshed(session)) // ? api

  if (url.pathname === redirectUri.pathname && url.searchParams.has('state')) {
    sessions.delete(id)
    const tokens = await client.authorizationCodeGrant(config, url, session?.checks)
    const { sub, sid } = tokens.claims()
    const person = await client.fetchUserInfo(config, tokens.access_token, sub)
    startSession(response, { person, sid, ...kept(tokens) })
    redirect(response, '/')
  } else if (url.pathname === '__LOGIN_PATH__') {
    await signIn(response)
  } else if (url.pathname === '/logout' && session?.person) {
    sessions.delete(id)
    const to = { id_token_hint: session.idToken, post_logout_redirect_uri: '__POST_LOGOUT_URI__' }
    redirect(response, client.buildEndSessionUrl(config, to))
  } else if (session?.person) {
    const { person } = await refreshed(session)
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end(`Signed in:\n${JSON.stringify(person, null, 2)}\n`)
  } else {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<!doctype html><title>App</title><a href="__LOGIN_PATH__">Sign in</a>')
  }
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error)
    response.writeHead(400, { 'content-type': 'text/plain' }).end('Signing in did not work. Start again at /')
  })
}).listen(__PORT__, () => console.log(`listening on port __PORT__, open ${redirectUri.origin}/`))
