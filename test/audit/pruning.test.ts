import { expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { entry, openLog, recordMany } from './support.ts'

const DAY = 86_400_000

test.each(engines)('pruning on %s keeps what is left verifiable', async (engine) => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const log = await openLog(engine, { clock: () => now, retention: 30 })
  const { audit } = log
  expect(await audit.prune()).toBe(0)
  await recordMany(log, 5)
  const old = await audit.head()
  now += 20 * DAY
  await recordMany(log, 5)
  const kept = await audit.head()
  expect(await audit.prune()).toBe(0)

  now += 15 * DAY
  expect(await audit.prune()).toBe(5)
  expect(await audit.prune()).toBe(0)
  expect(await audit.verify({ head: kept })).toMatchObject({ ok: true, entries: 5, first: 6 })
  // The head from before what is left has nothing to be compared with; the one at its edge has.
  expect(await audit.verify({ head: old })).toMatchObject({ ok: true })
  expect(
    await audit.verify({ head: old.replace(/(?<=:)./, (first) => (first === '_' ? '-' : '_')) }),
  ).toMatchObject({ ok: false })
  await audit.record(entry('next'))
  expect((await audit.list()).items[0]?.seq).toBe(11)
  expect(await audit.verify()).toMatchObject({ ok: true, entries: 6 })

  now += 100 * DAY
  expect(await audit.prune()).toBe(6)
  expect(await audit.verify({ head: kept })).toMatchObject({ ok: true, entries: 0 })
  expect(await log.another().then(({ audit: later }) => later.record(entry('after')))).toBeUndefined()
  expect(await audit.verify()).toMatchObject({ ok: true, entries: 1, first: 12 })
})

test('of two processes that prune at once, one does', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const mine = await openLog('postgresql', { clock: () => now, retention: 30 })
  const theirs = await mine.another()
  await recordMany(mine, 5)
  now += 60 * DAY
  const counts = await Promise.all([mine.audit.prune(), theirs.audit.prune()])
  expect(counts.toSorted()).toEqual([0, 5])
  expect(await mine.audit.verify()).toMatchObject({ ok: true, entries: 0 })
})

test('the log is verified while old entries go and new ones come', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const log = await openLog('postgresql', { clock: () => now, retention: 30 })
  await Promise.all(Array.from({ length: 1200 }, (_, number) => log.audit.record(entry(number))))
  now += 60 * DAY
  const results = [log.audit.verify()]
  while ((await log.audit.prune()) > 0) {
    results.push(log.audit.verify())
    await log.audit.record(entry('new'))
  }
  for (const { problems } of await Promise.all(results)) expect(problems).toEqual([])
})

test('pruning does not wash away the traces of a change', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const log = await openLog('sqlite', { clock: () => now, retention: 30 })
  await recordMany(log, 5)
  await log.tamper("UPDATE audit_entries SET actor_name = 'eve' WHERE seq = 3")
  now += 60 * DAY
  await expect(log.audit.prune()).rejects.toThrow('npm run -s latchkey -- audit verify')
  expect((await log.audit.verify()).problems).toMatchObject([{ seq: 3, kind: 'changed' }])
})

test('a retention of 0 keeps everything', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const log = await openLog('sqlite', { clock: () => now })
  await recordMany(log, 2)
  now += 10_000 * DAY
  expect(await log.audit.prune()).toBe(0)
})
