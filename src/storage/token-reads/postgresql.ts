import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { hashId } from '../../shared/id-hash.ts'
import type { ArtifactRow } from '../artifacts/at-rest.ts'
import type { Sql } from '../sql.ts'
import { createGathering } from './gathering.ts'
import { type AccountView, ARTIFACT_COLUMNS, context, storedToken, type TokenReads } from './token-reads.ts'

const PARTS = ['token', 'grant', 'session'] as const
type Part = (typeof PARTS)[number]

const columnsOf = (part: Part) =>
  ARTIFACT_COLUMNS.map((name) => `${part}_.${name} AS ${part}_${name}`).join(', ')
/** One parameter: now. */
const live = (part: Part | 'denied') =>
  `${part}_.destroyed_at IS NULL AND (${part}_.expires_at IS NULL OR ${part}_.expires_at > ?)`

/** `hashId` in SQL. */
const hashed = (text: string) =>
  `translate(rtrim(encode(sha256(convert_to(${text}, 'UTF8')), 'base64'), '='), '+/', '-_')`
const SESSION_UID = `CASE WHEN token_.payload::json ->> 'expiresWithSession' = 'true'
  THEN token_.payload::json ->> 'sessionUid' END`

/** One statement, whose plan the server keeps: a token that is looked at has its four rows a few pages away. */
const byValue = (
  accountColumns: string,
  which: string,
) => `SELECT ${PARTS.map(columnsOf).join(', ')}, account_.*
  FROM artifacts token_
  LEFT JOIN artifacts grant_ ON grant_.model = 'Grant' AND grant_.id_hash = ${hashed('token_.grant_id')} AND ${live('grant')}
  LEFT JOIN artifacts session_ ON session_.model = 'Session' AND session_.uid = ${SESSION_UID} AND ${live('session')}
  LEFT JOIN (SELECT ${accountColumns} FROM accounts) account_ ON account_.id = token_.account_id
  WHERE token_.model IN ('AccessToken', 'ClientCredentials') AND token_.id_hash ${which} AND ${live('token')}`

const byReference = (accountColumns: string) => `SELECT denied_.id_hash AS denied,
    ${columnsOf('grant')}, ${columnsOf('session')}, account_.*
  FROM (SELECT 1) one_
  LEFT JOIN artifacts denied_ ON denied_.model = ? AND denied_.id_hash = ? AND ${live('denied')}
  LEFT JOIN artifacts grant_ ON grant_.model = 'Grant' AND grant_.id_hash = ? AND ${live('grant')}
  LEFT JOIN artifacts session_ ON session_.model = 'Session' AND session_.uid = ? AND ${live('session')}
  LEFT JOIN (SELECT ${accountColumns} FROM accounts) account_ ON account_.id = ?`

type Row = Record<string, unknown>

/** A part of a joined row; null: it has none. */
function partOf(row: Row, part: Part): ArtifactRow | null {
  if (row[`${part}_id_hash`] === null) return null
  return {
    id_hash: row[`${part}_id_hash`] as string,
    model: row[`${part}_model`] as string,
    payload: row[`${part}_payload`] as string,
    authorizations: row[`${part}_authorizations`] as string | null,
    consumed_at: row[`${part}_consumed_at`] as number | null,
    expires_at: row[`${part}_expires_at`] as number | null,
  }
}

const contextOf = (row: Row) => ({
  grant: partOf(row, 'grant'),
  session: partOf(row, 'session'),
  // Its columns are in the row by their own names.
  account: row.id === null ? null : row,
})

/** One joined statement; of tokens that wait at the same time, one for all. */
export function createPostgresTokenReads<Account>(
  sql: Sql,
  view: AccountView<Account>,
  clock: Clock,
): TokenReads<Account> {
  const one = byValue(view.columns, '= ?')
  const several = byValue(view.columns, '= ANY (ARRAY(SELECT json_array_elements_text(CAST(? AS json))))')
  const reference = byReference(view.columns)

  const find = createGathering<Row>({
    async one(idHash) {
      const now = epochSeconds(clock)
      return sql.get<Row>(one, [now, now, idHash, now])
    },
    async several(hashes) {
      const now = epochSeconds(clock)
      const rows = await sql.all<Row>(several, [now, now, JSON.stringify(hashes), now])
      return new Map(rows.map((row) => [row.token_id_hash as string, row]))
    },
  })

  return {
    async byValue(value) {
      const row = await find(hashId(value))
      const token = row && partOf(row, 'token')
      return row && token ? storedToken(value, { token, ...contextOf(row) }, view) : undefined
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
      const row = (await sql.get<Row>(reference, given)) ?? {}
      return { denied: row.denied !== null, ...context(grantId, contextOf(row), view) }
    },
  }
}
