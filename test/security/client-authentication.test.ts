import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { artifactsOf } from '../support/artifacts.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { basic, createSecurityFixture, get, post, type SecurityFixture, type TestClient } from './attacker.ts'

let latchkey: Latchkey
let passed = 0
let fixture: SecurityFixture
let byBasic: TestClient
let byPost: TestClient
let byKey: TestClient
let spa: TestClient
let key: CryptoKey
let publicKey: CryptoKey
const machine = jobClient
const grant = jobGrant
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

beforeAll(async () => {
  latchkey = await startLatchkey({
    env: { CLIENT_METADATA_DOCUMENTS: 'on' },
    clock: () => Date.now() + passed,
  })
  await latchkey.services.resources.add(jobs)
  fixture = createSecurityFixture(latchkey)
  byBasic = await fixture.client(machine)
  byPost = await fixture.client({ ...machine, token_endpoint_auth_method: 'client_secret_post' })
  const pair = await generateKeyPair('RS256', { extractable: true })
  key = pair.privateKey
  publicKey = pair.publicKey
  byKey = await fixture.client({
    ...machine,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' }] },
  })
  spa = await fixture.publicClient()
})
afterAll(() => latchkey.stop())

const tokenUrl = () => `${fixture.issuer}/token`
const secret = (client: TestClient) => String(client.client_secret)

describe('secrets', () => {
  test('a client with a secret shows it, in the header or the body; its id alone is not enough', async () => {
    for (const client of [byBasic, byPost]) {
      expect((await post(tokenUrl(), grant, basic(client.client_id, secret(client)))).status).toBe(200)
      const inBody = { client_id: client.client_id, client_secret: secret(client) }
      expect((await post(tokenUrl(), { ...grant, ...inBody })).status).toBe(200)
      const wrong = { ...inBody, client_secret: `${secret(client)}x` }
      expect((await post(tokenUrl(), { ...grant, ...wrong })).status).toBe(401)
      expect((await post(tokenUrl(), { ...grant, client_id: client.client_id })).status).toBe(401)
    }
    expect((await post(tokenUrl(), grant, basic(byKey.client_id, 'none'))).status).toBe(401)
  })

  test('6749 2.3.1: an empty Basic secret of a public client is no secret, at every endpoint', async () => {
    const victim = await fixture.victim()
    const empty = basic(spa.client_id, '')
    const signIn = async (over: Record<string, string> = {}) => {
      const { code, verifier, redirect_uri } = await fixture.code(victim, spa)
      const body = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, ...over }
      return post(tokenUrl(), body, empty)
    }
    const tokens = await signIn()
    expect(tokens.status).toBe(200)
    expect((await signIn({ client_id: spa.client_id })).status).toBe(200)
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.json.refresh_token) }
    expect((await post(tokenUrl(), refresh, empty)).status).toBe(200)
    const pushed = {
      response_type: 'code',
      redirect_uri: spa.redirect_uri,
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }
    expect((await post(`${fixture.issuer}/par`, pushed, empty)).status).toBe(201)
    const revoked = { token: String(tokens.json.access_token) }
    expect((await post(`${fixture.issuer}/revoke`, revoked, empty)).status).toBe(200)
    expect((await fixture.userinfo(tokens.json.access_token)).status).toBe(401)
  })

  test('6749 2.3.1: an empty secret opens no client that has one, and is none of another id', async () => {
    const victim = await fixture.victim()
    for (const client of [byBasic, byPost, byKey]) {
      const answer = await post(tokenUrl(), grant, basic(client.client_id, ''))
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.json).not.toHaveProperty('access_token')
      const beside = { ...grant, client_id: client.client_id }
      expect((await post(tokenUrl(), beside, basic(spa.client_id, ''))).json.error).toBe('invalid_request')
    }
    const { code, verifier, redirect_uri } = await fixture.code(victim, spa)
    const body = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier }
    const twice = { ...body, client_id: spa.client_id, client_secret: 'made up' }
    expect((await post(tokenUrl(), twice, basic(spa.client_id, ''))).status).toBe(401)
    const other = await post(tokenUrl(), { ...body, client_id: byBasic.client_id }, basic(spa.client_id, ''))
    expect(other.json.error).toBe('invalid_request')
    const huge = { ...body, padding: 'x'.repeat(60_000) }
    expect((await post(tokenUrl(), huge, basic(spa.client_id, ''))).status).toBe(413)
    expect((await post(tokenUrl(), body, basic(spa.client_id, ''))).status).toBe(200)
  })

  describe('6749 2.3.1: an empty Basic secret with an id whose look-up fails is refused as JSON, and kept', () => {
    const error = (status: number, code: string) => [status, 'application/json', code]
    async function expectRefused(id: string, expected: ReturnType<typeof error>) {
      const rejections = async () => (await latchkey.services.rejections.list()).items
      for (const path of ['token', 'introspect', 'revoke', 'par']) {
        // No more are kept than some a second (src/rejections/admission.ts), and this file refuses many.
        passed += 10_000
        const before = new Set((await rejections()).map((each) => each.id))
        const { status, headers, json } = await post(
          `${fixture.issuer}/${path}`,
          { ...grant, token: 't' },
          basic(id, ''),
        )
        const [type] = String(headers.get('content-type')).split(';')
        expect([path, status, type, json.error]).toEqual([path, ...expected])
        if (path !== 'revoke') expect(headers.get('cache-control')).toBe('no-store')
        const kept = (await rejections()).filter((each) => !before.has(each.id))
        expect(kept).toMatchObject([{ error: json.error }])
        expect(path).toBe(PATHS[kept[0]?.endpoint as keyof typeof PATHS])
      }
    }
    const PATHS = {
      token: 'token',
      introspection: 'introspect',
      revocation: 'revoke',
      pushed_authorization_request: 'par',
    }

    test('that of an API', async () => {
      const identifier = 'https://empty.example'
      await latchkey.services.resources.add({ identifier, scope: 'empty:read' })
      const { client_id: id } = await latchkey.services.resourceCredentials.add(identifier)
      for (const api of [id, `api_${'a'.repeat(32)}`]) await expectRefused(api, error(400, 'invalid_request'))
    })

    test('that of a client document that cannot be fetched', () =>
      expectRefused('http://localhost:9/client.json', error(400, 'invalid_client')))
  })

  test('RFC 6749 §5.2: failed Basic authentication is 401 invalid_client with WWW-Authenticate and no-store', async () => {
    for (const path of ['token', 'introspect', 'par', 'revoke']) {
      for (const headers of [
        basic(byBasic.client_id, 'wrong'),
        basic('nobody', 'wrong'),
        basic('__proto__', 'wrong'),
      ]) {
        const answer = await post(`${fixture.issuer}/${path}`, { ...grant, token: 't' }, headers)
        expect([path, answer.status, answer.json.error]).toEqual([path, 401, 'invalid_client'])
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
        if (path !== 'revoke') expect(answer.headers.get('cache-control')).toBe('no-store')
      }
    }
  })

  test('an unknown client and a wrong secret are told apart by nothing', async () => {
    const [unknown, wrong] = await Promise.all(
      ['nobody', byBasic.client_id].map((id) => post(tokenUrl(), grant, basic(id, 'wrong'))),
    )
    expect(unknown?.text).toBe(wrong?.text)
    expect(unknown?.status).toBe(wrong?.status)
  })

  test.each([
    ['nothing', 'Basic'],
    ['no colon', `Basic ${Buffer.from('abc').toString('base64')}`],
    ['no base64', 'Basic ***'],
    ['broken percent-encoding', `Basic ${Buffer.from('%zz:%zz').toString('base64')}`],
    ['no secret', basic('somebody', '').authorization],
    ['NUL', `Basic ${Buffer.from('a%00:b%00').toString('base64')}`],
    ['invalid UTF-8', `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xff]).toString('base64')}`],
    ['10 KB', `Basic ${Buffer.from(`a:${'b'.repeat(7500)}`).toString('base64')}`],
    ['another scheme', 'Digest username="x"'],
    ['Bearer', 'Bearer abc'],
    ['two credentials', `Basic ${Buffer.from('a:b').toString('base64')}, Basic x`],
  ])('a malformed Authorization header is refused: %s', async (_, authorization) => {
    const answer = await post(tokenUrl(), grant, { authorization })
    expect([400, 401]).toContain(answer.status)
    expect(answer.json.error).toMatch(/^invalid_(client|request)$/)
  })

  test('RFC 6749 §3.2: the token endpoint takes POST and its body alone', async () => {
    const query = new URLSearchParams({
      ...grant,
      client_id: byPost.client_id,
      client_secret: secret(byPost),
    })
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await fetch(`${tokenUrl()}?${query}`, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers.get('allow')).toContain('POST')
      await answer.body?.cancel()
    }
    expect((await post(`${tokenUrl()}?${query}`, '')).status).toBeGreaterThanOrEqual(400)
    const headers = basic(byBasic.client_id, secret(byBasic))
    expect((await post(`${tokenUrl()}?${new URLSearchParams(grant)}`, '', headers)).status).toBe(400)
  })

  test.each([
    'grant_type=client_credentials&grant_type=client_credentials',
    'grant_type=client_credentials&grant_type=password',
    'grant_type=client_credentials&scope=a&scope=b',
    'grant_type=client_credentials&client_id=ID&client_id=ID',
  ])('RFC 6749 §3.2: a repeated parameter is invalid_request: %s', async (body) => {
    const headers = basic(byBasic.client_id, secret(byBasic))
    const answer = await post(tokenUrl(), body.replaceAll('ID', byBasic.client_id), headers)
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test('RFC 6749 §2.3: two ways of authenticating in one call are invalid_request', async () => {
    const headers = basic(byBasic.client_id, secret(byBasic))
    const inBody = { client_id: byBasic.client_id, client_secret: secret(byBasic) }
    const assertion = { client_assertion_type: ASSERTION, client_assertion: await sign() }
    for (const answer of [
      await post(tokenUrl(), { ...grant, ...inBody }, headers),
      await post(tokenUrl(), { ...grant, ...assertion }, headers),
      await post(tokenUrl(), { ...grant, ...inBody, ...assertion }),
      await post(tokenUrl(), { ...grant, client_id: byPost.client_id }, headers),
    ])
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test('a public client gets nothing by claiming a secret, nor a confidential one by claiming none', async () => {
    expect((await post(tokenUrl(), grant, basic(spa.client_id, 'x'))).status).toBe(401)
    const { refresh_token } = await fixture.tokens(await fixture.victim(), await fixture.client())
    const answer = await post(tokenUrl(), {
      grant_type: 'refresh_token',
      refresh_token: String(refresh_token),
      client_id: byBasic.client_id,
    })
    expect(answer.status).toBe(401)
  })

  test('10.4.4: a client uses only the grants it is registered for', async () => {
    const web = await fixture.client()
    expect(await fixture.token(web, grant)).toMatchObject({ status: 400 })
    expect((await fixture.token(byBasic, { grant_type: 'authorization_code', code: 'x' })).status).toBe(400)
    const back = await get(fixture.authorizeUrl({ ...byBasic, redirect_uri: 'https://app.example/callback' }))
    expect(back.status).toBe(400)
  })

  test('RFC 9700 §4.15: the token of a client is nobody’s, and its sub is no person’s', async () => {
    const { json } = await fixture.token(byBasic, grant)
    expect(await fixture.userinfo(json.access_token)).toMatchObject({ status: 401 })
    const person = await fixture.victim()
    const introspected = (await fixture.introspect(byBasic, json.access_token)).json
    expect(introspected).toMatchObject({ active: true, client_id: byBasic.client_id })
    expect(introspected.sub).not.toBe(person.user.id)
    await expect(fixture.client({ ...machine, client_id: person.user.id })).rejects.toThrow()
  })

  test('rotated: old and new secret both work for the overlap, and not an hour longer', async () => {
    const client = await fixture.client(machine)
    const { client_secret } = await latchkey.services.clients.rotateSecret(client.client_id)
    for (const value of [secret(client), client_secret])
      expect((await post(tokenUrl(), grant, basic(client.client_id, value))).status).toBe(200)
    await latchkey.services.clients.rotateSecret(client.client_id, { keepOldSeconds: 0 })
    for (const value of [secret(client), client_secret])
      expect((await post(tokenUrl(), grant, basic(client.client_id, value))).status).toBe(401)
  })

  test('a disabled client is unknown at once, and its tokens are dead', async () => {
    const client = await fixture.client({ grant_types: ['authorization_code', 'refresh_token'] })
    const tokens = await fixture.tokens(await fixture.victim(), client)
    await latchkey.services.clients.disable(client.client_id)
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(401)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await get(fixture.authorizeUrl(client), { accept: 'text/html' })).status).toBe(400)
  })

  test.each(['disable', 'delete'] as const)(
    'after %s nothing of a client works, also while what it was issued is still there to be deleted',
    async (act) => {
      const { artifacts, clients, resourceCredentials, resources } = latchkey.services
      const api = `https://${act}.example`
      await resources.add({ identifier: api, scope: `${act}:read`, tokens: 'opaque' })
      const reader = { ...(await resourceCredentials.add(api)), redirect_uri: '' }
      const client = await fixture.client({
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        scope: `openid offline_access ${act}:read`,
      })
      const victim = await fixture.victim()
      const person = await fixture.tokens(victim, client)
      const ofApi = await fixture.tokens(victim, client, { scope: `openid ${act}:read`, resource: api })
      const own = (await fixture.token(client, { grant_type: 'client_credentials', resource: api })).json
      const code = await fixture.code(victim, client)
      const told = async () => {
        const answers = [ofApi, own].map(({ access_token }) => fixture.introspect(reader, access_token))
        return (await Promise.all(answers)).map(({ json }) => json.active)
      }
      expect(await told()).toEqual([true, true])

      const ending = vi.spyOn(artifacts, 'revokeByClient').mockRejectedValue(new Error('the store is away'))
      await clients[act](client.client_id)
      expect(ending).toHaveBeenCalled()
      expect((await artifactsOf(latchkey, client.client_id)).RefreshToken).toBeGreaterThan(0)
      expect(await told()).toEqual([false, false])
      expect((await fixture.userinfo(person.access_token)).status).toBe(401)
      expect((await fixture.refresh(client, person.refresh_token)).status).toBe(401)
      expect((await fixture.exchange(client, code)).status).toBe(401)
      expect((await fixture.token(client, { grant_type: 'client_credentials', resource: api })).status).toBe(
        401,
      )
      if (act === 'disable') await expect(clients.enable(client.client_id)).rejects.toThrow('away')

      ending.mockRestore()
      while ((await clients.revokePending()) > 0);
      expect(await artifactsOf(latchkey, client.client_id)).toEqual({})
      if (act === 'delete') return
      await clients.enable(client.client_id)
      expect(await told()).toEqual([false, false])
      expect((await fixture.userinfo(person.access_token)).status).toBe(401)
      expect((await fixture.refresh(client, person.refresh_token)).status).toBe(400)
    },
  )

  test('a token without its Grant counts for nothing, be it there or not: by that the removal of a client may leave it', async () => {
    const client = await fixture.client({ grant_types: ['authorization_code', 'refresh_token'] })
    const tokens = await fixture.tokens(await fixture.victim(), client)
    const { db } = latchkey.services
    await db.artifacts.run("DELETE FROM artifacts WHERE model = 'Grant' AND client_id = ?", [
      client.client_id,
    ])
    expect(await artifactsOf(latchkey, client.client_id)).toMatchObject({ AccessToken: 1, RefreshToken: 1 })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    for (const token of [tokens.access_token, tokens.refresh_token])
      expect((await fixture.introspect(client, token)).json).toEqual({ active: false })
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(400)
  })
})

/** A client assertion (RFC 7523 §3), right unless told otherwise. */
async function sign(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  signer: CryptoKey | Uint8Array = key,
) {
  const now = Math.floor(Date.now() / 1000)
  const all: Record<string, unknown> = {
    iss: byKey.client_id,
    sub: byKey.client_id,
    aud: fixture.issuer,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
    ...claims,
  }
  for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name]
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(signer)
}

describe('RFC 7523: client assertions', () => {
  const present = (assertion: string, over: Record<string, string> = {}) =>
    post(tokenUrl(), { ...grant, client_assertion_type: ASSERTION, client_assertion: assertion, ...over })

  test('a right one is accepted once', async () => {
    const assertion = await sign()
    expect((await present(assertion)).status).toBe(200)
    expect(await present(assertion)).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
  })

  test.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'somebody' }],
    ['another subject', { sub: 'somebody' }],
    ['no audience', { aud: undefined }],
    ['another audience', { aud: 'https://other.example' }],
    ['expired', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['no exp', { exp: undefined }],
    ['no jti', { jti: undefined }],
    ['not valid yet', { nbf: Math.floor(Date.now() / 1000) + 600 }],
  ])('refused: %s', async (_, claims) => {
    expect(await present(await sign(claims))).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    })
  })

  test('its times count at every endpoint where clients authenticate (client-assertions.test.ts)', async () => {
    const iat = Math.floor(Date.now() / 1000) - 400
    for (const path of ['par', 'introspect', 'revoke']) {
      const answer = await post(`${fixture.issuer}/${path}`, {
        token: 'x',
        client_assertion_type: ASSERTION,
        client_assertion: await sign({ iat, exp: iat + 3600 }),
      })
      expect([path, answer.status, answer.json.error]).toEqual([path, 401, 'invalid_client'])
    }
  })

  test('refused: signed with another key, also one that the header brings along (49 M jwk, jku, x5u)', async () => {
    const forger = await generateKeyPair('RS256', { extractable: true })
    const jwk = await exportJWK(forger.publicKey)
    for (const header of [
      {},
      { jwk },
      { jku: 'http://127.0.0.1:9/jwks', kid: 'other' },
      { x5u: 'http://127.0.0.1:9/cert' },
      { kid: '../../etc/passwd' },
    ])
      expect((await present(await sign({}, header, forger.privateKey))).status).toBe(401)
  })

  test('refused: HS256 with the public key or the client ID as the secret, and none', async () => {
    const spki = Buffer.from(JSON.stringify(await exportJWK(publicKey)))
    for (const shared of [spki, Buffer.from(byKey.client_id.padEnd(32, 'x'))])
      expect((await present(await sign({}, { alg: 'HS256' }, shared))).status).toBe(401)
    const [, body] = (await sign()).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect((await present(`${none}.${body}.`)).status).toBe(401)
  })

  test('refused: another algorithm than the key’s', async () => {
    const ps = await generateKeyPair('PS256', { extractable: true })
    expect((await present(await sign({}, { alg: 'PS256' }, ps.privateKey))).status).toBe(401)
  })

  test('refused: another client_id beside it, another type, no JWT', async () => {
    expect((await present(await sign(), { client_id: byBasic.client_id })).status).toBeGreaterThanOrEqual(400)
    expect(
      (await present(await sign(), { client_assertion_type: 'urn:other' })).status,
    ).toBeGreaterThanOrEqual(400)
    for (const garbage of ['', 'a', 'a.b', 'a.b.c', 'a.b.c.d.e', '{}', 'eyJhbGciOiJSUzI1NiJ9.e30.AA'])
      expect([400, 401]).toContain((await present(garbage)).status)
  })
})
