import type { OrganizationFilter } from '../../shared/filters.ts'
import { rowsInOrder } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { timeColumn } from '../../storage/keyset.ts'
import { createSortedList, type SortedWanted } from '../../storage/sorted-list.ts'
import { organizationColumns } from '../store.ts'

type Column = 'slug' | 'name' | 'created'

/** The list of organizations, in the database. */
export function createOrganizationListingStore({ reads }: Pick<Database, 'reads'>) {
  const list = createSortedList<Column, OrganizationFilter>(reads, {
    table: 'organizations',
    columns: (dialect) => ({
      slug: { key: 'slug', unique: true, index: 'organizations_slug_key' },
      name: { key: 'name_key', index: 'organizations_name_key_id_idx' },
      created: { ...timeColumn(dialect, 'created_at'), index: 'organizations_created_at_id_idx' },
    }),
    kept: 'removed_at IS NULL',
    filters: {
      // In the words of its index.
      disabled: 'disabled = true',
      provider: `id IN (SELECT organization_id FROM identity_providers WHERE organization_id IS NOT NULL AND disabled_at IS NULL)`,
      second_factor: 'second_factor_required = true',
    },
    searched: ['name_key', 'slug'],
  })
  return {
    counts: list.counts,
    async rows(wanted: SortedWanted<Column, OrganizationFilter>) {
      return rowsInOrder(reads, organizationColumns, 'organizations', await list.ids(wanted))
    },
  }
}
