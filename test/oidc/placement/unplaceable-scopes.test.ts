import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, openDesk } from '../../rejections/requests.ts'
import {
  type Answer,
  basic,
  clock,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../../security/attacker.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'
const everything = 'openid profile email offline_access books:read books:write films:read shared stale:read'

let desk: Desk
let fixture: SecurityFixture
let victim: Victim
let client: TestClient

beforeAll(async () => {
  desk = await openDesk({ clock, env: { LOG_LEVEL: 'info' } })
  fixture = desk.fixture
  const { resources } = desk.latchkey.services
  await resources.add({ identifier: BOOKS, name: 'Books', scope: 'books:read books:write shared' })
  await resources.add({ identifier: FILMS, name: 'Films', scope: 'films:read shared' })
  victim = await fixture.victim()
  client = await fixture.client({ client_name: 'Shelf', scope: everything })
})
afterAll(() => desk.close())

/** Every place where an authorization request begins: the error, and the answer that carries the reference. */
const places: [
  string,
  (by: TestClient, parameters: Record<string, string>) => Promise<[URLSearchParams, Answer]>,
][] = [
  [
    'at the authorization endpoint',
    async (by, parameters) => {
      const answer = await get(fixture.authorizeUrl(by, parameters))
      return [new URL(String(answer.headers.get('location')), fixture.issuer).searchParams, answer]
    },
  ],
  [
    'pushed',
    async (by, parameters) => {
      const url = new URL(fixture.authorizeUrl(by, parameters))
      const answer = await post(
        `${fixture.issuer}/par`,
        url.searchParams.toString(),
        basic(by.client_id, String(by.client_secret)),
      )
      return [new URLSearchParams(answer.json as Record<string, string>), answer]
    },
  ],
]

describe.each(places)('%s', (_where, ask) => {
  test.each([
    ['openid books:raed', 'invalid_scope', 'requested scope is not allowed: books:raed', 'scope_of_no_api'],
    [
      'openid profile nonsense',
      'invalid_scope',
      'requested scope is not allowed: nonsense',
      'scope_of_no_api',
    ],
    [
      'openid stale:read',
      'invalid_scope',
      'requested scope belongs to no API: stale:read',
      'scope_of_no_api',
    ],
    ['openid shared', 'invalid_target', /^name the API with the resource parameter/, 'resource_undecided'],
    [
      'openid books:read films:read',
      'invalid_target',
      /^name the API with the resource/,
      'resource_undecided',
    ],
  ])('%s is refused with the reason, and explained', async (scope, error, description, rule) => {
    const [back, answer] = await ask(client, { scope })
    expect(back.get('error')).toBe(error)
    expect(back.get('error_description')).toEqual(
      typeof description === 'string' ? description : expect.stringMatching(description),
    )
    const { explanation, rejection } = await desk.kept(answer)
    expect(explanation.rule).toBe(rule)
    expect(rejection.clientId).toBe(client.client_id)
  })

  test('a scope of an API that the client is not registered for is told without saying that there is one', async () => {
    const reader = await fixture.client({ scope: 'openid books:read' })
    const [foreign, answer] = await ask(reader, { scope: 'openid films:read' })
    const [unknown] = await ask(reader, { scope: 'openid films:raed' })
    expect(foreign.get('error_description')).toBe('requested scope is not allowed: films:read')
    expect(unknown.get('error_description')).toBe('requested scope is not allowed: films:raed')
    const { explanation, rejection } = await desk.kept(answer)
    expect(explanation.rule).toBe('scope_not_allowed')
    expect(rejection.details.detail).toContain(FILMS)
  })

  test('a slip of the pen: the explanation names what was probably meant', async () => {
    const [, answer] = await ask(client, { scope: 'openid boosk:read' })
    expect((await desk.kept(answer)).explanation.mistake).toContain('“books:read”')
  })

  test('with resource: a scope of another API is left out, if something is left for this one', async () => {
    const [both] = await ask(client, { scope: 'openid books:read films:read', resource: BOOKS })
    expect(both.get('error')).toBeNull()
    const [none, answer] = await ask(client, { scope: 'openid films:read', resource: BOOKS })
    expect(none.get('error')).toBe('invalid_scope')
    expect((await desk.kept(answer)).explanation.rule).toBe('scope_of_another_api')
    const [typo] = await ask(client, { scope: 'openid books:read boosk:write', resource: BOOKS })
    expect(typo.get('error')).toBe('invalid_scope')
    const [stale] = await ask(client, { scope: 'openid books:read stale:read', resource: BOOKS })
    expect(stale.get('error_description')).toContain('stale:read')
  })

  test('what other servers call groups or roles is left out, and can be seen in log and console', async () => {
    const app = await fixture.client({ client_name: 'Board', scope: 'openid profile' })
    desk.latchkey.log.length = 0
    const [back, answer] = await ask(app, { scope: 'openid profile groups roles' })
    expect(back.get('error')).toBeNull()
    const { explanation, rejection } = await desk.kept(answer)
    expect(explanation.rule).toBe('scope_left_out')
    expect(explanation.mistake).toContain('“groups” and “roles”')
    expect(rejection.clientId).toBe(app.client_id)
    const lines = desk.latchkey.log.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'scope.left_out', scope: 'groups roles', client_id: app.client_id }),
    )
    // Seen a second time it is in the log only: it would drive out what was refused.
    const [, again] = await ask(app, { scope: 'openid profile groups roles' })
    await expect(desk.kept(again)).rejects.toMatchObject({ code: 'rejection_not_found' })
  })
})

test('a scope that an API has is that API’s, also if other servers know it by habit', async () => {
  await desk.latchkey.services.resources.add({ identifier: 'https://roles.example', scope: 'permissions' })
  const app = await fixture.client({ scope: 'openid permissions' })
  const tokens = await fixture.tokens(victim, app, { scope: 'openid permissions' })
  expect(decodeJwt(String(tokens.access_token)).scope).toContain('permissions')
})

test('a scope that two APIs have goes to the one that the others lead to', async () => {
  const tokens = await fixture.tokens(victim, client, { scope: 'openid shared films:read' })
  expect([decodeJwt(String(tokens.access_token)).aud].flat()).toContain(FILMS)
})

test('a refresh that asks for the same as the sign-in gets the same; for more it is refused', async () => {
  const asked = { scope: 'openid profile entitlements offline_access' }
  for (const scope of ['openid profile offline_access', 'openid profile offline_access entitlements']) {
    const app = await fixture.client({ scope })
    const tokens = await fixture.tokens(victim, app, asked)
    expect(tokens.scope).not.toContain('entitlements')
    const fresh = await fixture.refresh(app, tokens.refresh_token, asked)
    expect(fresh).toMatchObject({ status: 200, json: { access_token: expect.any(String) } })
    const more = await fixture.refresh(app, fresh.json.refresh_token, { scope: 'openid profile books:read' })
    expect(more.json).toMatchObject({ error: 'invalid_scope' })
    expect(await desk.ruleOf(more)).toBe('scope_of_refresh')
  }
})

describe('a client that registered itself', () => {
  /** As open registration leaves it: nobody has looked at it. */
  async function itself(scope: string): Promise<TestClient> {
    const app = await fixture.client({ first_party: false, scope, token_endpoint_auth_method: 'none' })
    await desk.latchkey.services.registration.setVerified(app.client_id, false)
    return app
  }
  const opened = async (app: TestClient, parameters: Record<string, string>) => {
    const page = await victim.browser.open(fixture.authorizeUrl(app, parameters))
    return page.left ? page : victim.browser.allow(page)
  }

  test('asks for what it asks of any server: it goes on with what it has here', async () => {
    const app = await itself('openid profile books:read')
    for (const extra of [{}, { resource: BOOKS }]) {
      const page = await opened(app, { scope: 'openid profile books:read tools:call mcp:other', ...extra })
      expect(page.url.searchParams.get('code')).toBeTypeOf('string')
    }
  })

  test('asks for what discovery lists, and is signed in', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    const scopes = (json.scopes_supported as string[]).join(' ')
    const app = await itself(`${scopes} books:read`)
    for (const extra of [{}, { resource: BOOKS }]) {
      const page = await opened(app, { scope: scopes, ...extra })
      expect(page.url.searchParams.get('code')).toBeTypeOf('string')
    }
  })

  test('is told when nothing of what it asks for is for an API', async () => {
    const app = await itself('openid profile')
    const page = await victim.browser.open(fixture.authorizeUrl(app, { scope: 'openid tools:call' }))
    expect(page.url.searchParams.get('error')).toBe('invalid_scope')
  })
})

test.each(['__proto__', 'constructor', 'toString', 'x'.repeat(2000)])(
  'a scope called %s is a scope that there is not',
  async (scope) => {
    const answer = await get(fixture.authorizeUrl(client, { scope: `openid ${scope}` }))
    const { searchParams } = new URL(String(answer.headers.get('location')))
    expect(searchParams.get('error')).toBe('invalid_scope')
    expect(searchParams.get('error_description')?.length).toBeLessThan(200)
  },
)
