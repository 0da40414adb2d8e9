import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { indexedLetters } from '../../src/accounts/search/store.ts'
import { termsOf } from '../../src/accounts/search/terms.ts'
import { checksOf } from '../../src/cli/doctor/checks.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { statementsOf } from '../support/statements.ts'

describe.each(engines)('the search of accounts on %s', (engine) => {
  let latchkey: Latchkey
  const accounts = () => latchkey.services.accounts
  beforeAll(async () => {
    let now = Date.now()
    // Each account has a time of its own.
    latchkey = await startLatchkey({ engine, clock: () => now++ })
  })
  afterAll(() => latchkey?.stop())

  let made = 0
  async function add(username: string, names: Record<string, unknown> = {}) {
    const email = `p${++made}@mail.example`
    return accounts().createByAdmin({ username, email, password: PASSWORD, verified: true, ...names })
  }
  const run = (text: string) => latchkey.services.db.prisma.$executeRawUnsafe(text)
  const found = async (search: string, filters: Record<string, unknown> = {}) =>
    (await accounts().search({ search, limit: 100, ...filters })).items.map(({ username }) => username)
  /** Page by page, one account on each. */
  async function paged(search: string, filters: Record<string, unknown> = {}): Promise<string[]> {
    const names: string[] = []
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      expect(pages).toBeLessThan(50)
      const page = await accounts().search({ search, limit: 2, cursor, ...filters })
      names.push(...page.items.map(({ username }) => username))
      cursor = page.next_cursor
      if (cursor === undefined) return names
    }
  }

  test('what users are filtered by is no text of a statement: each would be one of its own', async () => {
    for (const filter of ['role', 'organization'] as const) {
      const search = (value: string) =>
        accounts().search({ [filter]: value, search: 'somebody', second_factor: 'any' })
      // Jobs of the server may ask something beside.
      const texts = async (value: string) =>
        (await statementsOf(() => search(value))).filter((text) => text.includes('FROM accounts a'))
      // The first look on PostgreSQL asks what the database can do.
      await texts('3f0c7e52')
      const one = await texts('3f0c7e52-one')
      expect(one.length).toBeGreaterThan(0)
      expect(await texts('3f0c7e52-two')).toEqual(one)
    }
  })

  test('finds parts of names and addresses anywhere, the newest first', async () => {
    await add('ada.lovelace', { givenName: 'Augusta Ada', familyName: 'King' })
    await add('grace')
    await add('lovely')
    expect(await found('lovel')).toEqual(['lovely', 'ada.lovelace'])
    expect(await found('USTA ad')).toEqual(['ada.lovelace'])
    expect(await found('race')).toEqual(['grace'])
    expect(await found('p2@mail.exam')).toEqual(['grace'])
    expect(await found('lovelorn')).toEqual([])
    // No text spans two fields.
    expect(await found('lovelacep1')).toEqual([])
  })

  test('a part of an address is found by the name before its domain, and both have to be there', async () => {
    const email = 'rosalind.franklin@uni.example'
    await add('rosalind', { email })
    await add('franklin', { email: 'franklin@else.example' })
    expect(await found('franklin@uni')).toEqual(['rosalind'])
    expect(await found('franklin@')).toEqual(['franklin', 'rosalind'])
    expect(await found('franklin@nowhere.example')).toEqual([])
    expect(await found('in@uni.exam')).toEqual(['rosalind'])
    expect(await found('@uni.exam')).toEqual(['rosalind'])
    expect(await found(email)).toEqual(['rosalind'])
    const sought = (search: string) => termsOf(search).sought
    expect(sought('Franklin@uni.example')).toBe('%franklin@%')
    // On SQLite by the domain too: a name may be that of many.
    expect(termsOf('info@uni.example').trigrams).toEqual(expect.arrayContaining(['inf', '@un']))
    // An index of trigrams knows no two letters, and no signs.
    for (const whole of ['in@uni.example', '@uni.example', '.!@uni.example'])
      expect(sought(whole)).toBe(termsOf(whole).pattern)
  })

  test('the very name, address or id comes first, however old', async () => {
    const { id, email } = await add('zed')
    for (const name of ['zedd', 'zeddy', 'zeddie', 'azed']) await add(name)
    expect(await found('Zed')).toEqual(['zed', 'azed', 'zeddie', 'zeddy', 'zedd'])
    expect(await found(id)).toEqual(['zed'])
    await add('longer', { email: `${email}.org` })
    expect(await found(String(email))).toEqual(['zed'])
    expect(await found(String(email).slice(0, -1))).toEqual(['longer', 'zed'])
    expect(await paged('zed')).toEqual(['zed', 'azed', 'zeddie', 'zeddy', 'zedd'])
  })

  test('two letters find the beginning of a name, one letter the newest accounts', async () => {
    await add('qy-first')
    await add('first-qy')
    expect(await found('qy')).toContain('qy-first')
    expect(await found('q')).toContain('first-qy')
  })

  test('signs of LIKE, of FTS5 and of regular expressions are text', async () => {
    const { id } = await add('signs', { givenName: `100%_!"*^(x)\\y` })
    for (const text of ['100%_!', `!"*^(x`, `(x)\\y`, '%_!"', '0%_'])
      expect(await found(text), text).toEqual(['signs'])
    for (const text of ['1_0%_', '%%%', '"', '" OR "', 'NEAR(', '漢字の', '\uD83D']) {
      expect(await found(text).then((names) => names.filter((name) => name !== 'signs')), text).toEqual([])
    }
    expect(await found(id)).toEqual(['signs'])
  })

  test('more accounts than are looked at one by one', async () => {
    await add('needle-in-hay')
    const fill =
      engine === 'sqlite'
        ? `WITH RECURSIVE list(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list WHERE n < 3000)
           INSERT INTO accounts (id, username, display_username, auth_valid_after, created_at, updated_at)
           SELECT 'hay-' || n, 'straw' || n, 'straw' || n, '2026-01-01T00:00:00.000+00:00',
             '2026-01-01T00:00:00.000+00:00', '2026-01-01T00:00:00.000+00:00' FROM list`
        : `INSERT INTO accounts (id, username, display_username, auth_valid_after, created_at, updated_at)
           SELECT 'hay-' || n, 'straw' || n, 'straw' || n, now(), '2026-01-01', now() FROM generate_series(1, 3000) n`
    await run(fill)
    expect(await found('needle')).toEqual(['needle-in-hay'])
    expect(await found('eedle-in')).toEqual(['needle-in-hay'])
    expect((await found('straw')).length).toBe(100)
    expect(await found('straw77')).toEqual(expect.arrayContaining(['straw77', 'straw770', 'straw779']))
    const all = await paged('straw299')
    expect(new Set(all).size).toBe(all.length)
    expect(all).toHaveLength(11)
    await run("DELETE FROM accounts WHERE id LIKE 'hay-%'")
    expect(await found('straw299')).toEqual([])
  })

  test('goes with every change of a name or an address', async () => {
    const { id } = await add('before-it')
    await accounts().updateProfile(id, { givenName: 'Hildegard' })
    expect(await found('ildegar')).toEqual(['before-it'])
    await accounts().updateProfile(id, { givenName: 'Hedwig' })
    expect(await found('ildegar')).toEqual([])
    expect(await found('edwig')).toEqual(['before-it'])
    await accounts().delete(id)
    expect(await found('edwig')).toEqual([])
  })

  test('with filters, page by page', async () => {
    const names = ['filtered-1', 'filtered-2', 'filtered-3', 'filtered-4', 'filtered-5']
    for (const name of names) await add(name)
    for (const name of ['filtered-2', 'filtered-4'])
      await accounts().setRole((await accounts().find(name))?.id ?? '', 'auditor')
    expect(await paged('filtered')).toEqual(names.toReversed())
    expect(await paged('filtered', { role: 'auditor' })).toEqual(['filtered-4', 'filtered-2'])
    expect(await paged('filtered', { role: 'user' })).toEqual(['filtered-5', 'filtered-3', 'filtered-1'])
    expect(await paged('filtered', { second_factor: 'none' })).toEqual(names.toReversed())
    expect(await paged('filtered', { second_factor: 'passkey' })).toEqual([])
    expect((await found('', { role: 'auditor' })).slice(0, 2)).toEqual(['filtered-4', 'filtered-2'])
  })

  test('a page goes on where the account that the one before ended with is gone', async () => {
    for (const name of ['gone-1', 'gone-2', 'gone-3']) await add(name)
    const page = await accounts().search({ search: 'gone-', limit: 1 })
    await accounts().delete(page.items[0]?.id ?? '')
    const next = await accounts().search({ search: 'gone-', limit: 5, cursor: page.next_cursor })
    expect(next.items.map(({ username }) => username)).toEqual(['gone-2', 'gone-1'])
  })

  test('accounts from before the search are made known to it in batches, in their order', async () => {
    for (const name of ['elder-1', 'elder-2', 'elder-3']) await add(name)
    await run('DELETE FROM account_search')
    await run('INSERT INTO account_search_backfill (id) VALUES (1)')
    await add('elder-4')
    expect(await found('lder-')).toEqual(['elder-4'])
    expect(await found('elder-2')).toEqual(['elder-2'])
    while ((await accounts().backfillSearch()) > 0);
    expect(await found('lder-')).toEqual(['elder-4', 'elder-3', 'elder-2', 'elder-1'])
    await add('elder-5')
    expect((await found('lder-'))[0]).toBe('elder-5')
    const { db } = latchkey.services
    const count = async (table: string) =>
      (await db.reads.get<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table}`))?.count
    expect(await count('account_search')).toBe(await count('accounts'))
  })

  test('the tallies of second factors are those of the accounts, whatever was done to them', async () => {
    const { db } = latchkey.services
    const counted = async () => {
      const passkey = engine === 'sqlite' ? 'instr(second_factors, ' : 'strpos(second_factors, '
      const row = await db.reads.get<Record<string, number>>(
        `SELECT COUNT(*) AS people, COUNT(CASE WHEN second_factors <> '' THEN 1 END) AS "withSecondFactor",
          COUNT(CASE WHEN ${passkey}'passkey') > 0 THEN 1 END) AS "withPasskey"
          FROM accounts WHERE disabled_at IS NULL AND email IS NOT NULL`,
      )
      return { ...row }
    }
    const { id } = await add('tallied')
    const other = await add('tallied-too')
    await run(`UPDATE accounts SET second_factors = 'totp passkey' WHERE id = '${id}'`)
    await run(`UPDATE accounts SET second_factors = 'totp' WHERE id = '${other.id}'`)
    const with2 = await counted()
    expect(with2).toMatchObject({ withSecondFactor: 2, withPasskey: 1 })
    expect(await accounts().secondFactorShares()).toEqual(with2)
    await accounts().disable(id)
    expect(await accounts().secondFactorShares()).toEqual(await counted())
    await accounts().enable(id)
    await accounts().delete(other.id)
    expect(await counted()).toMatchObject({ withSecondFactor: 1, withPasskey: 1 })
    expect(await accounts().secondFactorShares()).toEqual(await counted())
  })
})

test('without the extension of PostgreSQL names and addresses are found whole, parts among the newest', async () => {
  const latchkey = await startLatchkey({ engine: 'postgresql' })
  try {
    const { accounts, db } = latchkey.services
    await db.prisma.$executeRawUnsafe('DROP INDEX account_search_trigrams')
    expect(await indexedLetters(db.reads)).toBe('none')
    const check = checksOf({ ...latchkey.services, mail: {} } as never, fetch).find(
      ({ name }) => name === 'search of accounts',
    )
    expect(await check?.run()).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('pg_trgm'),
      remedy: expect.stringContaining('CREATE INDEX CONCURRENTLY account_search_trigrams'),
    })
    const { username, email } = await latchkey.createUser('solitary')
    for (const search of [username, email, 'olitar'])
      expect((await accounts.search({ search })).items.map((each) => each.username)).toEqual([username])
  } finally {
    await latchkey.stop()
  }
})
