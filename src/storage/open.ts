import { existsSync, mkdirSync } from 'node:fs'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { Database } from './database.ts'
import type { PrismaClient } from './generated/sqlite/client.ts'
import { locationOf, sqliteFiles } from './location.ts'
import type { StorageLogger } from './logger.ts'
import { artifactMigrations, prismaMigrations } from './migrations.ts'
import { migratePostgres } from './postgresql/migrate.ts'
import { asLibpq, createPostgresPool, createPostgresSql } from './postgresql/open.ts'
import { busyPatience } from './sqlite/busy.ts'
import { migrateSqlite } from './sqlite/migrate.ts'
import { createSqliteSql, openSqlite } from './sqlite/open.ts'
import { createPrismaSqliteAdapter } from './sqlite/prisma.ts'
import { databaseUnavailable } from './unavailable.ts'
import { createWriteProbe, requireWritable } from './writable.ts'

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
    for (const migration of database.appliedMigrations) logger?.info({ migration }, 'migration applied')
    return database
  } catch (error) {
    if (error instanceof AppError) throw error
    throw databaseUnavailable(error)
  }
}

const missing = (where: string): AppError =>
  new AppError('database_missing', 404, `There is no database of Latchkey at ${where} yet.`)

const openOnSqlite = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { databaseUrl, dataDir, clock, waited } = options
  const files = sqliteFiles(databaseUrl, dataDir)
  if (options.existing && !existsSync(files.main)) throw missing(files.main)
  if (!existsSync(dataDir)) mkdirSync(dataDir, { recursive: true, mode: 0o700 })

  const setup = openSqlite(files.main, { synchronous: 'FULL' })
  let applied: string[]
  try {
    applied = migrateSqlite(setup, prismaMigrations('sqlite'), clock)
  } finally {
    setup.close()
  }
  const artifacts = openSqlite(files.artifacts, { synchronous: 'NORMAL' })
  try {
    applied.push(...migrateSqlite(artifacts, artifactMigrations('sqlite'), clock))
  } catch (error) {
    artifacts.close()
    throw error
  }

  const { PrismaClient } = await import('./generated/sqlite/client.ts')
  const prisma = new PrismaClient({
    adapter: createPrismaSqliteAdapter(files.main, waited),
    // Longer than the adapter itself waits for another process, so that its error is the one that is seen.
    transactionOptions: { maxWait: 2 * busyPatience },
  })
  await prisma.$connect()
  const reads = createSqliteSql(openSqlite(files.main, { readonly: true, synchronous: 'FULL' }))
  const artifactSql = createSqliteSql(artifacts)
  const canWrite = createWriteProbe({ prisma, artifacts: artifactSql }, clock)
  return {
    prisma,
    reads,
    artifacts: artifactSql,
    appliedMigrations: applied,
    async ping() {
      await reads.get('SELECT 1')
      await canWrite()
    },
    async close() {
      await reads.close()
      await prisma.$disconnect()
      await artifactSql.close()
    },
  }
}

const openOnPostgres = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { databaseUrl, clock, logger, waited } = options
  const applied = await migrateOnPostgres(databaseUrl, clock, options.existing ?? false)
  const pool = createPostgresPool(databaseUrl, logger, waited)
  const { PrismaClient: PostgresClient } = await import('./generated/postgresql/client.ts')
  const prisma = new PostgresClient({ adapter: new PrismaPg(pool) })
  const sql = createPostgresSql(pool)
  return {
    // Same models, same methods: scripts/generate-clients.mjs builds both clients from one file.
    prisma: prisma as unknown as PrismaClient,
    reads: sql,
    artifacts: sql,
    appliedMigrations: applied,
    pool: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    ping: () => requireWritable(sql),
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

/** On a connection of its own: a migration may take longer than any statement of a request is allowed to. */
const migrateOnPostgres = async (databaseUrl: string, clock: Clock, existing: boolean): Promise<string[]> => {
  const client = new pg.Client({ connectionString: asLibpq(databaseUrl), connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    if (existing) {
      const { rows } = await client.query<{ found: string | null }>(
        "SELECT to_regclass('_prisma_migrations')::text AS found",
      )
      if (rows[0]?.found == null) throw missing(locationOf(databaseUrl))
    }
    const applied = await migratePostgres(client, prismaMigrations('postgresql'), clock)
    return [...applied, ...(await migratePostgres(client, artifactMigrations('postgresql'), clock))]
  } finally {
    await client.end().catch(() => undefined)
  }
}
