import { BoundedMap } from '../shared/bounded-map.ts'
import type { Clock } from '../shared/clock.ts'
import type { ClientStore } from './store.ts'

/** How exactly it is known when a secret was last used, in milliseconds: a write at every token request would cost more. */
const HOUR = 3_600_000
/** Secrets whose last write is remembered; the oldest goes first, and costs one statement that changes nothing. */
const MAX_ENTRIES = 10_000

/**
 * Notes when each secret was last used: in the background, and at most once an hour in each process. A write that fails is
 * reported and made up for by the next use.
 */
export function createSecretUse(deps: {
  store: Pick<ClientStore, 'touchSecret'>
  clock: Clock
  failed(error: unknown): void
}) {
  const noted = new BoundedMap<string, number>(MAX_ENTRIES)
  const running = new Set<Promise<void>>()

  async function write(clientId: string, hash: string, now: number): Promise<void> {
    try {
      await deps.store.touchSecret(clientId, hash, new Date(now), new Date(now - HOUR))
    } catch (error) {
      noted.delete(hash)
      deps.failed(error)
    }
  }

  return {
    note(clientId: string, hash: string): void {
      const now = deps.clock()
      if (now - (noted.get(hash) ?? Number.NEGATIVE_INFINITY) < HOUR) return
      noted.set(hash, now)
      const writing = write(clientId, hash, now).finally(() => running.delete(writing))
      running.add(writing)
    },
    /** Resolves when everything is written. */
    async idle(): Promise<void> {
      await Promise.all(running)
    },
  }
}
