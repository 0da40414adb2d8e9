/** Lists as administrators look through them: sorted, filtered, counted and saved as a file. What runs along the indexes is their stores'. */
import { z } from 'zod'
import { csvOfPages } from './csv.ts'
import { columnOf, type Order } from './orders.ts'
import { cursorTime, cutPage, type Page, type PageRequest, pageLimit } from './paging.ts'
import { type SortedPlace, sortedCursor, sortedPlace } from './sorted-cursor.ts'

export interface ListingQuery<Column extends string, Filter extends string, Where = never>
  extends PageRequest {
  search?: string | undefined
  /** All of them at once. */
  filters?: readonly Filter[] | undefined
  /** Only these, by their IDs. */
  only?: readonly string[] | undefined
  /** Where a choice of filters does not say it: what its store narrows it by. */
  where?: Where | undefined
  order: Order<Column>
}

export interface Listing<Item, Column extends string, Filter extends string, Where = never> {
  /** @throws AppError invalid_page (400) */
  page(query: ListingQuery<Column, Filter, Where>): Promise<Page<Item>>
  /** How many pass each filter, up to a thousand and one. */
  counts(): Promise<Readonly<Record<Filter, number>>>
  /** What is listed, as a CSV file (RFC 4180) piece by piece, ten thousand at most; audited. */
  exported(query: ListingQuery<Column, Filter, Where>): AsyncGenerator<string>
}

/** That a list left the server as a file. */
export interface ListExported {
  type: 'lists.exported'
  /** Of what it is. */
  list: string
  /** What it was narrowed by. */
  filters: Record<string, unknown>
}

/** What a row is sorted by. */
export type ListColumn<Row> = { text(row: Row): string } | { time(row: Row): Date }

const keyOf = <Row>(column: ListColumn<Row>, row: Row): SortedPlace['key'] =>
  'text' in column ? column.text(row) : column.time(row).getTime()

const KEYS = { text: z.string().max(2000), time: cursorTime } as const

export function createListing<
  Row extends { id: string },
  Item,
  Column extends string,
  Filter extends string,
  Where extends object = never,
>(deps: {
  /** What it is called in the audit log. */
  name: string
  store: {
    rows(wanted: {
      order: Order<Column>
      filters: readonly Filter[]
      search: string | undefined
      only: readonly string[] | undefined
      where: Where | undefined
      after: SortedPlace | undefined
      limit: number
    }): Promise<Row[]>
    counts(): Promise<Record<Filter, number>>
  }
  columns: Readonly<Record<Column, ListColumn<Row>>>
  view(row: Row): Item
  csv: Readonly<Record<string, (item: Item) => unknown>>
  events(event: ListExported): void
}): Listing<Item, Column, Filter, Where> {
  const { name, store, columns, view, csv, events } = deps

  async function page(query: ListingQuery<Column, Filter, Where>): Promise<Page<Item>> {
    const { order, cursor, filters = [], only, where } = query
    const column = columns[columnOf<Column>(order)]
    const limit = pageLimit(query.limit)
    const rows = await store.rows({
      ...{ order, filters, only, where, limit: limit + 1 },
      search: query.search?.replaceAll('\0', ''),
      after:
        cursor === undefined
          ? undefined
          : sortedPlace(cursor, order, KEYS['text' in column ? 'text' : 'time']),
    })
    const cursorOf = (row: Row) => sortedCursor(order, { id: row.id, key: keyOf(column, row) })
    return cutPage(rows, limit, cursorOf, view)
  }

  return {
    page,
    counts: store.counts,
    async *exported({ cursor: _cursor, limit: _limit, ...filters }) {
      const { where, ...others } = filters
      const said = JSON.parse(JSON.stringify({ ...others, ...where }))
      events({ type: 'lists.exported', list: name, filters: said })
      yield* csvOfPages(csv, (wanted) => page({ ...filters, ...wanted }))
    },
  }
}
