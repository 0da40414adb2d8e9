import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../../src/shared/device-code.ts'
import { createSecurityFixture } from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { pastMidnight } from '../../support/midnight.ts'
import { signedIn } from '../console.ts'

const DAY = 86_400_000

describe.each(engines)('the list of clients on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  const ahead = pastMidnight()
  let now = 0
  const clock = () => Date.now() + ahead + now
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    admin = await signedIn(latchkey)
    const { clients } = latchkey.services
    const made = async (name: string, input: object, origin?: Parameters<typeof clients.create>[1]) => {
      const client = await clients.create({ client_name: name, ...input }, origin)
      ids[name] = client.client_id
    }
    const redirect_uris = ['https://app.example/cb']
    now = -200 * DAY
    await made('beta', { redirect_uris })
    await made('Alpha', { grant_types: ['client_credentials'] })
    now = -100 * DAY
    await made('gamma', { redirect_uris, token_endpoint_auth_method: 'none' })
    await made(
      '=delta()',
      { grant_types: [DEVICE_CODE_GRANT], token_endpoint_auth_method: 'none', application_type: 'native' },
      { source: 'open', verified: false },
    )
    now = 0
    await made('epsilon', { redirect_uris, token_endpoint_auth_method: 'none', application_type: 'native' })
    await clients.disable(ids.gamma ?? '')
    const { usage } = latchkey.services
    const day = (back: number) => new Date(clock() - back * DAY).toISOString().slice(0, 10)
    await usage.clientUsed(day(95), ids.beta ?? '')
    await usage.clientUsed(day(3), ids.Alpha ?? '')
    // Written late: an older day does not take the newer one away.
    await usage.clientUsed(day(50), ids.Alpha ?? '')
  })
  afterAll(() => latchkey?.stop())

  const list = (query: string, browser = admin.browser) =>
    browser.open(`${latchkey.issuer}/admin/clients${query}`)
  const namesOf = (body: string): string[] =>
    [...body.matchAll(/<th scope="row"><a href="\/admin\/clients\/[^"]+">([^<]+)</g)].map(
      ([, name = '']) => name,
    )
  const named = async (query: string) => namesOf((await list(query)).body)

  test('chips count and filter, together and with the search; another click takes one off', async () => {
    const page = await list('')
    const chip = (label: string) =>
      new RegExp(`<a href="([^"]+)"( aria-current="true")?>${label} <small>(\\d+)<`).exec(page.body)
    const counted = Object.fromEntries(
      [
        'Web application',
        'Single-page application',
        'Native app',
        'Device, TV or command line',
        'Machine',
        'Enabled',
        'Disabled',
        'Not checked',
        'Self-registered',
        'Unused for 90 days',
      ].map((label) => [label, Number(chip(label)?.[3])]),
    )
    expect(counted).toEqual({
      'Web application': 1,
      'Single-page application': 1,
      'Native app': 1,
      'Device, TV or command line': 1,
      Machine: 1,
      Enabled: 4,
      Disabled: 1,
      'Not checked': 1,
      'Self-registered': 1,
      'Unused for 90 days': 3,
    })
    expect(page.body).not.toContain('>FAPI 2.0 application <small>')
    for (const [label, name] of [
      ['Web application', 'beta'],
      ['Machine', 'Alpha'],
      ['Disabled', 'gamma'],
      ['Not checked', '=delta()'],
      ['Self-registered', '=delta()'],
    ])
      expect(
        namesOf((await admin.browser.open(new URL(chip(label ?? '')?.[1] ?? '', page.url).href)).body),
      ).toEqual([name])
    expect((await named('?used=no')).sort()).toEqual(['=delta()', 'beta', 'gamma'])
    expect(await named('?used=no&kind=web')).toEqual(['beta'])
    expect(await named('?used=no&q=GAM')).toEqual(['gamma'])
    const off = await list('?kind=web&sort=name')
    expect(off.body).toMatch(/<a href="\/admin\/clients\?sort=name" aria-current="true">Web application/)
    const none = await list('?kind=web&state=disabled')
    expect(none.text).toContain('No client matches. Show all')
    // What the address says wrongly is as if it were not said.
    expect(await named('?kind=nothing&sort=1&state=x&used=yes')).toHaveLength(5)
  })

  test('sorted by links, either way, page by page', async () => {
    expect(await named('?sort=name')).toEqual(['=delta()', 'Alpha', 'beta', 'epsilon', 'gamma'])
    expect(await named('?sort=-name')).toEqual(['gamma', 'epsilon', 'beta', 'Alpha', '=delta()'])
    expect((await named('?sort=-used')).slice(0, 2)).toEqual(['Alpha', 'beta'])
    expect((await named('?sort=used')).slice(-2)).toEqual(['beta', 'Alpha'])
    expect((await named('?sort=created'))[4]).toBe('epsilon')
    const page = await list('?kind=web')
    expect(page.body).toContain(
      '<th scope="col" aria-sort="descending"><a href="/admin/clients?kind=web&amp;sort=created">',
    )
    expect(page.body).toContain('href="/admin/clients?kind=web&amp;sort=name"')
    const { clientListing } = latchkey.services
    for (const order of ['name', '-name', 'created', '-created', 'used', '-used'] as const) {
      const whole = (await clientListing.page({ order })).items.map(({ client }) => client.client_id)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const part = await clientListing.page({ order, limit: 2, cursor })
        seen.push(...part.items.map(({ client }) => client.client_id))
        cursor = part.next_cursor
      } while (cursor !== undefined)
      expect(seen, order).toEqual(whole)
      expect(new Set(seen).size).toBe(5)
    }
    const { next_cursor: cursor } = await clientListing.page({ order: 'name', limit: 1 })
    await expect(clientListing.page({ order: 'used', cursor })).rejects.toMatchObject({
      code: 'invalid_page',
    })
    expect((await list(`?sort=used&cursor=${cursor}`)).status).toBe(400)
  })

  test('says how long ago each was registered and used', async () => {
    const { text, body } = await list('')
    expect(text).toContain('3 days ago')
    expect(text).toContain('never')
    expect(body).toMatch(/<time datetime="[^"]+Z" title="[^"]+">6 months ago<\/time>/)
  })

  test('its use changes no version, and an edit its kind', async () => {
    const { clients, usage } = latchkey.services
    const { client_id: id, version } = await clients.create({
      client_name: 'zeta',
      redirect_uris: ['https://z.example/cb'],
    })
    await usage.clientUsed('2026-01-01', id)
    expect((await clients.get(id)).version).toBe(version)
    expect(await named('?kind=web&q=zeta')).toEqual(['zeta'])
    await clients.update(id, { token_endpoint_auth_method: 'none' })
    expect(await named('?kind=spa&q=zeta')).toEqual(['zeta'])
    expect(await named('?kind=web&q=zeta')).toEqual([])
    await clients.delete(id)
  })

  test('a sign-in is a use', async () => {
    const fixture = createSecurityFixture(latchkey)
    const web = await fixture.client({ client_name: 'eta', scope: 'openid' })
    await fixture.tokens(await fixture.victim(), web, { scope: 'openid' })
    await expect
      .poll(
        async () =>
          (await latchkey.services.clientListing.page({ search: 'eta' })).items.find(
            ({ client }) => client.client_id === web.client_id,
          )?.lastUsedDay,
      )
      .toBe(new Date(clock()).toISOString().slice(0, 10))
    expect((await list(`?q=${web.client_id}`)).text).toContain('today')
    await latchkey.services.clients.delete(web.client_id)
  })

  test('what is listed is a CSV file without formulas, audited; of a role with a limit, its clients alone', async () => {
    const { administratorRoles, audit } = latchkey.services
    const page = await list('?used=no&sort=name')
    expect(page.body).toContain('href="/admin/clients/export.csv?used=no&amp;sort=name"')
    const file = await list('/export.csv?used=no&sort=name')
    const lines = file.body.trim().split('\r\n')
    expect(lines[0]).toBe(
      'client_id,client_name,kind,disabled,verified,first_party,source,redirect_uris,scope,created_at,last_used_on',
    )
    expect(lines).toHaveLength(4)
    expect(lines[1]).toContain(`${ids['=delta()']},"'=delta()",device,false,false,false,open,,`)
    expect(lines[2]).toContain(',beta,web,false,true,')
    await audit.idle()
    expect((await audit.list({ action: 'clients.exported' })).items[0]).toMatchObject({
      actor: { id: admin.id },
      details: { filters: { unused: true, order: 'name' } },
    })
    expect((await list('/export.csv', (await signedIn(latchkey, 'user')).browser)).status).toBe(403)

    const role = await administratorRoles.create({
      ...{
        name: `clerk-${engine}`,
        permissions: ['client.read'],
        clients: [ids.beta ?? ''],
      },
    })
    const clerk = await signedIn(latchkey, role.id)
    const theirs = await list('', clerk.browser)
    expect(namesOf(theirs.body)).toEqual(['beta'])
    expect(theirs.body).not.toContain('class="chips"')
    const own = (await list('/export.csv', clerk.browser)).body.trim().split('\r\n')
    expect(own).toHaveLength(2)
    expect(own[1]).toContain(ids.beta)
    expect(namesOf((await list('?kind=machine&sort=name', clerk.browser)).body)).toEqual([])
  })

  test('what was there before the lists has its kind and its last use', async () => {
    const { prisma } = latchkey.services.db
    const folder = `prisma/${engine}/migrations`
    const migration = readdirSync(folder).find((name) => name.endsWith('_lists_of_clients'))
    const [update = ''] =
      /UPDATE "clients"[\s\S]*?;/.exec(readFileSync(`${folder}/${migration}/migration.sql`, 'utf8')) ?? []
    const kept = await prisma.client.findMany({ select: { id: true, kind: true, lastUsedDay: true } })
    await prisma.$executeRawUnsafe(`UPDATE clients SET kind = 'web', last_used_day = ''`)
    await prisma.$executeRawUnsafe(update)
    expect(await prisma.client.findMany({ select: { id: true, kind: true, lastUsedDay: true } })).toEqual(
      kept,
    )
    expect(new Set(kept.map(({ kind }) => kind))).toEqual(
      new Set(['web', 'spa', 'native', 'device', 'machine']),
    )
  })
})
