import { randomBytes } from 'node:crypto'
import { keyHash, type SharedCounters } from './shared.ts'

/** Milliseconds: a limit must not hold a request up for longer. */
const PATIENCE = 2000

// A hash with the count (n) and the window it belongs to (w); Redis deletes it when the window is over.
const TAKE = `local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if n >= tonumber(ARGV[1]) then return {0, n, redis.call('PTTL', KEYS[1]), redis.call('HGET', KEYS[1], 'w')} end
if redis.call('HSETNX', KEYS[1], 'w', ARGV[3]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
n = redis.call('HINCRBY', KEYS[1], 'n', 1)
return {1, n, redis.call('PTTL', KEYS[1]), redis.call('HGET', KEYS[1], 'w')}`
const GIVE_BACK = `if redis.call('HGET', KEYS[1], 'w') == ARGV[1] and tonumber(redis.call('HGET', KEYS[1], 'n')) > 0
then redis.call('HINCRBY', KEYS[1], 'n', -1) end
return 0`

type Reply = [allowed: number, count: number, left: number, window: string]

/** Connects, asks and leaves. @throws Error when that fails */
export async function checkRedis(url: string): Promise<void> {
  const counters = await createRedisCounters(url)
  try {
    await counters.take('doctor', { max: 1, window: 1 })
  } finally {
    await counters.close()
  }
}

/**
 * Counts in Redis. Nothing waits for a connection: while there is none, every call rejects, and the client goes on
 * trying to connect.
 */
export async function createRedisCounters(url: string): Promise<SharedCounters> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: PATIENCE,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5000),
  })
  // Each call rejects by itself; without a listener the event would end the process.
  redis.on('error', () => undefined)
  await redis.connect().catch(() => undefined)
  const name = (key: string) => `latchkey:rate:${keyHash(key)}`
  return {
    async take(key, { max, window }) {
      const fresh = randomBytes(8).toString('base64url')
      const reply = await redis.eval(TAKE, 1, name(key), max, window * 1000, fresh)
      const [allowed, count, left, which] = reply as Reply
      return { allowed: allowed === 1, count, left: Math.max(0, left), window: which }
    },
    async giveBack(key, window) {
      await redis.eval(GIVE_BACK, 1, name(key), window)
    },
    sweep: async () => 0,
    async close() {
      redis.disconnect()
    },
  }
}
