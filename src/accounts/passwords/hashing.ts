import { availableParallelism } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../shared/clock.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts'
import type { DearestCost } from './dearest-cost.ts'
import { isForeign, verifyForeign } from './foreign-hashes/hashes.ts'
import { type Argon2, argon2, costOf } from './threads/argon2.ts'

/** What an argon2id hash costs: memory in KiB, passes over it, lanes (RFC 9106 §3.1). */
export interface HashingCost {
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** OWASP Password Storage Cheat Sheet: the floor for argon2id. 19 MiB, two passes, one lane: about 40 ms. */
export const OWASP_FLOOR: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** What a hash takes of a processor: KiB that are filled, over all passes. Lanes share it out, and save none of it. */
export const workOf = ({ memoryCost, timeCost }: HashingCost): number => memoryCost * timeCost

/** What is left of a cost for who has paid another; undefined: nothing, or less than a hash can cost (RFC 9106 §3.1: 8 KiB a lane). */
function restOf(whole: HashingCost, paid: HashingCost): HashingCost | undefined {
  const memoryCost = Math.floor((workOf(whole) - workOf(paid)) / whole.timeCost)
  return memoryCost < 8 * whole.parallelism ? undefined : { ...whole, memoryCost }
}

/** Each fills its memory, 19 MiB and more. */
const MOST_AT_ONCE = 4

/** How many hashes are computed at once: one a core. */
export const hashesAtOnce = (): number => Math.min(availableParallelism(), MOST_AT_ONCE)

/** The cost as an owner sets it: memory in MiB. */
export interface HashingSettings {
  readonly argon2Memory: number
  readonly argon2Passes: number
  readonly argon2Parallelism: number
}

export const hashingCostOf = (settings: HashingSettings): HashingCost => ({
  memoryCost: settings.argon2Memory * 1024,
  timeCost: settings.argon2Passes,
  parallelism: settings.argon2Parallelism,
})

/** What one hash takes here, in milliseconds: the middle of five. */
export async function timeOfHash(cost: HashingCost): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const began = performance.now()
    await argon2.hash('measured, and never stored', cost)
    times.push(performance.now() - began)
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0
}

export interface Hasher {
  /** The encoded argon2id hash of a password. */
  hash(password: string): Promise<string>
  /**
   * A wrong password costs what `verifyNothing` costs, be the hash a cheaper one or of today's cost. Also of hashes that were imported
   * (foreign-hashes/hashes.ts), whose password is taken as typed: those cost what they cost beside it.
   */
  verify(hash: string, password: string): Promise<boolean>
  /** Costs what a wrong password costs and is never true: for an account that does not exist or may not sign in. */
  verifyNothing(password: string): Promise<false>
  /** True when a hash was made with other costs than today's. */
  needsRehash(hash: string): boolean
  /** Throws `overloaded` now if a job would be refused: ask before other work is done for it. */
  assertCapacity(): void
  readonly load: ConcurrencyLimit['load']
}

/**
 * argon2id behind a concurrency limit, in threads that step back behind the one of requests (threads/pool.ts), so that a storm of
 * sign-ins neither takes all memory nor slows the token endpoint.
 * Every operation may throw AppError `overloaded` (503). Passwords are compared as typed, after NFC: the same
 * password typed on another keyboard may arrive decomposed (NIST SP 800-63B-4 §3.1.1.2).
 *
 * @param options.cost read at each use; OWASP's floor unless given. Only a test whose subject is not the hash gives less.
 * @param options.dearest what a refusal costs; today's cost unless given
 * @param options.concurrency jobs at once; default: one a core, at most 4
 * @param options.queueLimit jobs that wait behind them; default 64, about two seconds on two cores
 * @param options.waited told how long each job waited, in milliseconds
 */
export function createHasher(options: {
  cost?: (() => HashingCost) | undefined
  dearest?: DearestCost | undefined
  /** What computes: only a test that counts gives another. */
  argon2?: Argon2
  concurrency?: number
  queueLimit?: number
  clock: Clock
  waited?: ((milliseconds: number) => void) | undefined
}): Hasher {
  const limit = createConcurrencyLimit({
    concurrency: options.concurrency ?? hashesAtOnce(),
    queueLimit: options.queueLimit ?? 64,
    clock: options.clock,
    waited: options.waited,
  })
  const normalized = (password: string): string => password.normalize('NFC')
  const cost = options.cost ?? (() => OWASP_FLOOR)
  const dearest = options.dearest ?? { now: cost, remember: async () => undefined }
  const needsRehash = (hash: string) => isForeign(hash) || !isDeepStrictEqual(costOf(hash), cost())
  const { hash, verify } = options.argon2 ?? argon2
  const pay = (price: HashingCost, password: string) => verify(decoyHash(price), normalized(password))

  return {
    hash: (password) =>
      limit.run(async () => {
        await dearest.remember()
        return hash(normalized(password), cost())
      }),
    verify: (stored, password) =>
      limit.run(async () => {
        const right = isForeign(stored)
          ? await verifyForeign(stored, password)
          : await verify(stored, normalized(password))
        if (right) return true
        // Which hash an account has, and whether there is one, is told by no time. Who is right pays for a new hash instead.
        const whole = dearest.now()
        const paid = isForeign(stored) ? undefined : costOf(stored)
        const rest = paid ? restOf(whole, paid) : whole
        if (rest) await pay(rest, password)
        return false
      }),
    async verifyNothing(password) {
      await limit.run(() => pay(dearest.now(), password))
      return false
    },
    needsRehash,
    assertCapacity: () => limit.assertCapacity(),
    get load() {
      return limit.load
    },
  }
}

/** An argon2id hash that costs what the others cost, of 32 random bytes that nobody kept. */
export const decoyHash = ({ memoryCost, timeCost, parallelism }: HashingCost = OWASP_FLOOR): string =>
  `$argon2id$v=19$m=${memoryCost},p=${parallelism},t=${timeCost}$uP0QDS8s3O/KXQRQzobGSw$o70xzCcuxT7NZWDLC49kIL+BDjwQk9ZUOZiOa28/14A`
