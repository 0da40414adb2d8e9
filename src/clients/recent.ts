import { BoundedMap } from '../shared/bounded-map.ts'
import type { Clock } from '../shared/clock.ts'

/** How long a client may be remembered, in milliseconds: what another process changes is seen after that. */
const MEMORY = 1000
/** Clients remembered at once; the oldest goes first. */
const MOST = 1000

/**
 * Remembers what was found for a second. Every protocol request asks for its client, and reading it costs a tenth of a
 * token request. What is not found is not remembered: a client that was just registered works at once.
 */
export function rememberRecent<Found>(find: (id: string) => Promise<Found | undefined>, clock: Clock) {
  const recent = new BoundedMap<string, { found: Found; until: number }>(MOST)
  let changes = 0
  return {
    async find(id: string): Promise<Found | undefined> {
      const known = recent.get(id)
      if (known !== undefined && known.until > clock()) return known.found
      const before = changes
      const found = await find(id)
      // What was read while something changed may be what it was before.
      if (before !== changes) return found
      if (found === undefined) recent.delete(id)
      else recent.set(id, { found, until: clock() + MEMORY })
      return found
    },
    /** For a change made in this process, which counts at once. */
    forget(id: string): void {
      changes++
      recent.delete(id)
    },
  }
}
