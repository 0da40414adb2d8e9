import { randomBytes as randomBytesOf, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { HashingCost } from '../hashing.ts'
import { createHashingThreads } from './pool.ts'
import type { Task } from './thread.ts'

/** argon2 (RFC 9106), with hashes in the PHC string format. */
export interface Argon2 {
  /** The argon2id hash of a password, under a new salt. */
  hash(password: string, cost: HashingCost): Promise<string>
  /** Whether a password has this hash, of argon2d, argon2i or argon2id. @throws Error for what is no hash of version 19 */
  verify(hash: string, password: string): Promise<boolean>
}

/** Bytes (RFC 9106 §3.1 and §4). */
const SALT = 16
const TAG = 32
const VERSION = 'v=19'

const randomBytes = promisify(randomBytesOf)

/** Parameters in any order: of the packages that wrote hashes so far, each has its own. */
const PHC =
  /^\$(argon2(?:d|i|id))\$v=19\$([mtp]=\d+,[mtp]=\d+,[mtp]=\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** The cost by a hash's parameters. */
function costBy(text: string): HashingCost {
  const { m, t, p } = Object.fromEntries(text.split(',').map((each) => each.split('=')))
  return { memoryCost: Number(m), timeCost: Number(t), parallelism: Number(p) }
}

/** The cost of a hash; undefined where it is none of version 19. */
export function costOf(hash: string): HashingCost | undefined {
  const parameters = PHC.exec(hash)?.[2]
  return parameters === undefined ? undefined : costBy(parameters)
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** By threads of their own (pool.ts), or by what a test gives in their place. */
export function createArgon2(derive: (task: Task) => Promise<Uint8Array>): Argon2 {
  return {
    async hash(password, { memoryCost: memory, timeCost: passes, parallelism }) {
      const nonce = await randomBytes(SALT)
      const parameters = { message: password, nonce, tagLength: TAG, memory, passes, parallelism }
      const derived = await derive({ algorithm: 'argon2id', parameters })
      const costs = `m=${memory},t=${passes},p=${parallelism}`
      return ['', 'argon2id', VERSION, costs, base64(nonce), base64(derived)].join('$')
    },
    async verify(hash, password) {
      const [, algorithm, costs = '', salt = '', tag = ''] = PHC.exec(hash) ?? []
      if (algorithm === undefined) throw new Error('this is no argon2 hash of version 19')
      const { memoryCost: memory, timeCost: passes, parallelism } = costBy(costs)
      const known = Buffer.from(tag, 'base64')
      const nonce = Buffer.from(salt, 'base64')
      const parameters = { message: password, nonce, tagLength: known.length, memory, passes, parallelism }
      const derived = await derive({ algorithm: algorithm as Task['algorithm'], parameters })
      return timingSafeEqual(known, derived)
    },
  }
}

/** What the process computes argon2 with. The hasher bounds how much at once (passwords/hashing.ts). */
export const argon2: Argon2 = createArgon2(createHashingThreads().derive)
