import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { lockFactors } from '../store/kinds.ts'

export interface AppPasswordRow {
  id: string
  accountId: string
  name: string
  createdAt: Date
  lastUsedAt: Date | null
}

/** App passwords in the database. Those of a generation of sign-ins that has ended count for nothing. */
export interface AppPasswordStore {
  /** The newest first. */
  list(accountId: string): Promise<AppPasswordRow[]>
  /**
   * `none`: the account is gone, or has no second factor. `many`: there are `most` already. Those of another generation are
   * deleted on the way.
   */
  insert(
    row: { id: string; accountId: string; name: string; hash: string },
    most: number,
  ): Promise<'stored' | 'none' | 'many'>
  /** Undefined: there was none. */
  delete(accountId: string, id: string): Promise<AppPasswordRow | undefined>
  /** Of an account that may sign in. */
  byHash(hash: string): Promise<AppPasswordRow | undefined>
  /** @param at not before which it was last used */
  used(id: string, at: Date): Promise<void>
}

export function createAppPasswordStore({ db, clock }: { db: Database; clock: Clock }): AppPasswordStore {
  const { prisma } = db
  const generationOf = { account: { select: { generation: true, disabledAt: true } } } as const

  return {
    async list(accountId) {
      const rows = await prisma.appPassword.findMany({
        where: { accountId },
        include: generationOf,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      })
      return rows.filter(({ generation, account }) => generation === account.generation)
    },

    async insert(row, most) {
      const { accountId } = row
      return prisma.$transaction(async (tx) => {
        const factors = await lockFactors(tx, accountId)
        const account = await tx.account.findUnique({
          where: { id: accountId },
          select: { generation: true },
        })
        if (!factors || factors.length === 0 || !account) return 'none'
        const { generation } = account
        await tx.appPassword.deleteMany({ where: { accountId, generation: { not: generation } } })
        if ((await tx.appPassword.count({ where: { accountId } })) >= most) return 'many'
        await tx.appPassword.create({ data: { ...row, generation, createdAt: new Date(clock()) } })
        return 'stored'
      })
    },

    async delete(accountId, id) {
      const row = await prisma.appPassword.findFirst({ where: { id, accountId } })
      if (!row) return undefined
      const { count } = await prisma.appPassword.deleteMany({ where: { id, accountId } })
      return count === 1 ? row : undefined
    },

    async byHash(hash) {
      const row = await prisma.appPassword.findUnique({ where: { hash }, include: generationOf })
      const counts = row && row.account.disabledAt === null && row.generation === row.account.generation
      return counts ? row : undefined
    },

    async used(id, at) {
      await prisma.appPassword.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: at } }] },
        data: { lastUsedAt: at },
      })
    },
  }
}
