import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { ownProviders } from '../organizations/own-provider-support.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

describe.each(engines)(
  'a provider that managers set up, and administrators took out of its organization, on %s',
  (engine) => {
    let federation: FederationFixture
    const values = new Set<string>()
    beforeAll(async () => {
      federation = await openFederation({ engine, lookUpTxt: async () => ({ values: [...values] }) })
      await federation.latchkey.services.providers.disable('okta')
    })
    afterAll(() => federation?.stop())
    const { services, at, idOf, setUp, upstream, arrive } = ownProviders(engine, () => federation, values)

    /** Taken out by an administrator. @param people whom it has signed in before */
    async function takenOut(people: (domain: string) => Promise<unknown> = async () => undefined) {
      const one = await setUp()
      const id = await idOf(one.id)
      await people(one.domain)
      await services().providers.update(id, { organization: null })
      return { ...one, provider: id }
    }
    const there = (browser: HttpBrowser, page: BrowserPage) =>
      browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    /** By its button on a page. */
    const by = async (browser: HttpBrowser, page: BrowserPage, name: string) =>
      there(browser, await browser.submit(page, {}, { button: `Continue with ${name}` }))
    const login = async (browser: HttpBrowser, name: string) =>
      by(browser, await browser.open(at('/login')), name)
    const problem = (page: { url: URL }) => page.url.searchParams.get('problem')
    const signedOut = async (browser: HttpBrowser) =>
      expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
    const subjects = async (accountId: string) =>
      (await services().accounts.linked.signInMethods(accountId)).identities.map(({ subject }) => subject)
    let made = 0
    async function withPassword(role: string) {
      const username = `boss${engine}${++made}`
      const email = `${username}@example.org`
      const { id } = await services().accounts.createByAdmin({
        username,
        email,
        password: PASSWORD,
        verified: true,
        role,
      })
      return { id, username, email }
    }

    test('signs in whom it has signed in before, and is still reached at no address inside', async () => {
      let email = ''
      const one = await takenOut(async (domain) => {
        email = upstream((local) => `${local}@${domain}`).email
        expect((await arrive(email)).url.pathname).toBe('/account')
      })
      expect((await login(federation.browser(), one.name)).url.pathname).toBe('/account')
      expect((await services().providers.get(one.provider)).managed).toBe(true)
    })

    test.each(['admin', 'auditor'])(
      'signs in nobody who is %s, whom it had signed in before',
      async (role) => {
        let email = ''
        const one = await takenOut(async (domain) => {
          email = upstream((local) => `${local}@${domain}`).email
          await arrive(email)
        })
        const account = await services().accounts.find(email)
        await services().accounts.setRole(account?.id ?? '', role)
        const browser = federation.browser()
        expect(problem(await login(browser, one.name))).toBe('not_allowed')
        await signedOut(browser)
      },
    )

    test('a sign-in that began in the organization ends so too', async () => {
      const one = await setUp()
      const { email } = upstream((local) => `${local}@${one.domain}`)
      await arrive(email)
      await services().accounts.setRole((await services().accounts.find(email))?.id ?? '', 'admin')
      const browser = federation.browser()
      const page = await browser.open(at('/login/organization'))
      const away = await browser.submit(page, { Email: email }, { button: 'Continue' })
      await services().providers.update(await idOf(one.id), { organization: null })
      expect(problem(await there(browser, away))).toBe('not_allowed')
      await signedOut(browser)
    })

    test('proves nobody who administers this server for an identity of another provider', async () => {
      let email = ''
      let sub = ''
      const one = await takenOut(async (domain) => {
        ;({ email, sub } = upstream((local) => `${local}@${domain}`))
        await arrive(email)
      })
      const id = (await services().accounts.find(email))?.id ?? ''
      await services().accounts.setRole(id, 'admin')
      federation.google.accounts = [{ sub: `g-${sub}`, email, email_verified: true, name: 'A' }]
      const browser = federation.browser()
      const page = await browser.open(at('/login'))
      const asks = await by(browser, page, 'Google')
      expect(asks.url.pathname).toMatch(/^\/login\/link\//)
      // It is not offered there, and proves nobody who goes there all the same.
      expect(asks.body).not.toContain(one.name)
      const request = browser.prepare(page, {}, { button: `Continue with ${one.name}` })
      request.body?.set('ticket', asks.url.pathname.split('/').at(-1) ?? '')
      expect(problem(await there(browser, await browser.visit(request)))).toBe('not_allowed')
      expect(await subjects(id)).toEqual([sub])
      await signedOut(browser)
    })

    test.each([
      ['of the organization', false],
      ['taken out of it', true],
    ])('is linked by nobody who administers this server: %s', async (_, out) => {
      const one = await setUp()
      const id = await idOf(one.id)
      if (out) await services().providers.update(id, { organization: null })
      upstream((local) => `${local}@${one.domain}`)
      const boss = await withPassword('admin')
      const browser = federation.browser()
      const sign = await browser.open(at('/login?return_to=/account/security'))
      const security = await browser.signIn(sign, { identifier: boss.username, password: PASSWORD })
      const request = browser.prepare(
        security,
        {},
        { form: ({ action }) => action.startsWith('/account/links/') },
      )
      request.url.pathname = `/account/links/${id}`
      const back = await there(browser, await browser.visit(request))
      expect([back.url.pathname, problem(back)]).toEqual(['/account/security', 'not_allowed'])
      expect(await subjects(boss.id)).toEqual([])
    })

    test('is no way in that is left to an administrator: the last other one is not unlinked', async () => {
      let email = ''
      let sub = ''
      await takenOut(async (domain) => {
        ;({ email, sub } = upstream((local) => `${local}@${domain}`))
        await arrive(email)
      })
      const id = (await services().accounts.find(email))?.id ?? ''
      federation.google.accounts = [{ sub: `g-${sub}`, email, email_verified: true, name: 'A' }]
      const browser = federation.browser()
      const asks = await login(browser, 'Google')
      expect(asks.url.pathname).toMatch(/^\/login\/link\//)
      const identities = async () => (await services().accounts.linked.signInMethods(id)).identities
      await there(browser, await browser.submit(asks, {}, { button: asks.forms[0]?.buttons[0]?.label ?? '' }))
      const google = (await identities()).find(({ subject }) => subject === `g-${sub}`)
      expect(google).toBeDefined()
      await services().accounts.setRole(id, 'admin')
      const boss = federation.browser()
      await login(boss, 'Google')
      const page = await boss.open(at('/account/security'))
      const request = boss.prepare(page, {}, { form: ({ action }) => action === '/account/unlink' })
      request.body?.set('id', google?.id ?? '')
      expect((await boss.visit(request)).status).toBe(409)
      expect(await identities()).toHaveLength(2)
    })

    test('is linked by no administrator who proves their account by the password', async () => {
      const one = await setUp()
      const username = `own${engine}`
      const email = `${username}@${one.domain}`
      const role = 'admin' as const
      const { id } = await services().accounts.createByAdmin({
        username,
        email,
        password: PASSWORD,
        verified: true,
        role,
      })
      upstream(() => email)
      const browser = federation.browser()
      const asks = await arrive(email, browser)
      expect(asks.url.pathname).toMatch(/^\/login\/link\//)
      const refused = await browser.submit(
        asks,
        { Password: PASSWORD },
        { form: ({ action }) => action.startsWith('/login/link/') },
      )
      expect(problem(refused)).toBe('not_allowed')
      expect(await subjects(id)).toEqual([])
      await signedOut(browser)
    })

    test('accepts no invitation to a role in the console, which waits for its person still', async () => {
      const one = await takenOut()
      upstream((local) => `${local}@example.net`)
      const { accounts, mailer } = services()
      const invited = async (role: string) => {
        const username = `invited${engine}${++made}`
        const { id } = await accounts.createByAdmin({ username, email: `${username}@example.org`, role })
        await accounts.sendInvitation(id).catch(() => undefined)
        await mailer.idle()
        const mails = await readOutbox(join(federation.latchkey.dataDir, 'outbox'))
        const text = mails.findLast(({ to }) => to === `${username}@example.org`)?.text ?? ''
        return { id, path: /\/invitation\?token=\S+/.exec(text)?.[0] ?? '' }
      }
      const boss = await invited('admin')
      const browser = federation.browser()
      const refused = await by(browser, await browser.open(at(boss.path)), one.name)
      expect(problem(refused)).toBe('not_allowed')
      expect(await subjects(boss.id)).toEqual([])
      await signedOut(browser)
      expect((await federation.browser().open(at(boss.path))).status).toBe(200)
      const user = await invited('user')
      const another = federation.browser()
      expect((await by(another, await another.open(at(user.path)), one.name)).url.pathname).toBe('/account')
    })

    test('vouches for no address, until an administrator names its domains', async () => {
      const one = await takenOut()
      const victim = await withPassword('user')
      upstream(() => victim.email)
      const browser = federation.browser()
      const page = await login(browser, one.name)
      // As of a provider that names no address: the person says one, and proves it.
      expect(page.url.pathname).toMatch(/^\/login\/finish\//)
      await signedOut(browser)
      expect(await subjects(victim.id)).toEqual([])
      await services().providers.update(one.provider, { email_domains: ['example.org'] })
      const named = federation.browser()
      expect((await login(named, one.name)).url.pathname).toMatch(/^\/login\/link\//)
      upstream((local) => `${local}@${one.domain}`)
      expect(problem(await login(federation.browser(), one.name))).toBe('not_allowed')
    })
  },
)
