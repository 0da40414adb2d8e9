import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'

const discovery = await fetch('__ISSUER__/.well-known/oauth-authorization-server')
export const oauthMetadata = await discovery.json()
const { LATCHKEY_API_CLIENT_ID: id, LATCHKEY_API_CLIENT_SECRET: secret } = process.env
const authorization = `Basic ${btoa(`${id}:${secret}`)}`

/** Asks Latchkey about a token: what is not for this server is not active. */
export const verifier = {
  async verifyAccessToken(token) {
    const response = await fetch(oauthMetadata.introspection_endpoint, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ token }),
    })
    if (!response.ok) throw new Error(`introspection: ${response.status}`)
    const { active, client_id: clientId, scope = '', exp: expiresAt, sub, aud, cnf } = await response.json()
    if (!active || ![aud].flat().includes('__RESOURCE__'))
      throw new InvalidTokenError('not a token for this server')
    // Bound to a key (DPoP): of no use as a bearer token.
    if (cnf) throw new InvalidTokenError('the token is bound to a key')
    return { token, clientId, scopes: scope.split(' '), expiresAt, extra: { sub } }
  },
}
