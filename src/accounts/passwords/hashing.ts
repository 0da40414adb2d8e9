import { availableParallelism } from 'node:os'
import { hash as argon2, argon2id, verify as argon2Verify, needsRehash as parametersRose } from 'argon2'
import type { Clock } from '../../shared/clock.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts'
import { isForeign, verifyForeign } from './foreign-hashes/hashes.ts'

/** What an argon2id hash costs: memory in KiB, passes over it, lanes (RFC 9106 §3.1). */
export interface HashingCost {
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** OWASP Password Storage Cheat Sheet: the floor for argon2id. 19 MiB, two passes, one lane: about 40 ms. */
const OWASP_FLOOR: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** libuv has four threads, shared with file and name look-ups: one of them is never given to hashing. */
const threadsForHashing = 3

/** How many hashes are computed at once: one a core. */
export const hashesAtOnce = (): number => Math.min(availableParallelism(), threadsForHashing)

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
    await argon2('measured, and never stored', { ...cost, type: argon2id })
    times.push(performance.now() - began)
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0
}

export interface Hasher {
  /** The encoded argon2id hash of a password. */
  hash(password: string): Promise<string>
  /** Also of hashes that were imported (foreign-hashes/hashes.ts), whose password is taken as typed. */
  verify(hash: string, password: string): Promise<boolean>
  /** Costs what `verify` costs and is never true: for an account that does not exist or may not sign in. */
  verifyNothing(password: string): Promise<false>
  /** True when a hash was made with other costs than today's. */
  needsRehash(hash: string): boolean
  /** Throws `overloaded` now if a job would be refused: ask before other work is done for it. */
  assertCapacity(): void
  readonly load: ConcurrencyLimit['load']
}

/**
 * argon2id behind a concurrency limit, so that a storm of sign-ins neither takes all memory nor slows the token endpoint.
 * Every operation may throw AppError `overloaded` (503). Passwords are compared as typed, after NFC: the same
 * password typed on another keyboard may arrive decomposed (NIST SP 800-63B-4 §3.1.1.2).
 *
 * @param options.cost read at each use; OWASP's floor unless given. Only a test whose subject is not the hash gives less.
 * @param options.concurrency jobs at once; default: one a core, at most 3
 * @param options.queueLimit jobs that wait behind them; default 64, about two seconds on two cores
 * @param options.waited told how long each job waited, in milliseconds
 */
export function createHasher(options: {
  cost?: (() => HashingCost) | undefined
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
  const decoy = () => decoyHash(cost())
  const needsRehash = (hash: string) => isForeign(hash) || parametersRose(hash, cost())

  return {
    hash: (password) => limit.run(() => argon2(normalized(password), { ...cost(), type: argon2id })),
    verify: (hash, password) =>
      limit.run(async () => {
        const right = isForeign(hash)
          ? await verifyForeign(hash, password)
          : await argon2Verify(hash, normalized(password))
        if (right || !needsRehash(hash)) return right
        // Guessing at a cheap hash costs the guesser what it costs at ours. Who is right pays by the new hash.
        await argon2Verify(decoy(), normalized(password))
        return false
      }),
    async verifyNothing(password) {
      await limit.run(() => argon2Verify(decoy(), normalized(password)))
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
