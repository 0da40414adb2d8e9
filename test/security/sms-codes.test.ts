import { decodeJwt } from 'jose'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Api, bearer, createApi } from '../api/support.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { type FakeGateway, startTwilioLike, TWILIO_SECRET, twilioSettings } from '../support/sms-gateway.ts'

const MFA = 'urn:latchkey:acr:mfa'
let numbers = 0
const freshNumber = () => `+49151${20_000_000 + ++numbers}`

describe.each(engines)('codes by SMS on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  let gateway: FakeGateway
  let api: Api
  beforeAll(async () => {
    latchkey = await startLatchkey({
      engine,
      clock: clock.now,
      env: { SMS_SECRET: TWILIO_SECRET, SMS_HOST: '127.0.0.1' },
    })
    gateway = await startTwilioLike()
    api = createApi(latchkey.issuer)
    await latchkey.services.settings.change({
      ...twilioSettings(gateway),
      ...{ sms_per_address: 10_000, sms_per_prefix: 10_000, sms_per_day: 10_000 },
    })
    return () => latchkey.stop()
  })
  afterEach(async () => {
    gateway.next = undefined
    await latchkey.services.settings.change({ second_factor: null, phone_sign_in: null, sms_prefixes: null })
  })

  const at = (path: string) => `${latchkey.issuer}${path}`
  const signIn = async (browser: HttpBrowser, email: string, path = '/account/security') =>
    browser.signIn(await browser.open(at(`/login?return_to=${encodeURIComponent(path)}`)), {
      identifier: email,
      password: PASSWORD,
    })
  const linkTo = (page: BrowserPage, text: string) =>
    new URL(page.links.find((link) => link.text.includes(text))?.href ?? 'about:blank', page.url)

  /** Adds a phone from the page of the number on. */
  async function add(browser: HttpBrowser, page: BrowserPage, number: string) {
    const asked = await browser.submit(page, { 'Phone number': number }, { button: 'Send a code' })
    expect(asked.text).toContain(number)
    return browser.submit(asked, { Code: gateway.codeTo(number) }, { button: 'Turn on' })
  }
  async function withPhone() {
    const user = await latchkey.createUser()
    const number = freshNumber()
    const browser = createHttpBrowser()
    const security = await signIn(browser, user.email)
    const codes = await add(browser, await browser.open(linkTo(security, 'Set up codes by SMS')), number)
    expect([...codes.body.matchAll(/data-recovery-code>/g)]).toHaveLength(10)
    return { ...user, number, browser }
  }
  async function client() {
    const {
      client_id,
      client_secret = '',
      redirect_uri,
    } = await latchkey.createClient({
      first_party: true,
      scope: 'openid phone offline_access',
    })
    const auth = { method: 'client_secret_basic', secret: client_secret } as const
    const party = await discover({
      ...{ issuer: latchkey.issuer, clientId: client_id, redirectUri: redirect_uri, auth },
    } as never)
    return { party, browser: createHttpBrowser({ stopAt: [redirect_uri] }) }
  }

  test('one verifies the sign-in to an app: amr sms, acr mfa, and the number is verified', async () => {
    const { email, number } = await withPhone()
    const { party, browser } = await client()
    const request = await party.authorize({ scope: 'openid phone' })
    const step = await browser.signIn(await browser.open(request.url), {
      identifier: email,
      password: PASSWORD,
    })
    expect(step.text).toContain(number.slice(-3))
    expect(step.text).not.toContain(number)
    expect(step.body).toMatch(/class="primary" autofocus>Send a code/)
    const sent = await browser.submit(step, {}, { button: 'Send a code' })
    expect(sent.text).toContain('on its way to your phone')
    const wrong = await browser.submit(sent, { Code: '12' }, { button: 'Continue' })
    expect(wrong.text).toContain('not right')
    expect(wrong.text).toContain('Enter the code that we sent to your phone')
    expect(wrong.text).toContain('Send a new code')
    const back = await browser.submit(wrong, { Code: gateway.codeTo(number) }, { button: 'Continue' })
    expect(back.left).toBe(true)
    const tokens = await party.callback(back.url, request)
    const claims = decodeJwt(String(tokens.id_token))
    expect(claims).toMatchObject({ acr: MFA, amr: ['pwd', 'sms', 'mfa'] })
    expect(await party.userinfo(String(tokens.access_token), String(claims.sub))).toMatchObject({
      phone_number: number,
      phone_number_verified: true,
    })
  })

  test('one code opens one of two tabs, and is not good for a second sign-in', async () => {
    const { email, number } = await withPhone()
    const [one, two] = [createHttpBrowser(), createHttpBrowser()]
    const [first, second] = [await signIn(one, email), await signIn(two, email)]
    expect(first.url.pathname).toBe('/login/verify')
    const sent = await one.submit(first, {}, { button: 'Send a code' })
    const code = gateway.codeTo(number)
    const done = await one.submit(sent, { Code: code }, { button: 'Continue' })
    expect(done.url.pathname).toBe('/account/security')
    const again = await two.submit(second, { Code: code }, { button: 'Continue' })
    expect([again.url.pathname, again.text.includes('not right')]).toEqual(['/login/verify', true])
  })

  test('what the gateway does not send is told with a way out, and never as a fault of this server', async () => {
    const { email, number } = await withPhone()
    const browser = createHttpBrowser()
    const step = await signIn(browser, email)
    gateway.next = { status: 500, body: '{"code": 20500}' }
    const failed = await browser.submit(step, {}, { button: 'Send a code' })
    expect([failed.status, failed.text.includes('could not be sent')]).toEqual([409, true])
    expect(failed.links.some(({ text }) => text.includes('recovery code'))).toBe(true)
    gateway.next = undefined
    // Four more of this hour: one set the phone up, one was refused.
    let page = failed
    for (let n = 0; n < 3; n++)
      page = await browser.submit(page, {}, { button: n === 0 ? 'Send a code' : 'Send a new code' })
    const over = await browser.submit(page, {}, { button: 'Send a new code' })
    expect([over.status, over.text.includes('try again in')]).toEqual([429, true])
    const done = await browser.submit(over, { Code: gateway.codeTo(number) }, { button: 'Continue' })
    expect(done.url.pathname).toBe('/account/security')
    const failures = await latchkey.services.audit.list({ action: 'factor.sms_failed' } as never)
    expect(JSON.stringify(failures)).toContain('status 500')
  })

  test('one is set up on the way where a factor is required, and a wrong number is told beside the field', async () => {
    await latchkey.services.settings.change({ second_factor: 'everyone' })
    const { email } = await latchkey.createUser()
    const { party, browser } = await client()
    const request = await party.authorize({ scope: 'openid' })
    const page = await browser.signIn(await browser.open(request.url), {
      identifier: email,
      password: PASSWORD,
    })
    expect(page.url.pathname).toBe('/login/set-up')
    const number = freshNumber()
    const form = await browser.open(linkTo(page, 'codes by SMS'))
    for (const [wrong, says] of [
      ['0151 1234', 'country code'],
      ['+1 900 555 1234', 'numbers of this kind'],
    ] as const) {
      const refused = await browser.submit(form, { 'Phone number': wrong }, { button: 'Send a code' })
      expect([refused.status, refused.text.includes(says)]).toEqual([422, true])
      expect(refused.body).toContain(`value="${wrong}"`)
    }
    const codes = await add(browser, form, number)
    const back = await browser.follow(codes, 'I have kept them')
    expect(decodeJwt(String((await party.callback(back.url, request)).id_token))).toMatchObject({ acr: MFA })
  })

  test('they are not enough for the console, and are not offered to who administers', async () => {
    const { id, email, number } = await withPhone()
    await latchkey.services.accounts.setRole(id, 'admin')
    await latchkey.services.settings.change({ second_factor: 'admins' })
    const browser = createHttpBrowser()
    const sent = await browser.submit(await signIn(browser, email, '/admin'), {}, { button: 'Send a code' })
    const set = await browser.submit(sent, { Code: gateway.codeTo(number) }, { button: 'Continue' })
    expect([set.url.pathname, set.url.searchParams.get('needs')]).toEqual(['/login/set-up', 'strong'])
    expect(set.text).not.toContain('SMS')
    expect((await browser.open(at('/login/set-up/phone?return_to=/admin'))).url.pathname).not.toBe(
      '/login/set-up/phone',
    )
    await withAuthenticatorApp(latchkey, id, clock)
    const step = await signIn(createHttpBrowser(), email)
    expect(step.text).toContain('authenticator app')
    expect(step.text).not.toContain('SMS')
    expect((await browser.open(at('/account/security/phone'))).url.pathname).not.toBe(
      '/account/security/phone',
    )
  })

  test('who has shown a code by SMS, and administers since, signs in again with what is stronger', async () => {
    const { id, browser } = await withPhone()
    await withAuthenticatorApp(latchkey, id, clock)
    await latchkey.services.accounts.setRole(id, 'admin')
    await latchkey.services.settings.change({ second_factor: 'admins' })
    const refused = await browser.open(at('/admin'))
    expect([refused.status, refused.text.includes('not enough to administer')]).toEqual([403, true])
  })

  test('by JSON: added, asked for and shown, for tokens and for a session', async () => {
    const { email } = await latchkey.createUser()
    const number = freshNumber()
    const { access_token } = (await api.login(email)).json
    const headers = bearer(access_token)
    const add = (phone_number: unknown) =>
      api.call('POST', '/me/factors', {
        headers,
        body: { method: 'sms', phone_number, current_password: PASSWORD },
      })
    expect(await add('+19005551234')).toMatchObject({
      status: 422,
      json: { errors: { phone_number: [expect.any(String)] } },
    })
    expect(await add(undefined)).toMatchObject({ status: 422 })
    const begun = await add(number)
    expect(begun).toMatchObject({ status: 201, json: { id: expect.any(String) } })
    expect(begun.json).not.toHaveProperty('secret')
    const turned = await api.call('POST', `/me/factors/${begun.json.id}/verify`, {
      headers,
      body: { code: gateway.codeTo(number) },
    })
    expect(turned.json.recovery_codes).toHaveLength(10)
    for (const path of ['/login', '/session/login']) {
      const first = await api.call('POST', path, { body: { email, password: PASSWORD } })
      expect(first).toMatchObject({ status: 401, json: { methods: ['sms', 'recovery_code'] } })
      const [cookie = ''] = first.headers.get('set-cookie')?.split(';') ?? []
      const { mfa_token } = first.json
      const call = (step: string, body: object) =>
        api.call('POST', `${path}/${step}`, {
          headers: { cookie },
          body: { mfa_token, method: 'sms', ...body },
        })
      expect(await call('challenge', {})).toMatchObject({ status: 200, json: {} })
      const code = gateway.codeTo(number)
      expect(await call('verify', { code: 'x' })).toMatchObject({
        status: 401,
        json: { code: 'invalid_code' },
      })
      expect(await call('verify', { code })).toMatchObject({ status: 200 })
      // Neither the code nor the token is good for another one.
      expect(await call('verify', { code })).toMatchObject({ status: 401 })
    }
    gateway.next = { status: 503, body: '' }
    const { mfa_token } = (await api.call('POST', '/login', { body: { email, password: PASSWORD } })).json
    expect(await api.call('POST', '/login/challenge', { body: { mfa_token, method: 'sms' } })).toMatchObject({
      status: 409,
      json: { code: 'sms_not_sent' },
    })
  })

  test('by JSON: while codes are not checked none is sent', async () => {
    const { email, number } = await withPhone()
    const first = await api.call('POST', '/login', { body: { email, password: PASSWORD } })
    const { mfa_token } = first.json
    const challenge = () => api.call('POST', '/login/challenge', { body: { mfa_token, method: 'sms' } })
    expect(await challenge()).toMatchObject({ status: 200 })
    for (let n = 0; n < 5; n++)
      expect(
        await api.call('POST', '/login/verify', { body: { mfa_token, method: 'sms', code: `x${n}` } }),
      ).toMatchObject({ status: 401 })
    const sent = () => gateway.messages.filter(({ to }) => to === number).length
    const before = sent()
    const refused = await challenge()
    expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_messages' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(sent()).toBe(before)
  })

  test('a verified number signs in, however it is written; one that was changed does not', async () => {
    const { id, email, number } = await withPhone()
    await latchkey.services.settings.change({ phone_sign_in: 'on' })
    const spaced = `${number.slice(0, 3)} (${number.slice(3, 6)}) ${number.slice(6)}`
    const browser = createHttpBrowser()
    const login = await browser.open(at('/login?return_to=/account'))
    expect(login.text).toContain('phone number')
    const step = await browser.submit(
      login,
      { 'Email, username or phone number': spaced, Password: PASSWORD },
      { button: 'Sign in' },
    )
    expect([step.url.pathname, step.text.includes('user')]).toEqual(['/login/verify', true])
    const { accounts } = latchkey.services
    const kind = async (identifier: string) =>
      (await accounts.authenticate({ identifier, password: PASSWORD })).kind
    expect(await kind(number)).toBe('ok')
    await latchkey.services.settings.change({ phone_sign_in: 'off' })
    expect(await kind(number)).toBe('refused')
    await latchkey.services.settings.change({ phone_sign_in: 'on' })
    await expect(accounts.updateProfile(id, { phoneNumber: freshNumber() })).rejects.toMatchObject({
      status: 403,
    })
    await accounts.updateProfile(id, { phoneNumber: freshNumber() }, { fresh: true })
    expect(await kind(number)).toBe('refused')
    expect(await accounts.byId(id)).toMatchObject({ phoneVerified: false, email })
    // Neither does one that an administrator says is verified.
    const other = freshNumber()
    await accounts.updateByAdmin(id, { phoneNumber: other, phoneVerified: true })
    expect(await kind(other)).toBe('refused')
  })

  test('who verifies a number that signs in to another account is told that alone, and only with the phone in hand', async () => {
    const owner = await withPhone()
    const second = await latchkey.createUser()
    await latchkey.services.accounts.updateProfile(second.id, { phoneNumber: owner.number })
    const browser = createHttpBrowser()
    const profile = await signIn(browser, second.email, '/account')
    await latchkey.services.settings.change({ phone_sign_in: 'on' })
    const form = await browser.open(linkTo(profile, `Verify ${owner.number} by a code`))
    const asked = await browser.submit(form, {}, { button: 'Send a code' })
    expect(asked.text).not.toContain('another account')
    const done = await browser.submit(asked, { Code: gateway.codeTo(owner.number) }, { button: 'Verify' })
    expect(done.text).toContain('signs in to another account already')
    expect(done.body).not.toContain(owner.username)
    const { accounts } = latchkey.services
    expect(await accounts.byId(second.id)).toMatchObject({ phoneVerified: true, secondFactors: [] })
    const outcome = await accounts.authenticate({ identifier: owner.number, password: PASSWORD })
    expect(outcome).toMatchObject({ kind: 'ok', account: { id: owner.id } })
    // Given up by the first, it signs nobody in until it is proven anew.
    await accounts.updateProfile(owner.id, { phoneNumber: null }, { fresh: true })
    const kind = async () =>
      (await accounts.authenticate({ identifier: owner.number, password: PASSWORD })).kind
    expect(await kind()).toBe('refused')
    const { phones } = latchkey.services.factors
    const { number } = owner
    const begun = await phones.begin({
      accountId: second.id,
      number,
      purpose: 'number',
      address: '192.0.2.9',
    })
    if (begun.kind !== 'sent') throw new Error(begun.kind)
    const by = { accountId: second.id, generation: 0 }
    expect(await phones.confirm(by, begun.id, gateway.codeTo(number))).toMatchObject({ signsIn: true })
    expect(await kind()).toBe('ok')
  })

  test('no code, number or secret is in the log, and no secret in the settings', async () => {
    const { number, email, browser: _ } = await withPhone()
    const first = gateway.codeTo(number)
    const browser = createHttpBrowser()
    const sent = await browser.submit(await signIn(browser, email), {}, { button: 'Send a code' })
    const second = gateway.codeTo(number)
    expect(sent.body).not.toContain(second)
    const log = latchkey.log.join('\n')
    for (const secret of [first, second, TWILIO_SECRET, Buffer.from(TWILIO_SECRET).toString('base64')])
      expect(log.includes(secret), secret).toBe(false)
    expect(log).not.toContain(number.slice(1))
    const settings = JSON.stringify(await latchkey.services.settings.list())
    expect(settings).toContain('{secret_base64}')
    expect(settings).not.toContain('to+ken')
    await expect(
      latchkey.services.settings.change({ sms_headers: 'Authorization: Bearer the-token-itself' }),
    ).rejects.toMatchObject({ code: 'invalid_settings' })
  })

  // The clock is moved on, and every sign-in is stale behind it: last.
  test('a stale sign-in is asked to sign in again before a number is verified', async () => {
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const page = await browser.open(linkTo(await signIn(browser, user.email), 'Set up codes by SMS'))
    clock.later(16 * 60_000)
    const before = gateway.requests.length
    const asked = await browser.submit(page, { 'Phone number': freshNumber() }, { button: 'Send a code' })
    expect([asked.url.pathname, asked.text.includes('Sign in again')]).toEqual(['/login', true])
    expect(gateway.requests).toHaveLength(before)
  })
})
