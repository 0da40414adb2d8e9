import type { GroupFilter } from '../../../shared/filters.ts'
import type { Database } from '../../../storage/database.ts'
import { timeColumn } from '../../../storage/keyset.ts'
import { createSortedList, rowsInOrder, type SortedWanted } from '../../../storage/sorted-list.ts'

type Column = 'name' | 'created'

/** The list of groups, in the database. */
export function createGroupListingStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
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
      return rowsInOrder(await list.ids(wanted), (where) => prisma.group.findMany({ where }))
    },
  }
}
