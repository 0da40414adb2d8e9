import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { hasBefore } from '../../storage/due.ts'
import { kept } from '../../storage/removals.ts'

export interface DomainRow {
  organizationId: string
  domain: string
  token: string
  verifiedAt: Date | null
  checkedAt: Date | null
  missingSince: Date | null
  createdAt: Date
}

export interface DomainStore {
  /** `present`: the organization has it. `missing`: the organization is gone. */
  insert(
    row: Pick<DomainRow, 'organizationId' | 'domain' | 'token' | 'createdAt'>,
  ): Promise<'inserted' | 'present' | 'missing'>
  /** By name. @param most how many there may be */
  list(organizationIds: readonly string[], most: number): Promise<DomainRow[]>
  find(organizationId: string, domain: string): Promise<DomainRow | undefined>
  /** `taken`: another organization has it. `gone`: it was removed. `verified`: by this call; `known`: it was before. */
  verify(organizationId: string, domain: string, at: Date): Promise<'verified' | 'known' | 'taken' | 'gone'>
  /** DNS was asked. @param changes.missing since when the record is missing, unless it is said already; null: it is there */
  checked(organizationId: string, domain: string, at: Date, changes: { missing?: Date | null }): Promise<void>
  /** Takes what was verified to be looked at again, if nobody else did since it was read. */
  take(row: DomainRow, at: Date): Promise<boolean>
  /** Verified ones that DNS was not asked for since, the oldest first. */
  due(before: Date, most: number): Promise<(DomainRow & { name: string })[]>
  /** It is verified no more, unless its record has come back. */
  lose(organizationId: string, domain: string): Promise<boolean>
  remove(organizationId: string, domain: string): Promise<boolean>
}

const SHOWN = {
  organizationId: true,
  domain: true,
  token: true,
  verifiedAt: true,
  checkedAt: true,
  missingSince: true,
  createdAt: true,
} as const

export function createDomainStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): DomainStore {
  const table = prisma.organizationDomain
  return {
    async insert(row) {
      try {
        await table.create({ data: row })
        return 'inserted'
      } catch (error) {
        if (isMissingReference(error)) return 'missing'
        if (isUniqueViolation(error)) return 'present'
        throw error
      }
    },

    list: (organizationIds, take) =>
      table.findMany({
        where: { organizationId: { in: [...organizationIds] } },
        orderBy: [{ organizationId: 'asc' }, { domain: 'asc' }],
        select: SHOWN,
        take,
      }),

    async find(organizationId, domain) {
      const where = { organizationId_domain: { organizationId, domain }, organization: kept }
      return (await table.findUnique({ where, select: SHOWN })) ?? undefined
    },

    async verify(organizationId, domain, at) {
      const where = { organizationId, domain }
      try {
        const data = { verified: domain, verifiedAt: at, checkedAt: at, missingSince: null }
        const { count } = await table.updateMany({
          where: { ...where, verified: null, organization: kept },
          data,
        })
        if (count > 0) return 'verified'
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken'
        throw error
      }
      const data = { checkedAt: at, missingSince: null }
      return (await table.updateMany({ where: { ...where, organization: kept }, data })).count > 0
        ? 'known'
        : 'gone'
    },

    async checked(organizationId, domain, at, { missing }) {
      const where = { organizationId, domain }
      await table.updateMany({
        where,
        data: { checkedAt: at, ...(missing === null && { missingSince: null }) },
      })
      if (missing)
        await table.updateMany({
          where: { ...where, verified: { not: null }, missingSince: null },
          data: { missingSince: missing },
        })
    },

    async take({ organizationId, domain, checkedAt }, at) {
      const where = { organizationId, domain, checkedAt, verified: { not: null } }
      return (await table.updateMany({ where, data: { checkedAt: at } })).count > 0
    },

    async due(before, take) {
      if (!(await hasBefore(reads, 'organization_domains', 'checked_at', before))) return []
      const rows = await table.findMany({
        where: { checkedAt: { lt: before }, verified: { not: null }, organization: kept },
        orderBy: { checkedAt: 'asc' },
        select: { ...SHOWN, organization: { select: { name: true } } },
        take,
      })
      return rows.map(({ organization: { name }, ...row }) => ({ ...row, name }))
    },

    async lose(organizationId, domain) {
      const where = { organizationId, domain, verified: { not: null }, missingSince: { not: null } }
      const data = { verified: null, verifiedAt: null, missingSince: null }
      return (await table.updateMany({ where, data })).count > 0
    },

    remove: async (organizationId, domain) =>
      (await table.deleteMany({ where: { organizationId, domain } })).count > 0,
  }
}
