import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { linkIn, readOutbox } from '../support/mailbox.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'

let latchkey: Latchkey
const clock = movableClock()
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { NEW_DEVICE_MAILS: 'on' }, clock: clock.now })
})
afterAll(() => latchkey.stop())

const newBrowser = () => createHttpBrowser({ headers: { 'user-agent': FIREFOX } })
async function signIn(browser: HttpBrowser, email: string) {
  const page = await browser.open(`${latchkey.issuer}/login?return_to=/account`)
  return browser.signIn(page, { identifier: email, password: PASSWORD })
}
async function told(email: string) {
  await latchkey.services.mailer.idle()
  const all = await readOutbox(join(latchkey.dataDir, 'outbox'))
  return all.filter(({ to, subject }) => to === email && subject.includes('new device'))
}
const byJson = (email: string, userAgent: string, path = 'login') =>
  fetch(`${latchkey.issuer}/api/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': userAgent },
    body: JSON.stringify({ email, password: PASSWORD }),
  })

test('a browser that signs in for the first time is told, and one that is known is not', async () => {
  const { email, username } = await latchkey.createUser()
  const own = newBrowser()
  for (let n = 0; n < 3; n++) {
    await signIn(own, email)
    await own.submit(await own.open(`${latchkey.issuer}/logout`), {}, { button: 'Sign out' })
  }
  expect(await told(email)).toHaveLength(0)
  await signIn(newBrowser(), email)
  const [mail] = await told(email)
  expect(mail?.text).toContain(username)
  expect(mail?.text).toContain('Firefox on Linux')
  expect(mail?.text).toContain('127.0.0.1')
})

test('“Not you?” needs no sign-in: one button signs the thief out, and a link that sets a password is on its way', async () => {
  const { email } = await latchkey.createUser()
  await signIn(newBrowser(), email)
  const thief = newBrowser()
  expect((await signIn(thief, email)).url.pathname).toBe('/account')
  const [mail] = await told(email)
  const link = linkIn(mail ?? { text: '' })
  const owner = newBrowser()
  const page = await owner.open(link)
  expect(page.text).toContain('Firefox on Linux')
  // Mail programs open links: that alone changes nothing.
  expect((await thief.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/account')
  const done = await owner.submit(page, {}, { button: 'It was not me' })
  expect(done.text).toContain('signed out everywhere')
  expect((await thief.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
  expect((await latchkey.mailTo(email)).link.pathname).toBe('/reset-password')
  expect((await owner.open(link)).status).toBe(410)
  // The thief still knows the password: their browser is a new device again.
  await signIn(thief, email)
  expect(await told(email)).toHaveLength(2)
})

test('who has shown the password alone of an account with a second factor is not told, nor known, until the second factor', async () => {
  const { email, id } = await latchkey.createUser()
  await signIn(newBrowser(), email)
  const app = await withAuthenticatorApp(latchkey, id, clock)
  const browser = newBrowser()
  const second = await signIn(browser, email)
  expect(second.url.pathname).toBe('/login/verify')
  expect(await told(email)).toHaveLength(0)
  await browser.submit(second, { Code: app.code() }, { button: 'Continue' })
  const [mail, ...more] = await told(email)
  expect(mail?.text).toContain('the password and a second factor')
  expect(more).toHaveLength(0)
  await browser.submit(await browser.open(`${latchkey.issuer}/logout`), {}, { button: 'Sign out' })
  await browser.submit(await signIn(browser, email), { Code: app.code() }, { button: 'Continue' })
  expect(await told(email)).toHaveLength(1)
})

test('in an interaction it is told once, by the first sign-in alone', async () => {
  const { client_id, redirect_uri } = await latchkey.createClient({ token_endpoint_auth_method: 'none' })
  const { email } = await latchkey.createUser()
  await signIn(newBrowser(), email)
  const url = new URL('/authorize', latchkey.issuer)
  url.search = new URLSearchParams({
    ...{ client_id, redirect_uri, response_type: 'code', scope: 'openid', state: 's' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
  }).toString()
  const browser = createHttpBrowser({ headers: { 'user-agent': FIREFOX }, stopAt: [redirect_uri] })
  const consent = await browser.signIn(await browser.open(url), { identifier: email, password: PASSWORD })
  await browser.allow(consent)
  expect(await told(email)).toHaveLength(1)
})

test('a password that is changed, or set by a link, is told by its own message alone', async () => {
  const { email } = await latchkey.createUser()
  const browser = newBrowser()
  await signIn(browser, email)
  await latchkey.services.accounts.forgot(email)
  const elsewhere = newBrowser()
  const page = await elsewhere.open((await latchkey.mailTo(email)).link)
  await elsewhere.submit(page, { 'New password': `${PASSWORD}-2` }, { button: 'Set new password' })
  expect(await told(email)).toHaveLength(0)
})

test('tokens by JSON are told from a place that is new; a JSON session goes by the cookie', async () => {
  const { email } = await latchkey.createUser()
  expect((await byJson(email, 'shop/1.0')).status).toBe(200)
  await byJson(email, 'shop/1.1')
  expect(await told(email)).toHaveLength(0)
  await byJson(email, 'thief')
  expect(await told(email)).toHaveLength(1)
  await byJson(email, 'shop/1.1', 'session/login')
  expect(await told(email)).toHaveLength(2)
})
