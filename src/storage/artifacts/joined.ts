import type { ArtifactRow } from './at-rest.ts'

/** The columns of an artefact that its payload is made of. */
export const ARTIFACT_COLUMNS = [
  'id_hash',
  'model',
  'payload',
  'authorizations',
  'consumed_at',
  'expires_at',
] as const

/** A row of a joined statement on PostgreSQL: columns of artefacts behind the name of their table, and those of an account. */
export type JoinedRow = Record<string, unknown>

export const columnsOf = (table: string): string =>
  ARTIFACT_COLUMNS.map((name) => `${table}.${name} AS ${table}_${name}`).join(', ')

/** One parameter: now, in seconds since the epoch. */
export const live = (table: string): string =>
  `${table}.destroyed_at IS NULL AND (${table}.expires_at IS NULL OR ${table}.expires_at > CAST(? AS BIGINT))`

/** What `hashId` makes of an id, of the column that holds the id of a Grant. */
const grantHash = `translate(rtrim(encode(sha256(convert_to(found.grant_id, 'UTF8')), 'base64'), '='), '+/', '-_')`
/**
 * The field as JSON.stringify writes it: what PostgreSQL takes for JSON fails on a NUL and on half a surrogate pair, in whatever field. A field
 * of another one that looks alike (of the `claims` parameter) finds another session, which who reads the row has to compare.
 */
const sessionUid = `substring(found.payload from '"sessionUid":"([A-Za-z0-9_-]+)"')`

/**
 * An artefact, and what it hangs on: Grant, session and account. Its plan is kept: all of it is a few pages away. Parameters: now, now,
 * those of `which`, now.
 * @param account columns of `accounts`, `id` among them @param which the artefacts, by columns of `found`
 */
export const joinedStatement = (
  account: string,
  which: string,
): string => `SELECT ${['found', 'granted', 'session'].map(columnsOf).join(', ')}, account.*
  FROM artifacts AS found
  LEFT JOIN artifacts AS granted ON granted.model = 'Grant' AND granted.id_hash = ${grantHash} AND ${live('granted')}
  LEFT JOIN artifacts AS session ON session.model = 'Session' AND session.uid = ${sessionUid} AND ${live('session')}
  LEFT JOIN (SELECT ${account} FROM accounts) AS account ON account.id = found.account_id
  WHERE ${which} AND ${live('found')}`

/** An artefact of a joined row. Undefined: it is not there. */
export const artifactOf = (row: JoinedRow, table: string): ArtifactRow | undefined =>
  row[`${table}_model`] === null
    ? undefined
    : (Object.fromEntries(
        ARTIFACT_COLUMNS.map((name) => [name, row[`${table}_${name}`]]),
      ) as unknown as ArtifactRow)

/** Its account, with the columns that were asked for. Undefined: there is none. */
export const accountOf = (row: JoinedRow): JoinedRow | undefined => (row.id === null ? undefined : row)
