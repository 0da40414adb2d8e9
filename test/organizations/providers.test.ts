import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { signedIn } from '../admin/console.ts'
import { machine } from '../admin/rest/support.ts'
import { basic, createApi } from '../api/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'

describe.each(engines)('providers of organizations, on %s', (engine) => {
  let federation: FederationFixture
  let id: string
  const values = new Set<string>()
  beforeAll(async () => {
    federation = await openFederation({ engine, lookUpTxt: async () => ({ values: [...values] }) })
    const { organizations, providers } = federation.latchkey.services
    id = (await organizations.create({ name: 'Corp & Sons', slug: 'corp' })).id
    values.add((await organizations.domains.add(id, 'corp.example')).record.value)
    await organizations.domains.verify(id, 'corp.example')
    await organizations.domains.add(id, 'claimed.example')
    await providers.update('okta', { organization: 'corp' })
  })
  afterAll(() => federation?.stop())
  beforeEach(() =>
    federation.latchkey.services.organizations.update(id, {
      ...{ provider_required: false, provider_join: false, provider_roles: [], disabled: false },
    }),
  )

  const services = () => federation.latchkey.services
  const at = (path: string) => `${federation.latchkey.issuer}${path}`
  const accountOf = (email: string) => services().accounts.find(email)
  let people = 0
  const upstream = (domain = 'corp.example', more: object = {}) => {
    const sub = `${engine}-${++people}`
    const account = {
      ...{ sub, preferred_username: `p-${sub}`, given_name: 'A', family_name: 'B', name: 'A B' },
      ...{ email: `p-${sub}@${domain}`, email_verified: true, ...more },
    }
    federation.okta.accounts = [account]
    return account
  }
  const confirm = (browser: HttpBrowser, page: BrowserPage) =>
    browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
  /** From the sign-in page by an address to the provider, and back. */
  async function arrive(email: string, browser = federation.browser()) {
    const page = await browser.follow(await browser.open(at('/login')), 'Sign in with your organization')
    const there = await browser.submit(page, { Email: email }, { button: 'Continue' })
    return { browser, page: await confirm(browser, there) }
  }
  const typed = async (identifier: string, password = PASSWORD) => {
    const browser = federation.browser()
    const page = await browser.signIn(await browser.open(at('/login')), { identifier, password })
    return { browser, page }
  }
  const owned = (email: string) =>
    services().accounts.createByAdmin({
      ...{ username: `o${engine}${++people}`, email, password: PASSWORD, verified: true },
    })

  test('stand on no sign-in page; an address of a verified domain leads there, and makes a member with the roles', async () => {
    await services().organizations.update(id, { provider_join: true, provider_roles: ['member', 'gone'] })
    const login = await federation.browser().open(at('/login'))
    expect(login.text).not.toContain('Okta')
    expect(login.text).toContain('Continue with GitHub')
    const { email } = upstream()
    const { page } = await arrive(email.toUpperCase())
    expect(page.url.pathname).toBe('/account')
    const account = await accountOf(email)
    expect((await services().organizations.members.membership(account?.id ?? '', id))?.roles).toEqual([
      'member',
    ])
    await services().organizations.members.put(id, account?.id ?? '', ['admin'])
    await arrive(email)
    const { roles } = await services().organizations.members.get(id, account?.id ?? '')
    expect(roles, 'who is a member keeps their roles').toEqual(['admin'])

    await services().organizations.update(id, { provider_join: false })
    const other = upstream().email
    await arrive(other)
    const none = await accountOf(other)
    expect(none).toBeDefined()
    expect(await services().organizations.members.membership(none?.id ?? '', id)).toBeUndefined()
  })

  test('stand on the page of their organization, which says when its domains lead to none', async () => {
    const { browser } = await signedIn(federation.latchkey)
    const page = () => browser.open(at(`/admin/organizations/${id}`))
    const led = await page()
    expect(
      led.links.filter(({ href }) => new URL(href, led.url).pathname === '/admin/providers/okta'),
    ).toHaveLength(1)
    expect(led.text).not.toContain('no provider that is on')
    await services().providers.disable('okta')
    const alone = await page()
    await services().providers.enable('okta')
    expect(alone.text).toContain('no provider that is on')
    expect(alone.text).toContain('Switched off')
    const limited = await signedIn(
      federation.latchkey,
      (
        await services().administratorRoles.create({
          ...{ name: 'corp-desk', permissions: ['organization.read'], organization: 'corp' },
        })
      ).id,
    )
    const theirs = await limited.browser.open(at(`/admin/organizations/${id}`))
    expect(theirs.status).toBe(200)
    expect(theirs.text).not.toContain('Sign-in provider')
  })

  test('an address of another domain, or of one that is not verified, leads nowhere, and says so', async () => {
    const browser = federation.browser()
    for (const email of [
      'a@claimed.example',
      'a@sub.corp.example',
      'x',
      '',
      '@',
      'a@corp.example.',
      `${'a'.repeat(390)}@x`,
    ]) {
      const page = await browser.open(at('/login/organization?return_to=/account/apps'))
      const refused = await browser.submit(page, { Email: email }, { button: 'Continue' })
      expect([refused.status, refused.text], email).toEqual([
        422,
        expect.stringContaining('No organization here'),
      ])
    }
  })

  test('vouch for addresses of their own verified domains alone', async () => {
    for (const account of [
      upstream('claimed.example'),
      upstream('example.com'),
      upstream('corp.example.evil.example'),
      upstream('corp.example', { email_verified: false }),
    ]) {
      federation.okta.accounts = [account]
      const { page } = await arrive('any@corp.example')
      expect(page.url.pathname, account.email).toBe('/login')
      expect(page.url.searchParams.get('problem')).toBe('not_allowed')
      expect(await accountOf(account.email)).toBeUndefined()
    }
    const victim = await federation.latchkey.createUser()
    upstream('corp.example', { email: victim.email })
    expect((await arrive('any@corp.example')).page.url.searchParams.get('problem')).toBe('not_allowed')
  })

  test('an account that has the address is not joined by it: its owner proves it, by the password also where none signs in', async () => {
    await services().organizations.update(id, { provider_required: true, provider_join: true })
    const { email } = upstream()
    const owner = await owned(email)
    const { browser, page } = await arrive(email)
    expect(page.url.pathname).toMatch(/^\/login\/link\//)
    expect(await services().organizations.members.membership(owner.id, id), 'not yet').toBeUndefined()
    const wrong = await browser.submit(
      page,
      { Password: 'not-the-password' },
      { button: page.forms[0]?.buttons[0]?.label ?? '' },
    )
    expect(wrong.status).toBe(401)
    const linked = await browser.submit(
      wrong,
      { Password: PASSWORD },
      { button: wrong.forms[0]?.buttons[0]?.label ?? '' },
    )
    expect(linked.url.pathname).toBe('/account')
    expect(await services().organizations.members.membership(owner.id, id)).toBeDefined()
  })

  test('where one is required, a password signs in nowhere, by no name, and the page leads there', async () => {
    const { email, preferred_username } = upstream()
    const owner = await owned(email)
    expect((await typed(email)).page.url.pathname, 'not required: the password works').toBe('/account')
    await services().organizations.update(id, { provider_required: true })
    for (const [name, password] of [
      [email, PASSWORD],
      [email, 'wrong'],
      ['nobody@corp.example', 'x'],
      [owner.username, PASSWORD],
    ] as const) {
      const { browser, page } = await typed(name, password)
      expect([page.status, page.text], name).toEqual([403, expect.stringContaining('sign in at Okta')])
      expect((await browser.open(at('/account'))).url.pathname, 'nobody is signed in').toBe('/login')
    }
    expect(
      (await typed(owner.username, 'wrong-password')).page.status,
      'who does not know the password is told nothing',
    ).toBe(401)
    const { browser, page } = await typed(email)
    const there = await browser.submit(page, {}, { button: 'Continue with Okta' })
    expect(there.text).toContain(preferred_username)

    const api = createApi(federation.latchkey.issuer)
    for (const username of [email, owner.username])
      expect(await api.post('/login', { username, password: PASSWORD })).toMatchObject({
        ...{ status: 403, json: { code: 'provider_required', provider: 'okta' } },
      })
    expect(await api.call('GET', '/me', { headers: basic(email, PASSWORD) })).toMatchObject({ status: 403 })
    const register = await federation.browser()
    const form = await register.open(at('/register'))
    const refused = await register.submit(
      form,
      { Username: `new-${engine}`, Email: 'new@corp.example', Password: PASSWORD },
      { button: 'Create account' },
    )
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('signs in at the provider')])

    const root = await owned(`root-${engine}@corp.example`)
    await services().accounts.setRole(root.id, 'admin')
    expect(
      (await typed(root.username)).page.status,
      'who administers this server gets in by their name',
    ).toBe(200)
    await services().providers.disable('okta')
    expect((await typed(email)).page.url.pathname, 'nobody is locked out by a provider that is off').toBe(
      '/account',
    )
    await services().providers.enable('okta')
    await services().organizations.update(id, { disabled: true })
    expect((await typed(email)).page.url.pathname).toBe('/account')
    expect(await services().providers.enabled.find('okta')).toBeUndefined()
  })

  test('an app that names the organization, or an address, finds the provider on the sign-in page', async () => {
    const { party } = await federation.app()
    for (const [parameter, value] of [
      ['organization', 'corp'],
      ['organization', id],
      ['login_hint', 'someone@CORP.example'],
    ] as const) {
      const { email } = upstream()
      const browser = federation.browser()
      await services().organizations.update(id, { provider_join: true })
      const request = await party.authorize({ scope: 'openid', parameters: { [parameter]: value } })
      const page = await browser.open(request.url)
      expect(page.text).toContain('People of Corp & Sons sign in at Okta')
      const there = await browser.submit(page, {}, { button: 'Continue with Okta' })
      const back = await confirm(browser, there)
      const tokens = await party.callback(back.url, request)
      expect(tokens.claims(), email).toMatchObject({ org_id: id })
    }
    const hinted = await party.authorize({ scope: 'openid', parameters: { login_hint: 'a@example.com' } })
    expect((await federation.browser().open(hinted.url)).text).not.toContain('Okta')
  })

  test('belong to one that there is, in every form, and end with it', async () => {
    const { rest } = await machine(federation.latchkey)
    expect((await rest.get('/providers/okta')).json).toMatchObject({ organization: id })
    for (const organization of ['none', '__proto__', '', 'a b', 7])
      await expect(
        services().providers.update('okta', { organization }),
        String(organization),
      ).rejects.toMatchObject({
        ...{ code: 'invalid_provider', errors: { organization: [expect.any(String)] } },
      })
    await services().organizations.update(id, { provider_required: true })
    expect(await rest.patch(`/organizations/${id}`, { provider_required: false })).toMatchObject({
      ...{ status: 403, json: { code: 'administration_not_granted' } },
    })
    const { configuration } = services()
    const file = parse(await configuration.export()) as { providers: { id: string; organization?: string }[] }
    expect(file.providers.find((one) => one.id === 'okta')?.organization).toBe('corp')
    const plan = await configuration.plan(stringify(file), () => 'x')
    expect(plan.changes.filter(({ kind }) => kind !== 'provider')).toEqual([])
    expect(plan.changes.flatMap(({ fields }) => fields.map(({ field }) => field))).toEqual(['client_secret'])

    const other = await services().organizations.create({ name: 'Other' })
    await services().providers.update('okta', { organization: other.id })
    await services().organizations.remove(other.id)
    expect(await services().providers.enabled.find('okta')).toBeUndefined()
    await services().providers.update('okta', { organization: null })
    expect((await federation.browser().open(at('/login'))).text).toContain('Continue with Okta')
    await services().providers.update('okta', { organization: 'corp' })
  })
})
