import type { OrganizationFilter } from '../../shared/filters.ts'
import { createListing, type ListExported, type Listing } from '../../shared/listing.ts'
import type { Database } from '../../storage/database.ts'
import type { Organization } from '../organization.ts'
import { organizationView } from '../organizations.ts'
import { createOrganizationListingStore } from './store.ts'

export type OrganizationListing = Listing<Organization, 'slug' | 'name' | 'created', OrganizationFilter>

export const createOrganizationListing = (deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  events(event: ListExported): void
}): OrganizationListing =>
  createListing({
    name: 'organizations',
    store: createOrganizationListingStore(deps.db),
    columns: {
      slug: { text: ({ slug }) => slug },
      name: { text: ({ nameKey }) => nameKey },
      created: { time: ({ createdAt }) => createdAt },
    },
    view: organizationView,
    csv: {
      id: ({ id }) => id,
      name: ({ name }) => name,
      slug: ({ slug }) => slug,
      disabled: ({ disabled }) => disabled,
      second_factor_required: (one) => one.second_factor_required,
      provider_required: (one) => one.provider_required,
      created_at: ({ createdAt }) => new Date(createdAt).toISOString(),
    },
    events: deps.events,
  })
