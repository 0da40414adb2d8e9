import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw } from '../security/attacker.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, bearer, createApi, problem } from './support.ts'

let latchkey: Latchkey
let api: Api
beforeAll(async () => {
  latchkey = await startLatchkey({ engine: 'postgresql' })
  api = createApi(latchkey.issuer)
})
afterAll(() => latchkey.stop())

const paths = [
  '/register',
  '/login',
  '/refresh',
  '/logout',
  '/session/login',
  '/forgot-password',
  '/reset-password',
]
const post = (path: string, text: string, type = 'application/json') =>
  api.call('POST', path, { raw: text, headers: { 'content-type': type } })

describe.each(paths)('POST %s', (path) => {
  test.each([
    ['no JSON', '{"username":', 400],
    ['__proto__', '{"__proto__":{"username":"a"}}', 400],
    ['constructor.prototype', '{"constructor":{"prototype":{"a":1}}}', 400],
    ['a NUL', '{"username":"a\\u0000b","email":"a\\u0000@b.example","password":"x","token":"\\u0000"}', 400],
    ['a NUL in a name', '{"a\\u0000":1}', 400],
    ['invalid UTF-8 for the parser', '{"username":"\ufffd', 400],
    ['an array', '[]', 422],
    ['a text', '"text"', 422],
    ['a number', '1', 422],
    ['unknown fields', '{"is_superuser":true}', 422],
    [
      'arrays in fields',
      '{"username":["a"],"email":["a"],"password":["a"],"token":[],"refresh_token":[]}',
      422,
    ],
    ['objects in fields', '{"username":{"$ne":1},"password":{"$gt":""},"refresh_token":{},"email":{}}', 422],
    ['8,000 arrays deep', '['.repeat(8000) + ']'.repeat(8000), 422],
    ['half a surrogate pair', '{"username":"\\ud800","email":"\\ud800","token":"\\ud800"}', 422],
    ['64 KiB', JSON.stringify({ username: 'a'.repeat(65_536) }), 413],
    ['1 MiB', JSON.stringify({ username: 'a'.repeat(1 << 20) }), 413],
  ])('%s → 4xx, as problem details', async (_what, text, status) => {
    const answer = await post(path, text)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(answer.json).toMatchObject({ status, request_id: answer.headers.get('x-request-id') })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('as %s → 415', async (type) => expect(await post(path, '{"a":1}', type)).toMatchObject({ status: 415 }))
})

test('the code says what is wrong with a body', async () => {
  expect(await post('/login', '{')).toMatchObject(problem(400, 'invalid_request'))
  expect(await post('/login', '{}', 'text/plain')).toMatchObject(problem(415, 'unsupported_media_type'))
  expect(await post('/login', 'x'.repeat(20_000))).toMatchObject(problem(413, 'too_large'))
  expect((await post('/login', '')).json).toMatchObject({ errors: { body: ['Send a JSON object.'] } })
})

test('fields named like parts of objects are only unknown', async () => {
  const answer = await post(
    '/login',
    '{"constructor":1,"toString":2,"hasOwnProperty":3,"username":"a","password":"x"}',
  )
  expect(answer.status).toBe(422)
  expect(Object.keys(answer.json.errors as object).sort()).toEqual([
    'constructor',
    'hasOwnProperty',
    'toString',
  ])
})

test('one name, not two, not none', async () => {
  for (const body of [{ password: PASSWORD }, { username: 'a', email: 'a@b.example', password: PASSWORD }])
    expect(await api.post('/login', body)).toMatchObject({
      status: 422,
      json: { errors: { username: [expect.any(String)] } },
    })
})

test('strange names and passwords are refused like any other', async () => {
  for (const username of [
    '\ud800',
    'a'.repeat(320),
    '%00',
    "' OR 1=1 --",
    'ada\u202e',
    '\u0001',
    ' ',
    '@',
    '🙂',
  ])
    expect((await api.post('/login', { username, password: 'x' })).status).toBe(401)
  expect((await api.post('/login', { username: 'a'.repeat(321), password: 'x' })).status).toBe(422)
  expect((await api.post('/login', { username: 'a', password: 'x'.repeat(1025) })).status).toBe(422)
  const { email } = await latchkey.createUser()
  expect((await api.login(email, 'x'.repeat(1024))).status).toBe(401)
})

test('a token that is no token: 401 or 404, whatever it holds', async () => {
  for (const token of ['', 'x', '%00', '__proto__', 'a'.repeat(300), '..%2f..', '\u{1F600}']) {
    const answer = await api.get(`/verify-email/${token}`)
    expect([400, 404]).toContain(answer.status)
  }
  for (const refresh_token of ['', 'x', '\ud800', '__proto__', 'a'.repeat(2048)])
    expect((await api.post('/refresh', { refresh_token })).status).toBe(401)
})

test('nobody needs a body on DELETE, and none is read before the caller is known', async () => {
  const large = 'x'.repeat(1 << 20)
  expect((await api.call('DELETE', '/me', { raw: large })).status).toBe(401)
  const { email } = await latchkey.createUser()
  const { access_token } = (await api.login(email)).json
  expect((await api.call('DELETE', '/me', { raw: large, headers: bearer(access_token) })).status).toBe(413)
})

test('unknown paths and methods of the API are problem details, for browsers too', async () => {
  const answer = await raw(`${latchkey.issuer}/api/auth/nothing`, { headers: { accept: 'text/html' } })
  expect(answer.status).toBe(404)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect((await api.call('PUT', '/me', { body: {} })).status).toBe(404)
})

test('nothing of it was an error of the server', () => {
  expect(latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
})
