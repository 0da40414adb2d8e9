import { columnOf, isDescending, type Order } from '../shared/orders.ts'
import type { SortedPlace } from '../shared/sorted-cursor.ts'
import { type Sql, type SqlValue, sqlTime } from './sql.ts'

/** A term of a WHERE clause, and the values of its placeholders in their order. */
export interface Condition {
  text: string
  values: SqlValue[]
}

/** The placeholder that takes a value of `sqlTime` and compares as a column of times does. */
export const momentOf = (dialect: Sql['dialect']): string =>
  dialect === 'sqlite' ? 'CAST(? AS TEXT)' : 'CAST(? AS TIMESTAMP)'

/** What a list is sorted by, in the words of its index. */
export interface SortedColumn {
  key: string
  /** The placeholder that a value of the column is compared by, with its cast or function; `?` unless given. */
  mark?: string
  /** Of what a cursor holds; the same as text unless given. */
  value?(key: SortedPlace['key']): SqlValue
  /** No two rows have the same: nothing is left for the ID to settle. */
  unique?: boolean
}

/** A column that holds a time, which cursors hold in milliseconds. */
export const timeColumn = (dialect: Sql['dialect'], key: string): SortedColumn => ({
  key,
  mark: momentOf(dialect),
  value: (at) => sqlTime(Number(at)),
})

/** Behind a place of a list whose newest come first; nothing for its first page. @param columns.id settles what is of one moment */
export const olderThan = (
  dialect: Sql['dialect'],
  after: { at: number; id: string } | undefined,
  { time, id }: { time: string; id: string } = { time: 'created_at', id: 'id' },
): Condition[] =>
  after === undefined
    ? []
    : [{ text: `(${time}, ${id}) < (${momentOf(dialect)}, ?)`, values: [sqlTime(after.at), after.id] }]

/** Whether one of the columns contains a text: LIKE would take wildcards in it for themselves. @param mark for the text, once a column */
export const contains = (columns: readonly string[], mark = 'CAST(? AS TEXT)'): string =>
  `(${columns.map((column) => `REPLACE(${column}, ${mark}, '') <> ${column}`).join(' OR ')})`

/** The conditions, joined; empty for none. */
export const whereOf = (conditions: readonly Condition[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.map(({ text }) => text).join(' AND ')}`

export const valuesOf = (conditions: readonly Condition[]): SqlValue[] =>
  conditions.flatMap(({ values }) => values)

/** An order in SQL, with what lies behind a place of it. @param id the column that settles what is equal */
export function keysetOf<Column extends string>(
  order: Order<Column>,
  columns: Readonly<Record<Column, SortedColumn>>,
  id = 'id',
) {
  const { key, mark = '?', value = String, unique = false } = columns[columnOf<Column>(order)]
  const [way, behind] = isDescending(order) ? (['DESC', '<'] as const) : (['ASC', '>'] as const)
  const beside =
    (sign: string) =>
    (at: SortedPlace): Condition =>
      unique
        ? { text: `${key} ${sign} ${mark}`, values: [value(at.key)] }
        : { text: `(${key}, ${id}) ${sign} (${mark}, ?)`, values: [value(at.key), at.id] }
  return {
    /** Behind ORDER BY. */
    by: unique ? `${key} ${way}` : `${key} ${way}, ${id} ${way}`,
    behind: beside(behind),
    /** The place itself and what lies before it. */
    upTo: beside(isDescending(order) ? '>=' : '<='),
  }
}
