import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { SESSION_DETAILS } from '../../../src/oidc/sessions/details.ts'
import { ANSWERS, startHookReceiver } from '../../hooks/receiver.ts'
import { clock, createSecurityFixture, pkce, type TestClient, type Victim } from '../../security/attacker.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { rounds } from '../../support/rounds.ts'
import { CLIENTS, COOKIES, HEADERS, METHODS, OTHERS, TAILS, TOGETHER } from './authorize-requests.ts'
import {
  appearance,
  cookieOf,
  createHappenings,
  farApart,
  keepCookies,
  rowsOf,
  stateOf,
} from './authorize-world.ts'
import { createBothWays, createRandom, type Sent } from './both-ways.ts'
import type { Random } from './requests.ts'
import { BOOKS, VAULT } from './world.ts'

/** Apps, each with two people who are alike, and requests of each. */
const APPS = rounds(16, 120)
const REQUESTS = 8
const SCOPE = 'openid profile email groups offline_access books:read books:write vault:read'

/** What a session may hold of each. */
const DETAILS: Record<(typeof SESSION_DETAILS)[number], unknown> = {
  device: { userAgent: 'another', address: '198.51.100.7' },
  upstream: { provider: 'google', issuer: 'https://accounts.example', subject: 'a' },
  generation: 0,
  signIns: [1],
  verifiedAt: 1,
  impersonation: { id: 'a', by: 'b', generation: 0, session: 'c', until: 4e9 },
  asksFactor: true,
  unasked: true,
}

const codeIn = (location = ''): string | undefined => /[?&]code=([^&]*)/.exec(location)?.[1]

describe.each(engines)('a signed-in person is sent back to the app alike by both ways, on %s', (engine) => {
  const bothWays = createBothWays((fastPaths) =>
    startLatchkey({ engine, fastPaths, clock, env: { METRICS: 'on' } }),
  )
  let latchkey: Latchkey
  let fixture: ReturnType<typeof createSecurityFixture>
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
    latchkey = await bothWays.start()
    fixture = createSecurityFixture(latchkey)
    const { resources, access, organizations } = latchkey.services
    await access.groups.create({ name: 'Staff' })
    await organizations.create({ name: 'Acme', slug: 'acme' })
    await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
    await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque' })
  }, 60_000)
  afterAll(async () => {
    vi.useRealTimers()
    await latchkey?.stop()
  })

  const plain = (client: TestClient): Record<string, string | string[] | undefined> => ({
    client_id: client.client_id,
    redirect_uri: client.redirect_uri,
    response_type: 'code',
    scope: 'openid email',
    code_challenge: pkce('v'.repeat(43)).challenge,
    code_challenge_method: 'S256',
    state: 'the-state',
  })

  interface Odd {
    parameters?: Record<string, string | string[] | undefined>
    headers?: Record<string, string>
    cookies?: (cookie: string) => string | undefined
    method?: string
    tail?: string
  }
  function requestOf(client: TestClient, odd: Odd = {}): (person: Victim) => Sent {
    const { headers = {}, cookies = (cookie) => cookie, method = 'GET', tail = '' } = odd
    const pairs = Object.entries({ ...plain(client), ...odd.parameters }).flatMap(([name, value]) =>
      [value ?? []].flat().map((each): [string, string] => [name, each]),
    )
    const query = new URLSearchParams(pairs).toString()
    return (person) => {
      const cookie = cookies(cookieOf(latchkey.issuer, person))
      return {
        method,
        path: `/authorize?${query}${tail}`,
        headers: { accept: 'text/html', ...headers, ...(cookie !== undefined && { cookie }) },
        ...(headers['content-length'] && { body: 'a=b' }),
      }
    }
  }

  const anyOf = (random: Random): Odd => ({
    parameters: {
      ...(random.once(2) && random.pick(OTHERS)),
      ...(random.once(12) && random.pick(OTHERS)),
    },
    ...(random.once(8) && { headers: random.pick(HEADERS) }),
    ...(random.once(10) && { cookies: random.pick(COOKIES) }),
    ...(random.once(40) && { method: random.pick(METHODS) }),
    ...(random.once(30) && { tail: random.pick(TAILS) }),
  })

  /** One request of each of two people who are alike, by each of both ways, with all that it leaves. */
  async function compare(told: string[], pair: readonly Victim[], request: (person: Victim) => Sent) {
    const [mine, theirs] = pair as [Victim, Victim]
    type State = Awaited<ReturnType<typeof stateOf>>
    const seen: State[] = []
    const look = async () => void seen.push(await stateOf(latchkey))
    const { answers } = await bothWays.ask(fixture.issuer, [request(mine)], look, [request(theirs)])
    await look()
    const [pairOfAnswers] = answers
    if (pairOfAnswers === undefined) throw new Error('no answer')
    const [a, b] = pairOfAnswers.answers
    told.push(
      `${pairOfAnswers.request?.method} ${pairOfAnswers.request?.path.replace(/.*?state=/, '')} ${a.status}`,
    )
    const [shown, asShown] = [appearance(a), appearance(b)]
    expect({ told, ...shown, times: 0 }).toEqual({ told, ...asShown, times: 0 })
    const [before, between, after] = seen as [State, State, State]
    expect({ told, left: between.since(before) }).toEqual({ told, left: after.since(between) })
    keepCookies(fixture.issuer, mine, a)
    keepCookies(fixture.issuer, theirs, b)
    const [stored, asStored] = [await rowsOf(latchkey, mine), await rowsOf(latchkey, theirs)]
    expect({ told, rows: stored.rows }).toEqual({ told, rows: asStored.rows })
    const apart = farApart([...shown.times, ...stored.times], [...asShown.times, ...asStored.times])
    expect({ told, apart }).toEqual({ told, apart: [] })
    const [code, asCode] = [a, b].map(({ headers }) => codeIn(headers.location))
    return {
      fast: a.redirected,
      code: code !== undefined,
      codes: [code, asCode],
      status: a.status,
      signedOut: mine.browser.cookies.value('latchkey_session') === undefined,
    }
  }

  const twoPeople = () => Promise.all([fixture.victim(), fixture.victim()])

  test('each parameter, header and cookie that is another one', async () => {
    const client = await fixture.client({ scope: SCOPE })
    const pair = await twoPeople()
    const odd: [string, Odd][] = [
      ['plain', {}],
      ...OTHERS.map((parameters): [string, Odd] => [JSON.stringify(parameters), { parameters }]),
      ...HEADERS.map((headers): [string, Odd] => [JSON.stringify(headers), { headers }]),
      ...COOKIES.map((cookies): [string, Odd] => [String(cookies), { cookies }]),
      ...METHODS.map((method): [string, Odd] => [method, { method }]),
      ...TAILS.map((tail): [string, Odd] => [tail, { tail }]),
    ]
    const fast: string[] = []
    for (const [name, each] of odd) {
      const compared = await compare([name], pair, requestOf(client, each))
      if (compared.fast) fast.push(name)
      // It may have ended the session.
      if (compared.signedOut) for (const [n, person] of (await twoPeople()).entries()) pair[n] = person
    }
    expect(fast).toMatchInlineSnapshot(`
      [
        "plain",
        "{"nonce":"a nonce"}",
        "{"nonce":"a"}",
        "{}",
        "{"state":"a b&c=d+e%\\"<>'#é"}",
        "{"scope":"openid"}",
        "{"scope":"email"}",
        "{"scope":"openid offline_access"}",
        "{"scope":"openid books:read"}",
        "{"scope":"books:read books:write"}",
        "{"scope":"openid email vault:read"}",
        "{"accept":"text/html"}",
        "{"accept":"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}",
        "{"accept":"*/*"}",
        "{"authorization":"Bearer x"}",
        "{"user-agent":"curl/8"}",
        "{"x-forwarded-for":"203.0.113.9"}",
        "{"x-forwarded-proto":"https"}",
      ]
    `)
  }, 120_000)

  test('each kind of app', async () => {
    const fast: string[] = []
    for (const metadata of CLIENTS) {
      const client = await fixture.client({ scope: SCOPE, ...metadata })
      const pair = await twoPeople()
      for (const scope of ['openid', 'openid email', 'openid books:read'])
        if ((await compare([], pair, requestOf(client, { parameters: { scope } }))).fast)
          fast.push(`${JSON.stringify(metadata).slice(0, 80)} ${scope}`)
    }
    expect(fast).toMatchInlineSnapshot(`
      [
        "{} openid",
        "{} openid email",
        "{} openid books:read",
        "{} openid",
        "{} openid email",
        "{} openid books:read",
        "{} openid",
        "{} openid email",
        "{} openid books:read",
        "{"token_endpoint_auth_method":"none"} openid",
        "{"token_endpoint_auth_method":"none"} openid email",
        "{"token_endpoint_auth_method":"none"} openid books:read",
        "{"pkce":"optional"} openid",
        "{"pkce":"optional"} openid email",
        "{"pkce":"optional"} openid books:read",
        "{"redirect_uris":["https://app.example/call%20back?a=1&code=x&b=it%27s"]} openid",
        "{"redirect_uris":["https://app.example/call%20back?a=1&code=x&b=it%27s"]} openid email",
        "{"redirect_uris":["https://app.example/call%20back?a=1&code=x&b=it%27s"]} openid books:read",
        "{"redirect_uris":["https://app.example"]} openid",
        "{"redirect_uris":["https://app.example"]} openid email",
        "{"redirect_uris":["https://app.example"]} openid books:read",
        "{"authorization_signed_response_alg":"ES256"} openid",
        "{"authorization_signed_response_alg":"ES256"} openid email",
        "{"authorization_signed_response_alg":"ES256"} openid books:read",
        "{"max_auth_age":900} openid",
        "{"max_auth_age":900} openid email",
        "{"max_auth_age":900} openid books:read",
        "{"organizations":"off"} openid",
        "{"organizations":"off"} openid email",
        "{"organizations":"off"} openid books:read",
        "{"backchannel_logout_uri":"https://app.example/out","backchannel_logout_session_ openid",
        "{"backchannel_logout_uri":"https://app.example/out","backchannel_logout_session_ openid email",
        "{"backchannel_logout_uri":"https://app.example/out","backchannel_logout_session_ openid books:read",
        "{"scope":"openid email"} openid",
        "{"scope":"openid email"} openid email",
        "{"dpop_bound_access_tokens":true} openid",
        "{"dpop_bound_access_tokens":true} openid email",
        "{"dpop_bound_access_tokens":true} openid books:read",
      ]
    `)
  }, 120_000)

  test('whatever happens after a code counts for the next', async () => {
    const single = createHappenings(latchkey, await fixture.client(), []).names
    const fast: string[] = []
    for (const names of [...single.map((name) => [name]), ...TOGETHER]) {
      const client = await fixture.client({ scope: SCOPE })
      const pair = await twoPeople()
      const happens = createHappenings(latchkey, client, pair)
      await happens.reset()
      expect((await compare([...names, 'before'], pair, requestOf(client))).fast).toBe(true)
      for (const name of names) {
        await happens.happen(name)
        const compared = await compare([...names], pair, requestOf(client))
        if (compared.fast && name === names.at(-1)) fast.push(names.join(', then '))
        const withBooks = requestOf(client, { parameters: { scope: 'openid email books:read' } })
        await compare([...names, 'books'], pair, withBooks)
      }
    }
    expect(fast).toMatchInlineSnapshot(`
      [
        "nothing",
        "both allow it",
        "both allow it, again",
        "a minute passes",
        "a quarter of an hour passes",
        "hours pass",
        "weeks pass",
        "the person is enabled",
        "the Grants end",
        "what was allowed is withdrawn",
        "the client is first-party",
        "the client has all scopes",
        "both are let in",
        "both are let out",
        "the client wants fresh sign-ins",
        "the client is enabled",
        "nobody does",
        "both join Acme",
        "both leave Acme",
        "Acme is disabled",
        "Acme needs a second factor",
        "Acme wants fresh sign-ins",
        "books are for roles alone",
        "books are for all",
        "the client is no longer first-party, then both allow it, then the Grants end",
        "the client is disabled, then the client is enabled",
      ]
    `)
  }, 120_000)

  test('a session with each detail that it may have', async () => {
    const client = await fixture.client({ scope: SCOPE })
    const { db } = latchkey.services
    const fast: string[] = []
    for (const [name, value] of Object.entries(DETAILS)) {
      const pair = await twoPeople()
      await compare([name, 'before'], pair, requestOf(client))
      for (const { user } of pair) {
        const of = ['Session', user.id]
        const sql = 'SELECT payload FROM artifacts WHERE model = ? AND account_id = ?'
        const [row] = await db.artifacts.all<{ payload: string }>(sql, of)
        const payload = JSON.stringify({ ...JSON.parse(row?.payload ?? ''), [name]: value })
        await db.artifacts.run('UPDATE artifacts SET payload = ? WHERE model = ? AND account_id = ?', [
          payload,
          ...of,
        ])
      }
      if ((await compare([name], pair, requestOf(client))).fast) fast.push(name)
    }
    expect(fast).toEqual(['device', 'upstream', 'generation', 'signIns', 'verifiedAt'])
  })

  test.each([
    ['moves to a new id, as the person signs in again', 200],
    ['ends', 400],
  ])('a session %s between look-up and answer', async (what, exchanged) => {
    const [client, other] = [await fixture.client({ scope: SCOPE }), await fixture.client()]
    const pair = await twoPeople()
    await compare(['before'], pair, requestOf(client))
    const { artifacts } = latchkey.services
    const { commit } = artifacts
    const happens = async ({ browser, user }: Victim) => {
      const [session] = await artifacts.listByAccount('Session', user.id)
      if (what === 'ends') return artifacts.endSession(String(session?.payload.uid))
      const page = await browser.open(fixture.authorizeUrl(other, { prompt: 'login' }))
      return browser.signIn(page, { identifier: user.email, password: PASSWORD })
    }
    /** Once for each, in the request that is answered first by a fast path, then by the library. */
    const interrupt = ([person, ...others]: readonly Victim[]): unknown =>
      person &&
      vi.spyOn(artifacts, 'commit').mockImplementationOnce(async (unit) => {
        await happens(person)
        interrupt(others)
        return commit(unit)
      })
    interrupt(pair)
    const compared = await compare([what], pair, requestOf(client))
    expect([compared.fast, compared.code]).toEqual([true, true])
    for (const code of compared.codes) {
      const { redirect_uri } = client
      const tokens = await fixture.exchange(client, {
        code: String(code),
        verifier: 'v'.repeat(43),
        redirect_uri,
      })
      expect(tokens.status).toBe(exchanged)
    }
    for (const { browser } of pair)
      expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe(
        what === 'ends' ? '/login' : '/account',
      )
  })

  test.each(['allow', 'deny', 'require a factor'] as const)(
    'a hook that says “%s” is asked once',
    async (answer) => {
      const receiver = await startHookReceiver()
      const client = await fixture.client({ scope: SCOPE })
      const pair = await twoPeople()
      expect((await compare(['before'], pair, requestOf(client))).fast).toBe(true)
      const { hooks } = latchkey.services
      const hook = await hooks.create({
        name: 'gate',
        at: 'sign_in',
        url: receiver.url,
        clients: [client.client_id],
      })
      receiver.answer = ANSWERS[answer]
      expect((await compare([answer], pair, requestOf(client))).fast).toBe(false)
      // Once for each way.
      expect(receiver.asked).toHaveLength(2)
      await hooks.remove(hook.id)
      expect((await compare(['after'], pair, requestOf(client))).fast).toBe(true)
    },
  )

  test('whatever is asked, and whatever happens in between', async () => {
    const random = createRandom(engine.length + 11)
    const seen = { fast: 0, codes: 0, refused: 0, asked: 0 }
    for (let turn = 0; turn < APPS; turn++) {
      const metadata = { scope: SCOPE, ...random.pick(CLIENTS) }
      const client = await fixture.client(metadata)
      const pair = await twoPeople()
      const told: string[] = [`${turn} ${JSON.stringify(metadata)}`]
      const happens = createHappenings(latchkey, client, pair)
      await happens.reset()
      for (let index = 0; index < REQUESTS; index++) {
        const { fast, code, status } = await compare(told, pair, requestOf(client, anyOf(random)))
        seen.fast += fast ? 1 : 0
        seen.codes += code ? 1 : 0
        seen.refused += status >= 400 ? 1 : 0
        seen.asked += status === 303 && !code ? 1 : 0
        if (random.once(2)) told.push(await happens.one(random))
      }
    }
    // What is compared has to be some of everything.
    expect(seen.fast).toBeGreaterThan(APPS / 4)
    expect(seen.codes).toBeGreaterThan(seen.fast)
    expect(seen.asked).toBeGreaterThan(APPS / 4)
    expect(seen.refused).toBeGreaterThan(APPS / 4)
  }, 240_000)
})

test('the cookie of an https issuer is written alike', async () => {
  const issuer = 'https://id.example'
  const bothWays = createBothWays((fastPaths) => startLatchkey({ fastPaths, env: { ISSUER: issuer } }))
  const latchkey = await bothWays.start()
  const local = `http://localhost:${latchkey.env.PORT}`
  const client = await latchkey.createClient({ first_party: true, redirect_uris: ['https://app.example/'] })
  const browsers = [1, 2].map(() =>
    createHttpBrowser({ fetch: (url, init) => fetch(String(url).replace(issuer, local), init) }),
  )
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: 'https://app.example/',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  })
  const requests: Sent[] = []
  for (const browser of browsers) {
    const { email } = await latchkey.createUser()
    await browser.signIn(await browser.open(`${issuer}/login`), { identifier: email, password: PASSWORD })
    // As a session that was found before the cookie's time had moved on.
    const cookie = browser.cookies.header(new URL(issuer)) ?? ''
    requests.push({ method: 'GET', path: `/authorize?${query}`, headers: { accept: 'text/html', cookie } })
  }
  await latchkey.services.db.artifacts.run(
    "UPDATE artifacts SET expires_at = expires_at - 86400 WHERE model = 'Session'",
    [],
  )
  const [mine = [], theirs = []] = requests.map((request) => [request])
  const { answers } = await bothWays.ask(local, mine, () => undefined, theirs)
  const [a, b] = answers[0]?.answers ?? []
  if (a === undefined || b === undefined) throw new Error('no answers')
  expect(a.redirected).toBe(true)
  const { times, ...shown } = appearance(a)
  const { times: asTimes, ...asShown } = appearance(b)
  expect(shown).toEqual(asShown)
  expect(farApart(times, asTimes)).toEqual([])
  expect(shown.cookies).toMatchInlineSnapshot(`
    [
      "__Host-latchkey_session=…43; path=/; samesite=lax; secure; httponly; expires",
      "__Host-latchkey_session.sig=…27; path=/; samesite=lax; secure; httponly; expires",
    ]
  `)
  await latchkey.stop()
}, 60_000)
