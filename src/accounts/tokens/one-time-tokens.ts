import { createHash, createHmac, type KeyObject, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { orderedId } from '../../shared/ordered-id.ts'
import type { Purpose, TokenRow, TokenStore } from './store.ts'

/** At most this many links of one purpose work at once for one account; a newer one ends the oldest. */
const maximumLive = 3
/** Of invitations, one. “Not you?” is asked of each sign-in, and another one must not end the question. */
const maximumLiveOf: Partial<Record<Purpose, number>> = { invitation: 1, not_me: 100 }

/** Tries at one code. With five codes an hour: a chance of 25 in a million an hour at most to guess one. */
const codeTries = 5

/**
 * Mails of one purpose that one account can cause in an hour, and that can go to one address on any request: no person's
 * mailbox is flooded, and no address is proven by guessing codes on many accounts.
 */
const mostAnHour = 5
const hour = 3_600_000

export interface IssuedToken {
  /** 256 random bits, base64url. Only its SHA-256 is stored. */
  token: string
  /** Six digits, for typing. Only an HMAC of it is stored. */
  code: string
}

/** Links and codes that work once. */
export interface OneTimeTokens {
  /**
   * Undefined: nothing was issued, since there were enough mails of this purpose for an hour, or the account is gone.
   * @param options.ttl seconds
   * @param options.code whether there is a code beside the link
   * @param options.limited false: however many there were; for what strangers cannot repeat
   */
  issue(options: {
    purpose: Purpose
    accountId: string | null
    email: string | null
    ttl: number
    code: boolean
    limited?: boolean
    /** JSON, for the page behind the link. */
    details?: string
  }): Promise<IssuedToken | undefined>
  /** Looks a token up; uses nothing up. undefined: never issued, used, or expired. */
  find(purposes: readonly Purpose[], token: string): Promise<TokenRow | undefined>
  /** One that may work no more, for saying what became of it. */
  findOver(purpose: Purpose, token: string): Promise<TokenRow | undefined>
  /** Seconds until one more mail may be caused for an account, to an address; 0: now. */
  secondsToWait(purpose: Purpose, accountId: string, email: string): Promise<number>
  /**
   * The live token whose code this is. Each try is counted before anything is compared.
   * `expired`: no code is live; `exhausted`: every live code has had its five tries.
   */
  matchCode(
    purpose: Purpose,
    accountId: string,
    code: string,
  ): Promise<TokenRow | 'wrong' | 'exhausted' | 'expired'>
}

/** @param deps.codeKey at least 256 bits, derived from SECRET_KEY; not in the database */
export function createOneTimeTokens(deps: {
  store: TokenStore
  clock: Clock
  codeKey: KeyObject
}): OneTimeTokens {
  const { store, clock, codeKey } = deps

  /** The row's id stands in for a salt: equal codes have different hashes. */
  const codeHash = (id: string, code: string): string =>
    createHmac('sha256', codeKey).update(`${id}:${code}`).digest('base64url')

  /** When links of a purpose were sent in the last hour, oldest first: for the account, and to the address. */
  const lately = async (purpose: Purpose, accountId: string, email: string): Promise<Date[][]> => {
    const { account, address } = await store.issuedSince(
      { purpose, accountId, email },
      new Date(clock() - hour),
    )
    return [account, address]
  }

  return {
    async issue(options) {
      const { purpose, accountId, email, ttl } = options
      /** Whether more were sent in the last hour than so many; of a token without an account or address nobody is flooded. */
      const sentMoreThan = async (most: number): Promise<boolean> =>
        accountId !== null &&
        email !== null &&
        options.limited !== false &&
        (await lately(purpose, accountId, email)).some(({ length }) => length > most)
      if (await sentMoreThan(mostAnHour - 1)) return undefined
      // The newest is told by it from others of the same millisecond.
      const id = orderedId(clock())
      const token = randomBytes(32).toString('base64url')
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      const stored = await store.insert({
        id,
        purpose,
        accountId,
        email,
        tokenHash: tokenHash(token),
        codeHash: options.code ? codeHash(id, code) : null,
        details: options.details ?? null,
        expiresAt: new Date(clock() + ttl * 1000),
      })
      if (!stored) return undefined
      // Counted again once it is stored: of several that are issued at once, none may overlook the others.
      if (await sentMoreThan(mostAnHour)) {
        await store.delete(id)
        return undefined
      }
      const surplus = (await store.liveOf(purpose, accountId)).slice(maximumLiveOf[purpose] ?? maximumLive)
      if (surplus.length > 0) await store.expire(surplus.map((row) => row.id))
      return { token, code }
    },

    async find(purposes, token) {
      if (!/^[\w-]{43}$/.test(token)) return undefined
      return store.byHash(purposes, tokenHash(token))
    },

    async findOver(purpose, token) {
      return /^[\w-]{43}$/.test(token) ? store.overByHash(purpose, tokenHash(token)) : undefined
    },

    async secondsToWait(purpose, accountId, email) {
      const waits = (await lately(purpose, accountId, email)).map((issued) => {
        const blocking = issued.at(-mostAnHour)
        return blocking === undefined ? 0 : Math.ceil((blocking.getTime() + hour - clock()) / 1000)
      })
      return Math.max(0, ...waits)
    },

    async matchCode(purpose, accountId, code) {
      const rows = (await store.liveOf(purpose, accountId)).filter((row) => row.codeHash !== null)
      if (rows.length === 0) return 'expired'
      let compared = 0
      for (const row of rows) {
        if (!(await store.reserveTry(row.id, codeTries))) continue
        compared++
        if (row.codeHash !== null && equal(row.codeHash, codeHash(row.id, code))) return row
      }
      return compared === 0 ? 'exhausted' : 'wrong'
    },
  }
}

const tokenHash = (token: string): string => createHash('sha256').update(token).digest('base64url')

const equal = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
