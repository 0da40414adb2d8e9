import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const discovery = await fetch('__ISSUER__/.well-known/oauth-authorization-server')
export const oauthMetadata = await discovery.json()
const keys = createRemoteJWKSet(new URL(oauthMetadata.jwks_uri))

/** Checks a token by its signature, and that it is for this server. */
export const verifier = {
  async verifyAccessToken(token) {
    const { payload } = await jwtVerify(token, keys, {
      issuer: '__ISSUER__',
      audience: '__RESOURCE__',
      typ: 'at+jwt',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      requiredClaims: ['exp', 'sub', 'client_id'],
    }).catch((error) => {
      throw error instanceof errors.JOSEError ? new InvalidTokenError('not a token for this server') : error
    })
    // Bound to a key (DPoP): of no use as a bearer token.
    if (payload.cnf) throw new InvalidTokenError('the token is bound to a key')
    const { client_id: clientId, scope = '', exp: expiresAt, sub } = payload
    return { token, clientId, scopes: scope.split(' '), expiresAt, extra: { sub } }
  },
}
