import type { Account } from '../accounts/account.ts'
import { personalFields } from '../shared/profile/fields.ts'

/** '' where nothing is known: what the programs that this API was made for expect. */
const ownNames = (account: Account) =>
  Object.fromEntries(personalFields.map(({ rest, property }) => [rest, account[property] ?? '']))

/** An account as this API shows it. */
export const profileOf = (account: Account) => ({
  id: account.id,
  username: account.displayUsername,
  email: account.email,
  ...ownNames(account),
  is_active: account.disabledAt === null,
  is_staff: account.role === 'admin' || account.role === 'auditor',
  is_superuser: account.role === 'admin',
  email_verified: account.email !== null,
})
