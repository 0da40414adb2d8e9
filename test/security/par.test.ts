import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  credentials,
  get,
  passTime,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let spa: TestClient
let strict: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  spa = await fixture.publicClient()
  strict = await fixture.client({ require_pushed_authorization_requests: true })
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const verifier = 'v'.repeat(43)

function push(client: TestClient, over: Record<string, string> = {}) {
  const own = credentials(client)
  const request: Record<string, string> = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uri,
    scope: 'openid',
    state: 'pushed-state',
    code_challenge: pkce(verifier).challenge,
    code_challenge_method: 'S256',
    ...over,
  }
  for (const [name, value] of Object.entries(request)) if (value === '') delete request[name]
  return post(`${fixture.issuer}/par`, { ...own.body, ...request }, own.headers)
}

const visit = (client: TestClient, request_uri: unknown, over: Record<string, string> = {}) =>
  `${fixture.issuer}/authorize?${new URLSearchParams({
    client_id: client.client_id,
    request_uri: String(request_uri),
    ...over,
  })}`

describe('RFC 9126: the pushed authorization request endpoint', () => {
  test('answers 201 with request_uri and expires_in, to confidential and public clients', async () => {
    for (const client of [web, spa, strict]) {
      const answer = await push(client)
      expect(answer).toMatchObject({ status: 201, json: { expires_in: 60 } })
      expect(answer.json.request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{22,}$/)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('authenticates clients as the token endpoint does', async () => {
    const wrong = { ...web, client_secret: 'wrong' }
    expect(await push(wrong)).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    const { client_secret: _none, ...without } = web
    expect(await push(without)).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    expect(await push(web, { client_id: spa.client_id })).toMatchObject({
      json: { error: 'invalid_request' },
    })
  })

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'an unregistered redirect_uri',
      { redirect_uri: 'https://evil.example/' },
      /^invalid_re(quest|direct_uri)$/,
    ],
    ['a redirect_uri with more path', { redirect_uri: `${redirectUri}/x` }, /^invalid_re(quest|direct_uri)$/],
    ['no redirect_uri', { redirect_uri: '' }, /^invalid_request$/],
    ['no challenge', { code_challenge: '', code_challenge_method: '' }, /^invalid_request$/],
    ['plain', { code_challenge_method: 'plain' }, /^invalid_request$/],
    ['another response_type', { response_type: 'token' }, /^unsupported_response_type$/],
    [
      'a request_uri inside',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
      /^invalid_request$|not_supp/,
    ],
    ['a request object that is none', { request: 'e30.e30.' }, /^invalid_request_object$/],
    ['an unknown resource', { resource: 'https://nowhere.example' }, /^invalid_target$/],
    ['bad scope characters', { scope: 'openid "' }, /^invalid_scope$/],
    [
      'an unknown response_mode',
      { response_mode: 'web_message' },
      /^unsupported_response_mode$|^invalid_request$/,
    ],
  ])('skips no check: %s', async (_, over, error) => {
    const answer = await push(web, over)
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatch(error)
  })

  test('takes POST only', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(`${fixture.issuer}/par`, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
      await answer.body?.cancel()
    }
  })

  test('refuses what is too large with 413 (RFC 9126 §2.3)', async () => {
    expect((await push(web, { state: 'x'.repeat(70_000) })).status).toBe(413)
  })
})

describe('RFC 9126: request_uri', () => {
  test('belongs to the client that pushed it', async () => {
    const { json } = await push(web)
    const answer = await get(visit(spa, json.request_uri), { accept: 'text/html' })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })

  test('parameters beside it count for nothing', async () => {
    const { json } = await push(web)
    const page = await victim.browser.open(
      visit(web, json.request_uri, {
        redirect_uri: 'https://evil.example/',
        state: 'other',
        scope: 'openid email',
      }),
    )
    if (page.left) {
      expect(page.url.href).toContain(redirectUri)
      expect(page.url.searchParams.get('state')).toBe('pushed-state')
    } else expect(page.status).toBe(400)
  })

  test('S: survives a first visit before sign-in, and is used up when the sign-in is complete', async () => {
    const person = await latchkey.createUser()
    const { json } = await push(web)
    const preview = await get(visit(web, json.request_uri), { accept: 'text/html' })
    expect(preview.status).toBe(303)

    const browser = createHttpBrowser({ stopAt: [redirectUri] })
    const signIn = await browser.open(visit(web, json.request_uri))
    const back = await browser.signIn(signIn, { identifier: person.email, password: PASSWORD })
    const code = { code: String(back.url.searchParams.get('code')), verifier, redirect_uri: redirectUri }
    expect((await fixture.exchange(web, code)).status).toBe(200)

    const again = await browser.open(visit(web, json.request_uri))
    expect(again.url.searchParams.get('code')).toBeNull()
    expect(`${again.url.search}${again.body}`).toContain('invalid_request_uri')
  })

  test('of ten uses at once one gets a code', async () => {
    const { json } = await push(web)
    const url = visit(web, json.request_uri)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => victim.browser.send({ url: new URL(url), method: 'GET' })),
    )
    const codes = answers.filter((each) => /[?&]code=/.test(each.headers.get('location') ?? ''))
    for (const answer of answers) await answer.body?.cancel()
    expect(codes).toHaveLength(1)
  })

  test('expired, invented and foreign ones are invalid_request_uri, or not supported', async () => {
    const { json } = await push(web)
    passTime(61)
    const expired = await get(visit(web, json.request_uri), { accept: 'text/html' })
    // Its own client hears of it, where the request said.
    const heard = new URL(String(expired.headers.get('location')))
    expect([expired.status, heard.origin + heard.pathname]).toEqual([303, redirectUri])
    expect(Object.fromEntries(heard.searchParams)).toMatchObject({
      error: 'invalid_request_uri',
      state: 'pushed-state',
      iss: fixture.issuer,
    })
    for (const uri of [
      'urn:ietf:params:oauth:request_uri:',
      'urn:ietf:params:oauth:request_uri:x',
      `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`,
      'urn:ietf:params:oauth:request_uri:%00',
      'http://127.0.0.1:9/request.jwt',
      'file:///etc/passwd',
      'https://169.254.169.254/latest/',
    ]) {
      const answer = await get(visit(web, uri), { accept: 'text/html' })
      expect(answer.status).toBe(400)
      expect(answer.text).toMatch(/request_uri/)
    }
  })
})

describe('RFC 9126: a client that must push', () => {
  test('gets nothing from a plain request', async () => {
    const page = await victim.browser.open(fixture.authorizeUrl(strict))
    expect(page.url.searchParams.get('code')).toBeNull()
    expect(`${page.url.search}${page.body}`).toContain('invalid_request')
  })

  test('needs only client_id and request_uri afterwards', async () => {
    const { json } = await push(strict)
    const page = await victim.browser.open(visit(strict, json.request_uri))
    expect(page.left && page.url.searchParams.get('code')).toBeTypeOf('string')
    expect(page.url.searchParams.get('state')).toBe('pushed-state')
  })
})
