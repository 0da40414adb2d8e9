import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('the list of users on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  let now = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + now })
    admin = await signedIn(latchkey)
    // Cabin is the oldest, berth the newest; nobody of them has ever signed in.
    for (const username of ['cabin', 'anchor', 'berth']) {
      now += 60_000
      await latchkey.services.accounts.createByAdmin({
        ...{ username, email: `${username}@list.example`, verified: true, password: 'velvet piano 9 moons' },
      })
    }
  })
  afterAll(() => latchkey?.stop())

  const list = (query: string) => admin.browser.open(`${latchkey.issuer}/admin/users${query}`)
  const namesOf = (body: string): string[] =>
    [...body.matchAll(/<th scope="row"><a href="\/admin\/users\/[^"]+">([^<]+)</g)].map(
      ([, name = '']) => name,
    )
  const named = async (query: string) => namesOf((await list(query)).body)

  test('is sorted by links in the heads of its columns, which keep the search and the filters', async () => {
    expect(await named('?search=list.example&sort=name')).toEqual(['anchor', 'berth', 'cabin'])
    expect(await named('?search=list.example&sort=-name')).toEqual(['cabin', 'berth', 'anchor'])
    expect(await named('?search=list.example&sort=created')).toEqual(['cabin', 'anchor', 'berth'])
    expect((await named('?sort=-signed_in'))[0]).toBe(admin.username)
    expect((await named('?sort=signed_in')).at(-1)).toBe(admin.username)
    const page = await list('?search=list.example&role=user&sort=name')
    expect(page.body).toContain(
      '<th scope="col" aria-sort="ascending"><a href="/admin/users?search=list.example&amp;role=user&amp;sort=-name">User<',
    )
    expect(page.body).toContain(
      '<th scope="col"><a href="/admin/users?search=list.example&amp;role=user&amp;sort=-signed_in">Last sign-in<',
    )
    // The usual order has no word in the address.
    expect(page.body).toContain(
      '<th scope="col"><a href="/admin/users?search=list.example&amp;role=user">Created<',
    )
    expect(page.body).toContain('<input type="hidden" name="sort" value="name">')
    // Chips and the file keep the order.
    expect(page.body).toContain(
      'href="/admin/users?search=list.example&amp;role=user&amp;state=locked&amp;sort=name"',
    )
    expect(page.body).toContain(
      'href="/admin/users/export.csv?search=list.example&amp;role=user&amp;sort=name"',
    )
    const file = await list('/export.csv?search=list.example&sort=-name')
    expect(file.body.match(/\w+(?=@list)/g)).toEqual(['cabin', 'berth', 'anchor'])
    // What the address says wrongly is as if it were not said.
    expect(await named('?search=list.example&sort=shoe')).toEqual(['berth', 'anchor', 'cabin'])
  })

  test('has the same links above its rows, for a phone, where no head of a column is in sight', async () => {
    const { body } = await list('?sort=name')
    const [links = ''] = /<nav class="sorts".*?<\/nav>/s.exec(body) ?? []
    expect(links).toContain('aria-label="Sort by"')
    expect([...links.matchAll(/href="([^"]+)"/g)].map(([, href]) => href)).toEqual([
      '/admin/users?sort=-name',
      '/admin/users',
      '/admin/users?sort=-signed_in',
    ])
    expect(links).toContain('User<span class="visually-hidden"> (ascending)</span>')
  })

  test('who has never signed in is said to', async () => {
    const { body } = await list('?search=cabin')
    expect(body).toContain('data-label="Last sign-in">never<')
  })
})
