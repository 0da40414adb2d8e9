import type { FastifyInstance, InjectOptions } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildHttpApp, shown } from './http-app.ts'

let app: FastifyInstance
const lines: string[] = []
const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  app = await buildHttpApp({ log: (line) => lines.push(line) })
})
beforeEach(() => {
  lines.length = 0
})
afterAll(() => app.close())

const html = { accept: 'text/html,application/xhtml+xml' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a 500 says nothing about the inside and everything to the log', () => {
  test.each(['/boom', '/api/boom', '/broken'])('%s', async (url) => {
    const answer = await app.inject({ url, headers: html })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toMatch(/SELECT|driver|Error:|\.ts|node_modules/)
    const entry = logged().find((line) => line.msg === 'request failed')
    expect(JSON.stringify(entry)).toContain('SELECT secret')
    expect(entry?.request_id).toBe(answer.headers['x-request-id'])
  })

  test('the log names the cause too', async () => {
    await app.inject('/boom')
    expect(lines.join('')).toContain('driver says no')
  })
})

test('a page for browsers, with the request id', async () => {
  const answer = await app.inject({ url: '/boom', headers: html })
  expect(answer.headers['content-type']).toContain('text/html')
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.body).toContain(String(answer.headers['x-request-id']))
})

test('problem details for the API (RFC 9457), whatever Accept says', async () => {
  const answer = await app.inject({ url: '/api/busy', headers: html })
  expect(answer.statusCode).toBe(503)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'retry-after': '7',
    'cache-control': 'no-store',
  })
  expect(answer.json()).toEqual({
    title: 'Service Unavailable',
    status: 503,
    detail: 'Busy.',
    code: 'busy',
    request_id: answer.headers['x-request-id'],
  })
})

test('however much is wrong, the answer is short: four thousand unknown fields, or wrong values, or a long name', async () => {
  const many = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`u${n}`, n]))
  for (const payload of [many, { list: Array(4000).fill(1) }, { ['n'.repeat(50_000)]: 1 }]) {
    const answer = await app.inject({ method: 'POST', url: '/api/strict', payload })
    expect(answer.statusCode).toBe(422)
    expect(answer.body.length).toBeLessThan(3000)
    expect(lines.join('').length).toBeLessThan(10_000)
    lines.length = 0
  }
  const answer = await app.inject({ method: 'POST', url: '/api/strict', payload: many })
  const { errors } = answer.json() as { errors: Record<string, string[]> }
  expect(errors.u0).toEqual(['This field is not known.'])
  expect(errors['…']).toEqual(['3980 more fields are wrong.'])
})

test('a body that misses fields: 422 with messages by field', async () => {
  const answer = await app.inject({ method: 'POST', url: '/api/things', payload: { name: 1 } })
  expect(answer.statusCode).toBe(422)
  expect(answer.json()).toMatchObject({ code: 'invalid_fields', errors: { name: [expect.any(String)] } })
})

test('OAuth errors on protocol routes (RFC 6749 §5.2)', async () => {
  const answer = await app.inject('/broken')
  expect(answer.json()).toEqual({ error: 'server_error', error_description: expect.any(String) })
})

test.each([
  ['/nowhere', html, 'text/html'],
  ['/nowhere', {}, 'application/problem+json'],
  ['/api/nowhere', html, 'application/problem+json'],
])('404 at %s for %j as %s', async (url, headers, type) => {
  const answer = await app.inject({ url, headers })
  expect(answer.statusCode).toBe(404)
  expect(answer.headers['content-type']).toContain(type)
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
})

test('what was typed into the address is not markup on the page', async () => {
  const answer = await app.inject({ url: '/%3Cscript%3Ealert(1)%3C/script%3E', headers: html })
  expect(answer.body).not.toContain('alert(1)')
})

const bad: [string, number, InjectOptions][] = [
  [
    'JSON where a form belongs',
    415,
    { headers: { 'content-type': 'application/json' }, payload: '{"identifier":"a"}' },
  ],
  ['plain text', 415, { headers: { 'content-type': 'text/plain' }, payload: 'identifier=a' }],
  ['a malformed content type', 415, { headers: { 'content-type': 'x' }, payload: 'a' }],
  ['over 16 KiB', 413, { headers: form, payload: `identifier=${'a'.repeat(17 * 1024)}` }],
  ['a repeated field', 400, { headers: form, payload: 'identifier=a&identifier=b' }],
  ['a NUL', 400, { headers: form, payload: 'identifier=a%00b' }],
  ['encoded bytes that are not UTF-8', 400, { headers: form, payload: 'identifier=%C3%28' }],
  ['raw bytes that are not UTF-8', 400, { headers: form, payload: Buffer.from([0x61, 0x3d, 0xc3, 0x28]) }],
  ['a broken escape', 400, { headers: form, payload: 'identifier=%zz' }],
  ['101 fields', 400, { headers: form, payload: Array.from({ length: 101 }, (_, n) => `f${n}=1`).join('&') }],
  ['no body', 403, {}],
  ['__proto__ as a field', 403, { headers: form, payload: '__proto__=1&constructor=2' }],
]
test.each(bad)('a form with %s: %i, on the page that it stands on', async (_what, status, request) => {
  const sent = await app.inject({ method: 'POST', url: '/login', ...request })
  expect(sent.statusCode).toBe(303)
  const answer = await shown(app, sent)
  expect(answer.statusCode).toBe(status)
  expect(answer.body).toContain('role="alert"')
  expect(answer.headers['content-type']).toContain('text/html')
  expect(lines.join('')).not.toContain('"level":50')
})

test('a path that cannot be decoded is answered with problem details and no stack', async () => {
  const answer = await app.inject('/%zz')
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ code: 'bad_url', status: 400 })
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
})
