import type { Clock } from '../../clock.ts'
import type { StoredAccount } from '../account.ts'
import { createGate, type Gate } from '../gate.ts'
import type { Hasher } from '../hashing.ts'
import type { FailureStore, Reservation } from './store.ts'

/** `right` implies: not locked, not disabled, and the password is still that one. */
export type CheckOutcome = 'right' | 'wrong' | 'locked' | 'disabled' | 'no_password'

/** Checks at once for one account in one process; honest parallel sign-ins wait here instead of counting as failures. */
const sideBySide = 2

interface Lane {
  gate: Gate
  users: number
  /** Tries that may still give their reservation back. */
  underWay: Set<Promise<unknown>>
  /** How many passwords were compared. */
  compared: number
}

/**
 * The one place where a password is compared: behind sign-in, and behind every act that asks for the password again.
 *
 *   lane of the account (2 at once) ─> reserve a failure ─> argon2 ─> right: clear │ wrong: the reservation stays
 *                                          └─ none left ─> another check under way? wait for it : locked
 *
 * Every outcome costs one argon2 and one write, whatever its reason.
 *
 * @param deps.locked told once, by the failure that locks an account
 */
export function createPasswordCheck(deps: {
  hasher: Hasher
  failures: FailureStore
  clock: Clock
  locked: (account: StoredAccount, how: 'for_a_while' | 'for_good') => void
}) {
  const { hasher, failures, clock } = deps
  const lanes = new Map<string, Lane>()

  const inLane = async <T>(id: string, job: (lane: Lane) => Promise<T>): Promise<T> => {
    const lane = lanes.get(id) ?? {
      gate: createGate({ concurrency: sideBySide, queueLimit: 64, clock }),
      users: 0,
      underWay: new Set(),
      compared: 0,
    }
    lanes.set(id, lane)
    lane.users++
    try {
      return await lane.gate.run(() => job(lane))
    } finally {
      if (--lane.users === 0) lanes.delete(id)
    }
  }

  /** `locked`: no try is left, and none was given back meanwhile. */
  const withReservation = async <T>(
    id: string,
    lane: Lane,
    job: (reservation: Reservation) => Promise<T>,
  ): Promise<T | 'locked'> => {
    const attempt = async (): Promise<{ result: T } | undefined> => {
      const reservation = await failures.reserve(id)
      if (!reservation) return undefined
      try {
        return { result: await job(reservation) }
      } finally {
        lane.compared++
      }
    }
    for (;;) {
      const { compared } = lane
      const trying = attempt()
      lane.underWay.add(trying)
      const done = await trying.finally(() => lane.underWay.delete(trying))
      if (done) return done.result
      // Only what was compared can have given a try back: two that merely look would otherwise wait for each other.
      await Promise.allSettled(lane.underWay)
      if (lane.compared === compared) return 'locked'
    }
  }

  const compare = async (
    account: StoredAccount,
    hash: string,
    password: string,
    reservation: Reservation,
    lastSignInAt: Date | undefined,
  ): Promise<'right' | 'wrong'> => {
    try {
      if (!(await hasher.verify(hash, password))) return 'wrong'
      // A busy moment is no reason to refuse: the next sign-in makes the better hash.
      const better = hasher.needsRehash(hash) ? await hasher.hash(password).catch(() => undefined) : undefined
      const current = await failures.succeed(account.id, hash, { passwordHash: better, lastSignInAt })
      return current ? 'right' : 'wrong'
    } catch (error) {
      // Overload is not the person's mistake.
      await failures.giveBack(account.id, reservation)
      throw error
    }
  }

  const burn = async (password: string): Promise<void> => {
    await failures.pretend()
    await hasher.verifyNothing(password)
  }

  return {
    /** The cost of a check without an account. @throws AppError `overloaded` (503) */
    burn,
    /** @throws AppError `overloaded` (503) when a check would be refused anyway */
    admit: () => hasher.admit(),

    /**
     * @param options.signIn record the time of a successful sign-in
     * @throws AppError `overloaded` (503); the try is then not counted
     */
    async check(
      account: StoredAccount,
      password: string,
      options: { signIn: boolean },
    ): Promise<CheckOutcome> {
      const { passwordHash } = account
      if (passwordHash === null || account.disabledAt !== null) {
        await burn(password)
        return passwordHash === null ? 'no_password' : 'disabled'
      }
      const outcome = await inLane(account.id, (lane) =>
        withReservation(account.id, lane, async (reservation) => {
          const record =
            options.signIn && account.email !== null && (account.lastSignInAt ?? 0) < clock() - 60_000
          const lastSignInAt = record ? new Date(clock()) : undefined
          const result = await compare(account, passwordHash, password, reservation, lastSignInAt)
          if (result === 'wrong' && reservation.locks) deps.locked(account, reservation.locks)
          return result
        }),
      )
      if (outcome === 'locked') await burn(password)
      return outcome
    },
  }
}

export type PasswordCheck = ReturnType<typeof createPasswordCheck>
