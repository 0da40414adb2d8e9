import { currentAuditContext } from '../../shared/audit-context.ts'
import { THE_ADMINISTRATOR } from '../../shared/the-administrator.ts'
import type { Account } from '../account.ts'

/** Code points of an inviter's name in mails and pages. */
const MAX_NAME_LENGTH = 80

/** What people call who acts, in an invitation. */
export async function inviterName(byId: (id: string) => Promise<Account | undefined>): Promise<string> {
  const actor = currentAuditContext()?.actor
  const account = actor?.kind === 'account' && actor.id ? await byId(actor.id) : undefined
  if (!account) return THE_ADMINISTRATOR
  const name = [account.givenName, account.familyName].filter(Boolean).join(' ') || account.displayUsername
  return [...name].slice(0, MAX_NAME_LENGTH).join('')
}
