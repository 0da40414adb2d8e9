import type { RoleFilter } from '../../../shared/filters.ts'
import { createListing, type ListExported, type Listing } from '../../../shared/listing.ts'
import type { Database } from '../../../storage/database.ts'
import type { Role } from '../role.ts'
import { roleView } from '../roles.ts'
import { createRoleListingStore } from './store.ts'

export type RoleListing = Listing<Role, 'api' | 'name' | 'created', RoleFilter>

export const createRoleListing = (deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  events(event: ListExported): void
}): RoleListing =>
  createListing({
    name: 'roles',
    store: createRoleListingStore(deps.db),
    columns: {
      api: { text: ({ resource, nameKey }) => `${resource} ${nameKey}` },
      name: { text: ({ nameKey }) => nameKey },
      created: { time: ({ createdAt }) => createdAt },
    },
    view: roleView,
    csv: {
      id: ({ id }) => id,
      name: ({ name }) => name,
      resource: ({ resource }) => resource ?? null,
      scope: ({ scope }) => scope ?? null,
      description: ({ description }) => description ?? null,
      created_at: ({ createdAt }) => new Date(createdAt).toISOString(),
    },
    events: deps.events,
  })
