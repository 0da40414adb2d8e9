import { setTimeout } from 'node:timers/promises'
import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { currentContext } from '../provider/context.ts'

/** How often, and after how many milliseconds, it is looked whether a Grant is being carried over. */
const LOOKS = 5
const LOOK_AGAIN = 10

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

type GrantFinder = (id: string, options?: { ignoreExpiration?: boolean }) => Promise<Grant | undefined>

/**
 * In a request of the protocol, a Grant of a generation that has passed, or of an app password that was removed, is as if it did not exist: no code of it is
 * redeemed, no token accepted. Code that finds a Grant outside of such a request compares generations itself
 * (`AcceptedToken.generation`).
 * @param appPasswordCounts whether an app password still counts, by its id
 */
export function forgetPassedGrants(
  provider: Provider,
  findAccount: (ctx: KoaContextWithOIDC, id: string) => Promise<Generation | undefined>,
  appPasswordCounts: (id: string) => Promise<boolean>,
): void {
  const find = provider.Grant.find.bind(provider.Grant) as GrantFinder
  const findCurrent: GrantFinder = async (id, options) => {
    const grant = await find(id, options)
    const ctx = currentContext()
    if (grant?.accountId === undefined || ctx === undefined) return grant
    const account = await findAccount(ctx, grant.accountId)
    if (account === undefined) return undefined
    const appPassword = appPasswordOf(grant)
    if (appPassword !== undefined && !(await appPasswordCounts(appPassword))) return undefined
    return account.generation === generationOf(grant) ? grant : carriedOver(id, account)
  }

  /** Its session may be carried over at this very moment: then its generation is written a moment after the account's. */
  async function carriedOver(id: string, account: Generation): Promise<Grant | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const grant = await find(id)
      const behind = account.generation - generationOf(grant)
      if (grant === undefined || behind === 0) return grant
      if (behind !== 1) return undefined
      await setTimeout(LOOK_AGAIN)
    }
    return undefined
  }
  Object.assign(provider.Grant, { find: findCurrent })
}
