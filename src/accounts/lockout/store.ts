import type { Clock } from '../../clock.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/unique-violation.ts'

/** What this failure, if it is one, does; a lock is already set. `for_good`: until a new password is set. */
export type Reservation = { locks: false | 'for_a_while' | 'for_good' }

/** NIST SP 800-63B-4 §3.2.2: no more than this many wrong passwords in a row, however long it takes. */
const mostInARow = 100
const forGood = new Date(Date.UTC(9999, 0))

/**
 * Failed sign-ins in a row, counted before each check: a failure is reserved by one conditional update, and only a
 * success gives it back. However many processes try in parallel, no more than `failures` passwords are checked before
 * the lock. The count goes on after it, to one hundred.
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
  const { prisma } = options.db

  // Statements in SQL: the ORM would move `updated_at`, which is a claim (OpenID Connect Core §5.1) about the person.
  return {
    /** undefined: the account is locked, be it by a try that is under way. */
    async reserve(id: string): Promise<Reservation | undefined> {
      for (;;) {
        const before = await prisma.account.findUnique({
          where: { id },
          select: { failedSignIns: true, lockedUntil: true },
        })
        const now = new Date(clock())
        if (!before || (before.lockedUntil !== null && before.lockedUntil > now)) return undefined
        const failed = before.failedSignIns + 1
        const locks = failed >= mostInARow ? 'for_good' : failed % failures === 0 && 'for_a_while'
        const passing = locks ? new Date(now.getTime() + lockSeconds * 1000) : null
        const until = locks === 'for_good' ? forGood : passing
        const reserved = await prisma.$executeRaw`UPDATE accounts
          SET failed_sign_ins = ${failed}, locked_until = ${until}
          WHERE id = ${id} AND failed_sign_ins = ${before.failedSignIns}
          AND (locked_until IS NULL OR locked_until <= ${now})`
        if (reserved === 1) return { locks }
      }
    },

    /** Takes a reservation back: the password could not be checked. */
    async giveBack(id: string, { locks }: Reservation): Promise<void> {
      await prisma.$executeRaw`UPDATE accounts SET failed_sign_ins = failed_sign_ins - 1
        WHERE id = ${id} AND failed_sign_ins > 0`
      if (locks) await prisma.$executeRaw`UPDATE accounts SET locked_until = NULL WHERE id = ${id}`
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
      const changed = await prisma.$executeRaw`UPDATE accounts SET failed_sign_ins = 0, locked_until = NULL,
        password_hash = COALESCE(${also.passwordHash ?? null}, password_hash),
        last_sign_in_at = COALESCE(${also.lastSignInAt ?? null}, last_sign_in_at)
        WHERE id = ${id} AND password_hash = ${checkedHash} AND disabled_at IS NULL`
      return changed === 1
    },

    /** Unlocks whatever the password. False: no such account. */
    async clear(id: string): Promise<boolean> {
      const changed = await prisma.$executeRaw`UPDATE accounts SET failed_sign_ins = 0, locked_until = NULL
        WHERE id = ${id}`
      return changed === 1
    },

    /**
     * A write that costs what `reserve` costs and means nothing. Without it an account that exists would answer
     * later than one that does not, by the time the disk takes to confirm.
     */
    async pretend(): Promise<void> {
      // It has to change something each time, and must not run into the end of the column's numbers.
      const changed = await prisma.$executeRaw`UPDATE one_time_tokens SET attempts = (attempts + 1) % 1000
        WHERE id = ${decoy}`
      if (changed === 1) return
      const data = { id: decoy, purpose: decoy, tokenHash: decoy, expiresAt: new Date(Date.UTC(9999, 0)) }
      await prisma.oneTimeToken.create({ data }).catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error
      })
    },
  }
}

/** The row that `pretend` writes. No token hashes to it. */
const decoy = 'decoy'

export type FailureStore = ReturnType<typeof createFailureStore>
