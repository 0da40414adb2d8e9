import type { Position } from '../../shared/paging.ts'
import { columnsOf, mapped } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import { olderThan, valuesOf, whereOf } from '../../storage/keyset.ts'

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

type Stored<Row> = Omit<Row, 'tokens'> & { tokens: string }

/** What is stored is one of two words. */
const tokenFormat = (tokens: string): ResourceContent['tokens'] => (tokens === 'opaque' ? 'opaque' : 'jwt')

const CONTENT = {
  name: 'plain',
  scope: 'plain',
  accessTokenTtl: 'plain',
  tokens: 'plain',
  defaultScopes: 'plain',
  scopeDescriptions: 'plain',
  scopesByRole: 'boolean',
  tokenClaims: 'plain',
} as const

const withFormat = <Row extends { tokens: string }>(row: Row) => ({ ...row, tokens: tokenFormat(row.tokens) })

const contentColumns = mapped(columnsOf<Stored<ResourceContent>>(CONTENT), withFormat)

/** Of the table `resources`. */
export const resourceColumns = mapped(
  columnsOf<Stored<ResourceRow>>({ id: 'plain', ...CONTENT, createdAt: 'time' }),
  withFormat,
)

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
      const conditions = olderThan(reads.dialect, after)
      return resourceColumns.all(
        reads,
        `FROM resources${whereOf(conditions)} ORDER BY created_at DESC, id DESC LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
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

    find: (id: string): Promise<ResourceContent | undefined> =>
      contentColumns.get(reads, 'FROM resources WHERE id = ?', [id]),

    /** LIKE would ignore case on SQLite. */
    findByScope: (scope: string, most: number): Promise<ResourceRow[]> =>
      resourceColumns.all(
        reads,
        `FROM resources
         WHERE REPLACE(' ' || scope || ' ', ' ' || CAST(? AS TEXT) || ' ', '') <> ' ' || scope || ' '
         ORDER BY id LIMIT ?`,
        [scope, most],
      ),

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
