import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Account } from '../accounts/account.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Authentication } from '../accounts/authenticate.ts'
import { BoundedMap } from '../shared/bounded-map.ts'
import type { Clock } from '../shared/clock.ts'

/** How long a password that was right counts as checked, in milliseconds. Not prolonged by use. */
const RETENTION = 60_000
/** Identifiers remembered at once; the oldest goes first. */
const MAX_ENTRIES = 1000

interface Entry {
  accountId: string
  /** Binds the password to the account as it was. */
  proof: Buffer
  /** Milliseconds since the epoch. */
  until: number
}

interface Attempt {
  identifier: string
  password: string
  address: string
  /** Counts a real check under the rate limits of signing in; throws when there were too many. */
  count(): Promise<void>
}

/**
 * Checks the passwords of HTTP Basic, which come with every request, without an argon2 for each of them.
 *
 *   remembered? ──yes──► the account as it is now: same state, not locked or disabled? ──yes──► right
 *        └─no─► the same check under way? wait for it : count ─► authenticate (gate, lock-out) ─► right: remember
 *
 * What is kept is an HMAC under a key of this process that is never stored. Failures are never kept: a wrong password
 * always meets the rate limit, the lock-out and the gate. See docs/decisions/0010-basic.md.
 */
export function createKnownPasswords(deps: {
  accounts: Pick<Accounts, 'authenticate' | 'byId'>
  clock: Clock
}) {
  const { accounts, clock } = deps
  const key = createSecretKey(randomBytes(32))
  const entries = new BoundedMap<string, Entry>(MAX_ENTRIES)
  const underWay = new Map<string, Promise<Authentication>>()

  const mac = (...parts: (string | number)[]): Buffer =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest()

  /** Every change of password, of address or by an administrator moves one of the two. */
  const proofOf = (account: Account, password: string): Buffer =>
    mac('proof', account.id, account.generation, account.updatedAt, password)

  const nameOf = (identifier: string): string => mac('identifier', identifier).toString('base64url')

  async function remembered(identifier: string, password: string): Promise<Account | undefined> {
    const entry = entries.get(nameOf(identifier))
    if (entry === undefined || entry.until <= clock()) return undefined
    const account = await accounts.byId(entry.accountId)
    if (account === undefined || account.disabledAt !== null || account.email === null) return undefined
    if (account.lockedUntil !== null && account.lockedUntil > clock()) return undefined
    return timingSafeEqual(entry.proof, proofOf(account, password)) ? account : undefined
  }

  function remember(identifier: string, password: string, account: Account): void {
    const name = nameOf(identifier)
    entries.set(name, {
      accountId: account.id,
      proof: proofOf(account, password),
      until: clock() + RETENTION,
    })
  }

  async function check({ identifier, password, address, count }: Attempt): Promise<Authentication> {
    await count()
    const outcome = await accounts.authenticate({ identifier, password, address })
    if (outcome.kind === 'ok') remember(identifier, password, outcome.account)
    return outcome
  }

  return {
    /** @throws AppError rate_limited (429), overloaded (503) */
    async verify(attempt: Attempt): Promise<Authentication> {
      const account = await remembered(attempt.identifier, attempt.password)
      if (account) return { kind: 'ok', account, remembered: false }
      // Requests that a program sends side by side ask one question, and it is asked once.
      const question = mac(attempt.address, attempt.identifier, attempt.password).toString('base64url')
      const asked = underWay.get(question)
      if (asked) return asked
      const answer = check(attempt).finally(() => underWay.delete(question))
      underWay.set(question, answer)
      return answer
    },
  }
}
