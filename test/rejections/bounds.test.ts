import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRecorder, type RejectedRequest } from '../../src/rejections/recorder.ts'
import { createRejections } from '../../src/rejections/rejections.ts'
import type { RejectionRow } from '../../src/rejections/store.ts'
import { engines, type OpenedDatabase, openOn } from '../clients/engines.ts'

const rejected = (over: Partial<RejectedRequest> = {}): RejectedRequest => ({
  id: crypto.randomUUID(),
  endpoint: 'authorization',
  clientId: 'lk_one',
  error: 'invalid_request',
  description: () => undefined,
  details: () => ({}),
  lookUp: async () => ({}),
  ...over,
})

/** A recorder on a table in memory, with a clock of its own. */
function recorderWith(insert?: (rows: readonly RejectionRow[]) => Promise<void>) {
  const time = { now: 1_795_000_000_000 }
  const rows: RejectionRow[] = []
  const warnings: string[] = []
  const recorder = createRecorder({
    store: { insert: insert ?? (async (batch) => void rows.push(...batch)) },
    clock: () => time.now,
    log: { warn: (_fields: unknown, message: unknown) => void warnings.push(String(message)) },
  })
  return { recorder, rows, time, warnings }
}

describe('what is kept of a flood', () => {
  test('of one client at one endpoint, twenty a minute; the rest is counted', async () => {
    const { recorder, rows, time } = recorderWith()
    for (let second = 0; second < 60; second++) {
      time.now += 1000
      for (let i = 0; i < 50; i++) recorder.record(rejected())
    }
    await recorder.flush()
    // The sixty seconds may lie in two minutes of the clock.
    expect(rows.length).toBeGreaterThanOrEqual(20)
    expect(rows.length).toBeLessThanOrEqual(40)
    expect(rows.length + recorder.dropped()).toBe(3000)
  })

  test('it does not keep others out', async () => {
    const { recorder, rows, time } = recorderWith()
    for (let i = 0; i < 1000; i++) recorder.record(rejected({ clientId: 'lk_flooded' }))
    time.now += 2000
    for (let i = 0; i < 1000; i++) recorder.record(rejected({ clientId: 'lk_flooded' }))
    recorder.record(rejected({ clientId: 'lk_honest' }))
    recorder.record(rejected({ clientId: 'lk_flooded', endpoint: 'token' }))
    await recorder.flush()
    expect(rows.filter(({ clientId }) => clientId === 'lk_honest')).toHaveLength(1)
    expect(rows.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(1)
  })

  test('made-up names count as one client, addresses as client_id too', async () => {
    const { recorder, rows, time } = recorderWith()
    for (let i = 0; i < 50; i++) {
      time.now += 500
      recorder.record(
        rejected({ clientId: undefined, details: () => ({ claimed_client_id: `made-up-${i}` }) }),
      )
      recorder.record(rejected({ clientId: `https://client-${i}.example/metadata` }))
    }
    await recorder.flush()
    expect(rows.length).toBeLessThanOrEqual(40)
  })

  test('of any number of clients, five a second', async () => {
    const { recorder, rows, time } = recorderWith()
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 100; i++) recorder.record(rejected({ clientId: `lk_${second}_${i}` }))
      time.now += 1000
      await recorder.flush()
    }
    expect(rows.length).toBeGreaterThan(90)
    expect(rows.length).toBeLessThanOrEqual(20 + 20 * 5)
  })

  test('what is dropped is not even looked at', () => {
    const { recorder } = recorderWith()
    let looked = 0
    const details = () => {
      looked++
      return {}
    }
    for (let i = 0; i < 1000; i++) recorder.record(rejected({ details }))
    expect(looked).toBe(20)
  })
})

describe('recording fails nothing', () => {
  test('details or a look-up that throw', async () => {
    const { recorder, rows } = recorderWith()
    const broken = () => {
      throw new Error('broken')
    }
    expect(() => recorder.record(rejected({ details: broken }))).not.toThrow()
    recorder.record(
      rejected({ lookUp: () => Promise.reject(new Error('away')), details: () => ({ scope: 'x' }) }),
    )
    await recorder.flush()
    expect(rows.map(({ facts }) => JSON.parse(facts))).toEqual([{ scope: 'x' }])
    expect(recorder.dropped()).toBe(1)
  })

  test('a database that is away: said once, kept for later, in bounds', async () => {
    const stored: RejectionRow[] = []
    let away = true
    const { recorder, time, warnings } = recorderWith(async (batch) => {
      if (away) throw new Error('away')
      stored.push(...batch)
    })
    for (let i = 0; i < 300; i++) {
      time.now += 1000
      recorder.record(rejected({ clientId: `lk_${i}` }))
      await recorder.flush()
    }
    expect(warnings).toHaveLength(1)
    away = false
    await recorder.close()
    expect(stored).toHaveLength(200)
    expect(recorder.dropped()).toBe(100)
  })

  test('two reports of one request are one row: what the person saw', async () => {
    const { recorder, rows } = recorderWith()
    const id = crypto.randomUUID()
    recorder.record(rejected({ id, error: 'invalid_scope' }))
    recorder.record(rejected({ id, error: 'invalid_redirect_uri' }))
    await recorder.flush()
    expect(rows.map(({ error }) => error)).toEqual(['invalid_redirect_uri'])
  })
})

describe.each(engines)('how long it is kept on %s', (engine) => {
  let db: OpenedDatabase
  const time = { now: 1_795_000_000_000 }
  const DAY = 86_400_000
  beforeAll(async () => {
    db = await openOn(engine, () => time.now)
  })
  afterAll(() => db.close())

  const open = (bounds = {}, on: Pick<OpenedDatabase, 'prisma' | 'reads'> = db) =>
    createRejections({
      db: on,
      clock: () => time.now,
      log: { warn: () => undefined },
      clients: {
        get: () => Promise.reject(new Error('not asked')),
        similarTo: async () => [],
        withRedirectUri: async () => [],
        setRedirectUris: async () => undefined,
      },
      redirectUriProblem: () => undefined,
      events: () => undefined,
      bounds,
    })
  const fill = (count: number, over: Partial<RejectionRow> = {}) =>
    db.prisma.rejection.createMany({
      data: Array.from({ length: count }, (_, index) => ({
        id: crypto.randomUUID(),
        at: new Date(time.now - index * 1000),
        endpoint: 'token',
        clientId: 'lk_one',
        error: 'invalid_grant',
        facts: '{}',
        ...over,
      })),
    })
  async function pruneAll(rejections: ReturnType<typeof open>): Promise<number[]> {
    const batches: number[] = []
    for (let count = await rejections.prune(); count > 0; count = await rejections.prune())
      batches.push(count)
    return batches
  }

  test('fourteen days, in batches', async () => {
    await fill(25, { at: new Date(time.now - 15 * DAY) })
    await fill(5, { at: new Date(time.now - 13 * DAY) })
    expect(await pruneAll(open({ batch: 10 }))).toEqual([10, 10, 5])
    expect(await db.prisma.rejection.count()).toBe(5)
    await db.prisma.rejection.deleteMany()
  })

  test('the newest so many rows', async () => {
    for (let i = 0; i < 4; i++) await fill(10, { clientId: `lk_${i}`, at: new Date(time.now - i * DAY) })
    await pruneAll(open({ rows: 25, batch: 10 }))
    const left = await db.prisma.rejection.groupBy({
      by: ['clientId'],
      _count: true,
      orderBy: { clientId: 'asc' },
    })
    expect(left.map(({ clientId, _count }) => [clientId, _count])).toEqual([
      ['lk_0', 10],
      ['lk_1', 10],
      ['lk_2', 5],
    ])
    await db.prisma.rejection.deleteMany()
  })

  test('a client that fills the table loses its own oldest, and nobody else anything', async () => {
    await fill(60, { clientId: null })
    await fill(60, { clientId: 'lk_loud', endpoint: 'authorization' })
    await fill(3, { clientId: 'lk_quiet', at: new Date(time.now - DAY) })
    const [newest] = await db.prisma.rejection.findMany({
      where: { clientId: null },
      orderBy: { at: 'desc' },
      take: 1,
    })
    await pruneAll(open({ share: 20, rows: 50, batch: 15 }))
    const count = (clientId: string | null) => db.prisma.rejection.count({ where: { clientId } })
    expect(await Promise.all([count(null), count('lk_loud'), count('lk_quiet')])).toEqual([20, 20, 3])
    expect(await db.prisma.rejection.findUnique({ where: { id: newest?.id ?? '' } })).not.toBeNull()
    await db.prisma.rejection.deleteMany()
  })

  test('two processes: each sees what the other kept, and both prune', async () => {
    const second = await db.second()
    const [a, b] = [open(), open({}, second)]
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()]
    a.record(rejected({ id: one }))
    b.record(rejected({ id: two }))
    await Promise.all([a.flush(), b.flush()])
    expect((await a.get(two)).id).toBe(two)
    expect((await b.get(one)).id).toBe(one)
    await fill(40, { at: new Date(time.now - 15 * DAY) })
    await Promise.all([pruneAll(a), pruneAll(b)])
    expect((await a.list()).items.map(({ id }) => id).sort()).toEqual([one, two].sort())
    await db.prisma.rejection.deleteMany()
  })
  test('details of another version keep what is still known of them', async () => {
    const id = crypto.randomUUID()
    const facts = JSON.stringify({ scope: 'openid', resource: 'once a text', client: 'martian', later: 1 })
    await fill(1, { id, facts })
    expect((await open().get(id)).details).toEqual({ scope: 'openid' })
    await db.prisma.rejection.update({ where: { id }, data: { facts: 'no JSON' } })
    expect((await open().get(id)).details).toEqual({})
    await db.prisma.rejection.deleteMany()
  })
})
