import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../database.ts'
import type { PrismaClient } from '../generated/sqlite/client.ts'
import { lazyPrisma } from '../lazy-prisma.ts'
import { locationOf } from '../location.ts'
import { artifactMigrations, prismaMigrations } from '../migrations.ts'
import type { OpenDatabaseOptions } from '../open.ts'
import { createPostgresTokenReads } from '../token-reads/postgresql.ts'
import { databaseMissing } from '../unavailable.ts'
import { requireWritable } from '../writable.ts'
import { migratePostgres } from './migrate.ts'
import { asLibpq, createPostgresPool, createPostgresSql } from './open.ts'

/** Opens a database on PostgreSQL: the pool, and Prisma on it. */
export const openOnPostgres = async (options: OpenDatabaseOptions): Promise<Database> => {
  const { databaseUrl, clock, logger, waited } = options
  const applied = await migrateOnPostgres(databaseUrl, clock, options.existing ?? false)
  const pool = createPostgresPool(databaseUrl, logger, waited)
  const { PrismaClient: PostgresClient } = await import('../generated/postgresql/client.ts')
  const { prisma, made } = lazyPrisma(
    () => new PostgresClient({ adapter: new PrismaPg(pool) }) as unknown as PrismaClient,
  )
  const sql = createPostgresSql(pool)
  return {
    // Same models, same methods: scripts/generate-clients.mjs builds both clients from one file.
    prisma,
    reads: sql,
    writes: sql,
    artifacts: sql,
    tokenReads: (view) => createPostgresTokenReads(sql, view, clock),
    appliedMigrations: applied,
    pool: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    ping: () => requireWritable(sql),
    async close() {
      await made()?.$disconnect()
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
      if (rows[0]?.found == null) throw databaseMissing(locationOf(databaseUrl))
    }
    const applied = await migratePostgres(client, prismaMigrations('postgresql'), clock)
    return [...applied, ...(await migratePostgres(client, artifactMigrations('postgresql'), clock))]
  } finally {
    await client.end().catch(() => undefined)
  }
}
