import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as argon2 from 'argon2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDearestCost } from '../../src/accounts/passwords/dearest-cost.ts'
import { createHasher, type HashingCost } from '../../src/accounts/passwords/hashing.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { migratedDatabase } from '../support/template.ts'

/** The parameters of every argon2 operation, in order. */
const paid: string[] = []
const counting = {
  hash: (async (text: string, cost: HashingCost) => {
    paid.push(`hash m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`)
    return argon2.hash(text, cost)
  }) as typeof argon2.hash,
  verify: async (hash: string, text: string | Buffer) => {
    const parameter = (name: string) => new RegExp(`[$,](${name}=\\d+)`).exec(hash)?.[1]
    paid.push(`verify ${parameter('m')},${parameter('t')},${parameter('p')}`)
    return argon2.verify(hash, text)
  },
}

const CHEAP: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const DEAR: HashingCost = { memoryCost: 32_768, timeCost: 3, parallelism: 1 }
const password = 'glass-otter-72-harbour'
/** KiB that were filled, over all passes. */
const work = () =>
  paid.reduce((sum, each) => {
    const [, memory, passes] = /m=(\d+),t=(\d+)/.exec(each) ?? []
    return sum + Number(memory) * Number(passes)
  }, 0)

describe.each(['sqlite', 'postgresql'] as const)('what a refusal costs, on %s', (engine) => {
  let db: Database
  let folder: string
  let cost: HashingCost
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `latchkey-cost-${randomUUID()}`))
    const databaseUrl = await migratedDatabase(engine, folder)
    db = await openDatabase({ databaseUrl, dataDir: folder, clock: Date.now })
  })
  afterAll(async () => {
    await db.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    await db.prisma.storedSettings.deleteMany()
    cost = CHEAP
  })
  /** As a process has it that starts now. */
  const started = async () => {
    const today = () => cost
    const dearest = await openDearestCost({ db, cost: today })
    return createHasher({ clock: Date.now, cost: today, dearest, argon2: counting })
  }
  const costOf = async (act: () => Promise<unknown>) => {
    paid.length = 0
    await act()
    return { operations: [...paid], work: work() }
  }

  test('raised: a wrong password on a cheaper hash pays the rest, and an unknown account the whole', async () => {
    const hasher = await started()
    const hash = await hasher.hash(password)
    cost = DEAR
    const unknown = await costOf(() => hasher.verifyNothing(password))
    expect(unknown.operations).toEqual(['verify m=32768,t=3,p=1'])
    const wrong = await costOf(() => hasher.verify(hash, 'wrong'))
    expect(wrong.operations).toEqual(['verify m=19456,t=2,p=1', 'verify m=19797,t=3,p=1'])
    // The rest is a whole number of KiB a pass.
    expect(unknown.work - wrong.work).toBeLessThan(DEAR.timeCost)
    expect(unknown.work).toBeGreaterThanOrEqual(wrong.work)
    const right = await costOf(() => hasher.verify(hash, password))
    expect(right.operations).toEqual(['verify m=19456,t=2,p=1'])
    expect(hasher.needsRehash(hash)).toBe(true)
  })

  test('lowered: a wrong password on a dearer hash pays that alone, and so do the others, after a restart too', async () => {
    cost = DEAR
    const before = await started()
    const dear = await before.hash(password)
    cost = CHEAP
    for (const hasher of [before, await started()]) {
      const cheap = await hasher.hash(password)
      expect(cheap).toContain('m=19456')
      const unknown = await costOf(() => hasher.verifyNothing(password))
      expect(unknown.operations).toEqual(['verify m=32768,t=3,p=1'])
      const wrong = await costOf(() => hasher.verify(dear, 'wrong'))
      expect(wrong.operations).toEqual(['verify m=32768,t=3,p=1'])
      const replaced = await costOf(() => hasher.verify(cheap, 'wrong'))
      expect(unknown.work - replaced.work).toBeLessThan(DEAR.timeCost)
      expect(unknown.work).toBeGreaterThanOrEqual(replaced.work)
    }
  })

  test('at the floor nothing is stored, and a refusal is one operation', async () => {
    const hasher = await started()
    const hash = await hasher.hash(password)
    const wrong = await costOf(() => hasher.verify(hash, 'wrong'))
    expect(wrong.operations).toEqual(['verify m=19456,t=2,p=1'])
    expect(await costOf(() => hasher.verifyNothing('wrong'))).toEqual(wrong)
    expect(await db.prisma.storedSettings.count()).toBe(0)
  })

  test('the dearest of many that are kept at once stays', async () => {
    const costs = [4, 9, 3, 7, 5].map((timeCost) => ({ ...CHEAP, timeCost }))
    await Promise.all(costs.map((each) => openDearestCost({ db, cost: () => each })))
    expect((await openDearestCost({ db, cost: () => CHEAP })).now()).toEqual({ ...CHEAP, timeCost: 9 })
  })
})
