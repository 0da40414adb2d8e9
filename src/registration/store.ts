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

export type TokenStore = ReturnType<typeof createTokenStore>

/** The initial access tokens in the database. */
export function createTokenStore({ prisma }: Pick<Database, 'prisma'>) {
  const usable = (now: Date) => ({
    revokedAt: null,
    AND: [
      { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      { OR: [{ usesLeft: null }, { usesLeft: { gt: 0 } }] },
    ],
  })
  return {
    insert: (row: Omit<InitialAccessTokenRow, 'revokedAt' | 'lastUsedAt'> & { hash: string }) =>
      prisma.initialAccessToken.create({ data: row, select: ROW }),

    find: (id: string): Promise<InitialAccessTokenRow | null> =>
      prisma.initialAccessToken.findUnique({ where: { id }, select: ROW }),

    findUsable: (hash: string, now: Date): Promise<InitialAccessTokenRow | null> =>
      prisma.initialAccessToken.findFirst({ where: { hash, ...usable(now) }, select: ROW }),

    /** Takes one use, in one statement. False: there is none left, or no longer such a token. */
    async take(id: string, now: Date): Promise<boolean> {
      const { count } = await prisma.initialAccessToken.updateMany({
        where: { id, ...usable(now) },
        data: { usesLeft: { decrement: 1 }, lastUsedAt: now },
      })
      return count === 1
    },

    /** Gives a use back that led to nothing. */
    async giveBack(id: string): Promise<void> {
      await prisma.initialAccessToken.updateMany({
        where: { id, usesLeft: { not: null } },
        data: { usesLeft: { increment: 1 } },
      })
    },

    /** The newest first. */
    list: (limit: number): Promise<InitialAccessTokenRow[]> =>
      prisma.initialAccessToken.findMany({
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        select: ROW,
      }),

    /** False: no such token, or revoked already. */
    async revoke(id: string, now: Date): Promise<boolean> {
      const { count } = await prisma.initialAccessToken.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: now },
      })
      return count === 1
    },
  }
}
