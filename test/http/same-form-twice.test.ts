import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSetup } from '../../src/welcome.ts'
import { type BrowserPage, createHttpBrowser, type FormValues, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const NEW_PASSWORD = 'quiet-lantern-41-meadow'
let latchkey: Latchkey
let shift = 0

beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + shift })
})
afterAll(() => latchkey?.stop())

/** Sends the form of a page twice, the second time before or after the first is answered. */
async function sendTwice(
  browser: HttpBrowser,
  page: BrowserPage,
  values: FormValues,
  options: { button: string; when: 'at once' | 'after' },
) {
  const request = browser.prepare(page, values, { button: options.button })
  const first = browser.send(request)
  if (options.when === 'after') await first
  const second = await browser.send(request)
  return { first: await first, second }
}

test.each(['at once', 'after'] as const)(
  'one account is made, and both answers lead on (%s)',
  async (when) => {
    const username = `ada-${when.replace(' ', '-')}`
    const browser = createHttpBrowser()
    const page = await browser.open(`${latchkey.issuer}/register`)
    const values = { Username: username, Email: `${username}@example.com`, Password: PASSWORD }
    const { first, second } = await sendTwice(browser, page, values, { button: 'Create account', when })
    expect(first.status).toBe(303)
    expect(second.status).toBe(303)
    expect(second.headers.get('location')).toBe('/verify-email')
    expect(second.headers.getSetCookie().join()).toContain('latchkey_pending=')
    expect((await browser.open(`${latchkey.issuer}/verify-email`)).text).toContain(`${username}@example.com`)
  },
)

test.each(['at once', 'after'] as const)(
  'a reset link is used once, and both answers sign in (%s)',
  async (when) => {
    const person = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.submit(await browser.open(`${latchkey.issuer}/forgot-password`), { Email: person.email })
    const page = await browser.open((await latchkey.mailTo(person.email)).link)
    const values = { 'New password': NEW_PASSWORD }
    const { second } = await sendTwice(browser, page, values, { button: 'Set new password', when })
    const location = second.headers.get('location') ?? ''
    expect((await browser.open(new URL(location, latchkey.issuer))).text).toContain('Password changed')
    expect((await browser.open(`${latchkey.issuer}/account`)).text).toContain(person.username)
  },
)

test('the first administrator is made once, and both answers are signed in', async () => {
  const link = String(await openSetup(latchkey.services))
  const browser = createHttpBrowser()
  const values = { Username: 'root', Email: 'root@example.com', Password: PASSWORD }
  const page = await browser.open(link)
  const { second } = await sendTwice(browser, page, values, {
    button: 'Create administrator',
    when: 'at once',
  })
  expect(second.headers.get('location')).toBe('/admin/setup')
  expect((await browser.open(`${latchkey.issuer}/admin`)).text).toContain('root')
})

test('another browser with the same fields gets an answer of its own', async () => {
  const values = { Username: 'grace', Email: 'grace@example.com', Password: PASSWORD }
  const [one, other] = [createHttpBrowser(), createHttpBrowser()]
  const page = await one.open(`${latchkey.issuer}/register`)
  const elsewhere = await other.open(`${latchkey.issuer}/register`)
  await one.submit(page, values)
  const stolen = other.prepare(elsewhere, values)
  expect((await other.visit(stolen)).status).toBe(409)
  const [, token] = /name="csrf_token" value="([^"]+)"/.exec(page.body) ?? []
  stolen.body?.set('csrf_token', String(token))
  expect((await other.visit(stolen)).status).toBe(403)
})

test('what was refused, or led on long ago, is asked again', async () => {
  const person = await latchkey.createUser()
  const browser = createHttpBrowser()
  const page = await browser.open(`${latchkey.issuer}/login`)
  const values = { 'Email or username': person.username, Password: 'not-the-password' }
  const wrong = await sendTwice(browser, page, values, { button: 'Sign in', when: 'after' })
  expect([wrong.first.status, wrong.second.status]).toEqual([303, 303])
  expect((await browser.open(`${latchkey.issuer}/login?return_to=%2Faccount`)).status).toBe(401)
  const failures = latchkey.log.filter((line) => line.includes('account.sign_in_failed'))
  expect(failures).toHaveLength(2)

  const right = browser.prepare(page, { ...values, Password: PASSWORD }, { button: 'Sign in' })
  const cookies = async () => (await browser.send(right)).headers.getSetCookie().join()
  const session = await cookies()
  expect(await cookies()).toBe(session)
  shift = 11_000
  expect(await cookies()).not.toBe(session)
  shift = 0
})
