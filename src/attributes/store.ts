import type { Clock } from '../shared/clock.ts'
import type { Database } from '../storage/database.ts'

/** Accounts that are changed by one statement: a million may have a value, and other requests wait for it on SQLite. */
const BATCH = 500
const MAX_COUNT = 1001

/** What people have of an attribute, over all accounts. The table is written by triggers on accounts. */
export interface AttributeStore {
  /** How many people have a value, counted up to a thousand and one. */
  count(name: string): Promise<number>
  /** Whether anybody has a value. */
  has(name: string): Promise<boolean>
  /** Takes the attribute from some people. Returns how many; 0: nobody has a value. */
  erase(name: string): Promise<number>
}

export function createAttributeStore(
  { prisma, reads }: Pick<Database, 'prisma' | 'reads'>,
  clock: Clock,
): AttributeStore {
  const some = 'SELECT DISTINCT account_id FROM account_attributes WHERE attribute = ? LIMIT ?'
  const taken =
    reads.dialect === 'sqlite'
      ? `UPDATE accounts SET attributes = NULLIF(json_remove(attributes, '$."' || ? || '"'), '{}'), updated_at = ?
          WHERE id IN (SELECT value FROM json_each(?))`
      : `UPDATE accounts SET attributes = NULLIF((attributes::jsonb - $1::text)::text, '{}'), updated_at = $2
          WHERE id = ANY(ARRAY(SELECT json_array_elements_text(CAST($3 AS json))))`
  return {
    async count(name) {
      const row = await reads.get<{ count: number | bigint }>(
        `SELECT COUNT(*) AS count FROM (${some}) AS counted`,
        [name, MAX_COUNT],
      )
      return Number(row?.count ?? 0)
    },

    async has(name) {
      return (await reads.all(some, [name, 1])).length > 0
    },

    async erase(name) {
      const rows = await reads.all<{ account_id: string }>(some, [name, BATCH])
      if (rows.length === 0) return 0
      const ids = JSON.stringify(rows.map(({ account_id }) => account_id))
      // Who reads an account for a change of it has to see that it was changed.
      await prisma.$executeRawUnsafe(taken, name, new Date(clock()), ids)
      return rows.length
    },
  }
}
