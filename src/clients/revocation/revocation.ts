/**
 * Ends what a client was issued. A client may have a million tokens, so it is done in batches, and never at the price of the
 * requests beside it. The client itself is refused from the transaction on that disables or removes it, in which is noted what
 * is to be done:
 *
 *   disable, remove ─► noted ─┬─ at once: a few batches, all there is of most clients
 *                             └─ the job: goes on, after a restart too, until nothing is left ─► no note any more
 *   enable ─► at once, and refused while something is left: what was ended does not come back
 */
import type { Clock } from '../../shared/clock.ts'
import type { RevocationStore } from './store.ts'

/** Artefacts of a batch: what a statement of some milliseconds deletes. */
const BATCH = 200
/** Milliseconds that the request waits, which disables or removes a client. */
const PATIENCE = 250
/**
 * How long a note stays at least, in milliseconds: another process may know the client for a second (../for-protocol/recent.ts), and a
 * request be under way.
 */
const SETTLED = 5_000
/** Notes that a run of the job looks at. */
const LOOKED_AT = 50

export interface Revocations {
  /**
   * Ends as much of a client as fits into a quarter of a second, requests in between. True: nothing is left.
   * @throws what the store throws; what is noted is done by the job all the same
   */
  begin(clientId: string): Promise<boolean>
  /** Does a batch of what is noted. Returns how many were ended; 0: nothing is left, or is too young to be over. */
  run(): Promise<number>
}

const breath = () => new Promise((resolve) => setImmediate(resolve))

export function createRevocations(deps: {
  store: RevocationStore
  artifacts: { revokeByClient(clientId: string, limit: number): Promise<number> }
  clock: Clock
}): Revocations {
  const { store, artifacts, clock } = deps
  return {
    async begin(clientId) {
      const until = performance.now() + PATIENCE
      while ((await artifacts.revokeByClient(clientId, BATCH)) > 0) {
        if (performance.now() > until) return false
        await breath()
      }
      return true
    },

    async run() {
      for (const pending of await store.list(LOOKED_AT)) {
        const ended = await artifacts.revokeByClient(pending.clientId, BATCH)
        if (ended > 0) return ended
        if (clock() - pending.requestedAt.getTime() < SETTLED) continue
        await store.done(pending)
        return 1
      }
      return 0
    },
  }
}
