import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { clock, passTime } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, cookieOf, createApi, sessionCookie } from './support.ts'

interface Person {
  id: string
  email: string
}
/** Everything that somebody who is signed in in every way holds. */
interface Holdings {
  access: string
  refresh: string
  basicToken: string
  cookie: string
}

/** Every state that keeps a person out, and every way in: none of them leads in, all at once. */
describe.each(engines)('accounts that may not sign in, on %s', (engine) => {
  let latchkey: Latchkey
  let api: Api
  let accounts: Latchkey['services']['accounts']
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    api = createApi(latchkey.issuer)
    accounts = latchkey.services.accounts
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  /** Ways in that ask for the password. Each says whether it led in. */
  const withPassword: Record<string, (person: Person) => Promise<boolean>> = {
    async 'the sign-in page'({ email }) {
      const browser = createHttpBrowser()
      const page = await browser.open(`${latchkey.issuer}/login`)
      const after = await browser.signIn(page, { identifier: email, password: PASSWORD })
      const { status } = await api.me({ cookie: cookieOf(browser, latchkey.issuer) })
      return after.url.pathname === '/account' || status === 200
    },
    'POST /login': async ({ email }) => (await api.login(email)).status === 200,
    async 'POST /session/login'({ email }) {
      const answer = await api.post('/session/login', { email, password: PASSWORD })
      return answer.status === 200 || answer.headers.getSetCookie().length > 0
    },
    'HTTP Basic': async ({ email }) => (await api.me(basic(email, PASSWORD))).status === 200,
    'POST /tokens': async ({ email }) =>
      (await api.post('/tokens', undefined, basic(email, PASSWORD))).status === 200,
  }

  /** Ways in of somebody who was signed in before. */
  const asBefore: Record<string, (had: Holdings) => Promise<boolean>> = {
    'a bearer token': async ({ access }) => (await api.me(bearer(access))).status === 200,
    'a token in the user name': async ({ basicToken }) => (await api.me(basic(basicToken))).status === 200,
    'a session cookie': async ({ cookie }) => (await api.me({ cookie })).status === 200,
    'the account page': async ({ cookie }) =>
      (await fetch(`${latchkey.issuer}/account`, { redirect: 'manual', headers: { cookie } })).status === 200,
    userinfo: async ({ access }) =>
      (await fetch(`${latchkey.issuer}/userinfo`, { headers: bearer(access) })).status === 200,
    'POST /refresh': async ({ refresh }) =>
      (await api.post('/refresh', { refresh_token: refresh })).status === 200,
    async 'the token endpoint'({ refresh }) {
      const body = { grant_type: 'refresh_token', client_id: 'latchkey', refresh_token: refresh }
      const answer = await fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams(body),
      })
      return answer.status === 200
    },
  }

  async function signInEverywhere({ email }: Person): Promise<Holdings> {
    const { access_token, refresh_token } = (await api.login(email)).json
    const { token } = (await api.post('/tokens', undefined, basic(email, PASSWORD))).json
    return {
      access: String(access_token),
      refresh: String(refresh_token),
      basicToken: String(token),
      cookie: await sessionCookie(latchkey, email),
    }
  }

  const signInMethods = async (person: Person, had: Holdings) => {
    const found: string[] = []
    for (const [name, enter] of Object.entries(asBefore)) if (await enter(had)) found.push(name)
    for (const [name, enter] of Object.entries(withPassword)) if (await enter(person)) found.push(name)
    return found
  }
  const all = () => [...Object.keys(asBefore), ...Object.keys(withPassword)]

  test('the ways in lead in, while nothing is wrong', async () => {
    const person = await latchkey.createUser()
    const had = await signInEverywhere(person)
    // The token endpoint goes on with the token that /refresh has used up a moment ago.
    expect(await signInMethods(person, had)).toEqual(all())
  })

  const states: Record<string, (person: Person) => Promise<unknown>> = {
    disabled: ({ id }) => accounts.disable(id),
    deleted: ({ id }) => accounts.delete(id),
    'closed by its owner': async ({ email }) =>
      api.call('DELETE', '/me', {
        body: { password: PASSWORD },
        headers: bearer((await api.login(email)).json.access_token),
      }),
  }
  test.each(Object.keys(states))('%s: no way leads in', async (state) => {
    const person = await latchkey.createUser()
    const had = await signInEverywhere(person)
    await states[state]?.(person)
    expect(await signInMethods(person, had)).toEqual([])
  })

  test('disabled and enabled again: the password is good, what was issued before is not', async () => {
    const person = await latchkey.createUser()
    const had = await signInEverywhere(person)
    await accounts.disable(person.id)
    passTime(2)
    await accounts.enable(person.id)
    expect(await signInMethods(person, had)).toEqual(Object.keys(withPassword))
  })

  test('locked: no password leads in, not the right one either; who is signed in stays', async () => {
    const person = await latchkey.createUser()
    const had = await signInEverywhere(person)
    for (let attempt = 0; attempt < 5; attempt++) await api.login(person.email, 'wrong')
    expect(await signInMethods(person, had)).toEqual(Object.keys(asBefore))
    await accounts.unlock(person.id)
    expect((await api.me(basic(person.email, PASSWORD))).status).toBe(200)
  })

  test('unverified: no way leads in, and every one says so only to whoever knows the password', async () => {
    const person = { username: `unverified-${engine}`, email: `unverified-${engine}@example.com` }
    const registered = await api.post('/register', { ...person, password: PASSWORD })
    const had = {
      access: String(registered.json.access_token),
      refresh: String(registered.json.refresh_token),
      basicToken: String(registered.json.access_token),
      cookie: '',
    }
    expect(await signInMethods({ id: '', email: person.email }, had)).toEqual([])
    for (const answer of [
      await api.login(person.email),
      await api.me(basic(person.email, PASSWORD)),
      await api.me(bearer(had.access)),
      await api.post('/session/login', { email: person.email, password: PASSWORD }),
    ])
      expect(answer).toMatchObject({ status: 403, json: { code: 'unconfirmed_account' } })
    expect((await api.login(person.email, 'wrong words here')).status).toBe(401)
  })

  test('refused for whatever reason, the answer is the same', async () => {
    const [disabled, locked, wrong] = await Promise.all([1, 2, 3].map(() => latchkey.createUser()))
    await accounts.disable(String(disabled?.id))
    for (let attempt = 0; attempt < 5; attempt++) await api.login(String(locked?.email), 'wrong')
    const answers = await Promise.all([
      api.login(String(disabled?.email)),
      api.login(String(locked?.email)),
      api.login(String(wrong?.email), 'wrong'),
      api.login('nobody@example.com'),
    ])
    const seen = answers.map(({ status, json, headers }) => {
      const { request_id: _, ...rest } = json
      return { status, rest, challenge: headers.get('www-authenticate') }
    })
    for (const answer of seen) expect(answer).toEqual(seen[0])
  })
})
