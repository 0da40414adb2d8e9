/** A value that both engines can bind. Booleans are not among them: write 0 or 1. */
export type SqlValue = string | number | null

/** A time as both engines store and compare it: “2026-01-31T09:30:00.000+00:00”. @param time milliseconds since the epoch, or a date */
export const sqlTime = (time: number | Date): string => new Date(time).toISOString().replace('Z', '+00:00')

/** A statement with the placeholders of PostgreSQL: each `?` outside quotes becomes `$1`, `$2`, … */
export function withNumbers(statement: string): string {
  let position = 0
  return statement.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (match) =>
    match === '?' ? `$${++position}` : match,
  )
}

/**
 * A statement whose plan on SQLite depends on no value. Its planner reads a parameter that stands alone behind `=` (of a query with a join or ORDER BY),
 * LIMIT, OFFSET or LIKE. better-sqlite3 clears the parameters after each use, and SQLite then prepares such a statement anew
 * (`sqlite3VdbeReprepareOnBind` and `sqlite3_clear_bindings` in its source). COALESCE hands the value on as it is: it has no affinity either.
 */
export function withFixedPlan(statement: string): string {
  return statement.replace(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|((?<![<>!])=|\b(?:LIMIT|OFFSET|LIKE)\b)\s*\?/gi,
    (match, before?: string) => (before === undefined ? match : `${before} COALESCE(?, NULL)`),
  )
}

/** Behind a column: it equals one of several texts, which one placeholder takes as a JSON list. A placeholder for each would make a statement to prepare for each number of them. */
export const amongTexts = {
  sqlite: 'IN (SELECT value FROM json_each(?))',
  postgresql: '= ANY (ARRAY(SELECT json_array_elements_text(CAST(? AS json))))',
} as const

interface Statements {
  /** The first row, or undefined. */
  get<Row>(statement: string, parameters?: readonly SqlValue[]): Promise<Row | undefined>
  all<Row>(statement: string, parameters?: readonly SqlValue[]): Promise<Row[]>
  /** Runs a statement and returns how many rows it changed. */
  run(statement: string, parameters?: readonly SqlValue[]): Promise<number>
  /** On SQLite closes the connection; on PostgreSQL the pool stays open until its owner closes it. */
  close(): Promise<void>
}

/** A statement of several that are one. */
export interface Step {
  statement: string
  parameters: readonly SqlValue[]
  /** Where it changes nothing, those after it are left out. */
  decides?: boolean
}

interface SqliteStatements extends Statements {
  readonly dialect: 'sqlite'
  /** Writes in one transaction, all of them or none. @returns how many rows each has changed; of one with RETURNING the rows */
  together(steps: readonly Step[]): Promise<(number | unknown[])[]>
}

/** One statement with data-modifying parts (WITH) is what SQLite needs several for: on PostgreSQL nothing else is a single round trip. */
interface PostgresStatements extends Statements {
  readonly dialect: 'postgresql'
}

/**
 * Prepared statements straight on the driver, for the paths where an ORM would cost more than the protocol.
 * Statements are written once, with `?` placeholders, for both engines; each distinct text is prepared once a
 * connection, so build no text from values. Columns come back alike from both: integers as numbers, text as
 * strings, booleans as 0 or 1, Prisma's DateTime as ISO 8601 text in UTC (“2026-01-31T09:30:00.000+00:00”), SQL
 * NULL as null.
 *
 * Every method rejects with AppError `database_unavailable` (503) while the database cannot be reached or is busy.
 */
export type Sql = SqliteStatements | PostgresStatements

interface Unsynced {
  /**
   * As `run`, without waiting for the disk: a power cut may lose it, and on PostgreSQL a crash of the database server, but not the end of this
   * process. It is on disk with the next write that does wait, since both are in one log. No RETURNING.
   */
  runUnsynced: Statements['run']
  /** The same of a write with RETURNING: the first row, or undefined. */
  getUnsynced: Statements['get']
}

/** Writing statements alone; `get` and `all` are for those with RETURNING. */
export type Writes = Unsynced &
  (
    | Pick<SqliteStatements, 'dialect' | 'get' | 'all' | 'run' | 'together'>
    | Pick<PostgresStatements, 'dialect' | 'get' | 'all' | 'run'>
  )

/** Both kinds on one connection of SQLite. */
export type SqliteSql = SqliteStatements & Unsynced
