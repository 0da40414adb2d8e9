import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildHttpApp } from './http-app.ts'

let app: FastifyInstance
let lines: string[]
const last = () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>

beforeEach(async () => {
  lines = []
  app = await buildHttpApp({ log: (line) => lines.push(line) })
})
afterEach(() => app.close())

test('one line a request: method, path, names of the query parameters, status, duration', async () => {
  const answer = await app.inject('/login?state=hush&code=hush-too')
  expect(lines).toHaveLength(1)
  expect(last()).toMatchObject({
    msg: 'request',
    req: { method: 'GET', path: '/login', query: ['state', 'code'], ip: '127.0.0.1' },
    status: 200,
    duration_ms: expect.any(Number),
    request_id: answer.headers['x-request-id'],
  })
  expect(lines[0]).not.toContain('hush')
})

test('parameters in the path stay out of the log', async () => {
  await app.inject('/verify/one-time-token-in-the-path')
  expect(last()).toMatchObject({ req: { path: '/verify/:token' } })
  expect(lines.join('')).not.toContain('one-time-token')
})

test.each(['/reset-password/', '/nowhere/a-', '/reset-password%3Ftoken=', '/login?', '/nowhere?x&'])(
  'a token stays out of the log wherever a mail program puts it: %s',
  async (before) => {
    const token = 'hushhushhushhushhushhushhushhushhushhushhus'
    await app.inject(`${before}${token}`)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('')).not.toContain('hush')
  },
)

test('a request cannot choose its id', async () => {
  const answer = await app.inject({
    url: '/login',
    headers: { 'request-id': 'forged', 'x-request-id': 'forged' },
  })
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect(lines.join('')).not.toContain('forged')
})

test('neither cookies, credentials nor the form get into the log of a refused request', async () => {
  await app.inject({
    method: 'POST',
    url: '/login',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'Bearer hush-bearer',
      cookie: 'latchkey_csrf=hush-cookie',
    },
    payload: 'identifier=ada&password=hush-password&csrf_token=hush-token',
  })
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.join('')).not.toContain('hush')
})

test.each([
  'password',
  'client_secret',
  'code',
  'token',
  'refresh_token',
  'authorization',
  'cookie',
  'csrf_token',
])('%s is blanked out wherever it is logged', (field) => {
  app.log.info(
    { [field]: 'hush', body: { [field]: 'hush' }, req2: { headers: { [field]: 'hush' } } },
    'careless',
  )
  expect(lines.at(-1)).not.toContain('hush')
  expect(lines.at(-1)).toContain('[redacted]')
})

test('a set-cookie header is blanked out', () => {
  app.log.info({ res2: { headers: { 'set-cookie': 'a=hush' } } }, 'careless')
  expect(lines.at(-1)).not.toContain('hush')
})
