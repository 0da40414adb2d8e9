import { decodeJwt, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  type Answer,
  clock,
  createSecurityFixture,
  credentials,
  get,
  passTime,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

const API = 'https://books.example/api'
const ISSUER_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const

describe.each(engines)('JWT access tokens on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let other: TestClient
  let spa: TestClient
  let machine: TestClient
  let victim: Victim

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({ identifier: API, scope: 'books:read books:write' })
    const scope = 'openid profile offline_access books:read books:write'
    web = await fixture.client({ scope })
    other = await fixture.client({ scope })
    spa = await fixture.publicClient({ scope })
    machine = await fixture.client({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'books:read',
    })
    victim = await fixture.victim()
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  const inactive = { status: 200, text: '{"active":false}' }
  const forApi = { resource: API, scope: 'openid books:read' }
  const jwtFor = async (client: TestClient, over: Record<string, string> = {}, who = victim) =>
    fixture.tokens(who, client, { ...forApi, ...over })
  const jwtOfMachine = async () =>
    (await fixture.token(machine, { grant_type: 'client_credentials', scope: 'books:read' })).json
      .access_token
  const isActive = async (client: TestClient, token: unknown) =>
    (await fixture.introspect(client, token)).json.active

  describe('introspection of JWT access tokens', () => {
    test.each(ISSUER_ALGORITHMS)(
      'a person’s token, signed with %s, is active and says all it is',
      async (alg) => {
        const client = await fixture.client({ scope: 'openid books:read', id_token_signed_response_alg: alg })
        const { access_token } = await jwtFor(client)
        const claims = decodeJwt(String(access_token))
        const { status, json } = await fixture.introspect(client, access_token)
        expect(status).toBe(200)
        expect(json).toMatchObject({
          active: true,
          iss: fixture.issuer,
          sub: victim.user.id,
          aud: API,
          scope: 'books:read',
          client_id: client.client_id,
          token_type: 'Bearer',
          exp: claims.exp,
          iat: claims.iat,
          jti: claims.jti,
        })
      },
    )

    test('a machine’s token', async () => {
      expect((await fixture.introspect(machine, await jwtOfMachine())).json).toMatchObject({
        active: true,
        aud: API,
        scope: 'books:read',
        client_id: machine.client_id,
      })
    })

    test.each(['access_token', 'refresh_token', 'nonsense'])(
      'whatever the hint: %s',
      async (token_type_hint) => {
        const { access_token } = await jwtFor(web)
        const own = credentials(web)
        const body = { token: String(access_token), token_type_hint }
        expect((await post(`${fixture.issuer}/introspect`, body, own.headers)).json.active).toBe(true)
      },
    )

    test('is the business of its client alone', async () => {
      const { access_token } = await jwtFor(web)
      expect(await fixture.introspect(other, access_token)).toMatchObject(inactive)
      expect(await fixture.introspect(spa, (await jwtFor(spa)).access_token)).toMatchObject(inactive)
    })

    test('client authentication comes first, whatever the token', async () => {
      const { access_token } = await jwtFor(web)
      for (const token of [access_token, 'a.b.c', '.'.repeat(1000)]) {
        expect((await fixture.introspect({ ...web, client_secret: 'wrong' }, token)).status).toBe(401)
        expect((await fixture.revoke({ ...web, client_secret: 'wrong' }, token)).status).toBe(401)
        expect((await post(`${fixture.issuer}/introspect`, { token: String(token) })).status).toBe(400)
      }
      expect(await isActive(web, access_token)).toBe(true)
    })
  })

  describe('what is no JWT access token of ours', () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

    async function impostors(): Promise<Record<string, unknown>> {
      const tokens = await jwtFor(web)
      const genuine = String(tokens.access_token)
      const [head = '', body = '', signature = ''] = genuine.split('.')
      const claims = decodeJwt(genuine)
      const { keys } = (await get(`${fixture.issuer}/jwks`)).json as { keys: JWK[] }
      const published = keys.find(({ alg }) => alg === 'RS256')
      if (published === undefined) throw new Error('no RS256 key')
      const publicKey = await importJWK(published, 'RS256', { extractable: true })
      const pem = await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0])
      const hmac = (key: string) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: String(published.kid) })
          .sign(Buffer.from(key))
      const { privateKey } = await generateKeyPair('RS256')
      const foreign = new SignJWT(claims).setProtectedHeader({
        alg: 'RS256',
        typ: 'at+jwt',
        kid: String(published.kid),
      })
      return {
        'alg none': `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
        'alg none with a signature': `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.${signature}`,
        'HS256 with the public key': await hmac(pem),
        'HS256 with the modulus': await hmac(String(published.n)),
        'another key under our kid': await foreign.sign(privateKey),
        'a key that it brings itself': await new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', jwk: published })
          .sign(privateKey),
        'other claims': `${head}.${encode({ ...claims, sub: 'somebody' })}.${signature}`,
        'a later end': `${head}.${encode({ ...claims, exp: Number(claims.exp) + 999 })}.${signature}`,
        'no signature': `${head}.${body}.`,
        'a broken signature': `${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`,
        'an id_token': tokens.id_token,
        'something in front': `jwt:${genuine}`,
        'something twice in front': `jwt:jwt:${genuine}`,
        'something behind': `${genuine}.x`,
        'its jti alone': claims.jti,
        'its header alone': head,
        'two parts': `${head}.${body}`,
        'five parts': `${head}.${body}.${signature}.a.b`,
        'no parts': '..',
        'other characters': 'é.\u0000.☃',
        'an object as payload': `${head}.${encode([])}.${signature}`,
        __proto__: `${encode({ alg: 'RS256', typ: 'at+jwt', __proto__: 1 })}.__proto__.constructor`,
        'something huge': `${head}.${'A'.repeat(40_000)}.${signature}`,
      }
    }

    test('is exactly {"active":false} at introspection, 200 at revocation, and opens no userinfo', async () => {
      const answers: Record<string, unknown> = {}
      const expected: Record<string, unknown> = {}
      for (const [name, token] of Object.entries(await impostors())) {
        const seen: Answer[] = [await fixture.introspect(web, token), await fixture.revoke(web, token)]
        const fits = String(token).length < 8000 && /^[\x20-\x7e]*$/.test(String(token))
        const info = fits ? await fixture.userinfo(token) : undefined
        answers[name] = [...seen.map(({ status, text }) => [status, text]), info?.status, info?.json.error]
        const refused = fits ? [401, 'invalid_token'] : [undefined, undefined]
        expected[name] = [[200, '{"active":false}'], [200, ''], ...refused]
      }
      expect(answers).toEqual(expected)
    })

    test('an expired one', async () => {
      const { access_token } = await jwtFor(web)
      passTime(3600)
      expect(await fixture.introspect(web, access_token)).toMatchObject(inactive)
      expect((await fixture.revoke(web, access_token)).status).toBe(200)
      expect((await fixture.userinfo(access_token)).status).toBe(401)
    })

    test('a token sent twice is invalid_request, as ever', async () => {
      const { access_token } = await jwtFor(web)
      const token = encodeURIComponent(String(access_token))
      for (const path of ['introspect', 'revoke']) {
        const answer = await post(
          `${fixture.issuer}/${path}`,
          `token=${token}&token=${token}`,
          credentials(web).headers,
        )
        expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
      }
    })

    test('a genuine one for an API alone is none for userinfo', async () => {
      const info = await fixture.userinfo((await jwtFor(web)).access_token)
      expect(info).toMatchObject({ status: 401, json: { error: 'invalid_token' } })
    })

    test('the other doors take none: token endpoint, administration, JSON API', async () => {
      const { access_token } = await jwtFor(web)
      const authorization = `Bearer ${access_token}`
      expect((await fixture.refresh(web, access_token)).status).toBe(400)
      expect((await get(`${fixture.issuer}/api/admin/clients`, { authorization })).status).toBe(401)
      expect((await get(`${fixture.issuer}/api/auth/me`, { authorization })).status).toBe(401)
    })
  })

  describe('what it says to those who read it', () => {
    test('nothing of grant or session: no two tokens of one sign-in share anything but the person', async () => {
      const first = await jwtFor(web)
      const second = await fixture.refresh(web, first.refresh_token, { resource: API })
      const [a, b] = [first, second.json].map(({ access_token }) => decodeJwt(String(access_token)))
      expect(a?.sub).toBe(b?.sub)
      const names = [
        'acr',
        'amr',
        'aud',
        'auth_time',
        'client_id',
        'exp',
        'iat',
        'iss',
        'jti',
        'scope',
        'sub',
      ]
      expect(Object.keys(a ?? {}).sort()).toEqual(names)
      const parts = (jti = ''): string[] => jti.replace(/^v1\./, '').match(/.{6}/g) ?? []
      expect(parts(a?.jti).length).toBeGreaterThan(10)
      expect(parts(a?.jti).filter((part) => parts(b?.jti).includes(part))).toEqual([])
    })
  })

  describe('revocation of JWT access tokens', () => {
    test('ends it at once and alone: its refresh token, its Grant and its sisters go on', async () => {
      const first = await jwtFor(web)
      const sister = await fixture.refresh(web, first.refresh_token, { resource: API })
      expect(await fixture.revoke(web, first.access_token)).toMatchObject({ status: 200, text: '' })
      expect(await fixture.introspect(web, first.access_token)).toMatchObject(inactive)
      expect(await isActive(web, sister.json.access_token)).toBe(true)
      expect((await fixture.refresh(web, sister.json.refresh_token)).status).toBe(200)
      // Again, and at once with others: it stays ended, and nothing complains.
      const again = await Promise.all([1, 2, 3].map(() => fixture.revoke(web, first.access_token)))
      expect(again.map(({ status }) => status)).toEqual([200, 200, 200])
      expect(await isActive(web, first.access_token)).toBe(false)
    })

    test('an opaque one, likewise', async () => {
      const tokens = await fixture.tokens(victim, web, { scope: 'openid offline_access' })
      await fixture.revoke(web, tokens.access_token)
      expect(await fixture.introspect(web, tokens.access_token)).toMatchObject(inactive)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect(await isActive(web, tokens.refresh_token)).toBe(true)
      expect((await fixture.refresh(web, tokens.refresh_token)).status).toBe(200)
    })

    test('of a public client and of a machine', async () => {
      const { access_token } = await jwtFor(spa)
      expect((await fixture.revoke(spa, access_token)).status).toBe(200)
      const ofMachine = await jwtOfMachine()
      await fixture.revoke(machine, ofMachine)
      expect(await fixture.introspect(machine, ofMachine)).toMatchObject(inactive)
      expect(await isActive(machine, await jwtOfMachine())).toBe(true)
    })

    test('another client’s is left alone', async () => {
      const { access_token } = await jwtFor(web)
      for (const client of [other, spa, machine])
        expect(await fixture.revoke(client, access_token)).toMatchObject({ status: 200, text: '' })
      expect(await isActive(web, access_token)).toBe(true)
    })

    test('stays in force when the access of other sessions is ended', async () => {
      const person = await fixture.victim()
      const { access_token } = await jwtFor(web, {}, person)
      await fixture.revoke(web, access_token)
      const sessions = await latchkey.services.artifacts.listByAccount('Session', person.user.id)
      const uid = String(sessions[0]?.payload.uid)
      await latchkey.services.artifacts.revokeByAccount(person.user.id, { exceptSessionUid: uid })
      expect(await isActive(web, access_token)).toBe(false)
    })

    test('of its refresh token ends it, and a new Grant of the same session does not bring it back', async () => {
      const person = await fixture.victim()
      const old = await jwtFor(web, {}, person)
      await fixture.revoke(web, old.refresh_token)
      expect(await isActive(web, old.access_token)).toBe(false)
      const next = await jwtFor(web, {}, person)
      expect(await isActive(web, next.access_token)).toBe(true)
      expect(await fixture.introspect(web, old.access_token)).toMatchObject(inactive)
    })

    test('a code that is used twice ends it, for good', async () => {
      const person = await fixture.victim()
      const code = await fixture.code(person, web, forApi)
      const { json } = await fixture.exchange(web, code)
      expect(await isActive(web, json.access_token)).toBe(true)
      await fixture.exchange(web, code)
      expect(await isActive(web, json.access_token)).toBe(false)
      await jwtFor(web, {}, person)
      expect(await isActive(web, json.access_token)).toBe(false)
    })
  })

  describe('what ends sign-ins ends their JWT access tokens at once', () => {
    test('signing out', async () => {
      const person = await fixture.victim()
      const { access_token } = await jwtFor(web, {}, person)
      const page = await person.browser.open(`${fixture.issuer}/logout`)
      await person.browser.submit(page, {}, { button: 'Sign out' })
      expect(await fixture.introspect(web, access_token)).toMatchObject(inactive)
    })

    test('disabling the account, and letting it in again does not bring it back', async () => {
      const person = await fixture.victim()
      const { access_token } = await jwtFor(web, { scope: 'openid offline_access books:read' }, person)
      await latchkey.services.accounts.disable(person.user.id)
      expect(await isActive(web, access_token)).toBe(false)
      await latchkey.services.accounts.enable(person.user.id)
      expect(await isActive(web, access_token)).toBe(false)
    })

    test('taking access back, and allowing it again does not bring it back', async () => {
      const asking = await fixture.client({ scope: 'openid books:read', first_party: false })
      const person = await fixture.victim()
      const allow = async () => {
        const page = await person.browser.open(fixture.authorizeUrl(asking, forApi))
        const { url } = page.left ? page : await person.browser.allow(page)
        const code = { code: String(url.searchParams.get('code')), verifier: 'v'.repeat(43) }
        return (await fixture.exchange(asking, { ...code, redirect_uri: asking.redirect_uri })).json
      }
      const { access_token } = await allow()
      expect(await isActive(asking, access_token)).toBe(true)
      await latchkey.services.consents.withdraw(person.user.id, asking.client_id)
      await latchkey.services.artifacts.revokeByAccount(person.user.id, { clientId: asking.client_id })
      expect(await isActive(asking, access_token)).toBe(false)
      expect(await isActive(asking, (await allow()).access_token)).toBe(true)
      expect(await isActive(asking, access_token)).toBe(false)
    })

    test('a scope that the client may no longer ask for is gone from it', async () => {
      const client = await fixture.client({ scope: 'openid books:read books:write' })
      const { access_token } = await jwtFor(client, { scope: 'openid books:read books:write' })
      await latchkey.services.clients.update(client.client_id, { scope: 'openid books:read' })
      expect((await fixture.introspect(client, access_token)).json).toMatchObject({ scope: 'books:read' })
    })

    test('a key that is withdrawn as leaked', async () => {
      const { access_token } = await jwtFor(web)
      await latchkey.services.keys.rotate({ now: true })
      await eventually(async () => expect(await isActive(web, access_token)).toBe(false))
    })
  })
})
