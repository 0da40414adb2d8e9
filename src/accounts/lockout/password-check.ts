import type { Clock } from '../../shared/clock.ts'
import type { StoredAccount } from '../account.ts'
import { isLeaving } from '../deletion/leaving.ts'
import type { Hasher } from '../passwords/hashing.ts'
import { createAccountQueues } from './account-queues.ts'
import type { Counted, FailureStore, Reservation } from './store.ts'

/** `right` implies: not locked, not disabled, and the password is still that one. */
export type CheckOutcome = 'right' | 'wrong' | 'locked' | 'disabled' | 'no_password'

/** Checks at once for one name in one process; honest parallel sign-ins wait here instead of counting as failures. */
const CONCURRENT_CHECKS = 2
const MAX_WAITING = 64

/** Tries that one count of failures sees in this process. */
interface Tries {
  users: number
  /** Those that may still give their reservation back. */
  underWay: Set<Promise<unknown>>
  /** How many passwords were compared. */
  compared: number
}

/** What a check is about, beyond account and password. */
export interface CheckOptions {
  /** Record the time of a successful sign-in. */
  signIn: boolean
  /** What was typed as the name; a person who is signed in already typed none. */
  name?: string | undefined
  /** The browser has signed in to this account before: its id. */
  device?: string | undefined
}

/** Comparing passwords, with failures counted. */
export interface PasswordCheck {
  /** @throws AppError `overloaded` (503); the try is then not counted */
  check(account: StoredAccount, password: string, options: CheckOptions): Promise<CheckOutcome>
  /** The cost of a check, and its queue, for a name without an account. @throws AppError `overloaded` (503) */
  verifyDummy(name: string, password: string): Promise<void>
  /** @throws AppError `overloaded` (503) when a check would be refused anyway */
  assertCapacity(): void
}

/**
 * The one place where a password is compared: behind sign-in, and behind every act that asks for the password again.
 *
 *   queue of the name (2 at once) ─> reserve a failure ─> argon2 ─> right: clear │ wrong: the reservation stays
 *                                       └─ none left ─> argon2 of nothing; were tries given back by then? again : locked
 *
 * Every outcome costs one argon2 and one write, whatever its reason, and waits in a queue of the same width: of three
 * tries at once the third is the late one, be there an account or not. A device has a queue of its own, which a
 * stranger cannot fill.
 *
 * @param deps.locked told once, by the failure that locks an account; a lock of one device is its own affair
 */
export function createPasswordCheck(deps: {
  hasher: Hasher
  failures: FailureStore
  clock: Clock
  locked: (account: StoredAccount, how: 'for_a_while' | 'for_good') => void
}): PasswordCheck {
  const { hasher, failures, clock } = deps
  const inQueue = createAccountQueues({ concurrency: CONCURRENT_CHECKS, queueLimit: MAX_WAITING, clock })
  const allTries = new Map<string, Tries>()

  const verifyDummy = async (password: string): Promise<void> => {
    await failures.pretend()
    await hasher.verifyNothing(password)
  }

  const withTries = async <T>(
    { accountId, device }: Counted,
    job: (tries: Tries) => Promise<T>,
  ): Promise<T> => {
    const key = device ?? accountId
    const tries = allTries.get(key) ?? { users: 0, underWay: new Set(), compared: 0 }
    allTries.set(key, tries)
    tries.users++
    try {
      return await job(tries)
    } finally {
      if (--tries.users === 0) allTries.delete(key)
    }
  }

  /** `locked`: no try is left, and none was given back while `dummy` went on. */
  const withReservation = <T>(
    counted: Counted,
    job: (reservation: Reservation) => Promise<T>,
    dummy: () => Promise<void>,
  ): Promise<T | 'locked'> =>
    withTries(counted, async (tries) => {
      const tryOnce = async (): Promise<{ result: T } | undefined> => {
        const reservation = await failures.reserve(counted)
        if (!reservation) return undefined
        try {
          return { result: await job(reservation) }
        } finally {
          tries.compared++
        }
      }
      let waited: Promise<void> | undefined
      for (;;) {
        const { compared } = tries
        const trying = tryOnce()
        tries.underWay.add(trying)
        const done = await trying.finally(() => tries.underWay.delete(trying))
        if (done) return done.result
        // At the same time as the others: who waits for them first would answer later than for a name without account.
        waited ??= dummy()
        await Promise.allSettled([waited, ...tries.underWay])
        // Only what was compared can have given a try back: two that merely look would otherwise wait for each other.
        if (tries.compared !== compared) continue
        await waited
        return 'locked'
      }
    })

  const compare = async (
    counted: Counted,
    checked: { passwordHash: string; generation: number },
    password: string,
    reservation: Reservation,
    lastSignInAt: Date | undefined,
  ): Promise<'right' | 'wrong'> => {
    try {
      if (!(await hasher.verify(checked.passwordHash, password))) return 'wrong'
      // A busy moment is no reason to refuse: the next sign-in makes the better hash.
      const better = hasher.needsRehash(checked.passwordHash)
        ? await hasher.hash(password).catch(() => undefined)
        : undefined
      const current = await failures.succeed(counted, checked, { passwordHash: better, lastSignInAt })
      return current ? 'right' : 'wrong'
    } catch (error) {
      // Overload is not the person's mistake.
      await failures.giveBack(counted, reservation)
      throw error
    }
  }

  return {
    verifyDummy: (name, password) => inQueue(name, () => verifyDummy(password)),
    assertCapacity: () => hasher.assertCapacity(),

    check(account, password, options) {
      const { passwordHash, generation } = account
      const { device, name = account.username } = options
      const counted = { accountId: account.id, device }
      return inQueue(device ?? name, async () => {
        // A person who wants their account deleted may change their mind.
        if (passwordHash === null || (account.disabledAt !== null && !isLeaving(account))) {
          await verifyDummy(password)
          return passwordHash === null ? 'no_password' : 'disabled'
        }
        return withReservation(
          counted,
          async (reservation) => {
            const record =
              options.signIn && account.email !== null && (account.lastSignInAt ?? 0) < clock() - 60_000
            const lastSignInAt = record ? new Date(clock()) : undefined
            const result = await compare(
              counted,
              { passwordHash, generation },
              password,
              reservation,
              lastSignInAt,
            )
            if (result === 'wrong' && reservation.locks && device === undefined)
              deps.locked(account, reservation.locks)
            return result
          },
          () => verifyDummy(password),
        )
      })
    },
  }
}
