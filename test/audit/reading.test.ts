import { expect, test, vi } from 'vitest'
import { EVENT_TYPES } from '../../src/audit/event-types.ts'
import { engines } from '../support/latchkey.ts'
import { entry, openLog, recordMany, textOf } from './support.ts'

const DAY = 86_400_000

test.each(engines)('filters find what they say and nothing else on %s', async (engine) => {
  let now = Date.parse('2026-11-01T10:00:00Z')
  const { audit } = await openLog(engine, { clock: () => now })
  await audit.record(entry(1))
  await audit.record(entry(2, { actor: { kind: 'command_line', name: 'root' }, action: 'client.deleted' }))
  now += DAY
  await audit.record(
    entry(3, { actor: { kind: 'anonymous' }, action: 'account.sign_in_failed', address: '203.0.113.5' }),
  )
  await audit.record(
    entry('100%_x', { action: 'key.created', target: { kind: 'key', id: 'kid-1' }, address: undefined }),
  )
  now += DAY
  await audit.record(
    entry(5, {
      target: { kind: 'account', id: 'id-of-ada', name: 'Ada Ångström' },
      action: 'account.disabled',
    }),
  )
  const found = async (filters: object) => (await audit.list(filters)).items.map(({ seq }) => seq)
  expect(await found({})).toEqual([5, 4, 3, 2, 1])
  expect(await found({ action: 'client.' })).toEqual([2, 1])
  expect(await found({ action: 'client.deleted' })).toEqual([2])
  expect(await found({ action: 'something.else' })).toEqual([])
  expect(await found({ actor: 'id-of-ada' })).toEqual([5, 4, 1])
  expect(await found({ actor: 'ada' })).toEqual([5, 4, 1])
  expect(await found({ actor: 'command_line' })).toEqual([2])
  expect(await found({ actor: 'anonymous' })).toEqual([3])
  expect(await found({ target: 'ada' })).toEqual([5])
  expect(await found({ target: 'client-2' })).toEqual([2])
  expect(await found({ address: '203.0.113.5' })).toEqual([3])
  expect(await found({ from: '2026-11-02' })).toEqual([5, 4, 3])
  expect(await found({ to: '2026-11-02' })).toEqual([4, 3, 2, 1])
  expect(await found({ to: '2026-11-02T10:00Z' })).toEqual([2, 1])
  expect(await found({ from: '2026-11-02', to: '2026-11-02' })).toEqual([4, 3])
  expect(await found({ text: 'CLIENT 2' })).toEqual([2])
  expect(await found({ text: '100%_x' })).toEqual([4])
  expect(await found({ text: 'ADA Ångström' })).toEqual([5])
  expect(await found({ text: '%' })).toEqual([4])
  expect(await found({ actor: 'ada', action: 'account.', text: '' })).toEqual([5])
  await expect(audit.list({ from: 'yesterday', to: '2026-02-30' })).rejects.toMatchObject({
    code: 'invalid_filter',
    status: 400,
    errors: { from: [expect.any(String)], to: [expect.any(String)] },
  })
  await expect(audit.export('csv', { to: '2026-13-01' })).rejects.toMatchObject({ code: 'invalid_filter' })
})

test.each(engines)(
  'names of any characters and lengths are stored as they were hashed, on %s',
  async (engine) => {
    const { audit } = await openLog(engine)
    const names = [`${'x'.repeat(499)}😀`, 'half \ud83d', 'nothing \0', '"\\{}\n']
    for (const name of names)
      await audit.record(
        entry(name, { actor: { kind: 'account', id: 'id-of-ada', name }, details: { name } }),
      )
    expect(await audit.verify()).toMatchObject({ ok: true, entries: names.length })
    const { items } = await audit.list()
    expect(items.map(({ actor }) => actor.name).reverse()).toEqual([
      `${'x'.repeat(499)}\uFFFD`,
      'half \uFFFD',
      'nothing \uFFFD',
      '"\\{}\n',
    ])
    expect(items.map(({ details }) => details.name).reverse()).toEqual(names)
  },
)

test('pages follow each other without a gap or a double', async () => {
  const log = await openLog('sqlite')
  await recordMany(log, 7)
  const seen: number[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await log.audit.list({}, { limit: 3, cursor })
    seen.push(...page.items.map(({ seq }) => seq))
    cursor = page.next_cursor
    if (cursor === undefined) break
  }
  expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1])
  await expect(log.audit.list({}, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_page' })
  await expect(log.audit.list({}, { limit: 101 })).rejects.toMatchObject({ code: 'invalid_page' })
})

test('filters by who, what, to whom and when use an index', async () => {
  const { db } = await openLog('sqlite')
  for (const condition of ["action IN ('x')", "actor_id IN ('x')", "target_id IN ('x')", "at >= 'x'"]) {
    const plan = await db.reads.all<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT * FROM audit_entries WHERE seq < 5 AND ${condition} ORDER BY seq DESC LIMIT 5`,
    )
    expect(plan.map(({ detail }) => detail).join()).toMatch(/USING (INDEX|INTEGER PRIMARY KEY)/)
  }
})

test('a cell of the CSV that a spreadsheet would run as a formula is made harmless', async () => {
  const { audit } = await openLog('sqlite')
  for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', 'quiet, "quoted"\nname'])
    await audit.record(entry(1, { target: { kind: 'client', id: name, name } }))
  const csv = await textOf(await audit.export('csv'))
  for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1'])
    expect(csv).toContain(`,"'${name}","'${name}",`)
  expect(csv).not.toMatch(/(^|,)"?[=+\-@\t]/m)
  expect(csv).toContain('"quiet, ""quoted""\nname"')
  const lines = (await textOf(await audit.export('jsonl'))).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).target_name)).toContain('=1+1')
})

test.each(engines)('a hundred thousand entries are exported from %s a batch at a time', async (engine) => {
  const { audit, tamper, db } = await openLog(engine)
  await audit.record(entry(1))
  for (let rows = 1; rows < 100_000; rows *= 2)
    await tamper(`INSERT INTO audit_entries (seq, at, action, actor_kind, details, hash)
      SELECT seq + ${rows}, at, action, actor_kind, details, hash FROM audit_entries`)
  const reads = vi.spyOn(db.reads, 'all')
  let entries = 0
  let pieces = 0
  for await (const piece of await audit.export('jsonl')) {
    const lines = piece.split('\n').length - 1
    expect(lines).toBeLessThanOrEqual(500)
    entries += lines
    pieces += 1
    // No page is read before the consumer asks for it.
    expect(reads.mock.calls.length).toBe(pieces)
  }
  expect(entries).toBe(131_072)
})

test('every action has words, and they name what it was done to where there is something', () => {
  for (const [action, words] of Object.entries(EVENT_TYPES)) {
    expect(words).toMatch(/^[a-z]/)
    if (/^(client|provider|resource|key|consent|token)\./.test(action)) expect(words).toContain('{target}')
  }
})
