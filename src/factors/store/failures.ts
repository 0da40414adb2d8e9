import type { Database } from '../../storage/database.ts'
import { isMissingReference } from '../../storage/driver-errors.ts'
import { sqlTime } from '../../storage/sql.ts'

/** Codes that were tried and not right, for an account and a kind of code, within a window. */
export interface FailureStore {
  /**
   * Counts one more, by one statement, unless `most` were counted in the window that runs; a new window begins with the
   * first after it. Undefined: the account is gone.
   * @param options.mac of the code: the one that was right last is not counted again
   * @returns how many were counted with this one, and when the window ends; `failures` is undefined when none was left;
   * `counted` is false of a code that was right before
   */
  reserve(options: {
    accountId: string
    kind: string
    now: Date
    windowEndsAt: Date
    most: number
    mac?: string | undefined
  }): Promise<{ failures: number | undefined; windowEndsAt: Date; counted: boolean } | undefined>
  /** The counts of some kinds whose window runs. */
  running(
    accountId: string,
    kinds: readonly string[],
    now: Date,
  ): Promise<{ kind: string; failures: number; windowEndsAt: Date }[]>
  /** Takes one back: it could not be checked. */
  giveBack(accountId: string, kind: string): Promise<void>
  clear(accountId: string, kind: string): Promise<void>
  /** A code was right: nothing is counted any more, and it is not either, sent once more. */
  used(accountId: string, kind: string, mac: string): Promise<void>
  /** Whether a code is the one that was right last. */
  wasUsed(accountId: string, kind: string, mac: string): Promise<boolean>
  /** Deletes up to `limit` counts whose window is over. Returns how many. */
  deleteEnded(options: { before: Date; limit: number }): Promise<number>
}

export function createFailureStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): FailureStore {
  return {
    async reserve({ accountId, kind, now, windowEndsAt, most, mac = null }) {
      try {
        const [row] = await prisma.$queryRaw<
          { failures: number; used_mac: string | null }[]
        >`INSERT INTO factor_failures
          (account_id, kind, failures, window_ends_at) VALUES (${accountId}, ${kind}, 1, ${windowEndsAt})
          ON CONFLICT (account_id, kind) DO UPDATE SET
            failures = CASE WHEN factor_failures.window_ends_at <= ${now} THEN 1
              WHEN factor_failures.used_mac = ${mac} THEN factor_failures.failures
              ELSE factor_failures.failures + 1 END,
            used_mac = CASE WHEN factor_failures.window_ends_at <= ${now} THEN NULL ELSE factor_failures.used_mac END,
            window_ends_at = CASE WHEN factor_failures.window_ends_at <= ${now} THEN excluded.window_ends_at
              ELSE factor_failures.window_ends_at END
          WHERE factor_failures.window_ends_at <= ${now} OR factor_failures.failures < ${most}
          RETURNING failures, used_mac`
        const counted = await prisma.factorFailures.findUnique({
          where: { accountId_kind: { accountId, kind } },
          select: { windowEndsAt: true },
        })
        // It may be cleared by a right code at this moment.
        return {
          failures: row?.failures,
          windowEndsAt: counted?.windowEndsAt ?? windowEndsAt,
          counted: row !== undefined && (mac === null || row.used_mac !== mac),
        }
      } catch (error) {
        if (isMissingReference(error)) return undefined
        throw error
      }
    },

    running: (accountId, kinds, now) =>
      prisma.factorFailures.findMany({
        where: { accountId, kind: { in: [...kinds] }, windowEndsAt: { gt: now } },
      }),

    async giveBack(accountId, kind) {
      await prisma.factorFailures.updateMany({
        where: { accountId, kind, failures: { gt: 0 } },
        data: { failures: { decrement: 1 } },
      })
    },

    async clear(accountId, kind) {
      await prisma.factorFailures.deleteMany({ where: { accountId, kind } })
    },

    async used(accountId, kind, usedMac) {
      await prisma.factorFailures.updateMany({ where: { accountId, kind }, data: { failures: 0, usedMac } })
    },

    async wasUsed(accountId, kind, usedMac) {
      return (await prisma.factorFailures.count({ where: { accountId, kind, usedMac } })) > 0
    },

    async deleteEnded({ before, limit }) {
      const rows = await reads.all<{ accountId: string; kind: string }>(
        `SELECT account_id AS "accountId", kind FROM factor_failures
         WHERE window_ends_at < ? ORDER BY window_ends_at LIMIT ?`,
        [sqlTime(before), limit],
      )
      if (rows.length === 0) return 0
      const { count } = await prisma.factorFailures.deleteMany({
        where: { OR: rows, windowEndsAt: { lt: before } },
      })
      return count
    },
  }
}
