import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readMetrics } from '../metrics/support.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, createApi, problem } from './support.ts'

/** Outcomes of real checks of one account's password, from the audit trail. */
const outcomes = (latchkey: Latchkey, id: string) =>
  latchkey.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.accountId === id && /^account\.sign/.test(String(line.event)))
    .map((line) => String(line.reason ?? 'right'))

describe.each(engines)('guessing on %s', (engine) => {
  let latchkey: Latchkey
  let api: Api
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    api = createApi(latchkey.issuer)
  })
  afterAll(() => latchkey.stop())

  test('200 wrong passwords at once, by Basic and by login, are five guesses at most', async () => {
    const { id, email, username } = await latchkey.createUser()
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const name = index % 4 < 2 ? email : username
        const guess = `guess number ${index}`
        return index % 2 === 0
          ? api.me(basic(name, guess))
          : api.post('/login', { username: name, password: guess })
      }),
    )
    // What the gate has no room for is refused before it is checked.
    for (const { status } of answers) expect([401, 503]).toContain(status)
    const wrong = outcomes(latchkey, id).filter((reason) => reason === 'wrong')
    expect(wrong.length).toBeGreaterThan(0)
    expect(wrong.length).toBeLessThanOrEqual(5)
    expect((await latchkey.services.accounts.byId(id))?.lockedUntil).not.toBeNull()
  })

  test('five wrong passwords lock, whichever way they came, by the same message to the owner', async () => {
    const { email } = await latchkey.createUser()
    const { access_token } = (await api.login(email)).json
    await api.me(basic(email, 'wrong 1'))
    await api.post('/login', { email, password: 'wrong 2' })
    await api.post('/session/login', { email, password: 'wrong 3' })
    const confirm = (body: unknown) => api.call('PATCH', '/me', { body, headers: bearer(access_token) })
    const change = { email: 'other@example.com', current_password: 'wrong 4' }
    expect(await confirm(change)).toMatchObject({ status: 422 })
    const next = { new_password: 'quartz-lantern-31-orbit', current_password: 'wrong 5' }
    expect(await confirm(next)).toMatchObject({ status: 422 })
    expect((await api.login(email)).status).toBe(401)
    expect((await latchkey.mailTo(email)).subject).toMatch(/too many wrong passwords/i)
  })
})

test('rate limits: Basic and login count together, by account; what is remembered counts nothing', async () => {
  const latchkey = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
  const api = createApi(latchkey.issuer)
  try {
    const { email } = await latchkey.createUser()
    for (let round = 0; round < 40; round++) expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
    for (let round = 0; round < 5; round++) {
      expect((await api.me(basic('nobody@example.com', `wrong ${round}`))).status).toBe(401)
      expect((await api.login('nobody@example.com', 'wrong')).status).toBe(401)
    }
    const refused = await api.me(basic('Nobody@Example.com', 'wrong'))
    expect(refused).toMatchObject(problem(429, 'rate_limited'))
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await api.login('nobody@example.com', 'wrong')).toMatchObject(problem(429, 'rate_limited'))
    expect((await api.me(basic(email, PASSWORD))).status).toBe(200)
  } finally {
    await latchkey.stop()
  }
})

test('a wrong password costs a hash, whether its user is known or not', async () => {
  const latchkey = await startLatchkey({ env: { LOCKOUT_FAILURES: '100', METRICS: 'on' } })
  const api = createApi(latchkey.issuer)
  const hashes = async () => (await readMetrics(latchkey.issuer)).sum('latchkey_hash_wait_seconds_count')
  try {
    const { email } = await latchkey.createUser()
    for (const attempt of [
      (name: string) => api.login(name, 'wrong words'),
      (name: string, round: number) => api.me(basic(name, `wrong words ${round}`)),
    ])
      for (let round = 0; round < 3; round++)
        for (const name of [email, 'nobody@example.com']) {
          const before = await hashes()
          expect((await attempt(name, round)).status).toBe(401)
          expect((await hashes()) - before, `${name}, round ${round}`).toBe(1)
        }
  } finally {
    await latchkey.stop()
  }
})
