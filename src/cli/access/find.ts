import type { Group } from '../../access/groups/group.ts'
import type { Role } from '../../access/roles/role.ts'
import { CliError } from '../context.ts'
import type { CliServices } from '../services.ts'

/** @param idOrName of a group @throws AppError group_not_found */
export const findGroup = ({ access }: Pick<CliServices, 'access'>, idOrName: string): Promise<Group> =>
  access.groups.find(idOrName)

/** @param idOrName of a role @throws CliError when there is none, or several have the name */
export async function findRole({ access }: Pick<CliServices, 'access'>, idOrName: string): Promise<Role> {
  const found = await access.roles.find(idOrName)
  const [role] = found
  if (role === undefined) throw new CliError([`there is no role with the ID or name ${idOrName}`])
  if (found.length === 1) return role
  const each = found.map(({ id, resource }) => `${id} (${resource ?? 'of no API'})`)
  throw new CliError([`several roles have the name ${idOrName}; give the ID of one: ${each.join(', ')}`])
}
