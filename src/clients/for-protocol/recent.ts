import { BoundedMap } from '../../shared/bounded-map.ts'
import type { Clock } from '../../shared/clock.ts'

/** How long what was read is remembered, in milliseconds. */
const MEMORY = 1000
/** How many are remembered at once; the oldest goes first. */
const MAX_ENTRIES = 1000

/**
 * What was read in the last second. Every request of the protocol asks for its client, and many for an API; reading one costs a
 * tenth of a token request.
 *
 * A change made in this process counts at once, since it is forgotten with the change; one made by another process counts within a
 * second. So a client that is disabled or deleted, and a secret that is withdrawn, are refused everywhere within a second; a secret that
 * expires ends at its time. What is not found is not remembered: a client that was just registered works at once.
 */
export interface RecentReads<Found> {
  find(id: string): Promise<Found | undefined>
  /** For a change made in this process, once it is stored. */
  forget(id: string): void
  /** For a change of this process that many of them may hang on, once it is stored. */
  forgetAll(): void
}

/** @param endOf until when what was found counts at most, in milliseconds since the epoch */
export function rememberRecent<Found>(
  read: (id: string) => Promise<Found | undefined>,
  clock: Clock,
  endOf: (found: Found) => number = () => Number.POSITIVE_INFINITY,
): RecentReads<Found> {
  const recent = new BoundedMap<string, { found: Found; until: number }>(MAX_ENTRIES)
  let changes = 0
  return {
    async find(id) {
      const known = recent.get(id)
      if (known !== undefined && known.until > clock()) return known.found
      const before = changes
      const found = await read(id)
      // What was read while something changed may be what it was before.
      if (before !== changes) return found
      if (found === undefined) recent.delete(id)
      else recent.set(id, { found, until: Math.min(clock() + MEMORY, endOf(found)) })
      return found
    },
    forget(id) {
      changes++
      recent.delete(id)
    },
    forgetAll() {
      changes++
      recent.clear()
    },
  }
}
