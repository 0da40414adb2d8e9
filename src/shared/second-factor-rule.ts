import { ACR, type Acr } from './acr.ts'
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

/** A person who has to have a second factor has none yet. */
export const secondFactorRequired = (): AppError =>
  new AppError(
    'second_factor_required',
    403,
    'This server asks for a second factor, and this account has none yet. Sign in by browser at /account/security and set one up.',
  )
