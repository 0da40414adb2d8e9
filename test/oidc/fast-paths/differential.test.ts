import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestClient } from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { createBothWays, createRandom, type Sent } from './both-ways.ts'
import { base64, credentialsOf, form, oddHeaders, oddTypes, type Random, types } from './requests.ts'
import { createWorld, type World } from './world.ts'

/** Requests of each endpoint, in lots that are under way at once. */
const LOTS = 40
const AT_ONCE = 20

/** A token as it is, or damaged. */
/** Half of them are of a session, which most callers may ask about. */
function tokenOf({ tokens, session }: World, random: Random): string {
  const value = random.once(2) ? random.pick(tokens).value : session
  if (!random.once(8)) return value
  return random.pick([
    `${value}x`,
    value.slice(0, -1),
    value.toUpperCase(),
    ` ${value}`,
    `${value}\0`,
    '',
    'eyJhbGciOiJub25lIn0.e30.',
    'a.b.c',
    'x'.repeat(20_000),
    'ключ',
  ])
}

/** Most callers are a client that may ask. */
function callerOf(world: World, random: Random): TestClient {
  const { web } = world.clients
  const callers = [...Object.values(world.clients), web, web, web, web, web, web]
  return random.pick([...callers, ...Object.values(world.apis), ...Object.values(world.apis)])
}

function introspection(world: World, random: Random): Sent {
  const [headers, body] = credentialsOf(callerOf(world, random), world.clients.machine, random)
  const token = tokenOf(world, random)
  const parameters: [string, string][] = [['token', token], ...body]
  if (random.once(3))
    parameters.push(['token_type_hint', random.pick(['access_token', 'refresh_token', 'nonsense', ''])])
  if (random.once(30)) parameters.push(['token', random.pick([token, 'other', ''])])
  if (random.once(30)) parameters.push(['unknown', 'a'], ['unknown', 'b'])
  if (random.once(40)) parameters.shift()
  const type = random.once(20) ? random.pick(oddTypes) : random.pick(random.once(4) ? types : [form])
  const all: Record<string, string> = {
    'content-type': type,
    ...headers,
    ...(random.once(5) && random.pick(oddHeaders)),
    ...(random.once(30) && { 'transfer-encoding': 'chunked' }),
  }
  if (random.once(60)) delete all['content-type']
  const text = new URLSearchParams(parameters).toString()
  return {
    method: random.once(50) ? random.pick(['GET', 'PUT', 'OPTIONS']) : 'POST',
    path: random.once(30) ? '/introspect?token=x' : '/introspect',
    headers: all,
    body: random.once(60) ? random.pick(['', '&', 'token', '%zz=%zz', `${text}&`, `&${text}`]) : text,
  }
}

function userinfo(world: World, random: Random): Sent {
  const token = tokenOf(world, random).replace(/[^\x20-\x7e]/g, '')
  const scheme = random.once(10)
    ? random.pick(['bearer', 'DPoP', 'BEARER', 'Basic', 'Bearer ', ''])
    : 'Bearer'
  const all: Record<string, string> = {
    ...(!random.once(25) && { authorization: `${scheme} ${token}`.slice(0, 8000) }),
    ...(random.once(5) && random.pick(oddHeaders)),
    ...(random.once(20) && { 'content-type': random.pick([...types, ...oddTypes]) }),
  }
  delete all.expect
  const byPost = random.once(6)
  const query = random.once(12)
    ? random.pick([
        '?',
        '?scope=openid',
        '?scope=openid%20email',
        `?access_token=${encodeURIComponent(token).slice(0, 4000)}`,
      ])
    : ''
  return {
    method: byPost ? 'POST' : random.once(30) ? random.pick(['HEAD', 'OPTIONS', 'PUT']) : 'GET',
    path: `/userinfo${query}`,
    headers: byPost ? { 'content-type': form, ...all } : all,
    ...(byPost && { body: random.pick(['', 'scope=openid', `access_token=${encodeURIComponent(token)}`]) }),
  }
}

/** The profile of the JSON API: the token is judged by the same look, the rest is of neither way. */
function me(world: World, random: Random): Sent {
  const ours = world.tokens.filter(({ name }) => name.includes('JSON API')).map(({ value }) => value)
  const damaged = tokenOf(world, random).replace(/[^\x20-\x7e]/g, '')
  const token = random.once(3)
    ? random.pick(ours)
    : random.once(2)
      ? random.pick(world.tokens).value
      : damaged
  const basic = `Basic ${base64(`${token.slice(0, 5000)}:`)}`
  return {
    method: random.once(8) ? 'POST' : 'GET',
    path: '/api/auth/me',
    headers: {
      authorization: random.once(8) ? basic : `Bearer ${token}`.slice(0, 8000),
      ...(random.once(6) && { origin: random.pick(['https://evil.example', world.fixture.issuer]) }),
    },
  }
}

describe.each(engines)('fast paths answer as the library does, on %s', (engine) => {
  const bothWays = createBothWays((fastPaths) => startLatchkey({ engine, fastPaths }))
  let latchkey: Latchkey
  let world: World
  beforeAll(async () => {
    latchkey = await bothWays.start()
    world = await createWorld(latchkey)
  })
  afterAll(() => latchkey?.stop())

  test.each([
    ['introspection', introspection, 1],
    ['userinfo', userinfo, 2],
  ] as const)(
    '%s',
    async (_name, generate, seed) => {
      const random = createRandom(seed)
      const statuses = new Map<number, number>()
      let fast = 0
      for (let lot = 0; lot < LOTS; lot++) {
        const requests = Array.from({ length: AT_ONCE }, () => generate(world, random))
        const asked = await bothWays.ask(latchkey.issuer, requests)
        fast += asked.fast
        for (const { request, answer, fast, library } of asked.answers) {
          expect({ request, ...fast }).toEqual({ request, ...library })
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        }
      }
      // What is compared has to be some of everything.
      expect(statuses.get(200)).toBeGreaterThan(100)
      expect(statuses.get(401)).toBeGreaterThan(20)
      expect(statuses.get(400)).toBeGreaterThan(20)
      expect(fast).toBeGreaterThan(50)
    },
    120_000,
  )

  test('the profile of the JSON API', async () => {
    const random = createRandom(3)
    const statuses = new Map<number, number>()
    for (let lot = 0; lot < LOTS; lot++) {
      const requests = Array.from({ length: AT_ONCE }, () => me(world, random))
      for (const { request, answer, fast, library } of (await bothWays.ask(latchkey.issuer, requests))
        .answers) {
        expect({ request, ...fast }).toEqual({ request, ...library })
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      }
    }
    expect(statuses.get(200)).toBeGreaterThan(100)
    expect(statuses.get(401)).toBeGreaterThan(100)
    expect(statuses.get(403)).toBeGreaterThan(20)
  })

  test('each token, as its own client and its API ask for it', async () => {
    const { clients, apis, tokens } = world
    const callers = [
      clients.web,
      clients.other,
      clients.third,
      clients.machine,
      clients.bound,
      apis.books,
      apis.vault,
      clients.grouped,
    ]
    const requests = tokens.flatMap(({ value }): Sent[] => [
      { method: 'GET', path: '/userinfo', headers: { authorization: `Bearer ${value}` } },
      { method: 'GET', path: '/api/auth/me', headers: { authorization: `Bearer ${value}` } },
      ...callers.map(({ client_id, client_secret = '' }) => ({
        method: 'POST',
        path: '/introspect',
        headers: { 'content-type': form, authorization: `Basic ${base64(`${client_id}:${client_secret}`)}` },
        body: `token=${value}`,
      })),
    ])
    const names = tokens.flatMap(({ name }) =>
      ['userinfo', 'me', ...callers.map((_, index) => `caller ${index}`)].map((each) => `${name}: ${each}`),
    )
    const { answers } = await bothWays.ask(latchkey.issuer, requests)
    for (const { request, fast, library } of answers)
      expect({ request, ...fast }).toEqual({ request, ...library })
    const plain = names.filter(
      (name, index) => !name.endsWith(': me') && answers[index]?.answer.byLibrary === false,
    )
    expect(plain).toMatchInlineSnapshot(`
      [
        "of a session: userinfo",
        "of a session: caller 0",
        "of another client: userinfo",
        "of another client: caller 1",
        "of a client that is told of groups: userinfo",
        "of a client that is told of groups: caller 7",
        "of a public client: userinfo",
        "with its provider: caller 0",
        "without openid, for books: caller 0",
        "without openid, for books: caller 5",
        "for the vault: caller 0",
        "for the vault: caller 6",
        "for books: caller 1",
        "for books: caller 5",
        "for both: userinfo",
        "for both: caller 0",
        "for both: caller 5",
        "with claims: caller 0",
        "with claims, for both: caller 0",
        "with claims, for both: caller 5",
        "of a machine, for the vault: caller 3",
        "of a machine, for the vault: caller 6",
        "of a machine, for books: caller 3",
        "of a machine, for books: caller 5",
        "of the JSON API: userinfo",
        "of a third party: userinfo",
        "of a third party: caller 2",
        "of a device: userinfo",
        "of a device, for books: caller 5",
        "of an organization: userinfo",
        "of an organization: caller 0",
        "of an organization, for books: caller 0",
        "of an organization, for books: caller 5",
      ]
    `)
  })
})
