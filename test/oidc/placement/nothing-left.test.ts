import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registerDevice } from '../../device/device-client.ts'
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

// What is left out of a request leaves it with less, and never with more; with nothing it is refused before anybody is asked.

const BOOKS = 'https://books.example'
const TOOLS = 'https://tools.example/mcp'

let desk: Desk
let fixture: SecurityFixture
let victim: Victim
let client: TestClient
beforeAll(async () => {
  desk = await openDesk({ clock })
  fixture = desk.fixture
  const { resources } = desk.latchkey.services
  await resources.add({ identifier: BOOKS, scope: 'books:read' })
  await resources.add({ identifier: TOOLS, scope: 'tools:use', default_scopes: 'tools:use' })
  victim = await fixture.victim()
  client = await fixture.client({ scope: 'openid profile books:read tools:use' })
})
afterAll(() => desk.close())

describe('a refresh', () => {
  const narrowed = [
    ['openid groups', 'openid'],
    ['offline_access profile openid', 'openid profile'],
    ['books:read groups offline_access', 'books:read'],
  ] as const
  test.each(narrowed)('that names %s gets %s', async (scope, granted) => {
    const tokens = await fixture.tokens(victim, client, { scope: 'openid profile books:read' })
    const { status, json } = await fixture.refresh(client, tokens.refresh_token, { scope })
    expect([status, json.scope]).toEqual([200, granted])
  })

  test.each(['offline_access', 'groups', 'offline_access groups', 'groups roles'])(
    'that names only %s, which is left out, gets nothing, and its token stays good',
    async (scope) => {
      const tokens = await fixture.tokens(victim, client, { scope: 'openid profile books:read' })
      const refused = await fixture.refresh(client, tokens.refresh_token, { scope })
      expect(refused).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
      expect(refused.json.error_description).toMatch(/^refresh token missing requested scope/)
      expect(await desk.ruleOf(refused)).toBe('scope_of_refresh')
      const named = await fixture.refresh(client, tokens.refresh_token, { scope, resource: BOOKS })
      expect(named.json).toMatchObject({ error: 'invalid_scope' })
      expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(200)
    },
  )

  test('of another client’s token tells nothing of it', async () => {
    const tokens = await fixture.tokens(victim, client, { scope: 'openid' })
    const other = await fixture.client({ scope: 'openid' })
    const answer = await fixture.refresh(other, tokens.refresh_token, { scope: 'groups' })
    expect(answer.json).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a sign-in', () => {
  const nothing: [string, Record<string, string>][] = [
    ['offline_access that is not registered', { scope: 'offline_access', prompt: 'consent' }],
    ['offline_access without prompt=consent', { scope: 'offline_access' }],
    ['groups', { scope: 'groups' }],
    ['both', { scope: 'offline_access groups', prompt: 'consent' }],
    ['no scope', { scope: '' }],
    ['groups, at an API without default scopes', { scope: 'groups', resource: BOOKS }],
    ['offline_access there', { scope: 'offline_access', prompt: 'consent', resource: BOOKS }],
    ['no scope there', { scope: '', resource: BOOKS }],
  ]
  const isRefused = async (answer: Answer, sent: Record<string, unknown>, scope: string) => {
    expect(sent.error).toBe('invalid_scope')
    expect(sent.error_description).toMatch(/send openid, or scopes of an API$/)
    for (const word of scope.split(' ').filter((each) => each === 'groups'))
      expect(sent.error_description).toContain(word)
    expect(await desk.ruleOf(answer)).toBe('scope_of_nothing')
  }

  test.each(nothing)('for %s is refused with the reason, before anybody is asked', async (_what, sent) => {
    for (const first_party of [true, false]) {
      const by = await fixture.client({ scope: 'openid profile books:read tools:use', first_party })
      const answer = await get(fixture.authorizeUrl(by, sent))
      const { searchParams } = new URL(String(answer.headers.get('location')), fixture.issuer)
      await isRefused(answer, Object.fromEntries(searchParams), String(sent.scope))
      const pushed = await post(
        `${fixture.issuer}/par`,
        new URL(fixture.authorizeUrl(by, sent)).searchParams.toString(),
        basic(by.client_id, String(by.client_secret)),
      )
      expect(pushed.status).toBe(400)
      await isRefused(pushed, pushed.json, String(sent.scope))
    }
  })

  test('of a device, too', async () => {
    const device = await registerDevice(desk.latchkey, { scope: 'openid profile' })
    for (const scope of ['groups', 'offline_access groups', '']) {
      const answer = await device.askRaw({ scope })
      expect(answer.status).toBe(400)
      await isRefused(answer, answer.json, scope)
    }
  })

  test.each(['', 'groups', 'offline_access'])(
    'for “%s” at an API with default scopes gets those',
    async (scope) => {
      const tokens = await fixture.tokens(victim, client, { scope, resource: TOOLS })
      expect(tokens.scope).toBe('tools:use')
    },
  )

  test('whose last scope is taken from the client in between ends, and is not asked for nothing', async () => {
    const by = await fixture.client({ scope: 'openid books:read', first_party: false })
    const consent = await victim.browser.open(fixture.authorizeUrl(by, { scope: 'books:read' }))
    expect(consent.text).toContain('Allow')
    await desk.latchkey.services.clients.update(by.client_id, { scope: 'openid' })
    const page = await victim.browser.allow(consent)
    expect([page.left, page.text]).toEqual([
      false,
      expect.stringContaining('settings of the app have changed'),
    ])
  })
})
