import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'
import { actOf, impersonationOf } from '../../shared/impersonation.ts'
import type { TokenHooks } from '../hooks/tokens.ts'
import { currentContext } from '../provider/context.ts'
import { toldInTokens } from './by-role.ts'
import type { ProtocolMemberships } from './memberships.ts'

/**
 * Every access token of a person says when and how they signed in: of its code or its refresh token; and who acts as them (`act`,
 * RFC 8693 §4.1).
 */
function signInClaims({
  oidc,
}: KoaContextWithOIDC):
  | { auth_time?: number; acr?: string; amr?: string[]; act?: { sub: string } }
  | undefined {
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = oidc.entities
  const { authTime, acr, amr } = code ?? device ?? refresh ?? {}
  if (authTime === undefined) return undefined
  return {
    auth_time: authTime,
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    ...actOf(impersonationOf(oidc.entities.Grant)),
  }
}

/**
 * The `extraTokenClaims` of the library: every access token of a person says when and how they signed in (`auth_time`, `acr`,
 * `amr`: RFC 9068 §2.2.1, RFC 9470 §6), as its code or its refresh token does. Refreshing moves nothing. A JWT for an API that
 * asks for it says their groups, roles and entitlements (RFC 9068 §2.2.3.1), as they are at that moment.
 * @returns what is called with an undefined context for a token that is made outside of a request to the token endpoint: it says what
 *   it was made with
 */
export const createExtraTokenClaims =
  (deps: {
    findResource(ctx: KoaContextWithOIDC, identifier: string): Promise<{ tokenClaims?: string } | undefined>
    membershipsOf(ctx: KoaContextWithOIDC, id: string): Promise<ProtocolMemberships | undefined>
    /** Custom claims that the token has, and those of its organization. */
    customOf(ctx: KoaContextWithOIDC, token: AccessToken): Promise<Record<string, unknown>>
    /** Claims that hooks say. @throws InvalidGrant where one has denied the tokens */
    ofHooks: TokenHooks['ofAccessToken']
  }) =>
  async (
    given: KoaContextWithOIDC | undefined,
    token: AccessToken | ClientCredentials,
  ): Promise<Record<string, unknown> | undefined> => {
    const ctx = given ?? currentContext()
    if (token.kind !== 'AccessToken') return ctx && some(await deps.ofHooks(ctx, token))
    if (ctx === undefined) return token.extra
    const ofHooks = await deps.ofHooks(ctx, token)
    // What the protocol says counts, and stands behind.
    const signIn =
      token.accountId === undefined
        ? signInClaims(ctx)
        : { ...ofHooks, ...(await deps.customOf(ctx, token)), ...signInClaims(ctx) }
    const server = token.resourceServer
    if (server === undefined || token.accountId === undefined) return signIn
    const api = server.identifier()
    const { tokenClaims = '' } = (await deps.findResource(ctx, api)) ?? {}
    const memberships =
      tokenClaims !== '' && server.accessTokenFormat === 'jwt'
        ? await deps.membershipsOf(ctx, token.accountId)
        : undefined
    return memberships ? { ...signIn, ...toldInTokens(api, tokenClaims, memberships) } : signIn
  }

const some = (claims: Record<string, unknown>) => (Object.keys(claims).length === 0 ? undefined : claims)
