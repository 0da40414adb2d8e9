import type { ResourceFilter } from '../../../shared/filters.ts'
import { createListing, type ListExported, type Listing } from '../../../shared/listing.ts'
import type { Database } from '../../../storage/database.ts'
import { type Resource, resourceView } from '../resource.ts'
import type { ResourceRow } from '../store.ts'
import { createResourceListingStore } from './store.ts'

/** An API, with when it was added, in milliseconds since the epoch. */
type ListedResource = Resource & { createdAt: number }

export type ResourceListing = Listing<ListedResource, 'name' | 'created', ResourceFilter>

export const createResourceListing = (deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  events(event: ListExported): void
}): ResourceListing =>
  createListing({
    name: 'resources',
    store: createResourceListingStore(deps.db),
    columns: { name: { text: ({ name }) => name }, created: { time: ({ createdAt }) => createdAt } },
    view: (row: ResourceRow): ListedResource => ({
      ...resourceView(row),
      createdAt: row.createdAt.getTime(),
    }),
    csv: {
      identifier: ({ identifier }) => identifier,
      name: ({ name }) => name,
      scope: ({ scope }) => scope,
      access_token_ttl: ({ access_token_ttl: ttl }) => ttl ?? null,
      tokens: ({ tokens }) => tokens,
      scopes_by_role: ({ scopes_by_role: byRole }) => byRole === true,
      created_at: ({ createdAt }) => new Date(createdAt).toISOString(),
    },
    events: deps.events,
  })
