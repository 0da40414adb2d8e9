import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { sqlTime } from '../../storage/sql.ts'
import type { Role } from '../account.ts'
import { identityRow, type StoredIdentity } from '../linked/identity.ts'
import { dropAddressChange, nextGeneration } from '../store/generation.ts'
import type { ProfileColumns } from '../store/values.ts'

/**
 * `let_in` sets a new password like `reset_password`, and is counted apart: it is for who strangers have locked out, and
 * they must not be able to use it up.
 */
export type Purpose = 'verify_email' | 'reset_password' | 'let_in' | 'invitation' | 'setup' | 'not_me'

export interface TokenRow {
  id: string
  purpose: string
  accountId: string | null
  email: string | null
  codeHash: string | null
  /** JSON: what the page behind the link says. */
  details?: string | null
}

/** What `redeem` does to the account in the same transaction that uses the token up. */
export interface Redemption {
  tokenId: string
  accountId: string
  /** The pending address that the token proves, if it proves one. */
  provenEmail?: string | undefined
  /** A new password's hash, or null: none from now on. Also ends the lock, and cuts off every earlier sign-in. */
  passwordHash?: string | null
  /** The identity that becomes the only sign-in method of the account. */
  identity?: StoredIdentity
  /** Whom the token serves: an account of another role by now counts as gone. */
  role?: Role
  /** Of the person, to be stored with it. */
  claims?: Partial<ProfileColumns>
  /** The account waits to be deleted, since these moments: it goes on waiting. */
  leaving?: { disabledAt: number; deletionAt: number } | undefined
}

/** One-time tokens in the database: looked up by hash, used up once by a conditional update. */
export interface TokenStore {
  /** False: the account is gone by now. */
  insert(row: TokenRow & { tokenHash: string; expiresAt: Date }): Promise<boolean>
  /** One of these purposes that still works. */
  byHash(purposes: readonly Purpose[], tokenHash: string): Promise<TokenRow | undefined>
  /** Also one that works no more. */
  overByHash(purpose: Purpose, tokenHash: string): Promise<TokenRow | undefined>
  /** One that still works. */
  byId(purpose: Purpose, id: string): Promise<TokenRow | undefined>
  /** Tokens that still work, newest first. */
  liveOf(purpose: Purpose, accountId: string | null): Promise<TokenRow[]>
  /** When tokens of one purpose were made since a time, oldest first, for an account and for an address; used ones too. One statement. */
  issuedSince(
    of: { purpose: Purpose; accountId: string; email: string },
    since: Date,
  ): Promise<{ account: Date[]; address: Date[] }>
  /** Uses a token up. False: it works no more. */
  use(id: string): Promise<boolean>
  /** As if it had never been issued. */
  delete(id: string): Promise<void>
  /** They work no more. */
  expire(ids: readonly string[]): Promise<void>
  /** Counts a try at a code before it is compared. False: no tries are left. */
  reserveTry(id: string, most: number): Promise<boolean>
  /**
   * Uses a token up and does what it is for, both or neither. `spent`: it works no more, or the account is
   * disabled or waits for the proof of another address by now. `taken`: another account has proven the address.
   * @returns the generation of sign-ins that the account is in then
   */
  redeem(redemption: Redemption): Promise<{ generation: number } | 'spent' | 'taken'>
  /** Voids the live tokens of an account, of some purposes. */
  expireAllOf(accountId: string, ...purposes: Purpose[]): Promise<void>
  /** Voids the live tokens of an account, of all purposes but one. */
  expireAllBut(accountId: string, kept: Purpose): Promise<void>
  /** Deletes up to `limit` tokens that expired before a time. Returns how many. */
  deleteExpired(options: { before: Date; limit: number }): Promise<number>
}

export function createTokenStore({ db, clock }: { db: Database; clock: Clock }): TokenStore {
  const { prisma } = db
  const now = (): Date => new Date(clock())
  const live = () => ({ usedAt: null, expiresAt: { gt: now() } })

  return {
    async insert(row) {
      try {
        const { id, purpose, accountId, email, tokenHash, codeHash, expiresAt, details = null } = row
        await db.writes.run(
          `INSERT INTO one_time_tokens (id, purpose, account_id, email, token_hash, code_hash, created_at, expires_at, details)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          [
            ...[id, purpose, accountId, email, tokenHash, codeHash],
            ...[sqlTime(now()), sqlTime(expiresAt), details],
          ],
        )
        return true
      } catch (error) {
        if (isMissingReference(error)) return false
        throw error
      }
    },

    async byHash(purposes, tokenHash) {
      const purpose = { in: [...purposes] }
      const row = await prisma.oneTimeToken.findFirst({ where: { tokenHash, purpose, ...live() } })
      return row ?? undefined
    },

    async overByHash(purpose, tokenHash) {
      return (await prisma.oneTimeToken.findFirst({ where: { tokenHash, purpose } })) ?? undefined
    },

    async byId(purpose, id) {
      const row = await prisma.oneTimeToken.findFirst({ where: { id, purpose, ...live() } })
      return row ?? undefined
    },

    async liveOf(purpose, accountId) {
      const whose = accountId === null ? 'account_id IS NULL' : 'account_id = ?'
      return db.reads.all<TokenRow>(
        `SELECT id, purpose, account_id AS "accountId", email, code_hash AS "codeHash", details
         FROM one_time_tokens WHERE purpose = ? AND used_at IS NULL AND expires_at > ? AND ${whose}
         ORDER BY created_at DESC, id DESC`,
        [purpose, sqlTime(now()), ...(accountId === null ? [] : [accountId])],
      )
    },

    async issuedSince({ purpose, accountId, email }, since) {
      const after = sqlTime(since)
      const rows = await db.reads.all<{ whose: 'account' | 'address'; at: string }>(
        `SELECT 'account' AS whose, created_at AS "at" FROM one_time_tokens
         WHERE purpose = ? AND account_id = ? AND created_at > ?
         UNION ALL SELECT 'address', created_at FROM one_time_tokens WHERE purpose = ? AND email = ? AND created_at > ?`,
        [purpose, accountId, after, purpose, email, after],
      )
      const of = (which: 'account' | 'address') =>
        rows
          .filter(({ whose }) => whose === which)
          .map(({ at }) => new Date(at))
          .sort((a, b) => a.getTime() - b.getTime())
      return { account: of('account'), address: of('address') }
    },

    async use(id) {
      const { count } = await prisma.oneTimeToken.updateMany({
        where: { id, ...live() },
        data: { usedAt: now() },
      })
      return count === 1
    },

    async delete(id) {
      await db.writes.run('DELETE FROM one_time_tokens WHERE id = ?', [id])
    },

    async expire(ids) {
      // One statement, of one text for any number: all or none, and prepared once.
      const each =
        db.artifacts.dialect === 'sqlite' ? 'json_each(?)' : 'jsonb_array_elements_text(CAST(? AS jsonb))'
      await db.writes.run(
        `UPDATE one_time_tokens SET expires_at = ? WHERE id IN (SELECT value FROM ${each})`,
        [sqlTime(now()), JSON.stringify(ids)],
      )
    },

    async reserveTry(id, most) {
      const { count } = await prisma.oneTimeToken.updateMany({
        where: { id, ...live(), attempts: { lt: most } },
        data: { attempts: { increment: 1 } },
      })
      return count === 1
    },

    async redeem(redemption) {
      const { tokenId, accountId, provenEmail, passwordHash, identity, role, claims, leaving } = redemption
      const renewed = passwordHash !== undefined
      const at = now()
      const spent = new Error('the token works no more')
      try {
        return await prisma.$transaction(async (tx) => {
          // The account first: two links of one account, used at once, would otherwise each hold what the other needs.
          const [changed] = await tx.account.updateManyAndReturn({
            where: {
              id: accountId,
              ...(leaving
                ? { disabledAt: new Date(leaving.disabledAt), deletionAt: new Date(leaving.deletionAt) }
                : { disabledAt: null }),
              ...(provenEmail && { pendingEmail: provenEmail }),
              ...(role && { role }),
            },
            data: {
              updatedAt: at,
              ...claims,
              ...(provenEmail && { email: provenEmail, pendingEmail: null, invitedUntil: null }),
              ...(renewed && {
                passwordHash,
                passwordChangedAt: at,
                ...nextGeneration(at),
                failedSignIns: 0,
                lockedUntil: null,
              }),
            },
            select: { generation: true },
          })
          if (changed === undefined) throw spent
          const claimed = await tx.oneTimeToken.updateMany({
            where: { id: tokenId, ...live() },
            data: { usedAt: at },
          })
          if (claimed.count === 0) throw spent
          if (renewed) await dropAddressChange(tx, accountId)
          // The person who made the account without proof may have linked an identity of their own; its owner starts afresh.
          if (renewed && provenEmail) await tx.linkedIdentity.deleteMany({ where: { accountId } })
          if (identity) await tx.linkedIdentity.create({ data: { ...identityRow(identity, at), accountId } })
          // A new password voids every other link; a proven address only those that would prove one.
          await tx.oneTimeToken.updateMany({
            where: { accountId, ...(!renewed && { purpose: 'verify_email' }), ...live() },
            data: { expiresAt: at },
          })
          return changed
        })
      } catch (error) {
        if (error === spent) return 'spent'
        if (isUniqueViolation(error)) return 'taken'
        throw error
      }
    },

    async expireAllOf(accountId, ...purposes) {
      await prisma.oneTimeToken.updateMany({
        where: { accountId, purpose: { in: purposes }, ...live() },
        data: { expiresAt: now() },
      })
    },

    async expireAllBut(accountId, kept) {
      await prisma.oneTimeToken.updateMany({
        where: { accountId, purpose: { not: kept }, ...live() },
        data: { expiresAt: now() },
      })
    },

    async deleteExpired({ before, limit }) {
      const rows = await db.reads.all<{ id: string }>(
        'SELECT id FROM one_time_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?',
        [sqlTime(before), limit],
      )
      if (rows.length === 0) return 0
      const { count } = await prisma.oneTimeToken.deleteMany({
        where: { id: { in: rows.map(({ id }) => id) } },
      })
      return count
    },
  }
}
