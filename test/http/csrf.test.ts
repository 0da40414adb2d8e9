import { createSecretKey } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildHttpApp, shown } from './http-app.ts'

let app: FastifyInstance

beforeEach(async () => {
  app = await buildHttpApp()
})
afterEach(() => app.close())

/** What a browser holds after opening the sign-in page: its cookie and the token in the form. */
async function visit(cookies: Record<string, string> = {}) {
  const page = await app.inject({ url: '/login', cookies })
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const set = page.cookies.find((cookie) => cookie.name === 'latchkey_csrf')
  return { token, cookies: set ? { latchkey_csrf: set.value } : cookies, page }
}

function submit(
  cookies: Record<string, string>,
  token: string | undefined,
  headers: Record<string, string> = {},
) {
  const fields = {
    identifier: 'ada',
    password: 'secret words',
    ...(token !== undefined && { csrf_token: token }),
  }
  return app.inject({
    method: 'POST',
    url: '/login',
    cookies,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  })
}

test('a form of our own goes through', async () => {
  const { cookies, token } = await visit()
  const answer = await submit(cookies, token, { 'sec-fetch-site': 'same-origin', origin: 'null' })
  expect(answer.statusCode).toBe(303)
})

test('every form of one page, and several tabs, stay valid together', async () => {
  const first = await visit()
  const account = await app.inject({ url: '/sample/account-security', cookies: first.cookies })
  const tokens = [...account.body.matchAll(/name="csrf_token" value="([^"]+)"/g)].map((match) => match[1])
  expect(tokens.length).toBeGreaterThan(4)
  const second = await visit(first.cookies)
  expect(second.page.cookies).toEqual([])
  expect(second.token).not.toBe(first.token)
  for (const token of [first.token, second.token, tokens.at(-1)]) {
    expect((await submit(first.cookies, token)).statusCode).toBe(303)
  }
})

test('the first visit sets one cookie, however many forms the page has', async () => {
  const page = await app.inject('/sample/account-security')
  expect(page.cookies).toHaveLength(1)
})

test.each([
  ['without a token', async () => submit((await visit()).cookies, undefined)],
  ['with an empty token', async () => submit((await visit()).cookies, '')],
  [
    'with a made-up token',
    async () => submit((await visit()).cookies, 'AAAAAAAA-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
  ],
  ['without the cookie', async () => submit({}, (await visit()).token)],
  ['with the token of another browser', async () => submit((await visit()).cookies, (await visit()).token)],
])('refused %s, and the form is shown again', async (_name, attack) => {
  const answer = await attack()
  expect([answer.statusCode, answer.headers.location]).toEqual([
    303,
    expect.stringMatching(/^\/login(\?resent)?$/),
  ])
  const page = await shown(app, answer)
  expect(page.statusCode).toBe(403)
  expect(page.body).toContain('Nothing was done')
  expect(page.body).toContain('<form method="post" action="/login" novalidate>')
  expect(page.body).not.toContain('secret words')
  // Nothing says that it was typed on a page of ours.
  expect(page.body).not.toContain('value="ada"')
})

test('a token made by an attacker who knows the algorithm but not the key is refused', async () => {
  const other = await buildHttpApp({ cookieKey: createSecretKey(Buffer.alloc(32, 8)) })
  const page = await other.inject('/login')
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1]
  const cookies = { latchkey_csrf: page.cookies[0]?.value ?? '' }
  await other.close()
  expect((await shown(app, await submit(cookies, token))).statusCode).toBe(403)
})

test('a form of our own that was open for too long keeps what was typed, but no password', async () => {
  const { token } = await visit()
  const answer = await submit({}, token, { 'sec-fetch-site': 'same-origin' })
  const page = await shown(app, answer)
  expect(page.body).toContain('value="ada"')
  expect(page.body).not.toContain('secret words')
  const again = await app.inject({ url: '/login' })
  expect(again.body).not.toContain('value="ada"')
})

test('where cookies are blocked, the page says so', async () => {
  const answer = await submit({}, undefined)
  const page = await app.inject({ url: String(answer.headers.location) })
  expect(page.body).toContain('Allow cookies for this site')
})

test.each([
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:3000' }],
  [{ origin: 'https://evil.example' }],
  [{ origin: 'http://localhost:3001' }],
  [{ referer: 'https://evil.example/http://localhost:3000/' }],
  [{ referer: 'not a url' }],
])('a cross-site request is refused even with a valid token: %j', async (headers) => {
  const { cookies, token } = await visit()
  expect((await submit(cookies, token, headers)).statusCode).toBe(403)
})

test.each([
  [{ 'sec-fetch-site': 'none' }],
  [{ origin: 'http://localhost:3000' }],
  [{ referer: 'http://localhost:3000/login' }],
  [{ origin: 'null' }],
])('accepted with a valid token: %j', async (headers) => {
  const { cookies, token } = await visit()
  expect((await submit(cookies, token, headers)).statusCode).toBe(303)
})

test('a page reached by a link from another site is served', async () => {
  const page = await app.inject({ url: '/login', headers: { 'sec-fetch-site': 'cross-site' } })
  expect(page.statusCode).toBe(200)
})
