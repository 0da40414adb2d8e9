import { randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isMissingReference, isUniqueViolation } from '../../storage/driver-errors.ts'
import { hasBefore } from '../../storage/due.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'
import type { FactorChanger } from '../owner.ts'
import type { StoredCode } from '../store/kinds.ts'
import { changeFactors, lockFactors } from '../store/kinds.ts'

/** What a code is for: a second factor, a phone that is to be asked for at those, or a number that is to be verified and no more. */
export type CodePurpose = 'sign_in' | 'factor' | 'number'

export interface PhoneRow {
  id: string
  number: string
  createdAt: Date
  lastUsedAt: Date | null
}

/** Keeps a number as the verified one of an account, in the transaction that uses its code up. True: it signs in to it. */
export type KeepVerifiedPhone = (
  tx: Prisma.TransactionClient,
  accountId: string,
  number: string,
  at: Date,
) => Promise<boolean>

/** `codesStored`: the account had no factor, and `firstCodes` are its recovery codes now. */
export interface ConfirmedNumber {
  number: string
  signsIn: boolean
  codesStored: boolean
}

export interface KeptCode {
  accountId: string
  purpose: CodePurpose
  id: string
  number: string
  mac: string
  expiresAt: Date
}

/** Phones of accounts, and the codes that are on their way to them: one an account and purpose, the newest. */
export interface PhoneStore {
  find(accountId: string): Promise<PhoneRow | undefined>
  /** In the place of the one before. Undefined: the account is gone. @returns takes it back, for the one before: it was not sent */
  keepCode(code: KeptCode): Promise<(() => Promise<void>) | undefined>
  /** A code for another purpose than a sign-in that can be typed still. */
  pending(
    accountId: string,
    id: string,
  ): Promise<{ number: string; purpose: 'factor' | 'number' } | undefined>
  /** Whether a code is the one that can be typed still. */
  waits(accountId: string, purpose: CodePurpose, mac: string): Promise<boolean>
  /** Uses up the code of a sign-in, by one statement: true for exactly one caller. */
  useSignInCode(accountId: string, mac: string): Promise<boolean>
  /**
   * Uses up a code, and does what it was for, in one transaction: exactly once. Undefined: it is not this code, or used, too old,
   * another account's, or the sign-in has ended.
   */
  confirm(
    code: FactorChanger & { id: string; mac: string; purpose: 'factor' | 'number' },
    firstCodes: readonly StoredCode[] | undefined,
  ): Promise<ConfirmedNumber | undefined>
  /** False: the account has none of this id, or the sign-in has ended. */
  remove(by: FactorChanger, id: string): Promise<boolean>
  /** Deletes up to `limit` codes that are too old. Returns how many. */
  deleteExpired(limit: number): Promise<number>
}

const phoneColumns = columnsOf<PhoneRow>({
  id: 'plain',
  number: 'plain',
  createdAt: 'time',
  lastUsedAt: 'time',
})

export function createPhoneStore(deps: {
  db: Database
  clock: Clock
  keepVerifiedPhone: KeepVerifiedPhone
}): PhoneStore {
  const { db, clock } = deps
  const { prisma, reads } = db
  const now = (): Date => new Date(clock())

  /** The number of a code that is right, which is used up. */
  async function used(
    tx: Prisma.TransactionClient,
    { accountId, id, mac, purpose }: { accountId: string; id: string; mac: string; purpose: string },
  ): Promise<string | undefined> {
    const [row] = await tx.$queryRaw<{ number: string }[]>`DELETE FROM sms_codes
      WHERE account_id = ${accountId} AND purpose = ${purpose} AND id = ${id} AND mac = ${mac}
        AND expires_at > ${now()} RETURNING number`
    return row?.number
  }

  const confirm: PhoneStore['confirm'] = async (code, firstCodes) => {
    const { accountId, generation, purpose } = code
    const at = now()
    if (purpose === 'number')
      return prisma.$transaction(async (tx) => {
        if ((await lockFactors(tx, accountId, generation)) === undefined) return undefined
        const number = await used(tx, code)
        if (number === undefined) return undefined
        const signsIn = await deps.keepVerifiedPhone(tx, accountId, number, at)
        return { number, signsIn, codesStored: false }
      })
    const change = await changeFactors(db, { accountId, generation, at, firstCodes }, async (tx) => {
      const number = await used(tx, code)
      if (number === undefined) return undefined
      // What is on its way to the phone before counts no more.
      await tx.smsCode.deleteMany({ where: { accountId, purpose: 'sign_in' } })
      await tx.phoneFactor.deleteMany({ where: { accountId } })
      await tx.phoneFactor.create({ data: { id: randomUUID(), accountId, number, createdAt: at } })
      return { number, signsIn: await deps.keepVerifiedPhone(tx, accountId, number, at) }
    })
    return change && { ...change.result, codesStored: change.codesStored }
  }

  return {
    async find(accountId) {
      return phoneColumns.get(reads, 'FROM phone_factors WHERE account_id = ?', [accountId])
    },

    async keepCode({ accountId, purpose, ...code }) {
      try {
        const where = { accountId_purpose: { accountId, purpose } }
        const before = await prisma.smsCode.findUnique({ where })
        await prisma.smsCode.upsert({ where, create: { accountId, purpose, ...code }, update: code })
        // By its id: one that was kept since, or was typed, is left alone.
        const kept = { accountId, purpose, id: code.id }
        return async () => {
          if (before === null) await prisma.smsCode.deleteMany({ where: kept })
          else await prisma.smsCode.updateMany({ where: kept, data: before })
        }
      } catch (error) {
        if (isMissingReference(error)) return undefined
        throw error
      }
    },

    async pending(accountId, id) {
      const row = await prisma.smsCode.findFirst({ where: { accountId, id, expiresAt: { gt: now() } } })
      return row?.purpose === 'factor' || row?.purpose === 'number'
        ? { number: row.number, purpose: row.purpose }
        : undefined
    },

    async waits(accountId, purpose, mac) {
      return (
        (await prisma.smsCode.count({ where: { accountId, purpose, mac, expiresAt: { gt: now() } } })) > 0
      )
    },

    async useSignInCode(accountId, mac) {
      const rows = await prisma.$queryRaw<unknown[]>`DELETE FROM sms_codes
        WHERE account_id = ${accountId} AND purpose = 'sign_in' AND mac = ${mac} AND expires_at > ${now()}
          AND number IN (SELECT number FROM phone_factors WHERE account_id = ${accountId}) RETURNING id`
      if (rows.length === 0) return false
      await prisma.phoneFactor.updateMany({ where: { accountId }, data: { lastUsedAt: now() } })
      return true
    },

    async confirm(code, firstCodes) {
      try {
        return await confirm(code, firstCodes)
      } catch (error) {
        // Another account has got the number at this moment, and nothing of this was done: it does not sign in here.
        if (isUniqueViolation(error)) return confirm(code, firstCodes)
        throw error
      }
    },

    async remove({ accountId, generation }, id) {
      const change = await changeFactors(db, { accountId, generation, at: now() }, async (tx) => {
        const { count } = await tx.phoneFactor.deleteMany({ where: { id, accountId } })
        if (count === 0) return undefined
        await tx.smsCode.deleteMany({ where: { accountId, purpose: { in: ['sign_in', 'factor'] } } })
        return true
      })
      return change !== undefined
    },

    async deleteExpired(limit) {
      if (!(await hasBefore(db.reads, 'sms_codes', 'expires_at', now()))) return 0
      const rows = await prisma.smsCode.findMany({
        where: { expiresAt: { lt: now() } },
        select: { id: true },
        orderBy: { expiresAt: 'asc' },
        take: limit,
      })
      if (rows.length === 0) return 0
      const { count } = await prisma.smsCode.deleteMany({
        where: { id: { in: rows.map(({ id }) => id) }, expiresAt: { lt: now() } },
      })
      return count
    },
  }
}
