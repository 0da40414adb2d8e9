import type BetterSqlite3 from 'better-sqlite3'
import { busyPatience, isBusy, pauseBefore } from './busy.ts'

interface Write {
  /** Of several statements, which take effect all or not at all. */
  whole: boolean
  /** Answered once it is on disk, where the connection is one that waits for it. */
  synced: boolean
  /** When it gives up waiting for another process's write, on the clock of `performance.now`. */
  deadline: number
  /** Since when it waits for another transaction's end, on the same clock; undefined: it does not. */
  waitingSince?: number
  run(): unknown
  resolve(value: never): void
  reject(error: unknown): void
}

/** A write of several statements has failed half way. */
class HalfDone extends Error {
  readonly write: Write
  readonly give: () => void
  constructor(write: Write, give: () => void) {
    super('half done')
    this.write = write
    this.give = give
  }
}

/** What SQLite calls it in answers: https://sqlite.org/pragma.html#pragma_synchronous */
const FULL = 2

/** Bounds how long one commit keeps the event loop: some milliseconds. */
const largestBatch = 256

/**
 * Collects the writes of one turn of the event loop and commits them together. What a write costs is less the
 * statement than the pages that each commit copies to the log; requests served at the same time share most of them.
 * A write is answered after its commit, as if it had been alone; one that fails takes no other with it. Nothing is
 * held between turns: the whole batch is one synchronous piece. While another process writes, all of them wait, and
 * nothing else does. Of a connection that waits for the disk (`synchronous` FULL), a batch does in which one of the writes has to.
 * @param wrote told after each commit
 * @param waited told how long a write waited for another transaction's end, in milliseconds; of none that did not
 */
export const createWriteQueue = (
  connection: BetterSqlite3.Database,
  wrote?: () => void,
  waited?: (milliseconds: number) => void,
) => {
  let queue: Write[] = []
  /** Tries in a row that met another process's write. */
  let tries = 0
  let scheduled = false
  const begin = connection.prepare('BEGIN IMMEDIATE')
  const commit = connection.prepare('COMMIT')
  const waits = connection.pragma('synchronous', { simple: true }) === FULL
  let waiting = waits

  /** Whether the next commits wait for the disk. Not within a transaction, where it would change nothing. */
  const setWaiting = (synced: boolean): void => {
    if (!waits || synced === waiting) return
    connection.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'NORMAL'}`)
    waiting = synced
  }

  /** The answers of a batch, given once it is committed. */
  const runBatch = (writes: readonly Write[]): (() => void)[] => {
    begin.run()
    try {
      const answers = writes.map((write) => {
        const answer = attempt(write)
        // A full disk ends the transaction behind our back: the writes before this one are gone with it.
        if (!connection.inTransaction) throw answer.error
        if (answer.error !== undefined && write.whole) throw new HalfDone(write, answer.give)
        return answer.give
      })
      commit.run()
      return answers
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Puts what met another process's write back, in front, for a while. */
  const tryLater = (writes: readonly Write[], error: unknown): void => {
    const now = performance.now()
    for (const write of writes) {
      write.waitingSince ??= now
      if (write.deadline > now) continue
      waited?.(now - write.waitingSince)
      write.reject(error)
    }
    queue = [...writes.filter(({ deadline }) => deadline > now), ...queue]
    if (queue.length > 0) schedule(pauseBefore(tries++))
  }

  const schedule = (pause: number): void => {
    scheduled = true
    if (pause === 0) setImmediate(flush)
    else setTimeout(flush, pause)
  }

  const flush = (): void => {
    scheduled = false
    const writes = queue
    queue = []
    for (let start = 0; start < writes.length; start += largestBatch) {
      try {
        make(writes.slice(start, start + largestBatch))
        tries = 0
      } catch (error) {
        // It says that another process writes; every other error is an answer.
        tryLater(writes.slice(start), error)
        return
      }
    }
  }

  /** @throws what says that another process writes */
  const make = (batch: readonly Write[]): void => {
    const [only] = batch
    if (only === undefined) return
    try {
      setWaiting(batch.some(({ synced }) => synced))
      const answers = batch.length === 1 && !only.whole ? [runAlone(only)] : runBatch(batch)
      for (const give of answers) give()
      wrote?.()
      const now = performance.now()
      for (const { waitingSince } of batch) if (waitingSince !== undefined) waited?.(now - waitingSince)
    } catch (error) {
      if (isBusy(error)) throw error
      if (error instanceof HalfDone) {
        // Nothing of the batch has happened: the others are made without it.
        make(batch.filter((write) => write !== error.write))
        error.give()
      } else for (const write of batch) write.reject(error)
    }
  }

  return {
    /**
     * Runs a writing statement in the next batch.
     * @param how.whole it is several, which take effect all or not at all @param how.synced false: it need not be on disk
     */
    write<T>(run: () => T, { whole = false, synced = true } = {}): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (!scheduled) schedule(0)
        queue.push({ whole, synced, deadline: performance.now() + busyPatience, run, resolve, reject })
      })
    },
    /** Commits what is waiting, now. */
    flush,
  }
}

/** @throws what says that another process writes; every other error is the answer */
const runAlone = (write: Write): (() => void) => {
  const { give, error } = attempt(write)
  if (isBusy(error)) throw error
  return give
}

const attempt = (write: Write): { give: () => void; error?: unknown } => {
  try {
    const value = write.run() as never
    return { give: () => write.resolve(value) }
  } catch (error) {
    return { give: () => write.reject(error), error }
  }
}
