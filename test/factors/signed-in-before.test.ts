import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, totpCode } from '../support/second-factor.ts'

/** What was signed in before an account had a second factor (ASVS 7.4.3). */
const clock = movableClock()
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: clock.now })
})
afterAll(() => latchkey?.stop())
const at = (path: string) => `${latchkey.issuer}${path}`

/** A person who is signed in in two browsers and by the JSON API, and adds an app in the first browser. */
async function addsAnApp() {
  const { email } = await latchkey.createUser()
  const login = async () => {
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(at('/login')), { identifier: email, password: PASSWORD })
    return browser
  }
  const [browser, other] = [await login(), await login()]
  const response = await fetch(at('/api/auth/login'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  const setUp = await browser.submit(
    await browser.open(at('/account/security')),
    {},
    { button: 'Set up an authenticator app' },
  )
  const secret = /data-secret>([A-Z2-7 ]+)</.exec(setUp.body)?.[1]?.replaceAll(' ', '') ?? ''
  const codes = await browser.submit(setUp, { Code: totpCode(secret, clock.now()) }, { button: 'Turn on' })
  const page = await browser.follow(codes, 'I have kept them')
  const reads = async () =>
    (await fetch(at('/api/auth/me'), { headers: { authorization: `Bearer ${access_token}` } })).status
  return { browser, other, page, reads }
}
const whereOf = async (browser: HttpBrowser) => (await browser.open(at('/account'))).url.pathname

test('other browsers show the second factor at their next visit; what has tokens goes on', async () => {
  const { browser, other, page, reads } = await addsAnApp()
  expect(page.text).toContain('Apps, programs and devices that have access already keep it')
  expect(await whereOf(other)).toBe('/login/verify')
  expect(await reads()).toBe(200)
  expect((await browser.open(at('/account/security'))).text).not.toContain('Signed in before')
})

test('or all of it ends at once, but this browser', async () => {
  const { browser, other, page, reads } = await addsAnApp()
  await browser.submit(page, {}, { button: 'Sign out everywhere else' })
  expect(await reads()).toBe(401)
  expect(await whereOf(other)).toBe('/login')
  expect(await whereOf(browser)).toBe('/account')
})
