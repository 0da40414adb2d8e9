import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { contains, olderThan, valuesOf, whereOf } from '../../storage/keyset.ts'
import { createRemovals, kept, type Removals, removedOf, unlessTaken } from '../../storage/removals.ts'
import { BY_HAND } from '../store/rows.ts'
import type { RoleContent } from './role.ts'

export interface RoleRow extends RoleContent {
  id: string
  nameKey: string
  version: number
  createdAt: Date
}

/** Whom a role is given to. */
export type Holder = { account: string } | { group: string }

export interface HolderRow {
  id: string
  name: string
  createdAt: Date
}

type Position = { at: number; id: string }

/** Roles, and whom they are given to, in the database. */
export interface RoleStore {
  /** `taken`: its API has a role of this name; `missing`: its API is gone. */
  insert(row: RoleRow): Promise<'stored' | 'taken' | 'missing'>
  find(id: string): Promise<RoleRow | undefined>
  /** Of all APIs. */
  findNamed(nameKey: string, most: number): Promise<RoleRow[]>
  /** By API and name. @param after the role behind which the page begins */
  list(
    limit: number,
    after: Pick<RoleRow, 'resource' | 'nameKey'> | undefined,
    where: { search?: string | undefined; resource?: string | undefined },
  ): Promise<RoleRow[]>
  /** @param version the one that is changed; undefined comes back when it is another by now */
  update(
    id: string,
    version: number,
    changes: RoleContent & { nameKey: string },
  ): Promise<RoleRow | 'taken' | undefined>
  removals: Removals
  /** `missing`: there is no such role, account or group. */
  assign(id: string, holder: Holder, createdAt: Date): Promise<'assigned' | 'unchanged' | 'missing'>
  /** False: it was not given. */
  unassign(id: string, holder: Holder): Promise<boolean>
  /** Who got it last first; inherited ones are not among them. */
  accounts(id: string, limit: number, after: Position | undefined): Promise<HolderRow[]>
  /** By name; a group has few roles and a role few groups. */
  groups(id: string, most: number): Promise<HolderRow[]>
  /** What an account was given itself. */
  ofAccount(accountId: string): Promise<(RoleRow & { source: string })[]>
  ofGroup(groupId: string): Promise<RoleRow[]>
  /** The roles of the groups of an account. */
  byGroups(accountId: string, most: number): Promise<{ role: RoleRow; group: { id: string; name: string } }[]>
  /** By group, API and name. */
  givenToGroups(): Promise<{ groupId: string; name: string; resource: string }[]>
  /** To how many accounts it is given, counted up to `most`. */
  countAccounts(id: string, most: number): Promise<number>
}

const KINDS = {
  id: 'plain',
  name: 'plain',
  nameKey: 'plain',
  resource: 'plain',
  scope: 'plain',
  description: 'plain',
  version: 'plain',
  createdAt: 'time',
} as const

/** Of the table `r`. */
export const roleColumns = columnsOf<RoleRow>(KINDS, { table: 'r' })
const heldRoleColumns = columnsOf<RoleRow & { source: string }>(
  { ...KINDS, source: 'plain' },
  { table: 'r', others: { source: 'h.source' } },
)
const inheritedColumns = columnsOf<RoleRow & { groupId: string; groupName: string }>(
  { ...KINDS, groupId: 'plain', groupName: 'plain' },
  { table: 'r', others: { groupId: 'g.id', groupName: 'g.name' } },
)

/** The roles of a table of holders, those that were not removed. */
const held = (holders: 'account_roles' | 'group_roles') =>
  `FROM ${holders} h JOIN roles r ON r.id = h.role_id AND r.removed_at IS NULL`

const HOLDER = { id: 'plain', name: 'plain', createdAt: 'time' } as const
const accountHolder = columnsOf<HolderRow>(HOLDER, {
  table: 'h',
  others: { id: 'h.account_id', name: 'a.display_username' },
})
const groupHolder = columnsOf<HolderRow>(HOLDER, { table: 'h', others: { id: 'g.id', name: 'g.name' } })

export function createRoleStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): RoleStore {
  return {
    async insert(row) {
      try {
        await prisma.role.create({ data: { ...row, resourceId: row.resource || null } })
        return 'stored'
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken'
        if (isMissingReference(error)) return 'missing'
        throw error
      }
    },

    async find(id) {
      return roleColumns.get(reads, 'FROM roles r WHERE id = ? AND removed_at IS NULL', [id])
    },

    findNamed: (nameKey, most) =>
      roleColumns.all(reads, 'FROM roles r WHERE name_key = ? ORDER BY resource LIMIT ?', [nameKey, most]),

    async list(limit, after, { search, resource }) {
      const where = [
        'removed_at IS NULL',
        after !== undefined && '(resource > ? OR (resource = ? AND name_key > ?))',
        search !== undefined && contains(['name_key']),
        resource !== undefined && 'resource = ?',
      ].filter(Boolean)
      return roleColumns.all(
        reads,
        `FROM roles r WHERE ${where.join(' AND ')} ORDER BY resource, name_key LIMIT ?`,
        [...(after ? [after.resource, after.resource, after.nameKey] : []), search, resource, limit].filter(
          (value) => value !== undefined,
        ),
      )
    },

    update: (id, version, changes) =>
      unlessTaken(
        prisma.role.updateManyAndReturn({
          where: { id, version, ...kept },
          data: { ...changes, version: { increment: 1 } },
        }),
      ),

    removals: createRemovals({
      mark: (where, data) => prisma.role.updateMany({ where, data }),
      removed: () => removedOf(reads, 'roles'),
      accounts: (roleId, take) =>
        prisma.accountRole.findMany({ where: { roleId }, select: { accountId: true }, take }),
      drop: (roleId, accountIds) =>
        prisma.accountRole.deleteMany({ where: { roleId, accountId: { in: accountIds } } }),
      end: (id) => prisma.role.deleteMany({ where: { id, removedAt: { not: null } } }),
    }),

    async assign(roleId, holder, createdAt) {
      try {
        if ('account' in holder)
          await prisma.accountRole.create({ data: { roleId, accountId: holder.account, createdAt } })
        else {
          if ((await prisma.group.count({ where: { id: holder.group, ...kept } })) === 0) return 'missing'
          await prisma.groupRole.create({ data: { roleId, groupId: holder.group, createdAt } })
        }
        return 'assigned'
      } catch (error) {
        if (isMissingReference(error)) return 'missing'
        if (!isUniqueViolation(error)) throw error
        if ('account' in holder)
          await prisma.accountRole.updateMany({
            where: { roleId, accountId: holder.account, source: { not: BY_HAND } },
            data: { source: BY_HAND },
          })
        return 'unchanged'
      }
    },

    async unassign(roleId, holder) {
      const { count } =
        'account' in holder
          ? await prisma.accountRole.deleteMany({ where: { roleId, accountId: holder.account } })
          : await prisma.groupRole.deleteMany({ where: { roleId, groupId: holder.group } })
      return count > 0
    },

    async accounts(roleId, limit, after) {
      const conditions = [
        { text: 'h.role_id = ?', values: [roleId] },
        ...olderThan(reads.dialect, after, { time: 'h.created_at', id: 'h.account_id' }),
      ]
      return accountHolder.all(
        reads,
        `FROM account_roles h JOIN accounts a ON a.id = h.account_id${whereOf(conditions)}
         ORDER BY h.created_at DESC, h.account_id DESC LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
    },

    async groups(roleId, most) {
      return groupHolder.all(
        reads,
        `FROM group_roles h JOIN "groups" g ON g.id = h.group_id AND g.removed_at IS NULL
         WHERE h.role_id = ? ORDER BY g.name_key LIMIT ?`,
        [roleId, most],
      )
    },

    async ofAccount(accountId) {
      return heldRoleColumns.all(
        reads,
        `${held('account_roles')} WHERE h.account_id = ? ORDER BY r.name_key`,
        [accountId],
      )
    },

    async byGroups(accountId, most) {
      const rows = await inheritedColumns.all(
        reads,
        `${held('group_roles')} JOIN "groups" g ON g.id = h.group_id AND g.removed_at IS NULL
         JOIN group_members m ON m.group_id = g.id WHERE m.account_id = ? ORDER BY r.name_key LIMIT ?`,
        [accountId, most],
      )
      return rows.map(({ groupId, groupName, ...role }) => ({
        role,
        group: { id: groupId, name: groupName },
      }))
    },

    async givenToGroups() {
      const rows = await reads.all<{ group_id: string; name: string; resource: string }>(
        `SELECT gr.group_id, r.name, r.resource FROM group_roles gr JOIN roles r ON r.id = gr.role_id
           JOIN "groups" g ON g.id = gr.group_id WHERE r.removed_at IS NULL AND g.removed_at IS NULL
         ORDER BY gr.group_id, r.resource, r.name_key`,
        [],
      )
      return rows.map(({ group_id: groupId, ...row }) => ({ groupId, ...row }))
    },

    async countAccounts(roleId, most) {
      const row = await reads.get<{ count: number | bigint }>(
        'SELECT COUNT(*) AS count FROM (SELECT 1 FROM account_roles WHERE role_id = ? LIMIT ?) AS counted',
        [roleId, most],
      )
      return Number(row?.count ?? 0)
    },

    async ofGroup(groupId) {
      return roleColumns.all(reads, `${held('group_roles')} WHERE h.group_id = ? ORDER BY r.name_key`, [
        groupId,
      ])
    },
  }
}
