import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, createSecurityFixture, passTime, type SecurityFixture } from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { type Api, bearer, createApi } from './support.ts'

const builtIn = { client_id: 'latchkey', redirect_uri: '' }
const over = { status: 401, json: { code: 'invalid_grant' } }

/** Two servers on one database, as two processes run them: POST /refresh keeps every rule of the token endpoint. */
describe.each(engines)('refresh tokens of the API on %s', (engine) => {
  let nodes: Latchkey[]
  let apis: Api[]
  let api: Api
  let fixture: SecurityFixture

  beforeAll(async () => {
    const secret = { SECRET_KEY: 'r'.repeat(48) }
    const one = await startLatchkey({ engine, clock, env: secret })
    const shared =
      engine === 'sqlite' ? { DATA_DIR: one.dataDir } : { DATABASE_URL: String(one.env.DATABASE_URL) }
    const two = await startLatchkey({ engine, clock, env: { ...secret, ...shared, ISSUER: one.issuer } })
    nodes = [one, two]
    api = createApi(one.issuer)
    apis = [api, createApi(`http://localhost:${two.env.PORT}`)]
    fixture = createSecurityFixture(one)
  })
  afterAll(async () => {
    await nodes[1]?.stop()
    await nodes[0]?.stop()
  })
  afterEach(() => void vi.useRealTimers())

  const at = (index: number): Api => apis[index % 2] ?? api
  const login = async () => {
    const { email } = await (nodes[0] as Latchkey).createUser()
    return (await api.login(email)).json as { access_token: string; refresh_token: string }
  }
  const refresh = (refresh_token: unknown, index = 0) => at(index).post('/refresh', { refresh_token })
  const works = async (token: unknown) => (await api.me(bearer(token))).status === 200

  test('once; a second use after the grace window ends the whole family', async () => {
    const first = await login()
    const second = (await refresh(first.refresh_token)).json
    passTime(11)
    const third = (await refresh(second.refresh_token)).json
    expect(await works(third.access_token)).toBe(true)
    expect(await refresh(first.refresh_token, 1)).toMatchObject(over)
    expect(await refresh(third.refresh_token)).toMatchObject(over)
    for (const { access_token } of [first, second, third]) expect(await works(access_token)).toBe(false)
  })

  test('a retry within ten seconds keeps an honest client signed in', async () => {
    const first = await login()
    expect((await refresh(first.refresh_token)).status).toBe(200)
    passTime(8)
    const retry = await refresh(first.refresh_token, 1)
    expect(retry.status).toBe(200)
    passTime(60)
    expect((await refresh(retry.json.refresh_token)).status).toBe(200)
  })

  test('20 at once on two servers are one family, and reuse ends all of it', async () => {
    const first = await login()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => refresh(first.refresh_token, index)),
    )
    const good = answers.filter(({ status }) => status === 200)
    expect(good.length).toBeGreaterThan(0)
    for (const answer of answers) expect([200, 401]).toContain(answer.status)
    expect(await works(good[0]?.json.access_token)).toBe(true)
    passTime(11)
    expect(await refresh(first.refresh_token)).toMatchObject(over)
    for (const { json } of good) {
      expect(await works(json.access_token)).toBe(false)
      expect(await refresh(json.refresh_token)).toMatchObject(over)
    }
  })

  test('20 at once outside of the grace window: none, and the family is over', async () => {
    const first = await login()
    const second = (await refresh(first.refresh_token)).json
    passTime(11)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => refresh(first.refresh_token, index)),
    )
    for (const answer of answers) expect(answer).toMatchObject(over)
    expect(await works(second.access_token)).toBe(false)
  })

  test('the token endpoint goes on where the API stopped, and the other way round', async () => {
    const first = await login()
    const second = await fixture.refresh(builtIn, first.refresh_token)
    expect(second).toMatchObject({ status: 200, json: { id_token: expect.any(String) } })
    expect(await works(second.json.access_token)).toBe(true)
    const third = await refresh(second.json.refresh_token, 1)
    expect(third.status).toBe(200)
    passTime(11)
    expect(await fixture.refresh(builtIn, second.json.refresh_token)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    })
    expect(await works(third.json.access_token)).toBe(false)
  })

  test('one of another client is refused here, and not used up by that', async () => {
    const client = await fixture.client()
    const tokens = await fixture.tokens(await fixture.victim(), client)
    expect(await refresh(tokens.refresh_token)).toMatchObject(over)
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(200)
    const own = await login()
    expect((await fixture.refresh(client, own.refresh_token)).json).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(own.refresh_token)).status).toBe(200)
  })

  test('an access token ends after an hour, a refresh token after 30 days without use', async () => {
    const { access_token, refresh_token } = await login()
    passTime(3601)
    expect(await api.me(bearer(access_token))).toMatchObject({
      status: 401,
      json: { detail: 'Invalid credentials', code: 'invalid_token' },
    })
    const next = (await refresh(refresh_token)).json
    passTime(30 * 86_400 + 1)
    expect(await refresh(next.refresh_token)).toMatchObject(over)
  })

  test('a chain of refreshes ends for good after three times 30 days', async () => {
    let { refresh_token } = await login()
    let days = 0
    for (; days < 120; days += 20) {
      passTime(20 * 86_400)
      const answer = await refresh(refresh_token)
      if (answer.status !== 200) break
      refresh_token = String(answer.json.refresh_token)
    }
    expect(days).toBe(80)
  })

  test('POST /logout ends the family: by the access token, or by the refresh token when that has expired', async () => {
    const other = await login()
    const first = await login()
    expect((await api.post('/logout', undefined, bearer(first.access_token))).status).toBe(204)
    expect(await refresh(first.refresh_token, 1)).toMatchObject(over)
    expect(await fixture.refresh(builtIn, first.refresh_token)).toMatchObject({ status: 400 })
    expect(await api.post('/logout', undefined, bearer(first.access_token))).toMatchObject({ status: 401 })

    const second = await login()
    const next = (await refresh(second.refresh_token)).json
    passTime(3601)
    expect((await at(1).post('/logout', { refresh_token: next.refresh_token })).status).toBe(204)
    expect(await refresh(next.refresh_token)).toMatchObject(over)
    expect((await api.post('/logout', { refresh_token: 'x'.repeat(43) })).status).toBe(204)
    expect((await refresh(other.refresh_token)).status).toBe(200)
  })

  test("POST /logout ends no app's tokens", async () => {
    const client = await fixture.client()
    const tokens = await fixture.tokens(await fixture.victim(), client)
    expect((await api.post('/logout', { refresh_token: tokens.refresh_token })).status).toBe(204)
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(200)
  })

  test('refresh against logout: whatever was issued in between is over too', async () => {
    for (let round = 0; round < 5; round++) {
      const { access_token, refresh_token } = await login()
      const [, ...answers] = await Promise.all([
        api.post('/logout', undefined, bearer(access_token)),
        ...Array.from({ length: 6 }, (_, index) => refresh(refresh_token, index)),
      ])
      for (const { status, json } of answers) {
        expect([200, 401]).toContain(status)
        if (status !== 200) continue
        expect(await works(json.access_token)).toBe(false)
        expect(await refresh(json.refresh_token)).toMatchObject(over)
        expect((await fixture.userinfo(json.access_token)).status).toBe(401)
      }
    }
  })

  test('nothing of it was an error of the server', () => {
    for (const { log } of nodes) expect(log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
