import { createListing, type ListExported, type Listing } from '../shared/listing.ts'
import type { RejectionColumn } from '../shared/orders.ts'
import type { ListedRejection } from './rejections.ts'
import { newestWithinKey, type RejectionFilter, type RejectionRow, type RejectionStore } from './store.ts'

export type RejectionListing = Listing<ListedRejection, RejectionColumn, never, RejectionFilter>

export const createRejectionListing = (deps: {
  rows: RejectionStore['rows']
  view(row: RejectionRow): ListedRejection
  events(event: ListExported): void
}): RejectionListing =>
  createListing({
    name: 'rejections',
    // There is no choice of filters to count.
    store: { rows: deps.rows, counts: async () => ({}) },
    columns: {
      at: { time: ({ at }) => at },
      endpoint: { text: ({ endpoint, at }) => newestWithinKey(endpoint, at) },
      error: { text: ({ error, at }) => newestWithinKey(error, at) },
    },
    view: deps.view,
    csv: {
      reference: ({ id }) => id,
      at: ({ at }) => new Date(at).toISOString(),
      endpoint: ({ endpoint }) => endpoint,
      client_id: ({ clientId, details }) => clientId ?? details.claimed_client_id ?? null,
      error: ({ error }) => error,
      error_description: ({ description }) => description,
      mistake: ({ title }) => title,
    },
    events: deps.events,
  })
