import type { SecondFactor } from '../shared/second-factor.ts'

/** What this room needs to know of the account that a factor belongs to. */
export interface FactorOwner {
  id: string
  /** As typed. */
  displayUsername: string
  /** Where the owner is told of changes; null: nowhere. */
  email: string | null
  secondFactors: readonly SecondFactor[]
}

/** Supplied by src/services.ts. Undefined: no such account. */
export type FindOwner = (accountId: string) => Promise<FactorOwner | undefined>
