/** Whether a group or role is of a person who administers: what a program may not change. */
import type { Database } from '../storage/database.ts'

export interface OfAdministrators {
  /** Whether an administrator or auditor is a member. */
  group(id: string): Promise<boolean>
  /** Whether an administrator or auditor has it, given or by a group. */
  role(id: string): Promise<boolean>
}

/** Begins with those who administer: they are few, and members may be a million. */
const of = (holds: string): string =>
  `SELECT 1 AS found FROM accounts a WHERE a.role <> 'user' AND (${holds}) LIMIT 1`

const GROUP = of('EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = ? AND m.account_id = a.id)')
const ROLE = of(`EXISTS (SELECT 1 FROM account_roles h WHERE h.role_id = ? AND h.account_id = a.id)
  OR EXISTS (SELECT 1 FROM group_roles g JOIN group_members m ON m.group_id = g.group_id
    WHERE g.role_id = ? AND m.account_id = a.id)`)

export const createOfAdministrators = ({ reads }: Pick<Database, 'reads'>): OfAdministrators => ({
  group: async (id) => (await reads.get(GROUP, [id])) !== undefined,
  role: async (id) => (await reads.get(ROLE, [id, id])) !== undefined,
})
