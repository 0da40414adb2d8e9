import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const issuer = '__ISSUER__'
const discovery = await fetch(`${issuer}/.well-known/openid-configuration`)
const { jwks_uri } = await discovery.json()
const keys = createRemoteJWKSet(new URL(jwks_uri))

/** Lets in who brings a token for this API with this scope; `request.token` has its claims. */
export const requireScope = (scope) => async (request, response, next) => {
  const refuse = (status, challenge) =>
    response.status(status).set('WWW-Authenticate', `Bearer ${challenge}`).json({ status })
  const [, token] = /^Bearer ([\w~+/.-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!token) return refuse(401, `scope="${scope}"`)
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: '__RESOURCE__',
      typ: 'at+jwt',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
      clockTolerance: 10,
    })
    // Bound to a key (DPoP): of no use as a bearer token.
    if (payload.cnf) return refuse(401, 'error="invalid_token"')
    if (!String(payload.scope).split(' ').includes(scope))
      return refuse(403, `error="insufficient_scope", scope="${scope}"`)
    request.token = payload
    next()
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
      return response.status(503).set('Retry-After', '5').end()
    refuse(401, 'error="invalid_token"')
  }
}
