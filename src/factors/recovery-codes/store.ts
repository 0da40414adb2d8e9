import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import type { FactorChanger } from '../owner.ts'
import { lockFactors, replaceCodes, type StoredCode } from '../store/kinds.ts'

/** Recovery codes in the database. A row is a code that can still be used. */
export interface RecoveryCodeStore {
  byPrefix(accountId: string, prefix: string): Promise<StoredCode[]>
  count(accountId: string): Promise<number>
  /** Uses a code up, by one statement. False: it was used before. */
  take(accountId: string, id: string): Promise<boolean>
  /** Ends all that there are. `none`: the account has no second factor; `ended`: it is gone, or the sign-in has ended. */
  replace(by: FactorChanger, codes: readonly StoredCode[]): Promise<'replaced' | 'none' | 'ended'>
}

export function createRecoveryCodeStore({
  db: { prisma, reads },
  clock,
}: {
  db: Database
  clock: Clock
}): RecoveryCodeStore {
  return {
    byPrefix: (accountId, prefix) => prisma.recoveryCode.findMany({ where: { accountId, prefix } }),

    async count(accountId) {
      const row = await reads.get<{ count: number | bigint }>(
        'SELECT COUNT(*) AS count FROM recovery_codes WHERE account_id = ?',
        [accountId],
      )
      return Number(row?.count ?? 0)
    },

    async take(accountId, id) {
      const { count } = await prisma.recoveryCode.deleteMany({ where: { id, accountId } })
      return count === 1
    },

    async replace({ accountId, generation }, codes) {
      return prisma.$transaction(async (tx) => {
        const factors = await lockFactors(tx, accountId, generation)
        if (!factors) return 'ended'
        if (factors.length === 0) return 'none'
        await replaceCodes(tx, accountId, codes, new Date(clock()))
        return 'replaced'
      })
    },
  }
}
