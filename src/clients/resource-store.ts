import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/unique-violation.ts'
import { afterPosition, type Position } from './page.ts'

export interface ResourceRow {
  /** The resource indicator. */
  id: string
  name: string
  scope: string
  accessTokenTtl: number | null
  createdAt: Date
}

interface FoundRow {
  name: string
  scope: string
  access_token_ttl: number | null
}

/** Resources in the database. Nothing is remembered between calls: another process may edit. */
export function createResourceStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
  return {
    /** False: the identifier is taken. */
    async insert(row: ResourceRow): Promise<boolean> {
      try {
        await prisma.resource.create({ data: row })
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    /** False: there is none. */
    async update(id: string, row: Pick<ResourceRow, 'name' | 'scope' | 'accessTokenTtl'>, updatedAt: Date) {
      const { count } = await prisma.resource.updateMany({ where: { id }, data: { ...row, updatedAt } })
      return count > 0
    },

    list: (limit: number, after: Position | undefined): Promise<ResourceRow[]> =>
      prisma.resource.findMany({
        where: afterPosition(after) ?? {},
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),

    async find(id: string): Promise<Pick<ResourceRow, 'name' | 'scope' | 'accessTokenTtl'> | undefined> {
      const row = await reads.get<FoundRow>(
        'SELECT name, scope, access_token_ttl FROM resources WHERE id = ?',
        [id],
      )
      return row && { name: row.name, scope: row.scope, accessTokenTtl: row.access_token_ttl }
    },

    /** At most two: enough to tell “exactly one” from “several”. LIKE would ignore case on SQLite. */
    async findByScope(
      scope: string,
    ): Promise<Pick<ResourceRow, 'id' | 'name' | 'scope' | 'accessTokenTtl'>[]> {
      const rows = await reads.all<FoundRow & { id: string }>(
        `SELECT id, name, scope, access_token_ttl FROM resources
         WHERE REPLACE(' ' || scope || ' ', ' ' || CAST(? AS TEXT) || ' ', '') <> ' ' || scope || ' '
         ORDER BY id LIMIT 2`,
        [scope],
      )
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        scope: row.scope,
        accessTokenTtl: row.access_token_ttl,
      }))
    },

    async remove(id: string): Promise<boolean> {
      const { count } = await prisma.resource.deleteMany({ where: { id } })
      return count > 0
    },
  }
}
