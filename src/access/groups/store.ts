import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { contains, olderThan, valuesOf, whereOf } from '../../storage/keyset.ts'
import { createRemovals, kept, type Removals, removedOf, unlessTaken } from '../../storage/removals.ts'
import { BY_HAND } from '../store/rows.ts'
import type { GroupContent } from './group.ts'

export interface GroupRow extends GroupContent {
  id: string
  nameKey: string
  version: number
  createdAt: Date
}

export interface MemberRow {
  accountId: string
  username: string
  email: string | null
  manager: boolean
  administrator: boolean
  source: string
  createdAt: Date
}

/** Groups and their members in the database. */
export interface GroupStore {
  /** False: the name is taken. */
  insert(row: GroupRow): Promise<boolean>
  find(id: string): Promise<GroupRow | undefined>
  findNamed(nameKey: string): Promise<GroupRow | undefined>
  /** By name. @param after the key behind which the page begins */
  list(limit: number, after: string | undefined, search: string | undefined): Promise<GroupRow[]>
  /** @param version the one that is changed; undefined comes back when it is another by now */
  update(
    id: string,
    version: number,
    changes: GroupContent & { nameKey: string },
  ): Promise<GroupRow | 'taken' | undefined>
  removals: Removals
  /** `missing`: there is no such group or account. */
  addMember(groupId: string, accountId: string, createdAt: Date): Promise<'added' | 'unchanged' | 'missing'>
  /** False: there was no such membership. */
  removeMember(groupId: string, accountId: string): Promise<boolean>
  /** Who came last first. */
  members(groupId: string, limit: number, after: { at: number; id: string } | undefined): Promise<MemberRow[]>
  /** `missing`: there is no such membership. */
  setManager(
    groupId: string,
    accountId: string,
    manager: boolean,
  ): Promise<'changed' | 'unchanged' | 'missing'>
  managers(groupId: string, most: number): Promise<MemberRow[]>
  findMember(groupId: string, accountId: string): Promise<MemberRow | undefined>
  /** By name. @param after the key behind which the page begins */
  managedBy(accountId: string, limit: number, after: string | undefined): Promise<GroupRow[]>
  manages(accountId: string): Promise<boolean>
  /** A group, if the account is one of its managers. */
  findManaged(groupId: string, accountId: string): Promise<GroupRow | undefined>
  /** How many members it has, counted up to `most`. */
  countMembers(groupId: string, most: number): Promise<number>
  /** The groups of an account, by name. */
  ofAccount(accountId: string): Promise<(GroupRow & { source: string })[]>
}

const KINDS = {
  id: 'plain',
  name: 'plain',
  nameKey: 'plain',
  description: 'plain',
  version: 'plain',
  createdAt: 'time',
} as const

/** Of the table `g`. */
export const groupColumns = columnsOf<GroupRow>(KINDS, { table: 'g' })
const heldGroupColumns = columnsOf<GroupRow & { source: string }>(
  { ...KINDS, source: 'plain' },
  { table: 'g', others: { source: 'm.source' } },
)

/** The groups of people, those that were not removed. */
const HELD = `FROM group_members m JOIN "groups" g ON g.id = m.group_id AND g.removed_at IS NULL`

const memberColumns = columnsOf<MemberRow>(
  {
    accountId: 'plain',
    username: 'plain',
    email: 'plain',
    manager: 'boolean',
    administrator: 'boolean',
    source: 'plain',
    createdAt: 'time',
  },
  {
    table: 'm',
    others: { username: 'a.display_username', email: 'a.email', administrator: "(a.role <> 'user')" },
  },
)
const MEMBERS = 'FROM group_members m JOIN accounts a ON a.id = m.account_id'

const MANAGES = `SELECT 1 AS found FROM group_members m JOIN "groups" g ON g.id = m.group_id
  WHERE m.account_id = ? AND m.manager AND g.removed_at IS NULL LIMIT 1`

export function createGroupStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): GroupStore {
  return {
    async insert(row) {
      try {
        await prisma.group.create({ data: row })
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    async find(id) {
      return groupColumns.get(reads, 'FROM "groups" g WHERE id = ? AND removed_at IS NULL', [id])
    },

    findNamed: (nameKey) => groupColumns.get(reads, 'FROM "groups" g WHERE name_key = ?', [nameKey]),

    async list(limit, after, search) {
      const where = [
        'removed_at IS NULL',
        after !== undefined && 'name_key > ?',
        search !== undefined && contains(['name_key']),
      ].filter(Boolean)
      return groupColumns.all(
        reads,
        `FROM "groups" g WHERE ${where.join(' AND ')} ORDER BY name_key LIMIT ?`,
        [after, search, limit].filter((value) => value !== undefined),
      )
    },

    update: (id, version, changes) =>
      unlessTaken(
        prisma.group.updateManyAndReturn({
          where: { id, version, ...kept },
          data: { ...changes, version: { increment: 1 } },
        }),
      ),

    removals: createRemovals({
      // What directories call it is free for another one, as its name is.
      mark: (where, data) =>
        prisma.$transaction(async (tx) => {
          const marked = await tx.group.updateMany({ where, data })
          if (marked.count > 0) await tx.scimGroup.deleteMany({ where: { groupId: where.id } })
          return marked
        }),
      removed: () => removedOf(reads, 'groups'),
      accounts: (groupId, take) =>
        prisma.groupMember.findMany({ where: { groupId }, select: { accountId: true }, take }),
      drop: (groupId, accountIds) =>
        prisma.groupMember.deleteMany({ where: { groupId, accountId: { in: accountIds } } }),
      end: (id) => prisma.group.deleteMany({ where: { id, removedAt: { not: null } } }),
    }),

    async addMember(groupId, accountId, createdAt) {
      try {
        await prisma.groupMember.create({ data: { groupId, accountId, createdAt } })
        return 'added'
      } catch (error) {
        if (isMissingReference(error)) return 'missing'
        if (!isUniqueViolation(error)) throw error
        // What a person gives is theirs from now on: no provider takes it away.
        await prisma.groupMember.updateMany({
          where: { groupId, accountId, source: { not: BY_HAND } },
          data: { source: BY_HAND },
        })
        return 'unchanged'
      }
    },

    async removeMember(groupId, accountId) {
      const { count } = await prisma.groupMember.deleteMany({ where: { groupId, accountId } })
      return count > 0
    },

    async members(groupId, limit, after) {
      const conditions = [
        { text: 'm.group_id = ?', values: [groupId] },
        ...olderThan(reads.dialect, after, { time: 'm.created_at', id: 'm.account_id' }),
      ]
      return memberColumns.all(
        reads,
        `${MEMBERS}${whereOf(conditions)} ORDER BY m.created_at DESC, m.account_id DESC LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
    },

    async setManager(groupId, accountId, manager) {
      const where = { groupId, accountId }
      const { count } = await prisma.groupMember.updateMany({
        where: { ...where, manager: !manager },
        data: { manager },
      })
      if (count > 0) return 'changed'
      return (await prisma.groupMember.count({ where })) > 0 ? 'unchanged' : 'missing'
    },

    async managers(groupId, most) {
      return memberColumns.all(
        reads,
        `${MEMBERS} WHERE m.group_id = ? AND m.manager = true ORDER BY m.account_id LIMIT ?`,
        [groupId, most],
      )
    },

    async findMember(groupId, accountId) {
      return memberColumns.get(reads, `${MEMBERS} WHERE m.account_id = ? AND m.group_id = ?`, [
        accountId,
        groupId,
      ])
    },

    async managedBy(accountId, limit, after) {
      const behind = after === undefined ? '' : ' AND g.name_key > ?'
      return groupColumns.all(
        reads,
        `${HELD} WHERE m.account_id = ? AND m.manager = true${behind} ORDER BY g.name_key LIMIT ?`,
        [accountId, ...(after === undefined ? [] : [after]), limit],
      )
    },

    manages: async (accountId) => (await reads.get(MANAGES, [accountId])) !== undefined,

    async findManaged(groupId, accountId) {
      return groupColumns.get(
        reads,
        `${HELD} WHERE m.account_id = ? AND m.group_id = ? AND m.manager = true`,
        [accountId, groupId],
      )
    },

    async countMembers(groupId, most) {
      const row = await reads.get<{ count: number | bigint }>(
        'SELECT COUNT(*) AS count FROM (SELECT 1 FROM group_members WHERE group_id = ? LIMIT ?) AS counted',
        [groupId, most],
      )
      return Number(row?.count ?? 0)
    },

    async ofAccount(accountId) {
      return heldGroupColumns.all(reads, `${HELD} WHERE m.account_id = ? ORDER BY g.name_key`, [accountId])
    },
  }
}
