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
  /** The address is of a domain whose organization wants it to sign in at its provider: the password counts for nothing. */
  | { kind: 'at_provider'; provider: ProviderOfDomain }
  /** One answer for all reasons. `reason` is for logs: never show it, never answer differently for it. */
  | { kind: 'refused'; reason: Exclude<CheckOutcome, 'right'> | 'unknown_account' }

/** Where the addresses of a domain sign in. */
export interface ProviderOfDomain {
  /** Its ID. */
  provider: string
  /** Of the provider. */
  name: string
  kind: string
  /** The name of the organization. */
  organization: string
}

/** Signing in with a password. */
export function createAuthenticate(deps: {
  store: AccountStore
  passwords: PasswordCheck
  events: SecurityEvents
  loginOf: LoginOf
  /** Where the addresses of a domain sign in. @param email in canonical form */
  providerOf(email: string): Promise<(ProviderOfDomain & { required: boolean }) | undefined>
}): Accounts['authenticate'] {
  const { store, passwords, events } = deps

  /** The provider that an address has to sign in at. */
  const required = async (email: string | undefined) => {
    const found = email === undefined ? undefined : await deps.providerOf(email)
    return found?.required ? found : undefined
  }

  /** The account, and the name in the one form that all its spellings have. */
  const find = (identifier: string) => {
    const login = deps.loginOf(identifier)
    const { email, phone, username } = login
    return { email, name: email ?? phone ?? username, account: () => store.byLogin(login) }
  }

  return async function authenticate(request) {
    const from = request.address === undefined ? {} : { address: request.address }
    passwords.assertCapacity()
    const found = find(request.identifier)
    const { name, email } = found
    // By what was typed alone: whether there is such an account is not told by it.
    const elsewhere = request.proof ? undefined : await required(email)
    if (elsewhere) {
      events.emit({ type: 'account.sign_in_failed', reason: 'at_provider', ...from })
      return { kind: 'at_provider', provider: elsewhere }
    }
    const account = await found.account()
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
    // Who administers this server gets in when a provider is down.
    const theirs =
      request.proof || email !== undefined || account.role !== 'user'
        ? undefined
        : await required(account.email)
    if (theirs) {
      events.emit({ type: 'account.sign_in_failed', ...ofAccount(account), reason: 'at_provider', ...from })
      return { kind: 'at_provider', provider: theirs }
    }
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
