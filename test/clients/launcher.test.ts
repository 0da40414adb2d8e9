import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { openPlans } from '../support/plans.ts'
import { settled } from '../support/settled.ts'
import { statementsOf } from '../support/statements.ts'

describe.each(engines)('the list of apps on the account page, on %s', (engine) => {
  let latchkey: Latchkey
  let mine: Awaited<ReturnType<typeof signedIn>>
  const names = (apps: readonly { name: string }[] | undefined) => apps?.map(({ name }) => name)
  const list = () => latchkey.services.launchableApps(mine.id)

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, background: false })
    const { access, clients, settings } = latchkey.services
    mine = await signedIn(latchkey, 'user')
    const group = await access.groups.create({ name: 'Crew' })
    await access.groups.addMember(group.id, mine.id)
    const role = await access.roles.create({ name: 'Cook' })
    await access.roles.assign(role.id, { account: mine.id })
    const app = (client_name: string, more: object = {}) =>
      latchkey.createClient({
        client_name,
        client_uri: `https://${client_name.toLowerCase()}.example`,
        ...more,
      })
    await app('Maps', { logo_uri: 'https://maps.example/logo.png' })
    await app('Boats', { access: { groups: ['crew'], roles: [] } })
    await app('Kitchen', { access: { groups: [], roles: ['Cook'] } })
    await app('Captains', { access: { groups: ['Officers'], roles: [] } })
    await app('Wiki', { initiate_login_uri: 'https://wiki.example/login?a=b&iss=https://evil.example' })
    await latchkey.createClient({ client_name: 'Nowhere' })
    const off = await app('Switched-off')
    await clients.disable(off.client_id)
    const gone = await app('Homeless')
    await clients.update(gone.client_id, { client_uri: undefined })
    await latchkey.services.db.prisma.client.updateMany({
      where: { id: (await app('Unchecked')).client_id },
      data: { verified: false },
    })
    expect(settings.values.appLauncher).toBe('off')
  })
  afterAll(() => latchkey.stop())

  test('off unless it is switched on: no list, and no statement', async () => {
    await settled(latchkey)
    expect(await statementsOf(async () => expect(await list()).toBeUndefined())).toEqual([])
    const page = await mine.browser.open(`${latchkey.issuer}/account/apps`)
    expect(page.text).not.toContain('Your apps')
    await latchkey.services.settings.change({ app_launcher: 'on' })
  })

  test('apps that are enabled, checked, say where they begin, and are for the person, by name', async () => {
    expect(names(await list())).toEqual(['Boats', 'Kitchen', 'Maps', 'Wiki'])
    const page = await mine.browser.open(`${latchkey.issuer}/account/apps`)
    expect(page.text).toContain('Your apps')
    expect(page.body).toContain('href="https://maps.example"')
    expect(page.body).toContain('src="https://maps.example/logo.png"')
    expect(page.body).not.toMatch(/Captains|Nowhere|Switched-off|Homeless|Unchecked/)
    const other = await latchkey.createUser()
    expect(names(await latchkey.services.launchableApps(other.id))).toEqual(['Maps', 'Wiki'])
  })

  test('OpenID Connect Core §4: an address that begins a sign-in is told this issuer, and no other', async () => {
    const wiki = (await list())?.find(({ name }) => name === 'Wiki')
    const url = new URL(wiki?.uri ?? '')
    expect(url.searchParams.getAll('iss')).toEqual([latchkey.issuer])
    expect(url.searchParams.get('a')).toBe('b')
  })

  test('by JSON for a session; for nobody without', async () => {
    const address = new URL(`${latchkey.issuer}/api/auth/me/apps`)
    const answer = await mine.browser.send({ url: address, method: 'GET' })
    expect(answer.status).toBe(200)
    const { items } = (await answer.json()) as { items: { name: string; logo_uri?: string }[] }
    expect(items.map(({ name }) => name)).toEqual(['Boats', 'Kitchen', 'Maps', 'Wiki'])
    expect(items[2]?.logo_uri).toBe('https://maps.example/logo.png')
    expect((await fetch(address)).status).toBe(401)
  })

  test('two statements, however many apps there are, and none reads a table that grows', async () => {
    const asked = async () =>
      (await statementsOf(list)).filter((statement) => /clients|group_members|account_roles/.test(statement))
    const told = await asked()
    for (let each = 0; each < 20; each++)
      await latchkey.createClient({ client_name: `More ${each}`, client_uri: 'https://more.example' })
    const more = await asked()
    expect([told.length, more.length]).toEqual([2, 2])
    const plans = await openPlans(latchkey, engine)
    try {
      expect(await plans.check(more)).toEqual([])
    } finally {
      await plans.close()
    }
  })
})
