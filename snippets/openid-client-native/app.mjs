import { once } from 'node:events'
import { createServer } from 'node:http'
import * as client from 'openid-client'

const config = await client.discovery(
  new URL('__ISSUER__'),
  '__CLIENT_ID__',
  undefined,
  client.None(),
  { execute: [client.allowInsecureRequests] }, // http is for trying out only // ? http
)
// Any free port: on loopback the port is not compared (RFC 8252 §7.3).
const redirectUri = new URL('__REDIRECT_URI__')
const server = createServer().listen(0, redirectUri.hostname.replace(/[[\]]/g, ''))
await once(server, 'listening')
redirectUri.port = server.address().port

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const checks = { pkceCodeVerifier, expectedState: client.randomState(), idTokenExpected: true }
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri.href,
  scope: '__SCOPE__',
  state: checks.expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
console.log(`Open this in your browser:\n${url.href}`)

const [request, response] = await once(server, 'request')
let tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirectUri), checks)
response.setHeader('connection', 'close')
response.end('Done. You can close this window.')
server.close()
console.log(
  'Signed in:',
  JSON.stringify(await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)),
)

// Later, shortly before the access token ends. Keep the new refresh token: the old one has been used.
tokens = await client.refreshTokenGrant(config, tokens.refresh_token)
console.log(`Refreshed: valid for ${tokens.expires_in} seconds`)

// Signing out of this program ends its refresh token; the browser stays signed in at Latchkey.
await client.tokenRevocation(config, tokens.refresh_token)
console.log('Signed out')
