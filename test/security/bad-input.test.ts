import type { OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { HTTPMethods } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  credentials,
  get,
  passTime,
  post,
  raw,
  type SecurityFixture,
  type TestClient,
} from './attacker.ts'
import { encode, nastyBodies, nastyHeaders, nastyQueries, nastyValues } from './payloads.ts'

let latchkey: Latchkey
/** Whether a fast path was asked since this was false. */
let tookFastPath = false
let fixture: SecurityFixture
let web: TestClient

beforeAll(async () => {
  latchkey = await startLatchkey({
    clock,
    fastPaths() {
      tookFastPath = true
      return true
    },
  })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
})
afterAll(() => latchkey.stop())
afterEach(() => {
  vi.useRealTimers()
  // What was answered well but went wrong inside would be found here.
  const failures = latchkey.log.splice(0).filter((line) => /"level":(50|60)/.test(line))
  expect(failures).toEqual([])
  expect({}).not.toHaveProperty('polluted')
})

/** Every route of the server, read off its router. */
function routes(): { path: string; methods: string[] }[] {
  const parents: string[] = []
  return latchkey.app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([│ ]*)[├└]── (\S+)(?: \(([^)]+)\))?/.exec(line)
      if (!match) return []
      const [, indent = '', segment = '', methods] = match
      parents.length = indent.length / 4
      const path = `${parents.join('')}${segment}`
      parents.push(segment)
      // A node without methods only groups those below it.
      if (methods === undefined) return []
      return [{ path, methods: methods.split(', ') }]
    })
}

/** Requests to all of these, a few at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}

/** Whose requests go over a connection, through Node's parser: each fast path, and some of the other routes, which Fastify treats alike. */
const OVER_HTTP =
  /^\/(login|token|authorize|introspect|userinfo|jwks|\.well-known\/(openid-configuration|oauth-authorization-server)|api\/auth\/me)(\?|$)/

/** Sends a request of the matrix of all routes: most of them straight to the router, which takes a third of the time. */
async function send(sent: {
  path: string
  method?: HTTPMethods
  headers: OutgoingHttpHeaders
  body?: string | Buffer
}) {
  if (OVER_HTTP.test(sent.path)) return raw(fixture.issuer, sent)
  const { path: url, method = 'GET', headers, body } = sent
  const { host } = new URL(fixture.issuer)
  const response = await latchkey.app.inject({
    url,
    method,
    headers: { host, ...headers },
    ...(body !== undefined && { payload: body }),
  })
  return { status: response.statusCode, headers: response.headers, text: response.body }
}

const INSIDES =
  /node_modules|\.(ts|js|mjs):\d+|\bat \w+ \(|SELECT |INSERT |UPDATE |SQLITE|prisma|TypeError|RangeError/i

/** A matcher for each of so many answers would take as long as the server itself: only a wrong one meets it. */
function expectHarmless(
  what: unknown,
  answer: { status: number; headers: { location?: unknown; 'content-type'?: unknown }; text: string },
): void {
  const { status, headers, text } = answer
  if (status >= 500) expect.fail(`answered with ${status}: ${JSON.stringify(what)}`)
  // A style sheet is a file of ours, and speaks of `select` too.
  const isStyle = String(headers['content-type']).startsWith('text/css')
  const [inside] = (!isStyle && INSIDES.exec(text)) || []
  if (inside !== undefined) expect.fail(`shows ${inside}: ${JSON.stringify(what)}`)
  const { location } = headers
  if (typeof location !== 'string') return
  const { origin, href } = new URL(location, fixture.issuer)
  if (origin !== fixture.issuer && !href.startsWith(web.redirect_uri))
    expect.fail(`leads to ${href}: ${JSON.stringify(what)}`)
}

describe('every route, every method, every nasty request: below 500, nothing of the inside shown', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'] as const
  let paths: string[]
  beforeAll(() => {
    const all = routes()
    expect(all.length).toBeGreaterThan(30)
    paths = all.map(({ path }) => path.replaceAll(/:\w+/g, 'A'.repeat(43)))
    for (const known of [
      '/authorize',
      '/token',
      '/login',
      '/logout/confirm',
      '/account/sessions/end-others',
      '/setup',
    ])
      expect(paths).toContain(known)
  })

  test('fast paths are asked, which is before what is sent straight to the router', async () => {
    const asked: string[] = []
    for (const path of paths) {
      tookFastPath = false
      await raw(fixture.issuer, { path })
      if (tookFastPath) asked.push(path)
    }
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter((path) => !OVER_HTTP.test(path))).toEqual([])
  })

  test('queries', async () => {
    const requests = paths.flatMap((path) => nastyQueries.map((query) => `${path}?${query}`))
    await each(requests, async (path) => {
      const answer = await send({ path, headers: { accept: 'text/html' } })
      expectHarmless(path.slice(0, 200), answer)
    })
  })

  test('bodies', async () => {
    const requests = paths.flatMap((path) => nastyBodies.map((body) => ({ path, ...body })))
    await each(requests, async ({ path, type, body }) => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const answer = await send({ path, method: 'POST', headers, body })
      expectHarmless(['POST', path, type, body.toString().slice(0, 100)], answer)
      // None of them is a good request. (An address that takes POST by GET answers with a redirect to itself, and who
      // has no session may end it, whatever the body.)
      if (path !== '/api/auth/session/logout' && answer.status < 303)
        expect.fail(`answered with ${answer.status}: ${path}`)
    })
  })

  test('methods and headers', async () => {
    const requests = paths.flatMap((path) =>
      METHODS.flatMap((method) => nastyHeaders.map((headers) => ({ path, method, headers }))),
    )
    await each(requests, async ({ path, method, headers }) => {
      const body = /^(PUT|PATCH|DELETE)$/.test(method) ? { body: 'a=b' } : {}
      expectHarmless([method, path, headers], await send({ path, method, headers, ...body }))
    })
  })

  test.each([
    '/%',
    '/%zz',
    '/%00',
    '/%ff%fe',
    '/..%2f..%2fetc/passwd',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '//evil.example/',
    '//evil.example/%2f..',
    '/\\evil.example',
    '/authorize/%00',
    '/authorize/..%2ftoken',
    '/interaction/%00',
    '/interaction/%F0%9F%98%80',
    '/interaction/__proto__',
    `/interaction/${'x'.repeat(600)}`,
    `/${'x'.repeat(10_000)}`,
    '/token/',
    '/TOKEN',
    '/token;jsessionid=1',
    '/.env',
    '/.git/config',
    'http://evil.example/',
    '*',
  ])('path %.60s', async (path) => {
    for (const method of ['GET', 'POST'])
      for (const accept of ['text/html', 'application/json'])
        expectHarmless([method, path], await raw(fixture.issuer, { path, method, headers: { accept } }))
  })

  test.each([
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'NONSENSE\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: a\r\n\r\n',
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n`,
  ])('bytes that are no proper HTTP: %.40j', async (bytes) => {
    const { hostname, port } = new URL(fixture.issuer)
    const socket = connect(Number(port), hostname)
    const chunks: Buffer[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      socket.end()
    })
    socket.on('error', () => resolve())
    socket.on('close', () => resolve())
    socket.write(bytes)
    await promise
    const text = Buffer.concat(chunks).toString()
    expect(text).not.toMatch(/^HTTP\/1\.1 5/)
    expect(text).not.toMatch(INSIDES)
  })
})

describe('programs get a clear OAuth error', () => {
  test.each(['token', 'introspect', 'revoke', 'par'])('/%s', async (path) => {
    const own = credentials(web)
    for (const { type, body } of nastyBodies)
      for (const headers of [own.headers, {}]) {
        const answer = await raw(`${fixture.issuer}/${path}`, {
          method: 'POST',
          headers: { ...headers, ...(type !== undefined && { 'content-type': type }) },
          body,
        })
        const what = [path, type, body.toString().slice(0, 60)]
        expectHarmless(what, answer)
        if (path === 'revoke' || path === 'introspect') {
          if (answer.status === 200) continue
        }
        expect([what, answer.status]).toEqual([what, expect.toSatisfy((status) => status >= 400)])
        const json = JSON.parse(answer.text)
        expect([what, json]).toEqual([what, expect.objectContaining({ error: expect.any(String) })])
        expect(answer.headers['content-type']).toContain('application/json')
      }
  })

  test('each parameter of a code exchange, one by one', async () => {
    const good = {
      grant_type: 'authorization_code',
      code: 'c',
      code_verifier: 'v'.repeat(43),
      redirect_uri: web.redirect_uri,
    }
    for (const name of [
      ...Object.keys(good),
      'scope',
      'resource',
      'client_id',
      'client_assertion',
      '__proto__',
    ])
      await each(nastyValues, async (value) => {
        const pairs = Object.entries({ ...good, [name]: value }).map(
          ([key, each]) => `${key}=${encode(each)}`,
        )
        const answer = await post(`${fixture.issuer}/token`, pairs.join('&'), credentials(web).headers)
        expect([name, value.slice(0, 20), answer.status]).toEqual([
          name,
          value.slice(0, 20),
          expect.toBeOneOf([400, 401]),
        ])
        expect(answer.json.error).toMatch(/^(invalid_|unsupported_grant_type)/)
        expect(answer.text).not.toMatch(INSIDES)
      })
  })
})

describe('browsers get a page, or the app an error', () => {
  test('each parameter of an authorization request, one by one', async () => {
    const { browser } = await fixture.victim()
    const good = new URL(fixture.authorizeUrl(web))
    const names = [...good.searchParams.keys(), 'prompt', 'max_age', 'claims', 'id_token_hint', 'login_hint']
    names.push(
      'resource',
      'acr_values',
      'nonce',
      'display',
      'ui_locales',
      'dpop_jkt',
      'request',
      'request_uri',
      'response_mode',
    )
    for (const name of names)
      await each(nastyValues, async (value) => {
        good.searchParams.delete(name)
        const query = `${new URLSearchParams(good.searchParams)}&${name}=${encode(value)}`
        const cookie = String(browser.cookies.header(good))
        const answer = await get(`${fixture.issuer}/authorize?${query}`, { cookie, accept: 'text/html' })
        expectHarmless([name, value.slice(0, 30)], {
          ...answer,
          headers: { location: answer.headers.get('location') },
        })
        expect([200, 303, 400]).toContain(answer.status)
        expect(answer.text).not.toContain('<script>alert')
      })
  })

  test('state comes back as it went', async () => {
    const victim = await fixture.victim()
    for (const state of nastyValues.filter((value) => value.isWellFormed() && !value.includes('\uFFFD'))) {
      const back = await fixture.authorize(victim, web, { state })
      expect([state, back.get('state')]).toEqual([state, state])
    }
  })

  test('thousands of scopes, a form too large for an address', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `s${index}`).join(' ')
    const byForm = await post(`${fixture.issuer}/authorize`, {
      client_id: web.client_id,
      scope: many.repeat(3),
    })
    expect(byForm.status).toBe(413)
    const byLink = await get(fixture.authorizeUrl(web, { scope: many }), { accept: 'text/html' })
    expect([303, 400]).toContain(byLink.status)
    const tooLong = await get(fixture.authorizeUrl(web, { scope: `openid ${'x'.repeat(20_000)}` }))
    expect([414, 431]).toContain(tooLong.status)
  })

  test('everything expired: interaction, form, session', async () => {
    const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
    const page = await browser.open(fixture.authorizeUrl(web))
    passTime(3601)
    const reloaded = await browser.open(page.url)
    // The flow is made once more.
    expect([reloaded.status, reloaded.text]).toEqual([200, expect.stringContaining('open for too long')])
    const user = await latchkey.createUser()
    const late = await browser.submit(
      page,
      { 'Email or username': user.email, Password: PASSWORD },
      { button: 'Sign in' },
    )
    expect([late.status, late.text]).toEqual([200, expect.stringContaining('open for too long')])
  })
})

describe('forms, sent from their own page', () => {
  const FORMS = [
    ['/login', ['identifier', 'password', 'return_to']],
    ['/forgot-password', ['email']],
    ['/reset-password', ['token', 'password']],
    ['/verify-email', ['token', 'code']],
    ['/setup', ['token', 'username', 'email', 'password']],
    ['/account/profile', ['given_name', 'birthdate', 'address.country']],
    ['/account/email', ['email']],
    ['/account/username', ['username']],
    ['/account/unlink', ['id']],
    ['/account/sessions/end', ['id']],
    ['/account/apps/withdraw', ['id']],
    ['/account/apps/take-back', ['id', 'part']],
    ['/account/password', ['current_password', 'new_password']],
    ['/register', ['username', 'email', 'password', 'given_name', 'family_name']],
  ] as const

  async function sender() {
    const { browser } = await fixture.victim()
    const page = await browser.open(`${fixture.issuer}/account`)
    const token = String(page.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value)
    const cookie = String(browser.cookies.header(page.url))
    const send = (path: string, body: string | Buffer, type = 'application/x-www-form-urlencoded') =>
      raw(`${fixture.issuer}${path}`, {
        method: 'POST',
        headers: { cookie, 'content-type': type, accept: 'text/html' },
        body: Buffer.concat([Buffer.from(`csrf_token=${encodeURIComponent(token)}&`), Buffer.from(body)]),
      })
    /** The page of ours that a form leads back to. */
    async function shown({ headers }: Awaited<ReturnType<typeof send>>) {
      const to = new URL(String(headers.location), fixture.issuer)
      expect(to.origin).toBe(fixture.issuer)
      browser.cookies.store(to, headers['set-cookie'] ?? [])
      return browser.open(to)
    }
    return { send, shown }
  }

  test.each(FORMS)(
    '%s, field by field',
    async (path, fields) => {
      const { send, shown } = await sender()
      for (const field of fields)
        await each(nastyValues, async (value) => {
          const answer = await send(path, `${field}=${encode(value)}`)
          expectHarmless([path, field, value.slice(0, 30)], answer)
          expect(answer.headers['content-type'] ?? 'text/html').toContain('text/html')
          expect(answer.text).not.toContain('<script>alert')
        })
      const all = fields.map((field) => `${field}=x`).join('&')
      for (const body of [
        `${all}&${all}`,
        `${fields[0]}[]=a&${fields[0]}[]=b`,
        '__proto__=x&__proto__[y]=z',
        '%zz=%zz',
        `x=${'x'.repeat(70_000)}`,
      ]) {
        const answer = await send(path, body)
        expectHarmless([path, body.slice(0, 40)], answer)
        expect([path, body.slice(0, 40), answer.status >= 303]).toEqual([path, body.slice(0, 40), true])
      }
      for (const bad of [`${fields[0]}=%FF`, `${fields[0]}=%00`])
        expect([path, bad, (await shown(await send(path, bad))).status]).toEqual([path, bad, 400])
    },
    60_000,
  )

  test('the pages of a flow', async () => {
    const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
    const page = await browser.open(fixture.authorizeUrl(web))
    const cookie = String(browser.cookies.header(page.url))
    const token = String(page.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value)
    for (const action of ['sign-in', 'consent', 'switch'])
      await each(nastyValues, async (value) => {
        const answer = await raw(`${page.url.href}/${action}`, {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
          body: `csrf_token=${encodeURIComponent(token)}&decision=${encode(value)}&identifier=${encode(value)}`,
        })
        expectHarmless([action, value.slice(0, 30)], answer)
        expect(answer.text).not.toContain('<script>alert')
      })
  })
})

test('an unknown address is told apart from a wrong password by nothing', async () => {
  const user = await latchkey.createUser()
  const answers = []
  for (const identifier of [user.email, 'nobody@example.com']) {
    const browser = createHttpBrowser()
    const page = await browser.open(`${fixture.issuer}/login`)
    const answer = await browser.submit(
      page,
      { 'Email or username': identifier, Password: 'wrong password here' },
      { button: 'Sign in' },
    )
    answers.push([answer.status, answer.text.replaceAll(identifier, '')])
  }
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]?.[0]).toBe(401)
})
