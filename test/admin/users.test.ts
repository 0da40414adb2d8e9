import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('users, APIs and providers in the console on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  const at = (path: string) => admin.browser.open(`${latchkey.issuer}${path}`)
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  test('people are found by name, address and id, and filtered by role', async () => {
    const ada = await latchkey.createUser('ada.lovelace')
    await latchkey.createUser('grace.hopper')
    for (const search of ['lovelace', 'ADA.LOVELACE@EXAMPLE', ada.id]) {
      const page = await at(`/admin/users?${new URLSearchParams({ search })}`)
      expect(page.text).toContain('ada.lovelace@example.com')
      expect(page.text).not.toContain('grace.hopper')
    }
    expect((await at('/admin/users?role=admin')).text).not.toContain('ada.lovelace')
    expect((await at('/admin/users?search=no-such-person')).text).toContain('Nobody matches')
  })

  test('chips count and filter: locked, disabled, unverified; a role that may not read roles is shown none by name', async () => {
    const { accounts, administratorRoles } = latchkey.services
    const of = async (state: string) => (await at(`/admin/users?state=${state}`)).text
    const [locked, disabled] = [
      await latchkey.createUser('chip.locked'),
      await latchkey.createUser('chip.off'),
    ]
    await accounts.createByAdmin({ username: 'chip.new', email: 'chip.new@example.com' })
    for (let guess = 0; guess < 5; guess++)
      await accounts.authenticate({ identifier: locked.email, password: 'wrong' })
    await accounts.disable(disabled.id)
    for (const [state, name] of Object.entries({
      locked: 'chip.locked',
      disabled: 'chip.off',
      unverified: 'chip.new',
    })) {
      const text = await of(state)
      for (const other of ['chip.locked', 'chip.off', 'chip.new'])
        expect([state, other, text.includes(other)]).toEqual([state, other, other === name])
      expect(await of(`${state}&search=chip`)).toContain(name)
      expect(await of(`${state}&search=nobody-has-this`)).toContain('Nobody matches')
    }
    const list = await at('/admin/users?state=disabled')
    expect(list.text).toMatch(/Disabled 1 Address not verified/)
    const off = list.links.find(({ text }) => text.startsWith('Disabled'))
    expect(new URL(off?.href ?? '', list.url).search).toBe('')
    const desk = await administratorRoles.create({
      ...{ name: `chips-${engine}`, permissions: ['user.read', 'user.unlock'] },
    })
    expect((await at('/admin/users')).text).toContain(`Administrator role: chips-${engine}`)
    const { browser } = await signedIn(latchkey, desk.id)
    const theirs = await browser.open(`${latchkey.issuer}/admin/users`)
    expect(theirs.text).not.toContain('Administrator role:')
  })

  test('what a search finds is a CSV file without formulas, audited; not for who may not see users', async () => {
    const { accounts, audit } = latchkey.services
    for (let i = 0; i < 101; i++)
      await accounts.createByAdmin({
        username: `row${i}.${engine}`,
        email: `row${i}@csv-${engine}.example`,
        verified: true,
        givenName: i === 0 ? '=cmd()' : 'a "b", c',
      })
    const desk = await latchkey.services.administratorRoles.create({
      name: `desk-${engine}`,
      permissions: ['user.read'],
    })
    await accounts.createByAdmin({
      username: `desk.${engine}`,
      email: `desk@csv-${engine}.example`,
      verified: false,
      role: desk.id,
    })
    const get = (browser: typeof admin.browser) =>
      browser.open(`${latchkey.issuer}/admin/users/export.csv?search=csv-${engine}`)
    const list = await at(`/admin/users?search=csv-${engine}`)
    expect(list.body).toContain(`href="/admin/users/export.csv?search=csv-${engine}"`)
    const file = await get(admin.browser)
    const lines = file.body.trim().split('\r\n')
    expect(lines[0]).toMatch(/^id,username,email,pending_email,given_name/)
    expect(lines).toHaveLength(103)
    // Who has not proven the address yet, and the role by its name.
    expect(lines[1]).toContain(`,desk.${engine},,desk@csv-${engine}.example,,,desk-${engine},`)
    expect(file.body).toContain(`,"'=cmd()",`)
    expect(file.body).toContain(',"a ""b"", c",')
    await audit.idle()
    expect((await audit.list({ action: 'users.exported' })).items[0]).toMatchObject({
      actor: { id: admin.id },
      details: { filters: { search: `csv-${engine}` } },
    })
    expect((await get((await signedIn(latchkey, 'user')).browser)).status).toBe(403)
  })

  test('a user is added with an invitation by mail, and no password passes through the console', async () => {
    const form = await at('/admin/users/new')
    expect(form.body).not.toContain('type="password"')
    const refused = await admin.browser.submit(
      form,
      { Username: 'x', Email: 'nonsense' },
      { button: 'Add user' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Use at least 3 characters.')
    const made = await admin.browser.submit(
      refused,
      { Username: `new.${engine}`, Email: `new.${engine}@example.com`, 'First name': 'Nova' },
      { button: 'Add user' },
    )
    expect(made.text).toContain('The user is created, and an invitation is on its way.')
    const mails = await latchkey.mailTo(`new.${engine}@example.com`)
    expect(mails.text).toContain('/invitation?token=')
    expect(await latchkey.services.accounts.find(`new.${engine}`)).toMatchObject({
      givenName: 'Nova',
      email: null,
    })
  })

  test('a person’s page: disable, enable, sign out everywhere, reset link, each once and in the log', async () => {
    const user = await latchkey.createUser()
    const page = await at(`/admin/users/${user.id}`)
    const disabled = await admin.browser.submit(page, {}, { button: 'Disable' })
    expect(disabled.text).toContain('every session and token has ended')
    expect(
      await latchkey.services.accounts.authenticate({ identifier: user.username, password: PASSWORD }),
    ).toMatchObject({ reason: 'disabled' })
    const enabled = await admin.browser.submit(disabled, {}, { button: 'Enable' })
    const reset = await admin.browser.submit(enabled, {}, { button: 'Send reset link' })
    expect(reset.text).toContain('on its way')
    expect((await latchkey.mailTo(user.email)).subject).toContain('Set a new password')
    const out = await admin.browser.submit(reset, {}, { button: 'Sign out everywhere' })
    expect(out.text).toContain(`${admin.username} from`)
    expect(out.text).toContain(`disabled ${user.username}`)
  })

  test('one device of a person is signed out, and their others stay signed in', async () => {
    const { browser, id, username } = await signedIn(latchkey, 'user')
    const other = createHttpBrowser()
    const login = await other.open(`${latchkey.issuer}/login?return_to=/account`)
    await other.signIn(login, { identifier: username, password: PASSWORD })
    const page = await at(`/admin/users/${id}`)
    const forms = page.forms.filter(({ action }) => action.endsWith('/sessions/end'))
    expect(forms).toHaveLength(2)
    const tab = await at(`/admin/users/${id}`)
    const sameInTab = tab.forms.find(({ fields }) =>
      fields.some(
        ({ name, value }) =>
          name === 'session' && value === forms[0]?.fields.find((each) => each.name === 'session')?.value,
      ),
    )
    const out = await admin.browser.submit(page, {}, { form: (form) => form === forms[0] })
    expect(out.text).toContain('Signed out there.')
    expect(out.forms.filter(({ action }) => action.endsWith('/sessions/end'))).toHaveLength(1)
    const still = async (one: HttpBrowser) =>
      (await one.open(`${latchkey.issuer}/account`)).url.pathname.startsWith('/account')
    expect((await Promise.all([still(browser), still(other)])).filter(Boolean)).toHaveLength(1)
    // From a tab that shows it still; and the session of another person, which stays.
    const again = await admin.browser.submit(tab, {}, { form: (form) => form === sameInTab })
    expect(again.text).not.toContain('Signed out there.')
    expect(again.text).toContain('Nothing was signed out')
    const stranger = await signedIn(latchkey, 'user')
    const strangers = await at(`/admin/users/${stranger.id}`)
    const theirs = strangers.forms.find(({ action }) => action.endsWith('/sessions/end'))
    const session = theirs?.fields.find(({ name }) => name === 'session')?.value ?? ''
    const request = admin.browser.prepare(
      await at(`/admin/users/${id}`),
      {},
      { form: ({ action }) => action.endsWith('/sessions/end') },
    )
    request.body?.set('session', session)
    const wrong = await admin.browser.visit(request)
    expect(wrong.text).toContain('Nothing was signed out')
    expect(await still(stranger.browser)).toBe(true)
  })

  test('a stale tab overwrites nothing', async () => {
    const user = await latchkey.createUser()
    const [one, two] = [await at(`/admin/users/${user.id}`), await at(`/admin/users/${user.id}`)]
    expect((await admin.browser.submit(one, { 'First name': 'Ada' }, { button: 'Save' })).text).toContain(
      'Saved.',
    )
    const stale = await admin.browser.submit(two, { 'First name': 'Grace' }, { button: 'Save' })
    expect(stale.status).toBe(409)
    expect(stale.text).toContain('Somebody has changed this account since you read it')
    expect((await latchkey.services.accounts.byId(user.id))?.givenName).toBe('Ada')
  })

  test('an administrator is made and unmade, never the last one', async () => {
    const user = await latchkey.createUser()
    const page = await at(`/admin/users/${user.id}`)
    await admin.browser.submit(page, { Role: 'admin' }, { button: 'Save' })
    expect((await latchkey.services.accounts.byId(user.id))?.role).toBe('admin')
    await latchkey.services.accounts.setRole(user.id, 'user')
    const own = await at(`/admin/users/${admin.id}`)
    const refused = await admin.browser.submit(own, {}, { button: 'Disable' })
    expect(refused.status).toBe(409)
    expect(refused.text).toContain('This is the last administrator')
  })

  test('deleting asks for the name, and takes the account', async () => {
    const user = await latchkey.createUser()
    const page = await at(`/admin/users/${user.id}`)
    const label = `Type ${user.username} to confirm`
    const refused = await admin.browser.submit(page, { [label]: 'somebody' }, { button: 'Delete user' })
    expect(refused.status).toBe(422)
    const gone = await admin.browser.submit(refused, { [label]: user.username }, { button: 'Delete user' })
    expect(gone.text).toContain('The user is deleted.')
    expect((await at(`/admin/users/${user.id}`)).status).toBe(404)
    for (const id of ['../../token', "' OR 1=1", '%00', 'x'.repeat(500)])
      expect((await at(`/admin/users/${encodeURIComponent(id)}`)).status).toBeLessThan(500)
  })

  test('an API is added with its scopes, refused beside its fields, and removed', async () => {
    const page = await at('/admin/resources')
    const refused = await admin.browser.submit(
      page,
      { Identifier: 'http://api.example', Scopes: 'openid', 'Token lifetime in seconds': '5' },
      { button: 'Add API' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('must be an https or urn: URI')
    expect(refused.text).toContain('must be a whole number of seconds')
    const added = await admin.browser.submit(
      refused,
      {
        Identifier: 'https://api.example',
        Scopes: 'orders:read  orders:write',
        'Token lifetime in seconds': '600',
      },
      { button: 'Add API' },
    )
    expect(added.text).toContain('600 seconds')
    const api = await admin.browser.follow(added, 'https://api.example')
    expect(api.text).toContain('identifier: https://api.example')
    const bad = await admin.browser.submit(api, { Scopes: 'openid' }, { button: 'Save' })
    expect([bad.status, bad.text]).toEqual([422, expect.stringContaining('belongs to OpenID Connect')])
    const saved = await admin.browser.submit(
      bad,
      { Name: 'Orders', Scopes: 'orders:read' },
      { button: 'Save' },
    )
    expect(saved.text).toContain('Saved.')
    expect(await latchkey.services.resources.findForProtocol('https://api.example')).toMatchObject({
      name: 'Orders',
      scope: 'orders:read',
    })
    const asked = await admin.browser.follow(saved, 'Remove …')
    expect(asked.text).toContain('Remove Orders?')
    expect((await admin.browser.submit(asked, {}, { button: 'Remove API' })).text).toContain(
      'There is no API yet.',
    )
  })

  test('a stale tab of an API changes nothing, and shows what is stored by now', async () => {
    const { resources } = latchkey.services
    const identifier = 'https://stale.example'
    await resources.add({ identifier, scope: 'stale:read', name: 'Before' })
    const tab = await at(`/admin/resources/api?identifier=${encodeURIComponent(identifier)}`)
    await resources.update(identifier, { scope: 'stale:write' })
    const refused = await admin.browser.submit(tab, { Name: 'After' }, { button: 'Save' })
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('stale:write')])
    expect(await resources.findForProtocol(identifier)).toMatchObject({
      name: 'Before',
      scope: 'stale:write',
    })
    expect((await admin.browser.submit(refused, {}, { button: 'Save' })).text).toContain('Saved.')
    expect(await resources.findForProtocol(identifier)).toMatchObject({ name: 'After', scope: 'stale:read' })
    await resources.remove(identifier)
  })

  test('a provider is added, tested and switched off; its secret is shown nowhere', async () => {
    const SECRET = 'secret-of-upstream-7731'
    const form = await at('/admin/providers/new?kind=oidc')
    const refused = await admin.browser.submit(
      form,
      { ID: 'X', Issuer: 'http://idp.example', 'Client ID': 'latchkey', 'Client secret': SECRET },
      { button: 'Add provider' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('lower-case letters')
    expect(refused.body).not.toContain(SECRET)
    const added = await admin.browser.submit(
      refused,
      { ID: 'corp', Name: 'Corp', Issuer: 'http://127.0.0.1:9', 'Client secret': SECRET },
      { button: 'Add provider' },
    )
    expect(added.text).toContain(`${latchkey.issuer}/api/auth/oauth/corp/callback`)
    expect(added.body).not.toContain(SECRET)
    const tested = await admin.browser.submit(added, {}, { button: 'Test it' })
    expect(tested.text).toContain('discovery wrong')
    const off = await admin.browser.submit(tested, {}, { button: 'Switch off' })
    expect(off.text).toContain('Switched off')
    expect((await at('/login')).text).not.toContain('Continue with Corp')
    expect(latchkey.log.join('')).not.toContain(SECRET)
    expect(JSON.stringify(await latchkey.services.db.prisma.auditEntry.findMany())).not.toContain(SECRET)
  })
})
