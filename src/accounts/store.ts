import type { Clock } from '../shared/clock.ts'
import { type ProfileValues, profileFields } from '../shared/profile/fields.ts'
import type { Database } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { isUniqueViolation } from '../storage/unique-violation.ts'
import {
  type Account,
  type AccountRow,
  type Role,
  type StoredAccount,
  type StoredRow,
  toAccount,
  toStoredAccount,
} from './account.ts'
import { findAccountIds } from './search/store.ts'

const columns = `id, username, display_username AS "displayUsername", email,
  pending_email AS "pendingEmail", ${profileFields.map(({ claim, property }) => `${claim} AS "${property}"`).join(', ')},
  phone_verified AS "phoneVerified", address, role, invited_until AS "invitedUntil", disabled_at AS "disabledAt",
  generation, locked_until AS "lockedUntil", created_at AS "createdAt",
  updated_at AS "updatedAt", last_sign_in_at AS "lastSignInAt"`

const byIdStatement = `SELECT ${columns} FROM accounts WHERE id = ?`

const byLoginStatement = `SELECT ${columns}, password_hash AS "passwordHash",
  password_changed_at AS "passwordChangedAt" FROM accounts
  WHERE email = ? OR username = ? OR (email IS NULL AND pending_email = ?)
  ORDER BY CASE WHEN email = ? THEN 0 WHEN username = ? THEN 1 ELSE 2 END, created_at DESC, id DESC LIMIT 1`

export type Taken = 'username_taken' | 'email_taken'

/** What is kept of the claims of a person. */
export interface ProfileColumns extends ProfileValues {
  phoneVerified: boolean
  /** JSON. */
  address: string | null
}

/** A new account's values; times are the store's. */
export interface NewAccount extends Partial<ProfileColumns> {
  id: string
  username: string
  displayUsername: string
  email: string | null
  pendingEmail: string | null
  passwordHash: string | null
  role: Role
}

/** Values that a person or an administrator may change on an existing account. */
export type AccountChanges = Partial<
  Pick<NewAccount, 'pendingEmail' | 'role'> &
    ProfileColumns & {
      invitedUntil: Date | null
      disabledAt: Date | null
      /** Also ends every sign-in, session and token of the account. */
      endsSignIns: true
    }
>

/** Accounts in the database. The only one-account read that is on a hot path, `byId`, is a prepared statement. */
export function createAccountStore({ db, clock }: { db: Database; clock: Clock }) {
  const { prisma, reads } = db
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

  const valuesOf = ({ endsSignIns, ...values }: AccountChanges) => ({
    ...values,
    ...(endsSignIns && nextGeneration(now())),
  })

  const byId = async (id: string): Promise<Account | undefined> => {
    const row = await reads.get<AccountRow>(byIdStatement, [id])
    return row && toAccount(row)
  }
  // Those who can sign in: an administrator who was only invited, or has proven no address, could undo nothing. On SQLite
  // there is one transaction at a time anyway.
  const lockAdministrators = `SELECT id FROM accounts WHERE role = 'admin' AND disabled_at IS NULL AND email IS NOT NULL ORDER BY id${
    reads.dialect === 'postgresql' ? ' FOR UPDATE' : ''
  }`

  return {
    /** On every token and userinfo request: about 10 µs. */
    byId,

    async withPassword(id: string): Promise<StoredAccount | undefined> {
      const row = await prisma.account.findUnique({ where: { id } })
      return row ? toStoredAccount(row) : undefined
    },

    async byUsername(username: string): Promise<StoredAccount | undefined> {
      // PostgreSQL refuses a NUL instead of finding nothing.
      if (username.includes('\0')) return undefined
      const row = await prisma.account.findUnique({ where: { username } })
      return row ? toStoredAccount(row) : undefined
    },

    /**
     * Whom somebody means by what they type to sign in. An address that its owner has proven is theirs, whoever else has it
     * for a username (imported ones may look like addresses); what nobody has proven comes last, since anybody can claim it.
     * One statement.
     * @param login.username in canonical form @param login.email the same as an address, if it can be one
     */
    async byLogin(login: {
      username: string
      email: string | undefined
    }): Promise<StoredAccount | undefined> {
      const { username, email = null } = login
      // PostgreSQL refuses a NUL instead of finding nothing.
      if (username.includes('\0')) return undefined
      const row = await reads.get<StoredRow>(byLoginStatement, [email, username, email, email, username])
      return row && toStoredAccount(row)
    },

    /** The account that has proven the address. */
    async byProvenEmail(email: string): Promise<Account | undefined> {
      const row = await prisma.account.findUnique({ where: { email } })
      return row ? toAccount(row) : undefined
    },

    /** Who has proven the address; if nobody has, the newest account that is still to prove it. One query. */
    async byEmail(email: string): Promise<StoredAccount | undefined> {
      const row = await prisma.account.findFirst({
        where: { OR: [{ email }, { email: null, pendingEmail: email }] },
        orderBy: [{ email: { sort: 'asc', nulls: 'last' } }, { createdAt: 'desc' }, { id: 'desc' }],
      })
      return row ? toStoredAccount(row) : undefined
    },

    /** The newest account that may sign in and waits to prove the address; an invitation proves it otherwise. */
    async waitingFor(email: string): Promise<Account | undefined> {
      const row = await prisma.account.findFirst({
        where: { pendingEmail: email, disabledAt: null, invitedUntil: null },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      })
      return row ? toAccount(row) : undefined
    },

    /** @returns the new account, or which of its values another account already has */
    async insert(account: NewAccount): Promise<Account | Taken> {
      try {
        return toAccount(await prisma.account.create({ data: dated(account) }))
      } catch (error) {
        return taken(account, error)
      }
    },

    /** Inserts the account if the one-time token still works, which is used up by that: both or neither. */
    async insertByToken(account: NewAccount, tokenId: string): Promise<Account | Taken | 'spent'> {
      try {
        return await prisma.$transaction(async (tx) => {
          const { count } = await tx.oneTimeToken.updateMany({
            where: { id: tokenId, usedAt: null, expiresAt: { gt: now() } },
            data: { usedAt: now() },
          })
          return count === 0 ? 'spent' : toAccount(await tx.account.create({ data: dated(account) }))
        })
      } catch (error) {
        return taken(account, error)
      }
    },

    /** Newest first. Two queries: the ids, then the accounts. */
    async findMany(wanted: Parameters<typeof findAccountIds>[1]): Promise<Account[]> {
      const ids = await findAccountIds(reads, wanted)
      const rows = await prisma.account.findMany({
        where: { id: { in: ids } },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      })
      return rows.map(toAccount)
    },

    /** @param generation nothing is changed when this one has passed, or the account is disabled */
    async change(id: string, changes: AccountChanges, generation?: number): Promise<Account | undefined> {
      const where = { id, ...(generation !== undefined && { generation, disabledAt: null }) }
      const update = { where, data: { ...valuesOf(changes), updatedAt: now() } }
      if (changes.endsSignIns)
        await prisma.$transaction([prisma.account.updateMany(update), dropAddressChange(prisma, id)])
      else await prisma.account.updateMany(update)
      return byId(id)
    },

    /**
     * As `change`, if the account was not changed since: `updatedAt` is what it was then, and later afterwards.
     * Undefined: no such account.
     */
    async changeUnchanged(
      id: string,
      changes: AccountChanges,
      updatedAt: number,
    ): Promise<Account | undefined | 'version_conflict'> {
      const { count } = await prisma.account.updateMany({
        where: { id, updatedAt: new Date(updatedAt) },
        data: { ...valuesOf(changes), updatedAt: new Date(Math.max(clock(), updatedAt + 1)) },
      })
      const account = await byId(id)
      return count === 0 && account ? 'version_conflict' : account
    },

    /**
     * As `change`, for what takes an administrator away. Undefined: no such account. `last_administrator`: nothing was
     * changed, because nobody could undo it. Two administrators who remove each other at once come one after the other.
     * `version_conflict`: it was changed since `ifVersion`, and nothing was changed now. A role that is taken away ends
     * every sign-in.
     */
    async changeUnlessLast(
      id: string,
      changes: AccountChanges,
      ifVersion?: number,
    ): Promise<Account | undefined | 'last_administrator' | 'version_conflict'> {
      const done = await prisma.$transaction(async (tx) => {
        const administrators = await tx.$queryRawUnsafe<{ id: string }[]>(lockAdministrators)
        if (administrators.length === 1 && administrators[0]?.id === id) return 'last_administrator'
        const updatedAt = new Date(Math.max(clock(), (ifVersion ?? 0) + 1))
        const where = { id, ...(ifVersion !== undefined && { updatedAt: new Date(ifVersion) }) }
        const above = changes.role === undefined ? [] : ROLES.slice(ROLES.indexOf(changes.role) + 1)
        const update = async (also: object, all: AccountChanges) =>
          (
            await tx.account.updateMany({
              where: { ...where, ...also },
              data: { ...valuesOf(all), updatedAt },
            })
          ).count
        const lost =
          above.length > 0 ? await update({ role: { in: above } }, { ...changes, endsSignIns: true }) : 0
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

    /**
     * Sets a new password, and ends every sign-in, unless those of `generation`, when the old one was checked, have ended
     * meanwhile. Returns the generation that begins.
     */
    async replacePassword(id: string, generation: number, passwordHash: string): Promise<number | undefined> {
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

    /**
     * Ends every sign-in. Returns the generation that begins; undefined: no such account. `updated_at` stays: it is a
     * claim about the person.
     */
    async endSignIns(id: string): Promise<number | undefined> {
      const rows = await prisma.$queryRaw<{ generation: number }[]>`UPDATE accounts
        SET generation = generation + 1, auth_valid_after = ${wholeSecond(now())},
        pending_email = CASE WHEN email IS NULL THEN pending_email END
        WHERE id = ${id} RETURNING generation`
      return rows[0]?.generation
    },

    /** False: no other address waited for its proof. */
    async dropAddressChange(id: string): Promise<boolean> {
      return (await dropAddressChange(prisma, id)) > 0
    },

    /** The accounts that are invited by an address at a time, newest first. */
    async invitedAt(email: string, at: Date): Promise<Account[]> {
      const rows = await prisma.account.findMany({
        where: { email: null, pendingEmail: email, disabledAt: null, invitedUntil: { gt: at } },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      })
      return rows.map(toAccount)
    },

    /** Marks an account as invited by the address that it waits for. Undefined: it does no more, or is disabled. */
    async invite(id: string, email: string, until: Date): Promise<Account | undefined> {
      const { count } = await prisma.account.updateMany({
        where: { id, email: null, pendingEmail: email, disabledAt: null },
        data: { invitedUntil: until, updatedAt: now() },
      })
      return count === 1 ? byId(id) : undefined
    },

    /** Ends the invitation and its links in one act, so that none is accepted in between. False: there was none, or it was accepted. */
    async endInvitation(id: string): Promise<boolean> {
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

    /** Deletes an account that has never had a way in. False: it has. */
    async deleteUnused(id: string): Promise<boolean> {
      const unused = { email: null, passwordHash: null, passwordChangedAt: null, lastSignInAt: null }
      const { count } = await prisma.account.deleteMany({
        where: { id, ...unused, linkedIdentities: { none: {} } },
      })
      return count === 1
    },

    async delete(id: string): Promise<boolean> {
      const { count } = await prisma.account.deleteMany({ where: { id } })
      return count === 1
    },

    /** Newest first. @param after id of the last account of the page before */
    async list({ limit, after }: { limit: number; after?: string | undefined }): Promise<Account[]> {
      const rows = await prisma.account.findMany({
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        ...(after && { cursor: { id: after }, skip: 1 }),
      })
      return rows.map(toAccount)
    },

    /** Administrators who can sign in. */
    countAdministrators(): Promise<number> {
      return prisma.account.count({ where: { role: 'admin', disabledAt: null } })
    },

    /**
     * Deletes up to `limit` accounts from before a time that never proved an address, unless they were imported. Returns
     * how many.
     */
    async deleteUnverified({ before, limit }: { before: Date; limit: number }): Promise<number> {
      const unverified = {
        email: null,
        pendingEmail: { not: null },
        lastSignInAt: null,
        passwordChangedAt: null,
        createdAt: { lt: before },
        // An invitation can be sent again for as long as it was good.
        OR: [{ invitedUntil: null }, { invitedUntil: { lt: before } }],
      }
      const rows = await prisma.account.findMany({
        where: unverified,
        select: { id: true },
        orderBy: { createdAt: 'asc' },
        take: limit,
      })
      const ids = rows.map(({ id }) => id)
      const { count } = await prisma.account.deleteMany({ where: { ...unverified, id: { in: ids } } })
      return count
    },
  }
}

export type AccountStore = ReturnType<typeof createAccountStore>

/** Those of the changes that would make a difference. A write without one would still move `updated_at`, which is a claim. */
export const differing = (before: Account, changes: AccountChanges): AccountChanges => {
  const is: Readonly<Record<string, unknown>> = {
    ...before,
    address: before.address && JSON.stringify(before.address),
  }
  return Object.fromEntries(Object.entries(changes).filter(([field, value]) => is[field] !== value))
}

/** From the least to the most. */
const ROLES: readonly Role[] = ['user', 'auditor', 'admin']

/** What ends every sign-in, session and token of an account: written together with its cause, in one statement. */
export const nextGeneration = (at: Date) => ({
  generation: { increment: 1 },
  authValidAfter: wholeSecond(at),
})

/**
 * Another address that a person's account waits for was asked for by a sign-in that has ended: the link that was sent there
 * proves nothing any more. One that waits for its first address goes on waiting.
 */
export const dropAddressChange = (
  tx: Pick<Prisma.TransactionClient, '$executeRaw'>,
  id: string,
): Prisma.PrismaPromise<number> =>
  tx.$executeRaw`UPDATE accounts SET pending_email = NULL WHERE id = ${id} AND email IS NOT NULL
    AND pending_email IS NOT NULL`

/** As version 0.1 compares it with protocol times. */
export const wholeSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000)
