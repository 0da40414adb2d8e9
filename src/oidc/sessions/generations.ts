/** Of an account: raised by whatever ends its sign-ins (a new password, “sign out everywhere”, disabling …). */
export interface Generation {
  generation: number
}

/**
 * Sessions, Grants and results of interactions carry the generation of the sign-in that they began with; one that has passed
 * counts for nothing. Every code and token hangs on a Grant, and so carries its Grant's.
 *
 * Version 0.1 stored none, which counts as 0.
 */
export const generationOf = (stored: object | undefined): number =>
  (stored as Partial<Generation> | undefined)?.generation ?? 0

/** Whether what carries a generation still counts for an account. */
export function isCurrent(
  account: (Generation & { disabledAt: number | null }) | undefined,
  generation: number,
): boolean {
  return account !== undefined && account.disabledAt === null && account.generation === generation
}

/** @returns what finds an account, if it and its sign-ins of a generation still count */
export const liveAccounts =
  <Account extends Generation & { disabledAt: number | null }>(accounts: {
    byId(id: string): Promise<Account | undefined>
  }) =>
  async (accountId: string, generation: number): Promise<Account | undefined> => {
    const account = await accounts.byId(accountId)
    return isCurrent(account, generation) ? account : undefined
  }

/** The app password by which the tokens of a Grant were made, which end with it; undefined: they were not. */
export const appPasswordOf = (grant: object | undefined): string | undefined =>
  (grant as { appPassword?: string } | undefined)?.appPassword
