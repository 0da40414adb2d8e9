import type { Clock } from '../shared/clock.ts'

/** Rows a second on average, and at once. */
const PER_SECOND = 5
const BURST = 20
/** Rows a minute for one client at one endpoint. All clients that are not known count as one. */
const PER_MINUTE = 20
/** How many clients and endpoints are counted at once; beyond that all others share one count. */
const COUNTED = 2000

/**
 * Decides which rejections are kept. Anybody can have any number of requests refused; what that writes is bounded in all,
 * and no client at one endpoint can take up the room of the others.
 */
export function createAdmission(clock: Clock) {
  let tokens = BURST
  let filledAt = clock()
  let minute = 0
  let counts = new Map<string, number>()
  let dropped = 0

  function withinShare(clientId: string | undefined, endpoint: string): boolean {
    const now = Math.floor(clock() / 60_000)
    if (now !== minute) {
      minute = now
      counts = new Map()
    }
    const own = JSON.stringify([clientId ?? null, endpoint])
    const key = counts.has(own) || counts.size < COUNTED ? own : 'others'
    const count = counts.get(key) ?? 0
    if (count >= PER_MINUTE) return false
    counts.set(key, count + 1)
    return true
  }

  function withinRate(): boolean {
    const now = clock()
    tokens = Math.min(BURST, tokens + (Math.max(0, now - filledAt) / 1000) * PER_SECOND)
    filledAt = now
    if (tokens < 1) return false
    tokens--
    return true
  }

  return {
    /** @param clientId of a registered client; undefined: no such */
    admits(clientId: string | undefined, endpoint: string): boolean {
      if (withinShare(clientId, endpoint) && withinRate()) return true
      dropped++
      return false
    },
    /** One that was let in was lost after all. */
    lose(): void {
      dropped++
    },
    /** How many were not kept since this process started. */
    dropped: () => dropped,
  }
}
