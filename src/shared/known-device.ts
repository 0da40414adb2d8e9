/**
 * A browser that has signed in to an account before, by its sealed cookie. It is no sign-in: the password is asked for
 * as ever. Only wrong ones count apart, so that strangers cannot lock out a browser that has signed in.
 */
export interface KnownDevice {
  accountId: string
  id: string
  /** Of the account's sign-ins, when the browser signed in: what ends sessions ends this too. */
  generation: number
}
