import { randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { Verification } from '../../shared/second-factor.ts'
import { fromTyped, inGroups, toBase32 } from '../base32.ts'
import type { WithinLimit } from '../failures.ts'
import type { Notices } from '../notices.ts'
import { type FactorChanger, type FindOwner, signInEnded } from '../owner.ts'
import type { StoredCode } from '../store/kinds.ts'
import type { RecoveryCodeStore } from './store.ts'

const CODES = 10
/** 80 bits: less than the 112 that would do without a password hash (ASVS 6.5.2). */
const CODE_BYTES = 10
const PREFIX_LENGTH = 4

/** The password hashes of src/accounts, with their limit of how many run at once. All may throw AppError overloaded (503). */
export interface CodeHasher {
  hash(text: string): Promise<string>
  verify(hash: string, text: string): Promise<boolean>
  /** Costs what `verify` costs. */
  verifyNothing(text: string): Promise<false>
}

/** Codes that work once each, for when every other second factor is lost. */
export interface RecoveryCodes {
  /** Ten codes, and how they are to be stored, for `changeFactors`. */
  prepare(): Promise<{ codes: string[]; stored: StoredCode[] }>
  /** How many can still be used. */
  left(accountId: string): Promise<number>
  /**
   * Makes ten new ones; those before work no more. They are never shown again. Owner told by mail,
   * `factor.recovery_codes_renewed`. Ask for a fresh sign-in first.
   * @throws AppError no_second_factor (409), sign_in_ended (401)
   */
  renew(by: FactorChanger): Promise<string[]>
  /** Uses a code up, typed in whatever case and grouping. Owner told by mail, `factor.recovery_code_used`. */
  use(accountId: string, code: string): Promise<Verification>
}

export function createRecoveryCodes(deps: {
  store: RecoveryCodeStore
  hasher: CodeHasher
  limit: WithinLimit
  notices: Notices
  findOwner: FindOwner
}): RecoveryCodes {
  const { store, hasher, notices } = deps

  const prepare = async () => {
    const byPrefix = new Map<string, string>()
    while (byPrefix.size < CODES) {
      const code = toBase32(randomBytes(CODE_BYTES))
      byPrefix.set(code.slice(0, PREFIX_LENGTH), code)
    }
    const stored: StoredCode[] = []
    // One after the other: ten at once would fill the queue that sign-ins wait in.
    for (const [prefix, code] of byPrefix)
      stored.push({ id: randomUUID(), prefix, hash: await hasher.hash(code) })
    return { codes: [...byPrefix.values()].map((code) => inGroups(code)), stored }
  }

  const take = async (
    accountId: string,
    code: string,
    matches: () => Promise<void>,
  ): Promise<true | undefined> => {
    const [candidate] = await store.byPrefix(accountId, code.slice(0, PREFIX_LENGTH))
    if (!candidate) {
      await hasher.verifyNothing(code)
      return undefined
    }
    if (!(await hasher.verify(candidate.hash, code))) return undefined
    await matches()
    return (await store.take(accountId, candidate.id)) ? true : undefined
  }

  return {
    prepare,

    left: (accountId) => store.count(accountId),

    async renew(by) {
      const owner = await deps.findOwner(by.accountId)
      // Ten hashes are not made in vain.
      if (!owner || owner.secondFactors.length === 0) throw noSecondFactor()
      const { codes, stored } = await prepare()
      const outcome = await store.replace(by, stored)
      if (outcome !== 'replaced') throw outcome === 'ended' ? signInEnded() : noSecondFactor()
      notices.codesRenewed(owner)
      return codes
    },

    async use(accountId, code) {
      const typed = fromTyped(code)
      const checked = await deps.limit(accountId, 'recovery_code', typed, (matches) =>
        take(accountId, typed, matches),
      )
      if (checked.kind !== 'right') return checked
      const owner = await deps.findOwner(accountId)
      if (owner) notices.codeUsed(owner, await store.count(accountId))
      return { kind: 'verified', amr: ['recovery'] }
    },
  }
}

const noSecondFactor = (): AppError =>
  new AppError('no_second_factor', 409, message('recoveryCodes.noFactor'))
