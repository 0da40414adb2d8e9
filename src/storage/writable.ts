import { randomUUID } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import type { Database } from './database.ts'
import type { Sql } from './sql.ts'
import { databaseUnavailable } from './unavailable.ts'

/** How long an answer counts, in milliseconds: probes come every few seconds, from several places. */
const GOOD_FOR = 10_000
const BAD_FOR = 1_000

/** More than one page: on a full disk there is no room for it, though a small row may still find a gap. */
const PAYLOAD = 'x'.repeat(8_192)

/**
 * Whether SQLite can write. Only a write shows that the disk has room and may be written to, so one is made and taken back;
 * on the other file taking its lock is enough, for it lies on the same disk.
 * @param lockMain takes the write lock of the main file and gives it back
 * @returns rejects with AppError database_unavailable when it cannot
 */
export function createWriteProbe(
  { artifacts, lockMain }: Pick<Database, 'artifacts'> & { lockMain(): Promise<void> },
  clock: Clock,
): () => Promise<void> {
  const id = `probe-${randomUUID()}`
  const probe = async (): Promise<void> => {
    // Both statements are of one turn, and so of one transaction: see sqlite/writes.ts.
    await Promise.all([
      artifacts.run(
        "INSERT INTO artifacts (model, id_hash, payload, expires_at, created_at) VALUES ('Probe', ?, ?, 0, 0)",
        [id, PAYLOAD],
      ),
      artifacts.run("DELETE FROM artifacts WHERE model = 'Probe' AND id_hash = ?", [id]),
      lockMain(),
    ])
  }
  let last: { until: number; outcome: Promise<void> } | undefined
  return () => {
    if (last === undefined || clock() > last.until) {
      const made = { until: Number.POSITIVE_INFINITY, outcome: probe() }
      last = made
      made.outcome.then(
        () => (made.until = clock() + GOOD_FOR),
        () => (made.until = clock() + BAD_FOR),
      )
    }
    return last.outcome
  }
}

/**
 * Whether PostgreSQL can write, in one statement that does not: it is no standby, and nobody has made it read-only.
 * @throws AppError database_unavailable (503)
 */
export async function requireWritable(sql: Sql): Promise<void> {
  const row = await sql.get<{ standby: number; mode: string }>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS mode`,
  )
  if (row?.mode !== 'on') return
  const why =
    row.standby === 1
      ? 'the database is read-only: it is a standby, or still recovering'
      : 'the database is read-only: default_transaction_read_only is on'
  throw databaseUnavailable(new Error(why), why)
}
