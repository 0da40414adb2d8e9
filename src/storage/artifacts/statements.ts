import { amongTexts, type Sql } from '../sql.ts'

/**
 * A column's JSON object with some of its keys changed. Two parameters: the keys that were set or taken out, as an
 * array, and the object of those that were set.
 * @param value a row of json_each as JSON text, from the text that it came of
 */
const sqliteChange = (column: string, value: (text: string) => string) => `(
  SELECT json_group_object(key, json(value)) FROM (
    SELECT key, ${value(`artifacts.${column}`)} AS value FROM json_each(artifacts.${column})
     WHERE key NOT IN (SELECT value FROM json_each(?))
    UNION ALL SELECT key, ${value('news.text')} FROM (SELECT ? AS text) AS news, json_each(news.text)))`
const postgresChange = (column: string) =>
  `((COALESCE(artifacts.${column}, '{}')::jsonb - ARRAY(SELECT json_array_elements_text(CAST(? AS json))))
    || CAST(? AS jsonb))::text`

/** Where the dialects part. */
const dialects = {
  sqlite: {
    /** The texts of a JSON array as rows with a `value`. */
    texts: 'json_each(?)',
    /** Both objects' keys; a key that both have comes whole from the new one. */
    mergedAuthorizations: `(SELECT json_group_object(key, json(value)) FROM (
      SELECT key, value FROM json_each(artifacts.authorizations)
       WHERE key NOT IN (SELECT key FROM json_each(excluded.authorizations))
      UNION ALL SELECT key, value FROM json_each(excluded.authorizations)))`,
    /** A JSON object with another `generation`, a parameter. */
    withGeneration: `json_set(payload, '$.generation', CAST(? AS INTEGER))`,
    // Names of the payload's own fields are plain words; those of clients may be anything, but their values are objects.
    changedPayload: sqliteChange('payload', (text) => `${text} -> fullkey`),
    changedAuthorizations: sqliteChange('authorizations', () => 'value'),
    greatest: 'MAX',
    /** SQLite has one writer: no other transaction can have a row locked. */
    skipLocked: '',
  },
  postgresql: {
    texts: 'json_array_elements_text(CAST(? AS json))',
    mergedAuthorizations: '(artifacts.authorizations::jsonb || excluded.authorizations::jsonb)::text',
    withGeneration: `jsonb_set(payload::jsonb, '{generation}', to_jsonb(CAST(? AS BIGINT)))::text`,
    changedPayload: postgresChange('payload'),
    changedAuthorizations: postgresChange('authorizations'),
    greatest: 'GREATEST',
    // Two processes that sweep at once share the work instead of waiting for each other.
    skipLocked: 'FOR UPDATE SKIP LOCKED',
  },
} as const

const columns =
  'model, id_hash, payload, grant_id, uid, user_code, account_id, client_id, expires_at, created_at'
const row = 'id_hash, model, payload, authorizations, consumed_at, expires_at'
/** One parameter: now. */
const live = 'destroyed_at IS NULL AND (expires_at IS NULL OR expires_at > ?)'
/**
 * What the index of clients holds, in its very words, by which an engine knows that it serves: Grants, and what hangs on none (a
 * remembered consent, a token of the client's own). Tokens of people are found by their Grant, and count for nothing without it.
 */
const ofClient = "client_id IS NOT NULL AND (grant_id IS NULL OR model = 'Grant')"
const replaced = `payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
  account_id = excluded.account_id, client_id = excluded.client_id, expires_at = excluded.expires_at`
const given = `payload = ?, grant_id = ?, uid = ?, user_code = COALESCE(?, user_code), account_id = ?, client_id = ?,
  expires_at = ?`
/** What a tombstone keeps is its key, its expiry and its uid, which must not come back either. */
const buried = "destroyed_at = ?, payload = '{}', account_id = NULL"

/** One artefact, as `upsert` takes it. */
export const VALUES = 'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'

export type ArtifactStatements = ReturnType<typeof createStatements>

/** Every statement of the store. Times are seconds since the epoch; parameters in the order of their `?`. */
export const createStatements = (dialect: Sql['dialect']) => {
  const the = dialects[dialect]
  const among = amongTexts[dialect]
  /**
   * What one request changed of a session (see session-changes.ts), where the session is still of the account that it was read with, or
   * of the one that it gets now. A lifetime that another request has set since is not shortened.
   */
  const touched = `account_id = COALESCE(?, account_id),
    expires_at = CASE WHEN expires_at = CAST(? AS BIGINT) THEN CAST(? AS BIGINT)
      ELSE ${the.greatest}(expires_at, CAST(? AS BIGINT)) END`
  const changed = `payload = ${the.changedPayload},
    authorizations = NULLIF(${the.changedAuthorizations}, '{}'),
    ${touched}`
  const ofTheSame = `${live} AND COALESCE(account_id, '') IN (?, ?)`
  return {
    upsert: `INSERT INTO artifacts (${columns}) ${VALUES}
      ON CONFLICT (model, id_hash) DO UPDATE SET ${replaced},
        user_code = COALESCE(excluded.user_code, artifacts.user_code)
      WHERE artifacts.destroyed_at IS NULL`,

    replace: `UPDATE artifacts SET ${given} WHERE model = ? AND id_hash = ? AND ${live}`,
    replaceUnchanged: `UPDATE artifacts SET ${given}
      WHERE model = ? AND id_hash = ? AND ${live} AND payload = ?`,

    // A session of another account under the same id is another session: nothing of the old one is kept.
    upsertSession: `INSERT INTO artifacts (${columns}, authorizations)
      SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT),
             CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT)
       WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE uid = ? AND model = 'Session' AND destroyed_at IS NOT NULL)
      ON CONFLICT (model, id_hash) DO UPDATE SET ${replaced},
        authorizations = CASE
          WHEN artifacts.authorizations IS NULL OR artifacts.account_id <> COALESCE(excluded.account_id, '')
            THEN excluded.authorizations
          WHEN excluded.authorizations IS NULL THEN artifacts.authorizations
          ELSE ${the.mergedAuthorizations} END
      WHERE artifacts.destroyed_at IS NULL`,

    /** By its uid: it may have another id by now. */
    changeSession: `UPDATE artifacts SET ${changed}
      WHERE uid = ? AND model = 'Session' AND ${ofTheSame} RETURNING id_hash`,
    touchSession: `UPDATE artifacts SET ${touched}
      WHERE uid = ? AND model = 'Session' AND ${ofTheSame} RETURNING id_hash`,
    moveSession: `UPDATE artifacts SET ${changed}, id_hash = ?
      WHERE model = 'Session' AND id_hash = ? AND ${ofTheSame} RETURNING id_hash`,
    moveTouchedSession: `UPDATE artifacts SET ${touched}, id_hash = ?
      WHERE model = 'Session' AND id_hash = ? AND ${ofTheSame} RETURNING id_hash`,

    // An expired artefact counts as gone, even before the sweep has deleted it.
    insert: `INSERT INTO artifacts (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id_hash) DO UPDATE SET ${replaced}, user_code = excluded.user_code,
        created_at = excluded.created_at, authorizations = NULL, consumed_at = NULL, destroyed_at = NULL
      WHERE artifacts.expires_at <= ?`,

    find: `SELECT ${row} FROM artifacts WHERE model = ? AND id_hash = ? AND ${live}`,
    findByUid: `SELECT ${row} FROM artifacts WHERE uid = ? AND model = ? AND ${live}`,
    findByUserCode: `SELECT ${row} FROM artifacts WHERE user_code = ? AND model = ? AND ${live}`,

    consume: `UPDATE artifacts SET consumed_at = ?, expires_at = ${the.greatest}(expires_at, CAST(? AS BIGINT))
      WHERE model = ? AND id_hash = ? AND ${live} AND consumed_at IS NULL`,
    // The first consumption starts the clock of the grace window; a later one inside it does not restart it.
    consumeInGrace: `UPDATE artifacts SET consumed_at = COALESCE(consumed_at, ?),
        expires_at = ${the.greatest}(expires_at, CAST(? AS BIGINT))
      WHERE model = ? AND id_hash = ? AND ${live} AND (consumed_at IS NULL OR consumed_at > ?)`,

    destroy: 'DELETE FROM artifacts WHERE model = ? AND id_hash = ?',
    destroySession: `UPDATE artifacts SET ${buried}, authorizations = NULL
      WHERE model = 'Session' AND id_hash = ? AND destroyed_at IS NULL`,
    endSession: `UPDATE artifacts SET ${buried}, authorizations = NULL
      WHERE uid = ? AND model = 'Session' AND destroyed_at IS NULL`,

    revokeByGrantId: 'DELETE FROM artifacts WHERE grant_id = ? AND model = ?',
    /** By the index of what a client has. Two parameters: a JSON array of client IDs, now. */
    clientsInUse: `SELECT asked.value AS client_id FROM ${the.texts} AS asked
      WHERE EXISTS (SELECT 1 FROM artifacts WHERE client_id = asked.value AND ${ofClient} AND ${live}
        AND consumed_at IS NULL)`,
    countByClient: `SELECT COUNT(*) AS count, COUNT(DISTINCT account_id) AS accounts FROM (
      SELECT account_id FROM artifacts WHERE client_id = ? AND model = ? AND ${ofClient} AND ${live}
        AND consumed_at IS NULL LIMIT ?) AS found`,
    ofClient: `SELECT model, id_hash, grant_id FROM artifacts WHERE client_id = ? AND ${ofClient} LIMIT ?`,
    deleteUnderGrants: `DELETE FROM artifacts WHERE (model, id_hash) IN (
      SELECT model, id_hash FROM artifacts WHERE grant_id ${among} AND model <> 'Grant' LIMIT ?)`,
    deleteOfModel: `DELETE FROM artifacts WHERE model = ? AND id_hash ${among}`,

    listByAccount: `SELECT ${row} FROM artifacts WHERE account_id = ? AND model = ? AND ${live}
      AND consumed_at IS NULL ORDER BY created_at DESC, id_hash`,

    /** The tombstones keep their authorizations, which name the grants to revoke next. */
    burySession: `UPDATE artifacts SET ${buried}
      WHERE uid = ? AND model = 'Session' AND account_id = ? AND destroyed_at IS NULL RETURNING authorizations`,
    buryAccountSessions: `UPDATE artifacts SET ${buried}, authorizations = NULL
      WHERE account_id = ? AND model = 'Session' AND destroyed_at IS NULL
      AND COALESCE(uid, '') <> ?`,
    sessionAuthorizations: `SELECT authorizations FROM artifacts
      WHERE uid = ? AND model = 'Session' AND account_id = ? AND destroyed_at IS NULL`,

    deleteByGrants: `DELETE FROM artifacts WHERE grant_id ${among}`,
    deleteGrants: `DELETE FROM artifacts WHERE model = 'Grant' AND id_hash ${among}`,
    deleteByAccount: `DELETE FROM artifacts WHERE account_id = ? AND model NOT IN ('Session', 'Consent')
      AND NOT (COALESCE(grant_id, '') ${among}) AND NOT (model = 'Grant' AND id_hash ${among})`,
    deleteByAccountAndClient: `DELETE FROM artifacts WHERE account_id = ? AND model NOT IN ('Session', 'Consent')
      AND NOT (COALESCE(grant_id, '') ${among}) AND NOT (model = 'Grant' AND id_hash ${among})
      AND client_id = ?`,

    carryOver: `UPDATE artifacts SET payload = ${the.withGeneration} WHERE account_id = ? AND destroyed_at IS NULL
      AND ((model = 'Session' AND uid = ?) OR (model = 'Grant' AND id_hash ${among}))`,

    deleteConsents: "DELETE FROM artifacts WHERE account_id = ? AND model = 'Consent'",
    deleteConsentsOf: "DELETE FROM artifacts WHERE account_id = ? AND model = 'Consent' AND client_id = ?",

    sweep: `DELETE FROM artifacts WHERE (model, id_hash) IN (
      SELECT model, id_hash FROM artifacts WHERE expires_at < ?
      ORDER BY expires_at, model, id_hash LIMIT ? ${the.skipLocked})`,
  }
}
