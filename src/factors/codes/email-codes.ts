import { createHmac, type KeyObject, randomInt, timingSafeEqual } from 'node:crypto'
import type { SecondFactor, Verification } from '../../shared/second-factor.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { LockedUntil, WithinLimit } from '../failures.ts'
import type { FactorOwner, FindOwner } from '../owner.ts'
import type { FailureStore } from '../store/failures.ts'

const MODEL = 'EmailCode'
/** Seconds (ASVS 6.5.5: ten minutes at most). */
const TTL = 600
const DIGITS = 6
/** Mails to one account within the window, in milliseconds. */
const MAX_SENT = 5
const WINDOW = 3_600_000

export interface EmailCodeSettings {
  readonly emailCodes: 'off' | 'on'
}

/**
 * Why no code was mailed. `limited`: too many were within the hour, or no code of the account is checked, until then (milliseconds since
 * the epoch). `off`: none suits the account.
 */
export type EmailCodeNotSent = { kind: 'limited'; until: number } | { kind: 'off' }

/** What a code is mailed for: a sign-in, or setting up the first factor of an account that had one before. It works for that alone. */
export type EmailCodePurpose = 'sign_in' | 'enrolment'

export interface EmailCodeMail {
  to: string
  template: 'sign-in-code' | 'enrolment-code'
  data: { username: string; code: string; validFor: number; resetLink: string }
}

/**
 * Codes by email, the weakest of second factors (NIST SP 800-63B-4 §3.1.3.1 takes none): for people whose sign-in needs one and who
 * have none, where the setting `email_codes` allows it. Who has a stronger one is never asked for this. For setting the first one up
 * again, whatever the setting says.
 */
export interface EmailCodes {
  /** Whether a sign-in to the account can be verified so. */
  suit(account: { secondFactors: readonly SecondFactor[]; email?: string | null | undefined }): boolean
  /** Mails a code; one that was sent before counts no more. @param purpose `sign_in` unless given */
  send(accountId: string, purpose?: EmailCodePurpose): Promise<{ kind: 'sent' } | EmailCodeNotSent>
  verify(accountId: string, code: string, purpose?: EmailCodePurpose): Promise<Verification>
}

export function createEmailCodes(deps: {
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'destroy'>
  failures: Pick<FailureStore, 'reserve'>
  limit: WithinLimit
  lockedUntil: LockedUntil
  /** At least 256 bits. */
  key: KeyObject
  clock: () => number
  mail: { send(mail: EmailCodeMail): void }
  findOwner: FindOwner
  /** The base of links. */
  issuer: string
  /** Read at each use. */
  settings: EmailCodeSettings
}): EmailCodes {
  const { artifacts, clock } = deps
  const macOf = (accountId: string, code: string, purpose: EmailCodePurpose) =>
    createHmac('sha256', deps.key)
      .update(`${accountId}\0${purpose === 'sign_in' ? '' : `${purpose}\0`}${code}`)
      .digest('base64url')

  const suit: EmailCodes['suit'] = ({ secondFactors, email }) =>
    deps.settings.emailCodes === 'on' && secondFactors.length === 0 && typeof email === 'string'

  const ownerOf = async (
    accountId: string,
    purpose: EmailCodePurpose,
  ): Promise<(FactorOwner & { email: string }) | undefined> => {
    const owner = await deps.findOwner(accountId)
    if (owner?.email == null) return undefined
    const suits =
      purpose === 'sign_in' ? suit(owner) : owner.hadSecondFactor && owner.secondFactors.length === 0
    return suits ? { ...owner, email: owner.email } : undefined
  }

  return {
    suit,

    async send(accountId, purpose = 'sign_in') {
      const owner = await ownerOf(accountId, purpose)
      if (owner === undefined) return { kind: 'off' }
      // A code that is not checked is no use to its owner.
      const until = await deps.lockedUntil(accountId, 'email')
      if (until !== undefined) return { kind: 'limited', until }
      const now = clock()
      const reserved = await deps.failures.reserve({
        accountId,
        kind: 'email_sent',
        now: new Date(now),
        windowEndsAt: new Date(now + WINDOW),
        most: MAX_SENT,
      })
      if (reserved === undefined) return { kind: 'off' }
      if (reserved.failures === undefined) return { kind: 'limited', until: reserved.windowEndsAt.getTime() }
      const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0')
      await artifacts.upsert(MODEL, accountId, { mac: macOf(accountId, code, purpose) }, TTL)
      const resetLink = new URL('/forgot-password', deps.issuer).href
      const data = { username: owner.displayUsername, code, validFor: TTL, resetLink }
      const template = purpose === 'sign_in' ? 'sign-in-code' : 'enrolment-code'
      deps.mail.send({ to: owner.email, template, data })
      return { kind: 'sent' }
    },

    async verify(accountId, typed, purpose = 'sign_in') {
      if ((await ownerOf(accountId, purpose)) === undefined) return { kind: 'wrong' }
      const code = typed.replaceAll(/\s/g, '')
      const outcome = await deps.limit(accountId, 'email', code, async (matches) => {
        const stored = await artifacts.find(MODEL, accountId)
        if (typeof stored?.mac !== 'string') return undefined
        const same = timingSafeEqual(
          Buffer.from(stored.mac, 'base64url'),
          Buffer.from(macOf(accountId, code, purpose), 'base64url'),
        )
        if (!same) return undefined
        await matches()
        // One caller takes it.
        return (await artifacts.destroy(MODEL, accountId)) ? true : undefined
      })
      return outcome.kind === 'right' ? { kind: 'verified', amr: ['otp'] } : outcome
    },
  }
}
