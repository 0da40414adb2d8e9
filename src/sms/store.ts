import type { Database } from '../storage/database.ts'
import { hasBefore } from '../storage/due.ts'

/** How many messages were sent under a key within a window. */
export interface SmsCountStore {
  /**
   * Counts one more, by one statement, unless `most` were counted in the window that runs; a new window begins with the first after it.
   * @returns undefined: it was counted; else when the window ends, in milliseconds since the epoch
   */
  reserve(options: { key: string; now: Date; windowEndsAt: Date; most: number }): Promise<number | undefined>
  /** Deletes up to `limit` counts whose window is over. Returns how many. */
  deleteEnded(options: { before: Date; limit: number }): Promise<number>
}

export function createSmsCountStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): SmsCountStore {
  return {
    async reserve({ key, now, windowEndsAt, most }) {
      const counted = await prisma.$queryRaw<unknown[]>`INSERT INTO sms_counts (key, sent, window_ends_at)
        VALUES (${key}, 1, ${windowEndsAt})
        ON CONFLICT (key) DO UPDATE SET
          sent = CASE WHEN sms_counts.window_ends_at <= ${now} THEN 1 ELSE sms_counts.sent + 1 END,
          window_ends_at = CASE WHEN sms_counts.window_ends_at <= ${now} THEN excluded.window_ends_at
            ELSE sms_counts.window_ends_at END
        WHERE sms_counts.window_ends_at <= ${now} OR sms_counts.sent < ${most}
        RETURNING sent`
      if (counted.length > 0) return undefined
      const row = await prisma.smsCount.findUnique({ where: { key }, select: { windowEndsAt: true } })
      return (row?.windowEndsAt ?? windowEndsAt).getTime()
    },

    async deleteEnded({ before, limit }) {
      if (!(await hasBefore(reads, 'sms_counts', 'window_ends_at', before))) return 0
      const rows = await prisma.smsCount.findMany({
        where: { windowEndsAt: { lt: before } },
        select: { key: true },
        orderBy: { windowEndsAt: 'asc' },
        take: limit,
      })
      if (rows.length === 0) return 0
      const { count } = await prisma.smsCount.deleteMany({
        where: { key: { in: rows.map(({ key }) => key) }, windowEndsAt: { lt: before } },
      })
      return count
    },
  }
}
