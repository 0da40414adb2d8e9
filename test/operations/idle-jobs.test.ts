import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobsOf } from '../../src/wiring/operations.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { statementsOf } from '../support/statements.ts'

/** How Prisma names what it asks of SQLite. Its query compiler is 21 MiB, and its model of the tables 10. */
const BY_PRISMA = '`main`.'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

test('jobs that find nothing to do ask by prepared statements, so that an idle server does not load Prisma', async () => {
  const by: Record<string, string[]> = {}
  for (const { name, run } of jobsOf(latchkey.services)) {
    const asked = (await statementsOf(run)).filter((statement) => statement.includes(BY_PRISMA))
    if (asked.length > 0) by[name] = asked
  }
  expect(by).toEqual({})
})

test('Prisma is known by how it names a table', async () => {
  const asked = await statementsOf(() => latchkey.services.db.prisma.account.count())
  expect(asked.join()).toContain(BY_PRISMA)
})
