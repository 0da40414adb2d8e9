import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { SecondFactor } from '../shared/second-factor.ts'

/** What this room needs to know of the account that a factor belongs to. */
export interface FactorOwner {
  id: string
  /** As typed. */
  displayUsername: string
  /** Where the owner is told of changes; null: nowhere. */
  email: string | null
  secondFactors: readonly SecondFactor[]
  /** It has one, or had one before. */
  hadSecondFactor: boolean
  /** user | auditor | admin */
  role: string
}

/** The sign-in that changes the factors of its account: once its generation has passed, nothing is changed by it. */
export interface FactorChanger {
  accountId: string
  generation: number
}

/** What was begun by a sign-in that has ended is not finished by it. */
export const signInEnded = (): AppError => new AppError('sign_in_ended', 401, message('signIn.over'))

/** Supplied by src/services.ts. Undefined: no such account. */
export type FindOwner = (accountId: string) => Promise<FactorOwner | undefined>
