/** Kinds of second factor that an account can have, and that a sign-in can be verified by. */
export const SECOND_FACTORS = ['passkey', 'totp', 'phone'] as const

export type SecondFactor = (typeof SECOND_FACTORS)[number]

/** The kinds of a stored, space-separated list, in the order of `SECOND_FACTORS`: the strongest first. */
export const secondFactorsOf = (stored: string): SecondFactor[] => {
  const kinds = stored.split(' ')
  return SECOND_FACTORS.filter((kind) => kinds.includes(kind))
}
