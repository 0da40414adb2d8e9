import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { BoundedMap } from '../../shared/bounded-map.ts'
import { makeFolder } from '../../shared/make-folder.ts'
import { type SqliteSql, type SqlValue, type Step, withFixedPlan } from '../sql.ts'
import { asStorageError } from '../unavailable.ts'
import { busyPatience, isBusy, whenFree } from './busy.ts'
import { createWriteQueue } from './writes.ts'

/** Statements kept prepared a connection: far more than the program has, and a bound if one is ever composed. */
const cachedStatements = 256

type Statement = BetterSqlite3.Statement<SqlValue[]>

export interface SqliteOptions {
  readonly?: boolean
  /** FULL survives a power cut to the last commit; NORMAL may lose the last commits then, never the file. */
  synchronous: 'FULL' | 'NORMAL'
  /** Pages that it keeps, in KiB. Default: 32 MiB. */
  cache?: number
}

const USUAL_CACHE = 32 * 1024

/**
 * Of a connection that commits with each request. Nearly every commit splits a page of an index, after which SQLite looks at all pages that it keeps
 * (`pcache1TruncateUnsafe`): 8,000 of them cost a rotation 20 µs, and push out of the processor's caches what the request after it needs.
 */
export const SMALL_CACHE = 4 * 1024

/** The settings of a connection. They belong to the connection, except `journal_mode`, which stays in the file. */
export const connectionPragmas = ({ readonly, synchronous, cache = USUAL_CACHE }: SqliteOptions): string =>
  [
    ...(readonly === true ? ['PRAGMA query_only = ON'] : ['PRAGMA journal_mode = WAL']),
    `PRAGMA synchronous = ${synchronous}`,
    'PRAGMA foreign_keys = ON',
    'PRAGMA temp_store = MEMORY',
    `PRAGMA cache_size = -${cache}`,
    // In pages: a commit makes a checkpoint itself only where the thread that does (checkpoints/) has not come to it. What it has copied is not copied again.
    'PRAGMA wal_autocheckpoint = 16000',
  ].join(';')

/** Creates the file for its owner only. SQLite gives its -wal and -shm files the same mode. */
export const createSqliteFile = (path: string): void => {
  makeFolder(dirname(path))
  if (existsSync(path)) return
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

/** From here on a statement that meets another process's write fails at once: see `whenFree`. */
export const neverWait = 'PRAGMA busy_timeout = 0'

/**
 * Opens a connection on an existing file, or on a new one that only its owner can read. While it is set up, and migrates, it
 * waits for other processes, and the whole program with it.
 */
export const openSqlite = (path: string, options: SqliteOptions): BetterSqlite3.Database => {
  if (options.readonly !== true) createSqliteFile(path)
  const connection = new BetterSqlite3(path, {
    readonly: options.readonly ?? false,
    fileMustExist: true,
    timeout: busyPatience,
  })
  connection.exec(connectionPragmas(options))
  return connection
}

/**
 * Takes the write lock of a file and gives it back. Writes of Prisma's connection are waited for as those of another process.
 * @returns rejects with the driver's error when the file cannot be written to
 */
export function writeLock(connection: BetterSqlite3.Database): () => Promise<void> {
  connection.exec(neverWait)
  const begin = connection.prepare('BEGIN IMMEDIATE')
  const rollback = connection.prepare('ROLLBACK')
  return () =>
    whenFree(() => {
      begin.run()
      rollback.run()
    })
}

/** Undefined: another process has the whole file to itself. */
const beginNow = <T>(begin: () => T): T | undefined => {
  try {
    return begin()
  } catch (error) {
    if (isBusy(error)) return undefined
    throw error
  }
}

/** Of the answer of a write: how many rows it has changed, or those that it returns. */
const rowsOf = (answer: unknown): number =>
  typeof answer === 'number' ? answer : Array.isArray(answer) ? answer.length : answer === undefined ? 0 : 1

/**
 * `Sql` on one better-sqlite3 connection. The driver is synchronous: a read is answered at once, a write at the end of
 * the turn of the event loop, together with the others of that turn (see sqlite/writes.ts).
 * @param wrote told after each commit how many rows it has changed: one statement may change thousands
 * @param waited told how long a write waited for the end of another transaction, in milliseconds
 */
export const createSqliteSql = (
  connection: BetterSqlite3.Database,
  wrote?: (rows: number) => void,
  waited?: (milliseconds: number) => void,
): SqliteSql => {
  connection.exec(neverWait)
  /** Rows since the last commit. */
  let changed = 0
  const committed = () => {
    wrote?.(changed)
    changed = 0
  }
  const writes = createWriteQueue(connection, committed, waited)
  const counted = <T>(answer: T): T => {
    changed += rowsOf(answer)
    return answer
  }
  const prepared = new BoundedMap<string, Statement>(cachedStatements)
  const prepare = (text: string): Statement => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const statement = connection.prepare<SqlValue[]>(withFixedPlan(text))
    prepared.set(text, statement)
    return statement
  }
  /** The answer of a read; of a write the statement, which waits for the end of the turn. */
  const begin = <T>(text: string, run: (statement: Statement) => T) => {
    const statement = prepare(text)
    return statement.readonly ? { answer: run(statement) } : { statement }
  }
  const execute = async <T>(
    text: string,
    run: (statement: Statement) => T,
    how?: { synced: boolean },
  ): Promise<T> => {
    try {
      const begun = beginNow(() => begin(text, run)) ?? (await whenFree(() => begin(text, run)))
      if ('answer' in begun) return begun.answer
      return await writes.write(() => counted(run(begun.statement)), how)
    } catch (error) {
      throw asStorageError(error)
    }
  }
  const take = ({ statement, parameters }: Step): number | unknown[] => {
    const prepared = prepare(statement)
    return prepared.reader ? prepared.all(...parameters) : prepared.run(...parameters).changes
  }
  return {
    dialect: 'sqlite',
    async together(steps) {
      try {
        return await writes.write(
          () => {
            const taken: (number | unknown[])[] = []
            for (const step of steps) {
              taken.push(counted(take(step)))
              if (step.decides && taken.at(-1) === 0) break
            }
            return taken
          },
          { whole: steps.length > 1 },
        )
      } catch (error) {
        throw asStorageError(error)
      }
    },
    // Of a write all rows: the driver ends one after the first of them without a word on whether it was committed.
    get: <Row>(text: string, parameters: readonly SqlValue[] = []) =>
      execute(
        text,
        (statement) =>
          (statement.readonly ? statement.get(...parameters) : statement.all(...parameters)[0]) as
            | Row
            | undefined,
      ),
    all: <Row>(text: string, parameters: readonly SqlValue[] = []) =>
      execute(text, (statement) => statement.all(...parameters) as Row[]),
    getUnsynced: <Row>(text: string, parameters: readonly SqlValue[] = []) =>
      execute(text, (statement) => statement.all(...parameters)[0] as Row | undefined, { synced: false }),
    run: (text, parameters = []) => execute(text, (statement) => statement.run(...parameters).changes),
    runUnsynced: (text, parameters = []) =>
      execute(text, (statement) => statement.run(...parameters).changes, { synced: false }),
    async close() {
      // The last moment: what waits is written now, or never.
      connection.pragma(`busy_timeout = ${busyPatience}`)
      writes.flush()
      prepared.clear()
      connection.close()
    },
  }
}
