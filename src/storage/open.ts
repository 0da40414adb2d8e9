import { existsSync } from 'node:fs'
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import { makeFolder } from '../shared/make-folder.ts'
import type { Database } from './database.ts'
import { lazyPrisma } from './lazy-prisma.ts'
import { sqliteFiles } from './location.ts'
import type { StorageLogger } from './logger.ts'
import { artifactMigrations, prismaMigrations } from './migrations.ts'
import { busyPatience } from './sqlite/busy.ts'
import { createCheckpoints } from './sqlite/checkpoints/checkpoints.ts'
import { migrateSqlite } from './sqlite/migrate.ts'
import { createSqliteSql, openSqlite, SMALL_CACHE, writeLock } from './sqlite/open.ts'
import { createPrismaSqliteAdapter } from './sqlite/prisma.ts'
import { createSqliteTokenReads } from './token-reads/sqlite.ts'
import { databaseMissing, databaseUnavailable } from './unavailable.ts'
import { createWriteProbe } from './writable.ts'

export interface OpenDatabaseOptions {
  /** `file:latchkey.db` (relative paths are inside `dataDir`), `postgresql://…` or `postgres://…` */
  databaseUrl: string
  dataDir: string
  clock: Clock
  /** Only a database that is there: none is made. */
  existing?: boolean
  logger?: StorageLogger | undefined
  /** Told how long a connection of the pool, or on SQLite the end of a transaction, was waited for; in milliseconds. */
  waited?: ((milliseconds: number) => void) | undefined
}

/**
 * Opens the database, applies the migrations it lacks and returns every connection on it.
 * @throws AppError `database_unavailable` (503) when it cannot be reached or opened; `database_newer`,
 *   `migration_edited`, `migration_unfinished`, `migration_failed` (see migrations.ts); `database_url_invalid`;
 *   `database_missing` (404) when it must exist and does not
 */
export const openDatabase = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { databaseUrl, logger } = options
  const sqlite = databaseUrl.startsWith('file:')
  if (!sqlite && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new AppError('database_url_invalid', 500, 'DATABASE_URL must start with file: or postgresql:')
  }
  try {
    const database = sqlite ? await openOnSqlite(options) : await openOnPostgres(options)
    const { appliedMigrations: applied } = database
    for (const migration of applied) logger?.debug({ migration }, 'migration applied')
    if (applied.length > 0)
      logger?.info({ migrations: applied.length, last: applied.toSorted().at(-1) }, 'migrations applied')
    return database
  } catch (error) {
    if (error instanceof AppError) throw error
    throw databaseUnavailable(error)
  }
}

/** pg and its adapter are loaded only where they are needed. */
const openOnPostgres = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { openOnPostgres } = await import('./postgresql/database.ts')
  return openOnPostgres(options)
}

const openOnSqlite = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { databaseUrl, dataDir, clock, waited } = options
  const files = sqliteFiles(databaseUrl, dataDir)
  if (options.existing && !existsSync(files.main)) throw databaseMissing(files.main)
  makeFolder(dataDir)

  // Migrates; is asked for the write lock and writes single statements from then on.
  const main = openSqlite(files.main, { synchronous: 'FULL' })
  let applied: string[]
  try {
    applied = migrateSqlite(main, prismaMigrations('sqlite'), clock)
  } catch (error) {
    main.close()
    throw error
  }
  const artifacts = openSqlite(files.artifacts, { synchronous: 'NORMAL', cache: SMALL_CACHE })
  try {
    applied.push(...migrateSqlite(artifacts, artifactMigrations('sqlite'), clock))
  } catch (error) {
    main.close()
    artifacts.close()
    throw error
  }

  const checkpoints = createCheckpoints(options.logger)
  const wrote = (path: string) => (rows: number) => checkpoints.wrote(path, rows)
  const { PrismaClient } = await import('./generated/sqlite/client.ts')
  const { prisma, made } = lazyPrisma(
    () =>
      new PrismaClient({
        adapter: createPrismaSqliteAdapter(files.main, wrote(files.main), waited),
        // Longer than the adapter itself waits for another process, so that its error is the one that is seen.
        transactionOptions: { maxWait: 2 * busyPatience },
      }),
  )
  const accounts = openSqlite(files.main, { readonly: true, synchronous: 'FULL' })
  const reads = createSqliteSql(accounts)
  const artifactSql = createSqliteSql(artifacts, wrote(files.artifacts))
  const writes = createSqliteSql(main, wrote(files.main), waited)
  const canWrite = createWriteProbe({ artifacts: artifactSql, lockMain: writeLock(main) }, clock)
  return {
    prisma,
    reads,
    writes,
    artifacts: artifactSql,
    tokenReads: (view) => createSqliteTokenReads({ artifacts, accounts }, view, clock),
    appliedMigrations: applied,
    async ping() {
      await reads.get('SELECT 1')
      await canWrite()
    },
    async close() {
      await checkpoints.close()
      await reads.close()
      await writes.close()
      await made()?.$disconnect()
      await artifactSql.close()
    },
  }
}
