import type { KnownDevice } from '../shared/known-device.ts'
import { type Account, withoutPassword } from './account.ts'
import { canonicalEmail } from './email/address.ts'
import { ofAccount, type SecurityEvents } from './events.ts'
import { deviceOf } from './lockout/devices.ts'
import type { CheckOutcome, PasswordCheck } from './lockout/password-check.ts'
import { canonicalUsername } from './sign-up/username.ts'
import type { AccountStore } from './store.ts'

/** `unverified`: the password is right, and the e-mail address has still to be proven. */
export type Authentication =
  | { kind: 'ok'; account: Account }
  | { kind: 'unverified'; account: Account }
  /** One answer for all reasons. `reason` is for logs: never show it, never answer differently for it. */
  | { kind: 'refused'; reason: Exclude<CheckOutcome, 'right'> | 'unknown_account' }

/**
 * Checks an identifier and a password. The identifier is a proven e-mail address, a username, or an address that nobody has
 * proven: then it means the newest account that waits to prove it. Unknown, wrong, locked and disabled cost the same.
 */
export function createAuthenticate(deps: {
  store: AccountStore
  passwords: PasswordCheck
  events: SecurityEvents
}) {
  const { store, passwords, events } = deps

  /** The account, and the name in the one form that all its spellings have. */
  const find = async (identifier: string) => {
    const email = canonicalEmail(identifier)
    const username = canonicalUsername(identifier)
    return { name: email ?? username, account: await store.byLogin({ username, email }) }
  }

  /**
   * @param attempt.address the network address it comes from, for the audit trail
   * @param attempt.devices what the browser proves to be: its failures count apart from those of strangers
   * @throws AppError `overloaded` (503)
   */
  return async function authenticate(attempt: {
    identifier: string
    password: string
    address?: string | undefined
    devices?: readonly KnownDevice[] | undefined
  }): Promise<Authentication> {
    const from = attempt.address === undefined ? {} : { address: attempt.address }
    passwords.assertCapacity()
    const { name, account } = await find(attempt.identifier)
    if (!account) {
      await passwords.verifyDummy(name, attempt.password)
      events.emit({ type: 'account.sign_in_failed', reason: 'unknown_account', ...from })
      return { kind: 'refused', reason: 'unknown_account' }
    }
    const device = deviceOf(account, attempt.devices)
    const outcome = await passwords.check(account, attempt.password, { signIn: true, name, device })
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
