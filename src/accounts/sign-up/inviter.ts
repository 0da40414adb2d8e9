import { currentAuditContext } from '../../shared/audit-context.ts'
import type { Account } from '../account.ts'

/** Who invites where no person with an account does: the command line, a program. */
const NO_PERSON = 'The administrator'

/** Code points of an inviter's name in mails and pages. */
const MAX_NAME_LENGTH = 80

/** What people call who acts, in an invitation. */
export async function inviterName(byId: (id: string) => Promise<Account | undefined>): Promise<string> {
  const actor = currentAuditContext()?.actor
  const account = actor?.kind === 'account' && actor.id ? await byId(actor.id) : undefined
  if (!account) return NO_PERSON
  const name = [account.givenName, account.familyName].filter(Boolean).join(' ') || account.displayUsername
  return [...name].slice(0, MAX_NAME_LENGTH).join('')
}
