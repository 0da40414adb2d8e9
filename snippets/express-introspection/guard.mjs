const discovery = await fetch('__ISSUER__/.well-known/openid-configuration')
const { introspection_endpoint } = await discovery.json()
const { LATCHKEY_API_CLIENT_ID: id, LATCHKEY_API_CLIENT_SECRET: secret } = process.env
const authorization = `Basic ${btoa(`${id}:${secret}`)}`

/** Lets in who brings a token for this API with this scope; `request.token` has what Latchkey says of it. */
export const requireScope = (scope) => async (request, response, next) => {
  const refuse = (status, challenge) =>
    response.status(status).set('WWW-Authenticate', `Bearer ${challenge}`).json({ status })
  const [, token] = /^Bearer ([\w~+/.-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!token) return refuse(401, `scope="${scope}"`)
  const body = new URLSearchParams({ token })
  const answer = await fetch(introspection_endpoint, { method: 'POST', headers: { authorization }, body })
  if (!answer.ok) return response.status(503).set('Retry-After', '5').end()
  const facts = await answer.json()
  // What is bound to a key (DPoP) is of no use as a bearer token.
  if (!facts.active || facts.cnf || ![facts.aud].flat().includes('__RESOURCE__'))
    return refuse(401, 'error="invalid_token"')
  if (!facts.scope?.split(' ').includes(scope))
    return refuse(403, `error="insufficient_scope", scope="${scope}"`)
  request.token = facts
  next()
}
