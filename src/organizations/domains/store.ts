import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { hasBefore } from '../../storage/due.ts'
import { kept } from '../../storage/removals.ts'
import { amongTexts, sqlTime } from '../../storage/sql.ts'

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

const KINDS = {
  organizationId: 'plain',
  domain: 'plain',
  token: 'plain',
  verifiedAt: 'time',
  checkedAt: 'time',
  missingSince: 'time',
  createdAt: 'time',
} as const

const domainColumns = columnsOf<DomainRow>(KINDS, { table: 'd' })
const namedColumns = columnsOf<DomainRow & { name: string }>(
  { ...KINDS, name: 'plain' },
  { table: 'd', others: { name: 'o.name' } },
)

/** Those of organizations that were not removed. */
const OF_KEPT =
  'FROM organization_domains d JOIN organizations o ON o.id = d.organization_id AND o.removed_at IS NULL'

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

    list: (organizationIds, most) =>
      domainColumns.all(
        reads,
        `FROM organization_domains d WHERE organization_id ${amongTexts[reads.dialect]}
         ORDER BY organization_id, domain LIMIT ?`,
        [JSON.stringify(organizationIds), most],
      ),

    async find(organizationId, domain) {
      return domainColumns.get(reads, `${OF_KEPT} WHERE d.organization_id = ? AND d.domain = ?`, [
        organizationId,
        domain,
      ])
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

    async due(before, most) {
      if (!(await hasBefore(reads, 'organization_domains', 'checked_at', before))) return []
      return namedColumns.all(
        reads,
        `${OF_KEPT} WHERE d.checked_at < ? AND d.verified IS NOT NULL ORDER BY d.checked_at LIMIT ?`,
        [sqlTime(before), most],
      )
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
