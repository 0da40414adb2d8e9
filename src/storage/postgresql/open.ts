import { hash } from 'node:crypto'
import pg from 'pg'
import type { StorageLogger } from '../logger.ts'
import { type Sql, type SqlValue, sqlTime, type Writes, withNumbers } from '../sql.ts'
import { asStorageError } from '../unavailable.ts'

const { builtins } = pg.types

/** A `timestamp without time zone` as text. Prisma writes UTC into it; the driver's default would read local time. */
const isoUtc = (text: string): string => sqlTime(new Date(`${text.replace(' ', 'T')}Z`))

/** Parsers of our own statements (see `Sql`); Prisma's adapter brings its own and is not touched by these. */
const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [builtins.BOOL, (text) => (text === 't' ? 1 : 0)],
  [builtins.TIMESTAMP, isoUtc],
])

/** The driver's own reading of sslmode=require checks more than libpq's, and will change; this asks for libpq's. */
export function asLibpq(databaseUrl: string): string {
  const url = URL.parse(databaseUrl)
  if (!url?.searchParams.has('sslmode')) return databaseUrl
  url.searchParams.set('uselibpqcompat', 'true')
  return url.href
}

/**
 * The one pool of the process, shared by Prisma and `Sql`. A connection that breaks is logged, dropped and replaced
 * by the next query; it never raises an unhandled `error` event.
 */
export const createPostgresPool = (
  databaseUrl: string,
  logger?: StorageLogger,
  waited?: (milliseconds: number) => void,
): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: asLibpq(databaseUrl),
    application_name: 'latchkey',
    max: 10,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // A server that hangs must not hang every request with it.
    query_timeout: 15_000,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        parsers.get(oid) ??
        (format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid)),
    },
  })
  // A connection in use has no listener of the pool; without one its loss would end the process. An idle one tells
  // both, and the second listener has nothing to add.
  pool.on('connect', (client) =>
    client.on('error', (error) => logger?.warn({ err: error }, 'a database connection was lost')),
  )
  pool.on('error', () => undefined)
  if (waited !== undefined) tellWaits(pool, waited)
  return pool
}

/** Tells how long each connection was waited for. The pool's own `query` asks with a callback, Prisma with a promise. */
const tellWaits = (pool: pg.Pool, waited: (milliseconds: number) => void): void => {
  const connect = pool.connect.bind(pool) as (...given: unknown[]) => unknown
  const timed = (done?: (...answer: unknown[]) => void): unknown => {
    const asked = performance.now()
    const told = () => waited(performance.now() - asked)
    if (done === undefined) return (connect() as Promise<unknown>).finally(told)
    return connect((...answer: unknown[]) => {
      told()
      done(...answer)
    })
  }
  pool.connect = timed as pg.Pool['connect']
}

/** More than the program has: texts hold no values, but filters and fields are combined in many ways. */
const MOST_NAMED = 1_000

/** The name lets the server keep the plan. */
const translate = (text: string): { name: string; text: string } => {
  const translated = withNumbers(text)
  return { name: `lk_${hash('sha256', translated, 'base64url').slice(0, 24)}`, text: translated }
}

/** PostgreSQL has no text with NUL in it. What a request smuggles in must match nothing, not fail. */
const withoutNul = (value: SqlValue): SqlValue =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value

/** The server chose this statement to end a deadlock or a conflict; nothing of it happened, so it may run again. */
const lostConflict = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001')

/**
 * A write whose commit is answered before it is on disk. The setting holds for this one statement, which is a transaction of its own
 * (https://www.postgresql.org/docs/current/wal-async-commit.html).
 * @param columns what is asked of the rows that were written
 */
const unsynced = (statement: string, columns: string): string =>
  `WITH written AS (${statement}) SELECT ${columns}, set_config('synchronous_commit', 'off', true) FROM written`

/** `Sql` on a pool that the caller opens and closes. */
export const createPostgresSql = (pool: pg.Pool): Sql & Writes => {
  const translated = new Map<string, { name: string; text: string }>()
  /** Each connection keeps what has a name, some 15 KB a statement. Beyond the bound they have none, and are planned each time. */
  const asNamed = (statement: string): { name?: string; text: string } => {
    const known = translated.get(statement)
    if (known !== undefined) return known
    if (translated.size >= MOST_NAMED) return { text: withNumbers(statement) }
    const named = translate(statement)
    translated.set(statement, named)
    return named
  }
  const query = async (statement: string, parameters: readonly SqlValue[]): Promise<pg.QueryResult> => {
    const named = asNamed(statement)
    const values = parameters.map(withoutNul)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await pool.query({ ...named, values })
      } catch (error) {
        if (attempt === 3 || !lostConflict(error)) throw asStorageError(error)
      }
    }
  }
  const run = async (statement: string, parameters: readonly SqlValue[] = []): Promise<number> =>
    (await query(statement, parameters)).rowCount ?? 0
  const get = async <Row>(statement: string, parameters: readonly SqlValue[] = []) =>
    (await query(statement, parameters)).rows[0] as Row | undefined
  return {
    dialect: 'postgresql',
    get,
    async all<Row>(statement: string, parameters: readonly SqlValue[] = []) {
      return (await query(statement, parameters)).rows as Row[]
    },
    run,
    async runUnsynced(statement, parameters) {
      const text = unsynced(`${statement} RETURNING 1`, 'count(*) AS changed')
      return (await get<{ changed: number }>(text, parameters))?.changed ?? 0
    },
    getUnsynced: (statement, parameters) => get(unsynced(statement, 'written.*'), parameters),
    async close() {},
  }
}
