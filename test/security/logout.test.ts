import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, decodeJwt, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

const BYE = 'https://app.example/bye'
let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let other: TestClient

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client({ post_logout_redirect_uris: [BYE] })
  other = await fixture.client({ post_logout_redirect_uris: ['https://other.example/bye'] })
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const victim = () => fixture.victim([redirectUri, BYE])
const logoutUrl = (parameters: Record<string, string>) =>
  `${fixture.issuer}/logout?${new URLSearchParams(parameters)}`
const stillSignedIn = async (person: Victim) =>
  (await fixture.authorize(person, web, { prompt: 'none' })).get('code') !== null

describe('sign-out asked for by an app', () => {
  test('asks the person without a hint; one click signs out and leads back with the state', async () => {
    const person = await victim()
    await fixture.tokens(person, web)
    const page = await person.browser.open(
      logoutUrl({ client_id: web.client_id, post_logout_redirect_uri: BYE, state: 's&=#' }),
    )
    expect(page.text).toContain('Sign out?')
    expect(await stillSignedIn(person)).toBe(true)
    const bye = await person.browser.submit(page, {}, { button: 'Sign out' })
    expect(bye.url.href.split('?')[0]).toBe(BYE)
    expect(bye.url.searchParams.get('state')).toBe('s&=#')
    expect(await stillSignedIn(person)).toBe(false)
  })

  test.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { referer: 'https://evil.example/' },
  ])('the answer comes from our own page, even for a caller who knows its token: %o', async (headers) => {
    const person = await victim()
    await fixture.tokens(person, web)
    const page = await person.browser.open(logoutUrl({ client_id: web.client_id }))
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.body) ?? []
    expect(xsrf).not.toBe('')
    const url = new URL(`${fixture.issuer}/logout/confirm`)
    const body = () => new URLSearchParams({ xsrf, logout: 'yes' })
    const answer = await person.browser.send({ url, method: 'POST', body: body(), headers })
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('sent from another website'),
    ])
    expect(await stillSignedIn(person)).toBe(true)
    await person.browser.send({ url, method: 'POST', body: body(), headers: { origin: fixture.issuer } })
    expect(await stillSignedIn(person)).toBe(false)
  })

  test('“Stay signed in” ends nothing but this app’s part', async () => {
    const person = await victim()
    await fixture.tokens(person, web)
    const page = await person.browser.open(logoutUrl({ client_id: web.client_id }))
    await person.browser.submit(page, {}, { button: 'Stay signed in' })
    expect(await stillSignedIn(person)).toBe(true)
  })

  test('a foreign, modified or unsigned hint is refused', async () => {
    const person = await victim()
    const { id_token } = await fixture.tokens(person, web)
    const [header = '', body = '', signature = ''] = String(id_token).split('.')
    const { privateKey } = await generateKeyPair('RS256')
    const forge = (issuer: string) =>
      new SignJWT({ sub: person.user.id })
        .setProtectedHeader({ alg: 'RS256' })
        .setAudience(web.client_id)
        .setIssuer(issuer)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey)
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const changed = Buffer.from(JSON.stringify({ ...decodeJwt(String(id_token)), sub: 'x' })).toString(
      'base64url',
    )
    for (const id_token_hint of [
      await forge(fixture.issuer),
      await forge('https://evil.example'),
      `${none}.${body}.`,
      `${header}.${changed}.${signature}`,
      `${header}.${body}.${signature.slice(0, -4)}AAAA`,
      'x',
      'a.b.c',
      `${none}.e30.`,
    ]) {
      const page = await person.browser.open(logoutUrl({ id_token_hint, post_logout_redirect_uri: BYE }))
      expect(page.status).toBe(400)
      expect(page.left).toBe(false)
      expect(await stillSignedIn(person)).toBe(true)
    }
  })

  test.each([
    'https://evil.example/',
    'https://other.example/bye',
    'https://app.example/bye/',
    'https://app.example/bye?x=1',
    'https://app.example/callback',
    'javascript:alert(1)',
    '//evil.example',
    '/\\evil.example',
  ])('never leads to an address that this app has not registered: %s', async (uri) => {
    const person = await victim()
    const { id_token } = await fixture.tokens(person, web)
    for (const who of [{ id_token_hint: String(id_token) }, { client_id: web.client_id }] as Record<
      string,
      string
    >[]) {
      const page = await person.browser.open(logoutUrl({ ...who, post_logout_redirect_uri: uri }))
      expect(page.status).toBe(400)
      expect(page.headers.get('location')).toBeNull()
    }
    const anonymous = await person.browser.open(logoutUrl({ post_logout_redirect_uri: uri }))
    const done = await person.browser.submit(anonymous, {}, { button: 'Sign out' })
    expect(done.url.origin).toBe(fixture.issuer)
  })

  test('a hint of one app does not go with the id or the address of another', async () => {
    const person = await victim()
    const { id_token } = await fixture.tokens(person, web)
    const hint = { id_token_hint: String(id_token) }
    expect((await get(logoutUrl({ ...hint, client_id: other.client_id }))).status).toBe(400)
    expect(
      (await get(logoutUrl({ ...hint, post_logout_redirect_uri: 'https://other.example/bye' }))).status,
    ).toBe(400)
  })

  test('who is not signed in is led through without harm', async () => {
    const answer = await get(logoutUrl({ client_id: web.client_id, post_logout_redirect_uri: BYE }), {
      accept: 'text/html',
    })
    expect([200, 303]).toContain(answer.status)
  })
})

interface Receiver {
  url: string
  tokens: string[]
  /** Resolves with the next logout token. */
  next(): Promise<string>
  answer: number
  server: Server
}

async function receiver(): Promise<Receiver> {
  const tokens: string[] = []
  const waiting: ((token: string) => void)[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const token = String(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token'))
      tokens.push(token)
      response.writeHead(self.answer, { location: 'http://127.0.0.1:9/' }).end()
      waiting.shift()?.(token)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const self: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/back-channel`,
    tokens,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    answer: 200,
    server,
  }
  return self
}

describe('back-channel logout', () => {
  async function signedInAt(uri: string) {
    const client = await fixture.client({
      backchannel_logout_uri: uri,
      backchannel_logout_session_required: true,
    })
    const person = await victim()
    const { id_token } = await fixture.tokens(person, client)
    return { client, person, claims: decodeJwt(String(id_token)) }
  }
  async function signOut({ browser }: Victim) {
    await browser.submit(await browser.open(`${fixture.issuer}/logout`), {}, { button: 'Sign out' })
  }

  test('tells the app by a logout token that it can verify', async () => {
    const app = await receiver()
    const { client, person, claims } = await signedInAt(app.url)
    const told = app.next()
    await signOut(person)
    const { payload, protectedHeader } = await jwtVerify(
      await told,
      createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`)),
      { issuer: fixture.issuer, audience: client.client_id },
    )
    expect(protectedHeader.typ).toMatch(/logout\+jwt/i)
    expect(payload.events).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} })
    expect(claims.sid).toBeTypeOf('string')
    expect(payload).toMatchObject({ sub: person.user.id, sid: claims.sid })
    expect(payload.jti).toBeTypeOf('string')
    expect(payload).not.toHaveProperty('nonce')
    // A logout token is no hint and no token of any other kind.
    expect((await fixture.userinfo(app.tokens[0])).status).toBe(401)
    app.server.close()
  })

  test('an app that is away or answers nonsense does not keep the person signed in', async () => {
    const redirecting = await receiver()
    redirecting.answer = 302
    for (const uri of ['http://127.0.0.1:9/gone', redirecting.url]) {
      const { person } = await signedInAt(uri)
      await signOut(person)
      expect(await stillSignedIn(person)).toBe(false)
    }
    redirecting.server.close()
  })

  test('only apps that the session was used at are told', async () => {
    const [mine, theirs] = [await receiver(), await receiver()]
    const { person } = await signedInAt(mine.url)
    await signedInAt(theirs.url)
    const told = mine.next()
    await signOut(person)
    await told
    expect(theirs.tokens).toEqual([])
    mine.server.close()
    theirs.server.close()
  })
})
