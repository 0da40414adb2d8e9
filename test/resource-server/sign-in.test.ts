import fastify, { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../../src/resource-server/index.ts'
import { createProver, prove } from '../security/proofs.ts'
import { bearer } from './api.ts'
import { AUDIENCE, createTestIssuer, type TestIssuer } from './issuer.ts'

const MFA = 'urn:example:mfa'
const PHR = 'urn:example:phr'
const now = () => Math.floor(Date.now() / 1000)

let issuer: TestIssuer
let api: FastifyInstance
async function start(options: Partial<ResourceServerOptions> = {}) {
  const app = fastify()
  await app.register(resourceServer, { issuer: issuer.issuer, audience: AUDIENCE, ...options })
  app.get('/any', ({ token: { acr, amr, authTime } }) => ({ acr, amr, authTime }))
  app.delete('/strong', { config: { scope: 'books:read', acr: [MFA, PHR] } }, () => 'gone')
  app.get('/one', { config: { acr: PHR } }, () => 'one')
  app.get('/recent', { config: { maxAuthAge: 300 } }, () => 'recent')
  app.get('/both', { config: { acr: [MFA, PHR], maxAuthAge: 300 } }, () => 'both')
  await app.ready()
  return app
}
beforeAll(async () => {
  issuer = await createTestIssuer()
  api = await start()
})
afterAll(async () => {
  await api.close()
  await issuer.down()
})

const get = async (url: string, claims: Record<string, unknown>, app = api) =>
  app.inject({ url, headers: bearer(await issuer.token(claims)) })
const METADATA = 'resource_metadata="https://books.example/.well-known/oauth-protected-resource/api"'
const ALGS = 'algs="RS256 PS256 ES256 EdDSA"'

test('request.token says how and when the person signed in', async () => {
  const told = { acr: MFA, amr: ['pwd', 'otp', 'mfa'], auth_time: 1_800_000_000 }
  expect((await get('/any', told)).json()).toEqual({
    acr: MFA,
    amr: ['pwd', 'otp', 'mfa'],
    authTime: 1_800_000_000,
  })
  expect((await get('/any', {})).json()).toEqual({ amr: [] })
})

test('9470 3: a class that is none of the listed ones is 401, and the challenge says what to ask for', async () => {
  const headers = bearer(await issuer.token({ acr: 'urn:example:pwd', auth_time: now() }))
  const response = await api.inject({ method: 'DELETE', url: '/strong', headers })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toEqual([
    `Bearer scope="books:read", error="insufficient_user_authentication", error_description="This request needs a stronger sign-in.", acr_values="${MFA} ${PHR}", ${METADATA}`,
    `DPoP scope="books:read", ${ALGS}, ${METADATA}`,
  ])
  expect(response.headers['cache-control']).toBe('no-store')
  expect(response.json()).toEqual({
    title: 'Unauthorized',
    status: 401,
    detail: 'This request needs a stronger sign-in.',
    code: 'insufficient_user_authentication',
    acr_values: `${MFA} ${PHR}`,
  })
})

test.each([MFA, PHR])('each of the listed classes gets through: %s', async (acr) => {
  const headers = bearer(await issuer.token({ acr }))
  expect((await api.inject({ method: 'DELETE', url: '/strong', headers })).body).toBe('gone')
})

test.each([
  ['none', undefined],
  ['a part of a listed one', 'urn:example'],
  ['one in another case', PHR.toUpperCase()],
  ['a longer one', `${PHR}x`],
  ['several in one', `${MFA} ${PHR}`],
  ['a list', [PHR]],
  ['a number', 2],
  ['true', true],
])('a class has to be spelt exactly as listed: %s is 401', async (_, acr) => {
  const response = await get('/one', { acr })
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'insufficient_user_authentication', acr_values: PHR })
})

test('9470 3: a sign-in that is too long ago is 401 with max_age; clocks may differ', async () => {
  expect((await get('/recent', { auth_time: now() - 250 })).body).toBe('recent')
  expect((await get('/recent', { auth_time: now() - 305 })).body).toBe('recent')
  const response = await get('/recent', { auth_time: now() - 320 })
  expect(response.statusCode).toBe(401)
  expect(response.headers['www-authenticate']).toEqual([
    `Bearer error="insufficient_user_authentication", error_description="The sign-in is too long ago for this request.", max_age="300", ${METADATA}`,
    `DPoP ${ALGS}, ${METADATA}`,
  ])
  expect(response.json()).toMatchObject({ code: 'insufficient_user_authentication', max_age: 300 })
})

test.each([
  ['none', undefined],
  ['text', String(now())],
  ['null', null],
])('a time of the sign-in that is no number (%s) is none: 401', async (_, auth_time) => {
  expect((await get('/recent', { auth_time })).statusCode).toBe(401)
  expect((await get('/any', { auth_time })).statusCode).toBe(200)
})

test('a route that asks for both gets both, and its challenge names both, whichever is missing', async () => {
  const answer = async (acr: string | undefined, ago: number) =>
    (await get('/both', { acr, auth_time: now() - ago })).json()
  expect((await get('/both', { acr: MFA, auth_time: now() })).body).toBe('both')
  const asked = {
    code: 'insufficient_user_authentication',
    acr_values: `${MFA} ${PHR}`,
    max_age: 300,
  }
  expect(await answer(undefined, 0)).toMatchObject(asked)
  expect(await answer(MFA, 1000)).toMatchObject(asked)
})

test('a machine has not signed in: its tokens get through to no route that asks', async () => {
  for (const url of ['/one', '/recent', '/both'])
    expect((await get(url, { sub: 'job', client_id: 'job' })).json()).toMatchObject({
      code: 'insufficient_user_authentication',
    })
})

test('what a stronger sign-in does not mend comes first: no valid token, a missing scope', async () => {
  const del = async (claims: Record<string, unknown>) =>
    api.inject({ method: 'DELETE', url: '/strong', headers: bearer(await issuer.token(claims)) })
  expect((await del({ scope: 'films:read' })).json()).toMatchObject({ code: 'insufficient_scope' })
  expect((await del({ exp: now() - 60 })).json()).toMatchObject({ code: 'invalid_token' })
  expect((await api.inject({ method: 'DELETE', url: '/strong' })).json()).toMatchObject({
    code: 'missing_token',
  })
})

test('the challenge is one of the scheme that was used: DPoP', async () => {
  const prover = await createProver()
  const token = await issuer.token({ cnf: { jkt: prover.jkt }, acr: MFA })
  const request = async (app: FastifyInstance) => {
    const dpop = await prove(prover, 'GET', 'https://books.example/one', { accessToken: token })
    const { headers } = await app.inject({ url: '/one', headers: { authorization: `DPoP ${token}`, dpop } })
    return headers['www-authenticate']
  }
  const error = `error="insufficient_user_authentication", error_description="This request needs a stronger sign-in.", acr_values="${PHR}"`
  expect(await request(api)).toEqual([`Bearer ${METADATA}`, `DPoP ${error}, ${ALGS}, ${METADATA}`])
  const bound = await start({ requireDpop: true })
  expect(String(await request(bound))).toBe(`DPoP ${error}, ${ALGS}, ${METADATA}`)
  await bound.close()
})

test('9470 6.2: of an opaque token the introspection response says it', async () => {
  const introspection = { clientId: 'books', clientSecret: 'secret', cacheSeconds: 0 }
  const app = await start({ introspection })
  const answer = (members: Record<string, unknown>) => {
    const active = { active: true, token_type: 'Bearer', client_id: 'app', sub: 'ada', aud: AUDIENCE }
    issuer.opaque.set('opaque', { ...active, ...members })
    return app.inject({ url: '/both', headers: bearer('opaque') })
  }
  expect((await answer({ acr: MFA, auth_time: now() })).body).toBe('both')
  for (const members of [{}, { acr: MFA }, { auth_time: now() }, { acr: MFA, auth_time: now() - 1000 }])
    expect((await answer(members)).json()).toMatchObject({
      code: 'insufficient_user_authentication',
      acr_values: `${MFA} ${PHR}`,
      max_age: 300,
    })
  await app.close()
})

describe('what would protect nothing is an error at registration', () => {
  test.each<[string, FastifyContextConfig]>([
    ['an empty class', { acr: '' }],
    ['an empty list', { acr: [] }],
    ['an empty class in a list', { acr: [MFA, ''] }],
    ['classes in one text', { acr: `${MFA} ${PHR}` }],
    ['a quote', { acr: 'a"b' }],
    ['a number', { acr: 2 as never }],
    ['a negative age', { maxAuthAge: -1 }],
    ['no age at all, which no token has', { maxAuthAge: 0 }],
    ['half a second', { maxAuthAge: 0.5 }],
    ['an age that is no number', { maxAuthAge: '300' as never }],
    ['NaN', { maxAuthAge: Number.NaN }],
    ['a public route', { acr: MFA, public: true }],
    ['a public route with an age', { maxAuthAge: 60, public: true }],
  ])('%s', async (_, config) => {
    const app = fastify()
    await app.register(resourceServer, { issuer: issuer.issuer, audience: AUDIENCE })
    expect(() => app.get('/wrong', { config }, () => '')).toThrow('latchkey/resource-server')
    await app.close()
  })
})

test('the metadata of the API is as it was (RFC 9728 has no classes)', async () => {
  const { json } = await api.inject('/.well-known/oauth-protected-resource/api')
  expect(Object.keys(json())).toEqual([
    'resource',
    'authorization_servers',
    'scopes_supported',
    'bearer_methods_supported',
    'dpop_signing_alg_values_supported',
  ])
})
