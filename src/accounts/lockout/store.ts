import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference } from '../../storage/driver-errors.ts'
import { sqlTime } from '../../storage/sql.ts'
import type { AccountSettings } from '../settings.ts'

/** What this failure, if it is one, does; a lock is already set. `for_good`: until a new password is set. */
export type Reservation = { locks: false | 'for_a_while' | 'for_good' }

/** NIST SP 800-63B-4 §3.2.2: no more than this many wrong passwords in a row, however long it takes. */
const mostInARow = 100
const forGood = new Date(Date.UTC(9999, 0))

/**
 * Whose failures are counted. With a `device` (a browser that has signed in to the account before) those of that device
 * alone: strangers and devices lock out each for themselves.
 */
export interface Counted {
  accountId: string
  /** The id in the device's sealed cookie. */
  device?: string | undefined
}

/** Failed sign-ins in a row: of an account, or of one of its devices. */
export interface FailureStore {
  /** undefined: locked out, be it by a try that is under way. */
  reserve(counted: Counted): Promise<Reservation | undefined>
  /** Takes a reservation back: the password could not be checked. */
  giveBack(counted: Counted, reservation: Reservation): Promise<void>
  /**
   * The password was right: nothing is counted any more. False when the password was changed, the account was disabled
   * or its sign-ins were ended while it was being checked. A success on a device leaves strangers locked out who are: it
   * must not give them new tries.
   * @param checked what was read of the account before the check
   */
  succeed(
    counted: Counted,
    checked: { passwordHash: string; generation: number },
    also: { passwordHash?: string | undefined; lastSignInAt?: Date | undefined },
  ): Promise<boolean>
  /** Deletes up to `limit` counts of devices that nothing was added to since a time. Returns how many. */
  deleteStale(options: { before: Date; limit: number }): Promise<number>
  /** Wrong passwords in a row of an account, those of its devices apart. 0: no such account. */
  wrongInARow(accountId: string): Promise<number>
  /** How many devices of an account are locked by themselves. */
  lockedDevices(accountId: string): Promise<number>
  /** Unlocks whatever the password. False: no such account. */
  clear(id: string): Promise<boolean>
  /**
   * A write that costs what `reserve` costs and means nothing. Without it an account that exists would answer
   * later than one that does not, by the time the disk takes to confirm.
   */
  pretend(): Promise<void>
}

/**
 * Failed sign-ins in a row, counted before each check: a failure is reserved by one conditional update, and only a
 * success gives it back. However many processes try in parallel, no more than `failures` passwords are checked before
 * the lock. The count goes on after it, to one hundred.
 *
 * None of it waits for the disk by itself (`runUnsynced`): each check leaves an entry in the audit log, which does, and brings it along.
 *
 * @param options.settings how many wrong passwords in a row lock, and for how long
 */
export function createFailureStore(options: {
  db: Database
  clock: Clock
  settings: Pick<AccountSettings, 'lockoutFailures' | 'lockoutSeconds'>
}): FailureStore {
  const { clock, settings } = options
  const { prisma, reads, writes } = options.db
  const statements = countingStatements(writes.dialect)

  /**
   * Counts a failure, unless a lock has set in. One statement, so that of several tries at once each gets a number of its own.
   * @param every how many in a row lock, until `passing`
   * @returns how many they are with this one
   */
  const count = async (
    { accountId, device }: Counted,
    every: number,
    passing: Date,
    now: Date,
  ): Promise<number | undefined> => {
    const lock = [sqlTime(forGood), every, sqlTime(passing)]
    const counted = await (device === undefined
      ? writes.getUnsynced<{ failed: number }>(statements.ofAccount, [...lock, accountId, sqlTime(now)])
      : writes.getUnsynced<{ failed: number }>(statements.ofDevice, [
          ...[device, accountId, every === 1 ? sqlTime(passing) : null, sqlTime(now)],
          ...[...lock, sqlTime(now)],
        ]))
    return counted?.failed
  }

  // Statements in SQL: the ORM would move `updated_at`, which is a claim (OpenID Connect Core §5.1) about the person.
  return {
    async reserve(counted) {
      const now = new Date(clock())
      // Both may be changed while the statement is on its way.
      const { lockoutFailures, lockoutSeconds } = settings
      const passing = new Date(now.getTime() + lockoutSeconds * 1000)
      try {
        const failed = await count(counted, lockoutFailures, passing, now)
        if (failed === undefined) return undefined
        if (failed >= mostInARow) return { locks: 'for_good' }
        return { locks: failed % lockoutFailures === 0 && 'for_a_while' }
      } catch (error) {
        // The account was deleted since.
        if (isMissingReference(error)) return undefined
        throw error
      }
    },

    async giveBack({ accountId, device }, { locks }) {
      if (device !== undefined) {
        await writes.runUnsynced(
          'UPDATE device_failures SET failed_sign_ins = failed_sign_ins - 1 WHERE id = ? AND failed_sign_ins > 0',
          [device],
        )
        if (locks)
          await writes.runUnsynced('UPDATE device_failures SET locked_until = NULL WHERE id = ?', [device])
        return
      }
      await writes.runUnsynced(
        'UPDATE accounts SET failed_sign_ins = failed_sign_ins - 1 WHERE id = ? AND failed_sign_ins > 0',
        [accountId],
      )
      if (locks) await writes.runUnsynced('UPDATE accounts SET locked_until = NULL WHERE id = ?', [accountId])
    },

    async succeed({ accountId, device }, checked, also) {
      // Of a stranger's success the lock is its own reservation; of a device's it is another client's.
      const now = sqlTime(device === undefined ? forGood : clock())
      const changed = await writes.runUnsynced(
        `UPDATE accounts SET failed_sign_ins = CASE WHEN locked_until > ? THEN failed_sign_ins ELSE 0 END,
           locked_until = CASE WHEN locked_until > ? THEN locked_until ELSE NULL END,
           password_hash = COALESCE(?, password_hash), last_sign_in_at = COALESCE(?, last_sign_in_at)
         WHERE id = ? AND password_hash = ? AND generation = ?
         AND (disabled_at IS NULL OR deletion_at IS NOT NULL)`,
        [
          ...[now, now, also.passwordHash ?? null, also.lastSignInAt ? sqlTime(also.lastSignInAt) : null],
          ...[accountId, checked.passwordHash, checked.generation],
        ],
      )
      if (changed === 1 && device !== undefined)
        await writes.runUnsynced('DELETE FROM device_failures WHERE id = ?', [device])
      return changed === 1
    },

    async deleteStale({ before, limit }) {
      const rows = await reads.all<{ id: string }>(
        'SELECT id FROM device_failures WHERE updated_at < ? ORDER BY updated_at LIMIT ?',
        [sqlTime(before), limit],
      )
      if (rows.length === 0) return 0
      const { count } = await prisma.deviceFailures.deleteMany({
        where: { id: { in: rows.map(({ id }) => id) }, updatedAt: { lt: before } },
      })
      return count
    },

    async wrongInARow(accountId) {
      const text = 'SELECT failed_sign_ins AS failed FROM accounts WHERE id = ?'
      return (await reads.get<{ failed: number }>(text, [accountId]))?.failed ?? 0
    },

    lockedDevices: (accountId) =>
      prisma.deviceFailures.count({ where: { accountId, lockedUntil: { gt: new Date(clock()) } } }),

    async clear(id) {
      const changed = await prisma.$executeRaw`UPDATE accounts SET failed_sign_ins = 0, locked_until = NULL
        WHERE id = ${id}`
      await prisma.deviceFailures.deleteMany({ where: { accountId: id } })
      return changed === 1
    },

    async pretend() {
      // It has to change something each time, and must not run into the end of the column's numbers.
      const changed = await writes.runUnsynced(
        'UPDATE one_time_tokens SET attempts = (attempts + 1) % 1000 WHERE id = ?',
        [decoy],
      )
      if (changed === 1) return
      await writes.run(
        `INSERT INTO one_time_tokens (id, purpose, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        [decoy, decoy, decoy, sqlTime(clock()), sqlTime(forGood)],
      )
    },
  }
}

/** One failure more, of an account or a device that is not locked. Three parameters of each say what it locks: for good, at how many, until when. */
function countingStatements(dialect: 'sqlite' | 'postgresql') {
  const time = dialect === 'postgresql' ? 'CAST(? AS timestamp(3))' : '?'
  const lock = (failed: string) =>
    `CASE WHEN ${failed} + 1 >= ${mostInARow} THEN ${time} WHEN (${failed} + 1) % ? = 0 THEN ${time} END`
  return {
    ofAccount: `UPDATE accounts SET failed_sign_ins = failed_sign_ins + 1, locked_until = ${lock('failed_sign_ins')}
      WHERE id = ? AND (locked_until IS NULL OR locked_until <= ?) RETURNING failed_sign_ins AS failed`,
    ofDevice: `INSERT INTO device_failures (id, account_id, failed_sign_ins, locked_until, updated_at) VALUES (?, ?, 1, ?, ?)
      ON CONFLICT (id) DO UPDATE SET failed_sign_ins = device_failures.failed_sign_ins + 1,
        locked_until = ${lock('device_failures.failed_sign_ins')}, updated_at = excluded.updated_at
      WHERE device_failures.locked_until IS NULL OR device_failures.locked_until <= ?
      RETURNING failed_sign_ins AS failed`,
  }
}

/** The row that `pretend` writes. No token hashes to it. */
const decoy = 'decoy'
