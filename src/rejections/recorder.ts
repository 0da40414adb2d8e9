import type { Clock } from '../shared/clock.ts'
import { createAdmission } from './admission.ts'
import type { RejectionDetails } from './details.ts'
import type { RejectionRow, RejectionStore } from './store.ts'

/** How long rows wait for others to be written with, and after a failure, in milliseconds. */
const GATHER = 1000
const RETRY = 5000
/** Rows that wait at most; what comes then is lost. */
const MOST_WAITING = 200
/** Characters of the stored facts. */
const MOST_FACTS = 32_000

/** A request that was refused. */
export interface Refusal {
  /** The request id that the error page and the log line show. */
  id: string
  endpoint: string
  /** Of an enabled client; undefined: there is none that is called so. */
  clientId?: string | undefined
  error: string
  /** What is known at once. Both are called only if the refusal is kept. */
  description(): string | undefined
  details(): RejectionDetails
  /** What has to be looked up: later, in the background. It may hold secrets until then; what it returns has none. */
  lookUp(): Promise<RejectionDetails>
}

/** A client_id that is an address is of anybody's choice: all of them count as one. */
const ownId = (clientId: string | undefined) => (clientId?.includes(':') ? undefined : clientId)

interface Waiting {
  row: Omit<RejectionRow, 'facts'>
  facts: RejectionDetails
  lookUp(): Promise<RejectionDetails>
}

/**
 * Keeps refusals: `record` is done at once and never fails; rows are completed and written in the background, together.
 * What a flood or a database that is away makes impossible is counted and lost.
 */
export function createRecorder(deps: {
  store: Pick<RejectionStore, 'insert'>
  clock: Clock
  log: { warn(facts: object, message: string): void }
}) {
  const { store, clock, log } = deps
  const admission = createAdmission(clock)
  let waiting: Waiting[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let failing = false

  function schedule(delay: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, delay)
    timer.unref()
  }

  async function complete({ row, facts, lookUp }: Waiting): Promise<RejectionRow> {
    const found = await lookUp().catch(() => ({}))
    const json = JSON.stringify({ ...facts, ...found })
    const bounded = json.length > MOST_FACTS ? JSON.stringify(found) : json
    // A disabled client is known after all.
    const known = 'client' in found && found.client === 'disabled' ? facts.claimed_client_id : undefined
    return { ...row, clientId: row.clientId ?? known ?? null, facts: bounded }
  }

  async function write(): Promise<void> {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    const rows = await Promise.all(batch.map(complete))
    try {
      await store.insert(rows)
      failing = false
    } catch (err) {
      if (!failing) log.warn({ err, rows: rows.length }, 'refused requests cannot be kept for now')
      failing = true
      // Completed as they are, nothing in them is secret any more.
      const again = rows.map(({ facts, ...row }) => ({
        row,
        facts: JSON.parse(facts) as RejectionDetails,
        lookUp: async () => ({}),
      }))
      waiting = [...again, ...waiting]
      for (const _lost of waiting.splice(MOST_WAITING)) admission.lose()
      schedule(RETRY)
    }
  }

  function flush(): Promise<void> {
    writing = writing.then(write)
    return writing
  }

  return {
    /** Never throws, and waits for nothing. */
    record(refusal: Refusal): void {
      try {
        const { id, endpoint, clientId, error } = refusal
        const same = waiting.findIndex(({ row }) => row.id === id)
        if (same === -1 && !admission.admits(ownId(clientId), endpoint)) return
        if (same === -1 && waiting.length >= MOST_WAITING) {
          admission.lose()
          return
        }
        const row = {
          id,
          at: new Date(clock()),
          endpoint,
          clientId: clientId ?? null,
          error,
          description: refusal.description() ?? null,
        }
        const entry = { row, facts: refusal.details(), lookUp: () => refusal.lookUp() }
        // The library may report one request twice; what the page shows comes last.
        if (same === -1) waiting.push(entry)
        else waiting[same] = entry
        schedule(GATHER)
      } catch (err) {
        admission.lose()
        log.warn({ err }, 'a refused request could not be kept')
      }
    },
    /** Writes what waits, now. Resolves also when that failed. */
    flush,
    /** How many refusals were not kept since this process started. */
    dropped: () => admission.dropped(),
    async close(): Promise<void> {
      await flush()
      clearTimeout(timer)
    },
  }
}
