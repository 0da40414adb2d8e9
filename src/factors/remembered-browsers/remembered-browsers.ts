import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import type { FactorEvent } from '../events.ts'
import type { Notices } from '../notices.ts'
import type { FindOwner } from '../owner.ts'
import type { RememberedBrowserStore, RememberedRow } from './store.ts'

const TOKEN_BYTES = 32
/** Of one account. */
export const MAX_REMEMBERED = 30
const MAX_USER_AGENT = 400
const MINUTE = 60_000
const DAY = 86_400_000

/** A browser as its owner sees it. Times are milliseconds since the epoch. */
export interface RememberedBrowserView {
  id: string
  /** As its User-Agent header said. */
  userAgent: string
  /** The network address that it was remembered from. */
  address: string
  createdAt: number
  expiresAt: number
  /** To the minute. */
  lastUsedAt: number
}

/** The account, and the generation of its sign-ins. */
interface Remembering {
  id: string
  generation: number
}

/**
 * Browsers in which a person has shown a second factor, and need not show it again for a while (amr `rba`). A token in a cookie of the
 * browser says which it is; what is stored is its hash. It ends after `remembered_devices_days`, with the sign-ins of the
 * account (a new password, “sign out everywhere”), and with every factor that is added or removed. Use does not prolong it.
 */
export interface RememberedBrowsers {
  /** For how many days; 0: none are, nor were. Read at each use. */
  days(): number
  /**
   * Call it once a second factor was really shown, by a person who asked for it. Owner told by mail, `factor.browser_remembered`.
   * @returns the token for the cookie; undefined: the setting forbids it, or the account is gone
   */
  remember(account: Remembering, browser: { userAgent: string; address: string }): Promise<string | undefined>
  /** Whether a token of a cookie is of a browser that is remembered for this account as it is now. */
  recognise(account: Remembering, token: string): Promise<boolean>
  /** The one that was used last first. */
  list(account: Remembering): Promise<RememberedBrowserView[]>
  /** False: the account has none of this id. */
  forget(accountId: string, id: string): Promise<boolean>
  forgetAll(accountId: string): Promise<void>
}

export interface RememberedSettings {
  readonly rememberedDevicesDays: number
}

export function createRememberedBrowsers(deps: {
  store: RememberedBrowserStore
  clock: Clock
  events: (event: FactorEvent) => void
  notices: Pick<Notices, 'browserRemembered'>
  findOwner: FindOwner
  /** Read at each use. */
  settings: RememberedSettings
}): RememberedBrowsers {
  const { store, clock, settings, events } = deps
  const days = (): number => settings.rememberedDevicesDays
  /** A shorter time counts for those that are there, too. */
  const endOf = ({ createdAt, expiresAt }: RememberedRow): number =>
    Math.min(expiresAt.getTime(), createdAt.getTime() + days() * DAY)

  return {
    days,

    async remember({ id: accountId, generation }, { userAgent, address }) {
      if (days() === 0) return undefined
      const token = randomBytes(TOKEN_BYTES).toString('base64url')
      const now = clock()
      const row = {
        ...{ id: randomUUID(), accountId, generation, address, hash: hashOf(token) },
        userAgent: userAgent.slice(0, MAX_USER_AGENT),
        ...{ createdAt: new Date(now), lastUsedAt: new Date(now), expiresAt: new Date(now + days() * DAY) },
      }
      if (!(await store.insert(row, MAX_REMEMBERED))) return undefined
      const owner = await deps.findOwner(accountId)
      if (owner) deps.notices.browserRemembered(owner, { userAgent, until: row.expiresAt.getTime() })
      return token
    },

    async recognise({ id, generation }, token) {
      if (!/^[\w-]{43}$/.test(token)) return false
      const row = await store.byHash(hashOf(token))
      const now = clock()
      if (!row || row.accountId !== id || row.generation !== generation || endOf(row) <= now) return false
      if (row.lastUsedAt.getTime() <= now - MINUTE) await store.used(row.id, new Date(now))
      return true
    },

    async list({ id, generation }) {
      const rows = (await store.list(id, generation)).filter((row) => endOf(row) > clock())
      return rows.map((row) => ({
        ...{ id: row.id, userAgent: row.userAgent, address: row.address },
        createdAt: row.createdAt.getTime(),
        expiresAt: endOf(row),
        lastUsedAt: row.lastUsedAt.getTime(),
      }))
    },

    async forget(accountId, id) {
      const forgotten = await store.delete(accountId, id)
      if (forgotten) events({ type: 'factor.browser_forgotten', accountId })
      return forgotten
    },

    async forgetAll(accountId) {
      if ((await store.deleteAll(accountId)) > 0) events({ type: 'factor.browser_forgotten', accountId })
    },
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
