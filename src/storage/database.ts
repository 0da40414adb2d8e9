import type { PrismaClient } from './generated/sqlite/client.ts'
import type { Sql, Writes } from './sql.ts'
import type { AccountView, TokenReads } from './token-reads/token-reads.ts'

/** Everything that is open on the database of this process. */
export interface Database {
  /** Accounts, clients, keys. Typed by the SQLite client; the PostgreSQL client has the same models. */
  prisma: PrismaClient
  /** Prepared reads on the same tables as `prisma`. Never write through it on SQLite (see docs/decisions). */
  reads: Sql
  /**
   * Prepared writes on those tables, for what a start, a job of an idle server or a sign-in writes: Prisma would be loaded for it. On SQLite each
   * waits for a transaction of Prisma's as for another process's: asked for within `$transaction`, it would wait for itself.
   */
  writes: Writes
  /** The connection of the artefact store. */
  artifacts: Sql
  /** Reads of an access token with all that it hangs on, in one round trip. */
  tokenReads<Account>(view: AccountView<Account>): TokenReads<Account>
  /** Names of the migrations that opening this database applied, in order. */
  appliedMigrations: readonly string[]
  /** Connections in use and idle, and how many wait for one. Absent where there is no pool (SQLite). */
  pool?(): { busy: number; idle: number; waiting: number }
  /** Rejects when the database cannot be reached, or nothing can be written to it. Small, for probes of health. */
  ping(): Promise<void>
  close(): Promise<void>
}
