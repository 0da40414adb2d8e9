import { csvOfPages } from '../shared/csv.ts'
import { type ListExported, MAX_EXPORTED } from '../shared/listing.ts'
import type { Page, PageRequest } from '../shared/paging.ts'
import type { ListedRejection } from './rejections.ts'
import type { RejectionFilter } from './store.ts'

const PAGE = 100

const CSV: Readonly<Record<string, (one: ListedRejection) => unknown>> = {
  reference: ({ id }) => id,
  at: ({ at }) => new Date(at).toISOString(),
  endpoint: ({ endpoint }) => endpoint,
  client_id: ({ clientId, details }) => clientId ?? details.claimed_client_id ?? null,
  error: ({ error }) => error,
  error_description: ({ description }) => description,
  mistake: ({ title }) => title,
}

/** Refused requests as a CSV file (RFC 4180) piece by piece, the newest first, ten thousand at most; audited. */
export type ExportRejections = (filter: RejectionFilter) => AsyncGenerator<string>

export const createRejectionExport = (deps: {
  list(filter: RejectionFilter & PageRequest): Promise<Page<ListedRejection>>
  events(event: ListExported): void
}): ExportRejections =>
  async function* (filter) {
    const filters = JSON.parse(JSON.stringify(filter)) as Record<string, unknown>
    deps.events({ type: 'lists.exported', list: 'rejections', filters })
    yield* csvOfPages(CSV, (cursor) => deps.list({ ...filter, limit: PAGE, cursor }), MAX_EXPORTED)
  }
