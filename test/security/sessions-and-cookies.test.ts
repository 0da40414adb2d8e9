import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const session = (browser: HttpBrowser) => String(browser.cookies.value('latchkey_session'))
/** The session's cookies as an attacker who has copied them sends them. */
const copied = (browser: HttpBrowser) =>
  `latchkey_session=${session(browser)}; latchkey_session.sig=${browser.cookies.value('latchkey_session.sig')}`
const isSignedIn = async (cookie: string) =>
  (await get(`${fixture.issuer}/account`, { cookie, accept: 'text/html' })).status === 200
const silently = async (cookie: string) => {
  const answer = await get(fixture.authorizeUrl(web, { prompt: 'none' }), { cookie })
  return new URL(String(answer.headers.get('location'))).searchParams
}
const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })

describe('cookies', () => {
  test('on http: HttpOnly, SameSite=Lax, for this host alone', async () => {
    const flow = await fetch(fixture.authorizeUrl(web), { redirect: 'manual' })
    const { browser } = victim
    const page = await browser.open(`${fixture.issuer}/login`)
    const signedIn = await browser.send({ url: new URL(fixture.authorizeUrl(web)), method: 'GET' })
    const all = [flow.headers, page.headers, signedIn.headers].flatMap((headers) => headers.getSetCookie())
    expect(all.length).toBeGreaterThan(3)
    for (const cookie of all) {
      expect(cookie).toMatch(/^latchkey_/)
      expect(cookie).toMatch(/; httponly/i)
      expect(cookie).toMatch(/; samesite=lax/i)
      expect(cookie).not.toMatch(/; domain/i)
    }
  })

  test('on https: Secure and __Host- (the session, forms), or __Secure- where a path narrows them', async () => {
    const secure = await startLatchkey({ env: { ISSUER: 'https://id.example' } })
    const at = `http://localhost:${secure.env.PORT}`
    const client = await createSecurityFixture(secure).client()
    const query = createSecurityFixture(secure).authorizeUrl(client).split('?')[1]
    const start = await fetch(`${at}/authorize?${query}`, { redirect: 'manual' })
    const login = await fetch(`${at}/login`)
    const user = await secure.createUser()
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(await login.text())?.[1] ?? ''
    const done = await post(
      `${at}/login`,
      { identifier: user.email, password: PASSWORD, csrf_token: csrf },
      {
        cookie: login.headers
          .getSetCookie()
          .map((line) => line.split(';')[0])
          .join('; '),
      },
    )
    expect(done.status).toBe(303)
    const all = [start.headers, login.headers, done.headers].flatMap((headers) => headers.getSetCookie())
    expect(all.map((cookie) => cookie.split('=')[0])).toEqual(
      expect.arrayContaining([
        '__Host-latchkey_session',
        '__Host-latchkey_csrf',
        '__Secure-latchkey_interaction',
      ]),
    )
    for (const cookie of all) {
      expect(cookie).toMatch(/; secure/i)
      expect(cookie).toMatch(/; httponly/i)
      expect(cookie).not.toMatch(/; domain/i)
      if (cookie.startsWith('__Host-')) expect(cookie).toMatch(/; path=\/(;|$)/i)
      else expect(cookie).toMatch(/^__Secure-latchkey_(interaction|resume)/)
    }
    await secure.stop()
  })

  test('a cookie that is forged, altered or unsigned is nobody’s', async () => {
    const id = session(victim.browser)
    const sig = String(victim.browser.cookies.value('latchkey_session.sig'))
    expect(await isSignedIn(copied(victim.browser))).toBe(true)
    for (const cookie of [
      `latchkey_session=${id}`,
      `latchkey_session=${id}; latchkey_session.sig=`,
      `latchkey_session=${id}; latchkey_session.sig=${sig.slice(0, -1)}`,
      `latchkey_session=${id}x; latchkey_session.sig=${sig}`,
      `latchkey_session=${'A'.repeat(43)}; latchkey_session.sig=${sig}`,
      'latchkey_session=__proto__; latchkey_session.sig=x',
      `latchkey_session=; ${'x'.repeat(4000)}=1`,
      'latchkey_session="; Path=/',
      `__Host-latchkey_session=${id}; __Host-latchkey_session.sig=${sig}`,
    ]) {
      expect(await isSignedIn(cookie)).toBe(false)
      expect((await silently(cookie)).get('error')).toBe('login_required')
    }
  })
})

describe('48 M, 7.2.4: the session’s identifier', () => {
  test('changes at sign-in in a flow: an identifier planted before is worth nothing after', async () => {
    const person = await latchkey.createUser()
    const browser = newBrowser()
    const signIn = await browser.open(fixture.authorizeUrl(web))
    const planted = browser.cookies.value('latchkey_session') === undefined ? undefined : copied(browser)
    const back = await browser.signIn(signIn, { identifier: person.email, password: PASSWORD })
    expect(back.url.searchParams.get('code')).toBeTypeOf('string')
    expect(await isSignedIn(copied(browser))).toBe(true)
    if (planted) expect(await isSignedIn(planted)).toBe(false)
  })

  test('changes at /login and at every new sign-in, and the old one is dead', async () => {
    const { browser, user } = await fixture.victim()
    const before = copied(browser)
    const again = await browser.open(fixture.authorizeUrl(web, { prompt: 'login' }))
    await browser.signIn(again, { identifier: user.email, password: PASSWORD })
    expect(copied(browser)).not.toBe(before)
    expect(await isSignedIn(copied(browser))).toBe(true)
    expect(await isSignedIn(before)).toBe(false)
    expect((await silently(before)).get('error')).toBe('login_required')
  })

  test('another person who signs in inherits nothing', async () => {
    // At once, within the second of the sign-in: that one does not answer a request for another.
    const { browser } = await fixture.victim()
    const other = await latchkey.createUser()
    const before = copied(browser)
    const again = await browser.open(fixture.authorizeUrl(web, { prompt: 'login' }))
    const back = await browser.signIn(again, { identifier: other.email, password: PASSWORD })
    expect(back.left).toBe(true)
    expect(await isSignedIn(before)).toBe(false)
    const account = await browser.open(`${fixture.issuer}/account`)
    expect(account.text).toContain(other.username)
  })
})

describe('7.3, 7.4: the session’s end', () => {
  test('7.4.1 after sign-out the cookie does nothing', async () => {
    const { browser } = await fixture.victim()
    const kept = copied(browser)
    await browser.submit(await browser.open(`${fixture.issuer}/logout`), {}, { button: 'Sign out' })
    expect(await isSignedIn(kept)).toBe(false)
    expect((await silently(kept)).get('error')).toBe('login_required')
  })

  test('7.4.1 the account page’s own button signs out', async () => {
    const { browser } = await fixture.victim()
    const kept = copied(browser)
    const account = await browser.open(`${fixture.issuer}/account`)
    await browser.submit(account, {}, { form: ({ action }) => action === '/account/sign-out' })
    expect(await isSignedIn(kept)).toBe(false)
  })

  test('7.4.2 disabling a person ends every session at once', async () => {
    const { browser, user } = await fixture.victim()
    const tokens = await fixture.tokens({ browser, user }, web)
    await latchkey.services.accounts.disable(user.id)
    expect(await isSignedIn(copied(browser))).toBe(false)
    expect((await silently(copied(browser))).get('error')).toBe('login_required')
    expect((await fixture.refresh(web, tokens.refresh_token)).status).toBe(400)
  })

  test('7.5.2 a device ended on the account page is signed out everywhere', async () => {
    const laptop = await fixture.victim()
    const phone = newBrowser()
    await phone.signIn(await phone.open(`${fixture.issuer}/login`), {
      identifier: laptop.user.email,
      password: PASSWORD,
    })
    const tokens = await fixture.tokens({ ...laptop, browser: phone }, web)
    const account = await laptop.browser.open(`${fixture.issuer}/account/sessions`)
    await laptop.browser.submit(account, {}, { form: ({ action }) => action.endsWith('/end-others') })
    expect(await isSignedIn(copied(phone))).toBe(false)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect(await isSignedIn(copied(laptop.browser))).toBe(true)
  })

  test('7.5.2 nobody ends another person’s session', async () => {
    const [mine, theirs] = [await fixture.victim(), await fixture.victim()]
    const theirPage = await theirs.browser.open(`${fixture.issuer}/account/sessions`)
    const theirForm = theirPage.forms.find(({ action }) => action.endsWith('/sessions/end'))
    const uid = String(theirForm?.fields.find(({ name }) => name === 'id')?.value)
    const myPage = await mine.browser.open(`${fixture.issuer}/account/sessions`)
    const request = mine.browser.prepare(
      myPage,
      {},
      { form: ({ action }) => action.endsWith('/sessions/end') },
    )
    request.body?.set('id', uid)
    await (await mine.browser.send(request)).body?.cancel()
    expect(await isSignedIn(copied(theirs.browser))).toBe(true)
  })

  test('7.3.1, 7.3.2 idle for SESSION_TTL it ends; used, it ends at three times that', async () => {
    const short = await startLatchkey({ clock, env: { SESSION_TTL: '3600' } })
    const there = createSecurityFixture(short)
    const client = await there.client()
    const person = await there.victim()
    const ask = () => there.authorize(person, client, { prompt: 'none' })
    expect((await ask()).get('error')).toBeNull()
    for (const minutes of [50, 50, 50]) {
      passTime(minutes * 60)
      expect((await ask()).get('error')).toBeNull()
    }
    passTime(31 * 60)
    expect((await ask()).get('error')).toBe('login_required')

    vi.useRealTimers()
    const idle = await there.victim()
    passTime(61 * 60)
    expect((await there.authorize(idle, client, { prompt: 'none' })).get('error')).toBe('login_required')
    await short.stop()
  })

  test('7.6.1 max_age and prompt=login ask again, and auth_time tells when', async () => {
    const { browser, user } = await fixture.victim()
    passTime(100)
    expect(
      (await fixture.authorize({ browser, user }, web, { max_age: '200', prompt: 'none' })).get('error'),
    ).toBeNull()
    const late = await fixture.authorize({ browser, user }, web, { max_age: '50', prompt: 'none' })
    expect(late.get('error')).toBe('login_required')
    for (const parameters of [{ max_age: '50' }, { prompt: 'login' }, { max_age: '0' }]) {
      const page = await browser.open(fixture.authorizeUrl(web, parameters as Record<string, string>))
      expect(page.left).toBe(false)
      expect(page.text).toContain('Password')
    }
  })
})

describe('a flow belongs to the browser it began in', () => {
  test('its pages and forms do not open in another browser, signed in or not', async () => {
    const attacker = newBrowser()
    const page = await attacker.open(fixture.authorizeUrl(web))
    for (const browser of [newBrowser(), victim.browser]) {
      const elsewhere = await browser.open(page.url)
      expect(elsewhere.status).toBe(400)
      expect(elsewhere.text).toContain('another browser')
      const login = await newBrowser().open(`${fixture.issuer}/login`)
      expect(login.status).toBe(200)
      const sent = attacker.prepare(page, { 'Email or username': victim.user.email, Password: PASSWORD })
      expect([400, 403]).toContain((await browser.visit(sent)).status)
    }
  })

  test('nor can one browser go on with what another has answered', async () => {
    const [one, two] = [newBrowser(), newBrowser()]
    const page = await one.open(fixture.authorizeUrl(web))
    const answered = await one.send(
      one.prepare(
        page,
        { 'Email or username': victim.user.email, Password: PASSWORD },
        { button: 'Sign in' },
      ),
    )
    const resume = new URL(String(answered.headers.get('location')), fixture.issuer)
    expect(resume.pathname).toMatch(/^\/authorize\//)
    const stolen = await two.open(resume)
    expect(stolen.status).toBe(400)
    expect(stolen.url.searchParams.get('code')).toBeNull()
    const honest = await one.open(resume)
    expect(honest.left && honest.url.searchParams.get('code')).toBeTypeOf('string')
    const again = await one.open(resume)
    expect(again.url.searchParams.get('code')).toBeNull()
  })

  test('the cookie of one flow opens no other', async () => {
    const [mine, theirs] = [newBrowser(), newBrowser()]
    await mine.open(fixture.authorizeUrl(web))
    const { url } = await theirs.open(fixture.authorizeUrl(web))
    const cookie = ['latchkey_interaction', 'latchkey_interaction.sig']
      .map((name) => `${name}=${mine.cookies.value(name)}`)
      .join('; ')
    const answer = await get(url.href, { cookie, accept: 'text/html' })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('another browser')])
  })

  test('two interactions of one browser do not get mixed up', async () => {
    const browser = newBrowser()
    const first = await browser.open(fixture.authorizeUrl(web, { state: 'first' }))
    const second = await browser.open(fixture.authorizeUrl(web, { state: 'second' }))
    expect(first.url.href).not.toBe(second.url.href)
    const back = await browser.signIn(first, { identifier: victim.user.email, password: PASSWORD })
    expect(back.url.searchParams.get('state')).toBe('first')
  })

  test('a consent is given by its form alone: not by a link, not twice, not before the sign-in', async () => {
    const asking = await latchkey.createClient({ redirect_uris: [redirectUri] })
    const client = { ...asking, redirect_uri: redirectUri }
    const { browser } = await fixture.victim()
    const page = await browser.open(fixture.authorizeUrl(client))
    expect(page.text).toContain('Allow access?')
    const byLink = await browser.open(`${page.url.href}/consent?decision=allow`)
    expect(byLink.status).toBe(404)
    const request = browser.prepare(page, {}, { button: 'Allow' })
    const answers = [await browser.send(request), await browser.send(request)]
    for (const answer of answers) expect([303, 400]).toContain(answer.status)
    const back = await browser.open(new URL(String(answers[0]?.headers.get('location')), fixture.issuer))
    expect(back.url.searchParams.get('code')).toBeTypeOf('string')

    const stranger = newBrowser()
    const signIn = await stranger.open(fixture.authorizeUrl(client))
    const early = stranger.prepare(signIn, {}, { button: 'Sign in' })
    early.url = new URL(`${signIn.url.href}/consent`)
    early.body?.set('decision', 'allow')
    const refused = await stranger.visit(early)
    expect(refused.left).toBe(false)
    expect(refused.text).toContain('Email or username')
  })
})

describe('forms', () => {
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  test('a sign-in sent by another site is refused, with the right password too (login CSRF)', async () => {
    const browser = newBrowser()
    const page = await browser.open(`${fixture.issuer}/login`)
    const request = browser.prepare(page, {
      'Email or username': victim.user.email,
      Password: PASSWORD,
    })
    for (const headers of [
      foreign,
      { 'sec-fetch-site': 'same-site', origin: 'http://sibling.localhost' },
      { origin: 'https://evil.example' },
      { referer: 'https://evil.example/' },
    ]) {
      const answer = await browser.send({ ...request, headers })
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('another website')
      expect(browser.cookies.value('latchkey_session')).toBeUndefined()
    }
  })

  test('without a token, with another browser’s, or with one for another cookie it is refused', async () => {
    const [mine, theirs] = [newBrowser(), newBrowser()]
    const page = await mine.open(`${fixture.issuer}/login`)
    const other = await theirs.open(`${fixture.issuer}/login`)
    const value = (of: typeof page) =>
      String(of.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value)
    for (const token of ['', 'x', value(other), `${value(page)}x`]) {
      const request = mine.prepare(page, { 'Email or username': victim.user.email, Password: PASSWORD })
      request.body?.set('csrf_token', token)
      expect((await mine.visit(request)).status).toBe(403)
      expect(mine.cookies.value('latchkey_session')).toBeUndefined()
    }
  })

  test.each([
    ['profile', '/account'],
    ['email', '/account'],
    ['email/resend', '/account'],
    ['email/cancel', '/account'],
    ['password', '/account/security'],
    ['unlink', '/account/security'],
    ['sessions/end', '/account/sessions'],
    ['username', '/account'],
    ['picture', '/account'],
    ['picture/remove', '/account'],
    ['data/download', '/account/data'],
    ['data/delete', '/account/data/delete'],
    ['sessions/end-all', '/account/sessions'],
    ['sessions/end-others', '/account/sessions'],
    ['apps/take-back', '/account/apps'],
    ['apps/withdraw', '/account/apps'],
  ])('/account/%s acts on no cross-site request', async (path, page) => {
    const cookie = copied(victim.browser)
    const answer = await post(`${fixture.issuer}/account/${path}`, { id: 'x' }, { cookie, ...foreign })
    expect(answer.status).toBe(403)
    const unsigned = await post(`${fixture.issuer}/account/${path}`, { id: 'x' }, { cookie })
    // Back to the page, where nothing was done.
    expect([unsigned.status, unsigned.headers.get('location')]).toEqual([303, page])
  })

  test('the JSON API’s sessions neither begin nor end by a cross-site request', async () => {
    const cookie = copied(victim.browser)
    const body = JSON.stringify({ identifier: victim.user.email, password: PASSWORD })
    for (const path of ['login', 'logout'])
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
        for (const from of [foreign, { origin: 'https://evil.example' }]) {
          const answer = await post(`${fixture.issuer}/api/auth/session/${path}`, body, {
            cookie,
            ...from,
            'content-type': type,
          })
          expect([path, type, answer.status]).toEqual([path, type, 403])
          expect(answer.headers.getSetCookie()).toEqual([])
        }
    expect(await isSignedIn(cookie)).toBe(true)
  })

  test('signing out wants the form’s own secret', async () => {
    for (const body of [{ logout: 'yes' }, { logout: 'yes', xsrf: 'x' }]) {
      const answer = await post(`${fixture.issuer}/logout/confirm`, body, { cookie: copied(victim.browser) })
      expect(answer.status).toBe(400)
    }
    expect(await isSignedIn(copied(victim.browser))).toBe(true)
  })
})
