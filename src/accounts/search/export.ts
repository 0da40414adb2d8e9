import { csvOfPages } from '../../shared/csv.ts'
import type { Page } from '../../shared/paging.ts'
import type { Account } from '../account.ts'
import type { AccountQuery } from './search.ts'

const COLUMNS = {
  id: ({ id }: Account) => id,
  username: ({ displayUsername }: Account) => displayUsername,
  email: ({ email }: Account) => email,
  pending_email: ({ pendingEmail }: Account) => pendingEmail,
  given_name: ({ givenName }: Account) => givenName,
  family_name: ({ familyName }: Account) => familyName,
  role: ({ role }: Account, nameOf: (role: string) => string) => nameOf(role),
  disabled: ({ disabledAt }: Account) => disabledAt !== null,
  second_factors: ({ secondFactors }: Account) => secondFactors.join(' '),
  created_at: ({ createdAt }: Account) => new Date(createdAt).toISOString(),
  last_sign_in_at: ({ lastSignInAt }: Account) =>
    lastSignInAt === null ? null : new Date(lastSignInAt).toISOString(),
} as const

/** That a list of people left the server as a file. */
interface UsersExported {
  type: 'users.exported'
  /** What it was narrowed by. */
  filters: Record<string, unknown>
}

/** What a search finds, as a CSV file (RFC 4180) piece by piece: a page is in memory at a time. It is audited. */
export function createUserExport(deps: {
  search(query: AccountQuery): Promise<Page<Account>>
  /** What a role of administration is called. */
  nameOfRole(role: string): string
  events(event: UsersExported): void
}): (query: AccountQuery) => AsyncGenerator<string> {
  return async function* (query) {
    const { cursor: _cursor, limit: _limit, ...filters } = query
    deps.events({ type: 'users.exported', filters: JSON.parse(JSON.stringify(filters)) })
    yield* csvOfPages(
      Object.fromEntries(
        Object.entries(COLUMNS).map(([name, cell]) => [name, (user: Account) => cell(user, deps.nameOfRole)]),
      ),
      (wanted) => deps.search({ ...filters, ...wanted }),
    )
  }
}
