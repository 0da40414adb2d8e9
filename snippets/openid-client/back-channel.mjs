import { createRemoteJWKSet, jwtVerify } from 'jose'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
let keys

/** Ends the session that the logout token names, which Latchkey posts when somebody signs out elsewhere. */
export async function backChannel(request, response, config, sessions) {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > 20_000) throw new Error('too long')
  }
  const { issuer, jwks_uri } = config.serverMetadata()
  keys ??= createRemoteJWKSet(new URL(jwks_uri))
  const { payload } = await jwtVerify(new URLSearchParams(body).get('logout_token') ?? '', keys, {
    issuer,
    audience: config.clientMetadata().client_id,
    typ: 'logout+jwt',
    requiredClaims: ['iat', 'exp', 'jti'],
  })
  if (!payload.events?.[EVENT] || 'nonce' in payload) throw new Error('not a logout token')
  for (const [id, { person, sid }] of sessions)
    if (person && (payload.sid ? sid === payload.sid : person.sub === payload.sub)) sessions.delete(id)
  response.writeHead(200, { 'cache-control': 'no-store' }).end()
}
