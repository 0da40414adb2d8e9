import { isoDay } from '../shared/moment.ts'
import type { Database } from '../storage/database.ts'

const DAY = 86_400_000

/** One day's number. */
export interface DayCount {
  /** “2026-11-25”, UTC. */
  day: string
  count: number
}

export interface AuditCounts {
  /**
   * How many different accounts something was recorded of in the last days up to `now`.
   * @param now milliseconds since the epoch
   */
  people(action: string, days: number, now: number): Promise<number>
  /**
   * The last days up to `now`, oldest first, by action.
   * @param now milliseconds since the epoch
   */
  byDay(actions: readonly string[], days: number, now: number): Promise<Map<string, DayCount[]>>
}

/**
 * How often actions were recorded, by day. Every count runs on the index of action and seq alone, between the first
 * entries of two days.
 */
export function createAuditCounts({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): AuditCounts {
  const firstSeqFrom = async (at: Date): Promise<number> => {
    const entry = await prisma.auditEntry.findFirst({
      where: { at: { gte: at } },
      orderBy: [{ at: 'asc' }, { seq: 'asc' }],
      select: { seq: true },
    })
    return entry?.seq ?? Number.MAX_SAFE_INTEGER
  }

  return {
    async people(action, days, now) {
      const from = await firstSeqFrom(new Date((Math.floor(now / DAY) - (days - 1)) * DAY))
      const row = await reads.get<{ people: number }>(
        'SELECT COUNT(DISTINCT target_id) AS people FROM audit_entries WHERE action = ? AND seq >= ?',
        [action, Math.min(from, 2_147_483_647)],
      )
      return row?.people ?? 0
    },

    async byDay(actions, days, now) {
      const today = Math.floor(now / DAY) * DAY
      const starts = Array.from({ length: days + 1 }, (_, index) => today - (days - 1 - index) * DAY)
      const bounds = await Promise.all(starts.map((start) => firstSeqFrom(new Date(start))))
      // The columns are 32 bits wide.
      const seqs = bounds.map((seq) => Math.min(seq, 2_147_483_647))
      const counted = actions.map(async (action): Promise<[string, DayCount[]]> => {
        const counts = starts.slice(0, -1).map(async (start, index) => {
          const [from = 0, to = 0] = seqs.slice(index, index + 2)
          const count =
            from >= to ? 0 : await prisma.auditEntry.count({ where: { action, seq: { gte: from, lt: to } } })
          return { day: isoDay(start), count }
        })
        return [action, await Promise.all(counts)]
      })
      return new Map(await Promise.all(counted))
    },
  }
}
