import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createAuthenticator, passkeyOptions } from '../support/authenticator.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { totpCode } from '../support/second-factor.ts'
import { clock, passTime } from './attacker.ts'

/*
 * Where a second factor is required, the password alone opens nothing, on the pages and by JSON alike: a code by email is asked for
 * where the account can get one; only where it can show nothing is a factor set up by the password.
 */

const PAGES = ['', '/security', '/sessions', '/apps', '/data', '/data/download', '/security/passkeys/new']

describe.each(engines)('the password alone, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
  })
  afterAll(async () => {
    vi.useRealTimers()
    await latchkey?.stop()
  })
  const change = (settings: Record<string, unknown>) => latchkey.services.settings.change(settings)
  const at = (path: string) => `${latchkey.issuer}${path}`
  const headersOf = (browser: HttpBrowser) => ({
    cookie: String(browser.cookies.header(new URL(latchkey.issuer))),
    origin: latchkey.issuer,
    'sec-fetch-site': 'same-origin',
  })
  const byPassword = async (email: string) => {
    const browser = createHttpBrowser()
    const page = await browser.signIn(await browser.open(at('/login')), {
      identifier: email,
      password: PASSWORD,
    })
    return { browser, page }
  }
  const rest = async (browser: HttpBrowser, method: string, path: string, body?: object) => {
    const response = await fetch(at(`/api/auth${path}`), {
      method,
      headers: { ...headersOf(browser), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const { code } = (await response.json()) as { code?: string }
    return { status: response.status, code }
  }
  const post = async (browser: HttpBrowser, path: string, body: Record<string, string> = {}) => {
    const form = (await browser.open(at('/login/verify'))).forms.flatMap(({ fields }) => fields)
    const token = form.find(({ name }) => name === 'csrf_token')?.value ?? ''
    expect(token).not.toBe('')
    const response = await fetch(at(path), {
      method: 'POST',
      headers: headersOf(browser),
      body: new URLSearchParams({ ...body, csrf_token: token }),
      redirect: 'manual',
    })
    return `${response.status} ${response.headers.get('location') ?? ''}`
  }
  const codeTo = async (email: string) => /\b\d{6}\b/.exec((await latchkey.mailTo(email)).text)?.[0] ?? ''
  const withCode = async (browser: HttpBrowser, page: BrowserPage, email: string) => {
    const sent = await browser.submit(page, {}, { button: 'Send a code' })
    return browser.submit(sent, { Code: await codeTo(email) }, { button: 'Continue' })
  }
  const openPages = async (browser: HttpBrowser) => {
    const open: string[] = []
    for (const path of PAGES) open.push((await browser.open(at(`/account${path}`))).url.pathname)
    return open
  }
  /** What changes an account, by its forms. */
  const acts = async (browser: HttpBrowser) => [
    await post(browser, '/account/profile', { given_name: 'Mallory' }),
    await post(browser, '/account/username', { username: 'mallory' }),
    await post(browser, '/account/email', { email: 'mallory@example.com' }),
    await post(browser, '/account/sessions/end-others'),
    await post(browser, '/account/security/app'),
  ]
  const unchanged = async (id: string) => {
    const { username, pendingEmail, givenName, secondFactors, generation } =
      (await latchkey.services.accounts.byId(id)) ?? {}
    return { username, pendingEmail, givenName, secondFactors, generation }
  }

  test.each([
    ['everyone', 'everyone'],
    ['an administrator, of the person', 'optional'],
  ])(
    'required by %s, with codes by email: asks for the code first, everywhere',
    async (_by, second_factor) => {
      await change({ second_factor, email_codes: 'on' })
      const who = await latchkey.createUser()
      if (second_factor === 'optional')
        await latchkey.services.accounts.updateByAdmin(who.id, { secondFactorRequired: true })
      const before = await unchanged(who.id)
      const { browser, page } = await byPassword(who.email)
      expect([page.url.pathname, page.text.includes('Second factor')]).toEqual(['/login/verify', true])
      expect(page.body).not.toContain('/login/set-up')
      expect(new Set(await openPages(browser))).toEqual(new Set(['/login/verify']))
      for (const path of ['', '/app/none', '/phone', '/codes'])
        expect((await browser.open(at(`/login/set-up${path}`))).url.pathname, path).toBe('/login/verify')
      expect(await post(browser, '/login/set-up/app')).toMatch(/^303 \/login\?/)
      expect((await browser.open(at('/login/recover'))).url.pathname).toBe('/login/verify')
      for (const act of await acts(browser)) expect(act).toMatch(/^303 \/login\?ended=1&/)
      expect(await unchanged(who.id)).toEqual(before)

      const refused = { status: 403, code: 'second_factor_required' }
      expect(await rest(browser, 'GET', '/me')).toEqual(refused)
      expect(await rest(browser, 'PATCH', '/me', { given_name: 'Mallory' })).toEqual(refused)
      const totp = { method: 'totp', current_password: PASSWORD }
      expect(await rest(browser, 'POST', '/me/factors', totp)).toEqual(refused)
      const basic = await fetch(at('/api/auth/me/factors'), {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${who.username}:${PASSWORD}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(totp),
      })
      expect([basic.status, ((await basic.json()) as { code: string }).code]).toEqual([403, refused.code])
      const session = await rest(createHttpBrowser(), 'POST', '/session/login', {
        email: who.email,
        password: PASSWORD,
      })
      expect(session).toEqual({ status: 401, code: 'mfa_required' })

      const done = await withCode(browser, await browser.open(at('/login/verify')), who.email)
      expect(done.url.pathname).toBe('/account')
      expect(await openPages(browser)).toContain('/account/security')
      expect((await rest(browser, 'GET', '/me')).status).toBe(200)
      const setUp = await browser.open(at('/login/set-up'))
      expect([setUp.status, setUp.text.includes('Your account')]).toEqual([200, true])
    },
  )

  test('without codes by email: sets a factor up, and does nothing else before', async () => {
    await change({ second_factor: 'everyone', email_codes: 'off' })
    const who = await latchkey.createUser()
    const before = await unchanged(who.id)
    const { browser, page } = await byPassword(who.email)
    expect(page.url.pathname).toBe('/login/set-up')
    // Its account would lead back here.
    expect(page.text).not.toContain('Your account')
    const open = await openPages(browser)
    expect(open.at(-1)).toBe('/account/security/passkeys/new')
    expect(new Set(open.slice(0, -1))).toEqual(new Set(['/login/set-up']))
    for (const act of await acts(browser)) expect(act).toMatch(/^303 \/login\?ended=1&/)
    expect(await unchanged(who.id)).toEqual(before)
    expect(await rest(browser, 'GET', '/me')).toEqual({ status: 403, code: 'second_factor_required' })
    const app = await browser.submit(page, {}, { button: 'Set up an authenticator app' })
    const secret = /data-secret>([A-Z2-7 ]+)</.exec(app.body)?.[1]?.replaceAll(' ', '') ?? ''
    const codes = await browser.submit(app, { Code: totpCode(secret, clock()) }, { button: 'Turn on' })
    const on = await browser.follow(codes, 'I have kept them')
    expect([on.status, on.url.pathname]).toEqual([200, '/account'])
    expect((await rest(browser, 'GET', '/me')).status).toBe(200)
  })

  test('without codes by email: a passkey is added on the way, too', async () => {
    await change({ second_factor: 'everyone', email_codes: 'off' })
    const { email } = await latchkey.createUser()
    const { browser, page } = await byPassword(email)
    const credential = createAuthenticator(latchkey.issuer).create(passkeyOptions(page) as never)
    const codes = await browser.submit(
      page,
      { credential: JSON.stringify(credential) },
      { form: ({ fields }) => fields.some(({ name }) => name === 'credential') },
    )
    expect([...codes.body.matchAll(/data-recovery-code>/g)]).toHaveLength(10)
    expect((await browser.open(at('/account'))).url.pathname).toBe('/account')
  })

  test('a set-up that waited too long asks for the password again, and comes to its end', async () => {
    await change({ second_factor: 'everyone', email_codes: 'off' })
    const { email } = await latchkey.createUser()
    const { browser } = await byPassword(email)
    passTime(16 * 60)
    const again = await browser.open(at('/account/data'))
    expect([again.url.pathname, again.text.includes('Sign in again')]).toEqual(['/login', true])
    const page = await browser.signIn(again, { identifier: email, password: PASSWORD })
    expect([page.url.pathname, page.url.searchParams.get('return_to')]).toEqual([
      '/login/set-up',
      '/account/data',
    ])
  })

  test('required by nothing: the password is enough', async () => {
    await change({ second_factor: 'optional', email_codes: 'on' })
    const { browser, page } = await byPassword((await latchkey.createUser()).email)
    expect(page.url.pathname).toBe('/account')
    expect((await rest(browser, 'GET', '/me')).status).toBe(200)
  })
})
