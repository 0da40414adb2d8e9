import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  redirectUri,
  type SecurityFixture,
  type TestClient,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let asking: TestClient

beforeAll(async () => {
  latchkey = await startLatchkey({ clock, env: { REFRESH_TOKEN_TTL: '86400', SESSION_TTL: '86400' } })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  asking = await fixture.client({ first_party: false, client_name: 'Asking app' })
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })
const copied = (browser: HttpBrowser) =>
  ['latchkey_session', 'latchkey_session.sig']
    .map((name) => `${name}=${browser.cookies.value(name)}`)
    .join('; ')
const isSignedIn = async (cookie: string) =>
  (await get(`${fixture.issuer}/account`, { cookie, accept: 'text/html' })).status === 200

describe('what ends what', () => {
  test('10.4.8 a refresh chain ends for good at three times its lifetime, however often it is used', async () => {
    const person = await fixture.victim()
    let { refresh_token } = await fixture.tokens(person, web)
    const stillIn = async () => {
      const answer = await fixture.refresh(web, refresh_token)
      if (answer.status === 200) refresh_token = answer.json.refresh_token
      return answer.status === 200
    }
    const lived: boolean[] = []
    for (let hours = 0; hours < 80; hours += 20) {
      passTime(20 * 3600)
      lived.push(await stillIn())
    }
    expect(lived[0]).toBe(true)
    expect(lived.at(-1)).toBe(false)
  })

  test('10.7.3, 10.4.9 access taken back on the account page ends the app’s tokens, and it has to ask again', async () => {
    const person = await fixture.victim()
    const consent = await person.browser.open(fixture.authorizeUrl(asking, { scope: 'openid email' }))
    expect(consent.text).toContain('Asking app')
    expect(consent.text).toContain(person.user.username)
    expect(consent.text).toContain('email address')
    await person.browser.allow(consent)
    const tokens = await fixture.tokens(person, asking, { scope: 'openid email' })
    const others = await fixture.tokens(person, web)
    const account = await person.browser.open(`${fixture.issuer}/account/apps`)
    await person.browser.submit(account, {}, { form: ({ action }) => action.endsWith('/apps/withdraw') })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await fixture.refresh(asking, tokens.refresh_token)).status).toBe(400)
    const again = await person.browser.open(fixture.authorizeUrl(asking, { scope: 'openid email' }))
    expect(again.text).toContain('Allow access?')
    expect((await fixture.userinfo(others.access_token)).status).toBe(200)
  })

  test('7.4.3 a changed password ends every other session and token, and keeps this browser', async () => {
    const here = await fixture.victim()
    const there = newBrowser()
    await there.signIn(await there.open(`${fixture.issuer}/login`), {
      identifier: here.user.email,
      password: PASSWORD,
    })
    const tokens = await fixture.tokens({ ...here, browser: there }, web)
    const before = copied(here.browser)
    passTime(2)
    const account = await here.browser.open(`${fixture.issuer}/account/security`)
    const changed = await here.browser.submit(
      account,
      { 'Current password': PASSWORD, 'New password': 'other-otter-73-harbour' },
      { button: 'Change password' },
    )
    expect(changed.text).toContain('Your password is changed')
    expect(await isSignedIn(copied(here.browser))).toBe(true)
    expect(await isSignedIn(before)).toBe(false)
    expect(await isSignedIn(copied(there))).toBe(false)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await fixture.refresh(web, tokens.refresh_token)).status).toBe(400)
  })

  test('7.4.1 signing out in one browser leaves the other one, and its tokens, alone', async () => {
    const laptop = await fixture.victim()
    const phone = newBrowser()
    await phone.signIn(await phone.open(`${fixture.issuer}/login`), {
      identifier: laptop.user.email,
      password: PASSWORD,
    })
    const here = await fixture.tokens(laptop, web)
    const there = await fixture.tokens({ ...laptop, browser: phone }, web)
    await laptop.browser.submit(
      await laptop.browser.open(`${fixture.issuer}/logout`),
      {},
      { button: 'Sign out' },
    )
    expect((await fixture.userinfo(here.access_token)).status).toBe(401)
    expect((await fixture.userinfo(there.access_token)).status).toBe(200)
    expect((await fixture.refresh(web, there.refresh_token)).status).toBe(200)
  })

  test('offline_access outlives the sign-out, and ends when access is taken back', async () => {
    const client = await fixture.client({ first_party: false })
    const person = await fixture.victim()
    const page = await person.browser.open(
      fixture.authorizeUrl(client, { scope: 'openid offline_access', prompt: 'consent' }),
    )
    expect(page.text).toContain('when you are away')
    const back = await person.browser.allow(page)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: redirectUri,
    }
    const tokens = (await fixture.exchange(client, code)).json
    await person.browser.submit(
      await person.browser.open(`${fixture.issuer}/logout`),
      {},
      { button: 'Sign out' },
    )
    const refreshed = await fixture.refresh(client, tokens.refresh_token)
    expect(refreshed.status).toBe(200)
    await latchkey.services.consents.withdraw(person.user.id, client.client_id)
    expect((await fixture.refresh(client, refreshed.json.refresh_token)).status).toBe(400)
  })

  test('a person who is disabled, or a client that is, in the middle of a flow gets no code', async () => {
    const doomed = await fixture.client({ first_party: false })
    for (const end of [
      (id: string) => latchkey.services.accounts.disable(id),
      () => latchkey.services.clients.disable(doomed.client_id),
    ]) {
      const person = await fixture.victim()
      const page = await person.browser.open(fixture.authorizeUrl(doomed))
      expect(page.text).toContain('Allow access?')
      await end(person.user.id)
      const after = await person.browser.allow(page)
      expect(after.url.searchParams.get('code')).toBeNull()
      expect(after.status).toBeLessThan(500)
    }
  })

  test('“Cancel” and “Deny” give access_denied to the app, with iss, and nothing else', async () => {
    const person = await fixture.victim()
    const consent = await person.browser.open(fixture.authorizeUrl(asking, { scope: 'openid profile' }))
    const denied = await person.browser.deny(consent)
    const stranger = newBrowser()
    const signIn = await stranger.open(fixture.authorizeUrl(web))
    const cancelled = await stranger.submit(signIn, {}, { form: ({ action }) => action.endsWith('/cancel') })
    for (const { url } of [denied, cancelled])
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        error: 'access_denied',
        state: 'the-state',
        iss: fixture.issuer,
      })
  })
})

describe('whose session it is', () => {
  test('an anonymous session, planted in a browser, is worth nothing after the sign-in there', async () => {
    const attacker = newBrowser()
    await attacker.open(`${fixture.issuer}/logout`)
    const planted = copied(attacker)
    expect(planted).not.toContain('undefined')
    const user = await latchkey.createUser()
    for (const start of [`${fixture.issuer}/login`, fixture.authorizeUrl(web)]) {
      const browser = newBrowser()
      for (const cookie of planted.split('; ')) browser.cookies.store(new URL(start), [`${cookie}; path=/`])
      await browser.signIn(await browser.open(start), { identifier: user.email, password: PASSWORD })
      expect(await isSignedIn(copied(browser))).toBe(true)
      expect(await isSignedIn(planted)).toBe(false)
      expect(copied(browser)).not.toBe(planted)
    }
  })

  test('“Use another account” on the consent page: the other one is asked, and gets the code', async () => {
    const first = await fixture.victim()
    const other = await latchkey.createUser()
    const { browser } = first
    const before = copied(browser)
    const consent = await browser.open(fixture.authorizeUrl(asking, { scope: 'openid profile' }))
    const signIn = await browser.submit(consent, {}, { form: ({ action }) => action.endsWith('/switch') })
    const theirs = await browser.signIn(signIn, { identifier: other.email, password: PASSWORD })
    expect(theirs.text).toContain('Allow access?')
    expect(theirs.text).toContain(other.username)
    const back = await browser.allow(theirs)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: redirectUri,
    }
    const tokens = (await fixture.exchange(asking, code)).json
    expect((await fixture.userinfo(tokens.access_token)).json.sub).toBe(other.id)
    expect(await isSignedIn(before)).toBe(false)
  })

  test('10.7.1 a native app is asked about every time, first party or not', async () => {
    const native = await fixture.publicClient({ redirect_uris: ['http://127.0.0.1/callback'] })
    const person = await fixture.victim(['http://127.0.0.1/callback'])
    for (let round = 0; round < 2; round++) {
      const page = await person.browser.open(fixture.authorizeUrl(native))
      expect(page.text).toContain('Allow access?')
      await person.browser.allow(page)
    }
    const silent = await person.browser.open(fixture.authorizeUrl(native, { prompt: 'none' }))
    expect(silent.url.searchParams.get('error')).toMatch(/^(consent|interaction)_required$/)
  })

  test('an id_token_hint of another person is not answered with this person’s code', async () => {
    const [one, two] = [await fixture.victim(), await fixture.victim()]
    const { id_token } = await fixture.tokens(one, web)
    const back = await fixture.authorize(two, web, { id_token_hint: String(id_token), prompt: 'none' })
    expect(back.get('error')).toBe('login_required')
  })
})

describe('keys rotate under a running server', () => {
  const keys = async () => {
    const { json } = await get(`${fixture.issuer}/jwks`)
    return json as unknown as { keys: { kid: string; alg: string }[] }
  }

  test('a planned rotation keeps old tokens good; a leaked key is gone at once', async () => {
    const person = await fixture.victim()
    const { id_token } = await fixture.tokens(person, web)
    const token = String(id_token)
    const { kid } = decodeProtectedHeader(token)
    await latchkey.services.keys.rotate({ alg: 'RS256' })
    await expect.poll(async () => (await keys()).keys.length).toBe(5)
    await jwtVerify(token, createLocalJWKSet(await keys()), { issuer: fixture.issuer })
    const next = await fixture.tokens(person, web)
    expect(decodeProtectedHeader(String(next.id_token)).kid).toBe(kid)

    await latchkey.services.keys.rotate({ alg: 'RS256', now: true })
    await expect.poll(async () => (await keys()).keys.some((key) => key.kid === kid)).toBe(false)
    await expect(jwtVerify(token, createLocalJWKSet(await keys()))).rejects.toThrow()
    const fresh = await fixture.tokens(person, web)
    await jwtVerify(String(fresh.id_token), createLocalJWKSet(await keys()), { issuer: fixture.issuer })
    // Sessions and codes do not hang on these keys.
    expect(await isSignedIn(copied(person.browser))).toBe(true)
  })
})
