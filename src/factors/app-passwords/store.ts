import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import type { FactorChanger } from '../owner.ts'
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
   * Of the generation of the sign-in that makes it. `ended`: that has passed, or the account is gone. `none`: it has no second factor.
   * `many`: there are `most` already. Those of another generation are deleted on the way.
   */
  insert(
    row: FactorChanger & { id: string; name: string; hash: string },
    most: number,
  ): Promise<'stored' | 'ended' | 'none' | 'many'>
  /** Undefined: there was none, or the sign-in has ended. */
  delete(by: FactorChanger, id: string): Promise<AppPasswordRow | undefined>
  /** Of an account that may sign in. */
  byHash(hash: string): Promise<AppPasswordRow | undefined>
  /** Whether one of this id counts. */
  counts(id: string): Promise<boolean>
  /** @param at not before which it was last used */
  used(id: string, at: Date): Promise<void>
}

/** Of an account that may sign in, and of the generation of its sign-ins. */
const countsNow = (row: {
  generation: number
  account: { generation: number; disabledAt: Date | null }
}): boolean => row.account.disabledAt === null && row.generation === row.account.generation

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
      const { accountId, generation } = row
      return prisma.$transaction(async (tx) => {
        const factors = await lockFactors(tx, accountId, generation)
        if (!factors) return 'ended'
        if (factors.length === 0) return 'none'
        await tx.appPassword.deleteMany({ where: { accountId, generation: { not: generation } } })
        if ((await tx.appPassword.count({ where: { accountId } })) >= most) return 'many'
        await tx.appPassword.create({ data: { ...row, createdAt: new Date(clock()) } })
        return 'stored'
      })
    },

    async delete({ accountId, generation }, id) {
      return prisma.$transaction(async (tx) => {
        if (!(await lockFactors(tx, accountId, generation))) return undefined
        const row = await tx.appPassword.findFirst({ where: { id, accountId } })
        if (row) await tx.appPassword.delete({ where: { id } })
        return row ?? undefined
      })
    },

    async byHash(hash) {
      const row = await prisma.appPassword.findUnique({ where: { hash }, include: generationOf })
      return row && countsNow(row) ? row : undefined
    },

    async counts(id) {
      const row = await prisma.appPassword.findUnique({ where: { id }, include: generationOf })
      return row !== null && countsNow(row)
    },

    async used(id, at) {
      await prisma.appPassword.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: at } }] },
        data: { lastUsedAt: at },
      })
    },
  }
}
