import { expect, test, vi } from 'vitest'
import { createConcurrencyLimit } from '../../src/accounts/passwords/concurrency-limit.ts'
import { createHasher, decoyHash, timeOfHash } from '../../src/accounts/passwords/hashing.ts'

const clock = Date.now
const password = 'glass-otter-72-harbour'

test('hashes are argon2id with at least 19 MiB and two passes, salted', async () => {
  const hasher = createHasher({ clock })
  const [first, second] = await Promise.all([hasher.hash(password), hasher.hash(password)])
  expect(first).toMatch(/^\$argon2id\$v=19\$/)
  expect(first).toMatch(/m=19456/)
  expect(first).toMatch(/t=2/)
  expect(first).not.toBe(second)
  expect(await hasher.verify(first, password)).toBe(true)
  expect(await hasher.verify(first, `${password}x`)).toBe(false)
  expect(hasher.needsRehash(first)).toBe(false)
})

test('a password is compared as typed: no trimming, no case folding, no cutting, only NFC', async () => {
  const hasher = createHasher({ clock })
  const long = `${'é'.repeat(127)}x`
  const hash = await hasher.hash(long)
  expect(await hasher.verify(hash, long.normalize('NFD'))).toBe(true)
  for (const other of [`${long} `, long.toUpperCase(), `${'é'.repeat(127)}y`]) {
    expect(await hasher.verify(hash, other)).toBe(false)
  }
})

test('the decoy has today’s parameters, and nothing verifies against it', async () => {
  const hasher = createHasher({ clock })
  expect(hasher.needsRehash(decoyHash())).toBe(false)
  expect(await hasher.verifyNothing(password)).toBe(false)
})

test('lower parameters or another algorithm ask for a new hash', () => {
  const hasher = createHasher({ clock })
  expect(hasher.needsRehash(decoyHash().replace('m=19456', 'm=8192'))).toBe(true)
  expect(hasher.needsRehash('$2b$10$abcdefghijklmnopqrstuv')).toBe(true)
})

test('costs that were raised count at once: for new hashes, and for what an unknown account costs', async () => {
  const cost = { memoryCost: 64, timeCost: 2, parallelism: 1 }
  const hasher = createHasher({ clock, cost: () => ({ ...cost }) })
  const before = await hasher.hash(password)
  expect(hasher.needsRehash(before)).toBe(false)
  cost.memoryCost = 128
  expect(hasher.needsRehash(before)).toBe(true)
  expect(await hasher.verify(before, password)).toBe(true)
  expect(await hasher.verify(before, `${password}x`)).toBe(false)
  expect(await hasher.hash(password)).toContain('m=128')
})

test('the time of a hash is the middle of five that were measured', async () => {
  const readings = [0, 90, 100, 110, 200, 270, 300, 330, 400, 450]
  const looked = vi.spyOn(performance, 'now').mockImplementation(() => readings.shift() ?? Number.NaN)
  expect(await timeOfHash({ memoryCost: 64, timeCost: 1, parallelism: 1 })).toBe(50)
  expect(looked).toHaveBeenCalledTimes(10)
})

test('beyond the queue the answer is 503 with Retry-After, and nothing was started', async () => {
  const hasher = createHasher({ clock, concurrency: 1, queueLimit: 2 })
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.verifyNothing(password)))
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array(3).fill('fulfilled'),
    ...Array(7).fill('rejected'),
  ])
  for (const outcome of outcomes.slice(3)) {
    expect(outcome).toMatchObject({ reason: { code: 'overloaded', status: 503 } })
    expect(outcome.status === 'rejected' && outcome.reason.retryAfter).toBeGreaterThanOrEqual(1)
  }
  expect(hasher.load).toEqual({ running: 0, waiting: 0 })
})

test('no more jobs than allowed run at once; they run in order; a failing one frees its place', async () => {
  const gate = createConcurrencyLimit({ concurrency: 2, queueLimit: 10, clock })
  const started: number[] = []
  let running = 0
  let most = 0
  const job = (number: number) => async () => {
    started.push(number)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    if (number % 2) throw new Error('broken')
  }
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((number) => gate.run(job(number))))
  expect(most).toBe(2)
  expect(started).toEqual([0, 1, 2, 3, 4, 5])
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(3)
  expect(gate.load).toEqual({ running: 0, waiting: 0 })
})
