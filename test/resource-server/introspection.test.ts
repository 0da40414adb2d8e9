import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ResourceServerOptions } from '../../src/resource-server/index.ts'
import { bearer, createApi } from './api.ts'
import { AUDIENCE, createTestIssuer, type TestIssuer } from './issuer.ts'

let now = Date.parse('2026-11-22T00:00:00Z')
let issuer: TestIssuer
let api: FastifyInstance

beforeEach(async () => {
  issuer = await createTestIssuer(() => now / 1000)
  await start()
})
afterEach(async () => {
  await api.close()
  await issuer.down()
})

const CLIENT = { clientId: 'books api', clientSecret: 'päss:wörd+/' }
async function start(options: Partial<ResourceServerOptions> = {}) {
  api = await createApi({
    issuer: issuer.issuer,
    audience: AUDIENCE,
    introspection: CLIENT,
    clock: () => now,
    ...options,
  })
}
const active = (more: Record<string, unknown> = {}) => ({
  active: true,
  token_type: 'Bearer',
  client_id: 'app',
  sub: 'ada',
  aud: AUDIENCE,
  scope: 'books:read',
  exp: now / 1000 + 3600,
  ...more,
})
const get = (token: string, url = '/any') => api.inject({ url, headers: bearer(token) })
const asked = () => issuer.asked.get('/introspect') ?? 0

test('an opaque token is what the issuer says it is', async () => {
  issuer.opaque.set('opaque', active())
  expect((await get('opaque')).json()).toMatchObject({
    sub: 'ada',
    clientId: 'app',
    scopes: ['books:read'],
    isMachine: false,
  })
  const { authorization, body } = issuer.introspected ?? {}
  // RFC 6749 §2.3.1: form-encoded before it is joined.
  expect(Buffer.from(String(authorization?.slice(6)), 'base64').toString()).toBe(
    'books+api:p%C3%A4ss%3Aw%C3%B6rd%2B%2F',
  )
  expect(Object.fromEntries(body ?? [])).toEqual({ token: 'opaque', token_type_hint: 'access_token' })
})

test('a machine’s token has no subject but the client', async () => {
  issuer.opaque.set('machine', active({ sub: undefined }))
  expect((await get('machine')).json()).toMatchObject({ sub: 'app', isMachine: true })
})

test.each<[string, Record<string, unknown>]>([
  ['inactive', { active: false }],
  ['a refresh token (no token_type)', { token_type: undefined }],
  ['a token of another type', { token_type: 'N_A' }],
  ['for another audience', { aud: 'https://films.example' }],
  ['for nobody in particular, issued to another client', { aud: undefined }],
  ['of another issuer', { iss: 'https://evil.example' }],
  ['expired', { exp: 1 }],
  ['not yet valid', { nbf: Date.parse('2027-01-01') / 1000 }],
  ['without a client', { client_id: undefined }],
  ['bound to a certificate', { cnf: { 'x5t#S256': 'x' } }],
])('RFC 7662: what is %s is 401 invalid_token', async (_, more) => {
  issuer.opaque.set('opaque', active(more))
  const response = await get('opaque')
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'invalid_token' })
})

test('one without an audience is taken from this API’s own client', async () => {
  issuer.opaque.set('own', active({ aud: undefined, client_id: CLIENT.clientId }))
  expect((await get('own')).statusCode).toBe(200)
})

test('the answer is believed for five seconds: one question for many requests, and a revoked token soon ends', async () => {
  issuer.opaque.set('opaque', active())
  await Promise.all(Array.from({ length: 20 }, () => get('opaque')))
  expect(asked()).toBe(1)
  issuer.opaque.delete('opaque')
  now += 4900
  expect((await get('opaque')).statusCode).toBe(200)
  now += 200
  expect((await get('opaque')).statusCode).toBe(401)
  expect(asked()).toBe(2)
})

test('an answer is never believed past exp', async () => {
  issuer.opaque.set('opaque', active({ exp: now / 1000 + 2 }))
  expect((await get('opaque')).statusCode).toBe(200)
  now += 2000
  expect((await get('opaque')).statusCode).toBe(401)
  expect(asked()).toBe(1)
})

test('a cache of nothing asks each time', async () => {
  await api.close()
  await start({ introspection: { ...CLIENT, cacheSeconds: 0 } })
  issuer.opaque.set('opaque', active())
  await get('opaque')
  await get('opaque')
  expect(asked()).toBe(2)
})

test('a flood of made-up tokens asks no more than 32 at a time; the rest is 503 at once', async () => {
  let release = () => {}
  issuer.hold(new Promise<void>((resolve) => (release = resolve)))
  const answers = Array.from({ length: 100 }, (_, at) => get(`made-up-${at}`))
  const first = await Promise.race(answers)
  expect(first.statusCode).toBe(503)
  expect(first.headers['retry-after']).toBe('1')
  release()
  issuer.hold()
  const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode)
  expect(statuses.filter((status) => status === 401)).toHaveLength(32)
  expect(statuses.filter((status) => status === 503)).toHaveLength(68)
})

test('an issuer that cannot be asked is 503, and is asked again', async () => {
  issuer.opaque.set('opaque', active())
  await get('warm')
  await issuer.down()
  const response = await get('opaque')
  expect(response.statusCode).toBe(503)
  expect(response.headers['retry-after']).toBe('5')
  expect(response.headers['www-authenticate']).toBeUndefined()
  await issuer.up()
  expect((await get('opaque')).statusCode).toBe(200)
})

test('a JWT is never introspected', async () => {
  const token = await issuer.token({ aud: 'https://films.example' })
  issuer.opaque.set(token, active())
  expect((await get(token)).statusCode).toBe(401)
  expect(asked()).toBe(0)
})

test('scopes are asked for as ever', async () => {
  issuer.opaque.set('opaque', active({ scope: 'films:read' }))
  expect((await get('opaque', '/books')).statusCode).toBe(403)
})
