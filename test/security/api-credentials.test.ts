import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  basic,
  clock,
  createSecurityFixture,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

const BOOKS = 'https://books.example/api'
const FILMS = 'https://films.example'
const JWT = 'application/token-introspection+jwt'

describe.each(engines)('credentials of APIs on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let other: TestClient
  let machine: TestClient
  let books: TestClient
  let films: TestClient
  let victim: Victim

  const credentialOf = async (identifier: string): Promise<TestClient> => {
    const made = await latchkey.services.resourceCredentials.add(identifier)
    return { ...made, redirect_uri: '' }
  }

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({ identifier: BOOKS, scope: 'books:read' })
    await latchkey.services.resources.add({ identifier: FILMS, scope: 'films:read', tokens: 'opaque' })
    const scope = 'openid profile offline_access books:read films:read'
    web = await fixture.client({ scope })
    other = await fixture.client({ scope })
    machine = await fixture.client({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'books:read films:read',
    })
    books = await credentialOf(BOOKS)
    films = await credentialOf(FILMS)
    victim = await fixture.victim()
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  const inactive = { status: 200, text: '{"active":false}' }
  const tokenFor = async (client: TestClient, api: string, who = victim) => {
    const scope = `openid offline_access ${api === BOOKS ? 'books:read' : 'films:read'}`
    return fixture.tokens(who, client, { resource: api, scope })
  }
  const ofMachine = async (api: string) =>
    (
      await fixture.token(machine, {
        grant_type: 'client_credentials',
        resource: api,
        scope: api === BOOKS ? 'books:read' : 'films:read',
      })
    ).json.access_token

  describe('an API with a credential of its own', () => {
    test('that is “revocable at once” gets opaque tokens, one that is “verified locally” JWTs', async () => {
      expect(String((await tokenFor(web, FILMS)).access_token)).not.toContain('.')
      expect(decodeJwt(String((await tokenFor(web, BOOKS)).access_token)).aud).toBe(BOOKS)
    })

    test.each([
      ['a JWT', BOOKS, () => books],
      ['an opaque token', FILMS, () => films],
    ])('is told about %s of every app, and all that it is', async (_, api, credential) => {
      for (const client of [web, other]) {
        const { access_token } = await tokenFor(client, api)
        const { json, headers } = await fixture.introspect(credential(), access_token)
        expect(json).toEqual({
          active: true,
          iss: fixture.issuer,
          sub: victim.user.id,
          username: victim.user.username,
          aud: api,
          scope: api === BOOKS ? 'books:read' : 'films:read',
          client_id: client.client_id,
          token_type: 'Bearer',
          exp: expect.any(Number),
          iat: expect.any(Number),
          auth_time: expect.any(Number),
          acr: 'urn:latchkey:acr:pwd',
          amr: ['pwd'],
          ...(api === BOOKS && { jti: expect.any(String) }),
        })
        expect(headers.get('cache-control')).toBe('no-store')
      }
      const { json } = await fixture.introspect(credential(), await ofMachine(api))
      expect(json).toMatchObject({
        active: true,
        sub: machine.client_id,
        client_id: machine.client_id,
        aud: api,
      })
      expect(json).not.toHaveProperty('username')
    })

    test('authenticates by Basic or in the body', async () => {
      const token = String((await tokenFor(web, BOOKS)).access_token)
      const { client_id, client_secret = '' } = books
      const byPost = await post(`${fixture.issuer}/introspect`, { token, client_id, client_secret })
      expect(byPost.json.active).toBe(true)
      expect((await fixture.introspect(books, token)).json.active).toBe(true)
    })

    test('is told nothing of what is not for it, with the same words as of nonsense', async () => {
      const forBooks = await tokenFor(web, BOOKS)
      const forFilms = await tokenFor(web, FILMS)
      const plain = await fixture.tokens(victim, web)
      const { code } = await fixture.code(victim, web, { resource: BOOKS, scope: 'openid books:read' })
      const strange: [TestClient, unknown][] = [
        [films, forBooks.access_token],
        [books, forFilms.access_token],
        [films, await ofMachine(BOOKS)],
        ...[forBooks.refresh_token, forBooks.id_token, plain.access_token, plain.refresh_token, code].map(
          (token): [TestClient, unknown] => [books, token],
        ),
        [books, 'nonsense'],
        [books, 'a.b.c'],
      ]
      for (const [credential, token] of strange)
        expect(await fixture.introspect(credential, token)).toMatchObject(inactive)
    })

    test('is told at once of what was revoked, signed out, disabled, or whose app was disabled', async () => {
      for (const [api, credential] of [
        [BOOKS, books],
        [FILMS, films],
      ] as const) {
        const active = async (token: unknown) => (await fixture.introspect(credential, token)).json.active
        const person = await fixture.victim()
        const app = await fixture.client({ scope: 'openid offline_access books:read films:read' })
        const revoked = await tokenFor(app, api, person)
        await fixture.revoke(app, revoked.access_token)
        expect(await fixture.introspect(credential, revoked.access_token)).toMatchObject(inactive)
        const refreshed = await fixture.refresh(app, revoked.refresh_token, { resource: api })
        expect(await active(refreshed.json.access_token)).toBe(true)
        await fixture.revoke(app, refreshed.json.refresh_token)
        expect(await active(refreshed.json.access_token)).toBe(false)
        const next = await tokenFor(app, api, person)
        await latchkey.services.accounts.disable(person.user.id)
        expect(await active(next.access_token)).toBe(false)

        const ofApp = await tokenFor(app, api)
        expect(await active(ofApp.access_token)).toBe(true)
        await latchkey.services.clients.disable(app.client_id)
        expect(await fixture.introspect(credential, ofApp.access_token)).toMatchObject(inactive)
        const job = await fixture.client({
          grant_types: ['client_credentials'],
          redirect_uris: [],
          scope: 'books:read films:read',
        })
        const { json } = await fixture.token(job, { grant_type: 'client_credentials', resource: api })
        expect(await active(json.access_token)).toBe(true)
        await latchkey.services.clients.delete(job.client_id)
        expect(await fixture.introspect(credential, json.access_token)).toMatchObject(inactive)
      }
    })

    test('a claim that was added to a token replaces nothing that the answer says', async () => {
      const { access_token } = await tokenFor(web, FILMS)
      await latchkey.services.artifacts.change('AccessToken', String(access_token), 600, (before) => ({
        ...before,
        extra: {
          sub: 'somebody',
          active: false,
          username: 'root',
          iss: 'https://evil.example',
          cnf: {},
          team: 'red',
        },
      }))
      expect((await fixture.introspect(films, access_token)).json).toMatchObject({
        active: true,
        sub: victim.user.id,
        username: victim.user.username,
        iss: fixture.issuer,
        team: 'red',
      })
    })
  })

  describe('the answer as a JWT (RFC 9701)', () => {
    const ask = (client: TestClient, token: unknown, accept = JWT) => {
      const headers = { ...basic(client.client_id, String(client.client_secret)), accept }
      return post(`${fixture.issuer}/introspect`, { token: String(token) }, headers)
    }
    const verified = async (jwt: string, audience: string) =>
      jwtVerify(jwt, createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`)), {
        issuer: fixture.issuer,
        audience,
        typ: 'token-introspection+jwt',
      })

    test('is signed, for the caller, and holds the answer', async () => {
      const { access_token } = await tokenFor(web, BOOKS)
      const answer = await ask(books, access_token)
      expect(answer.headers.get('content-type')).toContain(JWT)
      const { payload, protectedHeader } = await verified(answer.text, books.client_id)
      // What every client may be told by, those with the FAPI profile too (Security Profile §5.4.1).
      expect(protectedHeader.alg).toBe('PS256')
      expect(payload.token_introspection).toEqual((await fixture.introspect(books, access_token)).json)
      expect(payload).not.toHaveProperty('sub')
      expect(payload).not.toHaveProperty('exp')
    })

    test('also when there is nothing to tell', async () => {
      const { payload } = await verified((await ask(films, 'nonsense')).text, films.client_id)
      expect(payload.token_introspection).toEqual({ active: false })
    })

    test('only when asked for', async () => {
      for (const accept of ['*/*', 'application/json', `application/json, ${JWT}`])
        expect((await ask(books, 'nonsense', accept)).text).toBe('{"active":false}')
    })

    test('such an answer is no access token', async () => {
      const { access_token } = await tokenFor(web, BOOKS)
      const { text } = await ask(books, access_token)
      expect(await fixture.introspect(books, text)).toMatchObject(inactive)
      expect((await fixture.userinfo(text)).status).toBe(401)
    })
  })

  describe('a credential of an API can do nothing else', () => {
    test.each([
      ['token', { grant_type: 'client_credentials' }],
      ['token', { grant_type: 'refresh_token', refresh_token: 'x' }],
      ['token', { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://app.example/' }],
      ['par', { response_type: 'code', scope: 'openid', redirect_uri: 'https://app.example/callback' }],
      ['revoke', { token: 'x' }],
    ])('no /%s', async (path, body) => {
      const { client_id, client_secret = '' } = books
      const ways = [
        post(`${fixture.issuer}/${path}`, body as Record<string, string>, basic(client_id, client_secret)),
        post(`${fixture.issuer}/${path}`, { ...(body as Record<string, string>), client_id, client_secret }),
      ]
      for (const { status, json } of await Promise.all(ways)) {
        expect(status).toBe(400)
        expect(json).toMatchObject({
          error: 'unauthorized_client',
          error_description: expect.stringContaining('introspect'),
        })
      }
    })

    test('it revokes nobody’s token', async () => {
      const { access_token } = await tokenFor(web, BOOKS)
      await fixture.revoke(books, access_token)
      expect((await fixture.introspect(books, access_token)).json.active).toBe(true)
    })

    test('no sign-in and no sign-out begins with it', async () => {
      const start = await fetch(
        fixture.authorizeUrl({ ...books, redirect_uri: 'https://app.example/callback' }),
        {
          redirect: 'manual',
        },
      )
      expect(start.status).toBe(400)
      const end = await fetch(`${fixture.issuer}/logout?client_id=${books.client_id}`)
      expect(end.status).toBeLessThan(500)
      expect(end.status).toBeGreaterThanOrEqual(400)
    })

    test('no registration can give a client the rights of an API', async () => {
      await expect(latchkey.createClient({ introspects: BOOKS })).rejects.toThrow()
    })
  })

  describe('two at once, hashed, ended at once', () => {
    const API = 'https://rotated.example'
    test('a deployment changes over without downtime', async () => {
      await latchkey.services.resources.add({ identifier: API, scope: 'rotated:read' })
      const [first, second] = [await credentialOf(API), await credentialOf(API)]
      await expect(credentialOf(API)).rejects.toMatchObject({ code: 'too_many_credentials', status: 409 })
      for (const each of [first, second]) expect(await fixture.introspect(each, 'x')).toMatchObject(inactive)
      await latchkey.services.resourceCredentials.remove(API, first.client_id)
      expect((await fixture.introspect(first, 'x')).status).toBe(401)
      expect(await fixture.introspect(second, 'x')).toMatchObject(inactive)
      const mixed = { ...second, client_secret: String(first.client_secret) }
      expect((await fixture.introspect(mixed, 'x')).status).toBe(401)
      await latchkey.services.resourceCredentials.idle()
      const [left] = await latchkey.services.resourceCredentials.list(API)
      expect(left).toMatchObject({ client_id: second.client_id, last_used_at: expect.any(Number) })
      expect(JSON.stringify(left)).not.toContain(String(second.client_secret))

      await latchkey.services.resources.remove(API)
      vi.setSystemTime(Date.now() + 2000)
      expect((await fixture.introspect(second, 'x')).status).toBe(401)
    })

    test('three that are asked for at the same moment are two', async () => {
      const identifier = 'https://crowded.example'
      await latchkey.services.resources.add({ identifier, scope: 'crowded:read' })
      const made = await Promise.allSettled([1, 2, 3, 4].map(() => credentialOf(identifier)))
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
      expect(await latchkey.services.resourceCredentials.list(identifier)).toHaveLength(2)
    })
  })
})
