import type { Clock } from '../../shared/clock.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from '../../shared/paging.ts'
import type { Account, Role } from '../account.ts'
import type { AccountStore } from '../store/store.ts'
import type { AccountState, SecondFactorFilter } from './store.ts'

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
}

/** Finding accounts page by page, at one price however many there are (store.ts). */
export function createSearch({ store, clock }: { store: Pick<AccountStore, 'findMany'>; clock: Clock }) {
  /** What bears the very name or address first, then the newest first. @throws AppError `invalid_page` (400) */
  return async (query: AccountQuery = {}): Promise<Page<Account>> => {
    const { search = '', role, organization, second_factor, attribute, state } = query
    const { limit, after } = parsePageRequest(query)
    const text = search.normalize('NFKC').trim()
    const found = await store.findMany({
      search: text === '' || text.includes('\0') ? undefined : text,
      role,
      organization,
      attribute: attribute?.value.includes('\0') ? { ...attribute, value: '' } : attribute,
      secondFactor: second_factor,
      state,
      now: clock(),
      after,
      limit: limit + 1,
    })
    return toPage(
      found,
      limit,
      ({ createdAt, id }) => ({ at: createdAt, id }),
      (account) => account,
    )
  }
}
