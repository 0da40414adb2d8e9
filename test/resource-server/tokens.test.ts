import type { FastifyInstance } from 'fastify'
import { CompactSign, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, createApi } from './api.ts'
import { AUDIENCE, createKey, createTestIssuer, type SigningKey, type TestIssuer } from './issuer.ts'

let issuer: TestIssuer
let api: FastifyInstance
let foreign: SigningKey
const log: string[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
  foreign = await createKey('RS256', String(issuer.key.jwk.kid))
  api = await createApi(
    { issuer: issuer.issuer, audience: AUDIENCE, name: 'Books' },
    { logger: { level: 'info', stream: { write: (line: string) => void log.push(line) } } },
  )
})
afterAll(async () => {
  await api.close()
  await issuer.down()
})

const get = (token: string, url = '/any') => api.inject({ url, headers: bearer(token) })
const seconds = () => Math.floor(Date.now() / 1000)

test('a person’s token gets through and is on the request', async () => {
  const response = await get(await issuer.token({ scope: 'books:read books:write' }))
  expect(response.json()).toMatchObject({
    sub: 'ada',
    clientId: 'app',
    scopes: ['books:read', 'books:write'],
    isMachine: false,
    expiresAt: expect.any(Number),
  })
})

test('a machine’s token is told apart: its subject is the client', async () => {
  const response = await get(await issuer.token({ sub: 'app' }))
  expect(response.json()).toMatchObject({ sub: 'app', clientId: 'app', isMachine: true })
})

test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('%s is accepted', async (alg) => {
  const key = await createKey(alg)
  const other = await createTestIssuer()
  other.published = [key.jwk]
  const app = await createApi({ issuer: other.issuer, audience: AUDIENCE })
  const token = await other.token({}, {}, key)
  expect((await app.inject({ url: '/any', headers: bearer(token) })).statusCode).toBe(200)
  await app.close()
  await other.down()
})

test('an audience among several, a typ with its media type written out, a scope that is not there', async () => {
  expect((await get(await issuer.token({ aud: ['https://else.example', AUDIENCE] }))).statusCode).toBe(200)
  expect((await get(await issuer.token({}, { typ: 'application/at+jwt' }))).statusCode).toBe(200)
  expect((await get(await issuer.token({ scope: undefined }))).json()).toMatchObject({ scopes: [] })
})

/** Every one of them is 401 invalid_token, whatever is wrong with it. */
const wrong: [string, () => Promise<string> | string, RegExp][] = [
  ['an id_token (typ JWT)', () => issuer.token({ aud: 'app', nonce: 'n' }, { typ: 'JWT' }), /"typ"/],
  ['an id_token for this audience', () => issuer.token({}, { typ: 'JWT' }), /"typ"/],
  ['no typ', () => issuer.token({}, { typ: undefined }), /"typ"/],
  ['a DPoP proof’s typ', () => issuer.token({}, { typ: 'dpop+jwt' }), /"typ"/],
  ['a logout token', () => issuer.token({}, { typ: 'logout+jwt' }), /"typ"/],
  ['a refresh token, or any opaque one', () => 'q0JtPhzVYl0pmY3yqHhXb7ZvYF1Zt3xA1m5o3kR9c2s', /opaque/],
  ['another audience', () => issuer.token({ aud: 'https://films.example' }), /"aud"/],
  ['an audience that begins alike', () => issuer.token({ aud: `${AUDIENCE}/` }), /"aud"/],
  ['no audience', () => issuer.token({ aud: undefined }), /"aud"/],
  ['another issuer', () => issuer.token({ iss: 'https://evil.example' }), /"iss"/],
  ['an issuer with a slash more', () => issuer.token({ iss: `${issuer.issuer}/` }), /"iss"/],
  ['no issuer', () => issuer.token({ iss: undefined }), /"iss"/],
  ['not yet valid', () => issuer.token({ nbf: seconds() + 60 }), /"nbf"/],
  ['issued in the future', () => issuer.token({ iat: seconds() + 60 }), /iat is in the future/],
  ['no exp', () => issuer.token({ exp: undefined }), /"exp"/],
  ['exp as text', () => issuer.token({ exp: String(seconds() + 60) }), /"exp"/],
  ['no iat', () => issuer.token({ iat: undefined }), /"iat"/],
  ['no sub', () => issuer.token({ sub: undefined }), /at sub/],
  ['no client_id', () => issuer.token({ client_id: undefined }), /at client_id/],
  ['no jti', () => issuer.token({ jti: undefined }), /at jti/],
  ['scopes that are no text', () => issuer.token({ scope: ['books:read'] }), /at scope/],
  [
    'bound to a certificate, which cannot be checked here',
    () => issuer.token({ cnf: { 'x5t#S256': 'x' } }),
    /at cnf/,
  ],
  [
    'bound to a key and to a certificate',
    () => issuer.token({ cnf: { jkt: 'x', 'x5t#S256': 'x' } }),
    /at cnf/,
  ],
  ['an unknown kid', () => issuer.token({}, { kid: 'unknown' }), /no applicable key/],
  ['a foreign key under the kid of a good one', () => issuer.token({}, {}, foreign), /signature/],
  ['a foreign key in jwk', () => issuer.token({}, { jwk: foreign.jwk }, foreign), /signature/],
  [
    'a foreign key behind jku',
    () => issuer.token({}, { jku: 'https://evil.example/jwks' }, foreign),
    /signature/,
  ],
  [
    'a foreign key behind x5u',
    () => issuer.token({}, { x5u: 'https://evil.example/x5' }, foreign),
    /signature/,
  ],
  ['a critical extension', critical, /x-ext/],
  ['alg none', () => new UnsecuredJWT({ sub: 'ada' }).setIssuer(issuer.issuer).encode(), /"alg"/],
  ['alg none with the claims of a good one', unsigned, /"alg"/],
  [
    'alg none spelt None',
    async () => (await unsigned()).replace(/^[^.]+/, base64({ alg: 'None', typ: 'at+jwt' })),
    /"alg"/,
  ],
  ['HS256 with the public key as its secret', confused, /"alg"/],
  ['tampered claims', tampered, /signature/],
  ['no signature', async () => `${(await issuer.token()).split('.').slice(0, 2).join('.')}.`, /signature/],
  ['a cut signature', async () => (await issuer.token()).slice(0, -4), /signature/],
  ['one part', () => 'eyJhbGciOiJSUzI1NiJ9', /opaque/],
  ['a JWE', () => `${base64({ alg: 'RSA-OAEP', enc: 'A128GCM' })}.a.b.c.d`, /opaque/],
]

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
async function unsigned() {
  const [, claims] = (await issuer.token()).split('.')
  return `${base64({ alg: 'none', typ: 'at+jwt' })}.${claims}.`
}
async function confused() {
  const publicKey = await importJWK(issuer.key.jwk, 'RS256', { extractable: true })
  const pem = await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0])
  return issuer.token({}, {}, { ...issuer.key, alg: 'HS256', privateKey: new TextEncoder().encode(pem) })
}
async function critical() {
  const header = { alg: 'RS256', typ: 'at+jwt', kid: String(issuer.key.jwk.kid), crit: ['x-ext'], 'x-ext': 1 }
  return new CompactSign(new TextEncoder().encode('{}'))
    .setProtectedHeader(header)
    .sign(issuer.key.privateKey, { crit: { 'x-ext': true } })
}
async function tampered() {
  const [header, claims = '', signature] = (await issuer.token()).split('.')
  const parsed = JSON.parse(Buffer.from(claims, 'base64url').toString())
  return [header, base64({ ...parsed, sub: 'mallory' }), signature].join('.')
}

test.each(wrong)('RFC 9068: %s is 401 invalid_token', async (_, make, reason) => {
  const token = await make()
  log.length = 0
  const response = await get(token)
  expect(log.map((line) => JSON.parse(line).reason)).toContainEqual(expect.stringMatching(reason))
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toEqual([
    expect.stringMatching(
      /^Bearer realm="Books", error="invalid_token", error_description="[^"]+", resource_metadata="/,
    ),
    expect.stringMatching(/^DPoP realm="Books", algs="RS256 PS256 ES256 EdDSA", resource_metadata="/),
  ])
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  expect(response.headers['cache-control']).toBe('no-store')
  expect(response.json()).toMatchObject({ title: 'Unauthorized', status: 401, code: 'invalid_token' })
})

test('an expired token says so', async () => {
  const response = await get(await issuer.token({ iat: seconds() - 3700, exp: seconds() - 100 }))
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'invalid_token', detail: 'The access token has expired.' })
})

test('a token of an algorithm that the API does not want', async () => {
  const strict = await createApi({ issuer: issuer.issuer, audience: AUDIENCE, algorithms: ['ES256'] })
  const response = await strict.inject({ url: '/any', headers: bearer(await issuer.token()) })
  expect(response.json()).toMatchObject({ code: 'invalid_token' })
  await strict.close()
})

describe('a signature that is right is not enough', () => {
  test('keys of the set that are not for signatures, or symmetric, are not used', async () => {
    const secret = new TextEncoder().encode('s'.repeat(32))
    issuer.published.push({
      kty: 'oct',
      k: Buffer.from(secret).toString('base64url'),
      kid: 'shared',
      alg: 'HS256',
    })
    const token = await new SignJWT({ sub: 'ada', client_id: 'app' })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'shared' })
      .setIssuer(issuer.issuer)
      .setAudience(AUDIENCE)
      .setJti('1')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(secret)
    expect((await get(token)).json()).toMatchObject({ code: 'invalid_token' })
    issuer.published.pop()
  })
})

test('no token is ever logged', async () => {
  const lines: string[] = []
  const logged = await createApi(
    { issuer: issuer.issuer, audience: AUDIENCE },
    { logger: { level: 'trace', stream: { write: (line: string) => void lines.push(line) } } },
  )
  const tokens = [await issuer.token(), await issuer.token({ aud: 'x' }), 'opaque-opaque-opaque']
  for (const token of tokens) await logged.inject({ url: '/books', headers: bearer(token) })
  expect(lines.join('')).toContain('access refused')
  for (const token of tokens) expect(lines.join('')).not.toContain(token)
  await logged.close()
})
