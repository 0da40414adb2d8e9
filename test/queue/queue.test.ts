import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { LEASE } from '../../src/queue/lane.ts'
import { RETENTION } from '../../src/queue/queue.ts'
import { createQueueStore, type QueueStore } from '../../src/queue/store.ts'
import { currentAuditContext, runInAuditContext } from '../../src/shared/audit-context.ts'
import { type Courier, type Delivery, type Outcome, pauseAfter } from '../../src/shared/delivery.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { eventually } from '../support/eventually.ts'
import { engines } from '../support/latchkey.ts'
import { openQueue } from '../support/queue.ts'
import { migratedDatabase } from '../support/template.ts'

const START = Date.UTC(2026, 10, 30, 12)
const secrets = createSecrets('x'.repeat(40))

describe.each(engines)('the queue on %s', (engine) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-queue-'))
  let databaseUrl: string
  let db: Database
  let store: QueueStore
  let now = START
  const clock = () => now
  beforeAll(async () => {
    databaseUrl = await migratedDatabase(engine, dataDir)
    db = await openDatabase({ databaseUrl, dataDir, clock })
    store = createQueueStore(db)
  })
  beforeEach(async () => {
    now = START
    await db.prisma.delivery.deleteMany()
  })
  afterAll(async () => {
    await db?.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const rows = () => db.prisma.delivery.findMany({ orderBy: { id: 'asc' } })
  const courier = (deliver: Courier['deliver'], more: Partial<Courier> = {}): Courier => ({
    kind: 'test',
    width: 4,
    secret: false,
    keepsDone: false,
    hurries: false,
    deliver,
    ...more,
  })
  const done = async (): Promise<Outcome> => ({ kind: 'done' })
  const queueOf = (deliver: Courier['deliver'], more: Partial<Courier> = {}, on = db) => {
    const queue = openQueue(on, { secrets, clock })
    return { queue, lane: queue.open(courier(deliver, more)) }
  }

  test('what is added is tried at once and deleted when it is done', async () => {
    const seen: Delivery[] = []
    const { lane } = queueOf(async (delivery) => {
      seen.push(delivery)
      return { kind: 'done' }
    })
    await lane.add([{ subject: 'a', payload: 'one' }, { payload: 'two' }])
    await lane.idle()
    expect(seen).toMatchObject([
      { subject: 'a', payload: 'one', tries: 1, createdAt: START },
      { subject: '', payload: 'two', tries: 1 },
    ])
    expect(await rows()).toEqual([])
    expect(lane.load()).toEqual({ running: 0, waiting: 0 })
  })

  test('it is on disk when add resolves, whatever becomes of it', async () => {
    const hold = Promise.withResolvers<Outcome>()
    const { lane } = queueOf(() => hold.promise)
    await lane.add([{ payload: 'kept' }])
    expect(await rows()).toMatchObject([{ payload: 'kept', status: 'waiting' }])
    hold.resolve({ kind: 'done' })
    await lane.idle()
  })

  test('a row goes to one of many that take at the same time', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `id${String(index).padStart(3, '0')}`)
    await store.insert(
      ids.map((id) => ({ id, kind: 'test', subject: '', payload: id, due: now })),
      now,
    )
    const take = (token: string) =>
      store.take({ kind: 'test', token, now, until: now + LEASE, limit: 3, except: [] })
    const taken = await Promise.all(Array.from({ length: 30 }, (_, index) => take(`t${index}`)))
    const found = taken.flat().map(({ id }) => id)
    expect(new Set(found).size).toBe(found.length)
    // SKIP LOCKED may leave a taker with less than there is, and nothing twice.
    for (let more = await take('rest'); more.length > 0; more = await take('rest'))
      found.push(...more.map(({ id }) => id))
    expect(found.toSorted()).toEqual(ids)
  })

  test('kinds, subjects that are busy, what is not due and what is over are not taken', async () => {
    const row = (id: string, more: object = {}) => ({
      id,
      kind: 'test',
      subject: '',
      payload: '',
      due: now,
      ...more,
    })
    await store.insert(
      [row('1', { kind: 'other' }), row('2', { subject: 'busy' }), row('3', { due: now + 1 }), row('4')],
      now,
    )
    const taking = { kind: 'test', token: 't', now, until: now + LEASE, limit: 9, except: ['busy'] }
    expect((await store.take(taking)).map(({ id }) => id)).toEqual(['4'])
    await store.end('4', 't', { status: 'failed', now, result: '', keepPayload: false })
    now += LEASE + 1
    const later = { ...taking, now, until: now + LEASE, except: [] }
    expect((await store.take(later)).map(({ id }) => id)).toEqual(['2', '3'])
    expect(await store.isDue('test', now)).toBe(false)
    expect(await store.isDue('other', now)).toBe(true)
  })

  test('only who has it by now may say what became of it', async () => {
    await store.insert([{ id: '1', kind: 'test', subject: '', payload: 'p', due: now }], now)
    const taking = { kind: 'test', until: now + LEASE, limit: 1, except: [] }
    await store.take({ ...taking, token: 'first', now })
    now += LEASE
    const [again] = await store.take({ ...taking, token: 'second', now, until: now + LEASE })
    expect(again).toMatchObject({ id: '1', tries: 2 })
    expect(await store.remove('1', 'first')).toBe(false)
    expect(await store.extend('1', 'first', now + LEASE)).toBe(false)
    expect(await store.release('1', 'first', { due: now })).toBe(false)
    expect(await store.end('1', 'first', { status: 'done', now, result: '', keepPayload: true })).toBe(false)
    expect(await store.extend('1', 'second', now + LEASE)).toBe(true)
    expect(await store.remove('1', 'second')).toBe(true)
  })

  test('what a killed process had comes back when its lease is over', async () => {
    await store.insert([{ id: '1', kind: 'test', subject: '', payload: 'orphan', due: now }], now)
    await store.take({ kind: 'test', token: 'gone', now, until: now + LEASE, limit: 1, except: [] })
    const seen: string[] = []
    const { queue } = queueOf(async ({ payload, tries }) => {
      seen.push(`${payload} ${tries}`)
      return { kind: 'done' }
    })
    await queue.run()
    expect(seen).toEqual([])
    now += LEASE
    await queue.run()
    expect(seen).toEqual(['orphan 2'])
  })

  test('two processes share the work, and nothing is tried twice', async () => {
    const other = engine === 'postgresql' ? await openDatabase({ databaseUrl, dataDir, clock }) : db
    const seen: string[] = []
    const deliver = async ({ payload }: Delivery): Promise<Outcome> => {
      seen.push(payload)
      await new Promise((resolve) => setImmediate(resolve))
      return { kind: 'done' }
    }
    const [one, two] = [queueOf(deliver), queueOf(deliver, {}, other)]
    const all = Array.from({ length: 200 }, (_, index) => `job ${index}`)
    await Promise.all(all.map((payload, index) => (index % 2 ? one : two).lane.add([{ payload }])))
    await Promise.all([one.queue.run(), two.queue.run()])
    expect(seen.toSorted()).toEqual(all.toSorted())
    expect(await rows()).toEqual([])
    if (other !== db) await other.close()
  })

  test('again means later, with what is to be tried then', async () => {
    const outcomes: Outcome[] = [
      { kind: 'again', after: 7_200_000, payload: 'changed', result: { code: 503 } },
      { kind: 'done' },
    ]
    const seen: string[] = []
    const { queue, lane } = queueOf(async ({ payload, tries }) => {
      seen.push(`${payload} ${tries}`)
      return outcomes.shift() ?? { kind: 'done' }
    })
    await lane.add([{ payload: 'first' }])
    await lane.idle()
    expect(await rows()).toMatchObject([
      { payload: 'changed', tries: 1, result: '{"code":503}', takenBy: '' },
    ])
    now += 7_199_999
    await queue.run()
    expect(seen).toEqual(['first 1'])
    now += 1
    await queue.run()
    expect(seen).toEqual(['first 1', 'changed 2'])
  })

  test('a secret payload is sealed in its own row, and gone once it is over', async () => {
    const looked = Promise.withResolvers<void>()
    const refused = async (): Promise<Outcome> => {
      await looked.promise
      return { kind: 'failed', result: { why: 'refused' } }
    }
    const failing = queueOf(refused, { secret: true })
    await failing.lane.add([{ payload: 'https://id.example/?token=abc' }])
    const [before] = await rows()
    expect(before?.payload).toMatch(/^v1\./)
    looked.resolve()
    await failing.lane.idle()
    expect(await rows()).toMatchObject([{ status: 'failed', payload: '', result: '{"why":"refused"}' }])

    await db.prisma.delivery.deleteMany()
    const held: string[] = []
    const holding = queueOf(
      async ({ payload }) => {
        held.push(payload)
        return { kind: 'done' }
      },
      { secret: true },
    )
    // Another row's payload does not open.
    await db.prisma.delivery.create({
      data: {
        id: 'swapped',
        kind: 'test',
        payload: before?.payload ?? '',
        due: new Date(now),
        createdAt: new Date(now),
      },
    })
    await holding.queue.run()
    expect(held).toEqual([])
    expect(await rows()).toMatchObject([{ id: 'swapped', status: 'failed', payload: '' }])
  })

  test('at most so many at once, and so many to one subject', async () => {
    let [running, most, mostSlow] = [0, 0, 0]
    const slow = new Set<string>()
    const open = Promise.withResolvers<void>()
    const deliver = async ({ id, subject }: Delivery): Promise<Outcome> => {
      most = Math.max(most, ++running)
      if (subject === 'slow') mostSlow = Math.max(mostSlow, slow.add(id).size)
      await open.promise
      running -= 1
      slow.delete(id)
      return { kind: 'done' }
    }
    const { queue, lane } = queueOf(deliver, { perSubject: 2 })
    await lane.add([
      ...Array.from({ length: 12 }, () => ({ subject: 'slow', payload: 's' })),
      ...Array.from({ length: 12 }, (_, index) => ({ subject: `quick${index}`, payload: 'q' })),
    ])
    await eventually(() => expect(running).toBeGreaterThanOrEqual(4))
    open.resolve()
    await queue.run()
    expect(most).toBe(4)
    expect(mostSlow).toBe(2)
    expect(await rows()).toEqual([])
  })

  test('receivers that hang hold up none but themselves, however many they are', async () => {
    const holds: PromiseWithResolvers<Outcome>[] = []
    const arrived = Promise.withResolvers<void>()
    let quick = 0
    const deliver = async ({ subject }: Delivery): Promise<Outcome> => {
      if (subject.startsWith('quick')) {
        quick += 1
        if (quick === 12) arrived.resolve()
        return { kind: 'done' }
      }
      const hold = Promise.withResolvers<Outcome>()
      holds.push(hold)
      return hold.promise
    }
    const { lane, queue } = queueOf(deliver, { perSubject: 2 })
    const rowsOf = (name: string, subjects: number, all: number) =>
      Array.from({ length: all }, (_, index) => ({ subject: `${name}${index % subjects}`, payload: '' }))
    let later = 0
    const passed = vi.spyOn(performance, 'now').mockImplementation(() => later)
    try {
      // Nothing is known of them at first, and two have the whole lane.
      await lane.add(rowsOf('hangs', 2, 40))
      await eventually(() => expect(holds).toHaveLength(4))
      await lane.add(rowsOf('quick', 3, 12))
      later += 1500
      for (const { resolve } of holds.slice(0, 2)) resolve({ kind: 'again', after: 3_600_001 })
      await arrived.promise
      expect(holds).toHaveLength(4)
    } finally {
      passed.mockRestore()
      await queue.close(0)
      for (const { resolve } of holds) resolve({ kind: 'done' })
    }
  })

  test('what becomes of a delivery is not said to be the doing of the request that it was added in', async () => {
    const actor = { kind: 'account', id: 'ada' } as const
    const seen: unknown[] = []
    const { lane } = queueOf(async () => {
      seen.push(currentAuditContext())
      return { kind: 'done' }
    })
    await runInAuditContext({ actor, settling: [] }, () => lane.add([{ payload: 'x' }]))
    await lane.idle()
    expect(seen).toEqual([undefined])
  })

  test('what a courier throws is tried again, and given up in the end', async () => {
    const { queue, lane } = queueOf(async () => {
      throw new Error('no such thing')
    })
    await lane.add([{ payload: 'x' }])
    for (let tries = 1; tries < 12; tries++) {
      await queue.run()
      expect(await rows()).toMatchObject([{ status: 'waiting', tries }])
      now += pauseAfter(tries)
    }
    await queue.run()
    expect(await rows()).toMatchObject([{ status: 'failed', tries: 12 }])
  })

  test('an end gives back what is under way, as not tried', async () => {
    const started = Promise.withResolvers<void>()
    const { queue, lane } = queueOf((_, signal) => {
      started.resolve()
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      )
    })
    await lane.add([{ payload: 'x' }])
    await started.promise
    await queue.close(1000)
    expect(await rows()).toMatchObject([{ status: 'waiting', tries: 0, takenBy: '' }])
    await lane.add([{ payload: 'y' }])
    expect(await rows()).toHaveLength(2)
  })

  test('an end whose time is over already waits for nothing that hangs', async () => {
    const started = Promise.withResolvers<void>()
    const hangs = () => {
      started.resolve()
      return new Promise<Outcome>(() => undefined)
    }
    const { lane } = queueOf(hangs, { hurries: true })
    await lane.add([{ payload: 'x' }])
    await started.promise
    await lane.close(AbortSignal.abort())
    // Its lease ends, and another process has it.
    expect(await rows()).toMatchObject([{ status: 'waiting', tries: 1 }])
  })

  test('a kind that hurries is tried once more at the end', async () => {
    const seen: string[] = []
    const { queue, lane } = queueOf(
      async ({ payload }) => {
        seen.push(payload)
        return { kind: 'done' }
      },
      { hurries: true, width: 1 },
    )
    const added = ['1', '2', '3', '4', '5', '6'].map((payload) => lane.add([{ payload }]))
    await Promise.all(added)
    await queue.close(5000)
    expect(seen.toSorted()).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  test('started, it finds what another process has added', async () => {
    const seen: string[] = []
    const { queue } = queueOf(async ({ payload }) => {
      seen.push(payload)
      return { kind: 'done' }
    })
    await store.insert([{ id: '1', kind: 'test', subject: '', payload: 'left behind', due: now }], now)
    queue.start(5)
    await eventually(() => expect(seen).toEqual(['left behind']))
    await db.prisma.$transaction((tx) =>
      store.insertIn(tx, [{ id: '2', kind: 'test', subject: '', payload: 'later', due: now }], now),
    )
    await eventually(() => expect(seen).toEqual(['left behind', 'later']))
    await queue.close(1000)
  })

  test('what its caller rolls back was never added', async () => {
    const failing = db.prisma.$transaction(async (tx) => {
      await store.insertIn(tx, [{ id: '1', kind: 'test', subject: '', payload: 'x', due: now }], now)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await rows()).toEqual([])
  })

  test('what is over goes after its retention, a batch at a time', async () => {
    const { queue, lane } = queueOf(done, { keepsDone: true })
    await lane.add([{ payload: 'kept to be looked at' }])
    await lane.idle()
    expect(await rows()).toMatchObject([{ status: 'done', payload: 'kept to be looked at' }])
    now += RETENTION
    expect(await queue.sweep()).toBe(0)
    now += 1
    expect(await queue.sweep()).toBe(1)
    expect(await rows()).toEqual([])
  })
})
