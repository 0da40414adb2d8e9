import * as oidc from 'openid-client'
import { encodeQR } from 'qr'

const config = await oidc.discovery(
  new URL('__ISSUER__'),
  '__CLIENT_ID__',
  undefined,
  oidc.None(), // ? none
  oidc.__AUTH__(process.env.LATCHKEY_CLIENT_SECRET), // ? secret
  { execute: [oidc.allowInsecureRequests] }, // ? http
)

const scopes = [
  '__SCOPE__',
  '__API_SCOPE__', // ? api
]
const asked = await oidc.initiateDeviceAuthorization(config, {
  scope: scopes.join(' '),
  resource: '__RESOURCE__', // ? api
})
console.log(`To sign in, open ${asked.verification_uri} and enter the code ${asked.user_code}`)
// For a phone, in white on black whatever the colours of the terminal; the page asks to compare the code.
console.log(`\x1b[97;40m${encodeQR(asked.verification_uri_complete, 'ascii')}\x1b[0m`)

// Waits until somebody has decided; keeps to the interval, and to slow_down.
const tokens = await oidc.pollDeviceAuthorizationGrant(config, asked)
const { name, email, sub } = tokens.claims()
console.log(`Signed in as ${name ?? sub}, ${email ?? 'without email'}`)
