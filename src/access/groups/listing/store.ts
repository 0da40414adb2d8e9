import type { GroupFilter } from '../../../shared/filters.ts'
import { rowsInOrder } from '../../../storage/columns.ts'
import type { Database } from '../../../storage/database.ts'
import { timeColumn } from '../../../storage/keyset.ts'
import { createSortedList, type SortedWanted } from '../../../storage/sorted-list.ts'
import { groupColumns } from '../store.ts'

type Column = 'name' | 'created'

/** The list of groups, in the database. */
export function createGroupListingStore({ reads }: Pick<Database, 'reads'>) {
  const list = createSortedList<Column, GroupFilter>(reads, {
    table: '"groups"',
    columns: (dialect) => ({
      name: { key: 'name_key', unique: true },
      created: timeColumn(dialect, 'created_at'),
    }),
    kept: 'removed_at IS NULL',
    filters: {
      empty: 'NOT EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = "groups".id)',
      roles: 'id IN (SELECT group_id FROM group_roles)',
      directory: 'id IN (SELECT group_id FROM scim_groups)',
    },
    searched: ['name_key'],
  })
  return {
    counts: list.counts,
    async rows(wanted: SortedWanted<Column, GroupFilter>) {
      return rowsInOrder(reads, groupColumns, '"groups" g', await list.ids(wanted))
    },
  }
}
