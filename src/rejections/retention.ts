import type { Clock } from '../shared/clock.ts'
import type { RejectionStore } from './store.ts'

export interface Bounds {
  /** Rows in all. */
  rows: number
  /** Milliseconds. */
  age: number
  /** Rows of one client at one endpoint, so that none pushes the others out. */
  share: number
  /** Rows that are deleted at once. */
  batch: number
}

export const BOUNDS: Bounds = { rows: 10_000, age: 14 * 86_400_000, share: 500, batch: 500 }

/** Deletes one batch of what is not to be kept any more. @returns how many; 0: nothing is left */
export async function prune(store: RejectionStore, clock: Clock, bounds: Bounds): Promise<number> {
  const old = await store.before(new Date(clock() - bounds.age), bounds.batch)
  if (old.length > 0) return store.remove(old)
  const [crowd] = await store.crowds(bounds.share)
  if (crowd !== undefined) {
    const surplus = Math.min(crowd.count - bounds.share, bounds.batch)
    return store.remove(await store.oldestOf(crowd.clientId, crowd.endpoint, surplus))
  }
  return store.remove(await store.beyond(bounds.rows, bounds.batch))
}
