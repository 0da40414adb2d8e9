import type { Account } from './account.ts'
import type { Origin } from './accounts.ts'
import { isLeaving } from './deletion/leaving.ts'
import { ofAccount, type SecurityEvents } from './events.ts'
import type { AccountStore } from './store/store.ts'

/** `unverified`: the account has still to prove its address. `leaving`: it waits to be deleted. `refused`: it is disabled, or gone. */
export type PasskeySignIn =
  | { kind: 'ok' | 'unverified'; account: Account }
  | { kind: 'leaving'; leaving: Account }
  | { kind: 'refused' }

/** Signing in by a passkey alone. Whether the passkey is right is for src/factors to say, whether its account may sign in, here. */
export interface PasskeySignIns {
  /**
   * The passkey of this account was right. A lock by wrong passwords does not keep it out: these may be a stranger's, a passkey is its
   * owner's.
   */
  signIn(accountId: string, origin?: Pick<Origin, 'address'>): Promise<PasskeySignIn>
  /** A passkey was not right. @param accountId whose it is, where that is known */
  failed(reason: string, accountId: string | undefined, origin?: Pick<Origin, 'address'>): Promise<void>
}

export function createPasskeySignIns({
  store,
  events,
}: {
  store: Pick<AccountStore, 'byId' | 'recordSignIn'>
  events: SecurityEvents
}): PasskeySignIns {
  const failed: PasskeySignIns['failed'] = async (reason, accountId, { address } = {}) => {
    const account = accountId === undefined ? undefined : await store.byId(accountId)
    events.emit({
      type: 'account.sign_in_failed',
      ...(account && ofAccount(account)),
      reason,
      method: 'passkey',
      ...(address !== undefined && { address }),
    })
  }
  return {
    failed,
    async signIn(accountId, origin = {}) {
      const account = await store.byId(accountId)
      if (!account) return { kind: 'refused' }
      if (isLeaving(account)) {
        await failed('leaving', accountId, origin)
        return { kind: 'leaving', leaving: account }
      }
      if (account.email === null) return { kind: 'unverified', account }
      if (!(await store.recordSignIn(account))) {
        await failed('disabled', accountId, origin)
        return { kind: 'refused' }
      }
      const { address } = origin
      events.emit({
        type: 'account.signed_in',
        ...ofAccount(account),
        method: 'passkey',
        ...(address !== undefined && { address }),
      })
      return { kind: 'ok', account }
    },
  }
}
