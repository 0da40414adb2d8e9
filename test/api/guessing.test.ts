import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  }, 60_000)

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

test('known and unknown users take the same time (medians of what was measured in turns)', async () => {
  const latchkey = await startLatchkey({ env: { LOCKOUT_FAILURES: '100' }, realHashes: true })
  const api = createApi(latchkey.issuer)
  const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now()
    await work()
    return performance.now() - started
  }
  try {
    const { email } = await latchkey.createUser()
    for (const attempt of [
      (name: string) => api.login(name, 'wrong words'),
      (name: string, round: number) => api.me(basic(name, `wrong words ${round}`)),
    ]) {
      const known: number[] = []
      const unknown: number[] = []
      for (let round = 0; round < 20; round++) {
        known.push(await timed(() => attempt(email, round)))
        unknown.push(await timed(() => attempt('nobody@example.com', round)))
      }
      // An argon2 that one of them did without would be nearly all of the time.
      const ratio = median(known) / median(unknown)
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.67)
    }
  } finally {
    await latchkey.stop()
  }
}, 60_000)
