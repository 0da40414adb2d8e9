import { type TextKey, t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Accounts } from '../accounts.ts'
import type { Links } from '../email/links.ts'
import type { MailOut } from '../email/mail-out.ts'
import type { SecurityEvents } from '../events.ts'
import { deviceOf } from '../lockout/devices.ts'
import type { CheckOutcome, PasswordCheck } from '../lockout/password-check.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountStore } from '../store/store.ts'
import type { TokenStore } from '../tokens/store.ts'
import type { Hasher } from './hashing.ts'
import type { PasswordPolicy } from './policy.ts'

const REJECTIONS: Record<Exclude<CheckOutcome, 'right'>, TextKey> = {
  wrong: 'password.notCurrent',
  locked: 'password.locked',
  no_password: 'password.none',
  disabled: 'password.disabled',
}

/** A new password for a person who is signed in and knows the old one. Other sessions end; this one stays. */
export function createChangePassword(deps: {
  store: AccountStore
  tokenStore: TokenStore
  passwords: PasswordCheck
  hasher: Hasher
  policy: PasswordPolicy
  sessions: AccountSessions
  mail: MailOut
  links: Links
  events: SecurityEvents
}): Accounts['changePassword'] {
  const { store, tokenStore, passwords, hasher, policy, sessions, mail, links, events } = deps

  return async function changePassword(change) {
    const { accountId, currentPassword, newPassword, keepSessionUid } = change
    const account = await store.withPassword(accountId)
    if (!account) throw refusedFields({ currentPassword: t(REJECTIONS.wrong) })
    const outcome = await passwords.check(account, currentPassword, {
      signIn: false,
      device: deviceOf(account, change.devices),
    })
    if (outcome !== 'right') {
      const from = change.address === undefined ? {} : { address: change.address }
      events.emit({ type: 'account.sign_in_failed', accountId, reason: outcome, ...from })
      throw refusedFields({ currentPassword: t(REJECTIONS[outcome]) })
    }
    const weakness = await policy(newPassword, account, account)
    if (weakness) throw refusedFields({ newPassword: weakness })

    const passwordHash = await hasher.hash(newPassword)
    // A reset by the owner of the mailbox, while this was being checked, wins.
    const generation = await store.replacePassword(accountId, account.generation, passwordHash)
    if (generation === undefined) throw refusedFields({ currentPassword: t(REJECTIONS.wrong) })
    await tokenStore.expireAllOf(accountId, 'reset_password', 'let_in')
    const except = keepSessionUid === undefined ? undefined : { sessionUid: keepSessionUid, generation }
    await sessions.endAll(accountId, { except })
    events.emit({ type: 'account.password_changed', accountId })
    const data = { username: account.displayUsername, resetLink: links.forgotPassword() }
    if (account.email !== null) mail.send({ to: account.email, template: 'password-changed', data })
    return { generation }
  }
}
