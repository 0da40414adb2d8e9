import type { Clock } from '../../shared/clock.ts'
import type { ProviderValues } from '../../shared/profile/fields.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'
import { type Account, toAccount } from '../account.ts'
import { nextGeneration, wholeSecond } from '../store/generation.ts'
import type { NewAccount, Taken } from '../store/values.ts'
import { fillings, identityRow, type LinkedIdentity, type StoredIdentity } from './identity.ts'

/**
 * Accounts that only wait for an address, and so have proven nothing. “email IS NULL” is no condition of the statement: SQLite would walk
 * along all that have proven none.
 */
const waitingFor = async (
  tx: Pick<Prisma.TransactionClient, 'account'>,
  email: string | null,
  also: Prisma.AccountWhereInput = {},
) =>
  email === null
    ? []
    : (await tx.account.findMany({ where: { pendingEmail: email, ...also } })).filter(
        (account) => account.email === null,
      )

/** An administrator has decided who these are for. */
const invited = (at: Date) => ({ disabledAt: null, invitedUntil: { gt: at } })

/** Its opposite in full: NOT would leave out every row without a time. */
const uninvitedAt = (at: Date) => ({
  OR: [{ invitedUntil: null }, { invitedUntil: { lte: at } }, { disabledAt: { not: null } }],
})

/** The tokens that a provider gave, as they are kept. */
export interface KeptTokens {
  issuer: string
  subject: string
  sealedTokens: string | null
}

/** Linked identities in the database: one account each, by a unique index on issuer and subject. */
export interface LinkedStore {
  /** Whose an identity is. */
  find(
    identity: Pick<StoredIdentity, 'issuer' | 'subject'>,
  ): Promise<{ id: string; accountId: string } | undefined>
  /** Those of one account, the oldest first. */
  list(accountId: string): Promise<LinkedIdentity[]>
  /** Whether a username is free for the owner of `email`, who has proven it: an account that only waits for that address gives way. */
  isFree(username: string, email: string | undefined): Promise<boolean>
  /**
   * Makes an account and its first linked identity, both or neither. With a proven address, what others registered
   * under it without proof goes: the owner is here, and no password that another person chose survives that. `invited`:
   * an administrator has made an account for the owner of the address, and nothing is done.
   */
  insert(
    account: NewAccount,
    identity: StoredIdentity,
  ): Promise<{ account: Account; voided: string[] } | Taken | 'identity_taken' | 'invited'>
  /**
   * Adds an identity to an account that may sign in, if its sign-ins of `generation`, by one of which it was proven,
   * still count; its empty names and picture are filled.
   */
  link(
    to: { accountId: string; generation: number },
    identity: StoredIdentity,
    profile: ProviderValues,
  ): Promise<'linked' | 'identity_taken' | 'no_account'>
  /** Records a sign-in. `updated_at` stays: it is a claim about the person. False: the link is gone by now. */
  used(id: string, accountId: string, identity: StoredIdentity): Promise<boolean>
  /**
   * Removes an identity unless nothing else signs its account in: a password, or an identity of one of `usable`
   * providers. Removals of one account come one after the other.
   */
  removeUnlessLast(
    accountId: string,
    id: string,
    usable: readonly string[],
  ): Promise<LinkedIdentity | 'last' | undefined>
  /** Some identities of which tokens are kept. */
  someTokens(limit: number): Promise<KeptTokens[]>
  /** The sealed tokens that were kept of an identity. */
  tokens(accountId: string, provider: string): Promise<KeptTokens | undefined>
}

export function createLinkedStore({ db, clock }: { db: Database; clock: Clock }): LinkedStore {
  const { prisma } = db
  const now = (): Date => new Date(clock())

  const row = (identity: StoredIdentity) => identityRow(identity, now())

  const find = async ({ issuer, subject }: Pick<StoredIdentity, 'issuer' | 'subject'>) =>
    (await prisma.linkedIdentity.findUnique({ where: { issuer_subject: { issuer, subject } } })) ?? undefined

  return {
    find,

    async list(accountId) {
      const rows = await prisma.linkedIdentity.findMany({
        where: { accountId },
        orderBy: { createdAt: 'asc' },
      })
      return rows.map(({ id, provider, issuer, subject, label, createdAt, lastUsedAt }) => ({
        ...{ id, provider, issuer, subject, label },
        createdAt: createdAt.getTime(),
        lastUsedAt: lastUsedAt.getTime(),
      }))
    },

    async isFree(username, email) {
      const holder = await prisma.account.findUnique({ where: { username } })
      if (holder === null) return true
      return email !== undefined && givesWay(holder, email, now())
    },

    async insert(account, identity) {
      const at = now()
      const isInvited = new Error('an account is invited by this address')
      try {
        return await prisma.$transaction(async (tx) => {
          const squatters = await waitingFor(tx, account.email)
          for (const squatter of squatters) {
            const uninvited = { id: squatter.id, ...uninvitedAt(at) }
            if (givesWay(squatter, account.email, at)) await tx.account.deleteMany({ where: uninvited })
            else {
              await tx.account.updateMany({
                where: uninvited,
                data: {
                  passwordHash: null,
                  passwordChangedAt: at,
                  ...nextGeneration(at),
                  updatedAt: at,
                },
              })
              await tx.linkedIdentity.deleteMany({ where: { accountId: squatter.id } })
              await tx.oneTimeToken.updateMany({
                where: { accountId: squatter.id, usedAt: null },
                data: { expiresAt: at },
              })
            }
          }
          // Looked for last: an invitation of this very moment has been left alone above, and is found here.
          if (squatters.length > 0 && (await waitingFor(tx, account.email, invited(at))).length > 0)
            throw isInvited
          const created = await tx.account.create({
            data: {
              ...account,
              authValidAfter: wholeSecond(at),
              createdAt: at,
              updatedAt: at,
              lastSignInAt: account.email === null ? null : at,
              linkedIdentities: { create: row(identity) },
            },
          })
          return { account: toAccount(created), voided: squatters.map(({ id }) => id) }
        })
      } catch (error) {
        if (error === isInvited) return 'invited'
        if (!isUniqueViolation(error)) throw error
        if (await find(identity)) return 'identity_taken'
        const other = await prisma.account.findUnique({ where: { username: account.username } })
        return other ? 'username_taken' : 'email_taken'
      }
    },

    async link({ accountId, generation }, identity, profile) {
      const at = now()
      try {
        return await prisma.$transaction(async (tx) => {
          const { count } = await tx.account.updateMany({
            where: { id: accountId, disabledAt: null, generation },
            data: { updatedAt: at },
          })
          if (count === 0) return 'no_account'
          for (const { properties, values } of fillings(profile)) {
            const empty = Object.fromEntries(properties.map((property) => [property, null]))
            await tx.account.updateMany({
              where: { id: accountId, ...empty },
              data: { ...values, updatedAt: at },
            })
          }
          await tx.linkedIdentity.create({ data: { ...row(identity), accountId } })
          return 'linked'
        })
      } catch (error) {
        if (isUniqueViolation(error)) return 'identity_taken'
        throw error
      }
    },

    async used(id, accountId, identity) {
      const { provider, label, sealedTokens } = identity
      const { count } = await prisma.linkedIdentity.updateMany({
        where: { id, accountId },
        data: { provider, label, sealedTokens, lastUsedAt: now() },
      })
      const minuteAgo = new Date(clock() - 60_000)
      await prisma.$executeRaw`UPDATE accounts SET last_sign_in_at = ${now()}
        WHERE id = ${accountId} AND email IS NOT NULL AND (last_sign_in_at IS NULL OR last_sign_in_at < ${minuteAgo})`
      return count === 1
    },

    async removeUnlessLast(accountId, id, usable) {
      return prisma.$transaction(async (tx) => {
        // Changes nothing; holds the row until the end, so that two removals at once cannot each leave it to the other.
        await tx.$executeRaw`UPDATE accounts SET failed_sign_ins = failed_sign_ins WHERE id = ${accountId}`
        const found = await tx.linkedIdentity.findFirst({
          where: { id, accountId },
          include: { account: true },
        })
        if (found === null) return undefined
        const others = await tx.linkedIdentity.count({
          where: { accountId, id: { not: id }, provider: { in: [...usable] } },
        })
        if (found.account.passwordHash === null && others === 0) return 'last'
        await tx.linkedIdentity.delete({ where: { id } })
        const { createdAt, lastUsedAt, account: _, accountId: __, sealedTokens: ___, ...identity } = found
        return { ...identity, createdAt: createdAt.getTime(), lastUsedAt: lastUsedAt.getTime() }
      })
    },

    someTokens: (limit) =>
      db.reads.all(
        `SELECT issuer, subject, sealed_tokens AS "sealedTokens" FROM linked_identities
         WHERE sealed_tokens IS NOT NULL ORDER BY id LIMIT ?`,
        [limit],
      ),

    async tokens(accountId, provider) {
      const found = await prisma.linkedIdentity.findFirst({
        where: { accountId, provider, sealedTokens: { not: null } },
        orderBy: { lastUsedAt: 'desc' },
        select: { issuer: true, subject: true, sealedTokens: true },
      })
      return found ?? undefined
    },
  }
}

/** An account that anybody may have made, that never signed in, and that waits for the address alone, uninvited. */
const givesWay = (
  account: {
    role: string
    email: string | null
    pendingEmail: string | null
    lastSignInAt: Date | null
    invitedUntil: Date | null
  },
  email: string | null,
  at: Date,
): boolean =>
  (account.invitedUntil === null || account.invitedUntil <= at) &&
  account.role === 'user' &&
  account.email === null &&
  account.lastSignInAt === null &&
  account.pendingEmail === email
