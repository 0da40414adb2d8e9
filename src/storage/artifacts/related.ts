import type { Sql } from '../sql.ts'
import type { ArtifactRow } from './at-rest.ts'

/** Rows that one look-up has found: an artefact, and what a request that brought it asks for next. */
export interface RelatedRows {
  found: ArtifactRow
  /** The Grant that it hangs on, if it is there. */
  grant: ArtifactRow | undefined
  /** The session that it names, if it is there. */
  session: ArtifactRow | undefined
  /** That of its account, with the columns that were asked for. */
  account: Record<string, unknown> | undefined
}

/** How many look-ups are on their way at once: further ones wait for one to return, and go together. */
const FLYING = 2

const COLUMNS = ['id_hash', 'model', 'payload', 'authorizations', 'consumed_at', 'expires_at'] as const
const columnsOf = (table: string) => COLUMNS.map((name) => `${table}.${name} AS ${table}_${name}`).join(', ')
const live = (table: string) =>
  `${table}.destroyed_at IS NULL AND (${table}.expires_at IS NULL OR ${table}.expires_at > CAST(? AS BIGINT))`

/** What `hashId` makes of an id, of the column that holds the id of a Grant. */
const grantHash = `translate(rtrim(encode(sha256(convert_to(found.grant_id, 'UTF8')), 'base64'), '='), '+/', '-_')`
/** The field as JSON.stringify writes it. What a client may have put into another field that looks alike finds a session that nobody asks for. */
const sessionUid = `substring(found.payload from '"sessionUid":"([A-Za-z0-9_-]+)"')`

/** @param account columns of `accounts` */
export const relatedStatement = (
  account: string,
) => `SELECT ${['found', 'granted', 'session'].map(columnsOf).join(', ')}, account.*
  FROM artifacts AS found
  LEFT JOIN artifacts AS granted ON granted.model = 'Grant' AND granted.id_hash = ${grantHash} AND ${live('granted')}
  LEFT JOIN artifacts AS session ON session.model = 'Session' AND session.uid = ${sessionUid} AND ${live('session')}
  LEFT JOIN (SELECT ${account} FROM accounts) AS account ON account.id = found.account_id
  WHERE found.model = ANY (string_to_array(CAST(? AS TEXT), ' '))
    AND found.id_hash = ANY (string_to_array(CAST(? AS TEXT), ' ')) AND ${live('found')}`

type Row = Record<string, unknown>

const rowOf = (row: Row, table: string): ArtifactRow | undefined =>
  row[`${table}_model`] === null
    ? undefined
    : (Object.fromEntries(COLUMNS.map((name) => [name, row[`${table}_${name}`]])) as unknown as ArtifactRow)

interface Waiting {
  model: string
  idHash: string
  resolve(rows: RelatedRows | undefined): void
  reject(error: unknown): void
}

/**
 * Looks artefacts up on PostgreSQL, where each of these reads would be a round trip of its own. Look-ups of several requests share one,
 * once more wait than fly.
 * @param accountColumns those of a row of `accounts`, `id` among them
 */
export function createRelatedReads(sql: Sql, accountColumns: string, now: () => number) {
  const text = relatedStatement(accountColumns)
  let waiting: Waiting[] = []
  let flying = 0

  async function fly(): Promise<void> {
    const asked = waiting
    waiting = []
    flying++
    try {
      const words = (of: 'model' | 'idHash') => [...new Set(asked.map((each) => each[of]))].join(' ')
      const at = now()
      const rows = await sql.all<Row>(text, [at, at, words('model'), words('idHash'), at])
      for (const { model, idHash, resolve } of asked) {
        const row = rows.find((each) => each.found_id_hash === idHash && each.found_model === model)
        const found = row && rowOf(row, 'found')
        resolve(
          row &&
            found && {
              found,
              grant: rowOf(row, 'granted'),
              session: rowOf(row, 'session'),
              account: row.id === null ? undefined : row,
            },
        )
      }
    } catch (error) {
      for (const { reject } of asked) reject(error)
    } finally {
      flying--
      if (waiting.length > 0) void fly()
    }
  }

  return (model: string, idHash: string): Promise<RelatedRows | undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<RelatedRows | undefined>()
    waiting.push({ model, idHash, resolve, reject })
    if (flying < FLYING) void fly()
    return promise
  }
}
