import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createSecurityFixture,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const ORDERS = 'https://orders.example'
const VAULT = 'https://vault.example'
const OTHER = 'https://other.example'

describe.each(engines)('scopes by role, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let client: TestClient
  let asked: TestClient
  let clerk: string
  let keeper: string
  let group: string
  let victim: Victim
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    const { access, resources } = latchkey.services
    const told = 'entitlements groups roles'
    await resources.add({
      identifier: ORDERS,
      scope: 'orders:read orders:write',
      scopes_by_role: true,
      token_claims: told,
    })
    await resources.add({
      identifier: VAULT,
      scope: 'vault:read vault:open',
      tokens: 'opaque',
      scopes_by_role: true,
    })
    await resources.add({ identifier: OTHER, scope: 'other:read' })
    const scope = 'openid orders:read orders:write vault:read vault:open other:read'
    client = await fixture.client({ scope })
    asked = await fixture.client({ scope, first_party: false, client_name: 'Asking' })
    clerk = (await access.roles.create({ name: 'Clerk', resource: ORDERS, scope: 'orders:read' })).id
    keeper = (await access.roles.create({ name: 'Keeper', resource: VAULT, scope: 'vault:read vault:open' }))
      .id
    await access.roles.create({ name: 'Clerk', resource: OTHER, scope: 'other:read' })
    group = (await access.groups.create({ name: 'Till' })).id
  })
  afterAll(() => latchkey.stop())
  beforeEach(async () => {
    victim = await fixture.victim()
  })

  const at = (resource: string, scope: string) => ({ resource, scope })
  const BOTH = at(ORDERS, 'openid orders:read orders:write')
  const scopeOf = (token: unknown) => decodeJwt(String(token)).scope
  const { assign, unassign } = {
    assign: (role: string) => latchkey.services.access.roles.assign(role, { account: victim.user.id }),
    unassign: (role: string) => latchkey.services.access.roles.unassign(role, { account: victim.user.id }),
  }

  test('a person gets what their roles give, at the token endpoint, and a refresh has lost what was taken', async () => {
    expect(scopeOf((await fixture.tokens(victim, client, BOTH)).access_token)).toBeUndefined()
    await assign(clerk)
    const tokens = await fixture.tokens(victim, client, BOTH)
    expect(scopeOf(tokens.access_token)).toBe('orders:read')
    expect(tokens.scope).not.toContain('orders:write')
    const refreshed = (await fixture.refresh(client, tokens.refresh_token)).json
    expect(scopeOf(refreshed.access_token)).toBe('orders:read')
    await unassign(clerk)
    const after = (await fixture.refresh(client, refreshed.refresh_token)).json
    expect(scopeOf(after.access_token)).toBeUndefined()
    expect(after.scope ?? '').not.toContain('orders')
  })

  test('a code that was issued with a role is exchanged without it once it is gone', async () => {
    await assign(clerk)
    const code = await fixture.code(victim, client, BOTH)
    await unassign(clerk)
    expect(scopeOf((await fixture.exchange(client, code)).json.access_token)).toBeUndefined()
  })

  test('the roles of one API give nothing at another, and an API without the field is as it was', async () => {
    await assign(keeper)
    expect(scopeOf((await fixture.tokens(victim, client, BOTH)).access_token)).toBeUndefined()
    const other = await fixture.tokens(victim, client, at(OTHER, 'openid other:read'))
    expect(scopeOf(other.access_token)).toBe('other:read')
  })

  test('a sign-in and one API in one token has what the roles give beside the person', async () => {
    await assign(clerk)
    const tokens = await fixture.tokens(victim, client, { scope: 'openid orders:read orders:write' })
    expect(String(scopeOf(tokens.access_token)).split(' ').sort()).toEqual(['openid', 'orders:read'])
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
  })

  test('the consent page shows that alone', async () => {
    await assign(clerk)
    const page = await victim.browser.open(fixture.authorizeUrl(asked, BOTH))
    expect(page.text).toContain('orders:read')
    expect(page.text).not.toContain('orders:write')
    const back = await victim.browser.submit(page, {}, { button: 'Allow' })
    expect(back.url.searchParams.has('code')).toBe(true)
  })

  test('an opaque token loses it at once, a JWT when it expires', async () => {
    await assign(keeper)
    await assign(clerk)
    const opaque = (await fixture.tokens(victim, client, at(VAULT, 'openid vault:read vault:open')))
      .access_token
    const jwt = (await fixture.tokens(victim, client, BOTH)).access_token
    const scopes = async (token: unknown) => (await fixture.introspect(client, token)).json.scope
    expect(await scopes(opaque)).toBe('vault:read vault:open')
    await latchkey.services.access.roles.update(keeper, { scope: 'vault:read' })
    expect(await scopes(opaque)).toBe('vault:read')
    await unassign(keeper)
    await unassign(clerk)
    expect(await scopes(opaque)).toBeUndefined()
    expect(await scopes(jwt)).toBe('orders:read')
    await latchkey.services.access.roles.update(keeper, { scope: 'vault:read vault:open' })
  })

  test('a machine is no person, and has what it is registered for', async () => {
    const machine = await fixture.client({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'orders:read orders:write',
    })
    const { json } = await fixture.token(machine, { grant_type: 'client_credentials', resource: ORDERS })
    expect(scopeOf(json.access_token)).toBe('orders:read orders:write')
    expect(decodeJwt(String(json.access_token))).not.toHaveProperty('roles')
  })

  test('a JWT says groups, roles and entitlements where its API asks for it (RFC 9068 §2.2.3.1), at each refresh anew', async () => {
    const { access } = latchkey.services
    await access.groups.addMember(group, victim.user.id)
    await assign(clerk)
    await assign(keeper)
    const tokens = await fixture.tokens(victim, client, BOTH)
    const told = { groups: ['Till'], roles: ['Clerk'], entitlements: ['orders:read'] }
    expect(decodeJwt(String(tokens.access_token))).toMatchObject(told)
    expect((await fixture.introspect(client, tokens.access_token)).json).toMatchObject({
      active: true,
      ...told,
    })
    const other = await fixture.tokens(victim, client, at(OTHER, 'openid other:read'))
    for (const claim of Object.keys(told))
      expect(decodeJwt(String(other.access_token))).not.toHaveProperty(claim)
    await access.groups.removeMember(group, victim.user.id)
    const after = (await fixture.refresh(client, tokens.refresh_token)).json
    expect(decodeJwt(String(after.access_token)).groups).toEqual([])
  })

  test.each([{ token_claims: 'groups secrets' }, { token_claims: 7 }, { scopes_by_role: 'yes' }])(
    'an API is not added with %j',
    async (fields) => {
      const adding = latchkey.services.resources.add({
        identifier: 'https://new.example',
        scope: 'a',
        ...fields,
      })
      await expect(adding).rejects.toMatchObject({ code: 'invalid_resource' })
    },
  )
})
