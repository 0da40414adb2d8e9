// Over 400 lines: one server with its providers a database engine; each file more would start them anew.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOfferedProviders } from '../../src/federation/pages/offered.ts'
import { person } from '../accounts/pages/person.ts'
import { signedIn } from '../admin/console.ts'
import { createApi } from '../api/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import type { BrowserPage } from '../support/flow.ts'
import { engines, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { ownProviders } from './own-provider-support.ts'

describe.each(engines)('the provider that managers of an organization set up, on %s', (engine) => {
  let federation: FederationFixture
  let ahead = 0
  const values = new Set<string>()
  beforeAll(async () => {
    federation = await openFederation({
      engine,
      env: { ORGANIZATION_ROLES: 'owner,admin,member', ORGANIZATION_MANAGER_ROLES: 'owner,admin' },
      clock: () => Date.now() + ahead,
      lookUpTxt: async () => ({ values: [...values] }),
    })
    await federation.latchkey.services.providers.disable('okta')
  })
  afterAll(() => federation?.stop())

  const { services, at, managed, fields, input, idOf, redirectOf, setUp, upstream, arrive } = ownProviders(
    engine,
    () => federation,
    values,
  )
  const problem = (page: { url: URL }) => page.url.searchParams.get('problem')

  test('is set up, tested, signs people in, is switched off and on, and removed, on pages; the secret is never shown', async () => {
    const { manager, browser, id, name, domain, path } = await managed()
    const second = await federation.latchkey.createUser()
    await services().organizations.members.put(id, second.id, ['owner'])
    const organization = await browser.open(at(`/account/organizations/${id}`))
    const page = await browser.follow(organization, 'Set up or change')
    expect(page.url.pathname).toBe(path)
    const redirectUri = await redirectOf(manager.id, id)
    expect(page.text).toContain(redirectUri)
    federation.okta.setCallback(redirectUri)
    const wrong = await browser.submit(page, { Issuer: 'http://login.example' }, { button: 'Save' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('Enter the client secret')])
    const saved = await browser.submit(
      wrong,
      { ...fields(), 'Everyone who signs in there becomes a member': true, member: true },
      { button: 'Save' },
    )
    expect(saved.text).toContain('Saved.')
    expect(saved.text).not.toContain(federation.okta.clientSecret)
    expect(JSON.stringify(saved.forms)).toContain(federation.okta.issuer)
    expect(JSON.stringify(saved.forms)).not.toContain(federation.okta.clientSecret)
    const tested = await browser.submit(saved, {}, { button: 'Test' })
    expect(tested.text).toContain('Result of the test')
    expect(tested.text).toContain('the provider accepts them')
    expect(tested.text).not.toContain('Failed')

    const { email } = upstream((local) => `${local}@${domain}`)
    expect((await arrive(email)).url.pathname).toBe('/account')
    const account = await services().accounts.find(email)
    expect((await services().organizations.members.get(id, account?.id ?? '')).roles).toEqual(['member'])
    expect((await federation.browser().open(at('/login'))).text).not.toContain(name)

    const off = await browser.submit(tested, {}, { button: 'Switch off' })
    expect(off.text).toContain('nobody signs in there')
    expect((await services().providers.ofOrganization(id))[0]?.disabled).toBe(true)
    const on = await browser.submit(off, {}, { button: 'Switch on' })
    const confirm = await browser.follow(on, 'Remove …')
    const removed = await browser.submit(confirm, {}, { button: 'Remove provider' })
    expect(removed.text).toContain('The provider is removed.')
    expect(await services().providers.ofOrganization(id)).toEqual([])

    const { items } = await services().audit.list({ actor: manager.id })
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining([
        ...['provider.added', 'provider.disabled', 'provider.enabled', 'provider.removed'],
        'organization.updated',
      ]),
    )
    expect(JSON.stringify(items)).not.toContain(federation.okta.clientSecret)
    await services().mailer.idle()
    const outbox = await readOutbox(join(federation.latchkey.dataDir, 'outbox'))
    const told = outbox.filter(({ subject }) => subject.includes(`How ${name} signs in`))
    expect(told.map(({ to }) => to)).toEqual(Array(4).fill(second.email))
    expect(told.every(({ text }) => text.includes(manager.username))).toBe(true)
  })

  test('acts again and again send another manager five mails an hour; one that changes nothing tells nobody', async () => {
    const { manager, id, name } = await setUp()
    const second = await person(federation.latchkey)
    await services().organizations.members.put(id, second.id, ['admin'])
    const { ownProvider, mailer, audit } = services()
    const subjects = async () => {
      await mailer.idle()
      const outbox = await readOutbox(join(federation.latchkey.dataDir, 'outbox'))
      return outbox.filter(
        ({ to, subject }) => to === second.email && subject.includes(`How ${name} signs in`),
      ).length
    }
    const acts = async () =>
      (await audit.list({ actor: manager.id })).items.filter(({ action }) =>
        /^provider\.(en|dis)abled$/.test(action),
      ).length
    const before = await acts()
    await ownProvider.setDisabled(manager.id, id, false)
    expect([await subjects(), (await acts()) - before]).toEqual([0, 0])
    const both = [true, true].map((disabled) => ownProvider.setDisabled(manager.id, id, disabled))
    await Promise.all(both)
    expect(await subjects(), 'of two at once, one changes it').toBe(1)
    for (let count = 0; count < 8; count++) await ownProvider.setDisabled(manager.id, id, count % 2 === 1)
    expect(await subjects()).toBe(5)
    ahead += 3_600_001
    await ownProvider.setDisabled(manager.id, id, false)
    expect(await subjects()).toBe(6)
    ahead -= 3_600_001
  })

  test('the console says who has set it up', async () => {
    const { id } = await setUp()
    const admin = await signedIn(federation.latchkey)
    for (const [path, said] of [
      [`/admin/providers/${await idOf(id)}`, 'Set up by managers of its organization'],
      [`/admin/organizations/${id}`, 'Its managers have set it up.'],
    ] as const)
      expect((await admin.browser.open(at(path))).text).toContain(said)
    const provider = (of: string) => admin.browser.open(at(`/admin/providers/${of}`))
    expect((await provider(await idOf(id))).text, 'configuration files have none of managers').not.toContain(
      'version: 1',
    )
    expect((await provider('okta')).text).toContain('version: 1')
  })

  test('administrators take it from managers only when they say so, which is audited', async () => {
    const [one, other] = [await setUp(), await managed()]
    const { audit, organizations, providers } = services()
    const { slug: there } = await organizations.get(one.id)
    const { slug } = await organizations.get(other.id)
    const admin = await signedIn(federation.latchkey)
    const id = await idOf(one.id)
    const open = () => admin.browser.open(at(`/admin/providers/${id}`))
    const form = ({ action }: { action: string }) =>
      new URL(action, at('/')).pathname.endsWith('/organization')
    const move = async (fields: Record<string, string | boolean>) =>
      admin.browser.submit(await open(), fields, { form })
    expect((await open()).text).toContain('the server behind it stays theirs')
    for (const organization of [slug, other.id, '']) {
      const refused = await move({ organization })
      expect([refused.status, refused.text]).toEqual([
        422,
        expect.stringContaining('Tick this to move a provider that managers have set up.'),
      ])
      expect((await providers.get(id)).organization).toBe(one.id)
    }
    for (const organization of [there, one.id])
      expect((await move({ organization })).status, 'it stays').toBe(200)
    const moved = await move({ organization: slug, sure: true })
    expect(moved.text).toContain('Saved.')
    expect((await providers.get(id)).organization).toBe(other.id)
    await audit.idle()
    const [entry] = (await audit.list({ target: id, action: 'provider.updated' }, { limit: 1 })).items
    expect(entry).toMatchObject({
      actor: { id: admin.id },
      details: { before: { organization: one.id }, after: { organization: other.id } },
    })
    await providers.update('okta', { organization: slug })
    expect((await admin.browser.open(at('/admin/providers/okta'))).text).not.toContain('stays theirs')
    await providers.update('okta', { organization: null })
  })

  test('one without a verified domain signs nobody in: pages say so, and lead to the domains', async () => {
    const one = await setUp()
    const admin = await signedIn(federation.latchkey)
    const organization = `/account/organizations/${one.id}`
    const pages = async () => [
      await one.browser.open(at(one.path)),
      await one.browser.open(at(organization)),
      await admin.browser.open(at(`/admin/organizations/${one.id}`)),
      await admin.browser.open(at(`/admin/providers/${await idOf(one.id)}`)),
    ]
    const said = 'No domain of the organization is verified: nobody signs in at its provider until one is.'
    for (const { text } of await pages()) expect(text).not.toContain(said)
    const ask = await one.browser.follow(await one.browser.open(at(organization)), `Remove … ${one.domain}`)
    expect(ask.text).toContain('added and verified anew')
    expect(await services().organizations.domains.list(one.id)).toHaveLength(1)
    const removed = await one.browser.submit(ask, {}, { button: 'Remove domain' })
    expect(removed.text).toContain('The domain is removed.')
    for (const { text } of await pages()) expect(text).toContain(said)
    const [provider] = await pages()
    const domainsOf = (page: BrowserPage | undefined) => {
      const link = page?.links.find(({ text }) => text === 'Go to the domains')
      return new URL(link?.href ?? '', federation.latchkey.issuer).href
    }
    expect(domainsOf(provider)).toBe(at(`${organization}#domains-heading`))
    expect(domainsOf((await pages()).at(-1))).toBe(
      at(`/admin/organizations/${one.id}?section=domains#domains`),
    )
    // The page of a domain that another tab has removed has nothing to ask.
    const gone = await one.browser.open(ask.url.href)
    expect(gone.url.pathname).toBe(organization)
    const without = await managed({ verified: false })
    expect((await without.browser.open(at(without.path))).text).not.toContain(said)
  })

  test('a sign-in that is not fresh is asked for again, and then it is done', async () => {
    const { browser, id, path } = await managed()
    const page = await browser.open(at(path))
    ahead = 3_600_000
    try {
      const asked = await browser.submit(page, fields(), { button: 'Save' })
      expect([asked.url.pathname, asked.url.searchParams.has('again')]).toEqual(['/login', true])
      expect(await services().providers.ofOrganization(id)).toEqual([])
    } finally {
      ahead = 0
    }
  })

  test('needs a verified domain, and the setting; what is there goes on, and can be switched off and removed', async () => {
    const { ownProvider, settings } = services()
    const without = await managed({ verified: false })
    await expect(ownProvider.save(without.manager.id, without.id, input())).rejects.toMatchObject({
      code: 'provider_not_allowed',
    })
    expect((await without.browser.open(at(without.path))).text).toContain('Verify a domain first')
    const one = await setUp()
    await settings.change({ manager_providers: 'off' })
    try {
      for (const refused of [
        () => ownProvider.save(one.manager.id, one.id, input()),
        () => ownProvider.test(one.manager.id, one.id),
        () => ownProvider.setDisabled(one.manager.id, one.id, false),
      ])
        await expect(refused()).rejects.toMatchObject({ code: 'provider_not_allowed', status: 403 })
      const { email } = upstream((local) => `${local}@${one.domain}`)
      expect((await arrive(email)).url.pathname).toBe('/account')
      await ownProvider.setDisabled(one.manager.id, one.id, true)
      await ownProvider.remove(one.manager.id, one.id)
    } finally {
      await settings.change({ manager_providers: 'verified_domain' })
    }
  })

  test('is of who manages the organization, and one; that of administrators is theirs', async () => {
    const { ownProvider, providers } = services()
    const [one, other] = [await setUp(), await managed()]
    const member = await person(federation.latchkey)
    await services().organizations.members.put(one.id, member.id, ['member'])
    for (const stranger of [other, { manager: member, browser: member.browser }]) {
      for (const refused of [
        () => ownProvider.get(stranger.manager.id, one.id),
        () => ownProvider.save(stranger.manager.id, one.id, input()),
        () => ownProvider.test(stranger.manager.id, one.id),
        () => ownProvider.setDisabled(stranger.manager.id, one.id, true),
        () => ownProvider.remove(stranger.manager.id, one.id),
      ])
        await expect(refused()).rejects.toMatchObject({ code: 'organization_not_found', status: 404 })
      expect((await stranger.browser.open(at(one.path))).status).toBe(404)
    }
    await ownProvider.save(one.manager.id, one.id, { ...input(), clientId: 'another' })
    expect(await providers.ofOrganization(one.id)).toMatchObject([{ client_id: 'another', managed: true }])
    await expect(
      providers.add({ ...(await providers.get(await idOf(one.id))), id: await idOf(one.id) }),
    ).rejects.toThrow()

    await providers.add({
      ...{ id: `admins-${engine}`, kind: 'oidc', name: 'Theirs', client_id: 'c', client_secret: 's' },
      ...{ settings: { issuer: federation.okta.issuer }, organization: other.id },
    })
    await expect(ownProvider.save(other.manager.id, other.id, input())).rejects.toMatchObject({
      ...{ code: 'provider_of_administrators', status: 409 },
    })
    await expect(ownProvider.remove(other.manager.id, other.id)).rejects.toMatchObject({ status: 404 })
    expect((await other.browser.open(at(other.path))).text).toContain('Administrators of this server have')
    expect(await providers.get(`admins-${engine}`)).toBeDefined()
  })

  test('vouches for its own domains alone, and gives roles that the manager may give', async () => {
    const [one, other] = [await setUp(), await managed()]
    for (const domain of [other.domain, 'example.com', `sub.${one.domain}`]) {
      const { email } = upstream((local) => `${local}@${domain}`)
      expect(problem(await arrive(`any@${one.domain}`)), domain).toBe('not_allowed')
      expect(await services().accounts.find(email)).toBeUndefined()
    }
    const { ownProvider, organizations } = services()
    await organizations.update(one.id, { provider_roles: ['owner', 'member'] })
    await expect(
      ownProvider.save(one.manager.id, one.id, { ...input(), roles: ['owner'] }),
    ).rejects.toMatchObject({ errors: { roles: [expect.any(String)] } })
    await ownProvider.save(one.manager.id, one.id, { ...input(), roles: [] })
    expect((await organizations.get(one.id)).provider_roles, 'what they cannot give stays').toEqual(['owner'])
  })

  test('signs in nobody who administers this server, by a link of theirs or an invitation', async () => {
    const one = await setUp()
    const { email } = upstream((local) => `${local}@${one.domain}`)
    expect((await arrive(email)).url.pathname).toBe('/account')
    const account = await services().accounts.find(email)
    await services().accounts.setRole(account?.id ?? '', 'auditor')
    const refused = federation.browser()
    expect(problem(await arrive(email, refused))).toBe('not_allowed')
    expect((await refused.open(at('/account'))).url.pathname).toBe('/login')

    const invited = upstream((local) => `${local}@${one.domain}`)
    await services().accounts.createByAdmin({
      ...{ username: `boss${engine}`, email: invited.email, role: 'admin' as const },
    })
    const browser = federation.browser()
    await arrive(invited.email, browser)
    expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
  })

  test('is offered to nobody who administers this server: to link, to prove who they are, as their last way in', async () => {
    const { accounts, providers } = services()
    const [one, linked] = [await setUp(), await setUp()]
    const freed = await idOf(one.id)
    // It stays one of managers.
    await providers.update(freed, { organization: null })
    const user = await person(federation.latchkey)
    const linking = async () => {
      const { forms } = await user.browser.open(at('/account/security'))
      return forms.some(({ action }) => action === `/account/links/${freed}`)
    }
    expect(await linking()).toBe(true)
    await accounts.setRole(user.id, 'auditor')
    expect(await linking()).toBe(false)
    await providers.disable(freed)

    const { email } = upstream((local) => `${local}@${linked.domain}`)
    await arrive(email)
    const { id = '', generation = 0 } = (await accounts.find(email)) ?? {}
    const offered = createOfferedProviders({
      ...{ providers: providers.enabled, artifacts: services().artifacts, clock: Date.now },
      signInMethods: accounts.linked.signInMethods,
    })
    const ways = async () => (await offered.waysOf(id, {})).providers.map(({ action }) => action)
    const managedOne = `/login/${await idOf(linked.id)}`
    expect(await ways()).toEqual([managedOne])
    const github = { provider: 'github', issuer: 'https://github.com', subject: `s-${engine}`, label: null }
    await accounts.linked.link({ accountId: id, generation }, { ...github, sealedTokens: null }, {}, 'GitHub')
    const removable = async () =>
      (await offered.signInMethods(id)).linked.filter(({ remove }) => remove).map(({ icon }) => icon)
    expect([await ways(), await removable()]).toEqual([
      ['/login/github', managedOne],
      ['oidc', 'github'],
    ])
    await accounts.setRole(id, 'auditor')
    expect([await ways(), await removable()]).toEqual([['/login/github'], ['oidc']])
  })

  test('is set up by nobody who manages the organization no more once the test is through', async () => {
    const { organizations, ownProvider, providers } = services()
    const one = await managed()
    federation.okta.setCallback(await redirectOf(one.manager.id, one.id))
    const { tryOut } = providers
    const during = async (change: () => Promise<unknown>) => {
      providers.tryOut = async (given) => {
        const findings = await tryOut(given)
        await change()
        return findings
      }
      try {
        await ownProvider.save(one.manager.id, one.id, { ...input(), required: true })
      } finally {
        providers.tryOut = tryOut
      }
    }
    await expect(
      during(() => organizations.members.put(one.id, one.manager.id, ['member'])),
    ).rejects.toMatchObject({ code: 'organization_not_found' })
    await organizations.members.put(one.id, one.manager.id, ['admin'])
    await expect(during(() => organizations.domains.remove(one.id, one.domain))).rejects.toMatchObject({
      code: 'provider_not_allowed',
    })
    expect(await providers.ofOrganization(one.id)).toEqual([])
    expect((await organizations.get(one.id)).provider_required).toBe(false)
  })

  test('proves nobody who administers this server at another provider either', async () => {
    const one = await setUp()
    const { sub, email } = upstream((local) => `${local}@${one.domain}`)
    expect((await arrive(email)).url.pathname).toBe('/account')
    const id = (await services().accounts.find(email))?.id ?? ''
    await services().accounts.setRole(id, 'admin')
    federation.google.accounts = [{ sub: `g-${sub}`, email, email_verified: true, name: 'A' }]
    const browser = federation.browser()
    const login = await browser.open(at('/login'))
    const go = async (page: BrowserPage, button: string) => {
      const there = await browser.submit(page, {}, { button })
      return browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    }
    const asks = await go(login, 'Continue with Google')
    expect(asks.url.pathname).toMatch(/^\/login\/link\//)
    // It is not offered there, and proves nobody who goes there all the same.
    expect(asks.body).not.toContain(one.name)
    const there = browser.prepare(login, {}, { button: 'Continue with Google' })
    there.url.pathname = `/login/${await idOf(one.id)}`
    there.body?.set('ticket', asks.url.pathname.split('/').at(-1) ?? '')
    const asked = await browser.visit(there)
    const refused = await browser.submit(asked, {}, { button: asked.forms[0]?.buttons[0]?.label ?? '' })
    expect(problem(refused)).toBe('not_allowed')
    expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
    const { identities } = await services().accounts.linked.signInMethods(id)
    expect(identities.map(({ subject }) => subject)).toEqual([sub])
  })

  test.each(['admin', 'auditor'])('whom it has signed in is signed out once they are %s', async (role) => {
    for (const give of [
      (id: string) => services().accounts.setRole(id, role),
      (id: string) => services().accounts.updateByAdmin(id, { role }),
    ]) {
      const one = await setUp()
      const { email } = upstream((local) => `${local}@${one.domain}`)
      const browser = federation.browser()
      expect((await arrive(email, browser)).url.pathname).toBe('/account')
      await give((await services().accounts.find(email))?.id ?? '')
      expect((await browser.open(at('/admin'))).url.pathname).toBe('/login')
    }
  })

  test('a sign-in that began ends with the provider, and with another issuer', async () => {
    const { ownProvider } = services()
    const begun = async (domain: string) => {
      const browser = federation.browser()
      const page = await browser.open(at('/login/organization'))
      return { browser, there: await browser.submit(page, { Email: `a@${domain}` }, { button: 'Continue' }) }
    }
    const back = ({ browser, there }: Awaited<ReturnType<typeof begun>>) =>
      browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    const one = await setUp()
    upstream((local) => `${local}@${one.domain}`)
    const [first, second] = [await begun(one.domain), await begun(one.domain)]
    await ownProvider.save(one.manager.id, one.id, {
      ...{ ...input(), issuer: federation.google.issuer, clientId: federation.google.clientId },
    })
    expect(problem(await back(first)), 'no code goes to another issuer').toBe('expired')
    await ownProvider.remove(one.manager.id, one.id)
    expect(problem(await back(second))).toBe('unavailable')
  })

  test('who has still to choose a name is let in no more once the domain is not verified', async () => {
    const one = await setUp()
    const account = upstream((local) => `${local}@${one.domain}`)
    await federation.latchkey.createUser(account.preferred_username)
    const browser = federation.browser()
    const page = await arrive(account.email, browser)
    expect(page.url.pathname).toMatch(/^\/login\/finish\//)
    await services().organizations.domains.remove(one.id, one.domain)
    const late = await browser.submit(page, { Username: `late-${engine}` }, { button: 'Create account' })
    expect(late.status).toBe(410)
    expect(await services().accounts.find(account.email)).toBeUndefined()
  })

  test('another issuer gets no secret that was entered for the one before, and what keeps everybody out is refused', async () => {
    const { ownProvider } = services()
    const one = await setUp()
    const { clientSecret: _, ...without } = input()
    await ownProvider.save(one.manager.id, one.id, without)
    await expect(
      ownProvider.save(one.manager.id, one.id, { ...without, issuer: federation.google.issuer }),
    ).rejects.toMatchObject({ errors: { client_secret: [expect.stringContaining('again')] } })
    await expect(
      ownProvider.save(one.manager.id, one.id, { ...input(), clientSecret: 'wrong', required: true }),
    ).rejects.toMatchObject({ errors: { required: [expect.stringContaining('does not pass')] } })
    const { provider_required } = await services().organizations.get(one.id)
    expect(provider_required).toBe(false)
    expect(await services().providers.secretIs(await idOf(one.id), federation.okta.clientSecret ?? '')).toBe(
      true,
    )
    await ownProvider.save(one.manager.id, one.id, { ...without, required: true })
    expect((await services().organizations.get(one.id)).provider_required).toBe(true)
    for (const authMethod of ['none', 'private_key_jwt', ''])
      await expect(
        ownProvider.save(one.manager.id, one.id, { ...input(), authMethod }),
      ).rejects.toMatchObject({ errors: { auth_method: [expect.any(String)] } })
  })

  test('by JSON too, with the password; and no configuration file has it, or takes it away', async () => {
    const one = await managed()
    const api = createApi(federation.latchkey.issuer)
    const { json } = await api.post('/login', { username: one.manager.username, password: PASSWORD })
    const headers = { authorization: `Bearer ${String(json.access_token)}` }
    const path = `/me/organizations/${one.id}/provider`
    const call = (method: string, at: string, body?: object) => api.call(method, at, { body, headers })
    const body = {
      ...{ issuer: federation.okta.issuer, client_id: federation.okta.clientId },
      ...{ client_secret: federation.okta.clientSecret, join: true, roles: ['member'] },
    }
    ahead = 16 * 60_000
    expect((await call('PUT', path, body)).status).toBe(422)
    ahead = 0
    const proof = { current_password: PASSWORD }
    const put = await call('PUT', path, { ...body, ...proof })
    expect([put.status, put.json]).toEqual([
      200,
      expect.objectContaining({ provider: expect.objectContaining({ has_secret: true }), join: true }),
    ])
    federation.okta.setCallback(String(put.json.redirect_uri))
    expect(JSON.stringify(put.json)).not.toContain(federation.okta.clientSecret)
    expect((await call('POST', `${path}/test`, proof)).json.findings).toContainEqual(
      expect.objectContaining({ name: 'client credentials', status: 'ok' }),
    )
    expect((await call('POST', `${path}/disable`, proof)).status).toBe(204)
    expect((await call('POST', `${path}/enable`, proof)).status).toBe(204)
    const file = await services().configuration.export()
    expect(JSON.stringify(file)).not.toContain(await idOf(one.id))
    expect((await call('DELETE', path, proof)).status).toBe(204)
    expect((await call('DELETE', path, proof)).status).toBe(404)
  })
})

test('a provider of managers is asked at no address inside; what PRIVATE_HOSTS names, the operator has allowed', async () => {
  const values = new Set<string>()
  const latchkey = await startLatchkey({
    env: { ISSUER: 'https://id.example', TRUST_PROXY: 'loopback' },
    lookUpTxt: async () => ({ values: [...values] }),
  })
  try {
    const { organizations, ownProvider, providers } = latchkey.services
    const manager = await latchkey.createUser()
    const { id } = await organizations.create({ name: 'Inside' })
    await organizations.members.put(id, manager.id, ['admin'])
    values.add((await organizations.domains.add(id, 'inside.example')).record.value)
    await organizations.domains.verify(id, 'inside.example')
    const settings = { clientId: 'c', clientSecret: 's', authMethod: 'client_secret_basic' }
    const rest = { trustEmail: false, required: false, join: false, roles: [] }
    for (const issuer of [
      // Nor is it said which names there are inside.
      'https://no-such-name.invalid:8443',
      'https://127.0.0.1:8443',
      'https://10.0.0.1',
      'https://169.254.169.254',
      'https://[::1]:8443',
      'http://localhost:8443',
      'https://localhost:8443',
    ]) {
      await ownProvider.save(manager.id, id, { ...settings, ...rest, issuer })
      const findings = await ownProvider.test(manager.id, id)
      expect(findings, issuer).toMatchObject([
        {
          ...{ name: 'discovery', status: 'fail' },
          message: `${issuer}/.well-known/openid-configuration cannot be used: ${new URL(issuer).hostname} has no public address`,
        },
      ])
      await expect(
        ownProvider.save(manager.id, id, { ...settings, ...rest, issuer, required: true }),
      ).rejects.toMatchObject({ errors: { required: [expect.any(String)] } })
    }
    const [own] = await providers.ofOrganization(id)
    const started = await providers.enabled.find(own?.id ?? '')
    const request = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
    await expect(
      started?.connector.authorize(request, { redirectUri: 'https://id.example/cb', again: false }),
    ).rejects.toThrow(/not a public address/)
  } finally {
    await latchkey.stop()
  }
})
