import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { registerDevice } from '../device/device-client.ts'
import {
  createSecurityFixture,
  credentials,
  passTime,
  post,
  type SecurityFixture,
  type TestClient,
} from '../security/attacker.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type AuthenticatorApp, totpCode, withAuthenticatorApp } from '../support/second-factor.ts'
import { createSigner, type Signer } from './signer.ts'

/** The second factor is on every way to a code, comes once, and between sign-in and consent. */
const PWD = 'urn:latchkey:acr:pwd'
const MFA = 'urn:latchkey:acr:mfa'
const PHR = 'urn:latchkey:acr:phr'
const UNMET = 'unmet_authentication_requirements'

/** The protocol library asks the process for the time. */
const clock = {
  now: () => Date.now(),
  later: (milliseconds: number) => passTime(milliseconds / 1000),
}
let latchkey: Latchkey
let fixture: SecurityFixture
let signer: Signer
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: clock.now })
  fixture = createSecurityFixture(latchkey)
  signer = await createSigner('PS256')
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

interface Person {
  user: Awaited<ReturnType<Latchkey['createUser']>>
  app: AuthenticatorApp
  browser: HttpBrowser
  entry: { identifier: string; password: string }
}
const stopAt = ['https://app.example/callback']
async function person(): Promise<Person> {
  const user = await latchkey.createUser()
  const app = await withAuthenticatorApp(latchkey, user.id, clock)
  return {
    user,
    app,
    browser: createHttpBrowser({ stopAt }),
    entry: { identifier: user.email, password: PASSWORD },
  }
}
/** A person without a second factor. */
async function plain() {
  const { user, browser } = await fixture.victim(stopAt)
  return { user, browser }
}
/** The password alone: the session waits for the second factor. */
async function halfSignedIn() {
  const who = await person()
  await who.browser.signIn(await who.browser.open(`${latchkey.issuer}/login`), who.entry)
  return who
}
const isSecondStep = ({ left, text }: BrowserPage) => !left && text.includes('Second factor')
const show = ({ browser, app }: Person, page: BrowserPage) =>
  browser.submit(page, { Code: app.code() }, { button: 'Continue' })
const verified = async () => {
  const who = await person()
  await show(who, await who.browser.signIn(await who.browser.open(`${latchkey.issuer}/login`), who.entry))
  return who
}
/** In a browser that was remembered: the password is enough there, unless somebody asks for what was really shown. */
async function remembered() {
  const who = await person()
  const open = async (path: string) => who.browser.open(`${latchkey.issuer}${path}`)
  const page = await who.browser.signIn(await open('/login'), who.entry)
  await who.browser.submit(page, { Code: who.app.code(), remember: true }, { button: 'Continue' })
  await who.browser.submit(await open('/logout'), {}, { button: 'Sign out' })
  expect((await who.browser.signIn(await open('/login'), who.entry)).url.pathname).toBe('/account')
  return who
}
const codeOf = ({ url }: BrowserPage) => url.searchParams.get('code')
const errorOf = ({ url }: BrowserPage) => url.searchParams.get('error')
async function tokensOf(client: TestClient, page: BrowserPage) {
  expect(codeOf(page), page.text).toBeTypeOf('string')
  const code = { code: String(codeOf(page)), verifier: 'v'.repeat(43), redirect_uri: client.redirect_uri }
  const { status, json } = await fixture.exchange(client, code)
  expect(status).toBe(200)
  return { json, claims: decodeJwt(String(json.id_token)) }
}

/** How a request comes. */
const WAYS = ['by its parameters', 'pushed', 'signed', 'signed and pushed'] as const
async function requestUrl(way: (typeof WAYS)[number], client: TestClient, more: Record<string, string> = {}) {
  const plainUrl = new URL(fixture.authorizeUrl(client, more))
  if (way === 'by its parameters') return plainUrl.href
  const parameters = Object.fromEntries(plainUrl.searchParams)
  const now = Math.floor(clock.now() / 1000)
  const own = credentials(client)
  const request = await signer.sign({
    iss: client.client_id,
    aud: latchkey.issuer,
    exp: now + 300,
    nbf: now - 5,
    ...parameters,
  })
  const at = (query: Record<string, string>) =>
    `${latchkey.issuer}/authorize?${new URLSearchParams({ client_id: client.client_id, ...query })}`
  if (way === 'signed') return at({ request })
  const body = way === 'pushed' ? parameters : { request }
  const { status, json, text } = await post(`${latchkey.issuer}/par`, { ...own.body, ...body }, own.headers)
  expect(status, text).toBe(201)
  return at({ request_uri: String(json.request_uri) })
}
const signing = (metadata: Record<string, unknown> = {}) =>
  fixture.client({ request_object_signing_alg: 'PS256', jwks: signer.jwks, ...metadata })

describe.each(WAYS)('a request %s', (way) => {
  test('asks a session that has shown the password alone, and gives a code after', async () => {
    const [client, who] = [await signing(), await halfSignedIn()]
    const page = await who.browser.open(await requestUrl(way, client))
    expect(isSecondStep(page)).toBe(true)
    const { claims } = await tokensOf(client, await show(who, page))
    expect(claims).toMatchObject({ sub: who.user.id, acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
  })

  test('with prompt=none is answered unmet_authentication_requirements, without a code', async () => {
    const [client, who] = [await signing(), await halfSignedIn()]
    const page = await who.browser.open(await requestUrl(way, client, { prompt: 'none' }))
    expect([page.left, errorOf(page), codeOf(page)]).toEqual([true, UNMET, null])
  })

  test('with prompt=login asks for both again, also of a session that has shown both', async () => {
    const [client, who] = [await signing(), await verified()]
    const again = await who.browser.open(await requestUrl(way, client, { prompt: 'login' }))
    const page = await who.browser.signIn(again, who.entry)
    expect(isSecondStep(page)).toBe(true)
    expect((await tokensOf(client, await show(who, page))).claims.acr).toBe(MFA)
  })

  test('with max_age asks for both again, once the sign-in is older', async () => {
    const [client, who] = [await signing(), await verified()]
    const url = () => requestUrl(way, client, { max_age: '300' })
    const before = (await tokensOf(client, await who.browser.open(await url()))).claims.auth_time ?? 0
    clock.later(600_000)
    const again = await who.browser.open(await url())
    const page = await who.browser.signIn(again, who.entry)
    expect(isSecondStep(page)).toBe(true)
    const { claims } = await tokensOf(client, await show(who, page))
    expect(claims.acr).toBe(MFA)
    expect(Number(claims.auth_time) - Number(before)).toBeGreaterThanOrEqual(600)
  })

  test('of a client that requires a second factor asks also a person who need not have one elsewhere', async () => {
    const [client, who] = [await signing({ second_factor: 'required' }), await plain()]
    const page = await who.browser.open(await requestUrl(way, client))
    expect([page.left, codeOf(page)]).toEqual([false, null])
    const silent = await who.browser.open(await requestUrl(way, client, { prompt: 'none' }))
    expect(errorOf(silent)).toBe(UNMET)
  })
})

describe('max_auth_age of a client', () => {
  test('asks for both again, once; what was shown then counts for the next request', async () => {
    const [client, who] = [await fixture.client({ max_auth_age: 300 }), await verified()]
    const url = fixture.authorizeUrl(client)
    expect(codeOf(await who.browser.open(url))).toBeTypeOf('string')
    clock.later(600_000)
    expect(errorOf(await who.browser.open(`${url}&prompt=none`))).toBe('login_required')
    const again = await who.browser.open(url)
    const page = await who.browser.signIn(again, who.entry)
    expect(isSecondStep(page)).toBe(true)
    const { claims } = await tokensOf(client, await show(who, page))
    expect(Math.floor(clock.now() / 1000) - Number(claims.auth_time)).toBeLessThan(300)
    expect(claims).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    expect(codeOf(await who.browser.open(url))).toBeTypeOf('string')
  })

  test('counts, whatever max_age the request says', async () => {
    const [client, who] = [await fixture.client({ max_auth_age: 300 }), await verified()]
    clock.later(600_000)
    const page = await who.browser.open(fixture.authorizeUrl(client, { max_age: '86400' }))
    expect([page.left, page.url.pathname.startsWith('/interaction/')]).toEqual([false, true])
  })
})

describe('a device (RFC 8628)', () => {
  const enter = async ({ browser }: Person, code: string) =>
    browser.submit(await browser.open(`${latchkey.issuer}/device`), { Code: code }, { button: 'Continue' })

  test('is approved after the second factor alone, and its tokens say so, refreshed too', async () => {
    const [device, who] = [await registerDevice(latchkey), await person()]
    const { device_code, user_code } = await device.ask()
    let page = await who.browser.signIn(await enter(who, user_code), who.entry)
    expect(isSecondStep(page)).toBe(true)
    expect((await device.poll(device_code)).json.error).toBe('authorization_pending')
    // By Back, and by the address at which the flow goes on.
    for (const path of [page.url.pathname, `/device/${page.url.pathname.split('/').at(-1)}`]) {
      page = await who.browser.open(new URL(path, latchkey.issuer))
      expect(isSecondStep(page), path).toBe(true)
    }
    const done = await who.browser.allow(await show(who, page))
    expect(done.text).toContain('Go back to your device')
    clock.later(10_000)
    const { json } = await device.poll(device_code)
    expect(decodeJwt(String(json.id_token))).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    const refreshed = await device.refresh(json.refresh_token)
    expect(decodeJwt(String(refreshed.json.id_token))).toMatchObject({ acr: MFA })
  })

  test('asks a session that has shown the password alone', async () => {
    const [device, who] = [await registerDevice(latchkey), await halfSignedIn()]
    const { user_code } = await device.ask()
    expect(isSecondStep(await enter(who, user_code))).toBe(true)
  })

  test('of a client that requires a second factor asks also a person who need not have one', async () => {
    const device = await registerDevice(latchkey, { second_factor: 'required' })
    const who = await plain()
    const { device_code, user_code } = await device.ask()
    const page = await enter({ ...who, app: undefined as never, entry: undefined as never }, user_code)
    expect(page.text).not.toContain('Allow')
    expect((await device.poll(device_code)).json.error).toBe('authorization_pending')
  })
})

describe('claims, beside the second factor', () => {
  const asking = (claims: object) => ({ claims: JSON.stringify(claims) })
  /** A client whose people are asked. */
  const asked = () =>
    fixture.client({ first_party: false, id_token_identity_claims: false, scope: 'openid email profile' })
  const essential = (wanted: object) => asking({ id_token: { acr: { essential: true, ...wanted } } })

  test('of both places come after sign-in, second factor and one consent; nothing is asked for again', async () => {
    const [client, who] = [await asked(), await person()]
    const url = fixture.authorizeUrl(
      client,
      asking({
        id_token: {
          acr: { essential: true, values: [MFA, PHR] },
          auth_time: { essential: true },
          email: null,
        },
        userinfo: { name: { essential: true }, acr: null, auth_time: null },
      }),
    )
    const second = await who.browser.signIn(await who.browser.open(url), who.entry)
    expect(isSecondStep(second)).toBe(true)
    const consent = await show(who, second)
    expect(consent.text).toContain('See your email address')
    const { claims, json } = await tokensOf(client, await who.browser.allow(consent))
    expect(claims).toMatchObject({ acr: MFA, auth_time: expect.any(Number), email: who.user.email })
    expect((await fixture.userinfo(json.access_token)).json).toMatchObject({ name: who.user.username })
    const { claims: next } = await tokensOf(client, await who.browser.open(`${url}&prompt=none`))
    expect(next).toMatchObject({ acr: MFA, email: who.user.email })
  })

  test('consent that was denied after the second factor ends at the app, and is asked for again without it', async () => {
    const [client, who] = [await asked(), await person()]
    const url = fixture.authorizeUrl(client, asking({ userinfo: { email: null } }))
    const consent = await show(who, await who.browser.signIn(await who.browser.open(url), who.entry))
    expect(errorOf(await who.browser.deny(consent))).toBe('access_denied')
    const again = await who.browser.open(url)
    expect([isSecondStep(again), again.text.includes('See your email address')]).toEqual([false, true])
  })

  test.each([
    ['an essential acr', essential({ value: MFA })],
    ['one of several', essential({ values: [PHR, MFA] })],
    [
      'an essential acr with a weaker acr_values beside it',
      { ...essential({ value: MFA }), acr_values: PWD },
    ],
    ['acr_values', { acr_values: MFA }],
    ['acr_values, the first that the person can show', { acr_values: `${PHR} ${MFA} ${PWD}` }],
  ])('%s of mfa asks the person, and is answered with mfa', async (_how, parameters) => {
    const [client, who] = [await asked(), await person()]
    const second = await who.browser.signIn(
      await who.browser.open(fixture.authorizeUrl(client, parameters)),
      who.entry,
    )
    const { claims } = await tokensOf(client, await who.browser.allow(await show(who, second)))
    expect(claims.acr).toBe(MFA)
  })

  test('default_acr_values of the client stand in for a request that names none, and are as voluntary', async () => {
    const client = await fixture.client({ default_acr_values: [PHR, MFA] })
    const who = await remembered()
    const second = await who.browser.open(fixture.authorizeUrl(client))
    expect(isSecondStep(second)).toBe(true)
    expect((await tokensOf(client, await show(who, second))).claims.amr).toEqual(['pwd', 'otp', 'mfa'])
    const other = await remembered()
    const named = await other.browser.open(fixture.authorizeUrl(client, { acr_values: PWD }))
    expect((await tokensOf(client, named)).claims.amr).toContain('rba')
    const without = await (await plain()).browser.open(fixture.authorizeUrl(client))
    expect((await tokensOf(client, without)).claims.acr).toBe(PWD)
  })

  test('a client cannot register a class that is not here', async () => {
    const register = fixture.client({ default_acr_values: ['urn:example:acr:gold'] })
    await expect(register).rejects.toThrow()
  })

  test('an essential acr that a person cannot show gives no code; silently, it is the error of RFC 9470', async () => {
    const [client, who] = [await fixture.client(), await plain()]
    const url = fixture.authorizeUrl(client, essential({ value: MFA }))
    expect(errorOf(await who.browser.open(`${url}&prompt=none`))).toBe(UNMET)
    const page = await who.browser.open(url)
    expect([page.left, codeOf(page), page.url.pathname]).toEqual([false, null, '/login/set-up'])
    expect(errorOf(await who.browser.submit(page, {}, { button: 'Cancel' }))).toBe('access_denied')
  })

  test('and one who sets a second factor up on the way goes on to the app with it', async () => {
    const [client, who] = [await fixture.client(), await plain()]
    const page = await who.browser.open(fixture.authorizeUrl(client, essential({ values: [MFA, PHR] })))
    const setUp = await who.browser.submit(page, {}, { button: 'Set up an authenticator app' })
    const secret = /data-secret[^>]*>([^<]+)</.exec(setUp.body)?.[1]?.replaceAll(/\s/g, '') ?? ''
    const on = await who.browser.submit(setUp, { Code: totpCode(secret, clock.now()) }, { button: 'Turn on' })
    const back = await who.browser.follow(on, 'I have kept them')
    expect((await tokensOf(client, back)).claims).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
  })

  test('auth_time is in the ID Token when it is asked for, essential or voluntary', async () => {
    const [client, who] = [await fixture.client(), await verified()]
    for (const wanted of [null, { essential: true }]) {
      const url = fixture.authorizeUrl(client, asking({ id_token: { auth_time: wanted } }))
      const { claims } = await tokensOf(client, await who.browser.open(url))
      expect(claims.auth_time).toBeTypeOf('number')
    }
  })

  test('what a second factor does not raise enough ends, in place of asking for ever', async () => {
    const [client, who] = [await fixture.client({ second_factor: 'phishing_resistant' }), await person()]
    const page = await who.browser.signIn(await who.browser.open(fixture.authorizeUrl(client)), who.entry)
    expect([page.left, codeOf(page)]).toEqual([false, null])
    // The person is led to a passkey of their own instead; a form of that step can be sent all the same.
    const uid = /\/interaction\/([\w-]+)/.exec(decodeURIComponent(decodeURIComponent(page.url.search)))?.[1]
    // The code is right, and still not what the client wants.
    const form = new URLSearchParams({ method: 'totp', code: who.app.code() })
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf_token')
    if (csrf?.name) form.set(csrf.name, csrf.value)
    const done = await who.browser.visit({
      url: new URL(`/interaction/${uid}/verify`, latchkey.issuer),
      method: 'POST',
      body: form,
      headers: { origin: latchkey.issuer, 'sec-fetch-site': 'same-origin' },
    })
    expect([codeOf(done), done.left ? errorOf(done) : done.status]).toEqual([null, UNMET])
  })
})
