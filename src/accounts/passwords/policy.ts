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

/** Guesses that a password has to be worth, as powers of ten: alone, and where a second factor is required beside it. */
const ENOUGH = { alone: 8, withSecondFactor: 6 }

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
  /** Whether a password is known to be stolen; it is asked about those that are fine otherwise. */
  isStolen(password: string): Promise<boolean>
  estimate?: EstimateStrength | undefined
}): PasswordPolicy {
  const {
    rules,
    serviceWords,
    secondFactorRequired,
    isStolen,
    estimate = createStrengthEstimator(),
  } = options

  return async (typed, context, owner) => {
    const password = typed.normalize('NFC')
    const length = [...password].length
    if (/[\p{Cc}\p{Cs}]/u.test(password)) {
      return t('password.control')
    }
    if (password.trim() === '') return t('password.spaces')
    const required = secondFactorRequired(owner)
    const minimumLength = minimumLengthOf(rules, required)
    if (length < minimumLength) {
      return t('password.tooShort', { length, minimum: minimumLength })
    }
    if (length > maximumCodePoints) return t('field.atMost', { max: maximumCodePoints })

    const enough = required ? ENOUGH.withSecondFactor : ENOUGH.alone
    const known = [...serviceWords, ...rules.passwordWords, ...wordsOf(context)]
    const { guesses, weakness } = await estimate(password, known, enough)
    if (guesses < enough) return weakness
    return (await isStolen(password)) ? t('password.stolen') : undefined
  }
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
