import type { Sql } from '../sql.ts'
import { keyHash, type SharedCounters } from './shared.ts'

/** Of the database, in milliseconds since the epoch: every process has the same. */
const NOW = '(floor(extract(epoch from now()) * 1000)::bigint)'

/** One statement: it waits for no other but those on the same key, and adds nothing above the limit. */
const TAKE = `INSERT INTO rate_counters AS c (key, count, resets_at) VALUES (?, 1, ${NOW} + ?)
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN c.resets_at <= ${NOW} THEN 1 ELSE c.count + 1 END,
    resets_at = CASE WHEN c.resets_at <= ${NOW} THEN excluded.resets_at ELSE c.resets_at END
  WHERE c.resets_at <= ${NOW} OR c.count < ?
  RETURNING c.count AS count, c.resets_at AS until, ${NOW} AS now`
const LOOK = `SELECT count, resets_at AS until, ${NOW} AS now FROM rate_counters WHERE key = ?`
const GIVE_BACK = 'UPDATE rate_counters SET count = count - 1 WHERE key = ? AND resets_at = ? AND count > 0'
// Rows that another process counts on, or deletes, are left to it.
const SWEEP = `DELETE FROM rate_counters WHERE key IN (SELECT key FROM rate_counters
  WHERE resets_at <= ${NOW} ORDER BY resets_at LIMIT ? FOR UPDATE SKIP LOCKED)`

interface Row {
  count: number
  until: number
  now: number
}

/** Counts in PostgreSQL. @param sql of PostgreSQL */
export function createDatabaseCounters(sql: Sql): SharedCounters {
  const takenOf = ({ count, until, now }: Row, allowed: boolean) => ({
    ...{ allowed, count, left: Math.max(0, until - now), window: String(until) },
  })
  return {
    async take(key, { max, window }) {
      const id = keyHash(key)
      const row = await sql.get<Row>(TAKE, [id, window * 1000, max])
      if (row) return takenOf(row, true)
      // Without a row, the sweep has deleted it since: the count starts anew with the next request.
      const full = (await sql.get<Row>(LOOK, [id])) ?? { count: max, until: 0, now: 0 }
      return takenOf(full, false)
    },
    async giveBack(key, window) {
      await sql.run(GIVE_BACK, [keyHash(key), Number(window)])
    },
    sweep: (limit) => sql.run(SWEEP, [limit]),
    async close() {},
  }
}
