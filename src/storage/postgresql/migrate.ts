import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Clock } from '../../shared/clock.ts'
import { type LedgerRow, type MigrationSet, migrationFailed, pendingMigrations } from '../migrations.ts'

/** Prisma's own table, column by column, so that its command line can read what we write. */
const createLedger = (ledger: string): string => `CREATE TABLE "${ledger}" (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`

/** The key that `prisma migrate` locks, so that it and we wait for each other too. */
const migrationLock = 72_707_369

/**
 * Applies what is missing, all of it or nothing, and returns the names. One process at a time: the lock is the
 * transaction's and goes with it, also when the process dies.
 * @throws AppError as `pendingMigrations`, or `migration_failed`
 */
export const migratePostgres = async (
  client: pg.ClientBase,
  set: MigrationSet,
  clock: Clock,
): Promise<string[]> => {
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    const applied = await applyPending(client, set, clock)
    await client.query('COMMIT')
    return applied
  } catch (error) {
    // The first error is the one to report: a lost connection has rolled back by itself.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

const applyPending = async (client: pg.ClientBase, set: MigrationSet, clock: Clock): Promise<string[]> => {
  // Asked first, so that a role without CREATE can start on a database that is up to date.
  const { rows } = await client.query<{ found: string | null }>('SELECT to_regclass($1)::text AS found', [
    set.ledger,
  ])
  if (rows[0]?.found == null) await client.query(createLedger(set.ledger))
  const ledger = await client.query<LedgerRow>(
    `SELECT migration_name, checksum, finished_at, rolled_back_at FROM "${set.ledger}" ORDER BY started_at`,
  )
  const pending = pendingMigrations(set, ledger.rows)
  for (const { name, sql, checksum } of pending) {
    const startedAt = new Date(clock()).toISOString()
    try {
      await client.query(sql)
    } catch (error) {
      throw migrationFailed(name, error)
    }
    await client.query(
      `INSERT INTO "${set.ledger}" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, $5, 1)`,
      [randomUUID(), checksum, name, startedAt, new Date(clock()).toISOString()],
    )
  }
  return pending.map((migration) => migration.name)
}
