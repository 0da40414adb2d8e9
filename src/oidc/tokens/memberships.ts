/** Claims of what a person is in and may do: `groups` and `roles`, by name. */

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

/** Of each claim. Cookies of an app, and headers behind a proxy, break beyond some kilobytes. */
const MAX_NAMES = 200

/**
 * All groups. Of roles those that belong to no API, and those that name a scope which the client is registered for and no other API
 * has: another API's “admin” must not be taken for one's own.
 * @param resourceScope the scopes of APIs that the client is registered for, separated by spaces
 * @param apisOf the APIs that have a scope
 */
export async function membershipClaims(
  { groups, roles }: ProtocolMemberships,
  resourceScope: unknown,
  apisOf: (scope: string) => Promise<readonly { identifier: string }[] | undefined>,
): Promise<{ groups: string[]; roles: string[] }> {
  const registered = new Set(
    String(resourceScope ?? '')
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
  return { groups: names(groups), roles: names(told) }
}

const names = (list: readonly { name: string }[]): string[] =>
  [...new Set(list.map(({ name }) => name))].slice(0, MAX_NAMES)
