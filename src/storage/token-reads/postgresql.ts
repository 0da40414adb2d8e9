import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { hashId } from '../../shared/id-hash.ts'
import {
  accountOf,
  artifactOf,
  columnsOf,
  type JoinedRow,
  joinedStatement,
  live,
} from '../artifacts/joined.ts'
import { createGathering } from '../gathering.ts'
import type { Sql } from '../sql.ts'
import { type AccountView, context, payloadOf, storedToken, type TokenReads } from './token-reads.ts'

/** Look-ups of tokens by statements of their own, before they share one. */
const AT_ONCE = 8

const byValue = (accountColumns: string, which: string): string =>
  joinedStatement(
    accountColumns,
    `found.model IN ('AccessToken', 'ClientCredentials') AND found.id_hash ${which}`,
  )

const byReference = (accountColumns: string) => `SELECT denied.id_hash AS denied,
    ${columnsOf('granted')}, ${columnsOf('session')}, account.*
  FROM (SELECT 1) AS one
  LEFT JOIN artifacts AS denied ON denied.model = ? AND denied.id_hash = ? AND ${live('denied')}
  LEFT JOIN artifacts AS granted ON granted.model = 'Grant' AND granted.id_hash = ? AND ${live('granted')}
  LEFT JOIN artifacts AS session ON session.model = 'Session' AND session.uid = ? AND ${live('session')}
  LEFT JOIN (SELECT ${accountColumns} FROM accounts) AS account ON account.id = ?`

const contextOf = (row: JoinedRow) => ({
  grant: artifactOf(row, 'granted') ?? null,
  session: artifactOf(row, 'session') ?? null,
  account: accountOf(row) ?? null,
})

/** One joined statement; of tokens that wait at the same time, one for all. */
export function createPostgresTokenReads<Account>(
  sql: Sql,
  view: AccountView<Account>,
  clock: Clock,
): TokenReads<Account> {
  const one = byValue(view.columns, '= ?')
  const several = byValue(view.columns, `= ANY (string_to_array(CAST(? AS TEXT), ' '))`)
  const reference = byReference(view.columns)

  const find = createGathering<JoinedRow>(AT_ONCE, {
    async one(idHash) {
      const now = epochSeconds(clock)
      return sql.get<JoinedRow>(one, [now, now, idHash, now])
    },
    async several(hashes) {
      const now = epochSeconds(clock)
      const rows = await sql.all<JoinedRow>(several, [now, now, hashes.join(' '), now])
      return new Map(rows.map((row) => [row.found_id_hash as string, row]))
    },
  })

  return {
    async byValue(value) {
      const row = await find(hashId(value))
      const found = row && artifactOf(row, 'found')
      if (!row || !found) return undefined
      return storedToken({ model: found.model, token: payloadOf(found, value) }, contextOf(row), view)
    },

    async byReference({ denial, grantId, sessionUid, accountId }) {
      const now = epochSeconds(clock)
      const grantHash = grantId === undefined ? null : hashId(grantId)
      const given = [
        denial.model,
        hashId(denial.id),
        now,
        grantHash,
        now,
        sessionUid ?? null,
        now,
        accountId ?? null,
      ]
      const row = (await sql.get<JoinedRow>(reference, given)) ?? {}
      return { denied: row.denied !== null, ...context(grantId, contextOf(row), view) }
    },
  }
}
