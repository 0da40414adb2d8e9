import type { FastifyInstance, InjectOptions } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { addressKey } from '../../src/http/rate-limits/rate-limits.ts'
import { limits } from '../../src/shared/limits.ts'
import { buildHttpApp, shown, type TestApp } from './http-app.ts'

const [perAddress, perAccount] = limits.signIn
let app: FastifyInstance | undefined
afterEach(() => app?.close())

/** A browser that has the sign-in form open, and posts it as often as asked from the addresses it is told. */
async function browser(options: TestApp = {}) {
  const running = await buildHttpApp(options)
  app = running
  const page = await running.inject('/login')
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const cookies = { latchkey_csrf: page.cookies[0]?.value ?? '' }
  return async (
    remoteAddress: string,
    identifier: string,
    { extra, ...request }: InjectOptions & { extra?: Record<string, string> } = {},
  ) =>
    shown(
      running,
      await running.inject({
        method: 'POST',
        url: '/login',
        remoteAddress,
        cookies,
        ...request,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...request.headers },
        payload: new URLSearchParams({ identifier, password: 'x', csrf_token: token, ...extra }).toString(),
      }),
      cookies,
    )
}

const address = (n: number) => `198.51.100.${n}`

test('one address: so many attempts a minute, then 429 with Retry-After and a page', async () => {
  const post = await browser()
  for (let n = 0; n < perAddress.max; n++) {
    const answer = await post(address(1), `user${n}`)
    expect(answer.statusCode).toBe(303)
  }
  const refused = await post(address(1), 'another')
  expect(refused.statusCode).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(perAddress.window)
  expect(refused.headers['content-type']).toContain('text/html')
  expect(refused.body).toContain('Too many attempts')
  expect((await post(address(2), 'another')).statusCode).toBe(303)
})

test('one account: so many attempts a minute from anywhere, however it is written', async () => {
  const post = await browser()
  const spellings = ['ada@example.org', ' Ada@Example.org', 'ADA@EXAMPLE.ORG ']
  for (let n = 0; n < perAccount.max; n++) {
    const answer = await post(address(n), spellings[n % 3] ?? '')
    expect(answer.statusCode).toBe(303)
    expect(answer.headers['ratelimit-limit']).toBe('10')
  }
  expect((await post(address(99), 'ada@example.org')).statusCode).toBe(429)
  expect((await post(address(99), 'grace@example.org')).statusCode).toBe(303)
})

test('the account is what the route’s own field says, whatever stands in others', async () => {
  const post = await browser()
  const ask = (n: number) =>
    post(address(n), `decoy${n}`, {
      url: '/forgot-password',
      extra: { email: 'Ada@example.org', username: `decoy${n}` },
    })
  for (let n = 0; n < limits.mail[1].max; n++) expect((await ask(n)).statusCode).toBe(200)
  expect((await ask(99)).statusCode).toBe(429)
})

test('routes that name one limit share its counter', async () => {
  const post = await browser()
  for (let n = 0; n < perAddress.max; n++) await post(address(1), `user${n}`)
  expect((await post(address(1), 'x', { url: '/login/other' })).statusCode).toBe(429)
})

test('requests that fail the CSRF check cost the victim nothing', async () => {
  const post = await browser()
  for (let n = 0; n < perAccount.max * 2; n++) {
    await post(address(n), 'ada', { cookies: {} })
  }
  expect((await post(address(99), 'ada')).statusCode).toBe(303)
})

test('an IPv6 /64 counts as one address, an IPv4-mapped address as its IPv4', async () => {
  const post = await browser()
  for (let n = 0; n < perAddress.max; n++) await post(`2001:db8:1:2:${n.toString(16)}::1`, `user${n}`)
  expect((await post('2001:db8:1:2:ffff:ffff:ffff:ffff', 'x')).statusCode).toBe(429)
  expect((await post('2001:db8:1:3::1', 'x')).statusCode).toBe(303)
  for (let n = 0; n < perAddress.max; n++) await post(`::ffff:${address(7)}`, `other${n}`)
  expect((await post(address(7), 'y')).statusCode).toBe(429)
})

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:DB8:1:2::', '2001:db8:1:2::'],
])('addressKey(%s) = %s', (ip, key) => expect(addressKey(ip)).toBe(key))

test('X-Forwarded-For from nobody in particular gives no new allowance; from the trusted proxy it counts', async () => {
  const post = await browser()
  for (let n = 0; n < perAddress.max; n++) {
    await post(address(1), `user${n}`, { headers: { 'x-forwarded-for': address(n + 10) } })
  }
  const forged = await post(address(1), 'x', { headers: { 'x-forwarded-for': address(200) } })
  expect(forged.statusCode).toBe(429)
  await app?.close()

  const behindProxy = await browser({ trustProxy: ['10.0.0.1'] })
  for (let n = 0; n < perAddress.max; n++) {
    await behindProxy('10.0.0.1', `user${n}`, { headers: { 'x-forwarded-for': address(1) } })
  }
  const same = { headers: { 'x-forwarded-for': address(1) } }
  expect((await behindProxy('10.0.0.1', 'x', same)).statusCode).toBe(429)
  const other = { headers: { 'x-forwarded-for': address(2) } }
  expect((await behindProxy('10.0.0.1', 'x', other)).statusCode).toBe(303)
})

describe('another way of writing the path is no way around', () => {
  test.each([
    '//login',
    '/login/',
    '/Login',
    '/LOGIN',
    '/login%2f',
    '/login%2e',
    '/./login',
    '/login;x',
    '/%6cogin',
    '/l%6Fgin',
    '/login?x=1',
    '/login#a',
  ])('%s is limited alike or does not exist', async (url) => {
    const post = await browser()
    for (let n = 0; n < perAddress.max; n++) await post(address(1), `user${n}`)
    expect([404, 429]).toContain((await post(address(1), 'x', { url })).statusCode)
  })
})

test('protocol endpoints answer 429 as OAuth JSON', async () => {
  const running = await buildHttpApp()
  app = running
  for (let n = 0; n < limits.federation[0].max; n++) {
    expect((await running.inject('/token')).statusCode).toBe(200)
  }
  const refused = await running.inject({ url: '/token', headers: { accept: 'text/html' } })
  expect(refused.statusCode).toBe(429)
  expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
  expect(refused.headers['retry-after']).toBeDefined()
})

test('RATE_LIMIT=off counts nothing', async () => {
  const post = await browser({ rateLimit: false })
  for (let n = 0; n < perAddress.max + 5; n++) {
    const answer = await post(address(1), 'ada')
    expect(answer.statusCode).toBe(303)
    expect(answer.headers['ratelimit-limit']).toBeUndefined()
  }
})
