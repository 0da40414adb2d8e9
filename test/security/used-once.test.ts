import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ABSOLUTE_LIFETIME_FACTOR } from '../../src/oidc/provider/lifetimes.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  credentials,
  passTime,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'
import { createProver, prove } from './proofs.ts'

const refused = { status: 400, json: { error: 'invalid_grant' } }
const HOUR = 3600

describe.each(engines)('used once is remembered for as long as it matters, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let victim: Victim

  beforeAll(async () => {
    latchkey = await startLatchkey({
      engine,
      clock,
      env: { ACCESS_TOKEN_TTL: String(2 * HOUR), REFRESH_TOKEN_TTL: String(24 * HOUR) },
    })
    await latchkey.services.resources.add(jobs)
    fixture = createSecurityFixture(latchkey)
    web = await fixture.client()
    victim = await fixture.victim()
  })
  afterAll(() => latchkey?.stop())
  afterEach(() => void vi.useRealTimers())

  const works = async (tokens: Record<string, unknown>) =>
    (await fixture.userinfo(tokens.access_token)).status === 200

  describe('a code', () => {
    test.each([
      ['62 seconds', 62],
      ['an hour', HOUR],
    ])('RFC 6749 §4.1.2: replayed after %s, ends the tokens of its first use', async (_, seconds) => {
      const code = await fixture.code(victim, web)
      const { json: tokens } = await fixture.exchange(web, code)
      expect(await works(tokens)).toBe(true)
      passTime(seconds)
      await latchkey.services.artifacts.sweep(1000)
      expect(await fixture.exchange(web, code)).toMatchObject(refused)
      expect(await works(tokens)).toBe(false)
      expect(await fixture.refresh(web, tokens.refresh_token)).toMatchObject(refused)
    })

    test('replayed two days later, ends what its refresh tokens have become by then', async () => {
      const code = await fixture.code(victim, web)
      let tokens = (await fixture.exchange(web, code)).json
      for (let days = 0; days < 2; days += 1) {
        passTime(23 * HOUR)
        tokens = (await fixture.refresh(web, tokens.refresh_token)).json
      }
      expect(await works(tokens)).toBe(true)
      expect(await fixture.exchange(web, code)).toMatchObject(refused)
      expect(await works(tokens)).toBe(false)
      expect(await fixture.refresh(web, tokens.refresh_token)).toMatchObject(refused)
    })

    test('of a client without refresh tokens, too, for as long as its access token lives', async () => {
      const plain = await fixture.client({ grant_types: ['authorization_code'] })
      const code = await fixture.code(victim, plain)
      const { json: tokens } = await fixture.exchange(plain, code)
      passTime(2 * HOUR - 60)
      expect(await works(tokens)).toBe(true)
      expect(await fixture.exchange(plain, code)).toMatchObject(refused)
      expect(await works(tokens)).toBe(false)
    })

    test('of an API whose tokens live longer than the server’s own, for as long as those', async () => {
      const { resources, resourceCredentials } = latchkey.services
      const api = 'https://archive.example'
      await resources.add({
        identifier: api,
        name: 'Archive',
        scope: 'archive:read',
        access_token_ttl: 24 * HOUR,
        tokens: 'opaque',
      })
      const reader = { ...(await resourceCredentials.add(api)), redirect_uri: '' }
      const plain = await fixture.client({
        grant_types: ['authorization_code'],
        scope: 'openid archive:read',
      })
      const code = await fixture.code(victim, plain, { scope: 'openid archive:read', resource: api })
      const { json: tokens } = await fixture.exchange(plain, code)
      passTime(20 * HOUR)
      await latchkey.services.artifacts.sweep(1000)
      expect((await fixture.introspect(reader, tokens.access_token)).json.active).toBe(true)
      expect(await fixture.exchange(plain, code)).toMatchObject(refused)
      expect((await fixture.introspect(reader, tokens.access_token)).json).toEqual({ active: false })
    })

    test('whose exchange is refused after it was accepted is used up, and gets nothing', async () => {
      const code = await fixture.code(victim, web)
      const stored = () =>
        latchkey.services.db.artifacts.all(
          "SELECT model, COUNT(*) AS count FROM artifacts WHERE client_id = ? AND model LIKE '%Token' GROUP BY model ORDER BY model",
          [web.client_id],
        )
      const before = await stored()
      expect(await fixture.exchange(web, code, { resource: 'https://unknown.example' })).toMatchObject({
        status: 400,
        json: { error: 'invalid_target' },
      })
      expect(await fixture.exchange(web, code)).toMatchObject(refused)
      expect(await stored()).toEqual(before)
    })

    test('that was not used is no good after a minute, and ends nothing', async () => {
      const client = await fixture.client()
      const tokens = await fixture.tokens(victim, client)
      const code = await fixture.code(victim, client)
      passTime(62)
      expect(await fixture.exchange(client, code)).toMatchObject(refused)
      expect(await works(tokens)).toBe(true)
    })

    test('replayed by another client ends nothing', async () => {
      const other = await fixture.client()
      const code = await fixture.code(victim, web)
      const { json: tokens } = await fixture.exchange(web, code)
      passTime(62)
      expect(await fixture.exchange(other, code)).toMatchObject(refused)
      expect(await works(tokens)).toBe(true)
    })

    test('is forgotten with what it gave: nothing is kept that cannot matter any more', async () => {
      const someone = await fixture.victim()
      const code = await fixture.code(someone, web)
      await fixture.exchange(web, code)
      await latchkey.services.artifacts.revokeByAccount(someone.user.id)
      expect(await latchkey.services.artifacts.find('AuthorizationCode', code.code)).toBeUndefined()
    })
  })

  test('RFC 9700 §4.14.2: a refresh token of an API whose tokens live long is remembered as long as the last of them', async () => {
    const { resources, resourceCredentials } = latchkey.services
    const api = 'https://vault.example'
    const ttl = 24 * HOUR
    await resources.add({ identifier: api, scope: 'vault:read', access_token_ttl: ttl, tokens: 'opaque' })
    const reader = { ...(await resourceCredentials.add(api)), redirect_uri: '' }
    const client = await fixture.client({ scope: 'openid vault:read' })
    const asked = { scope: 'openid vault:read', resource: api }
    let { json: tokens } = await fixture.exchange(client, await fixture.code(victim, client, asked))
    // Up to the last hour of the family (src/oidc/provider/lifetimes.ts).
    const family = ABSOLUTE_LIFETIME_FACTOR * 24 * HOUR
    for (let passed = 23 * HOUR; passed < family - HOUR; passed += 23 * HOUR) {
      passTime(23 * HOUR)
      tokens = (await fixture.refresh(client, tokens.refresh_token)).json
    }
    const { json: last } = await fixture.refresh(client, tokens.refresh_token)
    const active = async () => (await fixture.introspect(reader, last.access_token)).json.active
    passTime(23 * HOUR)
    await latchkey.services.artifacts.sweep(1000)
    expect(await active()).toBe(true)
    expect(await fixture.refresh(client, tokens.refresh_token)).toMatchObject(refused)
    expect(await active()).toBe(false)
  })

  test('RFC 9700 §4.14.2: a refresh token that was replaced, and has expired since, still ends its family', async () => {
    const first = await fixture.tokens(victim, web)
    passTime(20 * HOUR)
    const { json: second } = await fixture.refresh(web, first.refresh_token)
    passTime(5 * HOUR)
    await latchkey.services.artifacts.sweep(1000)
    const { json: third } = await fixture.refresh(web, second.refresh_token)
    expect(await works(third)).toBe(true)
    expect(await fixture.refresh(web, first.refresh_token)).toMatchObject(refused)
    expect(await works(third)).toBe(false)
    expect(await fixture.refresh(web, third.refresh_token)).toMatchObject(refused)
  })

  describe('a pushed request', () => {
    const push = async (client: TestClient) => {
      const own = credentials(client)
      const answer = await post(
        `${fixture.issuer}/par`,
        {
          ...own.body,
          client_id: client.client_id,
          redirect_uri: client.redirect_uri,
          response_type: 'code',
          scope: 'openid',
          code_challenge: pkce().challenge,
          code_challenge_method: 'S256',
        },
        own.headers,
      )
      return `${fixture.issuer}/authorize?${new URLSearchParams({
        client_id: client.client_id,
        request_uri: String(answer.json.request_uri),
      })}`
    }
    const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })
    const signIn = (browser: HttpBrowser, page: BrowserPage) =>
      browser.signIn(page, { identifier: victim.user.email, password: PASSWORD })
    const codes = (pages: BrowserPage[]) => pages.filter(({ url }) => url.searchParams.has('code'))

    test('RFC 9126: opened in two browsers and finished after it has expired gives one code', async () => {
      const url = await push(web)
      const browsers = [newBrowser(), newBrowser()] as const
      const asked = [await browsers[0].open(url), await browsers[1].open(url)] as const
      passTime(600)
      await latchkey.services.artifacts.sweep(1000)
      const ends = [await signIn(browsers[0], asked[0]), await signIn(browsers[1], asked[1])]
      expect(codes(ends)).toEqual([ends[0]])
      expect(ends[1]?.url.searchParams.get('error') ?? ends[1]?.text).toContain('invalid_request_uri')
    })

    test('and so does one that is finished in both at the same moment', async () => {
      const url = await push(web)
      const browsers = [newBrowser(), newBrowser()]
      const asked = await Promise.all(browsers.map((browser) => browser.open(url)))
      passTime(61)
      const ends = await Promise.all(
        browsers.map((browser, index) => signIn(browser, asked[index] as BrowserPage)),
      )
      expect(codes(ends)).toHaveLength(1)
    })

    test('cannot be opened any more after a minute, and gives no code when it is forgotten', async () => {
      const late = await push(web)
      const forgotten = await push(web)
      const browser = newBrowser()
      const page = await browser.open(forgotten)
      passTime(61)
      const refusal = await newBrowser().open(late)
      // Answered where the request that is over was to be (RFC 9126 §4, RFC 6749 §4.1.2.1).
      expect(refusal.url.href).toContain(redirectUri)
      expect(refusal.url.searchParams.get('error')).toBe('invalid_request_uri')
      const id = new URL(forgotten).searchParams.get('request_uri')?.split(':').at(-1) ?? ''
      expect(await latchkey.services.artifacts.destroy('PushedAuthorizationRequest', id)).toBe(true)
      expect(codes([await signIn(browser, page)])).toEqual([])
    })
  })

  describe('a flow', () => {
    const answerOf = (person: Victim, page: BrowserPage) =>
      person.browser.prepare(
        page,
        { 'Email or username': person.user.email, Password: PASSWORD },
        { button: 'Sign in' },
      )
    const onwards = (answer: Response) => new URL(String(answer.headers.get('location')), fixture.issuer)
    const gaveCode = (answer: Response) => /[?&]code=/.test(answer.headers.get('location') ?? '')

    test('whose sign-in is done goes on once, of five requests at the same moment', async () => {
      const user = await latchkey.createUser()
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      const page = await browser.open(fixture.authorizeUrl(web))
      const url = onwards(await browser.send(answerOf({ browser, user }, page)))
      const answers = await Promise.all(Array.from({ length: 5 }, () => browser.send({ url, method: 'GET' })))
      expect(answers.filter(gaveCode)).toHaveLength(1)
      for (const answer of answers) expect(answer.status).toBeLessThan(500)
    })
  })

  test('RFC 9449 §11.1: a DPoP proof is remembered for as long as it is good, also one from a fast clock', async () => {
    const machine = await fixture.client(jobClient)
    const iat = Math.floor(Date.now() / 1000) + 290
    const dpop = await prove(await createProver(), 'POST', `${fixture.issuer}/token`, { claims: { iat } })
    const send = () => fixture.token(machine, jobGrant, { dpop })
    expect((await send()).status).toBe(200)
    passTime(305)
    await latchkey.services.artifacts.sweep(1000)
    expect(await send()).toMatchObject({ status: 400 })
  })

  test('RFC 7523: a client assertion whose end is no whole second is remembered like any other', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const { client_id } = await fixture.client({
      ...jobClient,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [await exportJWK(publicKey)] },
    })
    const seconds = Math.floor(Date.now() / 1000)
    const claims = { jti: crypto.randomUUID(), iss: client_id, sub: client_id, aud: fixture.issuer }
    const client_assertion = await new SignJWT({ ...claims, iat: seconds, exp: seconds + 60.5 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey)
    const send = () =>
      post(`${fixture.issuer}/token`, {
        ...jobGrant,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion,
      })
    expect((await send()).status).toBe(200)
    passTime(74)
    await latchkey.services.artifacts.sweep(1000)
    expect((await send()).status).toBe(401)
  })

  test('nothing of it was an error of the server', () => {
    expect(latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
