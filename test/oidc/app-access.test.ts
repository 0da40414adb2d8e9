import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confirmPage, deviceOf } from '../device/device-client.ts'
import {
  createSecurityFixture,
  get,
  pkce,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const API = 'https://orders.example'
const VAULT = 'https://vault.example'
const GRANTS = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']

describe.each(engines)('whom an app is for, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let ids: Record<'engineers' | 'others' | 'clerk' | 'apiClerk', string>
  /** Takes the fast paths, or leaves every request to the library. */
  let fast = true
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, fastPaths: () => fast })
    fixture = createSecurityFixture(latchkey)
    const { access, resources } = latchkey.services
    await resources.add({ identifier: API, scope: 'orders:read' })
    await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque' })
    ids = {
      engineers: (await access.groups.create({ name: 'Engineers' })).id,
      others: (await access.groups.create({ name: 'Others' })).id,
      clerk: (await access.roles.create({ name: 'Clerk' })).id,
      apiClerk: (await access.roles.create({ name: 'Clerk', resource: API, scope: 'orders:read' })).id,
    }
  })
  afterAll(() => latchkey.stop())

  const app = (access: unknown) =>
    fixture.client({
      scope: 'openid profile email orders:read vault:read admin:read',
      grant_types: GRANTS,
      access,
    })

  /** What puts a person into a state, and what takes them out again. */
  const states = {
    'in the group': {
      enter: (id: string) => latchkey.services.access.groups.addMember(ids.engineers, id),
      leave: (id: string) => latchkey.services.access.groups.removeMember(ids.engineers, id),
    },
    'with the role': {
      enter: (id: string) => latchkey.services.access.roles.assign(ids.clerk, { account: id }),
      leave: (id: string) => latchkey.services.access.roles.unassign(ids.clerk, { account: id }),
    },
    'with the role by a group': {
      async enter(id: string) {
        const group = await latchkey.services.access.groups.create({ name: `Group of ${id}` })
        await latchkey.services.access.groups.addMember(group.id, id)
        await latchkey.services.access.roles.assign(ids.clerk, { group: group.id })
      },
      async leave(id: string) {
        const group = await latchkey.services.access.groups.find(`group of ${id}`)
        await latchkey.services.access.groups.remove(group.id)
      },
    },
  }

  /** Who is in none of what the app names, for all that they are in. */
  const outside = {
    'in nothing': async () => undefined,
    'in another group': (id: string) => latchkey.services.access.groups.addMember(ids.others, id),
    'with a role of that name of an API': (id: string) =>
      latchkey.services.access.roles.assign(ids.apiClerk, { account: id }),
  }

  const RESTRICTED = { groups: ['ENGINEERS'], roles: ['clerk'] }

  /** Each way to a code or a token from a sign-in, and what it says: true for one. */
  const beginnings = {
    async authorize(victim: Victim, client: TestClient) {
      const page = await victim.browser.open(fixture.authorizeUrl(client))
      if (page.left) return page.url.searchParams.has('code')
      expect(page.status).toBe(403)
      expect(page.text).toContain('is not open to you')
      const back = await victim.browser.submit(page, {}, { button: 'Back to Test app' })
      expect(Object.fromEntries(back.url.searchParams)).toMatchObject({
        error: 'access_denied',
        error_description: 'the end-user may not use this client',
        state: 'the-state',
      })
      return false
    },
    async 'prompt=none'(victim: Victim, client: TestClient) {
      const answer = await fixture.authorize(victim, client, { prompt: 'none' })
      if (!answer.has('code')) expect(answer.get('error')).toBe('access_denied')
      return answer.has('code')
    },
    async 'a device'(victim: Victim, client: TestClient) {
      const device = deviceOf(fixture.issuer, client.client_id, client.client_secret, undefined as never)
      const asked = await device.ask({ scope: 'openid' })
      const page = await confirmPage(latchkey, victim, asked.user_code)
      if (page.text.includes('is not open to you')) {
        await victim.browser.submit(page, {}, { button: 'Cancel' })
        expect((await device.poll(asked.device_code)).json.error).toMatch(/authorization_pending|slow_down/)
        return false
      }
      await victim.browser.submit(page, {}, { button: 'Allow' })
      return 'access_token' in (await device.poll(asked.device_code)).json
    },
  }

  /** Each use of what somebody has, and what it says: true where it works. */
  const uses = {
    code: {
      prepare: (victim: Victim, client: TestClient) => fixture.code(victim, client),
      async works(client: TestClient, got: Awaited<ReturnType<SecurityFixture['code']>>) {
        const answer = await fixture.exchange(client, got)
        if (answer.status !== 200) expect(answer.json.error).toBe('invalid_grant')
        return answer.status === 200
      },
    },
    refresh: {
      prepare: (victim: Victim, client: TestClient) => fixture.tokens(victim, client),
      async works(client: TestClient, got: Record<string, unknown>) {
        const answer = await fixture.refresh(client, got.refresh_token)
        if (answer.status !== 200) expect(answer.json.error).toBe('invalid_grant')
        return answer.status === 200
      },
    },
    userinfo: {
      prepare: (victim: Victim, client: TestClient) => fixture.tokens(victim, client),
      async works(_client: TestClient, got: Record<string, unknown>) {
        const answer = await fixture.userinfo(got.access_token)
        if (answer.status !== 200) expect(answer.status).toBe(401)
        return answer.status === 200
      },
    },
    'the JSON API': {
      prepare: (victim: Victim, client: TestClient) =>
        fixture.tokens(victim, client, { scope: 'openid profile email' }),
      async works(_client: TestClient, got: Record<string, unknown>) {
        const bearer = { authorization: `Bearer ${got.access_token}` }
        const answer = await get(`${fixture.issuer}/api/auth/me`, bearer)
        if (answer.status !== 200) expect(answer.status).toBe(401)
        return answer.status === 200
      },
    },
    'the administration API': {
      async prepare(victim: Victim, client: TestClient) {
        await latchkey.services.accounts.setRole(victim.user.id, 'auditor')
        return fixture.tokens(victim, client, { scope: 'openid admin:read' })
      },
      async works(_client: TestClient, got: Record<string, unknown>) {
        const bearer = { authorization: `Bearer ${got.access_token}` }
        const answer = await get(`${fixture.issuer}/api/admin/groups`, bearer)
        if (answer.status !== 200) expect(answer.status).toBe(401)
        return answer.status === 200
      },
    },
    'introspection of an opaque token': {
      prepare: (victim: Victim, client: TestClient) => fixture.tokens(victim, client),
      works: async (client: TestClient, got: Record<string, unknown>) =>
        (await fixture.introspect(client, got.access_token)).json.active,
    },
    'introspection of a JWT': {
      prepare: (victim: Victim, client: TestClient) =>
        fixture.tokens(victim, client, { scope: 'openid orders:read', resource: API }),
      works: async (client: TestClient, got: Record<string, unknown>) =>
        (await fixture.introspect(client, got.access_token)).json.active,
    },
    'introspection by an API': {
      prepare: (victim: Victim, client: TestClient) =>
        fixture.tokens(victim, client, { scope: 'openid vault:read', resource: VAULT }),
      async works(_client: TestClient, got: Record<string, unknown>) {
        const own = { ...(await latchkey.services.resourceCredentials.add(VAULT)), redirect_uri: '' }
        const answer = await fixture.introspect(own, got.access_token)
        await latchkey.services.resourceCredentials.remove(VAULT, own.client_id)
        return answer.json.active
      },
    },
    'introspection of a refresh token': {
      prepare: (victim: Victim, client: TestClient) => fixture.tokens(victim, client),
      works: async (client: TestClient, got: Record<string, unknown>) =>
        (await fixture.introspect(client, got.refresh_token)).json.active,
    },
  }

  test.each(Object.keys(beginnings) as (keyof typeof beginnings)[])(
    '%s lets in whom it is for, and nobody else',
    async (way) => {
      const client = await app(RESTRICTED)
      const open = await app('everyone')
      for (const [state, enter] of Object.entries(outside)) {
        const victim = await fixture.victim()
        await enter(victim.user.id)
        expect([state, await beginnings[way](victim, client)]).toEqual([state, false])
        expect([state, await beginnings[way](victim, open)]).toEqual([state, true])
      }
      for (const [state, { enter, leave }] of Object.entries(states)) {
        const victim = await fixture.victim()
        await enter(victim.user.id)
        expect([state, await beginnings[way](victim, client)]).toEqual([state, true])
        await leave(victim.user.id)
        expect([`${state}, taken out`, await beginnings[way](victim, client)]).toEqual([
          `${state}, taken out`,
          false,
        ])
      }
    },
  )

  test.each(
    (Object.keys(uses) as (keyof typeof uses)[]).flatMap((use) => [
      [use, true] as const,
      [use, false] as const,
    ]),
  )('%s ends the moment somebody is taken out (fast paths: %s)', async (use, by) => {
    fast = by
    const client = await app(RESTRICTED)
    const { prepare, works } = uses[use] as {
      prepare(victim: Victim, client: TestClient): Promise<never>
      works(client: TestClient, got: never): Promise<unknown>
    }
    for (const [state, { enter, leave }] of Object.entries(states)) {
      const victim = await fixture.victim()
      await enter(victim.user.id)
      expect([state, await works(client, await prepare(victim, client))]).toEqual([state, true])
      const kept = await prepare(victim, client)
      await leave(victim.user.id)
      expect([state, await works(client, kept)]).toEqual([state, false])
    }
    fast = true
  })

  test('a role of an API is named with the API', async () => {
    const client = await app({ roles: [`${API} Clerk`] })
    const victim = await fixture.victim()
    await latchkey.services.access.roles.assign(ids.clerk, { account: victim.user.id })
    expect(await beginnings['prompt=none'](victim, client)).toBe(false)
    await latchkey.services.access.roles.assign(ids.apiClerk, { account: victim.user.id })
    expect(await beginnings['prompt=none'](victim, client)).toBe(true)
  })

  test('who is let in while the page is open goes on from there, and nobody else does', async () => {
    const client = await app(RESTRICTED)
    const victim = await fixture.victim()
    const page = await victim.browser.open(fixture.authorizeUrl(client))
    expect((await victim.browser.open(page.url.href)).status).toBe(403)
    await latchkey.services.access.groups.addMember(ids.engineers, victim.user.id)
    expect((await victim.browser.open(page.url.href)).url.searchParams.has('code')).toBe(true)
  })

  test('a restriction that is set closes what is open, and one that is lifted opens it', async () => {
    const client = await app(undefined)
    const victim = await fixture.victim()
    const tokens = await fixture.tokens(victim, client)
    await latchkey.services.clients.update(client.client_id, { access: RESTRICTED })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect(await beginnings['prompt=none'](victim, client)).toBe(false)
    await latchkey.services.clients.update(client.client_id, { access: null })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
  })

  test('a group of the same name is another group for members, and a new name closes the old one', async () => {
    const { groups } = latchkey.services.access
    const { id } = await groups.create({ name: 'Crew' })
    const client = await app({ groups: ['Crew'] })
    const victim = await fixture.victim()
    await groups.addMember(id, victim.user.id)
    expect(await beginnings['prompt=none'](victim, client)).toBe(true)
    await groups.update(id, { name: 'Crew of yore' })
    expect(await beginnings['prompt=none'](victim, client)).toBe(false)
    await groups.create({ name: 'Crew' })
    expect(await beginnings['prompt=none'](victim, client)).toBe(false)
  })

  test('no page says it to who has not signed in, and consent is not asked before', async () => {
    const client = await fixture.client({ first_party: false, access: RESTRICTED })
    const victim = await fixture.victim()
    const page = await victim.browser.open(fixture.authorizeUrl(client, { code_challenge: pkce().challenge }))
    expect(page.text).toContain('is not open to you')
    expect(page.text).not.toContain('Allow')
    const stranger = await createHttpBrowser().open(fixture.authorizeUrl(client))
    expect(stranger.text).not.toContain('is not open to you')
  })

  test('refused requests say whom it is for', async () => {
    const client = await app(RESTRICTED)
    const victim = await fixture.victim()
    await beginnings['prompt=none'](victim, client)
    await latchkey.services.rejections.flush()
    const { items } = await latchkey.services.rejections.list({ clientId: client.client_id })
    const shown = await latchkey.services.rejections.show(String(items[0]?.id))
    expect(shown?.explanation).toMatchObject({
      rule: 'not_admitted',
      mistake: expect.stringContaining('“group: ENGINEERS” and “role: clerk”'),
    })
  })

  test.each([
    'nobody',
    [],
    {},
    { groups: [] },
    { groups: 'Engineers' },
    { groups: [1] },
    { people: ['ada'] },
    { groups: ['x'.repeat(601)] },
    { groups: Array.from({ length: 101 }, (_, n) => `g${n}`) },
    null,
  ])('no registration closes an app by mistake, or opens one: %j', async (access) => {
    const registering = latchkey.createClient({ redirect_uris: ['https://app.example/cb'], access })
    if (access === null) return expect(await registering).not.toHaveProperty('access')
    await expect(registering).rejects.toMatchObject({ code: 'invalid_client_metadata' })
  })

  test('a role of an API is that of this very API, whatever others are named', async () => {
    const { access, resources } = latchkey.services
    const [upper, lower] = ['https://parts.example/A', 'https://parts.example/a']
    for (const [identifier, scope] of [
      [upper, 'upper:read'],
      [lower, 'lower:read'],
    ] as const)
      await resources.add({ identifier, scope })
    const own = await access.roles.create({ name: 'Buyer', resource: upper, scope: 'upper:read' })
    const others = [
      await access.roles.create({ name: 'Buyer', resource: lower, scope: 'lower:read' }),
      await access.roles.create({ name: `${upper} Buyer` }),
    ]
    const client = await app({ groups: [], roles: [`${upper} BUYER`] })
    const victim = await fixture.victim()
    const isLetIn = async () => (await fixture.authorize(victim, client, { prompt: 'none' })).has('code')
    for (const { id } of others) await access.roles.assign(id, { account: victim.user.id })
    expect(await isLetIn()).toBe(false)
    await access.roles.assign(own.id, { account: victim.user.id })
    expect(await isLetIn()).toBe(true)
  })
})
