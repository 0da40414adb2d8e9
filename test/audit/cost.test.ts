import { expect, test, vi } from 'vitest'
import { PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { entry } from './support.ts'

test('a sign-in pays for its entry with two statements that are one, shared by those of the same moment', async () => {
  const latchkey = await startLatchkey()
  const { accounts, audit, db } = latchkey.services
  await latchkey.createUser('ada')
  await audit.idle()
  if (db.writes.dialect !== 'sqlite') throw new Error('this is another database')
  const written = vi.spyOn(db.writes, 'together')
  const reads = [vi.spyOn(db.reads, 'get'), vi.spyOn(db.reads, 'all')]
  const attempt = { identifier: 'ada', password: PASSWORD }
  expect(await accounts.authenticate(attempt)).toMatchObject({ kind: 'ok' })
  await audit.idle()
  expect(written.mock.calls.map(([steps]) => steps.length)).toEqual([2])
  // The account's own look-up, and no more: the name is at hand, and an unknown one costs the same as a known one. Settings are looked at every other second.
  const asked = reads.flatMap(({ mock }) => mock.calls.map(([statement]) => statement))
  expect(asked.filter((statement) => !statement.includes('FROM settings'))).toHaveLength(1)

  written.mockClear()
  await Promise.all(Array.from({ length: 20 }, (_, number) => audit.record(entry(number))))
  expect(written.mock.calls.map(([steps]) => steps.length)).toEqual([21])
  await latchkey.stop()
})
