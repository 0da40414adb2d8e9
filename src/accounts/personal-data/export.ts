import type { Clock } from '../../shared/clock.ts'
import { byNameOf } from '../../shared/profile/fields.ts'
import { PHONE_VERIFIED } from '../../shared/profile/table.ts'
import { notFound } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import { RELATED, type Relation } from './columns.ts'
import type { PersonalRows } from './store.ts'

/** What another part of the server holds of a person. */
export interface PersonalDataSource {
  /** The name of its member in the document. */
  name: string
  /** Without secrets and hashes. What is long comes entry by entry. */
  read(accountId: string): AsyncIterable<object> | Promise<unknown>
}

/** Everything that is held about a person, for that person (GDPR Art. 15, 20). */
export interface PersonalData {
  /**
   * One JSON document, in pieces of text: of what is long an entry is in memory at a time.
   * @throws AppError account_not_found (404), before the first piece
   */
  export(accountId: string): Promise<AsyncGenerator<string>>
}

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString())

const isStream = (value: unknown): value is AsyncIterable<object> =>
  typeof value === 'object' && value !== null && Reflect.has(value, Symbol.asyncIterator)

/** @param deps.sources what there is beside the rows of the account (columns.ts), in the order of the document */
export function createPersonalData(deps: {
  accounts: Pick<Accounts, 'byId'>
  rows: PersonalRows
  sources: readonly PersonalDataSource[]
  issuer: string
  clock: Clock
}): PersonalData {
  const { accounts, clock, issuer, rows } = deps

  const account: PersonalDataSource = {
    name: 'account',
    async read(id) {
      const [found, others] = await Promise.all([accounts.byId(id), rows.own(id)])
      return (
        found && {
          id: found.id,
          username: found.displayUsername,
          canonical_username: found.username,
          email: found.email,
          email_verified: found.email !== null,
          pending_email: found.pendingEmail,
          ...byNameOf('claim', found),
          [PHONE_VERIFIED.claim]: found.phoneVerified,
          address: found.address,
          attributes: found.attributes,
          ...others,
        }
      )
    },
  }

  const related = Object.entries(RELATED).map(
    ([relation, { member }]): PersonalDataSource => ({
      name: member,
      read: (id) => rows.related(relation as Relation, id),
    }),
  )

  async function* document(accountId: string): AsyncGenerator<string> {
    const exported = { exported_at: iso(clock()), issuer }
    yield JSON.stringify(exported).slice(0, -1)
    for (const source of [account, ...related, ...deps.sources]) {
      yield `,\n${JSON.stringify(source.name)}:`
      const found = source.read(accountId)
      if (isStream(found)) yield* arrayOf(found)
      else yield JSON.stringify((await found) ?? null)
    }
    yield '}\n'
  }

  return {
    async export(accountId) {
      if (!(await accounts.byId(accountId))) throw notFound()
      return document(accountId)
    },
  }
}

async function* arrayOf(entries: AsyncIterable<object>): AsyncGenerator<string> {
  let before = '['
  for await (const entry of entries) {
    yield `${before}${JSON.stringify(entry)}`
    before = ',\n'
  }
  yield before === '[' ? '[]' : ']'
}
