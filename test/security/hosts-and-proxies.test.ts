import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, raw, type SecurityFixture } from './attacker.ts'

const forged: Record<string, string>[] = [
  { host: 'evil.example' },
  { host: 'evil.example:443' },
  { host: 'localhost:1@evil.example' },
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '444' },
  { forwarded: 'host=evil.example;proto=https;for=6.6.6.6' },
  { 'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6' },
  { 'x-original-url': '/admin', 'x-rewrite-url': '/admin' },
  { 'x-forwarded-prefix': '/evil' },
]

describe.each([
  ['without a proxy', {}],
  ['behind a trusted proxy', { TRUST_PROXY: '127.0.0.1,::1' }],
])('forged Host and X-Forwarded-*, %s', (_, env: Record<string, string>) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  beforeAll(async () => {
    latchkey = await startLatchkey({ env })
    fixture = createSecurityFixture(latchkey)
  })
  afterAll(() => latchkey.stop())

  test.each(forged)('metadata, pages, redirects and cookies stay ours: %j', async (headers) => {
    const client = await fixture.client()
    const { issuer } = fixture
    const metadata = await raw(`${issuer}/.well-known/openid-configuration`, { headers })
    expect(JSON.parse(metadata.text).issuer).toBe(issuer)
    const answers = [
      metadata,
      await raw(fixture.authorizeUrl(client), { headers }),
      await raw(fixture.authorizeUrl(client, { prompt: 'none' }), { headers }),
      await raw(fixture.authorizeUrl(client, { redirect_uri: 'x' }), {
        headers: { ...headers, accept: 'text/html' },
      }),
      await raw(`${issuer}/login`, { headers }),
      await raw(`${issuer}/account`, { headers }),
      await raw(`${issuer}/logout`, { headers: { ...headers, accept: 'text/html' } }),
      await raw(`${issuer}/logout`, { method: 'POST', headers, body: '' }),
      await raw(`${issuer}/nowhere`, { headers: { ...headers, accept: 'text/html' } }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBeLessThan(500)
      const seen = JSON.stringify([answer.headers, answer.text])
      expect(seen).not.toContain('evil.example')
      expect(seen).not.toContain('6.6.6.6')
      for (const cookie of answer.headers['set-cookie'] ?? [])
        expect(cookie).not.toMatch(/; (secure|domain)/i)
    }
  })

  test('the link in a message points to the issuer', async () => {
    const user = await latchkey.createUser()
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const page = await raw(`${fixture.issuer}/forgot-password`, { headers: evil })
    const token = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const sent = await raw(`${fixture.issuer}/forgot-password`, {
      method: 'POST',
      headers: {
        ...evil,
        cookie: String(page.headers['set-cookie']?.[0]?.split(';')[0]),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ email: user.email, csrf_token: token }).toString(),
    })
    expect([sent.status, sent.headers.location]).toEqual([303, expect.stringMatching(/^\/forgot-password/)])
    const mail = await latchkey.mailTo(user.email)
    expect(mail.link.origin).toBe(fixture.issuer)
    expect(mail.text).not.toContain('evil.example')
  })
})

test('X-Forwarded-For is believed from a trusted proxy only', async () => {
  for (const [env, address] of [
    [{}, '127.0.0.1'],
    [{ TRUST_PROXY: '127.0.0.1,::1' }, '6.6.6.6'],
    [{ TRUST_PROXY: '1' }, '6.6.6.6'],
  ] as [Record<string, string>, string][]) {
    const latchkey = await startLatchkey({ env })
    await raw(`${latchkey.issuer}/login`, { headers: { 'x-forwarded-for': '9.9.9.9, 6.6.6.6' } })
    const line = latchkey.log.find((each) => each.includes('"/login"'))
    const { ip } = JSON.parse(String(line)).req
    expect(['127.0.0.1', '::1'].includes(ip) ? '127.0.0.1' : ip).toBe(address)
    await latchkey.stop()
  }
})

test('the address that a signed-in device shows is not the visitor’s invention', async () => {
  const latchkey = await startLatchkey()
  const fixture = createSecurityFixture(latchkey)
  const user = await latchkey.createUser()
  const browser = createHttpBrowser({ headers: { 'x-forwarded-for': '6.6.6.6' } })
  await browser.signIn(await browser.open(`${fixture.issuer}/login`), {
    identifier: user.email,
    password: PASSWORD,
  })
  const account = await browser.open(`${fixture.issuer}/account/sessions`)
  expect(account.text).toContain('This device')
  expect(account.text).not.toContain('6.6.6.6')
  await latchkey.stop()
})
