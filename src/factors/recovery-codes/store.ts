import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { lockFactors, replaceCodes, type StoredCode } from '../store/kinds.ts'

/** Recovery codes in the database. A row is a code that can still be used. */
export interface RecoveryCodeStore {
  byPrefix(accountId: string, prefix: string): Promise<StoredCode[]>
  count(accountId: string): Promise<number>
  /** Uses a code up, by one statement. False: it was used before. */
  take(accountId: string, id: string): Promise<boolean>
  /** Ends all that there are. False: the account is gone or has no second factor, and nothing was done. */
  replace(accountId: string, codes: readonly StoredCode[]): Promise<boolean>
}

export function createRecoveryCodeStore({
  db: { prisma },
  clock,
}: {
  db: Database
  clock: Clock
}): RecoveryCodeStore {
  return {
    byPrefix: (accountId, prefix) => prisma.recoveryCode.findMany({ where: { accountId, prefix } }),

    count: (accountId) => prisma.recoveryCode.count({ where: { accountId } }),

    async take(accountId, id) {
      const { count } = await prisma.recoveryCode.deleteMany({ where: { id, accountId } })
      return count === 1
    },

    async replace(accountId, codes) {
      return prisma.$transaction(async (tx) => {
        const factors = await lockFactors(tx, accountId)
        if (!factors || factors.length === 0) return false
        await replaceCodes(tx, accountId, codes, new Date(clock()))
        return true
      })
    },
  }
}
