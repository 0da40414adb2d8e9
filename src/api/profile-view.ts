import type { Account } from '../accounts/account.ts'

/** An account as this API shows it. */
export const profileOf = (account: Account) => ({
  id: account.id,
  username: account.displayUsername,
  email: account.email,
  first_name: account.givenName ?? '',
  last_name: account.familyName ?? '',
  is_active: account.disabledAt === null,
  is_staff: account.role === 'admin' || account.role === 'auditor',
  is_superuser: account.role === 'admin',
  email_verified: account.email !== null,
})
