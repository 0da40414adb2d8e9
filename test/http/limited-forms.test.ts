import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BrowserPage, createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({
    env: { RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1', RATE_LIMIT_SIGN_IN: '1', RATE_LIMIT_MAIL: '1' },
  })
})
afterAll(() => latchkey.stop())

/** What the fields of a page hold. */
const fields = (page: BrowserPage) =>
  Object.fromEntries(page.forms.flatMap((form) => form.fields.map(({ name, value }) => [name, value])))

// The limit answers before the form is read, for a browser that has not signed in here before.
test.each([
  ['/register', 'Create account', { username: 'ada', email: 'not-an-address', password: PASSWORD }],
  ['/login', 'Sign in', { identifier: 'ada', password: 'wrong' }],
  ['/forgot-password', 'Send reset link', { email: 'ada@example.com' }],
])('too many at %s: what was typed stays, but for passwords', async (path, button, typed) => {
  const browser = createHttpBrowser()
  const send = async () => browser.submit(await browser.open(latchkey.issuer + path), typed, { button })
  expect((await send()).status).not.toBe(429)
  const limited = await send()
  expect([limited.status, limited.url.pathname]).toEqual([429, path])
  expect(limited.text).toMatch(/Please wait \d+ (seconds|minutes) and try again/)
  const { password, ...shown } = typed as Record<string, string>
  expect(fields(limited)).toMatchObject(shown)
  if (password !== undefined) expect(limited.body).not.toContain(password)
})

test('a cross-site form has nothing of it shown on a page of ours', async () => {
  const browser = createHttpBrowser()
  await browser.open(`${latchkey.issuer}/login`)
  for (const site of ['cross-site', 'same-site'])
    await browser.send({
      url: new URL(`${latchkey.issuer}/login`),
      method: 'POST',
      body: new URLSearchParams({ identifier: 'planted', password: 'x' }),
      headers: { 'sec-fetch-site': site },
    })
  expect((await browser.open(`${latchkey.issuer}/login`)).body).not.toContain('planted')
})

test('what is too large or broken is refused as before', async () => {
  const url = new URL(`${latchkey.issuer}/login`)
  for (const body of [
    new URLSearchParams({ identifier: 'x'.repeat(20_000) }),
    new URLSearchParams('a=%FF'),
  ]) {
    const browser = createHttpBrowser()
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect((await browser.visit({ url, method: 'POST', body, headers })).status).toBe(429)
  }
})

test('a form whose end does not come is answered all the same', async () => {
  const { hostname, port } = new URL(latchkey.issuer)
  const sent = request({
    host: hostname,
    port,
    path: '/login',
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '1000',
      'sec-fetch-site': 'same-origin',
    },
  })
  sent.on('error', () => {})
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>
  sent.write('identifier=a')
  const [response] = await answered
  sent.destroy()
  // Waiting for the end of it ends, after half a minute, in 408.
  expect(response.statusCode).toBe(303)
})
