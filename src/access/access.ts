/** Who may do what: groups of people, and roles. */
import type { Clock } from '../shared/clock.ts'
import type { Database } from '../storage/database.ts'
import { createOfAdministrators, type OfAdministrators } from './administrators.ts'
import { createGroups, type GroupEvent, type Groups } from './groups/groups.ts'
import { createManaging, type Managing, type NamedPerson } from './managing.ts'
import { createMemberships, type ReadMemberships } from './memberships.ts'
import { createProvide, type Provide } from './provided/provided.ts'
import { createRoles, type RoleEvent, type Roles } from './roles/roles.ts'

export interface Access {
  groups: Groups
  roles: Roles
  /** Groups and roles of an account, as tokens tell them. */
  membershipsOf: ReadMemberships
  ofAdministrators: OfAdministrators
  /** What sign-in providers give. */
  provide: Provide
  /** What managers of groups do. */
  managing: Managing
}

export function createAccess(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: GroupEvent | RoleEvent): void
  /** The scope values of an API, separated by spaces; undefined: there is no such API. */
  scopeOf(resource: string): Promise<string | undefined>
  /** A person by a username, or an address that they have proven. */
  findPerson(login: string): Promise<NamedPerson | undefined>
  /** Whether a resource indicator is of an API of this server's own. */
  ofAdministration(resource: string): boolean
}): Access {
  const groups = createGroups(deps)
  const roles = createRoles(deps)
  return {
    groups,
    roles,
    provide: createProvide(deps),
    managing: createManaging({ ...deps, groups, roles }),
    membershipsOf: createMemberships(deps.db),
    ofAdministrators: createOfAdministrators(deps.db),
  }
}
