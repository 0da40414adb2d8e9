/** Lists that are sorted by any of several columns, filtered and counted: a page is a walk along the index of its order, which ends when it is full. */
import { nameKey } from '../shared/name-key.ts'
import { columnOf, type Order } from '../shared/orders.ts'
import type { SortedPlace } from '../shared/sorted-cursor.ts'
import { type Condition, contains, keysetOf, type SortedColumn, valuesOf, whereOf } from './keyset.ts'
import type { Sql } from './sql.ts'

export interface SortedTable<Column extends string, Filter extends string> {
  /** As statements name it. */
  table: string
  /** @returns each column with the index that SQLite takes for it, which would rather sort everything; none: the table is small */
  columns(dialect: Sql['dialect']): Readonly<Record<Column, SortedColumn & { index?: string }>>
  /** What is on the list at all. */
  kept?: string
  filters: Readonly<Record<Filter, string>>
  /** The columns that a text is looked for in, in the form that it is compared in. */
  searched: readonly string[]
  /** What makes the text one of that form; a name's key unless given. */
  searchKey?: { of(text: string): string; mark: string }
}

export interface SortedWanted<Column extends string, Filter extends string> {
  order: Order<Column>
  /** All of them at once. */
  filters?: readonly Filter[] | undefined
  search?: string | undefined
  /** Only these, by their IDs. */
  only?: readonly string[] | undefined
  /** What else holds of them. */
  conditions?: readonly Condition[] | undefined
  after?: SortedPlace | undefined
  limit: number
}

/** What passes a filter is counted up to so many, and one. */
const MOST_COUNTED = 1_000

const NAME_KEY = { of: nameKey, mark: 'CAST(? AS TEXT)' }

export function createSortedList<Column extends string, Filter extends string>(
  reads: Sql,
  { table, columns, kept, filters, searched, searchKey = NAME_KEY }: SortedTable<Column, Filter>,
) {
  const there = kept === undefined ? [] : [{ text: kept, values: [] }]
  return {
    /** The IDs of a page. */
    async ids(wanted: SortedWanted<Column, Filter>): Promise<string[]> {
      const { order, search = '', only, after, limit } = wanted
      const text = searchKey.of(search)
      const known = columns(reads.dialect)
      const { by, behind } = keysetOf(order, known)
      const { index } = known[columnOf<Column>(order)]
      const conditions = [
        ...there,
        ...(wanted.conditions ?? []),
        ...(wanted.filters ?? []).map((filter) => ({ text: filters[filter], values: [] })),
        ...(text === ''
          ? []
          : [{ text: contains(searched, searchKey.mark), values: searched.map(() => text) }]),
        ...(only === undefined
          ? []
          : [{ text: `id IN (${only.map(() => '?').join(', ') || 'NULL'})`, values: [...only] }]),
        ...(after === undefined ? [] : [behind(after)]),
      ]
      const indexed = reads.dialect === 'sqlite' && index !== undefined ? ` INDEXED BY ${index}` : ''
      const rows = await reads.all<{ id: string }>(
        `SELECT id FROM ${table}${indexed}${whereOf(conditions)} ORDER BY ${by} LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
      return rows.map(({ id }) => id)
    },

    /** How many pass each filter, up to a thousand and one, in one statement. */
    async counts(): Promise<Record<Filter, number>> {
      const names = Object.keys(filters) as Filter[]
      const counted = names.map((name) => {
        const where = whereOf([...there, { text: filters[name], values: [] }])
        return `(SELECT COUNT(*) FROM (SELECT 1 FROM ${table}${where} LIMIT ${MOST_COUNTED + 1}) AS of_${name}) AS ${name}`
      })
      const row = await reads.get<Record<string, number | bigint>>(`SELECT ${counted.join(', ')}`)
      return Object.fromEntries(names.map((name) => [name, Number(row?.[name] ?? 0)])) as Record<
        Filter,
        number
      >
    },
  }
}
