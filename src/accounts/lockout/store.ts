import type { Clock } from '../../clock.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/unique-violation.ts'

/** `last`: this failure, if it is one, is the one that locks; the lock is already set. */
export type Reservation = { last: boolean }

/**
 * Failed sign-ins in a row, counted before each check: a failure is reserved by one conditional update, and only a
 * success gives it back. However many processes try in parallel, no more than `failures` passwords are ever checked.
 *
 * @param options.failures wrong passwords in a row that lock @param options.lockSeconds how long
 */
export function createFailureStore(options: {
  db: Database
  clock: Clock
  failures: number
  lockSeconds: number
}) {
  const { clock, failures, lockSeconds } = options
  const { account } = options.db.prisma

  return {
    /** undefined: the account is locked, or every try that is left is under way. */
    async reserve(id: string): Promise<Reservation | undefined> {
      const now = clock()
      const early = await account.updateMany({
        where: { id, lockedUntil: null, failedSignIns: { lt: failures - 1 } },
        data: { failedSignIns: { increment: 1 } },
      })
      if (early.count === 1) return { last: false }
      const last = await account.updateMany({
        where: { id, lockedUntil: null, failedSignIns: { gte: failures - 1 } },
        data: { failedSignIns: failures, lockedUntil: new Date(now + lockSeconds * 1000) },
      })
      if (last.count === 1) return { last: true }
      const expired = await account.updateMany({
        where: { id, lockedUntil: { lte: new Date(now) } },
        data: { failedSignIns: 0, lockedUntil: null },
      })
      return expired.count === 1 ? this.reserve(id) : undefined
    },

    /** Takes a reservation back: the password could not be checked. */
    async giveBack(id: string, { last }: Reservation): Promise<void> {
      await account.updateMany({
        where: { id, failedSignIns: { gt: 0 } },
        data: { failedSignIns: { decrement: 1 }, ...(last && { lockedUntil: null }) },
      })
    },

    /**
     * The password was right: nothing is counted any more. False when the password was changed or the account was
     * disabled while it was being checked.
     */
    async succeed(
      id: string,
      checkedHash: string,
      also: { passwordHash?: string | undefined; lastSignInAt?: Date | undefined },
    ): Promise<boolean> {
      const { passwordHash, lastSignInAt } = also
      const { count } = await account.updateMany({
        where: { id, passwordHash: checkedHash, disabledAt: null },
        data: {
          failedSignIns: 0,
          lockedUntil: null,
          ...(passwordHash && { passwordHash }),
          ...(lastSignInAt && { lastSignInAt }),
        },
      })
      return count === 1
    },

    /** Unlocks whatever the password. False: no such account. */
    async clear(id: string): Promise<boolean> {
      const { count } = await account.updateMany({
        where: { id },
        data: { failedSignIns: 0, lockedUntil: null },
      })
      return count === 1
    },

    /**
     * A write that costs what `reserve` costs and means nothing. Without it an account that exists would answer
     * later than one that does not, by the time the disk takes to confirm.
     */
    async pretend(): Promise<void> {
      const { oneTimeToken } = options.db.prisma
      const { count } = await oneTimeToken.updateMany({
        where: { id: decoy },
        data: { attempts: { increment: 1 } },
      })
      if (count === 1) return
      const data = { id: decoy, purpose: decoy, tokenHash: decoy, expiresAt: new Date(Date.UTC(9999, 0)) }
      await oneTimeToken.create({ data }).catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error
      })
    },
  }
}

/** The row that `pretend` writes. No token hashes to it. */
const decoy = 'decoy'

export type FailureStore = ReturnType<typeof createFailureStore>
