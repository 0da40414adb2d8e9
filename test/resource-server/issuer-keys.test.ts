import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ResourceServerOptions } from '../../src/resource-server/index.ts'
import { bearer, createApi } from './api.ts'
import { AUDIENCE, createKey, createTestIssuer, type TestIssuer } from './issuer.ts'

let now = Date.parse('2026-11-22T00:00:00Z')
let issuer: TestIssuer
let api: FastifyInstance

beforeEach(async () => {
  issuer = await createTestIssuer(() => now / 1000)
})
afterEach(async () => {
  await api.close()
  await issuer.down()
})

const start = async (options: Partial<ResourceServerOptions> = {}) => {
  api = await createApi({ issuer: issuer.issuer, audience: AUDIENCE, clock: () => now, ...options })
}
const get = async (token: string) => {
  const { statusCode, headers } = await api.inject({ url: '/any', headers: bearer(token) })
  return { status: statusCode, retryAfter: headers['retry-after'] }
}
const fetches = () => issuer.asked.get('/jwks') ?? 0
const ok = { status: 200, retryAfter: undefined }
const refused = { status: 401, retryAfter: undefined }

test('a rotated key is seen without a restart', async () => {
  await start()
  expect(await get(await issuer.token())).toEqual(ok)
  const old = await issuer.token()
  await issuer.rotate()
  now += 31_000
  expect(await get(await issuer.token())).toEqual(ok)
  expect(await get(old)).toEqual(refused)
})

test('a withdrawn key is forgotten after ten minutes at the latest', async () => {
  await start()
  const leaked = await issuer.token()
  await issuer.rotate()
  expect(await get(leaked)).toEqual(ok)
  now += 600_000
  expect(await get(leaked)).toEqual(refused)
})

test('a flood of unknown kids costs one fetch in each cooldown', async () => {
  await start()
  const good = await issuer.token()
  expect(await get(good)).toEqual(ok)
  expect(fetches()).toBe(1)
  const flood = async () => {
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, at) => issuer.token({}, { kid: `made-up-${at}` })),
    )
    return Promise.all(tokens.map(get))
  }
  now += 31_000
  for (const answer of await flood()) expect(answer).toEqual(refused)
  expect(fetches()).toBe(2)
  now += 29_000
  for (const answer of await flood()) expect(answer).toEqual(refused)
  expect(fetches()).toBe(2)
  now += 2000
  await flood()
  expect(fetches()).toBe(3)
  expect(await get(good)).toEqual(ok)
})

test('requests that come while the keys are fetched wait for the one fetch', async () => {
  let release = () => {}
  issuer.hold(new Promise<void>((resolve) => (release = resolve)))
  await start()
  const token = await issuer.token()
  const answers = Promise.all(Array.from({ length: 50 }, () => get(token)))
  release()
  issuer.hold()
  for (const answer of await answers) expect(answer).toEqual(ok)
  expect(fetches()).toBe(1)
})

test('an issuer that is not there at start-up is 503 with Retry-After until it is', async () => {
  const token = await issuer.token()
  await issuer.down()
  await start()
  for (let time = 0; time < 3; time++) {
    const answer = await get(token)
    expect(answer.status).toBe(503)
    expect(Number(answer.retryAfter)).toBeGreaterThanOrEqual(1)
    expect(Number(answer.retryAfter)).toBeLessThanOrEqual(5)
  }
  expect((await api.inject('/health')).statusCode).toBe(200)
  await issuer.up()
  now += 5000
  expect(await get(token)).toEqual(ok)
})

test('an issuer that goes away: known keys work for an hour more, then 503, then again', async () => {
  await start()
  const life = { exp: now / 1000 + 86_400 }
  const token = await issuer.token(life)
  expect(await get(token)).toEqual(ok)
  await issuer.down()
  now += 3_600_000
  expect(await get(token)).toEqual(ok)
  const other = await issuer.token(life, {}, await createKey())
  expect((await get(other)).status).toBe(503)
  now += 3_600_000
  expect((await get(token)).status).toBe(503)
  await issuer.up()
  now += 5000
  expect(await get(token)).toEqual(ok)
})

test('while the issuer is down, many requests cost one attempt in five seconds', async () => {
  let attempts = 0
  const counting: typeof fetch = (...request) => {
    attempts++
    return fetch(...request)
  }
  await issuer.down()
  await start({ fetch: counting })
  const token = await issuer.token()
  await get(token)
  const before = attempts
  await Promise.all(Array.from({ length: 100 }, () => get(token)))
  expect(attempts).toBe(before)
  now += 5000
  await Promise.all(Array.from({ length: 100 }, () => get(token)))
  // One attempt at each of the two addresses of the metadata.
  expect(attempts).toBe(before + 2)
  await issuer.up()
})

test.each<[string, () => Record<string, unknown> | undefined]>([
  ['that calls itself another', () => ({ ...issuer.metadata, issuer: 'https://evil.example' })],
  ['whose keys are on plain http', () => ({ ...issuer.metadata, jwks_uri: 'http://evil.example/jwks' })],
  ['without keys', () => ({ issuer: issuer.issuer })],
  ['whose metadata is nothing of the kind', () => ({ hello: 'world' })],
])('an issuer %s is not believed', async (_, metadata) => {
  issuer.metadata = metadata() ?? {}
  await start()
  expect((await get(await issuer.token())).status).toBe(503)
})

test('a redirect of the issuer is not followed', async () => {
  const asked: string[] = []
  const redirecting: typeof fetch = (input, init) => {
    asked.push(String(init?.redirect))
    return fetch(input, init)
  }
  await start({ fetch: redirecting })
  await get(await issuer.token())
  expect(asked.length).toBeGreaterThan(1)
  expect(new Set(asked)).toEqual(new Set(['error']))
})

test('8414 3.1: an issuer with a path, and one that has only OAuth metadata', async () => {
  const asked: string[] = []
  const pathIssuer = 'https://id.example/tenant'
  const answers: Record<string, unknown> = {
    'https://id.example/.well-known/oauth-authorization-server/tenant': {
      issuer: pathIssuer,
      jwks_uri: 'https://id.example/tenant/jwks',
    },
    'https://id.example/tenant/jwks': { keys: issuer.published },
  }
  const served: typeof fetch = async (input) => {
    asked.push(String(input))
    const answer = answers[String(input)]
    return Response.json(answer ?? {}, { status: answer === undefined ? 404 : 200 })
  }
  await start({ issuer: pathIssuer, fetch: served })
  expect(await get(await issuer.token({ iss: pathIssuer }))).toEqual(ok)
  expect(asked[0]).toBe('https://id.example/tenant/.well-known/openid-configuration')
})
