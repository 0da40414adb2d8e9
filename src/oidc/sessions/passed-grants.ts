import { setTimeout } from 'node:timers/promises'
import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { currentContext } from '../provider/context.ts'
import { appPasswordOf, type Generation, generationOf } from './generations.ts'

/** How often, and after how many milliseconds, it is looked whether a Grant is being carried over. */
const LOOKS = 5
const LOOK_AGAIN = 10

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
