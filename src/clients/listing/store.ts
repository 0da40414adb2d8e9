/**
 * Finding clients for a list, without reading all of them: a page is a walk along the index of its order that ends when it is full.
 * What is counted has an index of its own.
 */
import { LISTED_KINDS, type ListedKind } from '../../shared/client-kind.ts'
import type { ClientOrder } from '../../shared/orders.ts'
import type { SortedPlace } from '../../shared/sorted-cursor.ts'
import type { Database } from '../../storage/database.ts'
import { type Condition, keysetOf, momentOf, timeColumn, valuesOf, whereOf } from '../../storage/keyset.ts'
import { type Sql, sqlTime } from '../../storage/sql.ts'
import { createClientReads } from '../read-store.ts'
import { conditionsOfPage } from '../search-store.ts'
import type { ClientRow } from '../store.ts'

/** Each in the words of its index: by them an engine knows that it serves. */
const STATES = {
  enabled: 'disabled_at IS NULL',
  disabled: 'disabled_at IS NOT NULL',
  unverified: 'verified = false',
  self_registered: "source IN ('dynamic', 'open')",
} as const

export type ClientState = keyof typeof STATES

const columnsOf = (dialect: Sql['dialect']) => ({
  name: { key: 'LOWER(name)', mark: 'LOWER(?)' },
  created: timeColumn(dialect, 'created_at'),
  used: { key: 'last_used_day' },
})

export interface ClientFilters {
  /** In the name, the id or a redirect URI. */
  search?: string | undefined
  kind?: ListedKind | undefined
  /** All of them at once. */
  states?: readonly ClientState[] | undefined
  /** Without use since then, and registered before. Milliseconds since the epoch. */
  unusedSince?: number | undefined
  /** Only these, by their IDs. */
  only?: readonly string[] | undefined
}

export type ListedRow = ClientRow & { lastUsedDay: string }

/** Clients of a kind are counted up to so many, and one. */
const MOST_COUNTED = 1_000

/** How many clients there are, up to a thousand and one each. */
export type ClientCounts = Readonly<Record<ListedKind | ClientState | 'unused', number>>

const unused = (dialect: Sql['dialect'], since: number): Condition => ({
  text: `last_used_day < ? AND created_at < ${momentOf(dialect)}`,
  values: [new Date(since).toISOString().slice(0, 10), sqlTime(since)],
})

function conditionsOf(dialect: Sql['dialect'], wanted: ClientFilters): Condition[] {
  const { search, kind, states = [], unusedSince, only } = wanted
  return [
    ...conditionsOfPage(dialect, search, only),
    ...(kind === undefined ? [] : [{ text: 'kind = ?', values: [kind] }]),
    ...states.map((state) => ({ text: STATES[state], values: [] })),
    ...(unusedSince === undefined ? [] : [unused(dialect, unusedSince)]),
  ]
}

/** The lists of clients, in the database. */
export function createListingStore({ reads }: Pick<Database, 'reads'>) {
  const { byIds } = createClientReads(reads)
  return {
    /** In two statements however many there are: ids, clients. */
    async list(
      wanted: ClientFilters,
      order: ClientOrder,
      after: SortedPlace | undefined,
      limit: number,
    ): Promise<ListedRow[]> {
      const { dialect } = reads
      const { by, behind } = keysetOf(order, columnsOf(dialect))
      const conditions = [...conditionsOf(dialect, wanted), ...(after === undefined ? [] : [behind(after)])]
      const found = await reads.all<{ id: string }>(
        `SELECT id FROM clients${whereOf(conditions)} ORDER BY ${by} LIMIT ?`,
        [...valuesOf(conditions), limit],
      )
      return byIds(found.map(({ id }) => id))
    },

    /** By their indexes, in one statement. @param since of those without use, milliseconds since the epoch */
    async counts(since: number): Promise<ClientCounts> {
      const idle = unused(reads.dialect, since)
      const kinds: [string, string][] = [
        ...LISTED_KINDS.map((kind): [string, string] => [kind, `kind = '${kind}'`]),
        ...Object.entries(STATES),
        ['unused', idle.text],
      ]
      const counted = kinds.map(
        ([name, where]) =>
          `(SELECT COUNT(*) FROM (SELECT 1 FROM clients WHERE ${where} LIMIT ${MOST_COUNTED + 1}) AS of_${name}) AS ${name}`,
      )
      const row = await reads.get<Record<string, number | bigint>>(
        `SELECT ${counted.join(', ')}`,
        idle.values,
      )
      return Object.fromEntries(kinds.map(([name]) => [name, Number(row?.[name] ?? 0)])) as ClientCounts
    },
  }
}
