import { randomUUID } from 'node:crypto'
import type BetterSqlite3 from 'better-sqlite3'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { type LedgerRow, type MigrationSet, migrationFailed, pendingMigrations } from '../migrations.ts'

/** Prisma's own table, column by column, so that its command line can read what we write. */
const createLedger = (ledger: string): string => `CREATE TABLE IF NOT EXISTS "${ledger}" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`

/**
 * Applies what is missing, all of it or nothing, and returns the names. Synchronous on purpose: while it holds the
 * write lock, nothing else of this process may run into that lock and block the event loop that has to release it.
 * @throws AppError as `pendingMigrations`, or `migration_failed`
 */
export const migrateSqlite = (
  connection: BetterSqlite3.Database,
  set: MigrationSet,
  clock: Clock,
): string[] => {
  // Rebuilding a table drops it for a moment; with foreign keys on, that would delete the rows that refer to it.
  // The setting cannot be changed inside the transaction.
  connection.pragma('foreign_keys = OFF')
  connection.exec('BEGIN IMMEDIATE')
  try {
    const applied = applyPending(connection, set, clock)
    connection.exec('COMMIT')
    return applied
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    throw error
  } finally {
    connection.pragma('foreign_keys = ON')
  }
}

const applyPending = (connection: BetterSqlite3.Database, set: MigrationSet, clock: Clock): string[] => {
  connection.exec(createLedger(set.ledger))
  const rows = connection
    .prepare<[], LedgerRow>(
      `SELECT migration_name, checksum, finished_at, rolled_back_at FROM "${set.ledger}" ORDER BY started_at`,
    )
    .all()
  const pending = pendingMigrations(set, rows)
  const remember = connection.prepare(
    `INSERT INTO "${set.ledger}" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES (?, ?, ?, ?, ?, 1)`,
  )
  for (const { name, sql, checksum } of pending) {
    const startedAt = clock()
    try {
      connection.exec(sql)
    } catch (error) {
      throw migrationFailed(name, error)
    }
    remember.run(randomUUID(), checksum, name, startedAt, clock())
  }
  const orphans = pending.length === 0 ? [] : (connection.pragma('foreign_key_check') as unknown[])
  if (orphans.length > 0) {
    throw new AppError('migration_failed', 500, 'The migrations would leave rows without their parents.')
  }
  return pending.map((migration) => migration.name)
}
