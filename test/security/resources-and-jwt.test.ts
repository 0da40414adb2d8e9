import { createRemoteJWKSet, decodeProtectedHeader, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let machine: TestClient
let victim: Victim
const A = 'https://a.example'
const B = 'https://b.example'

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  await latchkey.services.resources.add({ identifier: A, scope: 'a:read a:write' })
  await latchkey.services.resources.add({ identifier: B, scope: 'b:read' })
  await latchkey.services.resources.add(jobs)
  const scope = 'openid offline_access a:read a:write b:read'
  web = await fixture.client({ scope })
  machine = await fixture.client({ grant_types: ['client_credentials'], redirect_uris: [], scope: 'a:read' })
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())

const verify = (token: unknown, audience: string) =>
  jwtVerify(String(token), createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`)), {
    issuer: fixture.issuer,
    audience,
    typ: 'at+jwt',
  })

describe('RFC 8707: resource indicators', () => {
  test('a token for A has A as its only audience and the scopes of A only', async () => {
    const tokens = await fixture.tokens(victim, web, { resource: A, scope: 'openid a:read b:read' })
    const { payload } = await verify(tokens.access_token, A)
    expect(payload).toMatchObject({ aud: A, scope: 'a:read', sub: victim.user.id, client_id: web.client_id })
    await expect(verify(tokens.access_token, B)).rejects.toThrow(/aud/)
  })

  test('two resources are asked for at once, and each token is for one', async () => {
    const back = await fixture.authorize(victim, web, `resource=${A}&resource=${B}&scope_=x`)
    expect(back.get('code') ?? back.get('error')).toBeTypeOf('string')
    const url = new URL(fixture.authorizeUrl(web, { scope: 'openid a:read b:read' }))
    url.searchParams.append('resource', A)
    url.searchParams.append('resource', B)
    const page = await victim.browser.open(url)
    const code = {
      code: String(page.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: web.redirect_uri,
    }
    const first = await fixture.exchange(web, code, { resource: A })
    expect((await verify(first.json.access_token, A)).payload).toMatchObject({ aud: A, scope: 'a:read' })
    const second = await fixture.refresh(web, first.json.refresh_token, { resource: B })
    expect((await verify(second.json.access_token, B)).payload).toMatchObject({ aud: B, scope: 'b:read' })
  })

  test.each([
    'https://nowhere.example',
    'https://a.example/',
    'https://A.example',
    'https://a.example#f',
    'not a URI',
    'a\tb',
    '__proto__',
  ])('an unknown resource is invalid_target at every endpoint: %s', async (resource) => {
    const page = await victim.browser.open(fixture.authorizeUrl(web, { resource, scope: 'openid a:read' }))
    expect(page.url.searchParams.get('code')).toBeNull()
    expect(`${page.url.search}${page.body}`).toContain('invalid_target')
    const answer = await fixture.token(machine, {
      grant_type: 'client_credentials',
      resource,
      scope: 'a:read',
    })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
  })

  test('a resource of which the client may use nothing is invalid_target', async () => {
    const answer = await fixture.token(machine, {
      grant_type: 'client_credentials',
      resource: B,
      scope: 'b:read',
    })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
  })

  test('an exchange and a refresh may narrow, not widen', async () => {
    const tokens = await fixture.tokens(victim, web, { resource: A, scope: 'openid a:read' })
    const { refresh_token } = tokens
    const answers = [
      await fixture.exchange(web, await fixture.code(victim, web, { resource: A }), { resource: B }),
      await fixture.refresh(web, refresh_token, { resource: B }),
      await fixture.refresh(web, refresh_token, { resource: A, scope: 'openid a:read a:write' }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(400)
      expect(answer.json.error).toMatch(/^invalid_(target|scope)$/)
    }
  })

  test('the server’s own addresses are no resources', async () => {
    for (const resource of [fixture.issuer, `${fixture.issuer}/userinfo`, `${fixture.issuer}/api/admin`]) {
      const answer = await fixture.token(machine, {
        grant_type: 'client_credentials',
        resource,
        scope: 'a:read',
      })
      expect(answer.json).toMatchObject({ error: 'invalid_target' })
    }
    await expect(
      latchkey.services.resources.add({ identifier: fixture.issuer, scope: 'x' }),
    ).rejects.toThrow()
  })
})

describe('RFC 9068: JWT access tokens', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'have every claim and are signed with %s as registered',
    async (alg) => {
      const client = await fixture.client({
        grant_types: ['client_credentials'],
        redirect_uris: [],
        scope: 'a:read',
        id_token_signed_response_alg: alg,
      })
      const { json } = await fixture.token(client, {
        grant_type: 'client_credentials',
        resource: A,
        scope: 'a:read',
      })
      const { payload, protectedHeader } = await verify(json.access_token, A)
      expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg })
      expect(payload).toMatchObject({
        iss: fixture.issuer,
        aud: A,
        sub: client.client_id,
        client_id: client.client_id,
        scope: 'a:read',
      })
      expect(payload.jti).toBeTypeOf('string')
      expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
    },
  )

  test('neither they nor id_tokens open userinfo, and none but ours is active at introspection', async () => {
    const forA = await fixture.tokens(victim, web, { resource: A, scope: 'openid a:read' })
    const { id_token } = await fixture.tokens(victim, web)
    expect(decodeProtectedHeader(String(id_token)).typ).not.toBe('at+jwt')
    const { privateKey } = await generateKeyPair('RS256')
    const forged = await new SignJWT({ scope: 'openid', client_id: web.client_id })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .setSubject(victim.user.id)
      .setIssuer(fixture.issuer)
      .setExpirationTime('1h')
      .sign(privateKey)
    for (const token of [forA.access_token, id_token, forged]) {
      const info = await fixture.userinfo(token)
      expect(info.status).toBe(401)
      expect(info.json.sub).toBeUndefined()
      expect((await fixture.introspect(web, token)).json.active).toBe(token === forA.access_token)
      expect((await fixture.refresh(web, token)).status).toBe(400)
    }
    // The reverse: what an API gets must not be taken for an id_token.
    const party = await jwtVerify(String(id_token), createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`)))
    expect(party.payload.aud).toBe(web.client_id)
  })
})

describe('RFC 6750 §2: where an access token stands', () => {
  test('in two places it is invalid_request, in the query it is refused', async () => {
    const { access_token } = await fixture.tokens(victim, web)
    const token = String(access_token)
    const bearer = { authorization: `Bearer ${token}` }
    expect((await get(`${fixture.issuer}/userinfo?access_token=${token}`)).status).toBe(400)
    expect((await get(`${fixture.issuer}/userinfo?access_token=${token}`, bearer)).status).toBe(400)
    expect((await post(`${fixture.issuer}/userinfo`, { access_token: token }, bearer)).status).toBe(400)
    expect((await post(`${fixture.issuer}/userinfo`, { access_token: token })).status).toBe(200)
  })

  test.each([
    ['nothing', ''],
    ['no token', 'Bearer'],
    ['no token either', 'Bearer '],
    ['an unknown one', 'Bearer x'],
    ['Basic', 'Basic eDp5'],
    ['DPoP without a proof', 'DPoP x'],
    ['two', 'Bearer a b'],
  ])('%s is 400 or 401 with WWW-Authenticate and no-store', async (_, authorization) => {
    const answer = await get(`${fixture.issuer}/userinfo`, authorization ? { authorization } : {})
    expect([400, 401]).toContain(answer.status)
    expect(answer.headers.get('www-authenticate')).toMatch(/Bearer|DPoP/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('userinfo wants the openid scope', async () => {
    const tokens = await fixture.tokens(victim, web, { scope: 'offline_access' }).catch(() => undefined)
    if (tokens) expect((await fixture.userinfo(tokens.access_token)).status).toBe(403)
    const { json } = await fixture.token(await fixture.client(jobClient), jobGrant)
    expect([401, 403]).toContain((await fixture.userinfo(json.access_token)).status)
  })
})
