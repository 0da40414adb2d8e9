import { type IdentifyingProperty, identifyingFields } from '../../shared/profile/fields.ts'
import { createStrengthEstimator, type EstimateStrength } from './strength.ts'

/** NIST SP 800-63B-4 §3.1.1.2 asks for 64 at least; this bounds the work. */
const maximumCodePoints = 128

type Known = 'username' | 'email' | IdentifyingProperty

/** What is known of the person: a password made of it is the first one that is guessed. */
export type PasswordContext = { [Property in Known]?: string | null | undefined }

/** Returns why a new password is refused and what to do instead, as plain sentences; undefined: it is fine. */
export type PasswordPolicy = (password: string, context: PasswordContext) => Promise<string | undefined>

/**
 * Length and guessability, nothing else: no composition rules, no expiry, any Unicode (NIST SP 800-63B-4
 * §3.1.1.2; ASVS 5.0 V6.2). Code points are counted after NFC.
 *
 * @param options.minimumLength code points; read at each password
 * @param options.serviceWords words of this service (product, host names) that count as known to an attacker
 */
export function createPasswordPolicy(options: {
  readonly minimumLength: number
  serviceWords: readonly string[]
  estimate?: EstimateStrength | undefined
}): PasswordPolicy {
  const { serviceWords, estimate = createStrengthEstimator() } = options

  return async (typed, context) => {
    const password = typed.normalize('NFC')
    const length = [...password].length
    if (/[\p{Cc}\p{Cs}]/u.test(password)) {
      return 'This password holds a control character, such as a tab or a line break. Leave it out.'
    }
    if (password.trim() === '')
      return 'A password of spaces only is too easy to guess. Use a few unrelated words.'
    const { minimumLength } = options
    if (length < minimumLength) {
      return `This password has ${length} of at least ${minimumLength} characters. A few unrelated words are easy to remember.`
    }
    if (length > maximumCodePoints) return `Use at most ${maximumCodePoints} characters.`

    const { score, warning, suggestions } = await estimate(password, [...serviceWords, ...wordsOf(context)])
    if (score >= 3) return undefined
    const reason = warning === null ? 'This password is easy to guess.' : inOurWords(warning)
    const hint = suggestions.find((text) => !/capital|uppercase/i.test(text))
    return `${reason} ${hint ?? 'Add more words that are less common.'}`
  }
}

function inOurWords(warning: string): string {
  if (warning.startsWith('There should not be any personal')) {
    return 'This password is made of your name, your address or the name of this service.'
  }
  return warning.startsWith('This is') ? warning.replace('This is', 'This password is') : warning
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
