import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../api/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createSignInSteps, type SignInSteps } from '../federation/sign-in-steps.ts'
import { createAuthenticator, givePasskey, passkeyOptions } from '../support/authenticator.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

const ANOTHER = 'a new way 91 lighthouse'

/** An account that waits to be deleted is kept by what a sign-in to it asks for, whichever way in its owner takes. */
describe.each(engines)('keeping an account that waits to be deleted, on %s', (engine) => {
  const clock = movableClock()
  let federation: FederationFixture
  let steps: SignInSteps
  beforeAll(async () => {
    federation = await openFederation({ engine, clock: clock.now })
    steps = createSignInSteps(federation)
  })
  afterAll(() => federation?.stop())

  const services = () => federation.latchkey.services
  const at = (path: string) => `${federation.latchkey.issuer}${path}`
  const isKept = async (id: string) => (await services().accounts.byId(id))?.deletionAt === null
  const keep = (browser: HttpBrowser, page: BrowserPage) =>
    browser.submit(page, {}, { button: 'Keep my account' })

  /** @param app whether they have an authenticator app */
  async function leaving({ app = false } = {}) {
    const user = await federation.latchkey.createUser()
    const factor = app ? await withAuthenticatorApp(federation.latchkey, user.id, clock) : undefined
    await services().accounts.deletion.request(user.id)
    return { ...user, code: () => factor?.code() ?? '', wrongCode: () => factor?.wrongCode() ?? '' }
  }
  async function byPassword(identifier: string, password = PASSWORD) {
    const browser = federation.browser()
    const page = await browser.signIn(await browser.open(at('/login')), { identifier, password })
    return { browser, page }
  }
  /** The button of the page that asks, pressed from a page that this browser has no such button on. */
  async function forceKeep(browser: HttpBrowser, page: BrowserPage) {
    const request = browser.prepare(
      page,
      {},
      { form: ({ action }) => action.startsWith('/account/deletion') },
    )
    const csrf = request.body?.get('csrf_token') ?? ''
    const body = new URLSearchParams({ csrf_token: csrf })
    return browser.send({ ...request, url: new URL(at('/account/deletion/keep')), body })
  }

  test('the password alone does not keep one with a second factor, also not past the pages', async () => {
    const who = await leaving({ app: true })
    const { browser, page } = await byPassword(who.username)
    expect(page.url.pathname).toBe('/account/deletion/verify')
    expect(page.text).toContain('Have you lost all of these? Ask an administrator of this server')
    expect(page.links.map(({ text }) => text)).not.toContain('I have lost all of these')
    expect(page.text).not.toContain('deleted on')
    const forced = await forceKeep(browser, page)
    expect([forced.status, forced.headers.get('location')]).toEqual([303, '/account/deletion/verify'])
    expect((await browser.open(at('/account/deletion'))).url.pathname).toBe('/account/deletion/verify')
    expect(await isKept(who.id)).toBe(false)

    const wrong = await browser.submit(page, { Code: who.wrongCode() }, { button: 'Continue' })
    expect([wrong.status, wrong.text.includes('The code is not right')]).toEqual([401, true])
    const asked = await browser.submit(wrong, { Code: who.code() }, { button: 'Continue' })
    expect(asked.text).toContain('Your account will be deleted on')
    expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
    const kept = await keep(browser, asked)
    expect(kept.text).toContain('Your account is kept.')
    expect(await isKept(who.id)).toBe(true)
  })

  test('codes at this page count as at every other: the right one is refused after too many wrong ones', async () => {
    const who = await leaving({ app: true })
    const { browser, page } = await byPassword(who.username)
    let shown = page
    for (let n = 0; n < 5; n++)
      shown = await browser.submit(shown, { Code: who.wrongCode() }, { button: 'Continue' })
    shown = await browser.submit(shown, { Code: who.code() }, { button: 'Continue' })
    expect([shown.status, shown.url.pathname]).toEqual([401, '/account/deletion/verify'])
    expect(await isKept(who.id)).toBe(false)
  })

  test('a browser that is remembered stands in for no second factor here', async () => {
    const user = await federation.latchkey.createUser()
    const factor = await withAuthenticatorApp(federation.latchkey, user.id, clock)
    const browser = federation.browser()
    const credentials = { identifier: user.username, password: PASSWORD }
    const second = await browser.signIn(await browser.open(at('/login')), credentials)
    await browser.submit(second, { Code: factor.code(), remember: true }, { button: 'Continue' })
    await services().accounts.deletion.request(user.id)
    const page = await browser.signIn(await browser.open(at('/login')), credentials)
    expect(page.url.pathname).toBe('/account/deletion/verify')
    const { generation = 0 } = (await services().accounts.byId(user.id)) ?? {}
    const { deletion } = services().accounts
    for (const amr of [['pwd'], ['fed'], ['pwd', 'rba'], ['recovery'], []])
      expect(await deletion.keep(user.id, { generation, amr })).toBe('second_factor_needed')
    expect(await isKept(user.id)).toBe(false)
  })

  test('a passkey alone keeps it: it is two factors', async () => {
    const user = await federation.latchkey.createUser()
    const authenticator = createAuthenticator(federation.latchkey.issuer)
    await givePasskey(federation.latchkey, user, authenticator)
    await services().accounts.deletion.request(user.id)
    const browser = federation.browser()
    const login = await browser.open(at('/login'))
    const credential = JSON.stringify(authenticator.get(passkeyOptions(login)))
    const asked = await browser.submit(
      login,
      { credential },
      { form: ({ action }) => action.includes('/passkey') },
    )
    expect(asked.text).toContain('Your account will be deleted on')
    expect((await keep(browser, asked)).text).toContain('Your account is kept.')
    expect(await isKept(user.id)).toBe(true)
  })

  test('a passkey is the second factor of the password, too', async () => {
    const user = await federation.latchkey.createUser()
    const authenticator = createAuthenticator(federation.latchkey.issuer)
    await givePasskey(federation.latchkey, user, authenticator)
    await services().accounts.deletion.request(user.id)
    const { browser, page } = await byPassword(user.username)
    expect(page.url.pathname).toBe('/account/deletion/verify')
    const credential = JSON.stringify(authenticator.get(passkeyOptions(page)))
    const form = ({ action }: { action: string }) => action === '/account/deletion/verify'
    const asked = await browser.submit(page, { credential }, { form })
    expect((await keep(browser, asked)).text).toContain('Your account is kept.')
  })

  /** Of a person who came by GitHub, and has no password. */
  async function leavingByGitHub(login: string, { app = false } = {}) {
    steps.onGitHub(login)
    await steps.byGitHub(federation.browser(), login)
    const id = (await services().accounts.find(login))?.id ?? ''
    const factor = app ? await withAuthenticatorApp(federation.latchkey, id, clock) : undefined
    await services().accounts.deletion.request(id)
    const browser = federation.browser()
    return { id, browser, factor, page: await steps.byGitHub(browser, login) }
  }

  test('a provider keeps it, where the account has no second factor', async () => {
    const { id, browser, page } = await leavingByGitHub('leaving-alone')
    expect(page.text).toContain('Your account will be deleted on')
    expect((await keep(browser, page)).text).toContain('Your account is kept.')
    expect(await isKept(id)).toBe(true)
    expect((await steps.byGitHub(browser, 'leaving-alone')).url.pathname).toBe('/account')
  })

  test('a provider alone does not keep one with a second factor', async () => {
    const { id, browser, page, factor } = await leavingByGitHub('leaving-twice', { app: true })
    expect(page.url.pathname).toBe('/account/deletion/verify')
    await forceKeep(browser, page)
    expect(await isKept(id)).toBe(false)
    const asked = await browser.submit(page, { Code: factor?.code() ?? '' }, { button: 'Continue' })
    expect((await keep(browser, asked)).text).toContain('Your account is kept.')
    expect(await isKept(id)).toBe(true)
  })

  test('the JSON API keeps nothing: it says that the account waits, and gives no token', async () => {
    const who = await leaving({ app: true })
    const api = createApi(federation.latchkey.issuer)
    for (const path of ['/login', '/session/login', '/tokens']) {
      const answer = await api.post(path, { username: who.username, password: PASSWORD })
      expect(answer.json, path).not.toHaveProperty('access_token')
      expect(answer.status, path).toBeGreaterThanOrEqual(401)
    }
    expect(await isKept(who.id)).toBe(false)
  })

  describe('a forgotten password', () => {
    async function askForLink(email: string) {
      const browser = federation.browser()
      await browser.submit(
        await browser.open(at('/forgot-password')),
        { Email: email },
        { button: 'Send reset link' },
      )
      const mail = await federation.latchkey.mailTo(email)
      expect(mail.subject).toContain('keep your account')
      return mail.link
    }
    async function setNew(link: URL) {
      const browser = federation.browser()
      const form = await browser.open(link)
      return {
        browser,
        page: await browser.submit(form, { 'New password': ANOTHER }, { button: 'Set new password' }),
      }
    }

    test('a link sets another one, which keeps the account once its owner says so, and not before', async () => {
      const who = await leaving()
      const before = await services().accounts.byId(who.id)
      const { browser, page } = await setNew(await askForLink(who.email))
      expect(page.text).toContain('Your account will be deleted on')
      expect((await browser.open(at('/account'))).url.pathname).toBe('/login')
      expect(await services().accounts.byId(who.id)).toMatchObject({
        deletionAt: before?.deletionAt,
        disabledAt: before?.disabledAt,
      })
      const kept = await keep(browser, page)
      const credentials = { identifier: who.username, password: ANOTHER }
      expect((await browser.signIn(kept, credentials)).url.pathname).toBe('/account')
    })

    test('a link alone does not keep one with a second factor', async () => {
      const who = await leaving({ app: true })
      const { browser, page } = await setNew(await askForLink(who.email))
      expect(page.url.pathname).toBe('/account/deletion/verify')
      await forceKeep(browser, page)
      expect(await isKept(who.id)).toBe(false)
      const asked = await browser.submit(page, { Code: who.code() }, { button: 'Continue' })
      expect((await keep(browser, asked)).text).toContain('Your account is kept.')
    })

    test('an account that an administrator disables meanwhile gets no link, and one sent before works no more', async () => {
      const who = await leaving()
      const link = await askForLink(who.email)
      clock.later(1000)
      await services().accounts.disable(who.id)
      expect((await federation.browser().open(link)).status).toBe(410)
      await services().accounts.forgot(who.email)
      expect((await federation.latchkey.mailTo(who.email)).link.href).toBe(link.href)
      expect((await byPassword(who.username)).page.status).toBe(401)
      expect(await isKept(who.id)).toBe(false)
    })
  })

  test('a sign-in of before a “sign out everywhere” keeps nothing', async () => {
    const who = await leaving()
    const { browser, page } = await byPassword(who.username)
    await services().accounts.endSessions(who.id)
    expect((await keep(browser, page)).status).toBe(410)
    expect(await isKept(who.id)).toBe(false)
  })
})
