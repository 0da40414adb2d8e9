import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import type { Sql, SqlValue } from './sql.ts'
import { asStorageError } from './unavailable.ts'

/** How long a statement waits for another process's write, in milliseconds. */
export const busyTimeout = 5_000

/** Statements kept prepared a connection: far more than the program has, and a bound if one is ever composed. */
const cachedStatements = 256

export interface SqliteOptions {
  readonly?: boolean
  /** FULL survives a power cut to the last commit; NORMAL may lose the last commits then, never the file. */
  synchronous: 'FULL' | 'NORMAL'
}

/** The settings of a connection. They belong to the connection, except `journal_mode`, which stays in the file. */
export const connectionPragmas = ({ readonly, synchronous }: SqliteOptions): string =>
  [
    ...(readonly === true ? ['PRAGMA query_only = ON'] : ['PRAGMA journal_mode = WAL']),
    `PRAGMA synchronous = ${synchronous}`,
    'PRAGMA foreign_keys = ON',
    'PRAGMA temp_store = MEMORY',
    `PRAGMA busy_timeout = ${busyTimeout}`,
  ].join(';')

/** Creates the file for its owner only. SQLite gives its -wal and -shm files the same mode. */
export const createSqliteFile = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (existsSync(path)) return
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

/** Opens a connection on an existing file, or on a new one that only its owner can read. */
export const openSqlite = (path: string, options: SqliteOptions): BetterSqlite3.Database => {
  if (options.readonly !== true) createSqliteFile(path)
  const connection = new BetterSqlite3(path, {
    readonly: options.readonly ?? false,
    fileMustExist: true,
    timeout: busyTimeout,
  })
  connection.exec(connectionPragmas(options))
  return connection
}

/** `Sql` on one better-sqlite3 connection. The driver is synchronous; the promises only keep the interface. */
export const createSqliteSql = (connection: BetterSqlite3.Database): Sql => {
  const prepared = new Map<string, BetterSqlite3.Statement<SqlValue[]>>()
  const prepare = (text: string): BetterSqlite3.Statement<SqlValue[]> => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const statement = connection.prepare<SqlValue[]>(text)
    const oldest = prepared.size >= cachedStatements ? prepared.keys().next().value : undefined
    if (oldest !== undefined) prepared.delete(oldest)
    prepared.set(text, statement)
    return statement
  }
  return {
    dialect: 'sqlite',
    async get<Row>(text: string, parameters: readonly SqlValue[] = []) {
      try {
        return prepare(text).get(...parameters) as Row | undefined
      } catch (error) {
        throw asStorageError(error)
      }
    },
    async all<Row>(text: string, parameters: readonly SqlValue[] = []) {
      try {
        return prepare(text).all(...parameters) as Row[]
      } catch (error) {
        throw asStorageError(error)
      }
    },
    async run(text, parameters = []) {
      try {
        return prepare(text).run(...parameters).changes
      } catch (error) {
        throw asStorageError(error)
      }
    },
    async close() {
      prepared.clear()
      connection.close()
    },
  }
}
