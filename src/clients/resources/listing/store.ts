import type { ResourceFilter } from '../../../shared/filters.ts'
import { rowsInOrder } from '../../../storage/columns.ts'
import type { Database } from '../../../storage/database.ts'
import { timeColumn } from '../../../storage/keyset.ts'
import { createSortedList, type SortedWanted } from '../../../storage/sorted-list.ts'
import { resourceColumns } from '../store.ts'

type Column = 'name' | 'created'

/** The list of APIs, in the database. */
export function createResourceListingStore({ reads }: Pick<Database, 'reads'>) {
  const list = createSortedList<Column, ResourceFilter>(reads, {
    table: 'resources',
    columns: (dialect) => ({
      name: { key: 'LOWER(name)', mark: 'LOWER(?)' },
      created: timeColumn(dialect, 'created_at'),
    }),
    filters: { jwt: "tokens = 'jwt'", opaque: "tokens = 'opaque'", by_role: 'scopes_by_role = true' },
    searched: ['LOWER(name)', 'LOWER(id)'],
    // Lowered by the engine like the columns: SQLite knows the letters of ASCII alone.
    searchKey: { of: (text) => text.trim(), mark: 'LOWER(CAST(? AS TEXT))' },
  })
  return {
    counts: list.counts,
    async rows(wanted: SortedWanted<Column, ResourceFilter>) {
      return rowsInOrder(reads, resourceColumns, 'resources', await list.ids(wanted))
    },
  }
}
