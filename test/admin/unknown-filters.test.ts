import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

/** What is applied is shown; what a form or a link could not show is not applied, on the page and in the file. */
describe('a filter with a value that the list does not offer', () => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  beforeAll(async () => {
    latchkey = await startLatchkey()
    const { access, clients, organizations, resources } = latchkey.services
    await access.groups.create({ name: 'Crew' })
    await access.roles.create({ name: 'Clerk' })
    await organizations.create({ name: 'Acme', slug: 'acme' })
    await resources.add({ identifier: 'https://a.example', name: 'Anchors', scope: 'a' })
    await clients.create({ client_name: 'Shop', redirect_uris: ['https://shop.example/cb'] })
    await fetch(`${latchkey.issuer}/authorize?client_id=nobody`)
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  const open = (address: string) => admin.browser.open(`${latchkey.issuer}/admin/${address}`)
  const rows = (body: string) =>
    [...body.matchAll(/<th scope="row"><a href="([^"]*)"/g)].map(([, href]) => href)
  const chosen = (body: string) => body.match(/<option value="[^"]*" selected|aria-current="true"/g)

  test.each([
    ['users', 'role second_factor state attribute sort'],
    ['clients', 'kind state checked registered used sort'],
    ['groups', 'members roles from sort'],
    ['roles', 'given api sort'],
    ['resources', 'tokens scopes sort'],
    ['organizations', 'state provider factor sort'],
    ['rejections', 'endpoint sort'],
    ['audit', 'action'],
  ])('of %s is not applied: %s', async (list, names) => {
    for (const name of names.split(' ')) {
      const [all, page] = [await open(list), await open(`${list}?${name}=zz`)]
      expect(page.status, name).toBe(200)
      expect(rows(all.body), name).not.toEqual([])
      expect(rows(page.body), name).toEqual(rows(all.body))
      expect(chosen(page.body), name).toEqual(chosen(all.body))
      expect(
        page.links.filter(({ href }) => href.includes('zz')),
        name,
      ).toEqual([])
    }
  })

  test.each([
    ['users/export.csv?', 'role'],
    ['rejections/export.csv?', 'endpoint'],
    ['audit/export?format=csv&', 'action'],
  ])('nor in the file of %s%s', async (file, name) => {
    const lines = async (query: string) =>
      (await open(`${file}${query}`)).body.split('\r\n').filter((line) => !line.includes('.exported'))
    expect((await lines('')).length).toBeGreaterThan(2)
    expect(await lines(`${name}=zz`)).toEqual(await lines(''))
  })

  test('an error is a word of the log, and stays shown with a way to take it off', async () => {
    const page = await open('rejections?error=zz')
    expect(rows(page.body)).toEqual([])
    const all = await admin.browser.follow(
      page,
      page.links.find(({ text }) => text.startsWith('zz'))?.text ?? '',
    )
    expect(rows(all.body)).not.toEqual([])
  })
})
