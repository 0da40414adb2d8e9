import type { GroupFilter } from '../../../shared/filters.ts'
import { createListing, type ListExported, type Listing } from '../../../shared/listing.ts'
import type { Database } from '../../../storage/database.ts'
import type { Group } from '../group.ts'
import { groupView } from '../groups.ts'
import { createGroupListingStore } from './store.ts'

export type GroupListing = Listing<Group, 'name' | 'created', GroupFilter>

export const createGroupListing = (deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  events(event: ListExported): void
}): GroupListing =>
  createListing({
    name: 'groups',
    store: createGroupListingStore(deps.db),
    columns: {
      name: { text: ({ nameKey }) => nameKey },
      created: { time: ({ createdAt }) => createdAt },
    },
    view: groupView,
    csv: {
      id: ({ id }) => id,
      name: ({ name }) => name,
      description: ({ description }) => description,
      created_at: ({ createdAt }) => new Date(createdAt).toISOString(),
    },
    events: deps.events,
  })
