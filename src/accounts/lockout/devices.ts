import type { Account } from '../account.ts'

/**
 * A browser that has signed in to an account before, by its sealed cookie. It is no sign-in: the password is asked for
 * as ever. Only wrong ones count apart, so that strangers cannot lock out who has been there before.
 */
export interface KnownDevice {
  accountId: string
  id: string
  /** The account's `authValidAfter` at that sign-in: what ends sessions ends this too. */
  since: number
}

/** The id of the device among these that counts for an account as it is now. Undefined: a stranger. */
export const deviceOf = (account: Account, devices: readonly KnownDevice[] = []): string | undefined =>
  devices.find(({ accountId, since }) => accountId === account.id && since === account.authValidAfter)?.id
