import type { Accounts } from '../../../accounts/accounts.ts'
import type { Audit } from '../../../audit/audit.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'

/** From this year on a lock is for good (src/accounts/lockout/store.ts). */
const FOR_GOOD = Date.UTC(9998, 0)

/** What brought a lock about. */
export interface LockCause {
  /** Wrong passwords in a row. */
  wrong: number
  /** The address that the last of them came from. */
  from?: string | undefined
}

/** Of the lock that an account has, or had last. What was refused while it was locked has not brought it about. */
export async function lockCauseOf(
  { users, audit }: { users: Pick<Accounts, 'wrongPasswords'>; audit: Pick<Audit, 'list'> },
  accountId: string,
): Promise<LockCause> {
  const [wrong, { items }] = await Promise.all([
    users.wrongPasswords(accountId),
    audit.list({ target: accountId, action: 'account.locked' }, { limit: 1 }),
  ])
  return { wrong, from: items[0]?.address }
}

/** The words for a lock that is on, wherever it is told. */
export function lockWords(lockedUntil: number, { wrong, from }: LockCause): string {
  const known = from === undefined ? 'no' : 'yes'
  return lockedUntil > FOR_GOOD
    ? t('admin.users.locked.for_good', { known, from: from ?? '' })
    : t('admin.users.locked', { until: minuteOf(lockedUntil), count: wrong, known, from: from ?? '' })
}
