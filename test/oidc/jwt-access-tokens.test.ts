import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  clock,
  createSecurityFixture,
  passTime,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'
import { settled } from '../support/settled.ts'

const API = 'https://books.example/api'
const WEEK = 7 * 86_400

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let books: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  await latchkey.services.resources.add({ identifier: API, scope: 'books:read', access_token_ttl: WEEK })
  web = await fixture.client({ scope: 'openid offline_access books:read' })
  books = { ...(await latchkey.services.resourceCredentials.add(API)), redirect_uri: '' }
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const tokenFor = async () =>
  String(
    (await fixture.tokens(victim, web, { resource: API, scope: 'openid offline_access books:read' }))
      .access_token,
  )

/** Signed with our key, as our own code would. */
async function signed(claims: JWTPayload, typ = 'at+jwt'): Promise<string> {
  const [key] = (await latchkey.services.keys.load()).jwks
  if (key === undefined) throw new Error('no key')
  const header = { alg: String(key.alg), kid: String(key.kid), typ }
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key))
}

test('a token lives as long as its API says: a person’s and a machine’s, as JWT and opaque', async () => {
  const api = 'https://short.example'
  const machine = await fixture.client({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: 'short:read',
  })
  const app = await fixture.client({ scope: 'openid short:read' })
  await latchkey.services.resources.add({ identifier: api, scope: 'short:read', access_token_ttl: 60 })
  for (const tokens of ['jwt', 'opaque']) {
    await latchkey.services.resources.update(api, { tokens })
    const answers: [TestClient, Record<string, unknown>][] = [
      [app, await fixture.tokens(victim, app, { resource: api, scope: 'openid short:read' })],
      [machine, (await fixture.token(machine, { grant_type: 'client_credentials', resource: api })).json],
    ]
    for (const [client, { access_token, expires_in }] of answers) {
      const { exp, iat } = (await fixture.introspect(client, access_token)).json
      expect([tokens, expires_in, Number(exp) - Number(iat)]).toEqual([tokens, 60, 60])
    }
  }
})

test('openid-client introspects with the credential of an API, and revokes with that of the app', async () => {
  const token = await tokenFor()
  const partyOf = ({ client_id: clientId, client_secret }: TestClient) =>
    discover({
      issuer: latchkey.issuer,
      clientId,
      auth: { method: 'client_secret_basic', secret: String(client_secret) },
    })
  const [api, app] = [await partyOf(books), await partyOf(web)]
  expect(await api.introspect(token)).toMatchObject({ active: true, sub: victim.user.id, aud: API })
  await app.revoke(token)
  expect(await api.introspect(token)).toEqual({ active: false })
})

test('userinfo takes a token whose audience contains it, and ends it as any other', async () => {
  const claims = decodeJwt(await tokenFor())
  const both = await signed({
    ...claims,
    aud: [API, `${latchkey.issuer}/userinfo`],
    scope: 'openid books:read',
  })
  expect(await fixture.userinfo(both)).toMatchObject({ status: 200, json: { sub: victim.user.id } })
  const others = [
    { ...claims, scope: 'openid books:read' },
    { ...claims, aud: [API, `${latchkey.issuer}/userinfo/`], scope: 'openid' },
    { ...claims, aud: latchkey.issuer, scope: 'openid' },
  ]
  for (const each of others)
    expect(await fixture.userinfo(await signed(each))).toMatchObject({
      status: 401,
      json: { error: 'invalid_token' },
    })
  await fixture.revoke(web, both)
  expect((await fixture.userinfo(both)).status).toBe(401)
})

test('what our key has signed for another use, or lacks a claim, is no access token', async () => {
  const claims = decodeJwt(await tokenFor())
  const without = (name: keyof JWTPayload) =>
    signed(Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name)))
  const strange: Record<string, string> = {
    'an id_token': await signed(claims, 'JWT'),
    'a logout token': await signed(claims, 'logout+jwt'),
    'no jti': await without('jti'),
    'a jti that nobody sealed': await signed({ ...claims, jti: 'a'.repeat(43) }),
    'a jti that was sealed for something else': await signed({
      ...claims,
      jti: latchkey.services.secrets.seal('{}', 'something else'),
    }),
    'another issuer': await signed({ ...claims, iss: 'https://other.example' }),
    'no audience': await without('aud'),
    'no end': await without('exp'),
    'another person': await signed({ ...claims, sub: 'somebody-else' }),
    'another client': await signed({ ...claims, client_id: 'lk_00000000000000000000000000000000' }),
    'a scope that is no text': await signed({ ...claims, scope: ['books:read'] }),
  }
  expect((await fixture.introspect(books, await signed(claims))).json.active).toBe(true)
  for (const [name, token] of Object.entries(strange))
    expect([name, (await fixture.introspect(books, token)).text]).toEqual([name, '{"active":false}'])
})

test('after an ordinary rotation a key stays published as long as a token lives that it signed', async () => {
  const token = await tokenFor()
  const kid = String(decodeProtectedHeader(token).kid)
  const published = async () => (await latchkey.services.keys.load()).jwks.map((key) => key.kid)
  await latchkey.services.keys.rotate()
  passTime(WEEK - 60)
  expect(await published()).toContain(kid)
  expect((await fixture.introspect(books, token)).json).toMatchObject({ active: true })
  passTime(60)
  expect((await fixture.introspect(books, token)).text).toBe('{"active":false}')
  passTime(3600)
  expect(await published()).not.toContain(kid)
})

// A good JWT is answered by the fast path, whose look-ups test/cost counts.
test('what introspection costs the store of the library: of a good JWT and of what is not ours, nothing', async () => {
  const token = await tokenFor()
  await fixture.introspect(books, token)
  const { artifacts } = latchkey.services.db
  const spies = (['get', 'all', 'run'] as const).map((name) => vi.spyOn(artifacts, name))
  const costOf = async (client: TestClient, value: string) => {
    await settled(latchkey)
    for (const spy of spies) spy.mockClear()
    await fixture.introspect(client, value)
    return spies.flatMap(({ mock }) => mock.calls).length
  }
  expect({
    jwt: await costOf(books, token),
    tampered: await costOf(books, `${token.slice(0, -10)}AAAAAAAAAA`),
    nonsense: await costOf(books, 'a.b.c'),
    unauthenticated: await costOf({ ...books, client_secret: 'wrong' }, token),
    opaque: await costOf(books, 'x'.repeat(43)),
  }).toEqual({ jwt: 0, tampered: 0, nonsense: 0, unauthenticated: 0, opaque: 3 })
  for (const spy of spies) spy.mockRestore()
})
