import { z } from 'zod'
import { listedKindOf } from '../../shared/client-kind.ts'
import type { Clock } from '../../shared/clock.ts'
import { csvOfPages } from '../../shared/csv.ts'
import { type ClientOrder, columnOf } from '../../shared/orders.ts'
import { cursorTime, cutPage, type Page, type PageRequest, pageLimit } from '../../shared/paging.ts'
import { type SortedPlace, sortedCursor, sortedPlace } from '../../shared/sorted-cursor.ts'
import type { Database } from '../../storage/database.ts'
import { searchText } from '../page.ts'
import { type ClientView, clientView } from '../view.ts'
import { type ClientCounts, type ClientFilters, createListingStore, type ListedRow } from './store.ts'

/** A client of a list. */
export interface ListedClient {
  client: ClientView
  /** The newest day on which it was used, in UTC: `2026-11-25`. Undefined: it never was in the last 400 days. */
  lastUsedDay: string | undefined
}

export interface ListingQuery extends PageRequest, Omit<ClientFilters, 'unusedSince'> {
  /** Only those without use for 90 days, which are as old. */
  unused?: boolean | undefined
  /** `-created` unless given: the newest first. */
  order?: ClientOrder | undefined
}

/** That a list of clients left the server as a file. */
interface ClientsExported {
  type: 'clients.exported'
  /** What it was narrowed by. */
  filters: Record<string, unknown>
}

/** After so long a client counts as unused, in milliseconds. */
const UNUSED = 90 * 86_400_000

const CSV = {
  client_id: ({ client }: ListedClient) => client.client_id,
  client_name: ({ client }: ListedClient) => client.client_name,
  kind: ({ client }: ListedClient) => listedKindOf(client),
  disabled: ({ client }: ListedClient) => client.disabled,
  verified: ({ client }: ListedClient) => client.verified,
  first_party: ({ client }: ListedClient) => client.first_party,
  source: ({ client }: ListedClient) => client.source,
  redirect_uris: ({ client }: ListedClient) => client.redirect_uris.join(' '),
  scope: ({ client }: ListedClient) => client.scope ?? null,
  created_at: ({ client }: ListedClient) => new Date(client.client_id_issued_at * 1000).toISOString(),
  last_used_on: ({ lastUsedDay }: ListedClient) => lastUsedDay ?? null,
} as const

/** The list of clients as administrators look through it. */
export interface ClientListing {
  /** @throws AppError invalid_page (400) */
  page(query: ListingQuery): Promise<Page<ListedClient>>
  /** How many there are of each kind, up to a thousand and one. */
  counts(): Promise<ClientCounts>
  /** What is listed, as a CSV file (RFC 4180) piece by piece, ten thousand at most; audited. */
  exported(query: ListingQuery): AsyncGenerator<string>
}

export function createClientListing({
  db,
  clock,
  events,
}: {
  db: Pick<Database, 'reads'>
  clock: Clock
  events(event: ClientsExported): void
}): ClientListing {
  const store = createListingStore(db)

  async function page(query: ListingQuery): Promise<Page<ListedClient>> {
    const { limit: asked, cursor, order = '-created', unused, search, ...filters } = query
    const limit = pageLimit(asked)
    const after = cursor === undefined ? undefined : sortedPlace(cursor, order, KEYS[columnOf(order)])
    const now = clock()
    const wanted = {
      ...filters,
      search: searchText(search),
      unusedSince: unused ? now - UNUSED : undefined,
    }
    const rows = await store.list(wanted, order, after, limit + 1)
    return cutPage(
      rows,
      limit,
      (row) => sortedCursor(order, placeOf(row, order)),
      (row) => ({ client: clientView(row, now), lastUsedDay: row.lastUsedDay || undefined }),
    )
  }

  return {
    page,
    counts: () => store.counts(clock() - UNUSED),
    async *exported(query) {
      const { cursor: _cursor, limit: _limit, ...filters } = query
      events({ type: 'clients.exported', filters: JSON.parse(JSON.stringify(filters)) })
      yield* csvOfPages(CSV, (wanted) => page({ ...filters, ...wanted }))
    },
  }
}

const KEYS = {
  name: z.string().max(400),
  used: z.string().max(10),
  created: cursorTime,
} as const

const placeOf = (row: ListedRow, order: ClientOrder): SortedPlace => ({
  key: { name: row.name, used: row.lastUsedDay, created: row.createdAt.getTime() }[columnOf(order)],
  id: row.id,
})
