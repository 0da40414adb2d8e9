import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { clock, passTime } from '../security/attacker.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { githubUser } from '../support/upstream/github.ts'
import {
  approve,
  confirmPage,
  type Device,
  type DeviceAnswer,
  person,
  registerDevice,
} from './device-client.ts'

/** What people do between entering a code and deciding. */
describe.each(engines)('detours in the device flow on %s', (engine) => {
  let federation: FederationFixture
  let device: Device
  beforeAll(async () => {
    federation = await openFederation({ engine, clock })
    device = await registerDevice(federation.latchkey)
  })
  afterAll(() => federation?.stop())
  afterEach(() => void vi.useRealTimers())

  let users = 500
  const atGitHub = (login: string, rest = {}) =>
    federation.github.users.set(login, githubUser(++users, login, { name: 'Mona Lisa', ...rest }))
  /** The sign-in page of a flow that a code began. */
  const begin = async (browser: HttpBrowser, asked: DeviceAnswer): Promise<BrowserPage> =>
    browser.submit(await browser.open(asked.verification_uri_complete), {}, { button: 'Continue' })
  const pending = async (asked: DeviceAnswer) =>
    expect((await device.poll(asked.device_code)).json.error).toMatch(/authorization_pending|slow_down/)
  /** Allows on this page, and gives the claims that the device gets. */
  const allowed = async (browser: HttpBrowser, page: BrowserPage, asked: DeviceAnswer) => {
    expect(page.text).toContain('Sign in on the other device?')
    await pending(asked)
    expect((await browser.allow(page)).text).toContain('Go back to your device')
    const { status, json, text } = await device.poll(asked.device_code)
    if (status !== 200) throw new Error(text)
    return decodeJwt(String(json.id_token))
  }

  test('an upstream provider, a new person: back to the question of this device, signed in as them', async () => {
    atGitHub('tv-new')
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    const page = await browser.submit(there, {}, { button: 'Continue as tv-new' })
    expect(page.text).toContain('Signed in as tv-new')
    expect(await allowed(browser, page, asked)).toMatchObject({ amr: ['fed'], email: 'tv-new@example.com' })
    // The second time without a question of who they are, but with that of the device.
    const again = await device.ask()
    const next = createHttpBrowser()
    const elsewhere = await next.submit(await begin(next, again), {}, { button: 'Continue with GitHub' })
    const asks = await next.submit(elsewhere, {}, { button: 'Continue as tv-new' })
    expect(await allowed(next, asks, again)).toMatchObject({ amr: ['fed'] })
  })

  test('a provider that knows no username and no address: asked, verified, and back to the device', async () => {
    atGitHub('tv-shy', { emails: [], emailsForbidden: true })
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    const asks = await browser.submit(there, {}, { button: 'Continue as tv-shy' })
    const email = `tv-shy-${engine}@example.com`
    const verify = await browser.submit(
      asks,
      { Username: 'tv-shy', Email: email },
      { button: 'Create account' },
    )
    const code = codeIn(await federation.latchkey.mailTo(email))
    const page = await browser.submit(verify, { 'Verification code': code }, { button: 'Verify' })
    expect(await allowed(browser, page, asked)).toMatchObject({ email })
  })

  test('a provider whose address is that of an account here: linked by its password, and back to the device', async () => {
    const user = await federation.latchkey.createUser()
    atGitHub(`tv-${user.username}`, {
      emails: [{ email: user.email, primary: true, verified: true, visibility: null }],
    })
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    const asks = await browser.submit(there, {}, { button: `Continue as tv-${user.username}` })
    const page = await browser.submit(asks, { Password: PASSWORD }, { button: 'Sign in and link' })
    expect((await allowed(browser, page, asked)).sub).toBe(user.id)
  })

  test('cancelled at the provider: the sign-in page says so, the code is free, the password does', async () => {
    const user = await federation.latchkey.createUser()
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    const back = await browser.submit(there, {}, { button: 'Cancel' })
    expect(back.text).toContain('A device asks to sign in to Living room TV')
    await pending(asked)
    const page = await browser.signIn(back, { identifier: user.username, password: PASSWORD })
    expect((await allowed(browser, page, asked)).sub).toBe(user.id)
  })

  test('another person comes back from the provider: the device gets them, and not who was signed in here', async () => {
    atGitHub('tv-other')
    const who = await person(federation.latchkey)
    const asked = await device.ask()
    const signIn = await who.browser.submit(
      await confirmPage(federation.latchkey, who, asked.user_code),
      {},
      { button: 'Use another account' },
    )
    const there = await who.browser.submit(signIn, {}, { button: 'Continue with GitHub' })
    const page = await who.browser.submit(there, {}, { button: 'Continue as tv-other' })
    expect(page.text).toContain('Signed in as tv-other')
    expect((await allowed(who.browser, page, asked)).sub).not.toBe(who.user.id)
  })

  test('the code is decided by another person while a person is at the provider: they are told, and decide nothing', async () => {
    atGitHub('tv-late')
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    const other = await person(federation.latchkey)
    await approve(federation.latchkey, other, asked.user_code)
    const page = await browser.submit(there, {}, { button: 'Continue as tv-late' })
    expect(page.text).toContain('used already')
    const { json } = await device.poll(asked.device_code)
    expect(decodeJwt(String(json.id_token)).sub).toBe(other.user.id)
  })

  test('the code expires while a person is at the provider: they are told', async () => {
    atGitHub('tv-slow')
    const browser = createHttpBrowser()
    const asked = await device.ask()
    passTime(600)
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    passTime(301)
    const page = await browser.submit(there, {}, { button: 'Continue as tv-slow' })
    expect(page.text).toContain('too old')
    expect((await device.poll(asked.device_code)).json.error).toBe('expired_token')
  })

  test('long at a provider, and the code still good: the sign-in page of this flow says so, and goes on', async () => {
    atGitHub('tv-long')
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const there = await browser.submit(await begin(browser, asked), {}, { button: 'Continue with GitHub' })
    passTime(660)
    const back = await browser.submit(there, {}, { button: 'Continue as tv-long' })
    expect(back.text).toContain('A device asks to sign in to Living room TV')
    expect(back.text).toContain('it took too long')
    const again = await browser.submit(back, {}, { button: 'Continue with GitHub' })
    const page = await browser.submit(again, {}, { button: 'Continue as tv-long' })
    expect(await allowed(browser, page, asked)).toMatchObject({ amr: ['fed'] })
  })

  test.each([901, 3601])(
    'at a provider for %i seconds: the code is entered again, or a new one',
    async (seconds) => {
      atGitHub(`tv-${seconds}`)
      const browser = createHttpBrowser()
      const there = await browser.submit(
        await begin(browser, await device.ask()),
        {},
        { button: 'Continue with GitHub' },
      )
      passTime(seconds)
      const back = await browser.submit(there, {}, { button: `Continue as tv-${seconds}` })
      expect(back.url.pathname).toBe('/device')
      expect(back.text).toMatch(/too old|took too long/)
      const next = await device.ask()
      const signIn = await browser.submit(back, { Code: next.user_code }, { button: 'Continue' })
      const elsewhere = await browser.submit(signIn, {}, { button: 'Continue with GitHub' })
      const page = await browser.submit(elsewhere, {}, { button: `Continue as tv-${seconds}` })
      expect(await allowed(browser, page, next)).toMatchObject({ amr: ['fed'] })
    },
  )

  test('a password that was forgotten: by the link in the message, back to the device', async () => {
    const user = await federation.latchkey.createUser()
    const browser = createHttpBrowser()
    const asked = await device.ask()
    const forgot = await browser.follow(await begin(browser, asked), 'Forgot password?')
    await browser.submit(forgot, { Email: user.email }, { button: 'Send reset link' })
    const reset = await browser.open((await federation.latchkey.mailTo(user.email)).link)
    const button = reset.forms[0]?.buttons[0]?.label ?? ''
    const done = await browser.submit(reset, { 'New password': `${PASSWORD}-2` }, { button })
    const page = done.text.includes('Sign in on the other device?')
      ? done
      : await browser.follow(done, 'Continue')
    expect((await allowed(browser, page, asked)).sub).toBe(user.id)
  })

  test('two devices in two tabs of one browser, signed in once: each is decided by its own page', async () => {
    const who = await person(federation.latchkey, false)
    const radio = await registerDevice(federation.latchkey, { client_name: 'Kitchen radio' })
    const [tv, kitchen] = [await device.ask(), await radio.ask()]
    const [one, two] = [await begin(who.browser, tv), await begin(who.browser, kitchen)]
    const first = await who.browser.signIn(one, { identifier: who.user.username, password: PASSWORD })
    expect(first.text).toContain('A device asks to sign in to Living room TV')
    // The other tab, reloaded, goes on with that sign-in.
    const second = await who.browser.open(two.url)
    expect(second.text).toContain('A device asks to sign in to Kitchen radio')
    expect((await who.browser.deny(second)).text).toContain('The device was refused')
    expect((await who.browser.allow(first)).text).toContain('Go back to your device')
    expect((await device.poll(tv.device_code)).status).toBe(200)
    expect((await radio.poll(kitchen.device_code)).json.error).toBe('access_denied')
  })

  test('a code for one client, entered in a tab that has another one open, is that of the new one', async () => {
    const who = await person(federation.latchkey)
    const radio = await registerDevice(federation.latchkey, { client_name: 'Kitchen radio' })
    const [tv, kitchen] = [await device.ask(), await radio.ask()]
    await confirmPage(federation.latchkey, who, tv.user_code)
    const page = await confirmPage(federation.latchkey, who, kitchen.user_code)
    expect(page.text).toContain('Kitchen radio')
    await who.browser.allow(page)
    await pending(tv)
    expect((await radio.poll(kitchen.device_code)).status).toBe(200)
  })

  test('the question can be loaded again, also after Back; once answered it leads on', async () => {
    const who = await person(federation.latchkey)
    const asked = await device.ask()
    const page = await confirmPage(federation.latchkey, who, asked.user_code)
    for (let reload = 0; reload < 3; reload++)
      expect((await who.browser.open(page.url)).text).toContain('Sign in on the other device?')
    // Back to the code, and the same code once more: another page, and the same question.
    const again = await confirmPage(federation.latchkey, who, asked.user_code)
    expect(again.text).toContain('Sign in on the other device?')
    await allowed(who.browser, await who.browser.open(page.url), asked)
    const back = await who.browser.open(page.url)
    expect([back.status, back.text]).toEqual([200, expect.stringContaining('You have done your part here')])
    expect((await who.browser.open(again.url)).status).toBeLessThan(500)
  })

  test('a question that was left, and the code entered by another person: theirs is the answer', async () => {
    const [who, other] = [await person(federation.latchkey), await person(federation.latchkey)]
    const asked = await device.ask()
    await confirmPage(federation.latchkey, who, asked.user_code)
    const claims = await allowed(
      other.browser,
      await confirmPage(federation.latchkey, other, asked.user_code),
      asked,
    )
    expect(claims.sub).toBe(other.user.id)
  })

  test('the code expires while its question, or the sign-in before it, is open', async () => {
    const [who, late] = [await person(federation.latchkey), await person(federation.latchkey, false)]
    const asked = await device.ask()
    const page = await confirmPage(federation.latchkey, who, asked.user_code)
    const signIn = await begin(late.browser, asked)
    passTime(901)
    for (const told of [
      await who.browser.allow(page),
      await late.browser.signIn(signIn, { identifier: late.user.username, password: PASSWORD }),
      await confirmPage(federation.latchkey, who, asked.user_code),
    ]) {
      expect(told.url.pathname).toBe('/device')
      expect(told.text).toContain('This code is too old. Let your device show a new one.')
    }
    expect((await device.poll(asked.device_code)).json.error).toBe('expired_token')
  })
})
