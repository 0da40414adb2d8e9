import type { Clock } from '../shared/clock.ts'
import type { Accounts } from './accounts.ts'
import type { SecurityEvents } from './events.ts'
import type { FailureStore } from './lockout/store.ts'
import type { AccountStore } from './store/store.ts'
import type { TokenStore } from './tokens/store.ts'

/** Milliseconds after expiry: “five mails an hour” counts them. */
const TOKEN_RETENTION = 3_600_000

/** As long as the cookie that names the device (src/http/cookies/known-devices.ts), in seconds: after that no browser can present it. */
const DEVICE_RETENTION = 400 * 86_400

/** Deletes expired accounts, tokens and devices in small batches. */
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
    tokenStore.deleteExpired({ before: new Date(clock() - TOKEN_RETENTION), limit })

  const purgeDevices = (limit = 500): Promise<number> =>
    failures.deleteStale({ before: new Date(clock() - DEVICE_RETENTION * 1000), limit })

  return {
    purgeUnverified,
    purgeTokens,
    purge: async (): Promise<number> =>
      (await purgeTokens()) + (await purgeDevices()) + (await purgeUnverified()),
  }
}
