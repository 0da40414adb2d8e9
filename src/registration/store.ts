import { columnsOf } from '../storage/columns.ts'
import type { Database } from '../storage/database.ts'

/** An initial access token as it is stored: its hash stays in the store. */
export interface InitialAccessTokenRow {
  id: string
  name: string
  /** RegistrationPolicy as JSON. */
  policy: string
  /** Null: any number. */
  usesLeft: number | null
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
}

const ROW = {
  id: true,
  name: true,
  policy: true,
  usesLeft: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
} as const

/** The initial access tokens in the database. */
export interface TokenStore {
  /** @param row.hash of the token, which is stored nowhere. @returns it without the hash */
  insert(
    row: Omit<InitialAccessTokenRow, 'revokedAt' | 'lastUsedAt'> & { hash: string },
  ): Promise<InitialAccessTokenRow>
  /** Whether it can be used or not. */
  find(id: string): Promise<InitialAccessTokenRow | undefined>
  /** One that has not expired, is not revoked and has uses left. */
  findUsable(hash: string, now: Date): Promise<InitialAccessTokenRow | null>
  /** Takes one use, in one statement. False: there is none left, or no longer such a token. */
  take(id: string, now: Date): Promise<boolean>
  /** Gives a use back that led to nothing. */
  giveBack(id: string): Promise<void>
  /** The newest first. */
  list(limit: number): Promise<InitialAccessTokenRow[]>
  /** False: no such token, or revoked already. */
  revoke(id: string, now: Date): Promise<boolean>
}

const tokenColumns = columnsOf<InitialAccessTokenRow>({
  id: 'plain',
  name: 'plain',
  policy: 'plain',
  usesLeft: 'plain',
  createdAt: 'time',
  expiresAt: 'time',
  revokedAt: 'time',
  lastUsedAt: 'time',
})

export function createTokenStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): TokenStore {
  const usable = (now: Date) => ({
    revokedAt: null,
    AND: [
      { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      { OR: [{ usesLeft: null }, { usesLeft: { gt: 0 } }] },
    ],
  })
  return {
    insert: (row) => prisma.initialAccessToken.create({ data: row, select: ROW }),

    find: (id) => tokenColumns.get(reads, 'FROM initial_access_tokens WHERE id = ?', [id]),

    findUsable: (hash, now) =>
      prisma.initialAccessToken.findFirst({ where: { hash, ...usable(now) }, select: ROW }),

    async take(id, now) {
      const { count } = await prisma.initialAccessToken.updateMany({
        where: { id, ...usable(now) },
        data: { usesLeft: { decrement: 1 }, lastUsedAt: now },
      })
      return count === 1
    },

    async giveBack(id) {
      await prisma.initialAccessToken.updateMany({
        where: { id, usesLeft: { not: null } },
        data: { usesLeft: { increment: 1 } },
      })
    },

    list: (limit) =>
      tokenColumns.all(reads, 'FROM initial_access_tokens ORDER BY created_at DESC, id DESC LIMIT ?', [
        limit,
      ]),

    async revoke(id, now) {
      const { count } = await prisma.initialAccessToken.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: now },
      })
      return count === 1
    },
  }
}
