import * as oidc from 'openid-client'

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
// A QR code of asked.verification_uri_complete saves the typing; show the code beside it all the same.
console.log(`To sign in, open ${asked.verification_uri} and enter the code ${asked.user_code}`)

// Waits until somebody has decided; keeps to the interval, and to slow_down.
const tokens = await oidc.pollDeviceAuthorizationGrant(config, asked)
const { name, email, sub } = tokens.claims()
console.log(`Signed in as ${name ?? sub}, ${email ?? 'without e-mail'}`)
