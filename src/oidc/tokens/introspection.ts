import type { Account, Client, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { introspectsOf } from '../client-authentication/api-credentials.ts'
import { organizationClaims, type ProtocolMembership } from '../organizations/standing.ts'

type Policy = NonNullable<
  NonNullable<NonNullable<Configuration['features']>['introspection']>['allowedPolicy']
>
type Token = Parameters<Policy>[2]
type AccessTokenLike = Exclude<Token, { kind: 'RefreshToken' }>

/** What an answer says by itself: no claim that was added to a token stands in its place (RFC 7662 §2.2, RFC 9701 §5). */
const RESERVED = [
  ...[
    'active',
    'scope',
    'client_id',
    'username',
    'token_type',
    'exp',
    'iat',
    'nbf',
    'sub',
    'aud',
    'iss',
    'jti',
  ],
  ...['sid', 'cnf', 'authorization_details', 'token_introspection'],
]

/**
 * Which callers learn about a token (RFC 7662 §4): the client that it was issued to, and an API in its audience, by the credentials of
 * that API. Every other caller is answered `active: false`, as the token is of no use to it.
 */
export function createIntrospectionPolicy(deps: {
  findAccount(ctx: KoaContextWithOIDC, id: string, token?: object): Promise<Account | undefined>
  usernameOf(ctx: KoaContextWithOIDC, id: string): Promise<string | undefined>
  /** Custom claims that the answer has, and its organization. */
  liveAtIntrospection(ctx: KoaContextWithOIDC, token: AccessTokenLike): Promise<Record<string, unknown>>
}): Policy {
  return async (ctx, client, token) => {
    const told = await isToldOf(ctx, client, token)
    if (!told) return false
    const accountId = 'accountId' in token ? token.accountId : undefined
    if (accountId !== undefined && (await deps.findAccount(ctx, accountId, token)) === undefined) return false
    const username = accountId === undefined ? undefined : await deps.usernameOf(ctx, accountId)
    // The library spreads `extra` over its introspection response.
    const live =
      accountId === undefined || token.kind === 'RefreshToken'
        ? {}
        : await deps.liveAtIntrospection(ctx, token)
    Object.assign(token, { extra: introspectionClaims(token, username, live) })
    return true
  }
}

/**
 * What an answer says of a token beside the fields of RFC 7662.
 * @param username of its person
 * @param live what is asked for at this moment, in the place of what the token says: custom claims of administrators, `organizationAtIntrospection`
 */
export function introspectionClaims(
  token: Token,
  username: string | undefined,
  live: Record<string, unknown> = {},
): Record<string, unknown> {
  const { extra } = token as AccessTokenLike
  const own = extra && Object.fromEntries(Object.entries(extra).filter(([name]) => !RESERVED.includes(name)))
  // A machine is its own subject, as in its JWTs (RFC 9068 §2.2).
  const sub = ('accountId' in token ? token.accountId : undefined) ?? token.clientId
  return { ...own, ...live, sub, username }
}

/**
 * The membership that an opaque token was issued for, as it is now. A JWT keeps what it says, which introspection must not contradict: an API
 * that verifies it by itself reads the same.
 * @param value of the token, as it was sent
 */
export const organizationAtIntrospection = (
  { jti }: Pick<AccessTokenLike, 'jti'>,
  value: unknown,
  membership: ProtocolMembership | undefined,
): Record<string, unknown> => (jti === value ? organizationClaims(membership) : {})

/** Who introspects, once authenticated. */
export interface Caller {
  clientId: string
  /** The API that it is. */
  introspects?: string | undefined
}

/** Whether a token is any business of a caller. Whether the client of the token may still have one is another question. */
export const isFor = ({ clientId, introspects: api }: Caller, token: Token): boolean =>
  api === undefined
    ? token.clientId === clientId
    : token.kind !== 'RefreshToken' && [token.aud].flat().includes(api)

async function isToldOf(ctx: KoaContextWithOIDC, client: Client, token: Token): Promise<boolean> {
  if (client.clientAuthMethod === 'none') return false
  const introspects = introspectsOf(client)
  if (!isFor({ clientId: client.clientId, introspects }, token)) return false
  if (introspects === undefined) return true
  // No token of a client that is disabled or deleted is valid.
  return (await ctx.oidc.provider.Client.find(String(token.clientId))) !== undefined
}
