import { BoundedMap } from '../../shared/bounded-map.ts'
import type { Clock } from '../../shared/clock.ts'

/** What became of one more request under a key. */
export interface Taken {
  allowed: boolean
  /** How many are counted, this one included when it was allowed. */
  count: number
  /** Milliseconds until the count starts again. */
  left: number
  /** Which count it was added to: `giveBack` takes it off that one, and off no later one. */
  window: string
}

/** Counts that start again after a while, by key. */
export interface Counters {
  /** Adds one, unless there are `max` already. @param window seconds that a count lasts */
  take(key: string, rule: { max: number; window: number }): Promise<Taken>
  /** Takes off one that was added. */
  giveBack(key: string, window: string): Promise<void>
}

/** In this process. @param most keys that are remembered; who came least lately goes first */
export function createLocalCounters(clock: Clock, most = 50_000): Counters {
  const counts = new BoundedMap<string, { count: number; until: number; window: string }>(most)
  let windows = 0
  return {
    async take(key, { max, window }) {
      const now = clock()
      const known = counts.get(key)
      const entry =
        known !== undefined && known.until > now
          ? known
          : { count: 0, until: now + window * 1000, window: String(++windows) }
      counts.set(key, entry)
      const allowed = entry.count < max
      if (allowed) entry.count++
      return { allowed, count: entry.count, left: entry.until - now, window: entry.window }
    },
    async giveBack(key, window) {
      const entry = counts.get(key)
      if (entry?.window === window && entry.count > 0) entry.count--
    },
  }
}

/**
 * Counts for all processes, beside the count of this one. What this process alone has counted too often is refused
 * without asking; when the shared count cannot be reached, the one of this process goes on.
 * @param log has the first failure, and the first after it worked again
 */
export function createSharedCounters(
  local: Counters,
  shared: Counters,
  log: { warn(fields: object, message: string): void },
): Counters {
  let working = true
  const report = (err: unknown): void => {
    if (working)
      log.warn({ err }, 'rate limits are counted by this process alone until they can be shared again')
    working = false
  }
  return {
    async take(key, rule) {
      const own = await local.take(key, rule)
      if (!own.allowed) return own
      try {
        const all = await shared.take(key, rule)
        working = true
        if (!all.allowed) await local.giveBack(key, own.window)
        return { ...all, window: JSON.stringify([own.window, all.window]) }
      } catch (error) {
        report(error)
        return { ...own, window: JSON.stringify([own.window]) }
      }
    },
    async giveBack(key, window) {
      const [own = '', all] = JSON.parse(window) as [string, string?]
      await local.giveBack(key, own)
      if (all !== undefined) await shared.giveBack(key, all).catch(report)
    },
  }
}
