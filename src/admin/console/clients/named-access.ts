import type { Groups } from '../../../access/groups/groups.ts'
import type { Roles } from '../../../access/roles/roles.ts'
import type { ClientView } from '../../../clients/view.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { nameKey } from '../../../shared/name-key.ts'

/** Where the names of `access` are looked up. */
export interface NamedAccess {
  groups: Groups
  roles: Roles
}

/** What the field `access` of a client names that does not exist: it lets nobody in. */
export interface MissingAccess {
  /** As the form has them, “group: Engineers”. */
  names: string[]
  /** Whether nothing else is named, so that the client is for nobody. */
  nobody: boolean
}

/** A role is named with the identifier of its API, which has no space. */
const withoutApi = (written: string): string => written.slice(written.indexOf(' ') + 1)

export async function missingAccess(
  access: ClientView['access'],
  { groups, roles }: NamedAccess,
): Promise<MissingAccess> {
  if (typeof access !== 'object' || access === null) return { names: [], nobody: false }
  const hasGroup = async (name: string) => {
    const found = await groups.find(name).catch(unlessCode('group_not_found'))
    return found !== undefined && nameKey(found.name) === nameKey(name)
  }
  const hasRole = async (written: string) => {
    const found = await Promise.all([roles.find(written), roles.find(withoutApi(written))])
    const names = found.flat().map(({ name, resource }) => (resource ? `${resource} ${name}` : name))
    return names.some((name) => nameKey(name) === nameKey(written))
  }
  const named = [
    ...(access.groups ?? []).map((name) => ({ label: `group: ${name}`, exists: hasGroup(name) })),
    ...(access.roles ?? []).map((name) => ({ label: `role: ${name}`, exists: hasRole(name) })),
  ]
  const exist = await Promise.all(named.map(({ exists }) => exists))
  const names = named.filter((_, index) => !exist[index]).map(({ label }) => label)
  return { names, nobody: names.length > 0 && names.length === named.length }
}
