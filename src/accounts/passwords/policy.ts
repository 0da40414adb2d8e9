import { t } from '../../shared/locales/texts.ts'
import { type IdentifyingProperty, identifyingFields } from '../../shared/profile/fields.ts'
import type { Account, Role } from '../account.ts'
import { createStrengthEstimator, type EstimateStrength } from './strength.ts'

/** NIST SP 800-63B-4 §3.1.1.2 asks for 64 at least; this bounds the work. */
const maximumCodePoints = 128

type Known = 'username' | 'email' | IdentifyingProperty

/** What is known of the person: a password made of it is the first one that is guessed. */
export type PasswordContext = { [Property in Known]?: string | null | undefined }

/** Whose password it is, as far as it decides what else their sign-ins need. */
export type PasswordOwner = Pick<Account, 'role' | 'secondFactorRequired'>

/** The owner of a new account. */
export const newOwner = (role: Role): PasswordOwner => ({ role, secondFactorRequired: false })

/** Whether the password of a person never signs them in alone, because a second factor is required of them. */
export type SecondFactorRequirement = (owner: PasswordOwner) => boolean

/** Returns why a new password is refused and what to do instead, as plain sentences; undefined: it is fine. */
export type PasswordPolicy = (
  password: string,
  context: PasswordContext,
  owner: PasswordOwner,
) => Promise<string | undefined>

/** How good a new password is: of 1 and 2, which are refused, and why; 3 and 4 are fine, and 4 is more than enough. */
export interface PasswordRating {
  level: 1 | 2 | 3 | 4
  /** As of PasswordPolicy. */
  weakness: string | undefined
}

/** As PasswordPolicy decides, but without a look-up that would tell another server of a password that is still being typed. */
export type RatePassword = (
  password: string,
  context: PasswordContext,
  owner: PasswordOwner,
) => Promise<PasswordRating>

/** Guesses that a password has to be worth, as powers of ten: alone, and where a second factor is required beside it. */
const ENOUGH = { alone: 8, withSecondFactor: 6 }
/** What more than enough is beyond that. */
const PLENTY = 3

export interface PasswordRules {
  /** Code points of a password that is alone; read at each password, as is every setting here. */
  readonly passwordMinLength: number
  /** Code points of a password that never signs in alone. */
  readonly passwordMinLengthWithSecondFactor: number
  /** Words of the organization that count as known to an attacker. */
  readonly passwordWords: readonly string[]
}

/** How long the password of a person has to be, in code points (NIST SP 800-63B-4 §3.1.1.2). */
export const minimumLengthOf = (rules: PasswordRules, secondFactorRequired: boolean): number =>
  secondFactorRequired
    ? Math.min(rules.passwordMinLength, rules.passwordMinLengthWithSecondFactor)
    : rules.passwordMinLength

/**
 * Length and guessability, nothing else: no composition rules, no expiry, any Unicode (NIST SP 800-63B-4
 * §3.1.1.2; ASVS 5.0 V6.2). Code points are counted after NFC.
 *
 * @param options.serviceWords words of this service (product, host names) that count as known to an attacker
 */
export function createPasswordPolicy(options: {
  rules: PasswordRules
  serviceWords: readonly string[]
  secondFactorRequired: SecondFactorRequirement
  /** Whether a password is known to be stolen; it is asked about those that are fine otherwise. @param how.here without asking another server */
  isStolen(password: string, how: { here: boolean }): Promise<boolean>
  estimate?: EstimateStrength | undefined
}): { policy: PasswordPolicy; rate: RatePassword } {
  const {
    rules,
    serviceWords,
    secondFactorRequired,
    isStolen,
    estimate = createStrengthEstimator(),
  } = options

  /** Guesses as shares of what is enough. */
  async function assess(
    typed: string,
    context: PasswordContext,
    owner: PasswordOwner,
    how: { here: boolean },
  ): Promise<{ share: number; plenty?: boolean; weakness: string | undefined }> {
    const password = typed.normalize('NFC')
    const length = [...password].length
    const refused = (weakness: string, share = 0) => ({ share, weakness })
    if (/[\p{Cc}\p{Cs}]/u.test(password)) return refused(t('password.control'))
    if (password === '') return refused(t('password.enter'))
    if (password.trim() === '') return refused(t('password.spaces'))
    const required = secondFactorRequired(owner)
    const minimum = minimumLengthOf(rules, required)
    if (length < minimum) return refused(t('password.tooShort', { length, minimum }), length / minimum / 2)
    if (length > maximumCodePoints) return refused(t('field.atMost', { max: maximumCodePoints }))

    const enough = required ? ENOUGH.withSecondFactor : ENOUGH.alone
    const known = [...serviceWords, ...rules.passwordWords, ...wordsOf(context)]
    const { guesses, weakness } = await estimate(password, known, enough)
    if (guesses < enough) return refused(weakness, guesses / enough)
    if (await isStolen(password, how)) return refused(t('password.stolen'))
    return { share: 1, plenty: guesses >= enough + PLENTY, weakness: undefined }
  }

  return {
    policy: async (password, context, owner) =>
      (await assess(password, context, owner, { here: false })).weakness,
    async rate(password, context, owner) {
      const { share, plenty, weakness } = await assess(password, context, owner, { here: true })
      if (weakness !== undefined) return { level: share < 0.5 ? 1 : 2, weakness }
      return { level: plenty ? 4 : 3, weakness }
    },
  }
}

/** Words of this service that count as known to an attacker. */
export function serviceWordsOf(issuer: string): string[] {
  const host = new URL(issuer).hostname
  return ['latchkey', host, ...host.split('.').filter((label) => label.length > 3)]
}

function wordsOf(context: PasswordContext): string[] {
  const { username, email } = context
  const [local = '', domain = ''] = email?.split('@') ?? []
  const parts = [
    username,
    email,
    local,
    ...local.split(/[._+-]/),
    domain,
    ...domain.split('.'),
    ...identifyingFields.map(({ property }) => context[property]),
  ]
  const words = parts.filter((part): part is string => (part?.length ?? 0) > 2)
  return [...words, ...words.map((word) => word.toLowerCase())]
}
