/** For which organization a person signs in: what the request names, what they chose, or the only one. */
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'

/** What a person is in an organization, as the protocol asks for it. */
export interface ProtocolMembership {
  id: string
  name: string
  slug: string
  /** Names of the template. */
  roles: readonly string[]
  second_factor_required: boolean
  /** Seconds that a sign-in is good for it; null: as long as any. */
  session_max_age: number | null
  disabled: boolean
}

/** What the protocol asks of organizations. */
export interface OrganizationReads {
  /** While there is none, nothing else is asked. */
  exist(): boolean
  /** By ID or short name; undefined: no member. One statement. */
  membership(accountId: string, idOrSlug: string): Promise<ProtocolMembership | undefined>
  /** All, by the short names. One statement. */
  ofAccount(accountId: string): Promise<readonly ProtocolMembership[]>
}

/** The name of the prompt, of an interaction that waits there, and of its result; and the request parameter. */
export const ORGANIZATION = 'organization'

export type Standing =
  /** They sign in for none. */
  | { kind: 'none' }
  | { kind: 'member'; membership: ProtocolMembership }
  /** They are in none, and the client is for members of one. */
  | { kind: 'missing' }
  /** They have to say for which. */
  | { kind: 'open' }
  /** The request names one that they are no member of, or that is disabled. */
  | { kind: 'refused' }

/** The organization that a request names; undefined: none. */
export const namedOrganization = (
  params: Readonly<Record<string, unknown>> | undefined,
): string | undefined => {
  const named = params?.[ORGANIZATION]
  return typeof named === 'string' && named !== '' ? named : undefined
}

/** The field of a client: `off`, people sign in to it for none; `required`, for one or not at all. */
export const organizationsOf = (client: object | undefined): 'auto' | 'required' | 'off' =>
  (client as { organizations?: 'required' | 'off' } | undefined)?.organizations ?? 'auto'

/** Whether a client has what was issued for an organization, or for none. */
export function fitsClient(client: object | undefined, organization: string | undefined): boolean {
  const when = organizationsOf(client)
  return when === 'auto' || (when === 'required') === (organization !== undefined)
}

/** The check of the parameter for the library. @throws InvalidRequest for what can be no name of one, or where the client has none */
export function checkOrganizationParameter({ oidc }: KoaContextWithOIDC, value: string | undefined): void {
  if (value === undefined) return
  if (!/^[\w-]{1,100}$/.test(value))
    throw new errors.InvalidRequest('organization must be the ID or the short name of an organization')
  if (organizationsOf(oidc.client) === 'off')
    throw new errors.InvalidRequest('organization is off for this client')
}

/** The organization of a Grant, by its ID; undefined: it is of none. */
export const organizationOf = (grant: object | undefined): string | undefined =>
  (grant as { organization?: string } | undefined)?.organization

/** Those of an account for which it can sign in. */
export const openTo = async (reads: OrganizationReads, accountId: string) =>
  reads.exist() ? (await reads.ofAccount(accountId)).filter(({ disabled }) => !disabled) : []

/** The membership of an account, if it counts. */
export async function countingMembership(
  reads: OrganizationReads,
  accountId: string,
  idOrSlug: string,
): Promise<ProtocolMembership | undefined> {
  const found = reads.exist() ? await reads.membership(accountId, idOrSlug) : undefined
  return found?.disabled ? undefined : found
}

/** For which organization the person of an authorization request signs in. */
export type FindStanding = (ctx: KoaContextWithOIDC) => Promise<Standing>

const NONE: Standing = { kind: 'none' }

/** @returns what is asked several times for a request, and looks once */
export function createStandings(reads: OrganizationReads): FindStanding {
  const known = new WeakMap<object, { of: string; standing: Promise<Standing> }>()

  async function find({ oidc }: KoaContextWithOIDC, accountId: string): Promise<Standing> {
    const named = namedOrganization(oidc.params)
    if (named !== undefined) {
      const membership = await countingMembership(reads, accountId, named)
      return membership ? { kind: 'member', membership } : { kind: 'refused' }
    }
    const all = await openTo(reads, accountId)
    const [only] = all
    if (only === undefined) return organizationsOf(oidc.client) === 'required' ? { kind: 'missing' } : NONE
    if (all.length === 1) return { kind: 'member', membership: only }
    const before = oidc.promptPending('none') ? await lastOf(oidc) : chosenIn(oidc.result)
    const membership = all.find(({ id }) => id === before)
    return membership ? { kind: 'member', membership } : { kind: 'open' }
  }

  return async (ctx) => {
    const { account, client, session, params, result } = ctx.oidc
    const accountId = account?.accountId ?? session?.accountId
    if (accountId === undefined || client === undefined || client.clientId === FIRST_PARTY_ID) return NONE
    const when = organizationsOf(client)
    if (namedOrganization(params) === undefined && (when === 'off' || (when === 'auto' && !reads.exist())))
      return NONE
    const of = `${accountId} ${chosenIn(result) ?? ''}`
    const looked = known.get(ctx.req)
    if (looked?.of === of) return looked.standing
    const standing = find(ctx, accountId)
    known.set(ctx.req, { of, standing })
    return standing
  }
}

/** What the person chose in this interaction. */
const chosenIn = (result: object | undefined): string | undefined =>
  (result as { [ORGANIZATION]?: { id?: string } } | undefined)?.[ORGANIZATION]?.id

/** The organization for which the session has signed in to the client last: a client that asks behind the scenes goes on with it. */
async function lastOf(oidc: KoaContextWithOIDC['oidc']): Promise<string | undefined> {
  const { client, session, provider } = oidc
  const grantId = client && session?.grantIdFor(client.clientId)
  return grantId ? organizationOf(await provider.Grant.find(grantId)) : undefined
}

/** The claims of a membership. */
export const organizationClaims = (membership: ProtocolMembership | undefined): Record<string, unknown> =>
  membership === undefined
    ? {}
    : { org_id: membership.id, org_name: membership.name, org_roles: membership.roles }
