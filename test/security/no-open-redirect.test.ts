import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  get,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let asking: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  asking = await fixture.client({ first_party: false })
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())

const AWAY = [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/%09/evil.example',
  '/.//evil.example',
  '/..//evil.example',
  'https:evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  ' https://evil.example',
  'http://localhost@evil.example/',
  '/\u2028/evil.example',
  '%2f%2fevil.example',
  '__proto__',
]

/** Where a Location header would take a browser that is at the issuer. */
const target = (location: string | null) =>
  location === null ? undefined : new URL(location, fixture.issuer)

describe('RFC 9700 §4.11.2: no parameter leads off this site', () => {
  test.each(AWAY)('after /login: return_to=%j', async (value) => {
    const url = `${fixture.issuer}/login?return_to=${encodeURIComponent(value)}`
    const signedIn = await victim.browser.send({ url: new URL(url), method: 'GET' })
    expect(signedIn.status).toBe(303)
    expect(target(signedIn.headers.get('location'))?.origin).toBe(fixture.issuer)

    const browser = createHttpBrowser()
    const page = await browser.open(url)
    expect(page.forms.every(({ action }) => target(action)?.origin === fixture.issuer)).toBe(true)
    const sent = await browser.send(
      browser.prepare(
        page,
        { 'Email or username': victim.user.email, Password: PASSWORD },
        { button: 'Sign in' },
      ),
    )
    expect(sent.status).toBe(303)
    expect(target(sent.headers.get('location'))?.origin).toBe(fixture.issuer)
  })

  test.each(AWAY)('every page with every parameter that means “go on”: %j', async (value) => {
    const names = [
      'return_to',
      'flow',
      'next',
      'continue',
      'url',
      'redirect',
      'redirect_uri',
      'done',
      'state',
      'as',
    ]
    const query = new URLSearchParams(names.map((name): [string, string] => [name, value]))
    for (const path of [
      '/',
      '/login',
      '/register',
      '/verify-email',
      '/forgot-password',
      '/account',
      '/account/security',
      '/account/sessions',
      '/account/apps',
      '/logout/success',
    ]) {
      const answer = await get(`${fixture.issuer}${path}?${query}`, { accept: 'text/html' })
      expect(answer.status).toBeLessThan(500)
      const location = target(answer.headers.get('location'))
      if (location) expect(location.origin).toBe(fixture.issuer)
      for (const [, link = ''] of answer.text.matchAll(/(?:href|src|action)="([^"]*)"/g))
        expect([path, target(link.replaceAll('&amp;', '&'))?.origin]).toEqual([path, fixture.issuer])
    }
  })

  test('prompt=none and errors of a valid client go to its registered URI alone', async () => {
    for (const parameters of [
      { prompt: 'none' },
      { prompt: 'none login' },
      { scope: 'openid nonsense"' },
      { resource: 'https://nowhere.example' },
      { response_type: 'nonsense' },
      { max_age: '-1' },
      { claims: '{' },
      { id_token_hint: 'x' },
      { registration: 'x' },
      { request: 'x' },
      { response_mode: 'nonsense' },
    ] as Record<string, string>[]) {
      const good = await get(fixture.authorizeUrl(web, parameters), { accept: 'text/html' })
      const location = good.headers.get('location')
      if (location) expect(location.startsWith(redirectUri) || location.includes('/interaction/')).toBe(true)
      const bad = await get(
        fixture.authorizeUrl(web, { ...parameters, redirect_uri: 'https://evil.example/' }),
        {
          accept: 'text/html',
        },
      )
      expect([parameters, bad.status, bad.headers.get('location')]).toEqual([parameters, 400, null])
    }
  })
})

test('RFC 9700 §4.12: every redirect after a form that carried credentials is 303', async () => {
  const user = await latchkey.createUser()
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const page = await browser.open(fixture.authorizeUrl(asking))
  const signIn = await browser.send(
    browser.prepare(page, { 'Email or username': user.email, Password: PASSWORD }, { button: 'Sign in' }),
  )
  expect(signIn.status).toBe(303)
  const consent = await browser.open(new URL(String(signIn.headers.get('location')), fixture.issuer))
  expect(consent.text).toContain('Allow access?')
  const allowed = await browser.send(browser.prepare(consent, {}, { button: 'Allow' }))
  expect(allowed.status).toBe(303)
  const resumed = await browser.send({
    url: new URL(String(allowed.headers.get('location')), fixture.issuer),
    method: 'GET',
  })
  expect([resumed.status, resumed.headers.get('location')?.startsWith(redirectUri)]).toEqual([303, true])
  const out = await browser.open(`${fixture.issuer}/logout`)
  expect((await browser.submit(out, {}, { button: 'Sign out' })).text).toContain('Signed out')
})

test('RFC 9700 §4.16, §4.2.4: no page can be framed, sends its address on, is kept in a cache or loads from another host', async () => {
  const browser = createHttpBrowser()
  const pages = [
    await browser.open(`${fixture.issuer}/`),
    await browser.open(`${fixture.issuer}/login`),
    await browser.open(`${fixture.issuer}/register`),
    await browser.open(`${fixture.issuer}/forgot-password`),
    await browser.open(`${fixture.issuer}/reset-password?token=x`),
    await browser.open(`${fixture.issuer}/verify-email?token=x`),
    await browser.open(`${fixture.issuer}/setup?token=x`),
    await browser.open(`${fixture.issuer}/nowhere`),
    await browser.open(fixture.authorizeUrl(web)),
    await browser.open(fixture.authorizeUrl(web, { redirect_uri: 'https://evil.example/' })),
    await browser.open(fixture.authorizeUrl({ ...web, client_id: 'nobody' })),
    await browser.open(`${fixture.issuer}/authorize/x`),
    await browser.open(`${fixture.issuer}/interaction/${'x'.repeat(43)}`),
    await browser.open(`${fixture.issuer}/logout`),
    await browser.open(`${fixture.issuer}/logout/success`),
    await victim.browser.open(`${fixture.issuer}/account`),
    await victim.browser.open(fixture.authorizeUrl(asking)),
    await victim.browser.open(`${fixture.issuer}/logout`),
    await victim.browser.open(fixture.authorizeUrl(web, { response_mode: 'form_post' })),
  ]
  for (const page of pages) {
    const { headers } = page
    expect([page.url.pathname, headers.get('content-type')]).toEqual([
      page.url.pathname,
      expect.stringContaining('text/html'),
    ])
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe-|\*/)
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    for (const [, source = ''] of page.body.matchAll(
      /<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"/g,
    ))
      expect(target(source)?.origin).toBe(fixture.issuer)
  }
})
