/** Groups and roles that a sign-in provider gives by what it says of a person. What a person has given is never taken away here. */
import { asActor } from '../../shared/audit-context.ts'
import type { Clock } from '../../shared/clock.ts'
import { nameKey } from '../../shared/name-key.ts'
import { roleIn, roleKey } from '../../shared/role-name.ts'
import type { Database } from '../../storage/database.ts'
import type { GroupEvent } from '../groups/groups.ts'
import type { RoleEvent } from '../roles/roles.ts'
import { sourceOf } from '../store/rows.ts'
import { createProvidedStore, type HeldTarget, type Target } from './store.ts'

/** What the rules of a provider give to a person at this sign-in. */
export interface Provided {
  /** `sync`: what this provider gave before and does not give now is taken away. */
  mode: 'add' | 'sync'
  /** Names of groups, and of roles as the field `access` of clients writes them. */
  groups: readonly string[]
  roles: readonly string[]
}

/**
 * Gives an account what a provider's rules say. Groups and roles that there are not, and roles at this server's own APIs, are left out.
 * @param provider its ID and name
 */
export type Provide = (
  accountId: string,
  provider: { id: string; name: string },
  provided: Provided,
) => Promise<void>

export function createProvide({
  db,
  clock,
  events,
  ofAdministration,
}: {
  db: Pick<Database, 'prisma'>
  clock: Clock
  events(event: GroupEvent | RoleEvent): void
  /** Whether a resource indicator is of an API of this server's own. */
  ofAdministration(resource: string): boolean
}): Provide {
  const store = createProvidedStore(db)

  async function rolesOf(written: readonly string[]): Promise<Target[]> {
    if (written.length === 0) return []
    const named = written.map(roleIn)
    const wanted = new Set(named.map(roleKey))
    const found = await store.rolesNamed([...new Set(named.map(({ name }) => nameKey(name)))])
    return found.filter((role) => !ofAdministration(role.resource) && wanted.has(roleKey(role)))
  }

  return async (accountId, provider, { mode, groups, roles }) => {
    if (mode === 'add' && groups.length === 0 && roles.length === 0) return
    const source = sourceOf(provider.id)
    const [ofGroups, ofRoles, inGroups, hasRoles] = await Promise.all([
      groups.length === 0 ? [] : store.groupsNamed([...new Set(groups.map(nameKey))]),
      rolesOf(roles),
      store.groupsOf(accountId),
      store.rolesOf(accountId),
    ])

    const bring = async (kind: 'group' | 'role', wanted: readonly Target[], held: readonly HeldTarget[]) => {
      const tell = (given: boolean, { id, name }: Target) => {
        const details = { id, name, accountId, provider: provider.id }
        if (kind === 'group')
          events({ type: given ? 'group.member_added' : 'group.member_removed', ...details })
        else events({ type: given ? 'role.assigned' : 'role.unassigned', ...details })
      }
      for (const each of wanted.filter(({ id }) => !held.some((own) => own.id === id)))
        if (await store.give(kind, each.id, accountId, source, new Date(clock()))) tell(true, each)
      if (mode === 'add') return
      const stale = held.filter((own) => own.source === source && !wanted.some(({ id }) => id === own.id))
      for (const each of stale) if (await store.take(kind, each.id, accountId, source)) tell(false, each)
    }
    await asActor({ kind: 'provider', ...provider }, async () => {
      await bring('group', ofGroups, inGroups)
      await bring('role', ofRoles, hasRoles)
    })
  }
}
