import { type SecondFactor, secondFactorsOf } from '../../shared/second-factor.ts'
import type { Database } from '../../storage/database.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'

/** A recovery code as it is kept. */
export interface StoredCode {
  id: string
  prefix: string
  /** argon2id */
  hash: string
}

/** A change of an account's factors, as it was done. */
export interface FactorChange<Result> {
  result: Result
  before: SecondFactor[]
  after: SecondFactor[]
  /** Whether `firstCodes` were stored: these are the account's codes now. */
  codesStored: boolean
}

/**
 * The one way to add or remove a factor of any kind: `work` changes its rows, and the account says of them what is true
 * afterwards, in the same transaction. Changes of one account come one after the other. Every remembered browser is
 * forgotten. With its first factor the account gets `firstCodes`; with its last one recovery codes, app passwords and what was begun go. `updated_at` of the account stays: it is
 * a claim about the person.
 * @param change.clear `work` removes the rows of all kinds
 * @param work undefined: there was nothing to change, and nothing is
 * @returns undefined: nothing was changed, or the account is gone
 */
export async function changeFactors<Result>(
  { prisma }: Pick<Database, 'prisma'>,
  change: {
    accountId: string
    /** Of the sign-in that changes them; if it has passed, nothing is changed. Undefined: no sign-in does. */
    generation?: number | undefined
    at: Date
    firstCodes?: readonly StoredCode[] | undefined
    clear?: boolean
  },
  work: (tx: Prisma.TransactionClient) => Promise<Result | undefined>,
): Promise<FactorChange<Result> | undefined> {
  const { accountId, generation, at, firstCodes, clear = false } = change
  return prisma.$transaction(async (tx) => {
    const before = await lockFactors(tx, accountId, generation)
    const result = before && (await work(tx))
    if (before === undefined || result === undefined) return undefined
    const after = clear ? [] : await kindsOf(tx, accountId)
    const since = after.length > 0 ? at : null
    await tx.$executeRaw`UPDATE accounts SET second_factors = ${after.join(' ')}, second_factor_since =
      CASE WHEN ${after.length} = 0 THEN NULL ELSE COALESCE(second_factor_since, ${since}) END,
      had_second_factor = CASE WHEN ${before.length + after.length} > 0 THEN TRUE ELSE had_second_factor END
      WHERE id = ${accountId}`
    await tx.rememberedBrowser.deleteMany({ where: { accountId } })
    const codesStored = before.length === 0 && after.length > 0 && firstCodes !== undefined
    if (codesStored) await replaceCodes(tx, accountId, firstCodes, at)
    if (after.length === 0) {
      await tx.recoveryCode.deleteMany({ where: { accountId } })
      await tx.appPassword.deleteMany({ where: { accountId } })
      // What was begun by the password, before there was one, is not finished by it after the last has gone.
      await tx.totpFactor.deleteMany({ where: { accountId } })
      await tx.smsCode.deleteMany({ where: { accountId, purpose: 'factor' } })
    }
    return { result, before, after, codesStored }
  })
}

/**
 * Holds the account until the transaction ends, and says what kinds of factor it has. Undefined: it is gone, or its sign-ins of
 * `generation` have ended.
 */
export async function lockFactors(
  tx: Prisma.TransactionClient,
  accountId: string,
  generation?: number,
): Promise<SecondFactor[] | undefined> {
  const [row] = await tx.$queryRaw<{ second_factors: string; generation: number }[]>`UPDATE accounts
    SET second_factors = second_factors WHERE id = ${accountId} RETURNING second_factors, generation`
  const counts = row && (generation === undefined || row.generation === generation)
  return counts ? secondFactorsOf(row.second_factors) : undefined
}

/** In a transaction that holds the account. */
export async function replaceCodes(
  tx: Prisma.TransactionClient,
  accountId: string,
  codes: readonly StoredCode[],
  createdAt: Date,
): Promise<void> {
  await tx.recoveryCode.deleteMany({ where: { accountId } })
  await tx.recoveryCode.createMany({ data: codes.map((code) => ({ ...code, accountId, createdAt })) })
}

/** By the rows. A passkey that is refused counts: an account must not lose its second factor because one was copied. */
async function kindsOf(tx: Prisma.TransactionClient, accountId: string): Promise<SecondFactor[]> {
  const passkeys = await tx.passkey.count({ where: { accountId } })
  const apps = await tx.totpFactor.count({ where: { accountId, confirmedAt: { not: null } } })
  const phones = await tx.phoneFactor.count({ where: { accountId } })
  const kinds = [passkeys > 0 && 'passkey', apps > 0 && 'totp', phones > 0 && 'phone']
  return secondFactorsOf(kinds.filter(Boolean).join(' '))
}
