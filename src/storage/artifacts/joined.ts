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

/**
 * A row of a joined statement on PostgreSQL, as JSON: of some fifty columns the driver takes twice as long as of one. Times of an account
 * have no zone in it; they are UTC.
 */
export interface JoinedText {
  joined: string
}

/** What a joined statement has found; null: it is not there. */
export interface Joined {
  found: ArtifactRow | null
  granted: ArtifactRow | null
  session: ArtifactRow | null
  /** With the columns that were asked for. */
  account: Record<string, unknown> | null
}

const tuple = (table: string): string =>
  `CASE WHEN ${table}.id_hash IS NOT NULL THEN json_build_array(${ARTIFACT_COLUMNS.map((name) => `${table}.${name}`).join(', ')}) END`

/** The column of a joined statement. The table `account` is in it, and those of artefacts. @param first an expression, or a table of artefacts */
export const joinedColumn = (first: string): string =>
  `CAST(json_build_array(${[first, tuple('granted'), tuple('session')].join(', ')},
    CASE WHEN account.id IS NOT NULL THEN to_json(account) END) AS TEXT) AS joined`

type Tuple = [string, string, string, string | null, number | null, number | null]

const artifactOf = (tuple: Tuple | null): ArtifactRow | null => {
  if (tuple === null) return null
  const [id_hash, model, payload, authorizations, consumed_at, expires_at] = tuple
  return { id_hash, model, payload, authorizations, consumed_at, expires_at }
}

/** @returns the first thing as it stands in the row, and the others */
export function readJoined<First>({ joined }: JoinedText): { first: First } & Omit<Joined, 'found'> {
  const [first, granted, session, account] = JSON.parse(joined) as [
    First,
    Tuple | null,
    Tuple | null,
    Joined['account'],
  ]
  return { first, granted: artifactOf(granted), session: artifactOf(session), account }
}

/** Of `joinedStatement`. */
export function joinedArtifact(row: JoinedText): Joined & { found: ArtifactRow } {
  const { first, ...others } = readJoined<Tuple>(row)
  return { found: artifactOf(first) as ArtifactRow, ...others }
}

/** One parameter: now, in seconds since the epoch. */
export const live = (table: string): string =>
  `${table}.destroyed_at IS NULL AND (${table}.expires_at IS NULL OR ${table}.expires_at > CAST(? AS BIGINT))`

/** What `hashId` makes of an id. */
const hashOf = (id: string) =>
  `translate(rtrim(encode(sha256(convert_to(${id}, 'UTF8')), 'base64'), '='), '+/', '-_')`
/**
 * The field as JSON.stringify writes it: what PostgreSQL takes for JSON fails on a NUL and on half a surrogate pair, in whatever field. A field
 * of another one that looks alike (of the `claims` parameter) finds another session, which who reads the row has to compare.
 */
const sessionUid = `substring(found.payload from '"sessionUid":"([A-Za-z0-9_-]+)"')`

/**
 * An artefact, and what it hangs on: Grant, session and account. Its plan is kept: all of it is a few pages away. Parameters: those of
 * `grantId`, now, now, those of `which`, now.
 * @param account columns of `accounts`, `id` among them @param which the artefacts, by columns of `found` @param grantId the Grant, by the same
 */
export const joinedStatement = (
  account: string,
  which: string,
  grantId = 'found.grant_id',
): string => `SELECT ${joinedColumn(tuple('found'))}
  FROM artifacts AS found
  LEFT JOIN artifacts AS granted ON granted.model = 'Grant' AND granted.id_hash = ${hashOf(grantId)} AND ${live('granted')}
  LEFT JOIN artifacts AS session ON session.model = 'Session' AND session.uid = ${sessionUid} AND ${live('session')}
  LEFT JOIN (SELECT ${account} FROM accounts) AS account ON account.id = found.account_id
  WHERE ${which} AND ${live('found')}`
