/** Kinds of second factor that an account can have, and that a sign-in can be verified by. */
export const SECOND_FACTORS = ['passkey', 'totp', 'phone'] as const

export type SecondFactor = (typeof SECOND_FACTORS)[number]

/** The kinds of a stored, space-separated list, in the order of `SECOND_FACTORS`: the strongest first. */
export const secondFactorsOf = (stored: string): SecondFactor[] => {
  if (stored === '') return []
  const kinds = stored.split(' ')
  return SECOND_FACTORS.filter((kind) => kinds.includes(kind))
}

/** Whether one of these is stronger than codes by SMS. */
export const hasStrongFactor = (kinds: readonly SecondFactor[]): boolean =>
  kinds.some((kind) => kind !== 'phone')

/** What a sign-in can be verified by, beside the password, the strongest first. */
export const VERIFICATION_METHODS = ['passkey', 'totp', 'sms', 'email', 'recovery_code'] as const

export type VerificationMethod = (typeof VERIFICATION_METHODS)[number]

/**
 * What a verification found. `amr`: what it adds to the methods of the sign-in (RFC 8176). `wrong` and `limited` are told
 * the person in the same words: who guesses does not learn which. `until`: milliseconds since the epoch.
 */
export type Verification =
  | { kind: 'verified'; amr: string[] }
  | { kind: 'wrong' }
  | { kind: 'limited'; until: number }

/** Verifying sign-ins, as the pages and the JSON API ask for it. */
export interface SecondFactorCheck {
  /** What a sign-in to the account can be verified by now, the strongest first. */
  methodsOf(account: {
    id: string
    secondFactors: readonly SecondFactor[]
    email?: string | null
    role?: string
  }): Promise<VerificationMethod[]>
  /** Checks a code that was typed; a right one is used up. */
  verify(attempt: { accountId: string; method: VerificationMethod; code: string }): Promise<Verification>
}
