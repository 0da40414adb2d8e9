import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import { sqlTime } from '../../storage/sql.ts'
import { type Account, toAccount } from '../account.ts'
import { wholeSecond } from './generation.ts'
import type { AccountReads } from './reads.ts'
import type { NewAccount, Taken } from './values.ts'

/** Making accounts, inviting to them, deleting them. */
export interface AccountLifecycle {
  /** @returns the new account, or which of its values another account already has */
  insert(account: NewAccount): Promise<Account | Taken>
  /**
   * Inserts the account if the one-time token still works, which is used up by that: both or neither. Its owner is signed in
   * by it.
   */
  insertByToken(account: NewAccount, tokenId: string): Promise<Account | Taken | 'spent'>
  /** Marks an account as invited by the address that it waits for. Undefined: it does no more, or is disabled. */
  invite(id: string, email: string, until: Date): Promise<Account | undefined>
  /** Ends the invitation and its links in one act, so that none is accepted in between. False: there was none, or it was accepted. */
  endInvitation(id: string): Promise<boolean>
  /** Deletes an account that has never had a way in. False: it has. */
  deleteUnused(id: string): Promise<boolean>
  delete(id: string): Promise<boolean>
  /** Accounts whose deletion is due, those that wait longest first. */
  dueForDeletion(which: { at: Date; limit: number }): Promise<string[]>
  /** Deletes an account whose deletion is due. False: it is kept, or gone. */
  deleteDue(id: string, at: Date): Promise<boolean>
  /** Takes back that an account is disabled and deleted, if it is so since the very moments given. False: it is not. */
  keep(account: { id: string; generation: number; disabledAt: number; deletionAt: number }): Promise<boolean>
  /**
   * Deletes up to `limit` accounts from before a time that never proved an address, unless they were imported. Returns
   * how many.
   */
  deleteUnverified(which: { before: Date; limit: number }): Promise<number>
}

export function createAccountLifecycle({
  db: { prisma, reads },
  clock,
  byId,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  byId: AccountReads['byId']
}): AccountLifecycle {
  const now = (): Date => new Date(clock())
  const dated = (account: NewAccount) => {
    const at = now()
    return { ...account, authValidAfter: wholeSecond(at), createdAt: at, updatedAt: at }
  }
  const taken = async (account: NewAccount, error: unknown): Promise<Taken> => {
    if (!isUniqueViolation(error)) throw error
    const other = await prisma.account.findUnique({ where: { username: account.username } })
    return other ? 'username_taken' : 'email_taken'
  }

  return {
    async insert(account) {
      try {
        return toAccount(await prisma.account.create({ data: dated(account) }))
      } catch (error) {
        return taken(account, error)
      }
    },

    async insertByToken(account, tokenId) {
      try {
        return await prisma.$transaction(async (tx) => {
          const { count } = await tx.oneTimeToken.updateMany({
            where: { id: tokenId, usedAt: null, expiresAt: { gt: now() } },
            data: { usedAt: now() },
          })
          const data = { ...dated(account), lastSignInAt: now() }
          return count === 0 ? 'spent' : toAccount(await tx.account.create({ data }))
        })
      } catch (error) {
        return taken(account, error)
      }
    },

    async invite(id, email, until) {
      const { count } = await prisma.account.updateMany({
        where: { id, email: null, pendingEmail: email, disabledAt: null },
        data: { invitedUntil: until, updatedAt: now() },
      })
      return count === 1 ? byId(id) : undefined
    },

    async endInvitation(id) {
      return prisma.$transaction(async (tx) => {
        const at = now()
        const { count } = await tx.account.updateMany({
          where: { id, email: null, invitedUntil: { not: null } },
          data: { invitedUntil: null, updatedAt: at },
        })
        if (count === 1)
          await tx.oneTimeToken.updateMany({
            where: { accountId: id, purpose: 'invitation', usedAt: null, expiresAt: { gt: at } },
            data: { expiresAt: at },
          })
        return count === 1
      })
    },

    async deleteUnused(id) {
      const unused = { email: null, passwordHash: null, passwordChangedAt: null, lastSignInAt: null }
      const { count } = await prisma.account.deleteMany({
        where: { id, ...unused, linkedIdentities: { none: {} } },
      })
      return count === 1
    },

    async delete(id) {
      const { count } = await prisma.account.deleteMany({ where: { id } })
      return count === 1
    },

    async dueForDeletion({ at, limit }) {
      const rows = await reads.all<{ id: string }>(
        'SELECT id FROM accounts WHERE deletion_at <= ? ORDER BY deletion_at LIMIT ?',
        [sqlTime(at), limit],
      )
      return rows.map(({ id }) => id)
    },

    async deleteDue(id, at) {
      const { count } = await prisma.account.deleteMany({ where: { id, deletionAt: { lte: at } } })
      return count === 1
    },

    async keep({ id, generation, disabledAt, deletionAt }) {
      const { count } = await prisma.account.updateMany({
        where: { id, generation, disabledAt: new Date(disabledAt), deletionAt: new Date(deletionAt) },
        data: { disabledAt: null, deletionAt: null },
      })
      return count === 1
    },

    async deleteUnverified({ before, limit }) {
      const unverified = {
        email: null,
        pendingEmail: { not: null },
        lastSignInAt: null,
        passwordChangedAt: null,
        createdAt: { lt: before },
        // An invitation can be sent again for as long as it was good.
        OR: [{ invitedUntil: null }, { invitedUntil: { lt: before } }],
      }
      const rows = await reads.all<{ id: string }>(
        `SELECT id FROM accounts WHERE email IS NULL AND pending_email IS NOT NULL AND created_at < ?
           AND last_sign_in_at IS NULL AND password_changed_at IS NULL
           AND (invited_until IS NULL OR invited_until < ?)
         ORDER BY created_at LIMIT ?`,
        [sqlTime(before), sqlTime(before), limit],
      )
      if (rows.length === 0) return 0
      const ids = rows.map(({ id }) => id)
      const { count } = await prisma.account.deleteMany({ where: { ...unverified, id: { in: ids } } })
      return count
    },
  }
}
