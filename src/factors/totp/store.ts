import type { Clock } from '../../shared/clock.ts'
import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { sqlTime } from '../../storage/sql.ts'
import type { FactorChanger } from '../owner.ts'
import { changeFactors, type FactorChange, lockFactors, type StoredCode } from '../store/kinds.ts'

export interface TotpRow {
  id: string
  sealedSecret: string
  createdAt: Date
  confirmedAt: Date | null
  lastUsedAt: Date | null
  /** Of the newest code that was used; 0: none was. */
  lastStep: number
}

/** Authenticator apps in the database: at most one that counts for an account, and one that is being set up. */
export interface TotpStore {
  /** One that is being set up; an earlier one that was not finished goes. False: the account is gone. */
  begin(accountId: string, row: { id: string; sealedSecret: string }): Promise<boolean>
  /** One that is being set up, begun since a time. */
  pending(accountId: string, id: string, since: Date): Promise<TotpRow | undefined>
  /** The one that counts. */
  confirmed(accountId: string): Promise<TotpRow | undefined>
  /**
   * It counts from now on, and replaces the one before. Undefined: it does already, or is gone.
   * @param step of the code that was right: it is used up
   */
  confirm(
    which: FactorChanger & { id: string; step: number },
    firstCodes: readonly StoredCode[] | undefined,
  ): Promise<FactorChange<{ replaced: boolean }> | undefined>
  /** Uses up a step and all before it, by one statement. False: it was used up before. */
  useStep(id: string, step: number): Promise<boolean>
  /** Some that count, those that were set up first. */
  some(limit: number): Promise<(TotpRow & { accountId: string })[]>
  /** Undefined: there was none. `confirmed`: it counted. */
  remove(by: FactorChanger, id: string): Promise<FactorChange<{ confirmed: boolean }> | undefined>
}

const KINDS = {
  id: 'plain',
  sealedSecret: 'plain',
  createdAt: 'time',
  confirmedAt: 'time',
  lastUsedAt: 'time',
  lastStep: 'plain',
} as const

const totpColumns = columnsOf<TotpRow>(KINDS)
const ownedColumns = columnsOf<TotpRow & { accountId: string }>({ ...KINDS, accountId: 'plain' })

export function createTotpStore({ db, clock }: { db: Database; clock: Clock }): TotpStore {
  const { prisma, reads } = db
  const now = (): Date => new Date(clock())

  return {
    async begin(accountId, { id, sealedSecret }) {
      return prisma.$transaction(async (tx) => {
        if (!(await lockFactors(tx, accountId))) return false
        await tx.totpFactor.deleteMany({ where: { accountId, confirmedAt: null } })
        await tx.totpFactor.create({ data: { id, accountId, sealedSecret, createdAt: now() } })
        return true
      })
    },

    async pending(accountId, id, since) {
      return totpColumns.get(
        reads,
        'FROM totp_factors WHERE id = ? AND account_id = ? AND confirmed_at IS NULL AND created_at > ?',
        [id, accountId, sqlTime(since)],
      )
    },

    async confirmed(accountId) {
      return totpColumns.get(reads, 'FROM totp_factors WHERE account_id = ? AND confirmed_at IS NOT NULL', [
        accountId,
      ])
    },

    async confirm({ accountId, generation, id, step }, firstCodes) {
      const at = now()
      return changeFactors(db, { accountId, generation, at, firstCodes }, async (tx) => {
        const { count } = await tx.totpFactor.updateMany({
          where: { id, accountId, confirmedAt: null },
          data: { confirmedAt: at, lastStep: step },
        })
        if (count === 0) return undefined
        const earlier = await tx.totpFactor.deleteMany({ where: { accountId, id: { not: id } } })
        return { replaced: earlier.count > 0 }
      })
    },

    async useStep(id, step) {
      const { count } = await prisma.totpFactor.updateMany({
        where: { id, confirmedAt: { not: null }, lastStep: { lt: step } },
        data: { lastStep: step, lastUsedAt: now() },
      })
      return count === 1
    },

    some: (limit) =>
      ownedColumns.all(
        reads,
        'FROM totp_factors WHERE confirmed_at IS NOT NULL ORDER BY created_at, id LIMIT ?',
        [limit],
      ),

    async remove({ accountId, generation }, id) {
      return changeFactors(db, { accountId, generation, at: now() }, async (tx) => {
        const row = await tx.totpFactor.findFirst({ where: { id, accountId } })
        if (!row) return undefined
        await tx.totpFactor.deleteMany({ where: { id, accountId } })
        return { confirmed: row.confirmedAt !== null }
      })
    },
  }
}
