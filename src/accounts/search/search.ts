import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { type AccountOrder, columnOf } from '../../shared/orders.ts'
import {
  cursorTime,
  cutPage,
  invalidCursor,
  type Page,
  type PageRequest,
  pageLimit,
  parsePageRequest,
  toPage,
} from '../../shared/paging.ts'
import type { Secrets } from '../../shared/secrets.ts'
import { type SortedPlace, sortedCursor, sortedPlace } from '../../shared/sorted-cursor.ts'
import type { Account, Role } from '../account.ts'
import type { AccountStore } from '../store/store.ts'
import type { AccountState, SecondFactorFilter } from './store/filters.ts'
import { placeOf } from './store/sorted.ts'
import type { Wanted } from './store.ts'

export interface AccountQuery extends PageRequest {
  /** Part of the username, of an address or of a name, or the id. */
  search?: string | undefined
  role?: Role | undefined
  /** Only members of this organization, by its ID. */
  organization?: string | undefined
  /** Whose attribute has this value, as far as two hundred characters go, whatever the case of ASCII letters. */
  attribute?: { name: string; value: string } | undefined
  /** `any` or `none`: with or without a second factor; `passkey`: with one of that kind. */
  second_factor?: SecondFactorFilter | undefined
  /** Disabled, locked now, or with no address that is verified. */
  state?: AccountState | undefined
  /** `-created` unless given: the newest first, and before them what bears the very name or address that is searched for. */
  order?: AccountOrder | undefined
}

const KEYS = { name: z.string().max(400), created: cursorTime, signed_in: cursorTime } as const

/** What sealed cursors are sealed for. */
const CURSOR = 'cursor of sorted accounts'

/** Finding accounts page by page, at one price however many there are (store.ts, store/sorted.ts). */
export function createSearch({
  store,
  clock,
  secrets,
}: {
  store: Pick<AccountStore, 'findMany' | 'findSorted'>
  clock: Clock
  secrets: Pick<Secrets, 'seal' | 'open'>
}) {
  function wantedOf(query: AccountQuery): Omit<Wanted, 'after' | 'limit'> {
    const { search = '', role, organization, second_factor, attribute, state } = query
    const text = search.normalize('NFKC').trim()
    return {
      search: text === '' || text.includes('\0') ? undefined : text,
      role,
      organization,
      attribute: attribute?.value.includes('\0') ? { ...attribute, value: '' } : attribute,
      secondFactor: second_factor,
      state,
      now: clock(),
    }
  }

  /** A walk ends at an account that may pass no filter, and that a role limited to an organization may not see: its name stands sealed in the cursor. */
  const sealed = (order: AccountOrder, resume: SortedPlace): string =>
    secrets.seal(sortedCursor(order, resume), CURSOR)

  function placeIn(cursor: string, order: AccountOrder): SortedPlace {
    const keys = KEYS[columnOf(order)]
    if (!cursor.startsWith('v1.')) return sortedPlace(cursor, order, keys)
    let opened: string
    try {
      opened = secrets.open(cursor, CURSOR)
    } catch (cause) {
      throw invalidCursor(cause)
    }
    return sortedPlace(opened, order, keys)
  }

  /** Pages may be short while others follow. */
  async function inOrder(query: AccountQuery, order: AccountOrder): Promise<Page<Account>> {
    const limit = pageLimit(query.limit)
    const after = query.cursor === undefined ? undefined : placeIn(query.cursor, order)
    const { accounts, resume } = await store.findSorted({
      ...wantedOf(query),
      ...{ order, after, limit: limit + 1 },
    })
    const page = cutPage(
      accounts,
      limit,
      (account) => sortedCursor(order, placeOf(account, order)),
      (account) => account,
    )
    // What the walk ended at, unless the page is full before it.
    return page.next_cursor === undefined && resume !== undefined
      ? { ...page, next_cursor: sealed(order, resume) }
      : page
  }

  /** @throws AppError `invalid_page` (400) */
  return async (query: AccountQuery = {}): Promise<Page<Account>> => {
    const { order = '-created' } = query
    if (order !== '-created') return inOrder(query, order)
    const { limit, after } = parsePageRequest(query)
    return toPage(
      await store.findMany({ ...wantedOf(query), after, limit: limit + 1 }),
      limit,
      ({ createdAt, id }) => ({ at: createdAt, id }),
      (account) => account,
    )
  }
}
