/** A value that both engines can bind. Booleans are not among them: write 0 or 1. */
export type SqlValue = string | number | null

/**
 * Prepared statements straight on the driver, for the paths where an ORM would cost more than the protocol.
 * Statements are written once, with `?` placeholders, for both engines; each distinct text is prepared once a
 * connection. Columns come back as the driver gives them: integers as numbers, text as strings, SQL NULL as null.
 */
export interface Sql {
  readonly dialect: 'sqlite' | 'postgresql'
  /** The first row, or undefined. */
  get<Row>(statement: string, parameters?: readonly SqlValue[]): Promise<Row | undefined>
  all<Row>(statement: string, parameters?: readonly SqlValue[]): Promise<Row[]>
  /** Runs a statement and returns how many rows it changed. */
  run(statement: string, parameters?: readonly SqlValue[]): Promise<number>
  close(): Promise<void>
}
