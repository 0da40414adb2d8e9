import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, passTime } from '../security/attacker.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, createApi, invalidCredentials } from './support.ts'

let latchkey: Latchkey
let api: Api
beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  api = createApi(latchkey.issuer)
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

/** Accounts of this test only, and how often a password was really checked. */
const person = () => latchkey.createUser()
const checks = () => latchkey.log.filter((line) => /"account\.sign(ed_in|_in_failed)"/.test(line)).length

describe('the lesson on API authentication', () => {
  test('email address or username and password on every request', async () => {
    const { email, username } = await person()
    expect(await api.me(basic(email, PASSWORD))).toMatchObject({ status: 200, json: { username } })
    expect(await api.me(basic(username, PASSWORD))).toMatchObject({ status: 200, json: { email } })
    const changed = await api.call('PATCH', '/me', {
      body: { first_name: 'Miguel' },
      headers: basic(email, PASSWORD),
    })
    expect(changed).toMatchObject({ status: 200, json: { first_name: 'Miguel' } })
  })

  test('POST /tokens → token and expiration; the token stands in the user name', async () => {
    const { email } = await person()
    const issued = await api.post('/tokens', undefined, basic(email, PASSWORD))
    expect(issued).toMatchObject({ status: 200, json: { token: expect.any(String), expiration: 3600 } })
    expect(Object.keys(issued.json)).toEqual(['token', 'expiration'])
    const { token } = issued.json
    expect(await api.me(basic(token))).toMatchObject({ status: 200, json: { email } })
    expect(await api.me(bearer(token))).toMatchObject({ status: 200, json: { email } })
    passTime(3601)
    expect(await api.me(basic(token))).toMatchObject(invalidCredentials)
  })

  test('a token mints no token, neither does a session, nobody, or an access token of a login', async () => {
    const { email } = await person()
    const { token } = (await api.post('/tokens', undefined, basic(email, PASSWORD))).json
    const { access_token } = (await api.login(email)).json
    for (const headers of [basic(token), bearer(token), bearer(access_token), basic(access_token), {}]) {
      const answer = await api.post('/tokens', undefined, headers)
      expect(answer).toMatchObject(invalidCredentials)
      expect(answer.headers.get('www-authenticate')).toContain('Basic realm="Latchkey", charset="UTF-8"')
    }
  })

  test('anonymous, unknown, wrong password, wrong token: one answer', async () => {
    const { email } = await person()
    const answers = await Promise.all([
      api.me({}),
      api.me(basic('nobody@example.com', PASSWORD)),
      api.me(basic(email, 'not-the-password')),
      api.me(basic('x'.repeat(43))),
      api.me(basic('', '')),
    ])
    for (const answer of answers) {
      expect(answer).toMatchObject(invalidCredentials)
      expect(answer.headers.get('www-authenticate')).toMatch(/Basic realm=.*Bearer realm=/)
    }
  })

  test('an unverified account is 403 “Unconfirmed account”, on whatever it is', async () => {
    const { issuer } = latchkey
    await latchkey.services.accounts.createByAdmin({
      username: 'unverified',
      email: 'unverified@example.com',
      password: PASSWORD,
    })
    for (const path of ['/me', '/tokens'])
      expect(await createApi(issuer).post(path, undefined, basic('unverified', PASSWORD))).toMatchObject({
        status: 403,
        json: { detail: 'Unconfirmed account' },
      })
    expect((await api.me(basic('unverified', 'wrong password here'))).status).toBe(401)
    expect((await api.post('/send-verification', undefined, basic('unverified', PASSWORD))).status).toBe(202)
  })
})

describe('one argon2 serves a minute of requests, and nothing else changes by it', () => {
  test('repeated and parallel requests check the password once', async () => {
    const { email } = await person()
    const before = checks()
    const first = await Promise.all(Array.from({ length: 20 }, () => api.me(basic(email, PASSWORD))))
    for (let round = 0; round < 5; round++) first.push(await api.me(basic(email, PASSWORD)))
    expect(first.every(({ status }) => status === 200)).toBe(true)
    expect(checks() - before).toBe(1)
    passTime(61)
    expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
    expect(checks() - before).toBe(2)
  })

  test('use does not prolong it', async () => {
    const { email } = await person()
    const before = checks()
    for (let second = 0; second < 4; second++) {
      await api.me(basic(email, PASSWORD))
      passTime(25)
    }
    expect(checks() - before).toBe(2)
  })

  test('a failure is checked each time', async () => {
    const { email } = await person()
    const before = checks()
    for (let round = 0; round < 3; round++) expect((await api.me(basic(email, 'wrong'))).status).toBe(401)
    expect(checks() - before).toBe(3)
  })

  test('a remembered password says nothing about another one', async () => {
    const { email, username } = await person()
    const other = await person()
    expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
    expect((await api.me(basic(email, `${PASSWORD}x`))).status).toBe(401)
    expect((await api.me(basic(`${email}:`, PASSWORD))).status).toBe(401)
    expect(await api.me(basic(username, PASSWORD))).toMatchObject({ json: { email } })
    expect(await api.me(basic(other.email, PASSWORD))).toMatchObject({ json: { email: other.email } })
  })

  const ends: readonly [string, (id: string, email: string) => Promise<unknown>][] = [
    ['disabling', (id) => latchkey.services.accounts.disable(id)],
    ['deleting', (id) => latchkey.services.accounts.delete(id)],
    [
      'changing the password',
      (accountId) =>
        latchkey.services.accounts.changePassword({
          accountId,
          currentPassword: PASSWORD,
          newPassword: 'quartz-lantern-31-orbit',
        }),
    ],
    [
      'a reset',
      async (_id, email) => {
        await latchkey.services.accounts.forgot(email)
        const token = (await latchkey.mailTo(email)).link.searchParams.get('token')
        await latchkey.services.accounts.reset(String(token), 'quartz-lantern-31-orbit')
      },
    ],
    [
      'a lock',
      async (_id, email) => {
        for (let attempt = 0; attempt < 5; attempt++) await api.login(email, 'wrong')
      },
    ],
  ]
  test.each(ends)('%s ends it at once', async (_what, end) => {
    const { id, email } = await person()
    expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
    await end(id, email)
    expect(await api.me(basic(email, PASSWORD))).toMatchObject(invalidCredentials)
  })

  test('no password is logged', () => {
    expect(latchkey.log.join('')).not.toContain(PASSWORD)
  })
})

describe('what is not Basic', () => {
  const encoded = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`
  test.each([
    ['no colon', encoded('ada')],
    ['nothing', 'Basic'],
    ['not base64', 'Basic ???'],
    ['a NUL', encoded('ada\0:x')],
    ['a line break', encoded('ada\n:x')],
    ['not UTF-8', encoded(Buffer.from([0xff, 0xfe, 0x3a, 0x61]))],
    ['very long', encoded(`${'a'.repeat(4000)}:x`)],
    ['another scheme', 'Digest username="ada"'],
    ['a DPoP scheme', 'DPoP abc'],
    ['Bearer without a token', 'Bearer '],
    ['two tokens', 'Bearer a b'],
    ['__proto__', encoded('__proto__:__proto__')],
  ])('%s → 401', async (_what, authorization) => {
    expect(await api.me({ authorization })).toMatchObject(invalidCredentials)
  })

  test('a password with a colon, and one in Unicode, composed either way', async () => {
    const accounts = latchkey.services.accounts
    const password = 'Zürich:glass:otter:72'
    await accounts.createByAdmin({ username: 'colon', email: 'colon@example.com', password, verified: true })
    expect((await api.me(basic('colon', password))).status).toBe(200)
    expect((await api.me(basic('colon', password.normalize('NFD')))).status).toBe(200)
  })

  test('a browser is not asked to open its own password dialogue', async () => {
    const answer = await api.me({ 'sec-fetch-site': 'same-origin' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="Latchkey"')
  })
})

describe('over plain http', () => {
  test('Basic is refused, before anything is checked, unless a trusted proxy says it came by https', async () => {
    const far = await startLatchkey({ env: { ISSUER: 'https://id.example', TRUST_PROXY: 'loopback' } })
    try {
      const { email } = await far.createUser()
      const { access_token } = (await createApi(`http://localhost:${far.env.PORT}`).login(email)).json
      const me = (headers: Record<string, string>) =>
        createApi(`http://localhost:${far.env.PORT}`).me(headers)
      const from = { 'x-forwarded-for': '192.0.2.7' }
      const plain = { ...from, 'x-forwarded-proto': 'http' }
      expect(await me({ ...basic(email, PASSWORD), ...plain })).toMatchObject({
        status: 403,
        json: { code: 'https_required' },
      })
      expect(await me({ ...basic(email, PASSWORD), ...from })).toMatchObject({ status: 403 })
      expect(await me({ ...basic(access_token), ...plain })).toMatchObject({ status: 403 })
      const tls = { ...from, 'x-forwarded-proto': 'https' }
      expect((await me({ ...basic(email, PASSWORD), ...tls })).status).toBe(200)
    } finally {
      await far.stop()
    }
  })
})
