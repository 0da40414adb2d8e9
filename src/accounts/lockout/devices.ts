import type { Account } from '../account.ts'

/**
 * A browser that has signed in to an account before, by its sealed cookie. It is no sign-in: the password is asked for
 * as ever. Only wrong ones count apart, so that strangers cannot lock out who has been there before.
 */
export interface KnownDevice {
  accountId: string
  id: string
  /** That of the account's sign-ins, then: what ends sessions ends this too. */
  generation: number
}

/** The id of the device among these that counts for an account as it is now. Undefined: a stranger. */
export const deviceOf = (account: Account, devices: readonly KnownDevice[] = []): string | undefined =>
  devices.find(({ accountId, generation }) => accountId === account.id && generation === account.generation)
    ?.id
