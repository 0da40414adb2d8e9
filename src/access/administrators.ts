/** Whether a group or role is of a person who administers: what a program may not change. */
import { nameKey } from '../shared/name-key.ts'
import type { Database } from '../storage/database.ts'

export interface OfAdministrators {
  /** Whether an administrator or auditor is a member. */
  group(id: string): Promise<boolean>
  /** Whether an administrator or auditor has it, given or by a group. */
  role(id: string): Promise<boolean>
  /** As `group`, by its name, however that is written. */
  groupNamed(name: string): Promise<boolean>
  /** As `role`, by its name. @param resource the resource indicator of its API; undefined: it belongs to none */
  roleNamed(name: string, resource: string | undefined): Promise<boolean>
  /** Whether an administrator or auditor has a role of an API. @param resource its resource indicator */
  rolesAt(resource: string): Promise<boolean>
}

/** Begins with those who administer: they are few, and members may be a million. */
const of = (holds: string): string =>
  `SELECT 1 AS found FROM accounts a WHERE a.role <> 'user' AND (${holds}) LIMIT 1`

const GROUP = of('EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = ? AND m.account_id = a.id)')
/** @param those a condition for the ids of roles */
const roles = (those: string): string =>
  of(`EXISTS (SELECT 1 FROM account_roles h WHERE h.account_id = a.id AND h.role_id ${those})
  OR EXISTS (SELECT 1 FROM group_members m JOIN group_roles g ON g.group_id = m.group_id
    JOIN "groups" held ON held.id = g.group_id
    WHERE m.account_id = a.id AND g.role_id ${those} AND held.removed_at IS NULL)`)

const ROLE = roles('= ?')
const ROLES_AT = roles('IN (SELECT id FROM roles WHERE resource = ? AND removed_at IS NULL)')

export function createOfAdministrators({ reads }: Pick<Database, 'reads'>): OfAdministrators {
  const found = async (statement: string, ...values: string[]) =>
    (await reads.get(statement, values)) !== undefined
  const idBy = async (statement: string, ...values: string[]) =>
    (await reads.get<{ id: string }>(statement, values))?.id
  const group = (id: string) => found(GROUP, id)
  const role = (id: string) => found(ROLE, id, id)
  return {
    group,
    role,
    async groupNamed(name) {
      const id = await idBy('SELECT id FROM "groups" WHERE name_key = ?', nameKey(name))
      return id !== undefined && group(id)
    },
    async roleNamed(name, resource = '') {
      const by = 'SELECT id FROM roles WHERE resource = ? AND name_key = ?'
      const id = await idBy(by, resource, nameKey(name))
      return id !== undefined && role(id)
    },
    rolesAt: (resource) => found(ROLES_AT, resource, resource),
  }
}
