import { AppError } from '../shared/errors.ts'
import { hiddenNumber } from '../shared/hidden-number.ts'
import { message } from '../shared/locales/texts.ts'
import type { Account } from './account.ts'
import type { Links } from './email/links.ts'
import type { MailOut } from './email/mail-out.ts'

type Phone = Pick<Account, 'phoneNumber' | 'phoneVerified'>

/**
 * Whether a change takes a verified phone number from an account: apps were told it, and it may be a name to sign in by.
 * @param changes as they are to be stored; undefined ones stay
 */
export function losesVerifiedPhone(before: Phone, { phoneNumber, phoneVerified }: Partial<Phone>): boolean {
  const another = phoneNumber !== undefined && phoneNumber !== before.phoneNumber
  return before.phoneVerified && (another || phoneVerified === false)
}

/** ASVS 7.5.1: who takes it away has signed in lately. */
export const freshSignInNeeded = (): AppError =>
  new AppError('insufficient_user_authentication', 403, message('profile.phone.signInAgain'))

/** Tells the owner of an account that has lost a verified phone number: to themselves, an administrator or a program. */
export function tellOfLostPhone(
  { mail, links }: { mail: MailOut; links: Links },
  before: Account,
  after: Account,
): void {
  if (after.email === null || before.phoneNumber === null || !losesVerifiedPhone(before, after)) return
  const number = hiddenNumber(before.phoneNumber)
  const data = { username: after.displayUsername, number, accountLink: links.account() }
  mail.send({ to: after.email, template: 'phone-removed', data })
}
