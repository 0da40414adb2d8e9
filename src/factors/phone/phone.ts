import { createHmac, type KeyObject, randomInt, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { hiddenNumber } from '../../shared/hidden-number.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { hasStrongFactor, type SecondFactor, type Verification } from '../../shared/second-factor.ts'
import type { LockedUntil, Refusal, WithinLimit } from '../failures.ts'
import type { Notices } from '../notices.ts'
import type { FactorChanger, FindOwner } from '../owner.ts'
import type { RecoveryCodes } from '../recovery-codes/recovery-codes.ts'
import type { CodePurpose, PhoneRow, PhoneStore } from './store.ts'

/** Milliseconds (ASVS 6.5.5: ten minutes at most). */
const TTL = 600_000
const DIGITS = 6

/**
 * What a message became. src/sms implements it; `until`: milliseconds since the epoch; `maybeSent`: there was no certain answer, and it
 * may arrive.
 */
export type SmsOutcome =
  | { kind: 'sent' }
  | { kind: 'refused'; problem: 'not_a_number' | 'refused_kind' | 'refused_country' }
  | { kind: 'limited'; until: number }
  | { kind: 'failed'; maybeSent?: true }

/** The way out to phones, supplied by src/services.ts. */
export interface SmsOut {
  /** Whether there is a gateway. */
  readonly on: boolean
  send(message: {
    to: { accountId: string; username: string; number: string }
    address: string | undefined
    text: string
    code: string
    /** Called when it may be sent, before it is. False: it is not sent. */
    keep(): Promise<boolean>
  }): Promise<SmsOutcome>
}

/** Why no code was sent. `off`: there is no gateway, or the account has nothing that a code is sent to. */
export type NotSent = Exclude<SmsOutcome, { kind: 'sent' }> | { kind: 'off' }

/** `signsIn`: the number is a name to sign in by now; false: another account has it; undefined: numbers are none here. */
export type PhoneConfirmation =
  | {
      kind: 'confirmed'
      purpose: 'factor' | 'number'
      signsIn: boolean | undefined
      recoveryCodes?: string[]
    }
  | Refusal

interface Person {
  secondFactors: readonly SecondFactor[]
  role: string
}

/**
 * Codes by SMS: weak, since numbers are taken over (NIST SP 800-63B-4 §3.1.3.3 restricts them). There are none without a gateway, and
 * nobody has them who did not add a phone. Who administers is verified by something stronger where they have it, and adds none.
 */
export interface Phones {
  /** Whether codes are sent at all. */
  readonly on: boolean
  /** Whether a person may add a phone for their second factor. */
  mayAdd(person: { role: string }): boolean
  /** Whether a sign-in to the account can be verified so. */
  suit(person: Person): boolean
  /**
   * Sends a code to a number, to verify it. One that was begun earlier for the same purpose is gone. Ask for a fresh sign-in first. `sent`
   * also where the gateway gave no certain answer: the code may arrive, and works.
   * @param wanted.number E.164 @param wanted.address of the client that asks
   */
  begin(wanted: {
    accountId: string
    number: string
    purpose: 'factor' | 'number'
    address: string | undefined
  }): Promise<{ kind: 'sent'; id: string } | NotSent>
  /** What a code is waited for. Undefined: it came, is too old, or another account's. */
  pending(
    accountId: string,
    id: string,
  ): Promise<{ number: string; purpose: 'factor' | 'number' } | undefined>
  /**
   * The number is the verified one of the account, by its code; with `factor` it is asked for at sign-ins, in the place of one before.
   * Owner told by mail.
   * @throws AppError factor_not_found (404): it was confirmed already, is too old or another account's, or the sign-in has ended
   */
  confirm(by: FactorChanger, id: string, code: string): Promise<PhoneConfirmation>
  /**
   * Sends the code of a sign-in; one that was sent before counts no more, unless this one was certainly not sent. `limited`, and nothing
   * is sent, while no code of the account is checked. @param address of the client that asks
   */
  send(accountId: string, address: string | undefined): Promise<{ kind: 'sent' } | NotSent>
  verify(accountId: string, code: string): Promise<Verification>
  /** Undefined: the account has none. `number`: hidden but for its last digits. */
  find(accountId: string): Promise<PhoneRow | undefined>
  /** False: the account has none of this id, or the sign-in has ended. Owner told by mail, `factor.removed`. */
  remove(by: FactorChanger, id: string): Promise<boolean>
}

export function createPhones(deps: {
  store: PhoneStore
  clock: Clock
  sms: SmsOut
  /** At least 256 bits. */
  key: KeyObject
  limit: WithinLimit
  lockedUntil: LockedUntil
  codes: Pick<RecoveryCodes, 'prepare'>
  notices: Pick<Notices, 'added' | 'removed' | 'phoneVerified'>
  findOwner: FindOwner
  /** Read at each use. */
  settings: { readonly phoneSignIn: 'off' | 'on' }
  /** Its host is what the codes are bound to. */
  issuer: string
}): Phones {
  const { store, clock, sms, limit, notices } = deps
  const service = new URL(deps.issuer).hostname

  const macOf = (accountId: string, purpose: CodePurpose, typed: string) =>
    createHmac('sha256', deps.key)
      .update([accountId, purpose, typed.replaceAll(/\s/g, '')].join('\0'))
      .digest('base64url')

  const mayAdd: Phones['mayAdd'] = ({ role }) => sms.on && role === 'user'

  const suit: Phones['suit'] = ({ secondFactors, role }) =>
    secondFactors.includes('phone') && (role === 'user' || !hasStrongFactor(secondFactors))

  /** The last line binds the code to this server (W3C “Origin-bound one-time codes”): phones fill it in here alone. */
  const textOf = (code: string): string => `${t('phone.message', { code, service })}\n\n@${service} #${code}`

  async function dispatch(
    owner: { id: string; displayUsername: string },
    { purpose, number, address }: { purpose: CodePurpose; number: string; address: string | undefined },
  ): Promise<{ kind: 'sent'; id: string } | NotSent> {
    // A code that is not checked is no use to its owner, and costs who runs this.
    const until = await deps.lockedUntil(owner.id, purpose === 'sign_in' ? 'sms' : 'sms_setup')
    if (until !== undefined) return { kind: 'limited', until }
    const id = randomUUID()
    const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0')
    let takeBack: Awaited<ReturnType<PhoneStore['keepCode']>>
    let gone = false
    const outcome = await sms.send({
      to: { accountId: owner.id, username: owner.displayUsername, number },
      ...{ address, code, text: textOf(code) },
      // Before it is sent: it may arrive whatever becomes of the answer.
      async keep() {
        takeBack = await store.keepCode({
          ...{ accountId: owner.id, purpose, id, number },
          mac: macOf(owner.id, purpose, code),
          expiresAt: new Date(clock() + TTL),
        })
        gone = takeBack === undefined
        return !gone
      },
    })
    if (gone) return { kind: 'off' }
    if (outcome.kind === 'sent') return { kind: 'sent', id }
    if (outcome.kind !== 'failed' || !outcome.maybeSent) await takeBack?.()
    // Where it is typed is a page of its own, to which its id is the way.
    else if (purpose !== 'sign_in') return { kind: 'sent', id }
    return outcome
  }

  return {
    get on() {
      return sms.on
    },
    mayAdd,
    suit,

    async begin({ accountId, number, purpose, address }) {
      const owner = await deps.findOwner(accountId)
      if (!owner || !sms.on || (purpose === 'factor' && !mayAdd(owner))) return { kind: 'off' }
      return dispatch(owner, { purpose, number, address })
    },

    pending: (accountId, id) => store.pending(accountId, id),

    async confirm({ accountId, generation }, id, code) {
      const pending = await store.pending(accountId, id)
      if (!pending) throw gone()
      const { purpose } = pending
      const owner = await deps.findOwner(accountId)
      if (!owner || (purpose === 'factor' && !mayAdd(owner))) throw gone()
      const first =
        purpose === 'factor' && owner.secondFactors.length === 0 ? await deps.codes.prepare() : undefined
      const checked = await limit(accountId, 'sms_setup', `${id} ${code}`, async (matches) => {
        const mac = macOf(accountId, purpose, code)
        if (!(await store.waits(accountId, purpose, mac))) return undefined
        await matches()
        return store.confirm({ accountId, generation, id, purpose, mac }, first?.stored)
      })
      if (checked.kind !== 'right') return checked
      const { number, codesStored } = checked.found
      const signsIn = deps.settings.phoneSignIn === 'on' ? checked.found.signsIn : undefined
      notices.phoneVerified(owner, hiddenNumber(number), signsIn)
      if (purpose === 'factor') notices.added(owner, 'phone')
      return {
        ...{ kind: 'confirmed', purpose, signsIn },
        ...(first && codesStored && { recoveryCodes: first.codes }),
      }
    },

    async send(accountId, address) {
      const owner = await deps.findOwner(accountId)
      const phone = owner && sms.on && suit(owner) ? await store.find(accountId) : undefined
      if (!owner || !phone) return { kind: 'off' }
      const outcome = await dispatch(owner, { purpose: 'sign_in', number: phone.number, address })
      return outcome.kind === 'sent' ? { kind: 'sent' } : outcome
    },

    async verify(accountId, code) {
      const owner = await deps.findOwner(accountId)
      if (!owner || !suit(owner)) return { kind: 'wrong' }
      const outcome = await limit(accountId, 'sms', code, async (matches) => {
        const mac = macOf(accountId, 'sign_in', code)
        if (!(await store.waits(accountId, 'sign_in', mac))) return undefined
        await matches()
        return (await store.useSignInCode(accountId, mac)) ? true : undefined
      })
      return outcome.kind === 'right' ? { kind: 'verified', amr: ['sms'] } : outcome
    },

    async find(accountId) {
      const row = await store.find(accountId)
      return row && { ...row, number: hiddenNumber(row.number) }
    },

    async remove(by, id) {
      const owner = await deps.findOwner(by.accountId)
      if (!owner || !(await store.remove(by, id))) return false
      notices.removed(owner, 'phone')
      return true
    },
  }
}

const gone = (): AppError => new AppError('factor_not_found', 404, message('phone.gone'))
