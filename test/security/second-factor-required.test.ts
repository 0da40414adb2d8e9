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
