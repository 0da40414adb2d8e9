import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, cookiesOf, createApi, problem, sessionCookie } from './support.ts'

let latchkey: Latchkey
let api: Api
let fixture: SecurityFixture
let web: TestClient
beforeAll(async () => {
  latchkey = await startLatchkey()
  api = createApi(latchkey.issuer)
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
})
afterAll(() => latchkey.stop())

const json = { 'content-type': 'application/json' }

/** A browser that signed in by POST /session/login. */
async function signedIn() {
  const user = await latchkey.createUser()
  const answer = await api.post('/session/login', { email: user.email, password: PASSWORD })
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  browser.cookies.store(new URL(latchkey.issuer), answer.headers.getSetCookie())
  return { user, browser, cookie: cookiesOf(answer.headers) }
}

describe('one session with the pages and single sign-on', () => {
  test('right after session/login, an authorization request needs no second sign-in', async () => {
    const { user, browser } = await signedIn()
    const tokens = await fixture.tokens({ user, browser }, web, { prompt: 'none' })
    expect((await fixture.userinfo(tokens.access_token)).json.sub).toBe(user.id)
    expect((await browser.open(`${latchkey.issuer}/account`)).text).toContain(user.username)
  })

  test('the other way round, /me takes the cookie of the sign-in page', async () => {
    const { email } = await latchkey.createUser()
    expect(await api.me({ cookie: await sessionCookie(latchkey, email) })).toMatchObject({ json: { email } })
  })

  test('signing in again takes a new session id, and ends another person’s session', async () => {
    const first = await signedIn()
    const again = { email: first.user.email, password: PASSWORD }
    const second = await api.post('/session/login', again, { cookie: first.cookie })
    const cookie = cookiesOf(second.headers)
    expect(cookie).not.toBe(first.cookie)
    expect((await api.me({ cookie: first.cookie })).status).toBe(401)
    const other = await latchkey.createUser()
    await api.post('/session/login', { email: other.email, password: PASSWORD }, { cookie })
    expect((await api.me({ cookie })).status).toBe(401)
  })

  test('session/logout ends it, with what apps were issued in it; without a session it is 204 too', async () => {
    const { user, browser, cookie } = await signedIn()
    const tokens = await fixture.tokens({ user, browser }, web)
    const answer = await api.call('POST', '/session/logout', { headers: { ...json, cookie } })
    expect(answer.status).toBe(204)
    expect((await api.me({ cookie })).status).toBe(401)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await fixture.refresh(web, tokens.refresh_token)).status).toBe(400)
    expect((await api.call('POST', '/session/logout')).status).toBe(204)
  })

  test('session/logout tells apps by the back channel', async () => {
    const told = Promise.withResolvers<string>()
    const app = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk
      })
      request.on('end', () => {
        response.end()
        told.resolve(body)
      })
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    try {
      const address = app.address()
      const port = typeof address === 'object' && address ? address.port : 0
      const client = await fixture.client({
        backchannel_logout_uri: `http://127.0.0.1:${port}/logout`,
      })
      const { user, browser, cookie } = await signedIn()
      await fixture.tokens({ user, browser }, client)
      await api.call('POST', '/session/logout', { headers: { ...json, cookie } })
      const [, payload = ''] = (new URLSearchParams(await told.promise).get('logout_token') ?? '').split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      expect(claims).toMatchObject({ sub: user.id, aud: client.client_id })
    } finally {
      app.close()
    }
  })

  test('tokens with offline_access survive it, as they do on the sign-out page', async () => {
    const { user, browser, cookie } = await signedIn()
    const asking = await fixture.client({ first_party: false })
    const page = await browser.open(
      fixture.authorizeUrl(asking, { scope: 'openid offline_access', prompt: 'consent' }),
    )
    const back = await browser.allow(page)
    const tokens = await fixture.exchange(asking, {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: redirectUri,
    })
    expect(tokens.status).toBe(200)
    await api.call('POST', '/session/logout', { headers: { ...json, cookie } })
    expect((await fixture.userinfo(tokens.json.access_token)).json.sub).toBe(user.id)
  })

  test('POST /logout with a cookie signs the browser out too', async () => {
    const { cookie } = await signedIn()
    expect((await api.call('POST', '/logout', { headers: { ...json, cookie } })).status).toBe(204)
    expect((await api.me({ cookie })).status).toBe(401)
  })
})

describe('other sites', () => {
  const unsafe: readonly [method: string, path: string, body?: object][] = [
    ['PATCH', '/me', { first_name: 'Eve' }],
    ['DELETE', '/me', { password: PASSWORD }],
    ['POST', '/me'],
    ['POST', '/session/login', { username: 'eve', password: PASSWORD }],
    ['POST', '/session/logout'],
    ['POST', '/logout'],
    ['POST', '/tokens'],
    ['POST', '/send-verification'],
    ['POST', '/login', { username: 'eve', password: PASSWORD }],
  ]
  const elsewhere: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sibling.example' },
    { origin: 'https://evil.example' },
    { referer: 'https://evil.example/page' },
  ]

  test.each(unsafe)('%s %s is refused, whatever else the request carries', async (method, path, body) => {
    const { user, cookie } = await signedIn()
    for (const origin of elsewhere)
      for (const credentials of [{ cookie }, basic(user.email, PASSWORD)]) {
        const headers = { ...json, ...origin, ...credentials }
        const answer = await api.call(method, path, { headers, ...(body && { body }) })
        expect(answer).toMatchObject(problem(403, 'cross_site_request'))
        expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      }
    expect(await api.me({ cookie })).toMatchObject({ status: 200, json: { first_name: '' } })
  })

  test.each(unsafe.filter(([, path]) => !/login|tokens/.test(path)))(
    '%s %s by cookie needs application/json',
    async (method, path, body) => {
      const { cookie } = await signedIn()
      const raw = body ? JSON.stringify(body) : ''
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        undefined,
      ]) {
        const headers: Record<string, string> = { cookie, ...(type && { 'content-type': type }) }
        const sent = type === undefined ? { headers } : { headers, raw }
        if (type === undefined && body) continue
        expect((await api.call(method, path, sent)).status).toBe(415)
      }
      expect((await api.me({ cookie })).status).toBe(200)
    },
  )

  test('a preflight is answered with no permission', async () => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'content-type',
    }
    const answer = await fetch(`${latchkey.issuer}/api/auth/me`, { method: 'OPTIONS', headers })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('pages of our own, and programs, may', async () => {
    const { user, cookie } = await signedIn()
    const own = { cookie, origin: latchkey.issuer, 'sec-fetch-site': 'same-origin' }
    const body = { first_name: 'Ada' }
    expect((await api.call('PATCH', '/me', { body, headers: own })).status).toBe(200)
    const { access_token } = (await api.login(user.email)).json
    expect((await api.call('PATCH', '/me', { body, headers: bearer(access_token) })).status).toBe(200)
  })
})

test('an Authorization header decides alone: a cookie beside a bad one helps nobody', async () => {
  const { cookie } = await signedIn()
  expect((await api.me({ cookie, ...bearer('x'.repeat(43)) })).status).toBe(401)
  expect((await api.me({ cookie, ...basic('nobody', 'wrong') })).status).toBe(401)
})

test('a forged or altered cookie is nobody’s', async () => {
  const { cookie } = await signedIn()
  const altered = cookie.replace(/(?<=latchkey_session=)./, (first) => (first === '_' ? '-' : '_'))
  expect((await api.me({ cookie: altered })).status).toBe(401)
  expect((await api.me({ cookie: String(cookie.split(';')[0]) })).status).toBe(401)
})
