import type { Grant, interactionPolicy, KoaContextWithOIDC, Session } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import { withinImpersonation } from '../sessions/impersonations.ts'
import { narrowServer } from '../tokens/by-role.ts'
import { ABSOLUTE_LIFETIME_FACTOR } from './lifetimes.ts'
import { createInteractionPolicy } from './policy.ts'
import type { ProviderDependencies } from './provider.ts'

/**
 * What decides an authorization request whose parameters are in order. The library is configured with it, and the fast path asks the same
 * (fast-paths/authorize.ts).
 */
export interface AuthorizationRules {
  /** When a person has to be asked. */
  policy: interactionPolicy.DefaultPolicy
  /** The Grant of the session, made or widened from what is allowed; undefined: nothing is. The person is known. */
  loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined>
  expiresWithSession(ctx: KoaContextWithOIDC, code: { kind: string; scopes: ReadonlySet<string> }): boolean
  /** Seconds that a session lives from now. */
  sessionTtl(session: Session): number
}

export const createAuthorizationRules = (
  deps: Omit<ProviderDependencies, 'jwks' | 'acceptedKeys' | 'jwtAccessTokens' | 'rules'>,
): AuthorizationRules => ({
  policy: createInteractionPolicy(
    deps.secondFactorRules,
    deps.admits,
    deps.standingOf,
    deps.impersonationCounts,
    deps.verdictOf,
  ),
  // Consent is asked for next.
  async loadExistingGrant(ctx) {
    for (const [api, server] of Object.entries(ctx.oidc.resourceServers ?? {}))
      await narrowServer(ctx, api, server, deps.roleReads)
    return deps.grants.load(ctx)
  },
  // What a device gets goes on without the browser that it was approved in (device/apart.ts).
  expiresWithSession: ({ oidc }, code) =>
    code.kind !== 'DeviceCode' &&
    (!code.scopes.has('offline_access') || impersonationOf(oidc.session) !== undefined),
  sessionTtl: (session) => withinImpersonation(sliding(deps.lifetimes.sessionTtl, session.loginTs), session),
})

/** The life left of something that slides by `ttl` seconds but ends for good after three times that. */
export function sliding(ttl: number, startedAt: number | undefined): number {
  if (startedAt === undefined) return ttl
  return Math.max(1, Math.min(ttl, startedAt + ttl * ABSOLUTE_LIFETIME_FACTOR - epochSeconds(Date.now)))
}
