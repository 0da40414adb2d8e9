import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { openPlans } from '../support/plans.ts'
import { statementsOf } from '../support/statements.ts'

describe.each(engines)('accounts from before the search, on %s', (engine) => {
  let latchkey: Latchkey
  beforeEach(async () => {
    latchkey = await startLatchkey({ engine, background: false })
  })
  afterEach(() => latchkey?.stop())

  const backfill = () => latchkey.services.accounts.backfillSearch()
  const run = (text: string) => latchkey.services.db.prisma.$executeRawUnsafe(text)
  const count = async (table: string) =>
    (await latchkey.services.db.reads.get<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table}`))?.count
  const found = async (search: string) =>
    (await latchkey.services.accounts.search({ search, limit: 100 })).items.map(({ username }) => username)
  /** As people arrive by `users import`. */
  async function bring(year: number, names: readonly string[]) {
    await latchkey.services.accounts.importUsers(
      (async function* () {
        for (const [index, username] of names.entries()) {
          const created_at = new Date(Date.UTC(year) - index * 1000).toISOString()
          yield `${JSON.stringify({ username, email: `${username}@mail.example`, created_at })}\n`
        }
      })(),
      {} as never,
    )
    await latchkey.services.audit.idle()
  }
  const many = (name: string, size: number) => Array.from({ length: size }, (_, index) => `${name}-${index}`)
  /** What a database is after its upgrade. */
  async function upgraded() {
    await run('DELETE FROM account_search')
    await run('INSERT INTO account_search_backfill (id) VALUES (1)')
  }
  async function toTheEnd(): Promise<number[]> {
    const counts: number[] = []
    for (let added = await backfill(); added > 0; added = await backfill()) {
      counts.push(added)
      expect(counts.length).toBeLessThan(20)
    }
    return counts
  }
  /** A run of a job that is done: one look at one row. */
  async function expectDone() {
    const told = await statementsOf(async () => expect(await backfill()).toBe(0))
    expect(told).toEqual([expect.stringContaining('FROM account_search_backfill')])
    expect(await count('account_search')).toBe(await count('accounts'))
  }

  test('on a fresh installation there are none, whatever dates accounts are imported with', async () => {
    await latchkey.createUser('first')
    await latchkey.services.audit.idle()
    await expectDone()
    await bring(2015, many('old', 3))
    await expectDone()
    expect((await found('old-')).length).toBe(3)
  })

  test('are made known although an account with an older date was numbered before the first run', async () => {
    await bring(2020, many('was', 3))
    await upgraded()
    await bring(2010, ['imported'])
    expect(await toTheEnd()).toEqual([3])
    expect(await found('was-')).toEqual(['was-0', 'was-1', 'was-2'])
    await expectDone()
  })

  test('imports before, during and after it: each account is made known once, and the end is the end', async () => {
    await bring(2020, many('was', 250))
    await upgraded()
    await bring(2021, many('known', 1_050))
    expect(await backfill()).toBe(100)
    await bring(2012, many('during', 4))
    expect(await toTheEnd()).toEqual([100, 50])
    await expectDone()
    await bring(2011, ['late'])
    await expectDone()
    for (const name of ['was-249', 'during-3', 'late', 'known-1049'])
      expect(await found(name)).toEqual([name])
    expect((await found('was-24')).slice(1)).toEqual(many('was', 250).slice(240))
  })

  test('two processes at once leave none out', async () => {
    await bring(2020, many('was', 320))
    await upgraded()
    await Promise.all([toTheEnd(), toTheEnd()])
    await expectDone()
    expect((await found('was-31')).slice(1)).toEqual(many('was', 320).slice(310))
  })

  test('reads the accounts along their index, behind where it was', async () => {
    await bring(2020, many('was', 101))
    await upgraded()
    expect(await backfill()).toBe(100)
    const told = await statementsOf(async () => void (await toTheEnd()))
    const plans = await openPlans(latchkey, engine)
    try {
      expect(told.some((text) => text.includes('FROM accounts a WHERE (a.created_at, a.id) <'))).toBe(true)
      expect(await plans.check(told)).toEqual([])
    } finally {
      await plans.close()
    }
  })
})
