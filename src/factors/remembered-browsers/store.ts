import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference } from '../../storage/driver-errors.ts'
import { sqlTime } from '../../storage/sql.ts'

export interface RememberedRow {
  id: string
  accountId: string
  generation: number
  userAgent: string
  address: string
  createdAt: Date
  expiresAt: Date
  lastUsedAt: Date
}

/** Times as `Sql` gives them. */
type StoredBrowser = {
  [Column in keyof RememberedRow]: RememberedRow[Column] extends Date ? string : RememberedRow[Column]
}

/** Remembered browsers in the database. */
export interface RememberedBrowserStore {
  /** Those that were used last stay, `most` of an account. False: the account is gone. */
  insert(row: RememberedRow & { hash: string }, most: number): Promise<boolean>
  byHash(hash: string): Promise<RememberedRow | undefined>
  /** Those of a generation, the one that was used last first. */
  list(accountId: string, generation: number): Promise<RememberedRow[]>
  /** @param at not before which it was last used */
  used(id: string, at: Date): Promise<void>
  /** False: there was none. */
  delete(accountId: string, id: string): Promise<boolean>
  /** Returns how many there were. */
  deleteAll(accountId: string): Promise<number>
  /** Deletes up to `limit` that have expired. Returns how many. */
  deleteExpired(limit: number): Promise<number>
}

export function createRememberedBrowserStore({
  db: { prisma, reads, writes },
  clock,
}: {
  db: Database
  clock: Clock
}): RememberedBrowserStore {
  const now = (): Date => new Date(clock())
  const lastFirst = [{ lastUsedAt: 'desc' }, { id: 'desc' }] as const

  return {
    async insert(row, most) {
      const { accountId } = row
      try {
        await prisma.rememberedBrowser.create({ data: row })
      } catch (error) {
        if (isMissingReference(error)) return false
        throw error
      }
      const surplus = await prisma.rememberedBrowser.findMany({
        where: { accountId },
        select: { id: true },
        orderBy: [...lastFirst],
        skip: most,
      })
      if (surplus.length > 0)
        await prisma.rememberedBrowser.deleteMany({ where: { id: { in: surplus.map(({ id }) => id) } } })
      return true
    },

    async byHash(hash) {
      const row = await reads.get<StoredBrowser>(
        `SELECT id, account_id AS "accountId", generation, user_agent AS "userAgent", address,
           created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt"
         FROM remembered_browsers WHERE hash = ?`,
        [hash],
      )
      if (!row) return undefined
      const { createdAt, expiresAt, lastUsedAt, ...rest } = row
      return {
        ...rest,
        createdAt: new Date(createdAt),
        expiresAt: new Date(expiresAt),
        lastUsedAt: new Date(lastUsedAt),
      }
    },

    list: (accountId, generation) =>
      prisma.rememberedBrowser.findMany({
        where: { accountId, generation, expiresAt: { gt: now() } },
        orderBy: [...lastFirst],
      }),

    async used(id, at) {
      await writes.run('UPDATE remembered_browsers SET last_used_at = ? WHERE id = ? AND last_used_at < ?', [
        sqlTime(at),
        id,
        sqlTime(at),
      ])
    },

    async delete(accountId, id) {
      const { count } = await prisma.rememberedBrowser.deleteMany({ where: { id, accountId } })
      return count === 1
    },

    async deleteAll(accountId) {
      const { count } = await prisma.rememberedBrowser.deleteMany({ where: { accountId } })
      return count
    },

    async deleteExpired(limit) {
      const rows = await reads.all<{ id: string }>(
        'SELECT id FROM remembered_browsers WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
        [sqlTime(now()), limit],
      )
      if (rows.length === 0) return 0
      const { count } = await prisma.rememberedBrowser.deleteMany({
        where: { id: { in: rows.map(({ id }) => id) } },
      })
      return count
    },
  }
}
