import type { Clock } from '../clock.ts'
import type { SecurityEvents } from './events.ts'
import type { AccountStore } from './store.ts'
import type { TokenStore } from './tokens/store.ts'

/** Kept after expiry: “five mails an hour” counts them. */
const tokenGrace = 3_600_000

/** Deletes, in small batches, what nobody will use any more. */
export function createCleanup(deps: {
  store: AccountStore
  tokenStore: TokenStore
  events: SecurityEvents
  clock: Clock
}) {
  const { store, tokenStore, events, clock } = deps

  /** Accounts that never proved an address; their usernames are free again. Returns how many. */
  const purgeUnverified = async (olderThanSeconds = 7 * 86_400, limit = 200): Promise<number> => {
    const before = new Date(clock() - olderThanSeconds * 1000)
    const count = await store.deleteUnproven({ before, limit })
    if (count > 0) events.emit({ type: 'account.purged', count })
    return count
  }

  const purgeTokens = (limit = 500): Promise<number> =>
    tokenStore.deleteExpired({ before: new Date(clock() - tokenGrace), limit })

  return {
    purgeUnverified,
    purgeTokens,
    /** One batch of each. Returns how many rows went. */
    purge: async (): Promise<number> => (await purgeTokens()) + (await purgeUnverified()),
  }
}
