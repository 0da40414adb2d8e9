import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('several users or clients at once, on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  let now = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + now })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  const people = (count: number) => Promise.all(Array.from({ length: count }, () => latchkey.createUser()))
  const choose = (list: string, act: string, ids: readonly string[]) =>
    admin.browser.open(
      `${latchkey.issuer}/admin/${list}/bulk/${act}?${new URLSearchParams(Object.fromEntries(ids.map((id) => [`pick.${id}`, 'on'])))}`,
    )
  const entries = async (action: string, target: string) => {
    await latchkey.services.audit.idle()
    return (await latchkey.services.audit.list({ action, target })).items.length
  }

  test('users: the page says how many and what ends; done once for each, with an entry each', async () => {
    const chosen = await people(3)
    const [first] = chosen
    const page = await choose('users', 'disable', [...chosen.map(({ id }) => id), admin.id, 'nobody'])
    expect(page.text).toContain('Disable 3 users?')
    expect(page.text).toContain('every session and token of theirs ends')
    expect(page.text).toContain(`${admin.username}: it is you`)
    expect(page.text).toContain('nobody: gone')
    for (const { username } of chosen) expect(page.text).toContain(username)
    expect((await latchkey.services.accounts.byId(first?.id ?? ''))?.disabledAt).toBeNull()
    const done = await admin.browser.submit(page, {}, { button: 'Disable 3 users' })
    expect(done.url.pathname).toBe('/admin/users')
    expect(done.text).toContain('3 users disabled.')
    for (const { id } of chosen) {
      expect((await latchkey.services.accounts.byId(id))?.disabledAt).not.toBeNull()
      expect(await entries('account.disabled', id)).toBe(1)
    }
    expect((await latchkey.services.accounts.byId(admin.id))?.disabledAt).toBeNull()
    const again = await choose(
      'users',
      'disable',
      chosen.map(({ id }) => id),
    )
    expect(again.text).toContain('disabled already')
    expect(again.forms).toEqual([])
    const back = await choose(
      'users',
      'enable',
      chosen.map(({ id }) => id),
    )
    expect((await admin.browser.submit(back, {}, { button: 'Enable 3 users' })).text).toContain(
      '3 users enabled.',
    )
  })

  test('users are added to a group that is chosen', async () => {
    const { groups } = latchkey.services.access
    const group = await groups.create({ name: `Deck ${engine}` })
    const chosen = await people(2)
    const page = await choose(
      'users',
      'add-to-group',
      chosen.map(({ id }) => id),
    )
    const done = await admin.browser.submit(page, { Group: group.id }, { button: 'Add 2 users' })
    expect(done.text).toContain('2 users added to the group.')
    expect((await groups.members(group.id)).items.map(({ accountId }) => accountId).sort()).toEqual(
      chosen.map(({ id }) => id).sort(),
    )
    const gone = await choose('users', 'add-to-group', [chosen[0]?.id ?? ''])
    await groups.remove(group.id)
    const refused = await admin.browser.submit(gone, { Group: group.id }, { button: 'Add 1 user' })
    expect(refused.status).toBe(404)
    expect(refused.body).toContain('id="field-choice-error"')
  })

  test('of more than a hundred groups one is named, and a wrong name is said beside the field', async () => {
    const { groups } = latchkey.services.access
    const many = await Promise.all(
      Array.from({ length: 100 }, (_, at) => groups.create({ name: `Many ${engine} ${at}` })),
    )
    const group = await groups.create({ name: `Yonder ${engine}` })
    const [person] = await people(1)
    const page = await choose('users', 'add-to-group', [String(person?.id)])
    const wrong = await admin.browser.submit(page, { Group: 'Nowhere' }, { button: 'Add 1 user' })
    expect(wrong.status).toBe(404)
    expect(wrong.body).toContain('value="Nowhere"')
    expect(wrong.body).toContain('id="field-choice-error"')
    const done = await admin.browser.submit(wrong, { Group: `yonder ${engine}` }, { button: 'Add 1 user' })
    expect(done.text).toContain('1 user added to the group.')
    expect((await groups.members(group.id)).items.map(({ accountId }) => accountId)).toEqual([person?.id])
    await Promise.all(many.map(({ id }) => groups.remove(id)))
  })

  test('clients', async () => {
    const chosen = await Promise.all([latchkey.createClient(), latchkey.createClient()])
    const ids = chosen.map(({ client_id }) => client_id)
    const page = await choose('clients', 'disable', [...ids, 'none'])
    const done = await admin.browser.submit(page, {}, { button: 'Disable 2 clients' })
    expect(done.text).toContain('2 clients disabled.')
    for (const id of ids) {
      expect((await latchkey.services.clients.get(id)).disabled).toBe(true)
      expect(await entries('client.disabled', id)).toBe(1)
    }
  })

  test('organizations', async () => {
    const { organizations } = latchkey.services
    const chosen = await Promise.all(
      ['Deck', 'Hull'].map((name) => organizations.create({ name: `${name} ${engine}` })),
    )
    const ids = chosen.map(({ id }) => id)
    const list = await admin.browser.open(`${latchkey.issuer}/admin/organizations`)
    for (const id of ids) expect(list.body).toContain(`name="pick.${id}"`)
    const page = await choose('organizations', 'disable', [...ids, 'none'])
    expect(page.text).toContain('Nobody signs in for them')
    const done = await admin.browser.submit(page, {}, { button: 'Disable 2 organizations' })
    expect(done.url.pathname).toBe('/admin/organizations')
    expect(done.text).toContain('2 organizations disabled.')
    for (const id of ids) {
      expect((await organizations.get(id)).disabled).toBe(true)
      expect(await entries('organization.updated', id)).toBe(1)
    }
    expect((await choose('organizations', 'disable', ids)).text).toContain('disabled already')
    const back = await choose('organizations', 'enable', ids)
    await admin.browser.submit(back, {}, { button: 'Enable 2 organizations' })
    expect((await organizations.get(ids[0] ?? '')).disabled).toBe(false)
  })

  test('the last administrator stays, and what is refused is left out', async () => {
    const other = await signedIn(latchkey)
    const page = await choose('users', 'disable', [other.id])
    await latchkey.services.accounts.delete(other.id)
    const done = await admin.browser.submit(page, {}, { button: 'Disable 1 user' })
    expect(done.text).toContain('0 users disabled. 1 user left out.')
  })

  test('the page says whom and what a role may not change, and leaves them out', async () => {
    const role = await latchkey.services.administratorRoles.create({
      name: `bulk-${engine}`,
      permissions: [
        'user.read',
        'user.disable',
        'user.enable',
        'group.read',
        'group.add_member',
        'client.read',
        'client.disable',
        'client.enable',
      ],
    })
    const { browser } = await signedIn(latchkey, role.id)
    const auditor = await signedIn(latchkey, 'auditor')
    const user = await latchkey.createUser()
    const machine = await latchkey.services.clients.create({
      ...{ client_name: 'Master key', grant_types: ['client_credentials'], scope: 'admin:read' },
    })
    const app = await latchkey.createClient()
    const pick = (path: string, ids: string[]) =>
      browser.open(
        `${latchkey.issuer}/admin/${path}?${new URLSearchParams(Object.fromEntries(ids.map((id) => [`pick.${id}`, 'on'])))}`,
      )
    for (const act of ['disable', 'enable', 'add-to-group'])
      expect((await pick(`users/bulk/${act}`, [auditor.id])).text, act).toContain(
        `${auditor.username}: your role cannot change administrators and auditors`,
      )
    const page = await pick('users/bulk/disable', [auditor.id, user.id])
    expect(page.text).toContain('Disable 1 user?')
    expect((await browser.submit(page, {}, { button: 'Disable 1 user' })).text).toContain('1 user disabled.')
    expect((await latchkey.services.accounts.byId(auditor.id))?.disabledAt).toBeNull()
    const clients = await pick('clients/bulk/disable', [machine.client_id, app.client_id])
    expect(clients.text).toContain('Disable 1 client?')
    expect(clients.text).toContain(
      'Master key: your role cannot change a client that may administer this server',
    )
  })

  test('nothing chosen leads back; odd, huge and hostile input does nothing', async () => {
    for (const ids of [[], ['../x', '<b>']]) {
      const none = await choose('users', 'disable', ids)
      expect(none.text).toContain('Nothing is chosen.')
      expect(none.forms).toEqual([])
    }
    expect((await admin.browser.open(`${latchkey.issuer}/admin/users/bulk/delete?pick.x=on`)).status).toBe(
      404,
    )
    const hostile = await admin.browser.open(`${latchkey.issuer}/admin/users?did=__proto__&n=1&left=0`)
    expect(hostile.text).not.toContain('undefined')
    const wild = await admin.browser.open(`${latchkey.issuer}/admin/users?did=disable&n=%3Cb%3E&left=0`)
    expect(wild.body).not.toContain('role="status"')
    const account = await admin.browser.open(`${latchkey.issuer}/account`)
    const token = account.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value ?? ''
    const user = await latchkey.createUser()
    const post = (ids: string, csrf_token = token) =>
      admin.browser.visit({
        url: new URL(`${latchkey.issuer}/admin/users/bulk/disable`),
        method: 'POST',
        body: new URLSearchParams({ csrf_token, ids }),
        headers: { 'sec-fetch-site': 'same-origin' },
      })
    expect((await post('')).status).toBe(400)
    const many = Array.from({ length: 101 }, (_, index) => `id-${index}`).join(' ')
    expect((await post(many)).status).toBe(400)
    expect((await post(user.id, 'wrong')).status).toBe(403)
    expect((await latchkey.services.accounts.byId(user.id))?.disabledAt).toBeNull()
  })

  test('is for who may do it to one: neither auditors nor others, and after fifteen minutes it asks first', async () => {
    const [user] = await people(1)
    const query = `pick.${user?.id}=on`
    const auditor = await signedIn(latchkey, 'auditor')
    expect((await auditor.browser.open(`${latchkey.issuer}/admin/users/bulk/disable?${query}`)).status).toBe(
      403,
    )
    expect((await auditor.browser.open(`${latchkey.issuer}/admin/users`)).body).not.toContain('name="pick.')
    const page = await choose('users', 'disable', [user?.id ?? ''])
    now = 16 * 60_000
    const asked = await admin.browser.submit(page, {}, { button: 'Disable 1 user' })
    now = 0
    expect(asked.url.pathname).toBe('/login')
    expect((await latchkey.services.accounts.byId(user?.id ?? ''))?.disabledAt).toBeNull()
  })
})
