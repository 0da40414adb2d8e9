/**
 * Accounts sorted by another column than the one that the search runs along (src/accounts/search/store.ts), without reading all of them.
 * Where few pass the filters, these are found as always, and sorted. Where many do, the list is a walk along the index of its order, and
 * looks at no more than so many accounts: a page may be short, or empty, and say where the next one goes on.
 */
import { type AccountOrder, columnOf } from '../../../shared/orders.ts'
import type { SortedPlace } from '../../../shared/sorted-cursor.ts'
import {
  type Condition,
  keysetOf,
  type SortedColumn,
  timeColumn,
  valuesOf,
  whereOf,
} from '../../../storage/keyset.ts'
import { amongTexts, type Sql, sqlTime } from '../../../storage/sql.ts'
import type { Account } from '../../account.ts'
import { findAccountIds, type Wanted } from '../store.ts'
import { termsOf } from '../terms.ts'
import { filtersOf } from './filters.ts'

export interface SortedWanted extends Omit<Wanted, 'after'> {
  order: AccountOrder
  after?: SortedPlace | undefined
}

export interface SortedIds {
  ids: string[]
  /** Set where the walk has ended before the page was full and the list was at its end. */
  resume?: SortedPlace | undefined
}

const BOUNDS = {
  /** So many accounts that pass filters are sorted each time. */
  few: 1_000,
  /** Accounts that are looked at for one page. */
  walk: 20_000,
}

const INDEXES = {
  name: 'accounts_username_key',
  created: 'accounts_created_at_id_idx',
  signed_in: 'accounts_by_last_sign_in',
} as const
/** Of who has never signed in, in the words of the index. */
const NEVER = {
  sqlite: { key: "COALESCE(a.last_sign_in_at, '')", value: '' },
  postgresql: { key: "COALESCE(a.last_sign_in_at, TIMESTAMP '-infinity')", value: '-infinity' },
} as const

/** Where the list stands behind an account. Who has never signed in has the time 0. */
export function placeOf(
  { id, username, createdAt, lastSignInAt }: Pick<Account, 'id' | 'username' | 'createdAt' | 'lastSignInAt'>,
  order: AccountOrder,
): SortedPlace {
  return { id, key: { name: username, created: createdAt, signed_in: lastSignInAt ?? 0 }[columnOf(order)] }
}

/** What an order comes to in the words of an engine. */
function spoken(dialect: Sql['dialect'], order: AccountOrder) {
  const never = NEVER[dialect]
  const columns: Record<keyof typeof INDEXES, SortedColumn> = {
    name: { key: 'a.username', unique: true },
    created: timeColumn(dialect, 'a.created_at'),
    signed_in: {
      ...timeColumn(dialect, never.key),
      value: (at) => (at === 0 ? never.value : sqlTime(Number(at))),
    },
  }
  return {
    // SQLite does not know how many pass a filter, and would rather sort all of them.
    from: `accounts a${dialect === 'sqlite' ? ` INDEXED BY ${INDEXES[columnOf(order)]}` : ''}`,
    ...keysetOf(order, columns, 'a.id'),
  }
}

/** The ids of accounts, in an order. */
export async function findSortedIds(reads: Sql, wanted: SortedWanted, bounds = BOUNDS): Promise<SortedIds> {
  const { order, after, limit, ...filters } = wanted
  const { search, role, organization, attribute, secondFactor, state } = filters
  const narrowed = [search, role, organization, attribute, secondFactor, state].some(
    (each) => each !== undefined,
  )
  if (!narrowed) return { ids: await walked(reads, order, after, [], limit) }
  const found = await findAccountIds(reads, { ...filters, limit: bounds.few + 1 })
  if (found.length <= bounds.few) return { ids: await sorted(reads, order, after, found, limit) }
  const end = await endOfWalk(reads, order, after, bounds.walk)
  const conditions = [...filtersOf(reads, filters), ...searched(search)]
  if (end !== undefined) conditions.push(spoken(reads.dialect, order).upTo(end))
  const ids = await walked(reads, order, after, conditions, limit, search !== undefined)
  return { ids, resume: ids.length < limit ? end : undefined }
}

const searched = (search: string | undefined): Condition[] =>
  search === undefined ? [] : [{ text: `s.text LIKE LOWER(?) ESCAPE '!'`, values: [termsOf(search).pattern] }]

/** A few accounts, sorted. */
async function sorted(
  reads: Sql,
  order: AccountOrder,
  after: SortedPlace | undefined,
  found: readonly string[],
  limit: number,
): Promise<string[]> {
  if (found.length === 0) return []
  const { by, behind } = spoken(reads.dialect, order)
  const conditions = [
    { text: `a.id ${amongTexts[reads.dialect]}`, values: [JSON.stringify(found)] },
    ...(after === undefined ? [] : [behind(after)]),
  ]
  const text = `SELECT a.id FROM accounts a${whereOf(conditions)} ORDER BY ${by} LIMIT ?`
  return (await reads.all<{ id: string }>(text, [...valuesOf(conditions), limit])).map(({ id }) => id)
}

/** Along the index of an order, until the page is full. */
async function walked(
  reads: Sql,
  order: AccountOrder,
  after: SortedPlace | undefined,
  filters: readonly Condition[],
  limit: number,
  joined = false,
): Promise<string[]> {
  const { from, by, behind } = spoken(reads.dialect, order)
  const conditions = [...filters, ...(after === undefined ? [] : [behind(after)])]
  // CROSS JOIN: the accounts first, in their order.
  const cross = reads.dialect === 'sqlite' ? 'CROSS JOIN' : 'JOIN'
  const join = joined ? ` ${cross} account_search s ON s.account_id = a.id` : ''
  const text = `SELECT a.id FROM ${from}${join}${whereOf(conditions)} ORDER BY ${by} LIMIT ?`
  return (await reads.all<{ id: string }>(text, [...valuesOf(conditions), limit])).map(({ id }) => id)
}

/** The last account that a walk looks at. Undefined: the list ends before. */
async function endOfWalk(
  reads: Sql,
  order: AccountOrder,
  after: SortedPlace | undefined,
  walk: number,
): Promise<SortedPlace | undefined> {
  const { from, by, behind } = spoken(reads.dialect, order)
  const place = after === undefined ? [] : [behind(after)]
  const row = await reads.get<{
    id: string
    username: string
    createdAt: string
    lastSignInAt: string | null
  }>(
    `SELECT a.id, a.username, a.created_at AS "createdAt", a.last_sign_in_at AS "lastSignInAt"
       FROM ${from}${whereOf(place)} ORDER BY ${by} LIMIT 1 OFFSET ?`,
    [...valuesOf(place), walk - 1],
  )
  return (
    row &&
    placeOf(
      {
        ...row,
        createdAt: Date.parse(row.createdAt),
        lastSignInAt: row.lastSignInAt === null ? null : Date.parse(row.lastSignInAt),
      },
      order,
    )
  )
}
