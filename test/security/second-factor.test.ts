import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, givePasskey, passkeyOptions } from '../support/authenticator.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'
import { type AuthenticatorApp, movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

/*
 * An account with a second factor: no way in gets a session, code or token without it. Against every requirement: every-way-in.test.ts.
 */

const MFA = 'urn:latchkey:acr:mfa'
const PWD = 'urn:latchkey:acr:pwd'
const PHR = 'urn:latchkey:acr:phr'

describe.each(engines)('an account with a second factor, on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  let party: RelyingParty
  let redirectUri: string
  let user: Awaited<ReturnType<Latchkey['createUser']>>
  let app: AuthenticatorApp

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
    const client = await latchkey.createClient({ first_party: true, scope: 'openid profile offline_access' })
    redirectUri = client.redirect_uri
    party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      redirectUri,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
    } as never)
    user = await latchkey.createUser('ada')
    app = await withAuthenticatorApp(latchkey, user.id, clock)
  })
  afterAll(() => latchkey?.stop())

  const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })
  const credentials = () => ({ identifier: user.email, password: PASSWORD })
  const login = async (browser: HttpBrowser) =>
    browser.signIn(await browser.open(`${latchkey.issuer}/login`), credentials())
  const verified = async (browser = newBrowser()) => {
    const page = await browser.submit(await login(browser), { Code: app.code() }, { button: 'Continue' })
    expect(page.url.pathname).toBe('/account')
    return browser
  }
  const status = async (browser: HttpBrowser, path: string) => {
    const response = await browser.send({ url: new URL(path, latchkey.issuer), method: 'GET' })
    await response.body?.cancel()
    return response.status
  }
  const json = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${latchkey.issuer}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: await response.json(), cookies: response.headers.getSetCookie() }
  }
  const tokensOf = async (url: URL, request: Awaited<ReturnType<RelyingParty['authorize']>>) =>
    party.callback(url, request)

  describe('/login', () => {
    test('the password alone leads to the second factor, and signs in to nothing', async () => {
      const browser = newBrowser()
      const page = await login(browser)
      expect(page.url.pathname).toBe('/login/verify')
      expect(page.text).toContain('ada')
      for (const path of ['/account', '/admin']) expect(await status(browser, path)).toBe(303)
      expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login/verify')
      expect((await browser.open(`${latchkey.issuer}/login`)).url.pathname).toBe('/login/verify')
      expect(await status(browser, '/api/auth/me')).toBe(401)
    })

    test('a code of the app signs in, once', async () => {
      const browser = newBrowser()
      const code = app.code()
      const page = await browser.submit(await login(browser), { Code: code }, { button: 'Continue' })
      expect(page.url.pathname).toBe('/account')
      const other = newBrowser()
      const again = await other.submit(await login(other), { Code: code }, { button: 'Continue' })
      expect(again.url.pathname).toBe('/login/verify')
      expect(again.text).toContain('not right')
    })

    test('a recovery code signs in, once', async () => {
      const browser = newBrowser()
      const [code = ''] = app.recoveryCodes
      const use = async () => {
        const page = await browser.follow(await login(browser), 'Use a recovery code')
        return browser.submit(page, { Code: code }, { button: 'Continue' })
      }
      expect((await use()).url.pathname).toBe('/account')
      await browser
        .open(`${latchkey.issuer}/logout`)
        .then((page) => browser.submit(page, {}, { button: 'Sign out' }))
      expect((await use()).url.pathname).toBe('/login/verify')
    })

    test('“Not you?” ends the sign-in that waits', async () => {
      const browser = newBrowser()
      const page = await browser.submit(await login(browser), {}, { button: 'Not you?' })
      expect(page.url.pathname).toBe('/login')
      expect((await browser.open(`${latchkey.issuer}/login/verify`)).url.pathname).toBe('/login')
    })

    test('the session that was verified has another ID than the one that waited', async () => {
      const browser = newBrowser()
      const page = await login(browser)
      const waiting = newBrowser()
      waiting.cookies.store(new URL(latchkey.issuer), [`${browser.cookies.header(new URL(latchkey.issuer))}`])
      await browser.submit(page, { Code: app.code() }, { button: 'Continue' })
      expect(await status(waiting, '/account')).toBe(303)
      expect(await status(browser, '/account')).toBe(200)
    })
  })

  describe('a browser that is remembered', () => {
    const remembered = async () => {
      const browser = newBrowser()
      const values = { Code: app.code(), remember: true }
      const page = await browser.submit(await login(browser), values, { button: 'Continue' })
      expect(page.url.pathname).toBe('/account')
      const out = await browser.open(`${latchkey.issuer}/logout`)
      await browser.submit(out, {}, { button: 'Sign out' })
      return browser
    }

    test('asks for the password alone, here and on the way to an app', async () => {
      const browser = await remembered()
      expect((await login(browser)).url.pathname).toBe('/account')
      const request = await party.authorize()
      const { url } = await browser.open(request.url)
      const { id_token } = await party.callback(url, request)
      expect(decodeJwt(String(id_token))).toMatchObject({ acr: PWD, amr: ['pwd', 'rba'] })
    })

    test('does not stand in where a client asks for a second factor by acr', async () => {
      const browser = await remembered()
      await login(browser)
      const asked = await party.authorize({ parameters: { acr_values: MFA } })
      const page = await browser.open(asked.url)
      expect(page.text).toContain('Second factor')
      expect(page.text).not.toContain('Remember this device')
      const { url } = await browser.submit(page, { Code: app.code() }, { button: 'Continue' })
      const { id_token } = await party.callback(url, asked)
      expect(decodeJwt(String(id_token))).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    })

    test('does not stand in for a dangerous act: its sign-in is never fresh', async () => {
      const browser = await remembered()
      await login(browser)
      const others = await browser.open(`${latchkey.issuer}/login?again=1&return_to=/account`)
      const second = await browser.signIn(others, credentials())
      expect(second.url.pathname).toBe('/login/verify')
    })

    test('is of one account, and its cookie is good for no other', async () => {
      const browser = await remembered()
      const other = await latchkey.createUser('grace')
      const theirs = await withAuthenticatorApp(latchkey, other.id, clock)
      const page = await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
        identifier: other.email,
        password: PASSWORD,
      })
      expect(page.url.pathname).toBe('/login/verify')
      expect(theirs.recoveryCodes).toHaveLength(10)
    })

    test('is forgotten with every sign-in of the account', async () => {
      const browser = await remembered()
      await latchkey.services.accounts.endSessions(user.id)
      expect((await login(browser)).url.pathname).toBe('/login/verify')
    })
  })

  describe('an authorization request', () => {
    test('asks for the second factor between sign-in and the app, and tokens say so', async () => {
      const browser = newBrowser()
      const request = await party.authorize({ scope: 'openid offline_access', prompt: 'consent' })
      const second = await browser.signIn(await browser.open(request.url), credentials())
      expect(second.url.pathname).toMatch(/^\/interaction\//)
      expect(second.text).toContain('Second factor')
      const page = await browser.submit(second, { Code: app.code() }, { button: 'Continue' })
      const left = page.left ? page : await browser.allow(page)
      const tokens = await tokensOf(left.url, request)
      expect(decodeJwt(String(tokens.id_token))).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
      const refreshed = await party.refresh(String(tokens.refresh_token))
      expect(decodeJwt(String(refreshed.id_token))).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    })

    test('skipping the step by the address it resumes at, by Back or another tab, leads to it again', async () => {
      const browser = newBrowser()
      const { url } = await party.authorize()
      const second = await browser.signIn(await browser.open(url), credentials())
      const uid = second.url.pathname.split('/').at(-1)
      for (const path of [
        `/authorize/${uid}`,
        `/interaction/${uid}`,
        url.href.slice(latchkey.issuer.length),
      ]) {
        const page = await browser.open(new URL(path, latchkey.issuer))
        expect([page.left, page.text.includes('Second factor')], path).toEqual([false, true])
      }
    })

    test('a wrong code stays on the step, and gives no code', async () => {
      const browser = newBrowser()
      const second = await browser.signIn(await browser.open((await party.authorize()).url), credentials())
      const page = await browser.submit(second, { Code: app.wrongCode() }, { button: 'Continue' })
      expect([page.left, page.text.includes('not right')]).toEqual([false, true])
      const right = await browser.submit(page, { Code: app.code() }, { button: 'Continue' })
      expect(right.left).toBe(true)
    })

    test('an essential acr of phr, which the account cannot show, leads to setting one up and is never answered with less', async () => {
      const browser = await verified()
      const claims = JSON.stringify({ id_token: { acr: { essential: true, value: PHR } } })
      const page = await browser.open(
        (await party.authorize({ parameters: { claims, acr_values: PWD } })).url,
      )
      expect(page.left).toBe(false)
      expect(page.url.pathname).toBe('/login/set-up')
      expect(page.text).toContain('asks for a passkey')
    })

    test('an essential acr of pwd is answered with pwd, also by a stronger sign-in', async () => {
      const browser = await verified()
      const claims = JSON.stringify({ id_token: { acr: { essential: true, values: [PWD] } } })
      const request = await party.authorize({ prompt: 'none', parameters: { claims } })
      const { url } = await browser.open(request.url)
      expect(decodeJwt(String((await tokensOf(url, request)).id_token)).acr).toBe(PWD)
    })
  })

  describe('the JSON API', () => {
    test('answers a password with mfa_required, and a code with tokens, once', async () => {
      const first = await json('/login', { email: user.email, password: PASSWORD })
      expect(first).toMatchObject({
        status: 401,
        body: {
          ...{ code: 'mfa_required', methods: ['totp', 'recovery_code'], mfa_token: expect.any(String) },
          recover_url: `${latchkey.issuer}/login/recover`,
        },
      })
      expect(JSON.stringify(first.body)).not.toContain('access_token')
      const { mfa_token } = first.body as { mfa_token: string }
      const attempt = (code: string) => json('/login/verify', { mfa_token, method: 'totp', code })
      expect(await attempt(app.wrongCode())).toMatchObject({ status: 401, body: { code: 'invalid_code' } })
      const tokens = await attempt(app.code())
      expect(tokens).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
      expect(await attempt(app.code())).toMatchObject({ status: 401, body: { code: 'mfa_token_expired' } })
    })

    test('signs the browser in by its two steps, and no other browser', async () => {
      const start = () => json('/session/login', { email: user.email, password: PASSWORD })
      const first = await start()
      expect(first).toMatchObject({ status: 401, body: { code: 'mfa_required' } })
      const { mfa_token } = first.body as { mfa_token: string }
      const cookie = first.cookies.map((line) => line.split(';', 1)[0]).join('; ')
      const step = (headers: Record<string, string>) =>
        json('/session/login/verify', { mfa_token, method: 'totp', code: app.code() }, headers)
      expect(await step({})).toMatchObject({ status: 401, body: { code: 'mfa_token_expired' } })
      expect(await json('/login/verify', { mfa_token, method: 'totp', code: app.code() })).toMatchObject({
        status: 401,
      })
      const done = await step({ cookie })
      expect(done).toMatchObject({ status: 200, body: { username: 'ada' } })
      expect(done.cookies.join()).toContain('latchkey_session=')
    })
  })

  describe('a passkey as the second factor', () => {
    const owner = async () => {
      const person = await latchkey.createUser()
      const authenticator = createAuthenticator(latchkey.issuer)
      await givePasskey(latchkey, person, authenticator)
      return { person, authenticator, entry: { identifier: person.email, password: PASSWORD } }
    }
    const isPasskeyForm = ({ fields }: { fields: { name: string }[] }) =>
      fields.some(({ name }) => name === 'credential')
    const answer = (browser: HttpBrowser, page: BrowserPage, credential: object) =>
      browser.submit(page, { credential: JSON.stringify(credential) }, { form: isPasskeyForm })

    test('after the password is of the class that resists phishing', async () => {
      const { entry, authenticator } = await owner()
      const browser = newBrowser()
      const claims = JSON.stringify({ id_token: { acr: { essential: true, value: PHR } } })
      const request = await party.authorize({ parameters: { claims } })
      const page = await browser.signIn(await browser.open(request.url), entry)
      const { url } = await answer(browser, page, authenticator.get(passkeyOptions(page)))
      const { id_token } = await party.callback(url, request)
      expect(decodeJwt(String(id_token))).toMatchObject({ acr: PHR, amr: ['pwd', 'hwk', 'user', 'mfa'] })
    })

    test('of another person, or for another browser, or sent again, is refused', async () => {
      const [one, other] = [await owner(), await owner()]
      const browser = newBrowser()
      const open = async () => browser.signIn(await browser.open(`${latchkey.issuer}/login`), one.entry)
      const page = await open()
      const theirs = await answer(browser, page, other.authenticator.get(passkeyOptions(page)))
      expect([theirs.url.pathname, theirs.text.includes('not accepted')]).toEqual(['/login/verify', true])
      const elsewhere = newBrowser()
      const waiting = await elsewhere.signIn(await elsewhere.open(`${latchkey.issuer}/login`), one.entry)
      const credential = one.authenticator.get(passkeyOptions(theirs))
      expect((await answer(elsewhere, waiting, credential)).url.pathname).toBe('/login/verify')
      expect((await answer(browser, theirs, credential)).url.pathname).toBe('/account')
      await elsewhere.open(`${latchkey.issuer}/login`)
      expect((await answer(elsewhere, waiting, credential)).url.pathname).toBe('/login/verify')
    })

    test('by JSON: options for this sign-in, and one answer', async () => {
      const { person, authenticator } = await owner()
      const first = await json('/login', { email: person.email, password: PASSWORD })
      expect(first.body).toMatchObject({ methods: ['passkey', 'recovery_code'] })
      const { mfa_token } = first.body as { mfa_token: string }
      const asked = await json('/login/challenge', { mfa_token, method: 'passkey' })
      const { public_key } = asked.body as { public_key: { challenge: string } }
      const credential = authenticator.get(public_key)
      const { mfa_token: another } = (await json('/login', { email: person.email, password: PASSWORD }))
        .body as { mfa_token: string }
      const step = (token: string) =>
        json('/login/verify', { mfa_token: token, method: 'passkey', credential })
      expect(await step(another)).toMatchObject({ status: 401, body: { code: 'invalid_code' } })
      const again = authenticator.get(
        (
          (await json('/login/challenge', { mfa_token, method: 'passkey' })).body as typeof asked.body & {
            public_key: { challenge: string }
          }
        ).public_key,
      )
      expect(await json('/login/verify', { mfa_token, method: 'passkey', credential: again })).toMatchObject({
        status: 200,
        body: { access_token: expect.any(String) },
      })
    })
  })

  test('a new password leaves the session as strong as it was', async () => {
    const browser = await verified()
    const session = browser.cookies.header(new URL(latchkey.issuer))
    const response = await fetch(`${latchkey.issuer}/api/auth/me`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', cookie: session ?? '' },
      body: JSON.stringify({ new_password: 'other-otter-73-harbour', current_password: PASSWORD }),
    })
    expect(response.status).toBe(200)
    browser.cookies.store(new URL(latchkey.issuer), response.headers.getSetCookie())
    expect(await status(browser, '/account')).toBe(200)
  })
})
