import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { olderThan, valuesOf, whereOf } from '../../storage/keyset.ts'

export interface MemberRow {
  accountId: string
  username: string
  email: string | null
  /** Separated by spaces. */
  roles: string
  administrator: boolean
  createdAt: Date
}

/** A membership, with what the protocol and its person are told of the organization. */
export interface MembershipRow {
  id: string
  name: string
  slug: string
  second_factor_required: boolean
  session_max_age: number | null
  disabled: boolean
  version: number
  createdAt: Date
  roles: string
}

export interface MemberStore {
  /** `missing`: there is no such organization or account. `present`: it is one already. */
  add(
    organizationId: string,
    accountId: string,
    roles: string,
    createdAt: Date,
  ): Promise<'added' | 'present' | 'missing'>
  /** False: they are other ones by now, or there is no such membership. */
  setRoles(organizationId: string, accountId: string, before: string, after: string): Promise<boolean>
  /** False: there was no such membership. */
  remove(organizationId: string, accountId: string): Promise<boolean>
  /** Who came last first. */
  list(
    organizationId: string,
    limit: number,
    after: { at: number; id: string } | undefined,
  ): Promise<MemberRow[]>
  find(organizationId: string, accountId: string): Promise<MemberRow | undefined>
  /** Of some accounts, those who are in it. */
  some(organizationId: string, accountIds: readonly string[]): Promise<{ accountId: string; roles: string }[]>
  /** Those who have a role; accounts that wait to be deleted are left out. Oldest first. */
  withRole(
    organizationId: string,
    role: string,
    most: number,
  ): Promise<{ accountId: string; username: string }[]>
  /** Those who may sign in and have one of these roles, the oldest first. */
  addresses(
    organizationId: string,
    roles: readonly string[],
    most: number,
  ): Promise<{ accountId: string; email: string | null; roles: string }[]>
  /** How many there are, counted up to `most`. */
  count(organizationId: string, most: number): Promise<number>
  /** The membership of an account in an organization, by its ID or short name: one statement. */
  membership(accountId: string, idOrSlug: string): Promise<MembershipRow | undefined>
  /** The memberships of an account, by the short names: one statement. */
  memberships(accountId: string, most: number): Promise<MembershipRow[]>
}

const memberColumns = columnsOf<MemberRow>(
  {
    accountId: 'plain',
    username: 'plain',
    email: 'plain',
    roles: 'plain',
    administrator: 'boolean',
    createdAt: 'time',
  },
  {
    table: 'm',
    others: { username: 'a.display_username', email: 'a.email', administrator: "(a.role <> 'user')" },
  },
)
const MEMBERS = 'FROM organization_members m JOIN accounts a ON a.id = m.account_id'

/** Roles are stored separated by spaces: one is found at the beginning, at the end, between, or alone. */
export const havingRole = (role: string) => [
  { roles: role },
  { roles: { startsWith: `${role} ` } },
  { roles: { endsWith: ` ${role}` } },
  { roles: { contains: ` ${role} ` } },
]

const OF_ACCOUNT = `SELECT o.id, o.name, o.slug, o.second_factor_required, o.session_max_age, o.disabled, o.version,
  o.created_at, m.roles FROM organization_members m JOIN organizations o ON o.id = m.organization_id
  WHERE m.account_id = ? AND o.removed_at IS NULL`
const ONE = `${OF_ACCOUNT} AND (o.id = ? OR o.slug = ?) LIMIT 1`
const ALL = `${OF_ACCOUNT} ORDER BY o.slug LIMIT ?`

type Joined = Omit<MembershipRow, 'createdAt' | 'second_factor_required' | 'disabled'> & {
  second_factor_required: number | boolean
  disabled: number | boolean
  created_at: string
}

const membershipOf = ({ created_at: createdAt, ...row }: Joined): MembershipRow => ({
  ...row,
  second_factor_required: Boolean(row.second_factor_required),
  disabled: Boolean(row.disabled),
  createdAt: new Date(createdAt),
})

export function createMemberStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): MemberStore {
  const table = prisma.organizationMember
  return {
    async add(organizationId, accountId, roles, createdAt) {
      try {
        await table.create({ data: { organizationId, accountId, roles, createdAt } })
        return 'added'
      } catch (error) {
        if (isMissingReference(error)) return 'missing'
        if (isUniqueViolation(error)) return 'present'
        throw error
      }
    },

    async setRoles(organizationId, accountId, before, after) {
      const where = { organizationId, accountId, roles: before }
      return (await table.updateMany({ where, data: { roles: after } })).count > 0
    },

    async remove(organizationId, accountId) {
      return (await table.deleteMany({ where: { organizationId, accountId } })).count > 0
    },

    async list(organizationId, limit, after) {
      const conditions = [
        { text: 'm.organization_id = ?', values: [organizationId] },
        ...olderThan(reads.dialect, after, { time: 'm.created_at', id: 'm.account_id' }),
      ]
      return memberColumns.all(
        reads,
        `${MEMBERS}${whereOf(conditions)} ORDER BY m.created_at DESC, m.account_id DESC LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
    },

    async find(organizationId, accountId) {
      return memberColumns.get(
        reads,
        `${MEMBERS} JOIN organizations o ON o.id = m.organization_id AND o.removed_at IS NULL
         WHERE m.account_id = ? AND m.organization_id = ?`,
        [accountId, organizationId],
      )
    },

    some: (organizationId, accountIds) =>
      table.findMany({
        where: { organizationId, accountId: { in: [...accountIds] } },
        select: { accountId: true, roles: true },
      }),

    async withRole(organizationId, role, take) {
      const rows = await table.findMany({
        where: { organizationId, OR: havingRole(role), account: { deletionAt: null } },
        orderBy: [{ createdAt: 'asc' }, { accountId: 'asc' }],
        select: { accountId: true, account: { select: { displayUsername: true } } },
        take,
      })
      return rows.map(({ accountId, account }) => ({ accountId, username: account.displayUsername }))
    },

    async addresses(organizationId, roles, take) {
      const account = { deletionAt: null, disabledAt: null, email: { not: null } }
      const rows = await table.findMany({
        where: { organizationId, OR: roles.flatMap(havingRole), account },
        orderBy: [{ createdAt: 'asc' }, { accountId: 'asc' }],
        select: { accountId: true, roles: true, account: { select: { email: true } } },
        take,
      })
      return rows.map(({ account: { email }, ...row }) => ({ ...row, email }))
    },

    async count(organizationId, most) {
      const row = await reads.get<{ count: number | bigint }>(
        'SELECT COUNT(*) AS count FROM (SELECT 1 FROM organization_members WHERE organization_id = ? LIMIT ?) AS counted',
        [organizationId, most],
      )
      return Number(row?.count ?? 0)
    },

    async membership(accountId, idOrSlug) {
      const row = await reads.get<Joined>(ONE, [accountId, idOrSlug, idOrSlug])
      return row && membershipOf(row)
    },

    memberships: async (accountId, most) =>
      (await reads.all<Joined>(ALL, [accountId, most])).map(membershipOf),
  }
}
