import { readFile } from 'node:fs/promises' // ? key
import * as client from 'openid-client'

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
const tokens = await client.clientCredentialsGrant(config, {
  scope: '__API_SCOPE__', // ? api
  resource: '__RESOURCE__', // ? api
})
console.log(`a token for ${tokens.expires_in} seconds`)

/** Calls the API. Ask for the next token shortly before this one expires. */
export const call = (url, options = {}) =>
  fetch(url, {
    ...options,
    headers: { ...options.headers, authorization: `Bearer ${tokens.access_token}` },
  })
