import type { Clock } from '../shared/clock.ts'
import type { Accounts } from './accounts.ts'
import type { SecurityEvents } from './events.ts'
import type { FailureStore } from './lockout/store.ts'
import type { AccountStore } from './store.ts'
import type { TokenStore } from './tokens/store.ts'

/** Kept after expiry: “five mails an hour” counts them. */
const tokenGrace = 3_600_000

/** As long as the cookie that names the device (src/http/cookies/known-devices.ts), in seconds: then it is nobody's any more. */
const devicesKept = 400 * 86_400

/** Deletes, in small batches, what nobody will use any more. */
export function createCleanup(deps: {
  store: AccountStore
  tokenStore: TokenStore
  events: SecurityEvents
  clock: Clock
  failures: FailureStore
}): Pick<Accounts, 'purgeUnverified' | 'purgeTokens' | 'purge'> {
  const { store, tokenStore, events, clock, failures } = deps

  const purgeUnverified = async (olderThanSeconds = 7 * 86_400, limit = 200): Promise<number> => {
    const before = new Date(clock() - olderThanSeconds * 1000)
    const count = await store.deleteUnverified({ before, limit })
    if (count > 0) events.emit({ type: 'account.purged', count })
    return count
  }

  const purgeTokens = (limit = 500): Promise<number> =>
    tokenStore.deleteExpired({ before: new Date(clock() - tokenGrace), limit })

  const purgeDevices = (limit = 500): Promise<number> =>
    failures.deleteStale({ before: new Date(clock() - devicesKept * 1000), limit })

  return {
    purgeUnverified,
    purgeTokens,
    purge: async (): Promise<number> =>
      (await purgeTokens()) + (await purgeDevices()) + (await purgeUnverified()),
  }
}
