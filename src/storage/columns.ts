/** What prepared statements read of tables that Prisma writes: each column under its property's name, and rows with dates and booleans. */
import { amongTexts, type Sql, type SqlValue } from './sql.ts'

/** How a value is stored; `plain` ones come back as they are. */
type Kind<Value> = [Value] extends [boolean] ? 'boolean' : [Value] extends [Date | null] ? 'time' : 'plain'

type Reads = Pick<Sql, 'get' | 'all' | 'dialect'>

/** @see columnsOf */
export interface Columns<Row> {
  /** The first row, or undefined. @param rest of the statement, from its FROM on */
  get(reads: Reads, rest: string, values?: readonly SqlValue[]): Promise<Row | undefined>
  all(reads: Reads, rest: string, values?: readonly SqlValue[]): Promise<Row[]>
}

const columnName = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * The columns of a row. A column is named like its property, in snake case.
 *
 * @param kinds all properties of the row
 * @param from.table of the columns, as the statement calls it
 * @param from.others expressions for properties that are no columns of that table
 */
export function columnsOf<Row extends object>(
  kinds: { readonly [Name in keyof Row & string]: Kind<Row[Name]> },
  from: { table?: string; others?: Partial<Record<keyof Row & string, string>> } = {},
): Columns<Row> {
  const prefix = from.table === undefined ? '' : `${from.table}.`
  const fields = Object.entries<string>(kinds)
  const others: Partial<Record<string, string>> = from.others ?? {}
  const select = `SELECT ${fields
    .map(([name]) => `${others[name] ?? `${prefix}${columnName(name)}`} AS "${name}"`)
    .join(', ')}`

  const rowOf = (found: Record<string, SqlValue>): Row =>
    Object.fromEntries(fields.map(([name, kind]) => [name, converted(kind, found[name] ?? null)])) as Row

  return {
    async get(reads, rest, values) {
      const found = await reads.get<Record<string, SqlValue>>(`${select} ${rest}`, values)
      return found && rowOf(found)
    },
    all: async (reads, rest, values) =>
      (await reads.all<Record<string, SqlValue>>(`${select} ${rest}`, values)).map(rowOf),
  }
}

/** The same columns, of which each row becomes another. */
export const mapped = <Row, Other>(columns: Columns<Row>, other: (row: Row) => Other): Columns<Other> => ({
  async get(...wanted) {
    const row = await columns.get(...wanted)
    return row && other(row)
  },
  all: async (...wanted) => (await columns.all(...wanted)).map(other),
})

function converted(kind: string, value: SqlValue): SqlValue | boolean | Date {
  if (kind === 'boolean') return value === 1
  return kind === 'time' && value !== null ? new Date(value) : value
}

/** Rows of a table in the order of their IDs; what is gone is left out. One statement. */
export async function rowsInOrder<Row extends { id: string }>(
  reads: Reads,
  columns: Columns<Row>,
  table: string,
  ids: readonly string[],
): Promise<Row[]> {
  if (ids.length === 0) return []
  const rows = await columns.all(reads, `FROM ${table} WHERE id ${amongTexts[reads.dialect]}`, [
    JSON.stringify(ids),
  ])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}
