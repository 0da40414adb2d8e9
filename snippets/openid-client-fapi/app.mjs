import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import * as client from 'openid-client'

// The private key whose public half is registered: ES256, as a JWK.
const jwk = JSON.parse(await readFile('private-key.jwk', 'utf8'))
const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const signer = { key: await crypto.subtle.importKey('jwk', jwk, curve, false, ['sign']), kid: jwk.kid }

const config = await client.discovery(
  new URL('__ISSUER__'),
  '__CLIENT_ID__',
  {
    id_token_signed_response_alg: '__SIGNING_ALG__',
    authorization_signed_response_alg: '__SIGNING_ALG__', // ? signed
  },
  client.PrivateKeyJwt(signer),
  {
    execute: [
      client.useJwtResponseMode, // ? signed
      client.allowInsecureRequests, // http is for trying out only // ? http
    ],
  },
)
// Tokens work with this key alone: keep it as long as them. Here both are gone with the process.
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))

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

/** Pushes the request to Latchkey, and sends the browser there with a reference to it. */
async function signIn(response) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const checks = {
    pkceCodeVerifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  }
  startSession(response, { checks })
  const parameters = {
    redirect_uri: redirectUri.href,
    scope: '__SCOPE__',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    parameters, // ? !signed
    (await client.buildAuthorizationUrlWithJAR(config, parameters, signer)).searchParams, // ? signed
    { DPoP },
  )
  redirect(response, url)
}

const kept = (tokens, before) => ({
  idToken: tokens.id_token ?? before.idToken,
  refreshToken: tokens.refresh_token ?? before.refreshToken,
  accessToken: tokens.access_token,
  expiresAt: Date.now() + tokens.expires_in * 1000,
})

/** The session with an access token that works: refreshed when a minute is left. */
function refreshed(session) {
  if (session.expiresAt - Date.now() > 60_000 || !session.refreshToken) return session
  session.refreshing ??= client
    .refreshTokenGrant(config, session.refreshToken, undefined, { DPoP })
    .then((tokens) => Object.assign(session, kept(tokens, session)))
    .finally(() => delete session.refreshing)
  return session.refreshing
}

async function answer(request, response) {
  const url = new URL(request.url, redirectUri)
  const id = /(?:^|; )sid=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const session = sessions.get(id)
  const answers = ['state', 'response'].some((name) => url.searchParams.has(name))

  if (url.pathname === redirectUri.pathname && answers) {
    sessions.delete(id)
    // Checks state, nonce, who answers (iss), and the signature of a signed answer (JARM).
    const tokens = await client.authorizationCodeGrant(config, url, session?.checks, undefined, { DPoP })
    startSession(response, { sub: tokens.claims().sub, ...kept(tokens) })
    redirect(response, '/')
  } else if (url.pathname === '__LOGIN_PATH__') {
    await signIn(response)
  } else if (url.pathname === '/logout' && session?.sub) {
    sessions.delete(id)
    const to = { id_token_hint: session.idToken, post_logout_redirect_uri: '__POST_LOGOUT_URI__' }
    redirect(response, client.buildEndSessionUrl(config, to))
  } else if (session?.sub) {
    const { accessToken, sub } = await refreshed(session)
    const person = await client.fetchUserInfo(config, accessToken, sub, { DPoP })
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
