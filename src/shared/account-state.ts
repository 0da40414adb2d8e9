/** What decides whether a person can sign in. Times are milliseconds since the epoch. */
interface StateOfAccount {
  disabledAt: number | null
  lockedUntil: number | null
  /** The verified address. */
  email: string | null
  invitedUntil: number | null
}

export const ACCOUNT_STATES = ['active', 'unverified', 'invited', 'locked', 'disabled'] as const

/** The state of an account, as JSON and the command line name it: the first that keeps the person out. */
export function accountState(account: StateOfAccount, now: number): (typeof ACCOUNT_STATES)[number] {
  if (account.disabledAt !== null) return 'disabled'
  if (account.lockedUntil !== null && account.lockedUntil > now) return 'locked'
  if (account.email !== null) return 'active'
  return account.invitedUntil !== null && account.invitedUntil > now ? 'invited' : 'unverified'
}
