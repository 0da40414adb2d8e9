import type { Client, Provider } from 'oidc-provider'
import { BoundedMap } from '../../shared/bounded-map.ts'
import type { ProtocolDependencies } from '../dependencies.ts'
import { organizationClaims } from '../organizations/standing.ts'
import { subjectClaims } from '../tokens/claims.ts'
import { withCustom } from '../tokens/custom-claims.ts'
import { isForUserinfo } from '../tokens/userinfo-audience.ts'
import { isPlain } from './credentials.ts'
import { customForToken } from './custom-claims.ts'
import { type FastPath, jsonHeaders } from './fast-path.ts'
import { asModel, type FindLiveToken } from './live-tokens.ts'

const HEADERS = jsonHeaders('DPoP-Nonce,WWW-Authenticate')

/** The scopes whose claims are in the row of an account; those of others want another look. */
const OF_ACCOUNTS = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access'])

const BEARER = /^bearer ([^ ]+)$/i

/** Chooses claims by scopes, as its configuration says; the types of the library leave it out. */
type ClaimsModel = new (
  available: object,
  options: { client: Client },
) => { filter: object; scope(value: string): { filter: object }; result(): Promise<object> }

type Models = Pick<Provider, 'Grant'> & { Claims: ClaimsModel }

/** What the library makes of scopes, which are a few each time. Their order is that of the claims in the answer, so each order has one. */
const filters = new WeakMap<ClaimsModel, BoundedMap<string, object>>()
const MAX_FILTERS = 100

export function filterOf(Claims: ClaimsModel, scope: string, client: Client): object {
  const made = filters.get(Claims) ?? new BoundedMap<string, object>(MAX_FILTERS)
  filters.set(Claims, made)
  const filter = made.get(scope) ?? new Claims({}, { client }).scope(scope).filter
  made.set(scope, filter)
  return filter
}

/** The plain case of userinfo (OpenID Connect Core §5.3): a token in the header, and the claims of its scopes in JSON. */
export function userinfoPath(deps: {
  issuer: string
  current(): Provider
  liveToken: FindLiveToken
  customClaims: ProtocolDependencies['customClaims']
  membershipsOf: ProtocolDependencies['membershipsOf']
}): FastPath {
  const forUserinfo = isForUserinfo(deps.issuer)
  return async ({ method, headers, raw }) => {
    if (method !== 'GET' || !isPlain(headers) || raw.url?.includes('?')) return undefined
    if (headers['content-type'] !== undefined || headers['transfer-encoding'] !== undefined) return undefined
    const value = BEARER.exec(headers.authorization ?? '')?.[1]
    const live = value === undefined ? undefined : await deps.liveToken(value)
    if (live?.grant === undefined) return undefined
    const { token, client, account } = live
    // Single claims, which may want a look at the Grant or the session, and answers that are signed.
    if (token.claims !== undefined || client.userinfoSignedResponseAlg || client.userinfoEncryptedResponseAlg)
      return undefined
    if (!token.scopes.has('openid') || (token.aud !== undefined && !forUserinfo(token.aud))) return undefined
    const { Grant, Claims } = deps.current() as unknown as Models
    const scope = asModel(Grant, live.grant)?.getOIDCScopeFiltered(token.scopes)
    const scopes = new Set(scope?.split(' '))
    if (scope === undefined || ![...scopes].every((each) => OF_ACCOUNTS.has(each))) return undefined
    const told = { clientId: token.clientId, scopes }
    const custom = await customForToken(deps, 'userinfo', told, live)
    if (custom === undefined) return undefined
    const claims = new Claims(
      withCustom(subjectClaims(account), { ...custom, ...organizationClaims(live.membership) }),
      { client },
    )
    claims.filter = filterOf(Claims, [...scopes].join(' '), client)
    return { headers: HEADERS, body: JSON.stringify(await claims.result()) }
  }
}
