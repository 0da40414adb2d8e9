/** Claims of what a person is in and may do: `groups` and `roles`, by name. */

import { nameKey } from '../../shared/name-key.ts'

/** Groups and roles of a person, by name. */
export interface ProtocolMemberships {
  groups: readonly { name: string }[]
  roles: readonly {
    name: string
    /** The API whose scopes it names; empty: it belongs to none. */
    resource: string
    /** Space-separated. */
    scope: string
  }[]
}

/** Which groups a client is told of (its field `groups_filter`). `assigned`: those that its field `access` names. */
export interface GroupsFilter {
  assigned?: true
  prefix?: string
}

/** A client, as far as it decides about lists of names (provider/adapter.ts). */
interface Told {
  resource_scope?: unknown
  groups_filter?: GroupsFilter
  access?: string | { groups?: readonly string[] }
}

/** The groups of a person that a client is told of, by name, before the list is cut. */
export function groupsFor(groups: readonly { name: string }[], client: object | undefined): string[] {
  const { groups_filter: filter = {}, access } = (client ?? {}) as Told
  const { assigned, prefix } = filter
  const named = (typeof access === 'object' ? access.groups : undefined) ?? []
  const assignedKeys = assigned && new Set(named.map(nameKey))
  const beginning = prefix && nameKey(prefix)
  return groups
    .map(({ name }) => name)
    .filter((name) => assignedKeys?.has(nameKey(name)) ?? true)
    .filter((name) => beginning === undefined || nameKey(name).startsWith(beginning))
}

/**
 * All groups that its filter lets through. Of roles those that belong to no API, and those that name a scope which the client is registered for and no other API
 * has: another API's “admin” must not be taken for one's own.
 * @param client its `resource_scope` are the scopes of APIs that it is registered for, separated by spaces
 * @param apisOf the APIs that have a scope
 */
export async function membershipNames(
  { groups, roles }: ProtocolMemberships,
  client: object | undefined,
  apisOf: (scope: string) => Promise<readonly { identifier: string }[] | undefined>,
): Promise<{ groups: string[]; roles: string[] }> {
  const registered = new Set(
    String((client as Told | undefined)?.resource_scope ?? '')
      .split(' ')
      .filter(Boolean),
  )
  const isOfClient = async ({ resource, scope }: ProtocolMemberships['roles'][number]): Promise<boolean> => {
    if (resource === '') return true
    for (const each of scope.split(' ').filter((own) => registered.has(own))) {
      const apis = (await apisOf(each)) ?? []
      if (apis.length === 1 && apis[0]?.identifier === resource) return true
    }
    return false
  }
  const own = await Promise.all(roles.map(isOfClient))
  const told = roles.filter((_, index) => own[index])
  return { groups: groupsFor(groups, client), roles: told.map(({ name }) => name) }
}
