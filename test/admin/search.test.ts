import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('the search of the console on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  const search = async (q: string) => {
    const page = await admin.browser.open(`${latchkey.issuer}/admin/search?${new URLSearchParams({ q })}`)
    expect(page.status, q).toBe(200)
    const [, after = ''] = page.body.split('Exactly this')
    return { ...page, exact: after.split('</section>')[0] ?? '' }
  }
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  test('finds people, clients, APIs, groups, roles and organizations by a part of their names', async () => {
    const { resources, access, organizations } = latchkey.services
    await latchkey.createUser('skipper')
    await latchkey.createClient({ client_name: 'Skippers log' })
    await resources.add({ identifier: 'https://skip.example', name: 'Skip 100%_', scope: 'skip:read' })
    await access.groups.create({ name: 'Skipping rope' })
    await access.roles.create({ name: 'Skip keeper' })
    await organizations.create({ name: 'Skip & Sons' })
    const page = await search('SKIP')
    for (const heading of ['Users', 'Clients', 'APIs', 'Groups', 'Roles', 'Organizations'])
      expect(page.body).toMatch(new RegExp(`<h2 id="[a-z]+-heading">${heading}</h2>`))
    expect(page.body).not.toContain('Exactly this')
    expect((await search('100%_')).text).toContain('https://skip.example')
    expect((await search('100_%')).text).toContain('Nothing is called')
  })

  test('finds sign-in providers by their ID, or a part of their name', async () => {
    await latchkey.services.providers.add({
      id: 'lighthouse',
      kind: 'oidc',
      name: 'Beacon of the north',
      client_id: 'x',
      client_secret: 'y',
      settings: { issuer: 'https://beacon.example' },
    })
    expect((await search('lighthouse')).exact).toContain('href="/admin/providers/lighthouse"')
    const page = await search('of the NORTH')
    expect(page.exact).toBe('')
    expect(page.body).toContain('<h2 id="providers-heading">Sign-in providers</h2>')
    expect(page.body).toContain('href="/admin/providers/lighthouse"')
  })

  test('what is exactly called so stands first, and once', async () => {
    const user = await latchkey.createUser('mate')
    await latchkey.createUser('mate.of.mates')
    const client = await latchkey.createClient({ client_name: 'Mate' })
    const group = await latchkey.services.access.groups.create({ name: 'Mate' })
    for (const q of [user.id, user.email.toUpperCase(), 'mate']) {
      const { exact, body } = await search(q)
      expect(exact, q).toContain(`href="/admin/users/${user.id}"`)
      expect(exact, q).not.toContain('mate.of.mates')
      expect(body.split(`href="/admin/users/${user.id}"`), q).toHaveLength(2)
    }
    expect((await search('mate')).exact).toContain(`/admin/groups/${group.id}`)
    expect((await search('mate')).text).toContain('mate.of.mates')
    expect((await search(client.client_id)).exact).toContain(`/admin/clients/${client.client_id}`)
    expect((await search('https://skip.example')).exact).toContain('/admin/resources/api?identifier=https')
  })

  test('a reference, alone or in a sentence, leads to the refused request; a number to the entry of the log', async () => {
    const refused = await fetch(`${latchkey.issuer}/authorize?client_id=nobody&response_type=code`)
    const reference = refused.headers.get('x-request-id') ?? ''
    expect((await search(`Reference: ${reference}`)).exact).toContain(`/admin/rejections/${reference}`)
    expect((await search(randomUUID())).text).toContain('Nothing is called')
    expect((await search('#1')).exact).toContain('href="/admin/audit/1"')
  })

  test('more than five of a kind lead to their list', async () => {
    for (let i = 0; i < 6; i++) await latchkey.createUser(`deckhand${i}`)
    const page = await search('deckhand')
    expect(page.body.match(/deckhand\d<\/a>/g)).toHaveLength(5)
    const list = await admin.browser.open(`${latchkey.issuer}/admin/users?search=deckhand`)
    expect(page.body).toContain('href="/admin/users?search=deckhand"')
    for (let i = 0; i < 6; i++) expect(list.text).toContain(`deckhand${i}`)
  })

  test('odd, huge and hostile input finds nothing and breaks nothing', async () => {
    const huge = 'x'.repeat(9000)
    for (const q of [
      '\0',
      '%',
      "'; DROP TABLE accounts; --",
      huge,
      '"<script>',
      '../..',
      '\ud800',
      '99999999999',
    ])
      expect((await search(q)).body).not.toContain('"<script>')
    const twice = await admin.browser.open(`${latchkey.issuer}/admin/search?q=a&q=b`)
    expect(twice.status).toBe(200)
  })

  test('is for those who see the console', async () => {
    const auditor = await signedIn(latchkey, 'auditor')
    expect((await auditor.browser.open(`${latchkey.issuer}/admin/search?q=mate`)).text).toContain('mate')
    const user = await signedIn(latchkey, 'user')
    expect((await user.browser.open(`${latchkey.issuer}/admin/search?q=mate`)).status).toBe(403)
  })
})
