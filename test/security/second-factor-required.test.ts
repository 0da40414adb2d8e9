import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, passkeyOptions } from '../support/authenticator.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'
import { movableClock, totpCode, withAuthenticatorApp } from '../support/second-factor.ts'

/*
 * Rules that ask for a second factor which the person does not have yet: it is set up on the way, and nothing is given before.
 */

const MFA = 'urn:latchkey:acr:mfa'
const PHR = 'urn:latchkey:acr:phr'

describe('a second factor that is required and missing', () => {
  const clock = movableClock()
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ clock: clock.now })
  })
  afterAll(() => latchkey?.stop())
  const setting = (second_factor: string | null) => latchkey.services.settings.change({ second_factor })
  afterEach(() => setting(null))

  async function client(metadata: Record<string, unknown> = {}) {
    const {
      client_id,
      client_secret = '',
      redirect_uri,
    } = await latchkey.createClient({
      first_party: true,
      scope: 'openid offline_access',
      ...metadata,
    })
    const auth = { method: 'client_secret_basic', secret: client_secret } as const
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client_id,
      redirectUri: redirect_uri,
      auth,
    } as never)
    return { party, browser: () => createHttpBrowser({ stopAt: [redirect_uri] }) }
  }
  const signInTo = async (browser: HttpBrowser, url: URL | string, email: string) =>
    browser.signIn(await browser.open(url), { identifier: email, password: PASSWORD })
  const keyOn = (page: BrowserPage) =>
    /data-secret>([A-Z2-7 ]+)</.exec(page.body)?.[1]?.replaceAll(' ', '') ?? ''
  async function setUpApp(browser: HttpBrowser, page: BrowserPage) {
    const app = await browser.submit(page, {}, { button: 'Set up an authenticator app' })
    const secret = keyOn(app)
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const wrong = await browser.submit(app, { Code: '12' }, { button: 'Turn on' })
    expect(wrong.text).toContain('not right')
    const codes = await browser.submit(wrong, { Code: totpCode(secret, clock.now()) }, { button: 'Turn on' })
    expect([...codes.body.matchAll(/data-recovery-code>/g)]).toHaveLength(10)
    return codes
  }
  const acrOf = async (
    party: RelyingParty,
    url: URL,
    request: Awaited<ReturnType<RelyingParty['authorize']>>,
  ) => decodeJwt(String((await party.callback(url, request)).id_token)).acr

  test.each([
    ['the setting everyone', 'everyone', {}],
    ['the client', 'optional', { second_factor: 'required' }],
  ])('by %s: set up on the way to the app, which gets its code then', async (_rule, value, metadata) => {
    await setting(value)
    const { party, browser: newBrowser } = await client(metadata)
    const { email } = await latchkey.createUser()
    const browser = newBrowser()
    const request = await party.authorize()
    const page = await signInTo(browser, request.url, email)
    expect([page.left, page.url.pathname]).toEqual([false, '/login/set-up'])
    const uid = /interaction\/([\w-]+)/.exec(page.url.searchParams.get('return_to') ?? '')?.[1]
    for (const path of [`/authorize/${uid}`, `/interaction/${uid}`]) {
      const skipped = await browser.open(`${latchkey.issuer}${path}`)
      expect([skipped.left, skipped.url.pathname], path).toEqual([false, '/login/set-up'])
    }
    const silent = await browser.open((await party.authorize({ prompt: 'none' })).url)
    expect(silent.url.searchParams.get('error')).toBe('unmet_authentication_requirements')
    const back = await browser.follow(await setUpApp(browser, page), 'I have kept them')
    expect(back.left).toBe(true)
    expect(await acrOf(party, back.url, request)).toBe(MFA)
  })

  test('by a person: what an administrator requires of them counts like a setting', async () => {
    const { party, browser } = await client()
    const { id, email } = await latchkey.createUser()
    await latchkey.services.db.prisma.account.update({ where: { id }, data: { secondFactorRequired: true } })
    const page = await signInTo(browser(), (await party.authorize()).url, email)
    expect(page.url.pathname).toBe('/login/set-up')
  })

  test('the first visit of the console leads through the set-up, and comes back', async () => {
    await setting('admins')
    const { id, email } = await latchkey.createUser()
    await latchkey.services.accounts.setRole(id, 'admin')
    const browser = createHttpBrowser()
    const page = await signInTo(browser, `${latchkey.issuer}/admin/users`, email)
    expect(page.url.pathname).toBe('/login/set-up')
    expect(page.text).toContain('The console asks for a second factor')
    const back = await browser.follow(await setUpApp(browser, page), 'I have kept them')
    expect([back.status, back.url.pathname]).toEqual([200, '/admin/users'])
  })

  test('cancelling gives the app access_denied', async () => {
    const { party, browser: newBrowser } = await client({ second_factor: 'required' })
    const { email } = await latchkey.createUser()
    const browser = newBrowser()
    const page = await signInTo(browser, (await party.authorize()).url, email)
    const { url } = await browser.submit(page, {}, { button: 'Cancel' })
    expect(url.searchParams.get('error')).toBe('access_denied')
  })

  test('a client that wants a passkey gets one set up, by who has shown the factor that there is', async () => {
    const { party, browser: newBrowser } = await client({ second_factor: 'phishing_resistant' })
    const { id, email } = await latchkey.createUser()
    const app = await withAuthenticatorApp(latchkey, id, clock)
    const browser = newBrowser()
    const request = await party.authorize()
    const second = await signInTo(browser, request.url, email)
    // The password alone is not enough to add a passkey.
    expect(second.url.pathname).toBe('/login/verify')
    const page = await browser.submit(second, { Code: app.code() }, { button: 'Continue' })
    expect(page.url.pathname).toBe('/login/set-up')
    expect(page.text).not.toContain('authenticator app')
    const authenticator = createAuthenticator(latchkey.issuer)
    const credential = authenticator.create(passkeyOptions(page) as never)
    const back = await browser.submit(
      page,
      { credential: JSON.stringify(credential) },
      { form: ({ fields }) => fields.some(({ name }) => name === 'credential') },
    )
    expect(back.left).toBe(true)
    expect(await acrOf(party, back.url, request)).toBe(PHR)
  })

  describe('codes by email, where the setting allows them', () => {
    const allow = () => latchkey.services.settings.change({ second_factor: 'everyone', email_codes: 'on' })
    afterEach(() => latchkey.services.settings.change({ email_codes: null }))
    const codeTo = async (email: string) => /\b\d{6}\b/.exec((await latchkey.mailTo(email)).text)?.[0] ?? ''
    const waiting = async (email: string) => {
      const { party, browser: newBrowser } = await client()
      const browser = newBrowser()
      const request = await party.authorize()
      const page = await signInTo(browser, request.url, email)
      return { party, browser, request, page }
    }

    test('one verifies the sign-in, once', async () => {
      await allow()
      const { email } = await latchkey.createUser()
      const { party, browser, request, page } = await waiting(email)
      const sent = await browser.submit(page, {}, { button: 'Send a code' })
      expect(sent.text).toContain('on its way')
      // Nothing is remembered of an account without a factor.
      expect(sent.text).not.toContain('Remember this device')
      const code = await codeTo(email)
      const other = await waiting(email)
      const back = await browser.submit(sent, { Code: code }, { button: 'Continue' })
      expect(await acrOf(party, back.url, request)).toBe(MFA)
      const again = await other.browser.submit(other.page, { Code: code }, { button: 'Continue' })
      expect([again.left, again.text.includes('not right')]).toEqual([false, true])
    })

    test('who gets no mail sets nothing up by the password alone', async () => {
      await allow()
      const { email } = await latchkey.createUser()
      const { browser, page } = await waiting(email)
      expect(page.text).toContain('ask an administrator for another address')
      expect(page.body).not.toContain('/login/set-up')
      const path = `/login/set-up?return_to=${page.url.pathname}`
      expect((await browser.open(`${latchkey.issuer}${path}`)).url.pathname).toBe('/login/verify')
    })

    test('of 60 guesses at once no more than five are checked', async () => {
      await allow()
      const { id } = await latchkey.createUser()
      const { emailCodes } = latchkey.services.factors
      expect(await emailCodes.send(id)).toEqual({ kind: 'sent' })
      const guesses = Array.from({ length: 60 }, (_, n) => emailCodes.verify(id, String(n).padStart(6, 'x')))
      const kinds = (await Promise.all(guesses)).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'wrong')).toHaveLength(5)
      expect(kinds.filter((kind) => kind === 'limited')).toHaveLength(55)
    })

    test('are not for people with a stronger factor, and not sent without end', async () => {
      await allow()
      const strong = await latchkey.createUser()
      await withAuthenticatorApp(latchkey, strong.id, clock)
      const { emailCodes, methodsOf, verify } = latchkey.services.factors
      expect(await emailCodes.send(strong.id)).toEqual({ kind: 'off' })
      expect(await methodsOf({ ...strong, secondFactors: ['totp'] })).not.toContain('email')
      expect(await verify({ accountId: strong.id, method: 'email', code: '000000' })).toEqual({
        kind: 'wrong',
      })
      const { id } = await latchkey.createUser()
      const sent = []
      for (let n = 0; n < 7; n++) sent.push((await emailCodes.send(id)).kind)
      expect(sent).toEqual([...Array(5).fill('sent'), 'limited', 'limited'])
    })

    test('are not enough for the console', async () => {
      await allow()
      const { id, email } = await latchkey.createUser()
      await latchkey.services.accounts.setRole(id, 'admin')
      const { browser, page } = await waiting(email)
      const sent = await browser.submit(page, {}, { button: 'Send a code' })
      const back = await browser.submit(sent, { Code: await codeTo(email) }, { button: 'Continue' })
      expect(back.left).toBe(true)
      expect((await browser.open(`${latchkey.issuer}/admin`)).url.pathname).toBe('/login/set-up')
    })

    test('work by JSON', async () => {
      await allow()
      const { email } = await latchkey.createUser()
      const post = async (path: string, body: object) => {
        const headers = { 'content-type': 'application/json' }
        const url = `${latchkey.issuer}/api/auth${path}`
        const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
        return { status: response.status, body: (await response.json()) as Record<string, unknown> }
      }
      const first = await post('/login', { email, password: PASSWORD })
      expect(first.body).toMatchObject({ code: 'mfa_required', methods: ['email'] })
      expect(first.body).not.toHaveProperty('recover_url')
      const { mfa_token } = first.body
      const challenged = await post('/login/challenge', { mfa_token, method: 'email' })
      expect(challenged).toEqual({ status: 200, body: {} })
      const done = await post('/login/verify', { mfa_token, method: 'email', code: await codeTo(email) })
      expect(done).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
    })
  })

  test('the JSON API gives no tokens, and says what to do', async () => {
    await setting('everyone')
    const { email } = await latchkey.createUser()
    for (const path of ['/login', '/session/login']) {
      const response = await fetch(`${latchkey.issuer}/api/auth${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: PASSWORD }),
      })
      if (path === '/login') expect(response.status).toBe(403)
      const body = await response.json()
      expect(JSON.stringify(body)).not.toContain('access_token')
      const cookie = response.headers.getSetCookie().map((line) => line.split(';', 1)[0])
      const me = await fetch(`${latchkey.issuer}/api/auth/me`, { headers: { cookie: cookie.join('; ') } })
      expect([401, 403]).toContain(me.status)
    }
  })
})
