import type { Account } from '../accounts/account.ts'
import type { Attributes } from '../attributes/attributes.ts'
import { personalFields } from '../shared/profile/fields.ts'

/** '' where nothing is known: what the programs that this API was made for expect. */
const ownNames = (account: Account) =>
  Object.fromEntries(personalFields.map(({ rest, property }) => [rest, account[property] ?? '']))

/** Left out where there is none: programs of before know nothing of it. */
function seenOf(account: Account, { shownToPerson }: Pick<Attributes, 'shownToPerson'>) {
  const attributes = shownToPerson(account.attributes)
  return Object.keys(attributes).length === 0 ? {} : { attributes }
}

/** An account as this API shows it. */
export const profileOf = (account: Account, attributes: Pick<Attributes, 'shownToPerson'>) => ({
  id: account.id,
  username: account.displayUsername,
  email: account.email,
  ...ownNames(account),
  is_active: account.disabledAt === null,
  is_staff: account.role !== 'user',
  is_superuser: account.role === 'admin',
  email_verified: account.email !== null,
  ...seenOf(account, attributes),
})
