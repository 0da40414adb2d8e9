import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Counters,
  createLocalCounters,
  createSharedCounters,
} from '../../src/http/rate-limits/counters.ts'
import { createDatabaseCounters } from '../../src/storage/counters/database.ts'
import { createRedisCounters } from '../../src/storage/counters/redis.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { hasRedis, type RunningRedis, startRedis } from '../support/redis.ts'
import { migratedDatabase } from '../support/template.ts'

const rule = { max: 3, window: 60 }

/** What every counter holds. `end` lets what is counted under every key be over. */
function contract(open: () => Promise<{ counters: Counters; other: Counters; end(): Promise<void> }>) {
  let counters: Counters
  let other: Counters
  let end: () => Promise<void>
  let keys = 0
  let key = ''
  beforeEach(async () => {
    ;({ counters, other, end } = await open())
    key = `signIn:address:192.0.2.${++keys}`
  })
  const takeAll = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => (n % 2 ? counters : other).take(key, rule)))

  test('allows as many as the rule says, then none until the window is over', async () => {
    for (let n = 1; n <= 3; n++) {
      const taken = await counters.take(key, rule)
      expect(taken).toMatchObject({ allowed: true, count: n })
      expect(taken.left).toBeGreaterThan(0)
      expect(taken.left).toBeLessThanOrEqual(60_000)
    }
    for (let n = 0; n < 3; n++)
      expect(await other.take(key, rule)).toMatchObject({ allowed: false, count: 3 })
    expect(await counters.take(`${key}0`, rule)).toMatchObject({ allowed: true, count: 1 })
    await end()
    expect(await counters.take(key, rule)).toMatchObject({ allowed: true, count: 1 })
  })

  test('two hundred at once, from two processes, are as many as the rule says', async () => {
    const taken = await takeAll(200)
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(3)
  })

  test('what is given back may be taken again, once, and refusals are not on the count', async () => {
    const taken = await takeAll(5)
    const [first] = taken.filter(({ allowed }) => allowed)
    await other.giveBack(key, first?.window ?? '')
    expect(await counters.take(key, rule)).toMatchObject({ allowed: true, count: 3 })
    expect(await counters.take(key, rule)).toMatchObject({ allowed: false })
  })

  test('what belongs to a window that is over is not given back to the next', async () => {
    const { window } = await counters.take(key, rule)
    await end()
    await counters.take(key, rule)
    await counters.giveBack(key, window)
    expect(await counters.take(key, rule)).toMatchObject({ count: 2 })
    for (let n = 0; n < 5; n++) await counters.giveBack(`${key}9`, window)
    expect(await counters.take(`${key}9`, rule)).toMatchObject({ count: 1 })
  })
}

describe('counters of one process', () => {
  let now = Date.UTC(2026, 10, 29)
  contract(async () => {
    const counters = createLocalCounters(() => now)
    return {
      counters,
      other: counters,
      async end() {
        now += 60_000
      },
    }
  })

  test('remember so many keys, and forget who came least lately', async () => {
    const counters = createLocalCounters(() => now, 2)
    await counters.take('a', rule)
    await counters.take('b', rule)
    await counters.take('a', rule)
    await counters.take('c', rule)
    expect(await counters.take('a', rule)).toMatchObject({ count: 3 })
    expect(await counters.take('b', rule)).toMatchObject({ count: 1 })
  })
})

describe('counters in PostgreSQL', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-counters-'))
  let db: Database
  let neighbour: Database
  beforeAll(async () => {
    const options = { databaseUrl: await migratedDatabase('postgresql', dataDir), dataDir, clock: Date.now }
    db = await openDatabase(options)
    neighbour = await openDatabase(options)
  })
  afterAll(async () => {
    await db.close()
    await neighbour.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  // The next window starts later than the last one did: at least a millisecond of the database's clock.
  const end = async () => {
    await db.artifacts.run('UPDATE rate_counters SET resets_at = 1')
    await db.artifacts.get('SELECT pg_sleep(0.002)::text AS slept')
  }

  contract(async () => ({
    counters: createDatabaseCounters(db.artifacts),
    other: createDatabaseCounters(neighbour.artifacts),
    end,
  }))

  test('the table is unlogged; emptied by a crash, all goes on from nothing', async () => {
    const counters = createDatabaseCounters(db.artifacts)
    const table = "SELECT relpersistence::text AS kind FROM pg_class WHERE relname = 'rate_counters'"
    expect(await db.artifacts.get(table)).toEqual({ kind: 'u' })
    for (let n = 0; n < 4; n++) await counters.take('crash', rule)
    const { window } = await counters.take('crash', rule)
    await db.artifacts.run('TRUNCATE rate_counters')
    await counters.giveBack('crash', window)
    expect(await counters.take('crash', rule)).toMatchObject({ allowed: true, count: 1 })
  })

  test('no network address is stored', async () => {
    await createDatabaseCounters(db.artifacts).take('signIn:address:203.0.113.77', rule)
    const rows = await db.artifacts.all<{ key: string }>('SELECT key FROM rate_counters')
    expect(JSON.stringify(rows)).not.toContain('203.0.113')
  })

  test('counts that are over are deleted, in batches; the others stay', async () => {
    const counters = createDatabaseCounters(db.artifacts)
    await db.artifacts.run('TRUNCATE rate_counters')
    for (let n = 0; n < 5; n++) await counters.take(`old ${n}`, rule)
    await end()
    await counters.take('fresh', rule)
    expect([await counters.sweep(3), await counters.sweep(3), await counters.sweep(3)]).toEqual([3, 2, 0])
    expect(await counters.take('fresh', rule)).toMatchObject({ count: 2 })
  })

  test('while the shared counts cannot be reached the own ones go on; it is told once', async () => {
    const failures: unknown[] = []
    const counters = createSharedCounters(
      createLocalCounters(Date.now),
      createDatabaseCounters(db.artifacts),
      { warn: (fields) => failures.push(fields) },
    )
    await counters.take('outage', rule)
    await db.artifacts.run('ALTER TABLE rate_counters RENAME TO elsewhere')
    const during = await counters.take('outage', rule)
    expect(during).toMatchObject({ allowed: true, count: 2 })
    expect(await counters.take('outage', rule)).toMatchObject({ allowed: true, count: 3 })
    expect(await counters.take('outage', rule)).toMatchObject({ allowed: false })
    await counters.giveBack('outage', during.window)
    expect(await counters.take('outage', rule)).toMatchObject({ allowed: true })
    expect(failures).toHaveLength(1)
    await db.artifacts.run('ALTER TABLE elsewhere RENAME TO rate_counters')
    for (let n = 0; n < 3; n++) await counters.take('back again', rule)
    expect(await createDatabaseCounters(neighbour.artifacts).take('back again', rule)).toMatchObject({
      allowed: false,
    })
  })

  test('a flood that this process has counted already asks the database nothing', async () => {
    let asked = 0
    const shared = createDatabaseCounters(db.artifacts)
    const counters = createSharedCounters(
      createLocalCounters(Date.now),
      {
        take(key, options) {
          asked++
          return shared.take(key, options)
        },
        giveBack: shared.giveBack,
      },
      { warn: () => undefined },
    )
    for (let n = 0; n < 50; n++) await counters.take('flood', rule)
    expect(asked).toBe(3)
  })
})

describe.skipIf(!hasRedis)('counters in Redis (needs redis-server)', () => {
  let redis: RunningRedis
  let direct: Redis
  const open: { close(): Promise<void> }[] = []
  const connect = async () => {
    const counters = await createRedisCounters(redis.url)
    open.push(counters)
    return counters
  }
  beforeAll(async () => {
    redis = await startRedis()
    direct = new Redis(redis.url)
  })
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close()
  })
  afterAll(async () => {
    direct.disconnect()
    await redis.stop()
  })

  contract(async () => ({
    counters: await connect(),
    other: await connect(),
    end: async () => void (await direct.flushall()),
  }))

  test('every count ends by itself, and no network address is stored', async () => {
    const counters = await connect()
    await counters.take('signIn:address:203.0.113.77', rule)
    const keys = await direct.keys('latchkey:*')
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) {
      expect(key).not.toContain('203.0.113')
      expect(await direct.pttl(key)).toBeGreaterThan(0)
    }
  })

  test('while it is away the own counts go on at once; when it is back it counts again', async () => {
    const one = await startRedis()
    const port = Number(new URL(one.url).port)
    const shared = await createRedisCounters(one.url)
    open.push(shared)
    const failures: unknown[] = []
    const counters = createSharedCounters(createLocalCounters(Date.now), shared, {
      warn: (fields) => failures.push(fields),
    })
    expect(await counters.take('key', rule)).toMatchObject({ allowed: true })
    await one.stop()
    expect(await counters.take('key', rule)).toMatchObject({ allowed: true, count: 2 })
    expect(failures).toHaveLength(1)
    const again = await startRedis(port)
    try {
      for (;;) {
        const reached = await shared.take('back', rule).catch(() => undefined)
        if (reached) break
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      await again.stop()
    }
  })

  test('a Redis that is not there at the start stops nothing', async () => {
    const counters = await createRedisCounters('redis://127.0.0.1:1')
    open.push(counters)
    await expect(counters.take('key', rule)).rejects.toThrow()
  })
})
