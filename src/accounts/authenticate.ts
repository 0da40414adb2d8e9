import { type Account, withoutPassword } from './account.ts'
import { canonicalEmail } from './email-address.ts'
import { ofAccount, type SecurityEvents } from './events.ts'
import type { CheckOutcome, PasswordCheck } from './lockout/password-check.ts'
import type { AccountStore } from './store.ts'
import { canonicalUsername } from './username.ts'

/** `unverified`: the password is right, and the e-mail address has still to be proven. */
export type Authentication =
  | { kind: 'ok'; account: Account }
  | { kind: 'unverified'; account: Account }
  /** One answer for all reasons. `reason` is for logs: never show it, never answer differently for it. */
  | { kind: 'refused'; reason: Exclude<CheckOutcome, 'right'> | 'unknown_account' }

/**
 * Checks an identifier and a password. The identifier is a username, a proven e-mail address, or one that nobody has
 * proven: then it means the newest account that waits to prove it. Unknown, wrong, locked and disabled cost the same.
 */
export function createAuthenticate(deps: {
  store: AccountStore
  passwords: PasswordCheck
  events: SecurityEvents
}) {
  const { store, passwords, events } = deps

  const find = async (identifier: string) => {
    if (!identifier.includes('@')) return store.byUsername(canonicalUsername(identifier))
    const email = canonicalEmail(identifier)
    return email === undefined ? undefined : store.byEmail(email)
  }

  /**
   * @param attempt.address the network address it comes from, for the audit trail
   * @throws AppError `overloaded` (503)
   */
  return async function authenticate(attempt: {
    identifier: string
    password: string
    address?: string | undefined
  }): Promise<Authentication> {
    const from = attempt.address === undefined ? {} : { address: attempt.address }
    passwords.admit()
    const account = await find(attempt.identifier)
    if (!account) {
      await passwords.burn(attempt.password)
      events.emit({ type: 'account.sign_in_failed', reason: 'unknown_account', ...from })
      return { kind: 'refused', reason: 'unknown_account' }
    }
    const outcome = await passwords.check(account, attempt.password, { signIn: true })
    if (outcome !== 'right') {
      events.emit({ type: 'account.sign_in_failed', ...ofAccount(account), reason: outcome, ...from })
      return { kind: 'refused', reason: outcome }
    }
    const plain = withoutPassword(account)
    if (account.email === null) return { kind: 'unverified', account: plain }
    events.emit({ type: 'account.signed_in', ...ofAccount(account), ...from })
    return { kind: 'ok', account: plain }
  }
}
