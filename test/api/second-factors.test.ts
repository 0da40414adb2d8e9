import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { codeOf, wrongCodeOf } from '../factors/support.ts'
import { clock, passTime } from '../security/attacker.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { showSecondFactor } from './second-factor.ts'
import {
  type Api,
  basic,
  bearer,
  cookiesOf,
  createApi,
  invalidCredentials,
  problem,
  sessionCookie,
} from './support.ts'

let latchkey: Latchkey
let api: Api
beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  api = createApi(latchkey.issuer)
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const proof = { current_password: PASSWORD }
const insufficient = problem(403, 'insufficient_user_authentication')

/** A person with an authenticator app; `cookie` is of a session that has shown it. */
async function withApp() {
  const user = await latchkey.createUser()
  const cookie = await sessionCookie(latchkey, user.email)
  const { factors } = latchkey.services
  const { id: factorId, secret } = await factors.totp.begin(user.id)
  await factors.totp.confirm({ accountId: user.id, generation: 0 }, factorId, codeOf(secret, clock()))
  await showSecondFactor(latchkey, cookie)
  const call = (method: string, path: string, body: object = {}) =>
    api.call(method, path, { body, headers: { cookie } })
  const appPassword = async () =>
    String((await call('POST', '/me/app-passwords', { name: 'Script' })).json.password)
  return { ...user, cookie, factorId, secret, call, appPassword }
}

describe('an authenticator app by JSON', () => {
  test('is set up with the password beside a token, and brings recovery codes once', async () => {
    const { id, email } = await latchkey.createUser()
    const headers = bearer((await api.login(email)).json.access_token)
    const post = (path: string, body: object) => api.post(path, body, headers)
    expect(await api.get('/me/factors', headers)).toMatchObject({
      status: 200,
      json: { factors: [], recovery_codes_left: 0 },
    })
    const begun = await post('/me/factors', { method: 'totp', ...proof })
    expect(begun).toMatchObject({ status: 201, json: { secret: expect.stringMatching(/^[A-Z2-7]{32}$/) } })
    const { id: factorId, secret } = begun.json as { id: string; secret: string }
    const verify = (code: string) => post(`/me/factors/${factorId}/verify`, { code })
    const wrong = await verify(wrongCodeOf(secret, clock()))
    expect(wrong).toMatchObject(problem(422, 'invalid_fields'))
    const turnedOn = await verify(codeOf(secret, clock()))
    expect(turnedOn.status).toBe(200)
    const codes = turnedOn.json.recovery_codes as string[]
    expect(codes).toHaveLength(10)
    for (const text of [secret, ...codes]) expect(latchkey.log.join('\n')).not.toContain(text)
    expect(await latchkey.services.accounts.byId(id)).toMatchObject({ secondFactors: ['totp'] })
  })

  test('needs the password or a fresh sign-in, of a session or a token; a token of HTTP Basic is none', async () => {
    const { email } = await latchkey.createUser()
    const { access_token, refresh_token } = (await api.login(email)).json
    const headers = bearer(access_token)
    const begin = { method: 'totp' }
    expect((await api.post('/me/factors', begin, headers)).status).toBe(201)
    const ofBasic = bearer((await api.post('/tokens', {}, basic(email, PASSWORD))).json.token)
    expect(await api.post('/me/factors', begin, ofBasic)).toMatchObject(problem(422, 'invalid_fields'))
    const guess = { ...begin, current_password: 'not the password' }
    expect(await api.post('/me/factors', guess, headers)).toMatchObject(problem(422, 'invalid_fields'))
    const session = { cookie: await sessionCookie(latchkey, email) }
    expect((await api.post('/me/factors', begin, session)).status).toBe(201)
    passTime(901)
    const refreshed = bearer((await api.post('/refresh', { refresh_token })).json.access_token)
    for (const stale of [session, headers, refreshed])
      expect(await api.post('/me/factors', begin, stale)).toMatchObject(problem(422, 'invalid_fields'))
    expect((await api.post('/me/factors', { ...begin, ...proof }, session)).status).toBe(201)
  })

  test('the session that turned it on has shown it; a token of before has not', async () => {
    const { id, email } = await latchkey.createUser()
    const before = bearer((await api.login(email)).json.access_token)
    let cookie = await sessionCookie(latchkey, email)
    const { id: factorId, secret } = await latchkey.services.factors.totp.begin(id)
    const body = { code: codeOf(secret, clock()) }
    const answer = await api.call('POST', `/me/factors/${factorId}/verify`, { body, headers: { cookie } })
    expect(answer.status).toBe(200)
    cookie = cookiesOf(answer.headers)
    const removal = { body: {}, headers: { cookie } }
    const refused = await api.call('POST', '/me/recovery-codes', { body: proof, headers: before })
    expect(refused.status, refused.text).toBeGreaterThanOrEqual(401)
    expect((await api.call('DELETE', `/me/factors/${factorId}`, removal)).status).toBe(204)
  })

  test('cannot be set up, replaced or removed by HTTP Basic, nor without the factor that there is', async () => {
    const bare = await latchkey.createUser()
    const begin = { method: 'totp', ...proof }
    expect(await api.post('/me/factors', begin, basic(bare.email, PASSWORD))).toMatchObject(insufficient)
    const before = bearer((await api.login(bare.email)).json.access_token)
    const { factors } = latchkey.services
    const { id, secret } = await factors.totp.begin(bare.id)
    await factors.totp.confirm({ accountId: bare.id, generation: 0 }, id, codeOf(secret, clock()))
    const person = await withApp()
    const app = basic(person.email, await person.appPassword())
    for (const headers of [before, app]) {
      const call = (method: string, path: string, body: object) => api.call(method, path, { body, headers })
      expect(await call('POST', '/me/factors', begin)).toMatchObject(insufficient)
      expect(await call('POST', `/me/factors/${id}/verify`, { code: '1' })).toMatchObject(insufficient)
      expect(await call('DELETE', `/me/factors/${id}`, proof)).toMatchObject(insufficient)
      expect(await call('POST', '/me/recovery-codes', proof)).toMatchObject(insufficient)
      expect(await call('POST', '/me/app-passwords', { name: 'x', ...proof })).toMatchObject(insufficient)
      const password = { new_password: 'quartz-lantern-31-orbit', ...proof }
      expect(await call('PATCH', '/me', password)).toMatchObject(insufficient)
      expect(await call('PATCH', '/me', { email: 'a@example.com', ...proof })).toMatchObject(insufficient)
      expect(await call('DELETE', '/me', { password: PASSWORD })).toMatchObject(insufficient)
    }
    expect((await api.get('/me/factors', app)).json.factors).toHaveLength(1)
    expect((await api.call('PATCH', '/me', { body: { first_name: 'Ada' }, headers: app })).status).toBe(200)
  })

  test('a remembered browser does not stand in for it where factors change', async () => {
    const { call, cookie, factorId } = await withApp()
    await showSecondFactor(latchkey, cookie, ['pwd', 'rba', 'mfa'])
    expect(await call('DELETE', `/me/factors/${factorId}`, proof)).toMatchObject(insufficient)
  })

  test('recovery codes are renewed, and a factor removed, by who has shown it', async () => {
    const { id, call, factorId } = await withApp()
    const renewed = await call('POST', '/me/recovery-codes')
    expect(renewed.json.recovery_codes).toHaveLength(10)
    expect((await call('DELETE', `/me/factors/${factorId}`)).status).toBe(204)
    expect(await call('DELETE', `/me/factors/${factorId}`)).toMatchObject(problem(404, 'factor_not_found'))
    expect(await call('POST', '/me/recovery-codes')).toMatchObject(problem(409, 'no_second_factor'))
    expect(await latchkey.services.accounts.byId(id)).toMatchObject({ secondFactors: [] })
  })
})

describe('HTTP Basic of an account with a second factor', () => {
  const required = {
    status: 401,
    json: { code: 'app_password_required', detail: expect.stringContaining('app password') },
  }

  test('refuses the password, and tells a wrong one nothing', async () => {
    const { email } = await withApp()
    for (const path of ['/me', '/tokens']) {
      expect(await api.post(path, undefined, basic(email, PASSWORD))).toMatchObject(required)
      expect(await api.post(path, undefined, basic(email, PASSWORD)), 'remembered').toMatchObject(required)
      const wrong = await api.post(path, undefined, basic(email, 'wrong'))
      expect(wrong).toMatchObject(invalidCredentials)
      expect(wrong.json.code).toBe('invalid_credentials')
    }
  })

  test('from the moment that there is one, also where the password was just right', async () => {
    const { id, email } = await latchkey.createUser()
    expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
    const { factors } = latchkey.services
    const { id: factorId, secret } = await factors.totp.begin(id)
    await factors.totp.confirm({ accountId: id, generation: 0 }, factorId, codeOf(secret, clock()))
    expect(await api.me(basic(email, PASSWORD))).toMatchObject(required)
  })

  test('takes an app password instead, for what Basic does, with every name of the account and no other', async () => {
    const { email, username, appPassword } = await withApp()
    const other = await latchkey.createUser()
    const password = await appPassword()
    for (const name of [email, username])
      expect(await api.me(basic(name, password))).toMatchObject({ status: 200, json: { email } })
    expect(await api.me(basic(other.email, password))).toMatchObject(invalidCredentials)
    expect(await api.me(basic('', password))).toMatchObject(invalidCredentials)
    const issued = await api.post('/tokens', undefined, basic(email, password))
    expect(issued.status).toBe(200)
    expect((await api.me(basic(issued.json.token))).status).toBe(200)
  })

  test('an app password signs in nowhere else', async () => {
    const { email, appPassword } = await withApp()
    const password = await appPassword()
    expect(await api.login(email, password)).toMatchObject(invalidCredentials)
    expect(await api.post('/session/login', { email, password })).toMatchObject(invalidCredentials)
    const page = await fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', username: email, password }),
    })
    expect(page.status).toBeGreaterThanOrEqual(400)
  })

  test('app passwords are listed without themselves, and are refused once removed', async () => {
    const { email, call } = await withApp()
    const made = await call('POST', '/me/app-passwords', { name: ' Backup ' })
    expect(made.status).toBe(201)
    const { id, password } = made.json as { id: string; password: string }
    await api.me(basic(email, password))
    const listed = await api.get('/me/app-passwords', basic(email, password))
    expect(listed.json).toMatchObject({ items: [{ id, name: 'Backup', last_used_at: expect.any(String) }] })
    expect(listed.text).not.toContain(password)
    expect(latchkey.log.join('\n')).not.toContain(password)
    expect((await call('DELETE', `/me/app-passwords/${id}`)).status).toBe(204)
    expect(await call('DELETE', `/me/app-passwords/${id}`)).toMatchObject(
      problem(404, 'app_password_not_found'),
    )
    expect(await api.me(basic(email, password))).toMatchObject(invalidCredentials)
  })

  test.each(['removed', 'made of sign-ins that ended', 'gone with the last factor'])(
    'a token that was got by an app password ends with it: %s',
    async (how) => {
      const { id: accountId, email, call, factorId } = await withApp()
      const make = async (name: string) => {
        const { id, password } = (await call('POST', '/me/app-passwords', { name })).json as Record<
          string,
          string
        >
        const { token } = (await api.post('/tokens', {}, basic(email, String(password)))).json
        return { id, token: String(token) }
      }
      const [one, other] = [await make('One'), await make('Other')]
      const works = async ({ token }: typeof one) => {
        const headers = { authorization: `Bearer ${token}` }
        const userinfo = await fetch(`${latchkey.issuer}/userinfo`, { headers })
        return [(await api.me(bearer(token))).status, userinfo.status]
      }
      expect([await works(one), await works(other)]).toEqual([
        [200, 200],
        [200, 200],
      ])
      if (how === 'removed') expect((await call('DELETE', `/me/app-passwords/${one.id}`)).status).toBe(204)
      else if (how === 'gone with the last factor') await call('DELETE', `/me/factors/${factorId}`, proof)
      else await latchkey.services.accounts.endSessions(accountId)
      expect(await works(one)).toEqual([401, 401])
      const goesOn = how === 'removed' ? 200 : 401
      expect(await works(other)).toEqual([goesOn, goesOn])
    },
  )
})
