import { z } from 'zod'
import { notFound } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import { changeOf, type SecurityEvents } from '../events.ts'
import { parseFields } from '../schemas.ts'
import type { AccountStore } from '../store/store.ts'
import { takenError } from './new-account.ts'
import { canonicalUsername, username } from './username.ts'

/** Another username for a person who has one. */
export function createRename({
  store,
  events,
  mail,
  links,
}: {
  store: AccountStore
  events: SecurityEvents
  mail: MailOut
  links: Links
}): Accounts['changeUsername'] {
  return async (accountId, typed, { generation }) => {
    const { username: displayUsername } = parseFields(z.object({ username }), { username: typed })
    const before = await store.byId(accountId)
    if (!before) throw notFound()
    if (displayUsername === before.displayUsername) return false
    const account = await store.rename(accountId, {
      username: canonicalUsername(displayUsername),
      displayUsername,
      generation,
    })
    if (account === 'username_taken') throw takenError(account)
    if (!account) throw notFound()
    events.emit({ type: 'account.username_changed', ...changeOf(before, account) })
    if (account.email !== null) {
      const names = { formerUsername: before.displayUsername, username: account.displayUsername }
      mail.send({
        to: account.email,
        template: 'username-changed',
        data: { ...names, resetLink: links.forgotPassword() },
      })
    }
    return true
  }
}
