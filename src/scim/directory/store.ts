import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { type SqlValue, sqlTime } from '../../storage/sql.ts'

/** What is looked for; all of it has to hold. */
export interface UserQuery {
  id?: string
  username?: string
  email?: string
  externalId?: string
  /** Milliseconds since the epoch. */
  updatedAt?: number
  /** Members of this one alone. */
  organization?: string
}

export interface GroupQuery {
  id?: string
  nameKey?: string
  externalId?: string
}

export interface Slice {
  /** From 0. */
  offset: number
  limit: number
}

export interface GroupRow {
  id: string
  name: string
  version: number
  createdAt: Date
}

/** What tells one state of the members of a group from another. */
export interface MemberState {
  groupId: string
  count: number
  newest: number
}

export interface Member {
  groupId: string
  accountId: string
  username: string
}

/** People and groups as a directory sees them. Accounts that wait to be deleted are not there. */
export interface DirectoryStore<Account> {
  /** Oldest first. */
  users(owner: string, query: UserQuery, slice: Slice): Promise<Account[]>
  countUsers(owner: string, query: UserQuery): Promise<number>
  /** By name. */
  groups(owner: string, query: GroupQuery, slice: Slice): Promise<GroupRow[]>
  countGroups(owner: string, query: GroupQuery): Promise<number>
  groupsOf(accountIds: readonly string[]): Promise<{ accountId: string; id: string; name: string }[]>
  /** Of some accounts, those who are members of an organization. */
  memberIds(organization: string, accountIds: readonly string[]): Promise<string[]>
  memberStates(groupIds: readonly string[]): Promise<MemberState[]>
  members(groupIds: readonly string[]): Promise<Member[]>
  /** By the id of the account or group. */
  externalIds(kind: Kind, owner: string, ids: readonly string[]): Promise<Map<string, string>>
  /** What a directory calls an account or group from now on; null: nothing. `taken`: it calls another one so. */
  setExternalId(
    kind: Kind,
    owner: string,
    id: string,
    externalId: string | null,
  ): Promise<'done' | 'taken' | 'missing'>
  /** Of an account that was dismissed: its names are free again for every directory. */
  forgetUser(accountId: string): Promise<void>
}

export type Kind = 'user' | 'group'

export function createDirectoryStore<Account>({
  db: { prisma, reads },
  accounts,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  accounts: { columns: string; from(row: never): Account }
}): DirectoryStore<Account> {
  function usersWhere(owner: string, query: UserQuery): { text: string; values: SqlValue[] } {
    const parts: [string, ...SqlValue[]][] = [['deletion_at IS NULL']]
    if (query.id !== undefined) parts.push(['id = ?', query.id])
    if (query.username !== undefined) parts.push(['username = ?', query.username])
    if (query.email !== undefined) parts.push(['email = ?', query.email])
    if (query.updatedAt !== undefined) parts.push(['updated_at = ?', sqlTime(query.updatedAt)])
    if (query.organization !== undefined)
      parts.push([
        'id IN (SELECT account_id FROM organization_members WHERE organization_id = ?)',
        query.organization,
      ])
    if (query.externalId !== undefined)
      parts.push([
        'id = (SELECT account_id FROM scim_users WHERE owner = ? AND external_id = ?)',
        owner,
        query.externalId,
      ])
    return {
      text: parts.map(([text]) => text).join(' AND '),
      values: parts.flatMap(([, ...values]) => values),
    }
  }
  const groupsWhere = (owner: string, { externalId, ...query }: GroupQuery) => ({
    ...query,
    removedAt: null,
    ...(externalId !== undefined && { scimGroups: { some: { owner, externalId } } }),
  })

  return {
    async users(owner, query, { offset, limit }) {
      const { text, values } = usersWhere(owner, query)
      const rows = await reads.all<object>(
        `SELECT ${accounts.columns} FROM accounts WHERE ${text} ORDER BY created_at, id LIMIT ? OFFSET ?`,
        [...values, limit, offset],
      )
      return rows.map((row) => accounts.from(row as never))
    },

    async countUsers(owner, query) {
      const { text, values } = usersWhere(owner, query)
      const row = await reads.get<{ total: number }>(
        `SELECT COUNT(*) AS total FROM accounts WHERE ${text}`,
        values,
      )
      return Number(row?.total ?? 0)
    },

    groups: (owner, query, { offset, limit }) =>
      prisma.group.findMany({
        where: groupsWhere(owner, query),
        orderBy: { nameKey: 'asc' },
        skip: offset,
        take: limit,
        select: { id: true, name: true, version: true, createdAt: true },
      }),

    countGroups: (owner, query) => prisma.group.count({ where: groupsWhere(owner, query) }),

    async groupsOf(accountIds) {
      if (accountIds.length === 0) return []
      const rows = await prisma.groupMember.findMany({
        where: { accountId: { in: [...accountIds] }, group: { removedAt: null } },
        select: { accountId: true, group: { select: { id: true, name: true } } },
      })
      return rows
        .map(({ accountId, group }) => ({ accountId, ...group }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },

    async memberIds(organizationId, accountIds) {
      const where = { organizationId, accountId: { in: [...accountIds] } }
      const rows = await prisma.organizationMember.findMany({ where, select: { accountId: true } })
      return rows.map(({ accountId }) => accountId)
    },

    async memberStates(groupIds) {
      if (groupIds.length === 0) return []
      const rows = await prisma.groupMember.groupBy({
        by: ['groupId'],
        where: { groupId: { in: [...groupIds] } },
        _count: { _all: true },
        _max: { createdAt: true },
      })
      return rows.map(({ groupId, _count, _max }) => ({
        groupId,
        count: _count._all,
        newest: _max.createdAt?.getTime() ?? 0,
      }))
    },

    async members(groupIds) {
      if (groupIds.length === 0) return []
      const rows = await prisma.groupMember.findMany({
        where: { groupId: { in: [...groupIds] }, account: { deletionAt: null } },
        select: { groupId: true, accountId: true, account: { select: { displayUsername: true } } },
      })
      return rows.map(({ account, ...row }) => ({ ...row, username: account.displayUsername }))
    },

    async externalIds(kind, owner, ids) {
      if (ids.length === 0) return new Map()
      if (kind === 'user') {
        const rows = await prisma.scimUser.findMany({ where: { owner, accountId: { in: [...ids] } } })
        return new Map(rows.map(({ accountId, externalId }) => [accountId, externalId]))
      }
      const rows = await prisma.scimGroup.findMany({ where: { owner, groupId: { in: [...ids] } } })
      return new Map(rows.map(({ groupId, externalId }) => [groupId, externalId]))
    },

    async setExternalId(kind, owner, id, externalId) {
      try {
        if (kind === 'user') {
          const key = { accountId: id, owner }
          if (externalId === null) await prisma.scimUser.deleteMany({ where: key })
          else
            await prisma.scimUser.upsert({
              where: { accountId_owner: key },
              create: { ...key, externalId },
              update: { externalId },
            })
        } else {
          const key = { groupId: id, owner }
          if (externalId === null) await prisma.scimGroup.deleteMany({ where: key })
          else
            await prisma.scimGroup.upsert({
              where: { groupId_owner: key },
              create: { ...key, externalId },
              update: { externalId },
            })
        }
        return 'done'
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken'
        if (isMissingReference(error)) return 'missing'
        throw error
      }
    },

    async forgetUser(accountId) {
      await prisma.scimUser.deleteMany({ where: { accountId } })
    },
  }
}
