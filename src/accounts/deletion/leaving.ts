/** How long a person can change their mind, in days. */
export const GRACE_DAYS = 14
const GRACE = GRACE_DAYS * 86_400_000

/** When an account is deleted whose owner asks for it now. Milliseconds since the epoch. */
export const deletionAfter = (now: number): number => now + GRACE

/** When an account is deleted that a directory has dismissed. A millisecond tells it from what its owner has asked for. */
export const deletionAfterDismissal = (now: number): number => deletionAfter(now) + 1

/** Whether an account waits to be deleted, and its owner cannot keep it. */
export const isDismissed = (account: { disabledAt: number | null; deletionAt: number | null }): boolean =>
  account.deletionAt !== null && !isLeaving(account)

/**
 * Whether an account waits to be deleted as its owner wished, and nobody has disabled it since: the two times of one wish are
 * exactly the days of grace apart. Its owner may change their mind; one that an administrator has disabled, not.
 */
export const isLeaving = <Of extends { disabledAt: number | null; deletionAt: number | null }>(
  account: Of,
): account is Of & { disabledAt: number; deletionAt: number } =>
  account.deletionAt !== null && account.disabledAt === account.deletionAt - GRACE
