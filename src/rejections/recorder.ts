import type { Clock } from '../shared/clock.ts'
import { createAdmission } from './admission.ts'
import type { RejectionDetails } from './details.ts'
import type { RejectionRow, RejectionStore } from './store.ts'

/** How long rows wait for others to be written with, and after a failure, in milliseconds. */
const GATHER = 1000
const RETRY = 5000
/** Rows that wait; more are lost. */
const MAX_WAITING = 200
/** Characters of the stored details. */
const MAX_DETAILS = 32_000

/** A rejected request, as it is reported. */
export interface RejectedRequest {
  /** The request id that the error page and the log line show. */
  id: string
  endpoint: string
  /** Of an enabled client; undefined: there is none that is called so. */
  clientId?: string | undefined
  error: string
  /** What is known at once. Both are called only if the rejection is kept. */
  description(): string | undefined
  details(): RejectionDetails
  /** What has to be looked up: later, in the background. It may hold secrets until then; what it returns has none. */
  lookUp(): Promise<RejectionDetails>
}

interface Recorder {
  /** Never throws, and waits for nothing. */
  record(rejected: RejectedRequest): void
  /** Writes what waits, now. Resolves also when that failed. */
  flush(): Promise<void>
  /** How many rejections were not kept since this process started. */
  dropped(): number
  /** Writes what waits, and plans nothing more. */
  close(): Promise<void>
}

/** A client_id that is an address is of anybody's choice: all of them count as one. */
const ownId = (clientId: string | undefined) => (clientId?.includes(':') ? undefined : clientId)

interface Waiting {
  row: Omit<RejectionRow, 'facts'>
  details: RejectionDetails
  lookUp(): Promise<RejectionDetails>
}

/**
 * Keeps rejections: `record` is done at once and never fails; rows are completed and written in the background, together.
 * What a flood or a database that is away makes impossible is counted and lost.
 */
export function createRecorder(deps: {
  store: Pick<RejectionStore, 'insert'>
  clock: Clock
  log: { warn(fields: object, message: string): void }
}): Recorder {
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

  async function complete({ row, details, lookUp }: Waiting): Promise<RejectionRow> {
    const found = await lookUp().catch(() => ({}))
    const json = JSON.stringify({ ...details, ...found })
    const bounded = json.length > MAX_DETAILS ? JSON.stringify(found) : json
    // A disabled client is known after all.
    const known = 'client' in found && found.client === 'disabled' ? details.claimed_client_id : undefined
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
        details: JSON.parse(facts) as RejectionDetails,
        lookUp: async () => ({}),
      }))
      waiting = [...again, ...waiting]
      for (const _lost of waiting.splice(MAX_WAITING)) admission.lose()
      schedule(RETRY)
    }
  }

  function flush(): Promise<void> {
    writing = writing.then(write)
    return writing
  }

  return {
    record(rejected) {
      try {
        const { id, endpoint, clientId, error } = rejected
        const same = waiting.findIndex(({ row }) => row.id === id)
        if (same === -1 && !admission.admits(ownId(clientId), endpoint)) return
        if (same === -1 && waiting.length >= MAX_WAITING) {
          admission.lose()
          return
        }
        const row = {
          id,
          at: new Date(clock()),
          endpoint,
          clientId: clientId ?? null,
          error,
          description: rejected.description() ?? null,
        }
        const entry = { row, details: rejected.details(), lookUp: () => rejected.lookUp() }
        // The library may report one request twice; what the page shows comes last.
        if (same === -1) waiting.push(entry)
        else waiting[same] = entry
        schedule(GATHER)
      } catch (err) {
        admission.lose()
        log.warn({ err }, 'a refused request could not be kept')
      }
    },
    flush,
    dropped: () => admission.dropped(),
    async close() {
      await flush()
      clearTimeout(timer)
    },
  }
}
