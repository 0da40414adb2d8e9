import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { approve, person, registerDevice } from '../../device/device-client.ts'
import { type Desk, openDesk } from '../../rejections/requests.ts'
import {
  type Answer,
  basic,
  clock,
  get,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../../security/attacker.ts'

const BOOKS = 'https://books.example'
const asked = { scope: 'openid profile offline_access', prompt: 'consent' }

let desk: Desk
let fixture: SecurityFixture
let victim: Victim

beforeAll(async () => {
  desk = await openDesk({ clock })
  fixture = desk.fixture
  await desk.latchkey.services.resources.add({ identifier: BOOKS, scope: 'books:read' })
  victim = await fixture.victim()
})
afterAll(() => desk.close())

const pushed = (client: TestClient, parameters: Record<string, string>) =>
  post(
    `${fixture.issuer}/par`,
    new URL(fixture.authorizeUrl(client, parameters)).searchParams.toString(),
    basic(client.client_id, String(client.client_secret)),
  )

/** Signs in, with the consent that was asked for, and redeems the code. */
async function signIn(client: TestClient, url: string): Promise<Answer> {
  const consent = await victim.browser.open(url)
  expect(consent.text).not.toContain('Stay signed in when you are away')
  const { url: back } = await victim.browser.allow(consent)
  const code = { code: String(back.searchParams.get('code')), verifier: 'v'.repeat(43) }
  return fixture.exchange(client, { ...code, redirect_uri: redirectUri })
}

/** That the tokens end with the session, as they would had nobody asked for more. */
async function endsWithSession(client: TestClient, tokens: Record<string, unknown>): Promise<void> {
  const { browser } = victim
  await browser.submit(await browser.open(`${fixture.issuer}/logout`), {}, { button: 'Sign out' })
  expect((await fixture.refresh(client, tokens.refresh_token)).json).toMatchObject({ error: 'invalid_grant' })
  victim = await fixture.victim()
}

describe('OpenID Connect Core §11: offline_access that is not registered is ignored', () => {
  test.each(['openid profile', 'profile openid books:read'])(
    'at the authorization endpoint, by a client for %s: signed in, without it, and told',
    async (scope) => {
      const client = await fixture.client({ scope })
      const opened = await get(fixture.authorizeUrl(client, asked))
      expect((await desk.kept(opened)).explanation).toMatchObject({ rule: 'scope_left_out' })
      const { json } = await signIn(client, fixture.authorizeUrl(client, asked))
      expect(json).toMatchObject({ scope: 'openid profile', refresh_token: expect.any(String) })
      await endsWithSession(client, json)
    },
  )

  test('with scopes of an API, named or not', async () => {
    const client = await fixture.client({ scope: 'openid books:read' })
    for (const resource of [{}, { resource: BOOKS }]) {
      const scope = 'openid offline_access books:read'
      const { json } = await signIn(client, fixture.authorizeUrl(client, { ...asked, ...resource, scope }))
      expect(json.scope).not.toContain('offline_access')
      expect(json.scope).toContain('books:read')
    }
  })

  test('pushed, also when it was taken from the registration since', async () => {
    for (const scope of ['openid profile', 'openid profile offline_access']) {
      const client = await fixture.client({ scope })
      const { json, status } = await pushed(client, asked)
      expect(status).toBe(201)
      await desk.latchkey.services.clients.update(client.client_id, { scope: 'openid profile' })
      const url = `${fixture.issuer}/authorize?${new URLSearchParams({ client_id: client.client_id, request_uri: String(json.request_uri) })}`
      const tokens = (await signIn(client, url)).json
      expect(tokens).toMatchObject({ scope: 'openid profile' })
      await endsWithSession(client, tokens)
    }
  })

  test('by a device', async () => {
    const device = await registerDevice(desk.latchkey, { scope: 'openid profile' })
    const answer = await device.askRaw({ scope: asked.scope })
    expect(answer.status).toBe(200)
    expect((await desk.kept(answer)).explanation.rule).toBe('scope_left_out')
    await approve(desk.latchkey, await person(desk.latchkey), String(answer.json.user_code))
    const tokens = await device.poll(String(answer.json.device_code))
    expect(tokens).toMatchObject({ status: 200, json: { scope: 'openid profile' } })
  })

  test('a refresh that names it goes on without, too', async () => {
    const client = await fixture.client({ scope: asked.scope })
    const consent = await victim.browser.open(fixture.authorizeUrl(client, asked))
    const { url } = await victim.browser.allow(consent)
    const code = { code: String(url.searchParams.get('code')), verifier: 'v'.repeat(43) }
    const tokens = (await fixture.exchange(client, { ...code, redirect_uri: redirectUri })).json
    expect(tokens.scope).toBe(asked.scope)
    await desk.latchkey.services.clients.update(client.client_id, { scope: 'openid profile' })
    const fresh = await fixture.refresh(client, tokens.refresh_token, { scope: asked.scope })
    expect(fresh).toMatchObject({ status: 200, json: { scope: 'openid profile' } })
  })

  test('registered, it is granted as ever', async () => {
    const client = await fixture.client({ scope: asked.scope })
    const opened = await get(fixture.authorizeUrl(client, asked))
    await expect(desk.kept(opened)).rejects.toMatchObject({ code: 'rejection_not_found' })
  })

  test('all that discovery lists, but for what an app needs to know anybody, is left out where it is not registered', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    const client = await fixture.client({ scope: 'openid profile email' })
    const all = { scope: (json.scopes_supported as string[]).join(' '), prompt: 'consent' }
    const tokens = (await signIn(client, fixture.authorizeUrl(client, all))).json
    expect(tokens.scope).toBe('openid profile email')
    const refreshed = await fixture.refresh(client, tokens.refresh_token, { scope: all.scope })
    expect(refreshed).toMatchObject({ status: 200, json: { scope: 'openid profile email' } })
  })

  test('profile or email that is not registered is refused', async () => {
    const client = await fixture.client({ scope: 'openid profile' })
    const back = await fixture.authorize(victim, client, { scope: 'openid email offline_access' })
    expect(back.get('error')).toBe('invalid_scope')
  })
})

describe('a client that is registered for scopes of an API alone', () => {
  const machine = { grant_types: ['client_credentials'], redirect_uris: [], scope: 'books:read' }

  test.each(['openid', 'offline_access', 'openid books:read', 'profile'])(
    'gets no machine token for %s',
    async (scope) => {
      const client = await fixture.client(machine)
      const answer = await fixture.token(client, { grant_type: 'client_credentials', scope })
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
      expect((await desk.kept(answer)).explanation.rule).toBe('scope_about_person')
      const named = { grant_type: 'client_credentials', scope, resource: BOOKS }
      expect((await fixture.token(client, named)).json).toMatchObject({ error: 'invalid_scope' })
    },
  )

  test('gets a token for its API, without more', async () => {
    const client = await fixture.client(machine)
    const { json } = await fixture.token(client, { grant_type: 'client_credentials', scope: 'books:read' })
    expect(json.scope).toBe('books:read')
  })

  test('signs nobody in: openid is refused, and what is allowed is named', async () => {
    const client = await fixture.client({ scope: 'books:read' })
    const opened = await get(fixture.authorizeUrl(client, { scope: 'openid books:read' }))
    const { searchParams } = new URL(String(opened.headers.get('location')))
    expect(searchParams.get('error')).toBe('invalid_scope')
    const { explanation } = await desk.kept(opened)
    expect(explanation.rule).toBe('scope_not_allowed')
    expect(explanation.mistake).toContain('asked for “openid”; it may ask for “books:read”')
    const back = await fixture.authorize(victim, client, { scope: 'books:read' })
    expect(back.get('code')).toBeTypeOf('string')
  })
})
