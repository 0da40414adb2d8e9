import type { Position } from '../../shared/paging.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import { afterPosition } from '../page.ts'

export interface ResourceRow {
  /** The resource indicator. */
  id: string
  name: string
  scope: string
  accessTokenTtl: number | null
  tokens: 'jwt' | 'opaque'
  /** Space-separated; may be empty. */
  defaultScopes: string
  /** JSON by scope (scope-descriptions.ts). */
  scopeDescriptions: string
  scopesByRole: boolean
  /** Space-separated; may be empty. */
  tokenClaims: string
  createdAt: Date
}

/** What can be changed of it. */
type ResourceContent = Omit<ResourceRow, 'id' | 'createdAt'>

interface FoundRow {
  name: string
  scope: string
  access_token_ttl: number | null
  tokens: string
  default_scopes: string
  scope_descriptions: string
  scopes_by_role: boolean | number
  token_claims: string
}

const COLUMNS =
  'name, scope, access_token_ttl, tokens, default_scopes, scope_descriptions, scopes_by_role, token_claims'

const contentOf = (row: FoundRow): ResourceContent => ({
  name: row.name,
  scope: row.scope,
  accessTokenTtl: row.access_token_ttl,
  tokens: tokenFormat(row.tokens),
  defaultScopes: row.default_scopes,
  scopeDescriptions: row.scope_descriptions,
  scopesByRole: Boolean(row.scopes_by_role),
  tokenClaims: row.token_claims,
})

/** A row as Prisma reads it. */
export const resourceRow = <Row extends { tokens: string }>(row: Row) => ({
  ...row,
  tokens: tokenFormat(row.tokens),
})

/** What is stored is one of two words. */
const tokenFormat = (tokens: string): ResourceContent['tokens'] => (tokens === 'opaque' ? 'opaque' : 'jwt')

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

    /** @param from what it has to be at that moment. False: it is not, or there is none. */
    async update(id: string, row: ResourceContent, updatedAt: Date, from?: ResourceContent) {
      const { count } = await prisma.resource.updateMany({
        where: { id, ...from },
        data: { ...row, updatedAt },
      })
      return count > 0
    },

    async list(limit: number, after: Position | undefined): Promise<ResourceRow[]> {
      const rows = await prisma.resource.findMany({
        where: afterPosition(after) ?? {},
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      })
      return rows.map(resourceRow)
    },

    /** The newest with a text in identifier or name, upper and lower case as the engine knows them: SQLite in ASCII. */
    async search(text: string, limit: number): Promise<{ id: string; name: string }[]> {
      const pattern = `%${text.replace(/[%_!]/g, '!$&')}%`
      return reads.all<{ id: string; name: string }>(
        `SELECT id, name FROM resources WHERE LOWER(name) LIKE LOWER(?) ESCAPE '!' OR LOWER(id) LIKE LOWER(?) ESCAPE '!'
         ORDER BY created_at DESC, id DESC LIMIT ?`,
        [pattern, pattern, limit],
      )
    },

    async find(id: string): Promise<ResourceContent | undefined> {
      const row = await reads.get<FoundRow>(`SELECT ${COLUMNS} FROM resources WHERE id = ?`, [id])
      return row && contentOf(row)
    },

    /** LIKE would ignore case on SQLite. */
    async findByScope(scope: string, most: number): Promise<(ResourceContent & Pick<ResourceRow, 'id'>)[]> {
      const rows = await reads.all<FoundRow & { id: string }>(
        `SELECT id, ${COLUMNS} FROM resources
         WHERE REPLACE(' ' || scope || ' ', ' ' || CAST(? AS TEXT) || ' ', '') <> ' ' || scope || ' '
         ORDER BY id LIMIT ?`,
        [scope, most],
      )
      return rows.map((row) => ({ id: row.id, ...contentOf(row) }))
    },

    /** The longest lifetime that one has of its own, in seconds; null: none has. */
    async longestTtl(): Promise<number | null> {
      const row = await reads.get<{ most: number | null }>(
        'SELECT MAX(access_token_ttl) AS most FROM resources',
      )
      return row?.most ?? null
    },

    /** @param from what is meant; undefined: however it is */
    async remove(id: string, from?: ResourceContent): Promise<boolean> {
      const { count } = await prisma.resource.deleteMany({ where: { id, ...from } })
      return count > 0
    },
  }
}
