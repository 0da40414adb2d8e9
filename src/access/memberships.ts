/** What a person is in and may do, as the protocol asks for it: one statement. */
import type { Database } from '../storage/database.ts'

/** A role that a person has, given or by a group. */
export interface HeldRole {
  id: string
  name: string
  /** The resource indicator of its API; empty: of none. */
  resource: string
  /** Space-separated. */
  scope: string
}

export interface Memberships {
  groups: readonly { id: string; name: string }[]
  roles: readonly HeldRole[]
}

interface Row {
  kind: 'group' | 'role'
  id: string
  name: string
  resource: string
  scope: string
}

/** A role that is given in two ways comes once: UNION leaves out what is the same. */
const STATEMENT = `SELECT 'group' AS kind, g.id, g.name, g.name_key, '' AS resource, '' AS scope
  FROM group_members m JOIN "groups" g ON g.id = m.group_id WHERE m.account_id = ? AND g.removed_at IS NULL
UNION SELECT 'role', r.id, r.name, r.name_key, r.resource, r.scope
  FROM account_roles a JOIN roles r ON r.id = a.role_id WHERE a.account_id = ? AND r.removed_at IS NULL
UNION SELECT 'role', r.id, r.name, r.name_key, r.resource, r.scope
  FROM group_members m JOIN "groups" g ON g.id = m.group_id JOIN group_roles gr ON gr.group_id = m.group_id
  JOIN roles r ON r.id = gr.role_id WHERE m.account_id = ? AND g.removed_at IS NULL AND r.removed_at IS NULL
ORDER BY 1, 4, 2`

/** Groups and roles of an account, by name. */
export type ReadMemberships = (accountId: string) => Promise<Memberships>

export const createMemberships =
  ({ reads }: Pick<Database, 'reads'>): ReadMemberships =>
  async (accountId) => {
    const rows = await reads.all<Row>(STATEMENT, [accountId, accountId, accountId])
    return {
      groups: rows.filter(({ kind }) => kind === 'group').map(({ id, name }) => ({ id, name })),
      roles: rows
        .filter(({ kind }) => kind === 'role')
        .map(({ id, name, resource, scope }) => ({ id, name, resource, scope })),
    }
  }
