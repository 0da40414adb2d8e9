import { isoDay } from '../shared/moment.ts'
import type { Database } from '../storage/database.ts'

const DAY = 86_400_000
/** The columns are 32 bits wide. */
const MOST = 2_147_483_647

/** The beginning of a day in UTC, some days before a moment in milliseconds since the epoch. */
const dayBefore = (time: number, days: number): Date => new Date((Math.floor(time / DAY) - days) * DAY)

/** One day's number. */
export interface DayCount {
  /** “2026-11-25”, UTC. */
  day: string
  count: number
}

export interface AuditCounts {
  /**
   * How many different accounts something was recorded of in the last days up to `now`, today included.
   * @param now milliseconds since the epoch @param until before the day of this moment; undefined: up to now
   */
  people(action: string, days: number, now: number, until?: number): Promise<number>
  /**
   * How often each was recorded in the days before the last days up to `now`: in as many.
   * @param now milliseconds since the epoch
   */
  before(actions: readonly string[], days: number, now: number): Promise<Map<string, number>>
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
    async people(action, days, now, until) {
      const from = await firstSeqFrom(dayBefore(now, days - 1))
      const to = until === undefined ? undefined : await firstSeqFrom(dayBefore(until, 0))
      const row = await reads.get<{ people: number }>(
        'SELECT COUNT(DISTINCT target_id) AS people FROM audit_entries WHERE action = ? AND seq >= ? AND seq < ?',
        [action, Math.min(from, MOST), Math.min(to ?? MOST, MOST)],
      )
      return row?.people ?? 0
    },

    async before(actions, days, now) {
      const [from = 0, to = 0] = await Promise.all([
        firstSeqFrom(dayBefore(now, 2 * days - 1)),
        firstSeqFrom(dayBefore(now, days - 1)),
      ])
      const counted = actions.map(async (action): Promise<[string, number]> => {
        const seq = { gte: Math.min(from, MOST), lt: Math.min(to, MOST) }
        return [action, from >= to ? 0 : await prisma.auditEntry.count({ where: { action, seq } })]
      })
      return new Map(await Promise.all(counted))
    },

    async byDay(actions, days, now) {
      const today = Math.floor(now / DAY) * DAY
      const starts = Array.from({ length: days + 1 }, (_, index) => today - (days - 1 - index) * DAY)
      const bounds = await Promise.all(starts.map((start) => firstSeqFrom(new Date(start))))
      const seqs = bounds.map((seq) => Math.min(seq, MOST))
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
