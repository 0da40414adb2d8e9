import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createChain } from '../../src/audit/chain.ts'
import { engines } from '../support/latchkey.ts'
import { entry, openLog, recordMany } from './support.ts'

/** An attacker with the database can do these; verification names the entry of each. */
const TAMPERINGS: readonly {
  what: string
  sql: readonly string[]
  seq: number
  kind: string
}[] = [
  ...[
    "action = 'client.deleted'",
    "actor_kind = 'server'",
    "actor_id = 'id-of-eve'",
    'actor_id = NULL',
    "actor_name = 'eve'",
    "target_kind = 'account'",
    "target_id = 'client-9'",
    "target_name = 'Another'",
    "address = '203.0.113.9'",
    'address = NULL',
    "request_id = 'another'",
    "details = '{}'",
    "details = details || ' '",
    "hash = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
  ].map((change) => ({
    what: `a change: ${change}`,
    sql: [`UPDATE audit_entries SET ${change} WHERE seq = 3`],
    seq: 3,
    kind: 'changed',
  })),
  {
    what: 'another time',
    sql: ['UPDATE audit_entries SET at = (SELECT at FROM audit_entries WHERE seq = 1) WHERE seq = 3'],
    seq: 3,
    kind: 'changed',
  },
  {
    what: 'an entry taken out of the middle',
    sql: ['DELETE FROM audit_entries WHERE seq = 3'],
    seq: 3,
    kind: 'missing',
  },
  {
    what: 'an entry taken out of the middle, and the later ones moved up',
    sql: [
      'DELETE FROM audit_entries WHERE seq = 3',
      'UPDATE audit_entries SET seq = 3 WHERE seq = 4',
      'UPDATE audit_entries SET seq = 4 WHERE seq = 5',
    ],
    seq: 3,
    kind: 'changed',
  },
  { what: 'the end cut off', sql: ['DELETE FROM audit_entries WHERE seq >= 4'], seq: 4, kind: 'cut_at_end' },
  {
    what: 'the end cut off, and the mark of the head with it',
    sql: [
      'DELETE FROM audit_entries WHERE seq >= 4',
      `UPDATE audit_marks SET seq = 3, hash = (SELECT hash FROM audit_entries WHERE seq = 3) WHERE id = 'head'`,
    ],
    seq: 3,
    kind: 'head_mark',
  },
  {
    what: 'the beginning cut off',
    sql: ['DELETE FROM audit_entries WHERE seq <= 2'],
    seq: 1,
    kind: 'missing',
  },
  {
    what: 'the beginning cut off, and the mark of the first with it',
    sql: [
      `UPDATE audit_marks SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2) WHERE id = 'first'`,
      'DELETE FROM audit_entries WHERE seq <= 2',
    ],
    seq: 1,
    kind: 'first_mark',
  },
  {
    what: 'two entries swapped',
    sql: [
      'UPDATE audit_entries SET seq = 99 WHERE seq = 2',
      'UPDATE audit_entries SET seq = 2 WHERE seq = 3',
      'UPDATE audit_entries SET seq = 3 WHERE seq = 99',
    ],
    seq: 2,
    kind: 'changed',
  },
  {
    what: 'the mark of the first taken away',
    sql: ["DELETE FROM audit_marks WHERE id = 'first'"],
    seq: 1,
    kind: 'first_mark',
  },
  {
    what: 'the mark of the head taken away',
    sql: ["DELETE FROM audit_marks WHERE id = 'head'"],
    seq: 0,
    kind: 'head_mark',
  },
  {
    what: 'a mark of one kind put in place of the other',
    sql: [
      "DELETE FROM audit_marks WHERE id = 'first'",
      "UPDATE audit_marks SET id = 'first' WHERE id = 'head'",
    ],
    seq: 1,
    kind: 'first_mark',
  },
  {
    what: 'a forged entry at the end',
    sql: [
      `INSERT INTO audit_entries (seq, at, action, actor_kind, details, hash)
       SELECT 6, at, 'client.deleted', 'server', '{}', hash FROM audit_entries WHERE seq = 5`,
    ],
    seq: 6,
    kind: 'added',
  },
  {
    what: 'a forged entry at the end, and a head that names it',
    sql: [
      `INSERT INTO audit_entries (seq, at, action, actor_kind, details, hash)
       SELECT 6, at, 'client.deleted', 'server', '{}', hash FROM audit_entries WHERE seq = 5`,
      "UPDATE audit_marks SET seq = 6 WHERE id = 'head'",
    ],
    seq: 6,
    kind: 'head_mark',
  },
  {
    what: 'everything taken away but the marks',
    sql: ['DELETE FROM audit_entries'],
    seq: 1,
    kind: 'cut_at_end',
  },
]

test.each(engines)('every kind of tampering with the log is found on %s', async (engine) => {
  // Each entry has a time of its own: with that of another one it is changed.
  let now = Date.now()
  const log = await openLog(engine, { clock: () => now++ })
  await recordMany(log, 5)
  const rows = await log.db.prisma.auditEntry.findMany()
  const marks = await log.db.prisma.auditMark.findMany()
  for (const { what, sql, seq, kind } of TAMPERINGS) {
    expect(await log.audit.verify()).toMatchObject({ ok: true, entries: 5, problems: [] })
    for (const statement of sql) await log.tamper(statement)
    const { ok, problems } = await log.audit.verify()
    expect({ what, ok, problem: problems[0] }).toMatchObject({ what, ok: false, problem: { seq, kind } })
    await log.db.prisma.auditEntry.deleteMany()
    await log.db.prisma.auditMark.deleteMany()
    await log.db.prisma.auditEntry.createMany({ data: rows })
    await log.db.prisma.auditMark.createMany({ data: marks })
  }
})

test('a log that was made again under another key is found', async () => {
  const log = await openLog('sqlite')
  await recordMany(log, 5)
  const forger = createChain(createSecretKey(Buffer.alloc(32, 8)))
  const first = await log.audit.find(1)
  if (!first) throw new Error('there is no entry')
  const hash = forger.mark('head', { seq: 5, hash: first.hash }).mac
  await log.tamper(`UPDATE audit_marks SET mac = '${hash}' WHERE id = 'head'`)
  expect((await log.audit.verify()).problems[0]).toMatchObject({ kind: 'head_mark' })
})

test.each(engines)(
  'an older copy of everything, put back on %s, is found by a head that was kept',
  async (engine) => {
    const log = await openLog(engine)
    await recordMany(log, 3)
    const rows = await log.db.prisma.auditEntry.findMany()
    const marks = await log.db.prisma.auditMark.findMany()
    const early = await log.audit.head()
    await log.audit.record(entry('to be hidden'))
    const kept = await log.audit.head()
    expect(await log.audit.verify({ head: early })).toMatchObject({ ok: true })
    expect(await log.audit.verify({ head: kept })).toMatchObject({ ok: true })

    await log.db.prisma.auditEntry.deleteMany()
    await log.db.prisma.auditEntry.createMany({ data: rows })
    for (const { id, ...mark } of marks) await log.db.prisma.auditMark.update({ where: { id }, data: mark })
    const later = await log.another()
    expect(await later.audit.verify()).toMatchObject({ ok: true })
    expect((await later.audit.verify({ head: kept })).problems).toMatchObject([
      { seq: 4, kind: 'not_as_kept' },
    ])
    // Also when the log has grown past it again.
    await recordMany(later, 2)
    expect(await later.audit.verify()).toMatchObject({ ok: true, entries: 5 })
    expect((await later.audit.verify({ head: kept })).problems).toMatchObject([
      { seq: 4, kind: 'not_as_kept' },
    ])
    await expect(later.audit.verify({ head: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_head' })
  },
)

test.each(engines)(
  'a server that finds the end of the log changed on %s goes on, and says so in the log',
  async (engine) => {
    const changes = {
      'an older copy': [
        'DELETE FROM audit_entries WHERE seq > 2',
        "UPDATE audit_marks SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2) WHERE id = 'head'",
      ],
      'no log at all': ['DELETE FROM audit_entries', 'DELETE FROM audit_marks'],
      'a forged entry': [
        `INSERT INTO audit_entries (seq, at, action, actor_kind, details, hash)
       SELECT 6, at, 'client.deleted', 'server', '{}', hash FROM audit_entries WHERE seq = 5`,
      ],
      'a head that is gone': ["DELETE FROM audit_marks WHERE id = 'head'"],
    }
    for (const [what, sql] of Object.entries(changes)) {
      const log = await openLog(engine)
      await recordMany(log, 5)
      for (const statement of sql) await log.tamper(statement)
      await log.audit.record(entry('after'))
      expect({ what, errors: log.errors.length }).toEqual({ what, errors: 1 })
      const { items } = await log.audit.list({}, { limit: 2 })
      expect(items.map(({ action }) => action)).toEqual(['client.updated', 'audit.broken'])
      expect(items[0]?.seq).toBeGreaterThan(6)
      const { ok, problems } = await log.audit.verify()
      expect({ what, ok, found: problems.some(({ kind }) => kind === 'found_broken') }).toEqual({
        what,
        ok: false,
        found: true,
      })
      // The log is whole from there on: nothing is reported twice.
      await log.audit.record(entry('later'))
      expect(log.errors).toHaveLength(1)
      expect((await log.audit.verify()).problems).toEqual(problems)
    }
  },
)
