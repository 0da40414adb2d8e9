/** Who may use a client: its field `access`, and the groups and roles of a person. */
import type { Client } from 'oidc-provider'
import { nameKey } from '../../shared/name-key.ts'
import type { ProtocolMemberships } from '../tokens/memberships.ts'

/** The groups and roles of which one is enough, by name; a role of an API by the API's identifier and its name. */
export interface Restriction {
  groups: readonly string[]
  roles: readonly string[]
}

/** Undefined: everyone may use it. */
export function restrictionOf(client: Client | undefined): Restriction | undefined {
  const access = client?.access as Partial<Restriction> | string | undefined
  if (access === undefined || access === null || typeof access === 'string') return undefined
  return { groups: access.groups ?? [], roles: access.roles ?? [] }
}

/** A role as a registration names it. */
const writtenRole = ({ name, resource }: ProtocolMemberships['roles'][number]): string =>
  resource === '' ? name : `${resource} ${name}`

/** Whether a person is in one of the groups, or has one of the roles. */
export function fits({ groups, roles }: Restriction, memberships: ProtocolMemberships): boolean {
  const has = (wanted: readonly string[], held: readonly string[]) => {
    const keys = new Set(wanted.map(nameKey))
    return held.some((name) => keys.has(nameKey(name)))
  }
  return (
    has(
      groups,
      memberships.groups.map(({ name }) => name),
    ) || has(roles, memberships.roles.map(writtenRole))
  )
}

/** Whether a person may use a client at this moment. One statement where the client is not for everyone. */
export type Admits = (client: Client | undefined, accountId: string) => Promise<boolean>

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
