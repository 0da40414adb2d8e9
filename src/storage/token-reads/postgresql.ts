import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { hashId } from '../../shared/id-hash.ts'
import {
  type Joined,
  type JoinedText,
  joinedArtifact,
  joinedColumn,
  joinedStatement,
  live,
  readJoined,
} from '../artifacts/joined.ts'
import { createGathering } from '../gathering.ts'
import type { Sql } from '../sql.ts'
import { type AccountView, context, payloadOf, storedToken, type TokenReads } from './token-reads.ts'

/** Look-ups of tokens by statements of their own, before they share one: a statement more costs this process what ten rows more do. */
const AT_ONCE = 2

const byValue = (accountColumns: string, which: string): string =>
  joinedStatement(
    accountColumns,
    `found.model IN ('AccessToken', 'ClientCredentials') AND found.id_hash ${which}`,
  )

const byReference = (accountColumns: string) => `SELECT ${joinedColumn('denied.id_hash IS NOT NULL')}
  FROM (SELECT 1) AS one
  LEFT JOIN artifacts AS denied ON denied.model = ? AND denied.id_hash = ? AND ${live('denied')}
  LEFT JOIN artifacts AS granted ON granted.model = 'Grant' AND granted.id_hash = ? AND ${live('granted')}
  LEFT JOIN artifacts AS session ON session.model = 'Session' AND session.uid = ? AND ${live('session')}
  LEFT JOIN (SELECT ${accountColumns} FROM accounts) AS account ON account.id = ?`

const contextOf = ({ granted: grant, session, account }: Omit<Joined, 'found'>) => ({
  grant,
  session,
  account,
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

  const find = createGathering<ReturnType<typeof joinedArtifact>>(AT_ONCE, {
    async one(idHash) {
      const now = epochSeconds(clock)
      const row = await sql.get<JoinedText>(one, [now, now, idHash, now])
      return row && joinedArtifact(row)
    },
    async several(hashes) {
      const now = epochSeconds(clock)
      const rows = await sql.all<JoinedText>(several, [now, now, hashes.join(' '), now])
      return new Map(rows.map(joinedArtifact).map((row) => [row.found.id_hash, row]))
    },
  })

  return {
    async byValue(value) {
      const row = await find(hashId(value))
      if (row === undefined) return undefined
      const { found } = row
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
      const row = await sql.get<JoinedText>(reference, given)
      if (row === undefined) throw new Error('a look-up without a row')
      const { first: denied, ...others } = readJoined<boolean>(row)
      return { denied, ...context(grantId, contextOf(others), view) }
    },
  }
}
