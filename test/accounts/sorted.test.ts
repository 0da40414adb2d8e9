import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSearch } from '../../src/accounts/search/search.ts'
import { findSortedIds, placeOf, type SortedWanted } from '../../src/accounts/search/store/sorted.ts'
import { ACCOUNT_ORDERS, type AccountOrder } from '../../src/shared/orders.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { SortedPlace } from '../../src/shared/sorted-cursor.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const DAY = 86_400_000
const START = Date.parse('2026-03-01T00:00:00Z')

describe.each(engines)('accounts sorted on %s', (engine) => {
  let latchkey: Latchkey
  const accounts = () => latchkey.services.accounts
  const run = (text: string) => latchkey.services.db.prisma.$executeRawUnsafe(text)
  const time = (at: number) =>
    engine === 'sqlite'
      ? `'${new Date(at).toISOString().replace('Z', '+00:00')}'`
      : `TIMESTAMP '${new Date(at).toISOString().slice(0, -1)}'`

  /** Created and last signed in so many days after the start; several alike, some never. */
  const PEOPLE: readonly [name: string, created: number, signedIn: number | undefined][] = [
    ['delta', 1, 9],
    ['alpha', 2, undefined],
    ['echo', 3, 7],
    ['bravo', 3, 7],
    ['foxtrot', 3, 7],
    ['charlie', 4, undefined],
    ['golf', 5, 8],
  ]
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    for (const [username, created, signedIn] of PEOPLE) {
      const email = `${username}@sort.example`
      const { id } = await accounts().createByAdmin({ username, email, password: PASSWORD, verified: true })
      const at = signedIn === undefined ? 'NULL' : time(START + signedIn * DAY)
      await run(
        `UPDATE accounts SET created_at = ${time(START + created * DAY)}, last_sign_in_at = ${at} WHERE id = '${id}'`,
      )
    }
    for (const name of ['golf', 'delta', 'bravo'])
      await run(`UPDATE accounts SET attributes = '{"department":["Sales"]}' WHERE username = '${name}'`)
    await accounts().setRole((await accounts().find('alpha'))?.id ?? '', 'auditor')
    await accounts().setRole((await accounts().find('golf'))?.id ?? '', 'auditor')
  })
  afterAll(() => latchkey?.stop())

  type Query = NonNullable<Parameters<ReturnType<typeof accounts>['search']>[0]>
  const names = async (query: Query) =>
    (await accounts().search({ limit: 100, ...query })).items.map(({ username }) => username)
  async function paged(query: Query, limit = 1): Promise<string[]> {
    const found: string[] = []
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      expect(pages).toBeLessThan(200)
      const page = await accounts().search({ ...query, limit, cursor })
      found.push(...page.items.map(({ username }) => username))
      cursor = page.next_cursor
      if (cursor === undefined) return found
    }
  }

  test('by name, time of creation and last sign-in, either way; who never signed in is the longest ago', async () => {
    const byName = PEOPLE.map(([name]) => name).toSorted()
    expect(await names({ order: 'name' })).toEqual(byName)
    expect(await names({ order: '-name' })).toEqual(byName.toReversed())
    const oldest = await names({ order: 'created' })
    expect([oldest.slice(0, 2), oldest.slice(5)]).toEqual([
      ['delta', 'alpha'],
      ['charlie', 'golf'],
    ])
    expect(oldest.slice(2, 5).toSorted()).toEqual(['bravo', 'echo', 'foxtrot'])
    expect(await names({})).toEqual(oldest.toReversed())
    const longest = await names({ order: 'signed_in' })
    expect(longest.slice(0, 2).toSorted()).toEqual(['alpha', 'charlie'])
    expect(longest.slice(2, 5).toSorted()).toEqual(['bravo', 'echo', 'foxtrot'])
    expect(longest.slice(5)).toEqual(['golf', 'delta'])
    expect(await names({ order: '-signed_in' })).toEqual(longest.toReversed())
  })

  test.each(ACCOUNT_ORDERS)(
    'page by page in the order %s nobody is left out or shown twice',
    async (order) => {
      for (const filters of [
        {},
        { search: 'sort.example' },
        { second_factor: 'none' },
        { role: 'user' },
      ] as const) {
        const whole = await names({ ...filters, order })
        expect(whole.length).toBe('role' in filters ? 5 : 7)
        expect(await paged({ ...filters, order })).toEqual(whole)
        expect(await paged({ ...filters, order }, 3)).toEqual(whole)
      }
    },
  )

  test('filters and a search stay', async () => {
    expect(await names({ order: 'name', role: 'auditor' })).toEqual(['alpha', 'golf'])
    expect(await names({ order: '-name', search: 'o', role: 'user' })).toEqual(
      ['bravo', 'charlie', 'delta', 'echo', 'foxtrot'].toReversed(),
    )
    expect(await names({ order: 'name', search: 'echo' })).toEqual(['echo'])
    expect(await names({ order: 'name', search: 'nobody-at-all' })).toEqual([])
  })

  test('a cursor is of one order alone', async () => {
    const { next_cursor: cursor } = await accounts().search({ order: 'name', limit: 1 })
    for (const order of ['-name', 'signed_in', undefined] as const)
      await expect(accounts().search({ order, cursor })).rejects.toMatchObject({ code: 'invalid_page' })
    for (const odd of [
      ['name', 'a\0', 'x'],
      ['name', 1, 'x'],
      ['signed_in', -1, 'x'],
      ['signed_in', '', 'x'],
    ])
      await expect(
        accounts().search({
          order: odd[0] as AccountOrder,
          cursor: Buffer.from(JSON.stringify(odd)).toString('base64url'),
        }),
      ).rejects.toMatchObject({ code: 'invalid_page' })
  })

  test('the file has the order of the list', async () => {
    let text = ''
    for await (const part of latchkey.services.exportUsers({ order: '-name' })) text += part
    const column = text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',')[1])
    expect(column).toEqual(await names({ order: '-name' }))
  })

  test.each(ACCOUNT_ORDERS)(
    'where many pass a filter, the order %s is walked so many accounts a page, and the next goes on behind them',
    async (order) => {
      const { reads } = latchkey.services.db
      const attribute = { name: 'department', value: 'SALES' }
      for (const [count, filters] of [
        [2, { role: 'auditor' }],
        [7, { search: 'l' }],
        [5, { search: 'sort.ex', role: 'user' }],
        [3, { attribute }],
        [1, { attribute, role: 'auditor', search: 'olf' }],
      ] as const) {
        const wanted = { ...filters, order, now: Date.now() }
        const { ids: whole } = await findSortedIds(reads, { ...wanted, limit: 100 })
        const found: string[] = []
        let short = 0
        for (let after: SortedPlace | undefined, pages = 0; ; pages++) {
          expect(pages).toBeLessThan(20)
          const page = await findSortedIds(reads, { ...wanted, after, limit: 2 }, { few: 0, walk: 3 })
          found.push(...page.ids)
          const last = page.ids.at(-1)
          const shown = last === undefined ? undefined : await accounts().byId(last)
          if (page.ids.length === 2 && shown) after = placeOf(shown, order)
          else if (page.resume) after = page.resume
          else break
          if (page.ids.length < 2) short++
        }
        expect(found).toEqual(whole)
        expect(whole).toHaveLength(count)
        if (count === 2) expect(short).toBeGreaterThan(0)
      }
    },
  )

  test('a page that is short says where the list goes on', async () => {
    const few = { few: 0, walk: 3 }
    const store = {
      findMany: async () => [],
      findSorted: async (wanted: SortedWanted) => {
        const { ids, resume } = await findSortedIds(latchkey.services.db.reads, wanted, few)
        const all = await Promise.all(ids.map((id) => accounts().byId(id)))
        return { accounts: all.flatMap((each) => each ?? []), resume }
      },
    }
    const search = createSearch({ store, clock: Date.now, secrets: createSecrets('k'.repeat(32)) })
    const pages: string[][] = []
    let cursor: string | undefined
    do {
      const page = await search({ order: 'name', role: 'auditor', cursor })
      pages.push(page.items.map(({ username }) => username))
      cursor = page.next_cursor
      // Where a walk ends is an account that a limited role may not see.
      if (page.items.length === 0)
        expect(Buffer.from(String(cursor), 'base64url').toString()).not.toContain('name')
    } while (cursor !== undefined)
    expect(pages).toEqual([['alpha'], [], ['golf']])
    const broken = search({ order: 'name', role: 'auditor', cursor: 'v1.broken' })
    await expect(broken).rejects.toMatchObject({ code: 'invalid_page', status: 400 })
  })
})
