import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, passTime } from '../security/attacker.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, createApi, invalidCredentials, problem } from './support.ts'

let latchkey: Latchkey
let api: Api
beforeAll(async () => {
  latchkey = await startLatchkey({ clock, realHashes: true })
  api = createApi(latchkey.issuer)
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

/** The calls of docs/source-guides.md, A. */
describe('basics of authentication', () => {
  test('a password is stored as argon2id', async () => {
    const { id } = await latchkey.createUser()
    const row = await latchkey.services.db.prisma.account.findUnique({ where: { id } })
    expect(row?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,/)
  })

  test('a token opens a protected route; none, a wrong one and an expired one are 401', async () => {
    const { email } = await latchkey.createUser()
    const { access_token, expires_in } = (await api.login(email)).json
    expect((await api.me(bearer(access_token))).status).toBe(200)
    expect(await api.me({})).toMatchObject(invalidCredentials)
    expect(await api.me(bearer(`${access_token}x`))).toMatchObject(problem(401, 'invalid_token'))
    passTime(Number(expires_in) + 1)
    const expired = await api.me(bearer(access_token))
    expect(expired).toMatchObject(problem(401, 'invalid_token'))
    expect(expired.headers.get('www-authenticate')).toContain(
      'Bearer realm="Latchkey", error="invalid_token"',
    )
  })

  test('the refresh token outlives it', async () => {
    const { email } = await latchkey.createUser()
    const { refresh_token } = (await api.login(email)).json
    passTime(3601)
    const next = await api.post('/refresh', { refresh_token })
    expect((await api.me(bearer(next.json.access_token))).status).toBe(200)
  })

  test('five failures lock for 15 minutes, with the same words as a wrong password', async () => {
    const { email } = await latchkey.createUser()
    for (let attempt = 0; attempt < 5; attempt++)
      expect(await api.login(email, 'wrong')).toMatchObject(invalidCredentials)
    expect(await api.login(email)).toMatchObject(invalidCredentials)
    passTime(901)
    expect((await api.login(email)).status).toBe(200)
  })

  test('lifetimes are settings', async () => {
    const short = await startLatchkey({ env: { ACCESS_TOKEN_TTL: '120' } })
    try {
      const { email } = await short.createUser()
      const own = createApi(short.issuer)
      expect((await own.login(email)).json.expires_in).toBe(120)
      const { json } = await own.post('/tokens', undefined, basic(email, PASSWORD))
      expect(json.expiration).toBe(120)
    } finally {
      await short.stop()
    }
  })
})

/** The calls of docs/source-guides.md, C. */
test('an API with users: created, refused by field, signed in, read, changed, disabled', async () => {
  const person = { username: 'barbara', email: 'barbara@example.com', password: 'velvet-anchor-58-tundra' }
  const wrong = await api.post('/register', { ...person, email: 'barbara', password: 'Short1!' })
  expect(wrong).toMatchObject({ status: 422, json: { code: 'invalid_fields' } })
  expect(Object.keys(wrong.json.errors as object).sort()).toEqual(['email', 'password'])
  expect((await api.post('/register', person)).status).toBe(201)
  expect(await api.post('/register', person)).toMatchObject({
    status: 409,
    json: { errors: { username: [expect.any(String)] } },
  })
  await api.get(`/verify-email/${(await latchkey.mailTo(person.email)).link.searchParams.get('token')}`)
  const { access_token } = (await api.login(person.username, person.password)).json
  const headers = bearer(access_token)
  const changed = await api.call('PATCH', '/me', { body: { last_name: 'Liskov' }, headers })
  expect(changed.json).toMatchObject({ username: 'barbara', last_name: 'Liskov' })
  const closed = await api.call('DELETE', '/me', { body: { password: person.password }, headers })
  expect(closed.status).toBe(204)
  expect(await api.me(headers)).toMatchObject(invalidCredentials)
  expect(await api.login(person.username, person.password)).toMatchObject(invalidCredentials)
})
