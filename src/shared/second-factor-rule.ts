import { ACR, type Acr, hasShownFactor, type NeededFactor, neededBy, reaches } from './acr.ts'
import { AppError } from './errors.ts'
import { hasStrongFactor, type SecondFactor } from './second-factor.ts'

/** Who has to have a second factor, as the setting `second_factor` says. */
export type SecondFactorSetting = 'off' | 'optional' | 'admins' | 'everyone'

/** What a client asks of its sign-ins, as its field `second_factor` says. */
export type ClientSecondFactor = 'any' | 'required' | 'phishing_resistant'

/**
 * The class that rules ask of a sign-in, whatever the account has and the request wants: the strongest of the server's setting,
 * the person's role, what an administrator requires of them, and the client.
 */
export function requiredAcr(
  setting: SecondFactorSetting,
  account: { role: string; secondFactorRequired: boolean },
  client?: ClientSecondFactor,
): Acr | undefined {
  if (client === 'phishing_resistant') return ACR.phr
  return requirementOf(setting, account) || client === 'required' ? ACR.mfa : undefined
}

/**
 * The methods of a sign-in that count for who administers: codes by email, of an account without a factor, and by SMS are enough for
 * apps alone. Undefined: the account has nothing stronger.
 */
export function methodsForAdministration(
  secondFactors: readonly SecondFactor[],
  amr: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!hasStrongFactor(secondFactors)) return undefined
  const stronger = amr?.some((method) => ['otp', 'hwk', 'swk', 'recovery'].includes(method))
  return amr?.includes('sms') && !stronger
    ? amr.filter((method) => method !== 'sms' && method !== 'mfa')
    : amr
}

/** Which rule wants a second factor of a person, whatever the client: the setting of all, that of their role, or an administrator. */
export function requirementOf(
  setting: SecondFactorSetting,
  account: { role: string; secondFactorRequired: boolean },
): 'setting' | 'role' | 'person' | undefined {
  if (setting === 'everyone') return 'setting'
  if (setting === 'admins' && account.role !== 'user') return 'role'
  return account.secondFactorRequired ? 'person' : undefined
}

/** What a session is asked for before it counts: a factor that there is, or that the account gets one. */
export type MissingStep = 'verification' | 'set-up'

/** An account, as the gate of its sign-ins looks at it. `email`: its verified address. */
export interface GatedAccount {
  role: string
  email: string | null
  secondFactors: readonly SecondFactor[]
  secondFactorRequired: boolean
}

/**
 * Whether a sign-in sets up the first factor of an account only once it has shown its mailbox: the account had a factor before, so that
 * the password alone, which a stranger may know, opens no way around it. Who has shown that factor lately, before its removal, has shown enough.
 */
export const needsMailbox = (
  account: { secondFactors: readonly SecondFactor[]; hadSecondFactor: boolean },
  amr: readonly string[] | undefined,
): boolean => account.hadSecondFactor && account.secondFactors.length === 0 && !hasShownFactor(amr)

/** Whether a sign-in counts: the one answer for sessions, pages and the JSON API. A client asks for more by itself. */
export interface SignInGate {
  /** What a sign-in to the account has to have shown. Undefined: its first step is enough. */
  needed(account: GatedAccount): NeededFactor | undefined
  /**
   * What a sign-in lacks. Undefined: nothing. `set-up` only where the account has no factor and can be sent no code by email: a person who
   * knows the password of another one would add a factor of their own, and be verified by it.
   */
  missing(amr: readonly string[] | undefined, account: GatedAccount): MissingStep | undefined
}

/** @param rules read at each use */
export function createSignInGate(rules: {
  readonly secondFactor: SecondFactorSetting
  readonly emailCodes: 'off' | 'on'
}): SignInGate {
  const needed: SignInGate['needed'] = (account) => {
    const required = requiredAcr(rules.secondFactor, account)
    return neededBy(account) ?? (required && { acr: required, shown: false })
  }
  return {
    needed,
    missing(amr, account) {
      if (reaches(amr, needed(account))) return undefined
      const byMail = rules.emailCodes === 'on' && account.email !== null
      return account.secondFactors.length > 0 || byMail ? 'verification' : 'set-up'
    },
  }
}

/** A person who has to have a second factor has none yet. */
export const secondFactorRequired = (): AppError =>
  new AppError(
    'second_factor_required',
    403,
    'This server asks for a second factor, and this sign-in has shown none. Sign in by browser at /account/security, where one is shown or set up.',
  )
