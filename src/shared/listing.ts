/** Lists as administrators look through them: sorted, filtered, counted and saved as a file. What runs along the indexes is their stores'. */
import { z } from 'zod'
import { csvOfPages } from './csv.ts'
import { columnOf, type Order } from './orders.ts'
import { cursorTime, cutPage, type Page, type PageRequest, pageLimit } from './paging.ts'
import { type SortedPlace, sortedCursor, sortedPlace } from './sorted-cursor.ts'

export interface ListingQuery<Column extends string, Filter extends string> extends PageRequest {
  search?: string | undefined
  /** All of them at once. */
  filters?: readonly Filter[] | undefined
  /** Only these, by their IDs. */
  only?: readonly string[] | undefined
  order: Order<Column>
}

export interface Listing<Item, Column extends string, Filter extends string> {
  /** @throws AppError invalid_page (400) */
  page(query: ListingQuery<Column, Filter>): Promise<Page<Item>>
  /** How many pass each filter, up to a thousand and one. */
  counts(): Promise<Readonly<Record<Filter, number>>>
  /** What is listed, as a CSV file (RFC 4180) piece by piece, ten thousand at most; audited. */
  exported(query: ListingQuery<Column, Filter>): AsyncGenerator<string>
}

/** That a list left the server as a file. */
export interface ListExported {
  type: 'lists.exported'
  /** Of what it is. */
  list: string
  /** What it was narrowed by. */
  filters: Record<string, unknown>
}

/** Items in one file. */
export const MAX_EXPORTED = 10_000
const PAGE = 100

const KEYS = { text: z.string().max(2000), time: cursorTime } as const

export function createListing<
  Row extends { id: string },
  Item,
  Column extends string,
  Filter extends string,
>(deps: {
  /** What it is called in the audit log. */
  name: string
  store: {
    rows(wanted: {
      order: Order<Column>
      filters: readonly Filter[]
      search: string | undefined
      only: readonly string[] | undefined
      after: SortedPlace | undefined
      limit: number
    }): Promise<Row[]>
    counts(): Promise<Record<Filter, number>>
  }
  /** What a row is sorted by. */
  keys(row: Row): Record<Column, string | Date>
  view(row: Row): Item
  csv: Readonly<Record<string, (item: Item) => unknown>>
  events(event: ListExported): void
}): Listing<Item, Column, Filter> {
  const { name, store, keys, view, csv, events } = deps

  async function page(query: ListingQuery<Column, Filter>): Promise<Page<Item>> {
    const { order, cursor, filters = [], only } = query
    const column = columnOf<Column>(order)
    const limit = pageLimit(query.limit)
    const read = KEYS[column === 'created' ? 'time' : 'text']
    const rows = await store.rows({
      ...{ order, filters, only, limit: limit + 1 },
      search: query.search?.replaceAll('\0', ''),
      after: cursor === undefined ? undefined : sortedPlace(cursor, order, read),
    })
    const place = (row: Row): SortedPlace => {
      const key = keys(row)[column]
      return { id: row.id, key: typeof key === 'string' ? key : key.getTime() }
    }
    return cutPage(rows, limit, (row) => sortedCursor(order, place(row)), view)
  }

  return {
    page,
    counts: store.counts,
    async *exported({ cursor: _cursor, limit: _limit, ...filters }) {
      events({ type: 'lists.exported', list: name, filters: JSON.parse(JSON.stringify(filters)) })
      yield* csvOfPages(csv, (cursor) => page({ ...filters, limit: PAGE, cursor }), MAX_EXPORTED)
    },
  }
}
