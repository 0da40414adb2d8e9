/** What was issued for an organization: whether it counts still, and what it says. */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import { onceARequest } from '../provider/once-a-request.ts'
import {
  countingMembership,
  fitsClient,
  type OrganizationReads,
  organizationOf,
  organizationsOf,
  type ProtocolMembership,
} from './standing.ts'

/** A token, as far as it hangs on an organization. */
interface OfOrganization {
  kind?: string
  grantId?: string | undefined
  extra?: Record<string, unknown> | undefined
  authTime?: number | undefined
}

export interface OrganizationTokens {
  /**
   * The membership that a token of a person needs. Undefined: it needs none.
   * @param client of the token; undefined: it is first-party
   * @returns `ended`: the client says otherwise of organizations by now, the person is no member any more, the organization is gone or disabled, or the sign-in is too old for it
   */
  membershipOf(
    ctx: KoaContextWithOIDC,
    accountId: string,
    token: object,
    client: object | undefined,
  ): Promise<ProtocolMembership | 'ended' | undefined>
  /** The membership that the Grant of a request is of. */
  ofGrant(ctx: KoaContextWithOIDC, accountId: string): Promise<ProtocolMembership | undefined>
}

export function createOrganizationTokens(reads: OrganizationReads): OrganizationTokens {
  const find = onceARequest((key) => {
    const [accountId = '', id = ''] = key.split(' ')
    return countingMembership(reads, accountId, id)
  })
  return {
    async membershipOf(ctx, accountId, token, client) {
      if (!reads.exist() && organizationsOf(client) === 'auto') return undefined
      const id = await organizationOfToken(ctx, token)
      if (!fitsClient(client, id)) return 'ended'
      if (id === undefined) return undefined
      const membership = await find(ctx, `${accountId} ${id}`)
      return membership === undefined || isTooOld(token, membership) ? 'ended' : membership
    },

    async ofGrant(ctx, accountId) {
      const id = reads.exist() ? organizationOf(ctx.oidc.entities.Grant) : undefined
      return id === undefined ? undefined : find(ctx, `${accountId} ${id}`)
    },
  }
}

/** An access token says it itself; what else hangs on a Grant is of the organization of that. */
async function organizationOfToken(
  ctx: KoaContextWithOIDC,
  token: OfOrganization,
): Promise<string | undefined> {
  if (token.kind === 'AccessToken') {
    const id = token.extra?.org_id
    return typeof id === 'string' ? id : undefined
  }
  if (token.grantId === undefined) return undefined
  const { Grant } = ctx.oidc.entities
  return organizationOf(
    Grant?.jti === token.grantId ? Grant : await ctx.oidc.provider.Grant.find(token.grantId),
  )
}

/** A refresh token goes on for no longer than the organization lets a sign-in. */
const isTooOld = (
  { kind, authTime }: OfOrganization,
  { session_max_age: oldest }: ProtocolMembership,
): boolean =>
  kind === 'RefreshToken' &&
  oldest !== null &&
  authTime !== undefined &&
  authTime + oldest < epochSeconds(Date.now)
