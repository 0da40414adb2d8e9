import { type Account, withoutPassword } from './account.ts'
import type { Accounts } from './accounts.ts'
import { isLeaving } from './deletion/leaving.ts'
import { firstStep, ofAccount, type SecurityEvents } from './events.ts'
import { deviceOf } from './lockout/devices.ts'
import type { CheckOutcome, PasswordCheck } from './lockout/password-check.ts'
import type { LoginOf } from './login.ts'
import type { AccountStore } from './store/store.ts'

/** `unverified`: the password is right, and the email address has still to be proven. */
export type Authentication =
  /** `remembered`: the browser stands in for the second factor. */
  | { kind: 'ok'; account: Account; remembered: boolean }
  | { kind: 'unverified'; account: Account }
  /** The password is right, and the account waits to be deleted (deletion/deletion.ts): it signs in to nothing. */
  | { kind: 'leaving'; leaving: Account }
  /** One answer for all reasons. `reason` is for logs: never show it, never answer differently for it. */
  | { kind: 'refused'; reason: Exclude<CheckOutcome, 'right'> | 'unknown_account' }

/** Signing in with a password. */
export function createAuthenticate(deps: {
  store: AccountStore
  passwords: PasswordCheck
  events: SecurityEvents
  loginOf: LoginOf
}): Accounts['authenticate'] {
  const { store, passwords, events } = deps

  /** The account, and the name in the one form that all its spellings have. */
  const find = async (identifier: string) => {
    const login = deps.loginOf(identifier)
    const { email, phone, username } = login
    return { name: email ?? phone ?? username, account: await store.byLogin(login) }
  }

  return async function authenticate(request) {
    const from = request.address === undefined ? {} : { address: request.address }
    passwords.assertCapacity()
    const { name, account } = await find(request.identifier)
    if (!account) {
      await passwords.verifyDummy(name, request.password)
      events.emit({ type: 'account.sign_in_failed', reason: 'unknown_account', ...from })
      return { kind: 'refused', reason: 'unknown_account' }
    }
    const device = deviceOf(account, request.devices)
    const outcome = await passwords.check(account, request.password, { signIn: true, name, device })
    if (outcome !== 'right') {
      events.emit({ type: 'account.sign_in_failed', ...ofAccount(account), reason: outcome, ...from })
      return { kind: 'refused', reason: outcome }
    }
    const plain = withoutPassword(account)
    if (isLeaving(account)) {
      events.emit({ type: 'account.sign_in_failed', ...ofAccount(account), reason: 'leaving', ...from })
      return { kind: 'leaving', leaving: plain }
    }
    if (account.email === null) return { kind: 'unverified', account: plain }
    const remembered = account.secondFactors.length > 0 && (await request.remembers?.(plain)) === true
    const type = remembered ? 'account.signed_in' : firstStep(account)
    events.emit({
      type,
      ...ofAccount(account),
      ...(remembered && { method: 'remembered_browser' }),
      ...from,
    })
    return { kind: 'ok', account: plain, remembered }
  }
}
