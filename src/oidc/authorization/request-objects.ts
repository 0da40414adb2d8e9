import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import { jsonPart } from '../../shared/json-part.ts'
import { currentContext } from '../provider/context.ts'
import { hasFapiProfile, isFapiAlgorithm } from '../provider/fapi.ts'
import { routes } from '../provider/routes.ts'

/**
 * Signed requests (RFC 9101), by value: the parameters of an authorization request as a JWT that the client has signed, at the
 * authorization endpoint or pushed. The library checks signature, `iss`, `aud` and times; what it leaves to its host is here. A `jti`
 * is not remembered: the request is bound to the client's `code_challenge`, `state` and `nonce`, and a person may load it again
 * (docs/decisions/0023).
 */

/** How far ahead a request object may end, and how old its `nbf` may be, in seconds (FAPI 2.0 Message Signing §5.3.1). */
const MAX_LIFE = 3600
/** The `typ` that a request object may have (RFC 9101 §10.8): a JWT with another one was made for another purpose. */
const TYPES = /^((application\/)?oauth-authz-req\+jwt|JWT)$/i

const refuse = (words: string) => new errors.InvalidRequestObject(words)

/** @throws InvalidRequestObject */
export async function checkRequestObject(
  ctx: KoaContextWithOIDC,
  claims: Record<string, unknown>,
  header: { alg?: unknown; typ?: unknown },
  client: Client,
): Promise<void> {
  // What was pushed was checked then, and its pushing is good for a minute.
  if ('PushedAuthorizationRequest' in ctx.oidc.entities) return
  const now = epochSeconds(Date.now)
  const { exp, nbf } = claims
  if (header.typ !== undefined && !TYPES.test(String(header.typ)))
    throw refuse('typ of a Request Object must be oauth-authz-req+jwt')
  if (typeof exp !== 'number') throw refuse("Request Object is missing the 'exp' claim")
  if (exp <= now) throw refuse('Request Object has expired')
  if (exp - now > MAX_LIFE) throw refuse("Request Object 'exp' is more than 60 minutes ahead")
  // RFC 9101 §10.8: it could pass for a client assertion.
  if (claims.sub !== undefined) throw refuse("Request Object must not have a 'sub' claim")
  if (!hasFapiProfile(client)) return
  if (typeof nbf !== 'number') throw refuse("Request Object is missing the 'nbf' claim")
  if (now - nbf > MAX_LIFE) throw refuse("Request Object 'nbf' is more than 60 minutes ago")
  if (exp - nbf > MAX_LIFE) throw refuse("Request Object 'exp' is more than 60 minutes after 'nbf'")
  if (!isFapiAlgorithm(header.alg))
    throw refuse('the Request Object of a FAPI client must be signed with PS256, ES256 or EdDSA')
}

type Parameters = Record<string, unknown>

/** The claims of an unverified JWT: its redirect URI and the like are checked as if they were sent as parameters. */
const claimsOf = (jwt: unknown): Parameters | undefined =>
  typeof jwt === 'string' ? jsonPart(jwt.split('.')[1] ?? '') : undefined

/** What forms an answer, beside its address. */
const FORM = ['response_mode', 'state'] as const

/**
 * Where the answer goes, as an object says it: what stands in the object counts, not what stands beside it (RFC 9101 §6.3). What
 * was sent twice stays, to be refused. The library compares a `response_type` that stands beside it.
 */
function answeredBy(claims: Parameters, beside: Parameters): Parameters {
  const own = (name: string) =>
    Object.hasOwn(claims, name) && typeof claims[name] === 'string' ? claims[name] : undefined
  const taken = [
    ...['redirect_uri', ...FORM].filter((name) => !Array.isArray(beside[name])),
    ...(beside.response_type === undefined ? ['response_type'] : []),
  ]
  const answered = { ...beside }
  for (const name of taken) {
    const value = own(name) ?? (name === 'redirect_uri' ? beside[name] : undefined)
    if (value === undefined) delete answered[name]
    else answered[name] = value
  }
  return answered
}

/**
 * Makes errors of signed and of pushed requests go where their sender listens. The library reads the object late, and answers what
 * fails before that by a page, or in the query. The redirect URI is checked against the registration as always.
 */
export function answerWhereAsked(provider: Provider): void {
  provider.use(async (ctx, next) => {
    const claims = ctx.path === routes.authorization ? claimsOf(ctx.query.request) : undefined
    if (claims !== undefined) ctx.query = answeredBy(claims, { ...ctx.query }) as typeof ctx.query
    await next()
  })

  const { PushedAuthorizationRequest } = provider
  const find = PushedAuthorizationRequest.find.bind(PushedAuthorizationRequest) as (
    id: string,
    options?: object,
  ) => Promise<{ request?: unknown } | undefined>
  Object.assign(PushedAuthorizationRequest, {
    async find(id: string, options?: object) {
      const pushed = await find(id, options)
      const oidc = currentContext()?.oidc
      const claims = oidc?.route === 'authorization' ? claimsOf(pushed?.request) : undefined
      // To a client, the pushed request of another client is the same as none.
      if (oidc?.params && claims?.client_id === oidc.params.client_id)
        Object.assign(
          oidc.params,
          { state: undefined, response_mode: undefined },
          answeredBy(claims ?? {}, {}),
        )
      return pushed
    },
  })
}
