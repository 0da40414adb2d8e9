import { type Sql, sqlTime } from './sql.ts'

/**
 * Whether a job has anything to do: a row whose time is past. A job asks this first, since what it deletes by needs Prisma, which a server that is idle
 * does not load.
 * @param table, column never from outside; an index begins with the column @param before a time, or a day as text
 */
export async function hasBefore(
  reads: Pick<Sql, 'get'>,
  table: string,
  column: string,
  before: Date | string,
): Promise<boolean> {
  const time = typeof before === 'string' ? before : sqlTime(before)
  const row = await reads.get(`SELECT 1 AS one FROM ${table} WHERE ${column} < ? LIMIT 1`, [time])
  return row !== undefined
}
