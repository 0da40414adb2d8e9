import { columnsOf, mapped } from '../storage/columns.ts'
import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'
import { contains } from '../storage/keyset.ts'
import { createRemovals, kept, type Removals, removedOf, unlessTaken } from '../storage/removals.ts'
import { amongTexts } from '../storage/sql.ts'
import type { OrganizationContent } from './fields.ts'

export interface OrganizationRow extends OrganizationContent {
  id: string
  nameKey: string
  version: number
  createdAt: Date
}

/** Organizations in the database. */
export interface OrganizationStore {
  /** False: the short name is taken. */
  insert(row: OrganizationRow): Promise<boolean>
  find(id: string): Promise<OrganizationRow | undefined>
  findBySlug(slug: string): Promise<OrganizationRow | undefined>
  /** By short name. @param after the one behind which the page begins @param search what the name or the short name contains */
  list(
    limit: number,
    after: string | undefined,
    search: string | undefined,
    only?: string,
  ): Promise<OrganizationRow[]>
  /** @param version the one that is changed; undefined comes back when it is another by now */
  update(
    id: string,
    version: number,
    changes: OrganizationContent & { nameKey: string },
  ): Promise<OrganizationRow | 'taken' | undefined>
  removals: Removals
  /** What some are called, in one statement; those that are gone are left out. */
  names(ids: readonly string[]): Promise<{ id: string; name: string; slug: string }[]>
  /** Whether an administrator or auditor is a member. */
  hasAdministrator(id: string): Promise<boolean>
  /** Whether one that a person is a member of lets nobody sign in as them, disabled ones too: one statement. */
  forbidsImpersonation(accountId: string): Promise<boolean>
}

interface Columns {
  id: string
  name: string
  slug: string
  nameKey: string
  secondFactorRequired: boolean
  sessionMaxAge: number | null
  providerRequired: boolean
  providerJoin: boolean
  providerRoles: string
  impersonationForbidden: boolean
  disabled: boolean
  version: number
  createdAt: Date
}

const namesIn = (stored: string): string[] => stored.split(' ').filter(Boolean)

const rowOf = ({
  secondFactorRequired,
  sessionMaxAge,
  providerRequired,
  providerJoin,
  providerRoles,
  impersonationForbidden,
  ...row
}: Columns): OrganizationRow => ({
  ...row,
  provider_required: providerRequired,
  provider_join: providerJoin,
  provider_roles: namesIn(providerRoles),
  impersonation_forbidden: impersonationForbidden,
  second_factor_required: secondFactorRequired,
  session_max_age: sessionMaxAge,
})

const columns = columnsOf<Columns>({
  id: 'plain',
  name: 'plain',
  slug: 'plain',
  nameKey: 'plain',
  secondFactorRequired: 'boolean',
  sessionMaxAge: 'plain',
  providerRequired: 'boolean',
  providerJoin: 'boolean',
  providerRoles: 'plain',
  impersonationForbidden: 'boolean',
  disabled: 'boolean',
  version: 'plain',
  createdAt: 'time',
})

/** Of the table `organizations`. */
export const organizationColumns = mapped(columns, rowOf)

const storedOf = <Row extends OrganizationContent>({
  second_factor_required: secondFactorRequired,
  session_max_age: sessionMaxAge,
  provider_required: providerRequired,
  provider_join: providerJoin,
  provider_roles: roles,
  impersonation_forbidden: impersonationForbidden,
  ...row
}: Row) => ({
  ...row,
  ...{ secondFactorRequired, sessionMaxAge, providerRequired, providerJoin, providerRoles: roles.join(' ') },
  impersonationForbidden,
})

/** Begins with those who administer: they are few, and members may be many. */
const ADMINISTRATOR = `SELECT 1 AS found FROM accounts a WHERE a.role <> 'user' AND EXISTS
  (SELECT 1 FROM organization_members m WHERE m.organization_id = ? AND m.account_id = a.id) LIMIT 1`

const FORBIDS_IMPERSONATION = `SELECT 1 AS found FROM organization_members m
  JOIN organizations o ON o.id = m.organization_id
  WHERE m.account_id = ? AND o.impersonation_forbidden = TRUE AND o.removed_at IS NULL LIMIT 1`

export function createOrganizationStore({
  prisma,
  reads,
}: Pick<Database, 'prisma' | 'reads'>): OrganizationStore {
  return {
    async insert(row) {
      try {
        await prisma.organization.create({ data: storedOf(row) })
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    async find(id) {
      return organizationColumns.get(reads, 'FROM organizations WHERE id = ? AND removed_at IS NULL', [id])
    },

    async findBySlug(slug) {
      return organizationColumns.get(reads, 'FROM organizations WHERE slug = ? AND removed_at IS NULL', [
        slug,
      ])
    },

    async list(limit, after, search, only) {
      const where = [
        'removed_at IS NULL',
        after !== undefined && 'slug > ?',
        search !== undefined && contains(['name_key', 'slug']),
        only !== undefined && 'id = ?',
      ].filter(Boolean)
      return organizationColumns.all(
        reads,
        `FROM organizations WHERE ${where.join(' AND ')} ORDER BY slug LIMIT ?`,
        [after, search, search, only, limit].filter((value) => value !== undefined),
      )
    },

    async update(id, version, changes) {
      const row = await unlessTaken(
        prisma.organization.updateManyAndReturn({
          where: { id, version, ...kept },
          data: { ...storedOf(changes), version: { increment: 1 } },
        }),
      )
      return row === 'taken' || row === undefined ? row : rowOf(row)
    },

    removals: createRemovals({
      async mark(where, { removedAt, nameKey: slug }) {
        const [marked] = await prisma.$transaction([
          prisma.organization.updateMany({ where, data: { removedAt, slug } }),
          // Another organization may have them from now on.
          prisma.organizationDomain.deleteMany({
            where: { organizationId: where.id, organization: { removedAt: { not: null } } },
          }),
        ])
        return marked
      },
      removed: () => removedOf(reads, 'organizations'),
      accounts: (organizationId, take) =>
        prisma.organizationMember.findMany({ where: { organizationId }, select: { accountId: true }, take }),
      drop: (organizationId, accountIds) =>
        prisma.organizationMember.deleteMany({ where: { organizationId, accountId: { in: accountIds } } }),
      end: (id) => prisma.organization.deleteMany({ where: { id, removedAt: { not: null } } }),
    }),

    forbidsImpersonation: async (accountId) =>
      (await reads.get(FORBIDS_IMPERSONATION, [accountId])) !== undefined,

    names: (ids) =>
      reads.all(
        `SELECT id, name, slug FROM organizations WHERE id ${amongTexts[reads.dialect]} AND removed_at IS NULL`,
        [JSON.stringify(ids)],
      ),

    hasAdministrator: async (id) => (await reads.get(ADMINISTRATOR, [id])) !== undefined,
  }
}
