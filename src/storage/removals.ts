import { isUniqueViolation } from './driver-errors.ts'
import { type Sql, sqlTime } from './sql.ts'

/** Rows that are deleted by one statement: a group or an organization may have a million members, and other requests wait for it on SQLite. */
const BATCH = 500

/** What `WHERE` finds of groups, roles and organizations that were not removed. */
export const kept = { removedAt: null } as const

/**
 * A group, role or organization that is removed counts for nothing from the statement on that says so. What hangs on it is deleted by batches: some at once,
 * the rest by a job, after a restart too.
 *
 *   mark ─► for every reader it is gone, and its name is free ─► run, run, … ─► the row is deleted
 */
export interface Removals {
  /** @param version the one that is meant; undefined: any @returns true: it was marked by this call */
  mark(id: string, at: Date, version?: number): Promise<boolean>
  /** Deletes a batch of what hangs on removed ones, or one of them on which nothing hangs. Returns how many rows; 0: nothing is left. */
  run(): Promise<number>
  /**
   * Runs batches for a quarter of a second, other requests in between. A failure is left to the job with the rest: what was asked for, the
   * mark, is done.
   */
  begin(): Promise<void>
}

/** What a removed group, role or organization has instead of its key: keys and short names are in lower case, so that none is like it. */
const keyOfRemoved = (id: string): string => `REMOVED ${id}`

/** Milliseconds that the request waits which removes. */
const PATIENCE = 250

/**
 * @param rows.mark says of what `where` finds that it is removed; how many it changed
 * @param rows.removed the id of one that is removed @param rows.accounts some whose rows hang on it @param rows.drop deletes those
 * @param rows.end deletes it
 */
export function createRemovals(rows: {
  mark(
    where: { id: string; removedAt: null; version?: number },
    data: { removedAt: Date; nameKey: string },
  ): Promise<{ count: number }>
  removed(): Promise<{ id: string } | undefined>
  accounts(id: string, take: number): Promise<{ accountId: string }[]>
  drop(id: string, accountIds: string[]): Promise<{ count: number }>
  end(id: string): Promise<{ count: number }>
}): Removals {
  async function run(): Promise<number> {
    const removed = await rows.removed()
    if (removed === undefined) return 0
    const { id } = removed
    const some = await rows.accounts(id, BATCH)
    if (some.length === 0) return (await rows.end(id)).count
    const accountIds = some.map(({ accountId }) => accountId)
    return (await rows.drop(id, accountIds)).count
  }
  return {
    async mark(id, removedAt, version) {
      const where = { id, ...kept, ...(version !== undefined && { version }) }
      return (await rows.mark(where, { removedAt, nameKey: keyOfRemoved(id) })).count > 0
    },
    run,
    async begin() {
      const until = performance.now() + PATIENCE
      try {
        while ((await run()) > 0 && performance.now() < until)
          await new Promise((resolve) => setImmediate(resolve))
      } catch {
        // The job meets it again, and reports it.
      }
    },
  }
}

/** One that is removed, of a table that has `removed_at`, by a prepared statement: the job asks it of servers that are idle too. */
export const removedOf = (reads: Pick<Sql, 'get'>, table: 'groups' | 'roles' | 'organizations') =>
  reads.get<{ id: string }>(`SELECT id FROM ${table} WHERE removed_at > ? LIMIT 1`, [sqlTime(0)])

/** What a write that may meet a name in use gives: the first row, `taken`, or undefined where no row is left to change. */
export async function unlessTaken<Row>(write: Promise<Row[]>): Promise<Row | 'taken' | undefined> {
  try {
    return (await write)[0]
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}
