import type { Client, Provider } from 'oidc-provider'
import type { ProtocolDependencies } from '../dependencies.ts'
import { organizationClaims } from '../organizations/standing.ts'
import { subjectClaims } from '../tokens/claims.ts'
import { withCustom } from '../tokens/custom-claims.ts'
import { isForUserinfo } from '../tokens/userinfo-audience.ts'
import { isPlain } from './credentials.ts'
import { customForToken } from './custom-claims.ts'
import { type FastPath, jsonHeaders } from './fast-path.ts'
import type { FindLiveToken } from './live-tokens.ts'

const HEADERS = jsonHeaders('DPoP-Nonce,WWW-Authenticate')

/** The scopes whose claims are in the row of an account; those of others want another look. */
const OF_ACCOUNTS = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access'])

const BEARER = /^bearer ([^ ]+)$/i

/** Chooses claims by scopes, as its configuration says; the types of the library leave it out. */
type ClaimsModel = new (
  available: object,
  options: { client: Client },
) => { scope(value: string): void; result(): Promise<object> }

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
    const { Grant, Claims } = deps.current() as Provider & { Claims: ClaimsModel }
    const grant = new Grant(live.grant as never)
    const scope = grant.getOIDCScopeFiltered(token.scopes)
    if (!scope.split(' ').every((each) => OF_ACCOUNTS.has(each))) return undefined
    const told = { clientId: token.clientId, scopes: new Set(scope.split(' ')) }
    const custom = await customForToken(deps, 'userinfo', told, live)
    if (custom === undefined) return undefined
    const claims = new Claims(
      withCustom(subjectClaims(account), { ...custom, ...organizationClaims(live.membership) }),
      { client },
    )
    claims.scope(scope)
    return { headers: HEADERS, body: JSON.stringify(await claims.result()) }
  }
}
