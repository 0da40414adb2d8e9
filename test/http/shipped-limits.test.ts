import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createSecurityFixture, get } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

let server: Latchkey
afterEach(async () => {
  await server.stop()
})

/** With the limits that ship. */
const start = async (settings: Record<string, string> = {}) => {
  server = await startLatchkey({ env: { RATE_LIMIT: 'on', ...settings } })
}

/**
 * A form without its token: refused, but counted, and it costs nobody a password hash. Forms are answered by a redirect to
 * their page: `status` is what became of them.
 */
const post = async (path: string, from?: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.issuer}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(from && { 'x-forwarded-for': from }),
      ...headers,
    },
    body: 'a=b',
  })
  await response.body?.cancel()
  const { headers: answered, status: sent } = response
  const refused = answered.has('retry-after') ? 429 : 403
  return { headers: answered, status: sent === 303 ? refused : sent }
}

/** How many posts are let through before the first 429. */
async function allowed(
  path: string,
  from: (count: number) => string | undefined,
  most = 200,
): Promise<number> {
  for (let count = 0; count < most; count++) {
    const response = await post(path, from(count))
    if (response.status === 429) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(response.headers.get('ratelimit-remaining')).toBe('0')
      expect(Number(response.headers.get('ratelimit-limit'))).toBe(count)
      return count
    }
  }
  return most
}

test('sign-ins are counted by address: IPv4, IPv6 by /64, whichever page or spelling of the path', async () => {
  await start({ TRUST_PROXY: 'loopback' })
  expect(await allowed('/login', () => '203.0.113.5')).toBe(30)
  const variants = ['/login?return_to=/account', '/%6Cogin', '/interaction/aaaaaaaaaaaaaaaaaaaaaaaa/sign-in']
  for (const path of variants) expect((await post(path, '203.0.113.5')).status).toBe(429)
  expect((await post('/login', '::ffff:203.0.113.5')).status).toBe(429)
  expect((await post('/login', '203.0.113.6')).status).toBe(403)

  expect(await allowed('/login', (count) => `2001:db8:1:2::${count + 1}`)).toBe(30)
  expect((await post('/login', '2001:db8:1:2:ffff::1')).status).toBe(429)
  expect((await post('/login', '2001:db8:1:3::1')).status).toBe(403)

  // Only the nearest hop is believed: what a client puts before it changes nothing.
  expect((await post('/login', '198.51.100.1, 203.0.113.5')).status).toBe(429)
  expect(
    (await fetch(`${server.issuer}/login`, { headers: { 'x-forwarded-for': '203.0.113.5' } })).status,
  ).toBe(200)
})

test('without TRUST_PROXY a forged X-Forwarded-For changes nothing', async () => {
  await start()
  expect(await allowed('/login', (count) => `203.0.113.${count}`)).toBe(30)
  for (const header of ['x-real-ip', 'forwarded', 'cf-connecting-ip', 'true-client-ip'])
    expect((await post('/login', undefined, { [header]: 'for=192.0.2.1' })).status).toBe(429)
  expect(server.log.filter((line) => line.includes('203.0.113.'))).toEqual([])
})

test('one account is tried ten times a minute, from however many addresses', async () => {
  await start({ TRUST_PROXY: 'loopback' })
  const statuses: number[] = []
  for (let count = 0; count < 12; count++) {
    const browser = createHttpBrowser({ headers: { 'x-forwarded-for': `198.51.100.${count}` } })
    const identifier = count % 2 === 0 ? 'Victim@Example.com' : ' victim@example.com'
    const page = await browser.signIn(await browser.open(`${server.issuer}/login`), {
      identifier,
      password: 'no',
    })
    statuses.push(page.status)
    if (page.status === 429) expect(page.text).toMatch(/too many attempts.*wait \d+ seconds/i)
  }
  expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
})

test.each([
  ['/register', 60],
  ['/forgot-password', 30],
  ['/verify-email/resend', 30],
  ['/verify-email', 30],
  ['/reset-password', 30],
  ['/setup', 30],
  ['/account/password', 60],
  ['/account/profile', 60],
])('%s: %i an address', async (path, most) => {
  await start({ TRUST_PROXY: 'loopback' })
  expect(await allowed(path, () => '203.0.113.9')).toBe(most)
  expect((await post(path, '203.0.113.10')).status).not.toBe(429)
})

test('one-time links are opened 30 times a minute at most', async () => {
  await start()
  const open = (token: number) => fetch(`${server.issuer}/reset-password?token=${token}`)
  for (let token = 0; token < 30; token++) expect((await open(token)).status).toBe(410)
  expect((await open(30)).status).toBe(429)
})

test('one mailbox gets five mails an hour, however many people register with it from however many networks; the answers do not tell', async () => {
  await start({ TRUST_PROXY: 'loopback' })
  for (let count = 0; count < 8; count++) {
    const browser = createHttpBrowser({ headers: { 'x-forwarded-for': `198.51.100.${count}` } })
    const page = await browser.submit(
      await browser.open(`${server.issuer}/register`),
      { Username: `prankster${count}`, Email: 'victim@example.com', Password: 'glass-otter-72-harbour' },
      { button: 'Create account' },
    )
    expect(page.url.pathname).toBe('/verify-email')
  }
  const forgot: number[] = []
  for (let count = 0; count < 7; count++) {
    const browser = createHttpBrowser({ headers: { 'x-forwarded-for': `198.51.100.${100 + count}` } })
    const page = await browser.open(`${server.issuer}/forgot-password`)
    forgot.push(
      (await browser.submit(page, { Email: 'victim@example.com' }, { button: 'Send reset link' })).status,
    )
  }
  expect(forgot).toEqual([200, 200, 200, 200, 200, 429, 429])
  await server.services.mailer.idle()
  const subjects = (await readOutbox(join(server.dataDir, 'outbox'))).map(({ subject }) => subject)
  expect(subjects.filter((subject) => /verify/i.test(subject))).toHaveLength(5)
  expect(subjects.length).toBeLessThanOrEqual(10)
})

test('the token endpoint and its kin share 6000 calls in half a minute, refused in the words of OAuth', async () => {
  // Nobody authenticates here, which has a limit of its own.
  await start({ RATE_LIMIT_FAILING_CLIENT: '100000' })
  const paths = ['/token', '/introspect', '/revoke', '/par']
  const call = (path: string) =>
    server.app.inject({
      url: path,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'a=b',
    })
  let refused: Awaited<ReturnType<typeof call>> | undefined
  let sent = 0
  for (; sent < 6100 && refused === undefined; ) {
    const batch = await Promise.all(Array.from({ length: 50 }, () => call(paths[sent++ % 4] ?? '/token')))
    refused = batch.find(({ statusCode }) => statusCode === 429)
  }
  expect(sent).toBe(6050)
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0)
  for (const path of [...paths, '/userinfo']) {
    const answer = await call(path)
    expect(answer.statusCode).toBe(429)
    expect(answer.json()).toMatchObject({
      error: expect.any(String),
      error_description: expect.any(String),
    })
  }
  expect((await fetch(`${server.issuer}/.well-known/openid-configuration`)).status).toBe(200)
})

test('what is answered before Fastify is counted as what is not, and refused beyond the limit', async () => {
  const now = Date.now()
  const env = { RATE_LIMIT: 'on', RATE_LIMIT_TOKEN: '12', RATE_LIMIT_AUTHORIZATION: '3' }
  // On a clock that stands still no window ends.
  server = await startLatchkey({ env, clock: () => now })
  const fixture = createSecurityFixture(server)
  const resource = 'https://books.example'
  await server.services.resources.add({ identifier: resource, scope: 'books:read' })
  const client = await fixture.client({
    grant_types: ['authorization_code', 'client_credentials'],
    scope: 'openid books:read',
  })
  const victim = await fixture.victim()
  const { access_token: token } = await fixture.tokens(victim, client, { scope: 'openid' })
  const authorizing = () => {
    const url = fixture.authorizeUrl(client)
    return get(url, { cookie: String(victim.browser.cookies.header(new URL(url))) })
  }
  const calls = {
    '/token': () => fixture.token(client, { grant_type: 'client_credentials', resource }),
    '/introspect': () => fixture.introspect(client, token),
    '/userinfo': () => fixture.userinfo(token),
  }
  const counted: unknown[] = []
  const note = (path: string, { status, headers }: Awaited<ReturnType<typeof get>>) =>
    counted.push([path, status, headers.get('ratelimit-remaining')])
  for (const _ of [1, 2, 3]) for (const [path, call] of Object.entries(calls)) note(path, await call())
  // Who is sent back to the app has used up nothing.
  for (const _ of [1, 2, 3]) note('/authorize', await authorizing())
  expect(counted).toEqual([
    // The code was the first.
    ...Array.from({ length: 9 }, (_, n) => [Object.keys(calls)[n % 3], 200, String(10 - n)]),
    ...Array.from({ length: 3 }, () => ['/authorize', 303, '2']),
  ])

  for (const _ of [1, 2]) await fixture.userinfo('wrong')
  for (const [path, call] of Object.entries(calls)) expect([path, (await call()).status]).toEqual([path, 429])

  for (const _ of [1, 2, 3]) await get(`${server.issuer}/authorize?client_id=none`)
  expect((await authorizing()).status).toBe(429)
})
