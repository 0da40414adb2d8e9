import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'

const DEVICE = 'latchkey_device'

describe.each(engines)('ASVS 6.1.1: strangers lock nobody out, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, env: { RATE_LIMIT: 'on', TRUST_PROXY: 'loopback' } })
  })
  afterAll(() => latchkey.stop())

  let hosts = 0
  const elsewhere = () => `198.51.${++hosts >> 8}.${hosts & 255}`
  const browserAt = (address: string, cookie?: string): HttpBrowser => {
    const browser = createHttpBrowser({
      headers: { 'x-forwarded-for': address },
      stopAt: ['http://127.0.0.1:9/callback'],
    })
    if (cookie !== undefined) browser.cookies.store(new URL(latchkey.issuer), [`${DEVICE}=${cookie}; Path=/`])
    return browser
  }
  async function signIn(browser: HttpBrowser, identifier: string, password = PASSWORD) {
    const page = await browser.open(`${latchkey.issuer}/login?again`)
    return browser.signIn(page, { identifier, password })
  }
  const entered = async (browser: HttpBrowser, identifier: string): Promise<boolean> =>
    (await signIn(browser, identifier)).url.pathname === '/account'

  /** A browser that has signed in to a new account, and out again. */
  async function owner(address = elsewhere()) {
    const user = await latchkey.createUser()
    const browser = browserAt(address)
    expect(await entered(browser, user.email)).toBe(true)
    const account = await browser.open(`${latchkey.issuer}/account`)
    await browser.submit(account, {}, { button: 'Sign out' })
    expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
    return { ...user, browser }
  }
  /** Locks an account, from many addresses; twelve tries also use up what its name is allowed. */
  async function attack(names: readonly string[], tries = 5) {
    for (let n = 0; n < tries; n++) {
      const name = names[n % names.length] ?? ''
      expect([401, 429]).toContain((await signIn(browserAt(elsewhere()), name, `wrong ${n}`)).status)
    }
  }

  test('the right password works from a browser that signed in before, by either name; a stranger is refused', async () => {
    const { browser, email, username } = await owner()
    await attack([email, username], 24)
    expect(await entered(browser, email)).toBe(true)
    expect(await entered(browser, username.toUpperCase())).toBe(true)
    for (const name of [email, username])
      expect([401, 429]).toContain((await signIn(browserAt(elsewhere()), name)).status)
  })

  test('also inside a flow of an app', async () => {
    const { browser, email } = await owner()
    await attack([email])
    const client = await latchkey.createClient({ first_party: true })
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
      redirectUri: client.redirect_uri,
    })
    const request = await party.authorize({ parameters: { prompt: 'login' } })
    const back = await browser.signIn(await browser.open(request.url), {
      identifier: email,
      password: PASSWORD,
    })
    expect((await party.callback(back.url, request)).claims()).toMatchObject({ amr: ['pwd'] })
  })

  test('also when a stranger behind the same address has used up what the address is allowed', async () => {
    const address = elsewhere()
    const { browser, email } = await owner(address)
    const statuses: number[] = []
    for (let n = 0; n < 35; n++)
      statuses.push((await signIn(browserAt(address), `nobody-${n}@example.com`, 'wrong')).status)
    expect(statuses).toContain(429)
    expect(await entered(browser, email)).toBe(true)
  })

  test('the owner’s own wrong passwords are counted, in that browser alone', async () => {
    const { browser, email } = await owner()
    for (let n = 0; n < 5; n++) expect((await signIn(browser, email, `wrong ${n}`)).status).toBe(401)
    expect((await signIn(browser, email)).status).toBe(401)
    expect(await entered(browserAt(elsewhere()), email)).toBe(true)
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) statuses.push((await signIn(browser, email, `wrong ${n}`)).status)
    expect(statuses).toContain(429)
  })

  test('a cookie that is forged, altered or of another account makes no difference', async () => {
    const victim = await owner()
    const other = await owner()
    const genuine = victim.browser.cookies.value(DEVICE) ?? ''
    expect(genuine).toMatch(/^[\w-]{100,}$/)
    await attack([victim.email])
    const flipped = genuine.slice(0, 60) + (genuine[60] === 'A' ? 'B' : 'A') + genuine.slice(61)
    const forged = [
      ...['', 'x', flipped, genuine.slice(0, -4), `${genuine}AAAA`, randomBytes(300).toString('base64url')],
      ...['{"devices":[]}', 'A'.repeat(4000), other.browser.cookies.value(DEVICE) ?? ''],
    ]
    for (const cookie of forged) {
      const page = await signIn(browserAt(elsewhere(), cookie), victim.email)
      expect([401, 429], cookie.slice(0, 40)).toContain(page.status)
    }
    expect(await entered(browserAt(elsewhere(), genuine), victim.email)).toBe(true)
  })

  test('the cookie of one account gives no more tries at another account or from one address', async () => {
    const victim = await latchkey.createUser()
    const address = elsewhere()
    const attacker = await owner(address)
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      const browser = browserAt(elsewhere(), attacker.browser.cookies.value(DEVICE))
      statuses.push((await signIn(browser, victim.email, `wrong ${n}`)).status)
    }
    expect(statuses.slice(10)).toEqual([429, 429])
    const many: number[] = []
    for (let n = 0; n < 40; n++)
      many.push((await signIn(attacker.browser, `nobody-${n}@example.com`, 'wrong')).status)
    expect(many.filter((status) => status === 401).length).toBeLessThanOrEqual(30)
  })

  test('two people share a browser: it is known to both', async () => {
    const first = await owner()
    const second = await latchkey.createUser()
    expect(await entered(first.browser, second.email)).toBe(true)
    await attack([first.email])
    await attack([second.email])
    for (const { email } of [first, second]) expect(await entered(first.browser, email)).toBe(true)
  })

  test('each sign-in makes the cookie anew, HttpOnly, for 400 days; an old copy counts for itself', async () => {
    const { browser, email } = await owner()
    const before = browser.cookies.value(DEVICE) ?? ''
    const page = await browser.open(`${latchkey.issuer}/login?again`)
    const prepared = browser.prepare(page, { 'Email or username': email, Password: PASSWORD })
    const response = await browser.send(prepared)
    const line = response.headers.getSetCookie().find((each) => each.startsWith(`${DEVICE}=`)) ?? ''
    expect(line).toMatch(/; Max-Age=34560000;/)
    expect(line).toMatch(/; HttpOnly/)
    expect(line).toMatch(/; SameSite=Lax/)
    expect(browser.cookies.value(DEVICE)).not.toBe(before)
    const copy = browserAt(elsewhere(), before)
    for (let n = 0; n < 5; n++) await signIn(copy, email, `wrong ${n}`)
    expect((await signIn(copy, email)).status).toBe(401)
    expect(await entered(browser, email)).toBe(true)
  })

  test('after a reset the browser that did it is known, every other is a stranger', async () => {
    const { browser, email } = await owner()
    const resetting = browserAt(elsewhere())
    const asked = await resetting.open(`${latchkey.issuer}/forgot-password`)
    await resetting.submit(asked, { Email: email }, { button: 'Send reset link' })
    const form = await resetting.open((await latchkey.mailTo(email)).link)
    const password = 'velvet piano under 9 moons'
    await resetting.submit(form, { 'New password': password })
    await attack([email])
    expect([401, 429]).toContain((await signIn(browser, email, password)).status)
    expect((await signIn(resetting, email, password)).url.pathname).toBe('/account')
  })

  test('reset mails of the owner come while a stranger asks for one after the other', async () => {
    const { browser, email } = await owner()
    const ask = async (from: HttpBrowser) =>
      (
        await from.submit(
          await from.open(`${latchkey.issuer}/forgot-password`),
          { Email: email },
          { button: 'Send reset link' },
        )
      ).status
    const statuses: number[] = []
    for (let n = 0; n < 7; n++) statuses.push(await ask(browserAt(elsewhere())))
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    const before = (await latchkey.mailTo(email)).link.href
    expect(await ask(browser)).toBe(200)
    expect((await latchkey.mailTo(email)).link.href).not.toBe(before)
  })

  test('by JSON: the session of a browser that is known; a program without cookies is a stranger', async () => {
    const { browser, email } = await owner()
    await attack([email])
    const login = (path: string, cookie?: string) =>
      fetch(`${latchkey.issuer}/api/auth${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': elsewhere(),
          ...(cookie !== undefined && { cookie: `${DEVICE}=${cookie}` }),
        },
        body: JSON.stringify({ email, password: PASSWORD }),
      })
    for (const path of ['/login', '/session/login']) {
      expect([401, 429]).toContain((await login(path)).status)
      expect((await login(path, browser.cookies.value(DEVICE))).status).toBe(200)
    }
  })

  test('the last administrator is let in by the link of the command line, and known from then on', async () => {
    const { email, id } = await latchkey.createUser()
    await latchkey.services.accounts.setRole(id, 'admin')
    await attack([email])
    const { link } = await latchkey.services.accounts.letIn(id)
    const browser = browserAt(elsewhere())
    const password = 'velvet piano under 9 moons'
    await browser.submit(await browser.open(link), { 'New password': password })
    expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/account')
    await attack([email])
    expect((await signIn(browser, email, password)).url.pathname).toBe('/account')
  })
})
