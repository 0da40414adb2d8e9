import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import type { Account } from '../account.ts'
import { dropAddressChange, endSignIns, nextGeneration } from './generation.ts'
import type { AccountReads } from './reads.ts'
import type { AccountChanges, ProvisionedChanges, Taken } from './values.ts'

/** Changing accounts that exist. `updated_at` is their version too: where it would not be later than before, the database adds a millisecond to what it was. */
export interface AccountUpdates {
  /** @param generation nothing is changed when this one has passed, or the account is disabled */
  change(id: string, changes: AccountChanges, generation?: number): Promise<Account | undefined>
  /**
   * As `change`, if the account was not changed since: `updatedAt` is what it was then, and later afterwards.
   * Undefined: no such account.
   */
  changeUnchanged(
    id: string,
    changes: AccountChanges,
    updatedAt: number,
  ): Promise<Account | undefined | 'version_conflict'>
  /**
   * As `changeUnchanged`, of an account without a role, its name and verified address included. An account that was given a role since
   * is a `version_conflict`.
   */
  changeProvisioned(
    id: string,
    changes: ProvisionedChanges,
    updatedAt: number,
  ): Promise<Account | undefined | 'version_conflict' | Taken>
  /**
   * As `change`, for what takes an administrator away. Undefined: no such account. `last_administrator`: nothing was
   * changed, because no administrator would be left to undo it. Two administrators who remove each other at once come one after the other.
   * `version_conflict`: it was changed since `ifVersion`, and nothing was changed now. A role that is taken away ends
   * every sign-in.
   */
  changeUnlessLast(
    id: string,
    changes: AccountChanges,
    ifVersion?: number,
  ): Promise<Account | undefined | 'last_administrator' | 'version_conflict'>
  /**
   * Sets a new password, and ends every sign-in, unless those of `generation`, when the old one was checked, have ended
   * since. Returns the generation that begins.
   */
  replacePassword(id: string, generation: number, passwordHash: string): Promise<number | undefined>
  /**
   * Ends every sign-in. Returns the generation that begins; undefined: no such account. `updated_at` stays: it is a
   * claim about the person.
   */
  endSignIns(id: string): Promise<number | undefined>
  /**
   * Records that a person has signed in, to the minute. False: the account is disabled, or its sign-ins of `generation` have ended.
   * `updated_at` stays: it is a claim about the person.
   */
  recordSignIn(account: Pick<Account, 'id' | 'generation'>): Promise<boolean>
  /** Undefined: no such account, or the generation has passed. */
  rename(
    id: string,
    to: { username: string; displayUsername: string; generation: number },
  ): Promise<Account | undefined | 'username_taken'>
  /** False: no other address waited for its proof. */
  dropAddressChange(id: string): Promise<boolean>
}

export function createAccountUpdates({
  db: { prisma, reads },
  clock,
  byId,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  byId: AccountReads['byId']
}): AccountUpdates {
  const now = (): Date => new Date(clock())
  const valuesOf = ({ endsSignIns, ...values }: ProvisionedChanges) => ({
    ...values,
    // Another number, or one that counts as verified no more, signs nobody in.
    ...((values.phoneNumber !== undefined || values.phoneVerified === false) && { phoneLogin: null }),
    ...(endsSignIns && nextGeneration(now())),
  })

  // Those who can sign in: an administrator who was only invited, or has proven no address, could undo nothing. On SQLite
  // there is one transaction at a time anyway.
  const lockAdministrators = `SELECT id FROM accounts WHERE role = 'admin' AND role <> 'user'
    AND disabled_at IS NULL AND email IS NOT NULL ORDER BY id${
      reads.dialect === 'postgresql' ? ' FOR UPDATE' : ''
    }`

  return {
    async change(id, changes, generation) {
      const where = { id, ...(generation !== undefined && { generation, disabledAt: null }) }
      const update = { where, data: { ...valuesOf(changes), updatedAt: now() } }
      if (changes.endsSignIns)
        await prisma.$transaction([prisma.account.updateMany(update), dropAddressChange(prisma, id)])
      else await prisma.account.updateMany(update)
      return byId(id)
    },

    async changeUnchanged(id, changes, updatedAt) {
      const { count } = await prisma.account.updateMany({
        where: { id, updatedAt: new Date(updatedAt) },
        data: { ...valuesOf(changes), updatedAt: now() },
      })
      const account = await byId(id)
      return count === 0 && account ? 'version_conflict' : account
    },

    async changeProvisioned(id, changes, updatedAt) {
      try {
        const { count } = await prisma.account.updateMany({
          where: { id, role: 'user', updatedAt: new Date(updatedAt) },
          data: { ...valuesOf(changes), updatedAt: now() },
        })
        const account = await byId(id)
        return count === 0 && account ? 'version_conflict' : account
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        const { username } = changes
        const other = username === undefined ? null : await prisma.account.findUnique({ where: { username } })
        return other && other.id !== id ? 'username_taken' : 'email_taken'
      }
    },

    async changeUnlessLast(id, changes, ifVersion) {
      const done = await prisma.$transaction(async (tx) => {
        const administrators = await tx.$queryRawUnsafe<{ id: string }[]>(lockAdministrators)
        if (administrators.length === 1 && administrators[0]?.id === id) return 'last_administrator'
        const where = { id, ...(ifVersion !== undefined && { updatedAt: new Date(ifVersion) }) }
        const update = async (also: object, all: AccountChanges) =>
          (
            await tx.account.updateMany({
              where: { ...where, ...also },
              data: { ...valuesOf(all), updatedAt: now() },
            })
          ).count
        // Another role than before, and not out of none: something is taken away.
        const lost =
          changes.role === undefined || changes.role === 'admin'
            ? 0
            : await update({ role: { notIn: ['user', changes.role] } }, { ...changes, endsSignIns: true })
        const count = lost > 0 ? lost : await update({}, changes)
        // But not the one that is asked for here.
        const ended = lost > 0 || (changes.endsSignIns && count > 0)
        if (ended && changes.pendingEmail === undefined) await dropAddressChange(tx, id)
        return count === 0 && ifVersion !== undefined ? 'version_conflict' : 'done'
      })
      if (done === 'last_administrator') return done
      const account = await byId(id)
      return done === 'version_conflict' && account ? done : account
    },

    async replacePassword(id, generation, passwordHash) {
      const at = now()
      return prisma.$transaction(async (tx) => {
        const [changed] = await tx.account.updateManyAndReturn({
          where: { id, disabledAt: null, generation },
          data: { passwordHash, passwordChangedAt: at, updatedAt: at, ...nextGeneration(at) },
          select: { generation: true },
        })
        if (changed) await dropAddressChange(tx, id)
        return changed?.generation
      })
    },

    endSignIns: (id) => endSignIns(prisma, id, now()),

    async recordSignIn({ id, generation }) {
      const minuteAgo = new Date(clock() - 60_000)
      const changed = await prisma.$executeRaw`UPDATE accounts SET
        last_sign_in_at = CASE WHEN last_sign_in_at > ${minuteAgo} THEN last_sign_in_at ELSE ${now()} END
        WHERE id = ${id} AND generation = ${generation} AND disabled_at IS NULL`
      return changed === 1
    },

    async rename(id, { username, displayUsername, generation }) {
      try {
        const { count } = await prisma.account.updateMany({
          where: { id, generation, disabledAt: null },
          data: { username, displayUsername, updatedAt: now() },
        })
        return count === 1 ? byId(id) : undefined
      } catch (error) {
        if (isUniqueViolation(error)) return 'username_taken'
        throw error
      }
    },

    async dropAddressChange(id) {
      return (await dropAddressChange(prisma, id)) > 0
    },
  }
}
