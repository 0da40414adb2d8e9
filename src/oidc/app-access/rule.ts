/** Who may use a client: its field `access`, and the groups and roles of a person. */
import { nameKey } from '../../shared/name-key.ts'
import { roleIn, roleKey } from '../../shared/role-name.ts'
import type { ProtocolMemberships } from '../tokens/memberships.ts'

/** The groups and roles of which one is enough, by name; a role of an API by the API's identifier and its name. */
export interface Restriction {
  groups: readonly string[]
  roles: readonly string[]
}

/** A client, as far as it says for whom it is. */
interface Restricted {
  readonly [field: string]: unknown
}

/** Undefined: everyone may use it. */
export function restrictionOf(client: Restricted | undefined): Restriction | undefined {
  const access = client?.access as Partial<Restriction> | string | undefined
  if (access === undefined || access === null || typeof access === 'string') return undefined
  return { groups: access.groups ?? [], roles: access.roles ?? [] }
}

/** Whether a person is in one of the groups, or has one of the roles. */
export function fits({ groups, roles }: Restriction, memberships: ProtocolMemberships): boolean {
  const groupKeys = new Set(groups.map(nameKey))
  const roleKeys = new Set(roles.map((written) => roleKey(roleIn(written))))
  return (
    memberships.groups.some(({ name }) => groupKeys.has(nameKey(name))) ||
    memberships.roles.some((role) => roleKeys.has(roleKey(role)))
  )
}

/** Whether a person may use a client at this moment. One statement where the client is not for everyone. */
export type Admits = (client: Restricted | undefined, accountId: string) => Promise<boolean>

export const createAdmits =
  (membershipsOf: (accountId: string) => Promise<ProtocolMemberships | undefined>): Admits =>
  async (client, accountId) => {
    const restriction = restrictionOf(client)
    if (restriction === undefined) return true
    const memberships = await membershipsOf(accountId)
    return memberships !== undefined && fits(restriction, memberships)
  }

/** What a client, and the log, are told of a person who may not use it. */
export const NOT_ADMITTED = 'the end-user may not use this client'
