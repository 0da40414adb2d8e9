import type { RoleFilter } from '../../../shared/filters.ts'
import { rowsInOrder } from '../../../storage/columns.ts'
import type { Database } from '../../../storage/database.ts'
import { timeColumn } from '../../../storage/keyset.ts'
import { createSortedList, type SortedWanted } from '../../../storage/sorted-list.ts'
import { roleColumns } from '../store.ts'

type Column = 'api' | 'name' | 'created'

/** The list of roles, in the database. */
export function createRoleListingStore({ reads }: Pick<Database, 'reads'>) {
  const list = createSortedList<Column, RoleFilter>(reads, {
    table: 'roles',
    columns: (dialect) => ({
      // No resource indicator has a space: by API, and by name within one.
      api: { key: `(resource || ' ' || name_key)`, unique: true },
      name: { key: 'name_key' },
      created: timeColumn(dialect, 'created_at'),
    }),
    kept: 'removed_at IS NULL',
    filters: {
      unused: `NOT EXISTS (SELECT 1 FROM account_roles a WHERE a.role_id = roles.id)
        AND NOT EXISTS (SELECT 1 FROM group_roles g WHERE g.role_id = roles.id)`,
      no_api: "resource = ''",
    },
    searched: ['name_key'],
  })
  return {
    counts: list.counts,
    async rows(wanted: SortedWanted<Column, RoleFilter>) {
      return rowsInOrder(reads, roleColumns, 'roles r', await list.ids(wanted))
    },
  }
}
