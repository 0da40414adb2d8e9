import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../shared/errors.ts'
import type { Sql } from './sql.ts'

export interface Migration {
  /** `<timestamp>_<name>`, as Prisma names them. */
  name: string
  sql: string
  /** SHA-256 of the file, hexadecimal: what `prisma migrate` computes. */
  checksum: string
}

/** Migrations and the table that remembers which of them a database has seen. */
export interface MigrationSet {
  ledger: '_prisma_migrations' | '_artifact_migrations'
  migrations: readonly Migration[]
}

/** A row of a ledger, in the columns that Prisma gave it. */
export interface LedgerRow {
  migration_name: string
  checksum: string
  finished_at: unknown
  rolled_back_at: unknown
}

/** Reads `<directory>/<timestamp>_<name>/migration.sql`, oldest first. */
export const readMigrations = (directory: string): Migration[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d{14}_\w+$/.test(entry.name))
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: hash('sha256', sql, 'hex') }
    })

const folder = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** The tables that Prisma knows: accounts, clients, keys. */
export const prismaMigrations = (dialect: Sql['dialect']): MigrationSet => ({
  ledger: '_prisma_migrations',
  migrations: readMigrations(folder(`../../prisma/${dialect}/migrations`)),
})

/** The tables of the artefact store, which Prisma does not know. */
export const artifactMigrations = (dialect: Sql['dialect']): MigrationSet => ({
  ledger: '_artifact_migrations',
  migrations: readMigrations(folder(`./artifacts/migrations/${dialect}`)),
})

const refuse = (code: string, detail: string): AppError => new AppError(code, 500, detail)

/**
 * The migrations that a database still needs.
 * @throws AppError `database_newer`: it has some that this program does not know · `migration_edited`: one was changed
 *   after it was applied · `migration_unfinished`: another tool began one and did not finish it
 */
export const pendingMigrations = (set: MigrationSet, rows: readonly LedgerRow[]): Migration[] => {
  const known = new Map(set.migrations.map((migration) => [migration.name, migration]))
  const applied = rows.filter((row) => row.rolled_back_at === null)
  const newer = applied.filter((row) => !known.has(row.migration_name)).map((row) => row.migration_name)
  if (newer.length > 0) {
    throw refuse(
      'database_newer',
      `The database is newer than this program: it has ${newer.join(', ')}. Start the version that last used it, or a later one.`,
    )
  }
  for (const row of applied) {
    if (row.finished_at === null) {
      throw refuse(
        'migration_unfinished',
        `Migration ${row.migration_name} was begun by another tool and did not finish. Resolve it with “prisma migrate resolve”.`,
      )
    }
    if (known.get(row.migration_name)?.checksum !== row.checksum) {
      throw refuse(
        'migration_edited',
        `Migration ${row.migration_name} was changed after this database applied it. Restore its file; changes go into a new migration.`,
      )
    }
  }
  const names = new Set(applied.map((row) => row.migration_name))
  return set.migrations.filter((migration) => !names.has(migration.name))
}

/** @throws AppError `migration_failed`, naming the migration; nothing of the run was kept. */
export const migrationFailed = (name: string, cause: unknown): AppError =>
  new AppError('migration_failed', 500, `Migration ${name} failed; the database is as it was before.`, {
    cause,
    detail: `Migration ${name} failed; the database is as it was before. ${cause instanceof Error ? cause.message : ''}`,
  })

export interface MigrationState {
  name: string
  ledger: MigrationSet['ledger']
  applied: boolean
}

/** Every migration of the program and whether the database has it, in the order of application. */
export const migrationStatus = async (db: { reads: Sql; artifacts: Sql }): Promise<MigrationState[]> => {
  const state = async (sql: Sql, set: MigrationSet): Promise<MigrationState[]> => {
    const rows = await sql.all<LedgerRow>(
      `SELECT migration_name, checksum, finished_at, rolled_back_at FROM ${set.ledger}`,
    )
    const pending = new Set(pendingMigrations(set, rows))
    return set.migrations.map((migration) => ({
      name: migration.name,
      ledger: set.ledger,
      applied: !pending.has(migration),
    }))
  }
  return [
    ...(await state(db.reads, prismaMigrations(db.reads.dialect))),
    ...(await state(db.artifacts, artifactMigrations(db.artifacts.dialect))),
  ]
}
