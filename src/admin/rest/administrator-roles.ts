import type { RestContext } from './context.ts'
import { definitionRoutes, type Kind } from './definitions/routes.ts'
import { callerOf } from './guard.ts'
import { refuseAdministratorRoles } from './machine.ts'

const ROLE: Kind = {
  area: 'administrator roles',
  kind: 'administrator_role',
  one: 'an administrator role',
  description: 'What people who have it may do in console and administration API. `role` of a user names it.',
  changing: 'The name stays. It counts with the next request of everybody who has it.',
  deleting: 'Who has it is a user from then on, and signed out.',
}

/** `/administrator-roles`: for administrators alone, and no program is one. */
export function administratorRoleRoutes(context: RestContext): void {
  const { administratorRoles, administratorRoleFields } = context.deps
  definitionRoutes(context, ROLE, administratorRoleFields, administratorRoles, {
    guard: (request) => refuseAdministratorRoles(callerOf(request)),
  })
}
