import { ACR, type Acr } from './acr.ts'
import { AppError } from './errors.ts'

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
