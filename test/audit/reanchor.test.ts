import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createAudit } from '../../src/audit/audit.ts'
import { engines } from '../support/latchkey.ts'
import { entry, type OpenLog, openLog, recordMany } from './support.ts'

const DAY = 86_400_000

/** The same log for a process that has another key: the first one is lost. */
function underAnotherKey(log: OpenLog, clock = Date.now, retention = 0) {
  return createAudit({
    db: log.db,
    key: createSecretKey(Buffer.alloc(32, 9)),
    clock,
    logger: { error: (facts) => log.errors.push(facts) },
    retention,
    identify: async () => [],
  })
}

test.each(engines)(
  'a log of a lost key goes on behind an entry of its own, and verifies, on %s',
  async (engine) => {
    const log = await openLog(engine)
    await recordMany(log, 30)
    const audit = underAnotherKey(log)
    // The server goes on under the new key: that is seen, in a few plain words and not once an entry.
    await audit.record(entry('after'))
    const { ok, problems } = await audit.verify()
    expect({ ok, kinds: problems.map(({ kind }) => kind) }).toEqual({
      ok: false,
      kinds: ['first_mark', 'changed', 'found_broken'],
    })

    const anchored = await audit.reanchor()
    expect(anchored).toMatchObject({ entry: 33, entries: 33 })
    expect((await audit.list({}, { limit: 1 })).items).toMatchObject([
      {
        seq: 33,
        action: 'audit.reanchored',
        details: { entries: 32, problems: [expect.any(String), expect.any(String), expect.any(String)] },
      },
    ])
    expect(await audit.verify()).toMatchObject({
      ok: true,
      entries: 33,
      anchored: { through: 32, entry: 33 },
    })
    await expect(audit.reanchor()).rejects.toMatchObject({ code: 'audit_in_order', status: 409 })
    await audit.record(entry('later'))
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 34 })
  },
)

test.each(engines)(
  'what was anchored cannot be changed unseen on %s, though its key is lost',
  async (engine) => {
    for (const sql of [
      "UPDATE audit_entries SET action = 'client.deleted' WHERE seq = 2",
      "UPDATE audit_entries SET hash = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' WHERE seq = 2",
      'DELETE FROM audit_entries WHERE seq = 3',
      'DELETE FROM audit_entries WHERE seq <= 2',
      "UPDATE audit_entries SET details = '{}' WHERE action = 'audit.reanchored'",
      "DELETE FROM audit_entries WHERE action = 'audit.reanchored'",
    ]) {
      const log = await openLog(engine)
      await recordMany(log, 4)
      const audit = underAnotherKey(log)
      await audit.reanchor()
      expect(await audit.verify()).toMatchObject({ ok: true, entries: 5 })
      await log.tamper(sql)
      expect({ sql, ...(await audit.verify()) }).toMatchObject({ sql, ok: false })
    }
  },
)

test('an anchor set without the key is none', async () => {
  const log = await openLog('sqlite')
  await recordMany(log, 4)
  const forger = underAnotherKey(log)
  await log.tamper("UPDATE audit_entries SET action = 'client.deleted' WHERE seq = 2")
  await forger.reanchor()
  expect(await log.audit.verify()).toMatchObject({ ok: false })
  expect((await log.audit.verify()).anchored).toBeUndefined()
})

test.each(engines)(
  'what was anchored goes as a whole on %s when all of it is old, and the rest still verifies',
  async (engine) => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    const clock = () => now
    const log = await openLog(engine, { clock })
    await recordMany(log, 3)
    now += 20 * DAY
    await recordMany(log, 1)
    const audit = underAnotherKey(log, clock, 30)
    await audit.reanchor()
    now += 20 * DAY
    expect(await audit.prune()).toBe(0)
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 5 })
    now += 11 * DAY
    expect(await audit.prune()).toBe(4)
    expect(await audit.verify()).toMatchObject({ ok: true })
    expect(await audit.prune()).toBe(1)
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 0 })
    await audit.record(entry('new'))
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 1, first: 6 })
  },
)

test('a log whose every entry is of another key says so in one line', async () => {
  const log = await openLog('sqlite')
  await recordMany(log, 30)
  await log.tamper('DELETE FROM audit_entries WHERE seq = 1')
  const { problems } = await underAnotherKey(log).verify()
  expect(problems.map(({ message }) => message)).toEqual([
    'the mark of where the log begins is missing or was changed',
    'the mark of the newest entry is missing or was changed',
    'entries 3 to 30 are not what was written there, or were written under another SECRET_KEY',
  ])
})

test('anchoring waits for entries that arrive while it works', async () => {
  const log = await openLog('postgresql')
  await recordMany(log, 3)
  const audit = underAnotherKey(log)
  await Promise.all([audit.reanchor(), ...Array.from({ length: 20 }, (_, each) => audit.record(entry(each)))])
  const { ok } = await audit.verify()
  if (!ok) await audit.reanchor()
  expect(await audit.verify()).toMatchObject({ ok: true })
})
