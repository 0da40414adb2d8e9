import {
  type AccessToken,
  type AuthorizationCode,
  type Client,
  type ClientCredentials,
  type DeviceCode,
  errors,
  type Provider,
  type RefreshToken,
} from 'oidc-provider'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { own } from '../../shared/own.ts'
import { missingProtection } from '../authorization/pkce.ts'
import { clientById, currentContext } from '../provider/context.ts'
import { type ClaimsRequest, requestWithin } from '../requested-claims/request.ts'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'
import { scopeWithin } from './scopes.ts'

type Token = AccessToken | AuthorizationCode | ClientCredentials | DeviceCode | RefreshToken

/** The grants that a token begins with, by the names that the library gives them in tokens. */
const ORIGINS: Readonly<Record<string, string>> = {
  authorization_code: 'authorization_code',
  client_credentials: 'client_credentials',
  device_code: DEVICE_CODE_GRANT,
}
const ORIGIN_OF: Readonly<Partial<Record<Token['kind'], string>>> = {
  ClientCredentials: 'client_credentials',
  DeviceCode: 'device_code',
}

/**
 * Limits codes and tokens to what the registration of their client allows at this moment: a scope or grant type that an administrator
 * took from a client is gone from tokens that it was issued before, at every endpoint but revocation.
 */
export function narrowTokens(provider: Provider): void {
  const { AccessToken, AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken } = provider
  for (const Model of [AccessToken, AuthorizationCode, ClientCredentials, DeviceCode, RefreshToken]) {
    const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<Token | undefined>
    const narrowed = async (id: string, options?: object) => {
      const token = await find(id, options)
      return token && narrow(provider, token)
    }
    Object.assign(Model, { find: narrowed })
  }
}

async function narrow(provider: Provider, token: Token): Promise<Token | undefined> {
  const route = currentContext()?.oidc?.route
  // A second use has to be recognized as one, and a client can revoke each token that it holds (RFC 7009 §2).
  if (('consumed' in token && token.consumed) || route === 'revocation') return token
  const client = await clientOf(provider, token)
  if (client === undefined) return token
  const problem = problemOf(token, client)
  if (problem !== undefined) {
    if (route === 'token') throw new errors.InvalidGrant(problem)
    return undefined
  }
  if ('claims' in token && token.claims) {
    const claims = requestWithin(token.claims as ClaimsRequest, client)
    Object.assign(token, { claims })
  }
  if (token.scope === undefined) return token
  const stayed = token.scopes.has('offline_access')
  token.scope = narrowedScope(token, client)
  const bound = stayed && !token.scopes.has('offline_access')
  return bound ? boundToSession(provider, token) : token
}

/** Whether what a client is registered for leaves less of a token than was issued, its claims aside, or nothing. */
export const isNarrowed = (token: AccessToken | ClientCredentials, client: Client): boolean =>
  token.clientId !== FIRST_PARTY_ID &&
  (problemOf(token, client) !== undefined || narrowedScope(token, client) !== token.scope)

function narrowedScope(token: Token, client: Client): string | undefined {
  const scope = token.scope && scopeWithin(token.scope, client)
  if (scope === undefined || token.kind !== 'ClientCredentials') return scope
  return [...new Set(scope.split(' '))].filter((each) => !isIdentityScope(each)).join(' ')
}

/** Undefined: the client is gone, which every reader checks itself, or it is the built-in one, which has no registration. */
async function clientOf(provider: Provider, { clientId }: Token): Promise<Client | undefined> {
  return clientId === undefined || clientId === FIRST_PARTY_ID ? undefined : clientById(provider, clientId)
}

function problemOf(token: Token, client: Client): string | undefined {
  const [origin = ''] = ('gty' in token && token.gty ? token.gty : originOf(token)).split(' ')
  const grant = own(ORIGINS, origin)
  if (grant !== undefined && !client.grantTypeAllowed(grant))
    return `the client may no longer use the grant ${origin}`
  if (token.kind === 'RefreshToken' && !client.grantTypeAllowed('refresh_token'))
    return 'the client may no longer use the grant refresh_token'
  if (token.kind === 'AuthorizationCode') return codeProblem(token, client)
  // Its tokens are checked when they are issued for it.
  if (token.kind === 'DeviceCode') return undefined
  return proofProblem(token, client)
}

const originOf = ({ kind }: Token) => ORIGIN_OF[kind] ?? 'authorization_code'

function codeProblem(code: AuthorizationCode, client: Client): string | undefined {
  if (code.redirectUri !== undefined && !client.redirectUriAllowed(code.redirectUri))
    return 'the redirect_uri of the authorization code is no longer registered'
  const { redirectUri, codeChallenge, nonce, scope } = code
  const within = scope === undefined ? undefined : scopeWithin(scope, client)
  const missing = missingProtection(client, { redirectUri, codeChallenge, nonce, scope: within })
  if (missing === undefined) return undefined
  return missing === 'pkce'
    ? 'PKCE is required of this client by now, and the authorization code was issued without'
    : 'PKCE, or a nonce with the scope openid, is required of this client by now; the authorization code was issued without'
}

/** RFC 9449 §5.2: a client that has to prove possession of a key may use no bearer token. */
function proofProblem(
  token: Exclude<Token, AuthorizationCode | DeviceCode>,
  client: Client,
): string | undefined {
  if (client.dpopBoundAccessTokens !== true || token.isSenderConstrained()) return undefined
  // The refresh token of a confidential client is bound to its authentication (RFC 6749 §10.4).
  if (token.kind === 'RefreshToken' && client.clientAuthMethod !== 'none') return undefined
  return 'tokens of this client have to be bound to a key by now, and this one is not'
}

/** What `offline_access` kept beyond the session ends with the session, once that scope is taken away. */
async function boundToSession(provider: Provider, token: Token): Promise<Token | undefined> {
  if (!('sessionUid' in token) || token.sessionUid === undefined) return token
  const session = await provider.Session.findByUid(token.sessionUid)
  if (session?.accountId !== token.accountId) return undefined
  token.expiresWithSession = true
  return token
}
