import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClaimPreview } from '../../src/oidc/tokens/claim-preview.ts'
import { isLike, valuesOf } from '../../src/oidc/tokens/custom-claims.ts'
import { isReservedClaim } from '../../src/shared/reserved-claims.ts'
import { createBothWays } from '../oidc/fast-paths/both-ways.ts'
import {
  createSecurityFixture,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { settled } from '../support/settled.ts'
import { statementsOf } from '../support/statements.ts'

const API = 'https://books.example'
const EVERYWHERE = ['id_token', 'userinfo', 'access_token', 'introspection']
const SCOPE = 'openid profile email'

describe.each(engines)('custom claims on %s', (engine) => {
  const started = Date.now()
  const bothWays = createBothWays((fastPaths) =>
    startLatchkey({ engine, fastPaths, clock: () => started, background: false }),
  )
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let victim: Victim
  let next = 0
  beforeAll(async () => {
    latchkey = await bothWays.start()
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({ identifier: API, scope: 'books:read' })
    web = await fixture.client({ scope: SCOPE, id_token_identity_claims: true })
    victim = await fixture.victim()
    await fixture.tokens(victim, web, { scope: SCOPE })
  })
  afterAll(() => latchkey?.stop())

  const define = (input: Record<string, unknown>) =>
    latchkey.services.customClaims.create({ name: `claim_${++next}`, in: EVERYWHERE, ...input })
  const group = async (name: string) => {
    const { groups } = latchkey.services.access
    const { id } = await groups.create({ name })
    await groups.addMember(id, victim.user.id)
    return id
  }

  /** What each place says; userinfo and introspection by the fast path and by the library, which must not differ. */
  async function told(client = web, scope = SCOPE, by = victim) {
    const tokens = await fixture.tokens(by, client, { scope })
    return { tokens, ...(await places(tokens, client)) }
  }
  async function places(tokens: Record<string, unknown>, client = web) {
    const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')
    const { answers } = await bothWays.ask(latchkey.issuer, [
      { method: 'GET', path: '/userinfo', headers: { authorization: `Bearer ${tokens.access_token}` } },
      {
        method: 'POST',
        path: '/introspect',
        headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${tokens.access_token}`,
      },
    ])
    for (const { fast, library } of answers) expect(fast).toEqual(library)
    const [userinfo, introspection] = answers.map(({ answer }) => JSON.parse(answer.text))
    const id_token: Record<string, unknown> = tokens.id_token ? decodeJwt(String(tokens.id_token)) : {}
    return {
      id_token,
      userinfo,
      introspection,
      byFastPath: answers.filter(({ answer }) => !answer.byLibrary).length,
    }
  }

  test('roles become the roles of Grafana: filtered, renamed, the first of them, in both places where it looks', async () => {
    const { roles } = latchkey.services.access
    for (const name of ['grafana-viewer', 'grafana-admin', 'grafana-secret', 'billing'])
      await roles.assign((await roles.create({ name })).id, { account: victim.user.id })
    const claim = await define({
      source: 'roles',
      filter: 'grafana-*',
      rename: { 'grafana-admin': 'Admin', 'grafana-editor': 'Editor', 'grafana-viewer': 'Viewer' },
      shape: 'first',
      scope: 'openid',
      in: ['id_token', 'userinfo'],
    })
    const { id_token, userinfo, introspection, tokens, byFastPath } = await told()
    expect([id_token[claim.name], userinfo[claim.name]]).toEqual(['Admin', 'Admin'])
    expect(introspection).not.toHaveProperty(claim.name)
    expect(byFastPath).toBe(2)

    const admin = (await roles.find('grafana-admin'))[0]
    await roles.unassign(admin?.id ?? '', { account: victim.user.id })
    const renewed = (await fixture.refresh(web, String(tokens.refresh_token))).json as typeof tokens
    const later = await places(renewed)
    expect(later.id_token[claim.name]).toBe('Viewer')
    expect(later.userinfo[claim.name]).toBe('Viewer')
    await latchkey.services.customClaims.remove(claim.id)
  })

  test('an attribute is told with its scope alone, as it is at that moment, and its type is kept', async () => {
    const { accounts, attributes } = latchkey.services
    const { name: value } = await attributes.create({ name: 'level', type: 'number' })
    await accounts.updateByAdmin(victim.user.id, { attributes: { level: 7 } })
    const claim = await define({ source: 'attribute', value, shape: 'first' })
    const { tokens, ...all } = await told()
    expect([all.id_token, all.userinfo, all.introspection].map((each) => each[claim.name])).toEqual([7, 7, 7])
    await accounts.updateByAdmin(victim.user.id, { attributes: { level: 8 } })
    const later = await places(tokens)
    expect([later.userinfo[claim.name], later.introspection[claim.name]]).toEqual([8, 8])
    const without = await told(web, 'openid email')
    for (const each of [without.id_token, without.userinfo, without.introspection])
      expect(each).not.toHaveProperty(claim.name)
    const strict = await fixture.client({ scope: SCOPE, id_token_identity_claims: false })
    expect((await told(strict)).id_token).not.toHaveProperty(claim.name)
    await latchkey.services.customClaims.remove(claim.id)
  })

  test('some clients and some APIs alone get a claim, by the scope of an API too', async () => {
    const other = await fixture.client({ scope: `${SCOPE} books:read` })
    const client = await define({
      source: 'constant',
      value: 'x',
      shape: 'first',
      clients: [other.client_id],
    })
    const api = await define({
      ...{ source: 'constant', value: 'y', shape: 'first', scope: 'books:read', resources: [API] },
      in: ['access_token', 'introspection'],
    })
    const mine = await told()
    expect(mine.userinfo).not.toHaveProperty(client.name)
    expect((await told(other)).userinfo).toHaveProperty(client.name, 'x')
    const tokens = await fixture.tokens(victim, other, { scope: 'openid books:read', resource: API })
    expect(decodeJwt(String(tokens.access_token))).toHaveProperty(api.name, 'y')
    expect(mine.introspection).not.toHaveProperty(api.name)
    for (const { id } of [client, api]) await latchkey.services.customClaims.remove(id)
  })

  test('an organization is told in the four places, as it is at that moment, and nothing to who signs in for none', async () => {
    const { organizations, customClaims } = latchkey.services
    await expect(define({ source: 'organization', value: 'members' })).rejects.toMatchObject({
      errors: { value: ['Say what of the organization: id, slug, name, roles.'] },
    })
    const claims = [
      await define({ name: 'tenant', source: 'organization', value: 'slug', shape: 'first' }),
      await define({ name: 'company', source: 'organization', value: 'name', shape: 'string' }),
      await define({
        name: 'tenant_roles',
        source: 'organization',
        value: 'roles',
        rename: { admin: 'Admin' },
      }),
      await define({ name: 'business', source: 'organization', value: 'id', shape: 'boolean' }),
      await define({
        ...{ name: 'tenant_of_api', source: 'organization', value: 'id', shape: 'first' },
        ...{ scope: 'books:read', in: ['access_token', 'introspection'] },
      }),
    ]
    const { id, slug } = await organizations.create({ name: `Claims ${engine}` })
    const member = await fixture.victim()
    await organizations.members.put(id, member.user.id, ['admin', 'member'])
    const client = await fixture.client({ scope: `${SCOPE} books:read`, id_token_identity_claims: true })
    const of = {
      tenant: slug,
      company: `Claims ${engine}`,
      tenant_roles: ['Admin', 'member'],
      business: true,
    }
    const first = await told(client, SCOPE, member)
    for (const place of [first.id_token, first.userinfo, first.introspection]) expect(place).toMatchObject(of)
    expect(first.byFastPath).toBe(2)
    const jwt = await fixture.tokens(member, client, { scope: 'openid books:read', resource: API })
    expect(decodeJwt(String(jwt.access_token))).toHaveProperty('tenant_of_api', id)
    expect((await places(jwt, client)).introspection).toHaveProperty('tenant_of_api', id)

    await organizations.members.put(id, member.user.id, ['member'])
    const later = await places(first.tokens, client)
    for (const place of [later.userinfo, later.introspection])
      expect(place).toMatchObject({ ...of, tenant_roles: ['member'] })
    const renewed = (await fixture.refresh(client, String(first.tokens.refresh_token))).json
    expect(decodeJwt(String(renewed.id_token))).toMatchObject({ ...of, tenant_roles: ['member'] })

    const alone = await told(client)
    for (const place of [alone.id_token, alone.userinfo, alone.introspection]) {
      expect(place).toMatchObject({ tenant_roles: [], business: false })
      expect(Object.keys(place)).not.toContain('tenant')
    }
    for (const each of claims) await customClaims.remove(each.id)
  })

  test('a preview says what tokens and answers then say', async () => {
    const { access, accounts, attributes, findClient, resources } = latchkey.services
    const preview = createClaimPreview({
      metadataOf: async (id) => (await findClient(id))?.metadata,
      membershipsOf: access.membershipsOf,
      resources,
      attributesOf: attributes.shown,
    })
    await attributes.create({ name: 'squad', type: 'strings' })
    await accounts.updateByAdmin(victim.user.id, { attributes: { squad: ['red', 'blue'] } })
    await group('preview-crew')
    const person = (await accounts.byId(victim.user.id)) ?? expect.fail()
    const all = await fixture.client({ scope: `${SCOPE} books:read` })
    const strict = await fixture.client({ scope: 'openid email', id_token_identity_claims: false })
    const inputs = [
      { source: 'attribute', value: 'squad', filter: 'b*' },
      { source: 'groups', filter: 'preview-*', shape: 'first', scope: 'openid' },
      { source: 'constant', value: 'x', shape: 'string', in: ['userinfo'] },
      { source: 'organization', value: 'slug', shape: 'first' },
      { source: 'constant', value: 'x', shape: 'first', clients: [strict.client_id] },
      { source: 'constant', value: 'x', shape: 'first', resources: [API] },
      { source: 'attribute', value: 'squad', scope: 'books:read', in: ['access_token', 'introspection'] },
      // An introspection says what a token was issued with.
      { source: 'constant', value: 'x', shape: 'first', in: ['access_token'] },
    ]
    const places = ['ID Token', 'Userinfo', 'Introspection']
    for (const input of inputs) {
      const claim = await define(input)
      for (const [client, scope] of [
        [all, SCOPE],
        [strict, 'openid email'],
      ] as const) {
        const { id_token, userinfo, introspection } = await told(client, scope)
        const rows = (await preview(claim, person, client.client_id)) ?? []
        const shown = (place: string, api?: string) =>
          rows.find((row) => row.place === place && row.api === api)?.value
        expect(
          places.map((place) => shown(place)),
          JSON.stringify(input),
        ).toEqual([id_token, userinfo, introspection].map((each) => each[claim.name]))
        for (const row of rows) expect(row.value === undefined).toBe(row.why !== undefined)
      }
      const tokens = await fixture.tokens(victim, all, { scope: 'openid books:read', resource: API })
      const rows = (await preview(claim, person, all.client_id)) ?? []
      const row = rows.find(({ place, api }) => place === 'Access token' && api === API)
      expect(row?.value, JSON.stringify(input)).toEqual(decodeJwt(String(tokens.access_token))[claim.name])
      await latchkey.services.customClaims.remove(claim.id)
    }
  })

  test('no name of a standard is defined; and what stands in the database by hand overrides nothing, in any of the four places', async () => {
    const { customClaims, db } = latchkey.services
    const names =
      'iss sub aud exp nbf iat jti auth_time nonce acr amr azp at_hash c_hash s_hash sid events cnf act may_act scope client_id authorization_details token_introspection active token_type username _claim_names _claim_sources __proto__ email email_verified name groups'
    for (const name of names.split(' ')) {
      expect(isReservedClaim(name), name).toBe(true)
      await expect(
        customClaims.create({ name, source: 'constant', value: 'forged', in: EVERYWHERE }),
      ).rejects.toMatchObject({ errors: { name: expect.any(Array) } })
    }
    // Programs in Go take them for the names in small letters.
    for (const name of ['Sub', 'EMAIL', 'Email_Verified', 'Groups'])
      await expect(
        customClaims.create({ name, source: 'constant', value: 'forged', in: EVERYWHERE }),
        name,
      ).rejects.toMatchObject({ errors: { name: expect.any(Array) } })
    const sample = await define({ source: 'constant', value: 'forged', shape: 'first' })
    const { document, version } = await db.prisma.storedSettings.findUniqueOrThrow({
      where: { id: 'claims' },
    })
    const { items } = JSON.parse(document) as { items: object[] }
    const forged = names.split(' ').map((name) => ({ ...sample, id: name, name }))
    await db.prisma.storedSettings.update({
      where: { id: 'claims' },
      data: { version: version + 1, document: JSON.stringify({ items: [...items, ...forged] }) },
    })
    await customClaims.list()
    expect(customClaims.live()).toHaveLength(items.length + forged.length)
    const all = await told()
    const app = await fixture.client({ scope: `${SCOPE} books:read` })
    const jwt = await fixture.tokens(victim, app, { scope: 'openid books:read', resource: API })
    const access = decodeJwt(String(jwt.access_token))
    for (const each of [all.id_token, all.userinfo, all.introspection]) {
      expect(each[sample.name]).toBe('forged')
      expect(each.sub).toBe(victim.user.id)
      expect(Object.values({ ...each, [sample.name]: '' })).not.toContain('forged')
    }
    expect(Object.values(access)).not.toContain('forged')
    for (const { id } of await customClaims.list()) await customClaims.remove(id)
  })

  test('a claim costs no statement, one of groups one more', async () => {
    const { access_token } = await fixture.tokens(victim, web, { scope: SCOPE })
    const counted = async (ask: () => Promise<unknown>) => {
      await settled(latchkey)
      return (await statementsOf(async () => void (await ask()))).length
    }
    const count = () => counted(() => fixture.userinfo(access_token))
    const introspected = () => counted(() => fixture.introspect(web, access_token))
    await count()
    await introspected()
    const before = [await count(), await introspected()]
    const { name: value } = await latchkey.services.attributes.create({ name: 'free' })
    await define({ source: 'attribute', value })
    expect([await count(), await introspected()]).toEqual(before)
    await group('Costly')
    const claim = await define({ source: 'groups', scope: 'openid' })
    expect([await count(), await introspected()]).toEqual(before.map((each) => each + 1))
    expect((await fixture.userinfo(access_token)).json[claim.name]).toContain('Costly')
  })

  test('people see on the consent page what else an app is told', async () => {
    const { name: value } = await latchkey.services.attributes.create({ name: 'shoe', label: 'Shoe size' })
    await define({ source: 'attribute', value })
    const asks = await fixture.client({ first_party: false, scope: SCOPE })
    const page = await victim.browser.open(fixture.authorizeUrl(asks, { scope: SCOPE }))
    expect(page.text).toContain('See what is known about you as “Shoe size”')
  })
})

test('patterns, shapes and names', () => {
  expect([isLike('grafana-admin', 'grafana-*'), isLike('xgrafana-', 'grafana-*')]).toEqual([true, false])
  expect([isLike('abc', 'a?c'), isLike('abc', '*b*'), isLike('', '*'), isLike('a.c', 'a.c')]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect([isLike('abc', 'a.c'), isLike('ab', 'a?c'), isLike('a', '')]).toEqual([false, false, false])
  expect(isLike('a'.repeat(2000), `${'*a'.repeat(100)}b`)).toBe(false)
  const claim = {
    name: 'c',
    source: 'groups' as const,
    value: '',
    filter: '',
    rename: { b: 'B' },
    in: [],
    scope: '',
    clients: [],
    resources: [],
  }
  const of = (shape: 'array' | 'string' | 'first' | 'boolean', groups: string[]) =>
    valuesOf([{ ...claim, shape }], { groups, roles: [], attributes: {} })
  expect(of('array', ['a', 'b', 'constructor'])).toEqual({ c: ['B', 'a', 'constructor'] })
  expect([of('string', ['a', 'b']), of('first', ['a', 'b'])]).toEqual([{ c: 'B,a' }, { c: 'B' }])
  expect([of('array', []), of('string', []), of('first', []), of('boolean', [])]).toEqual([
    { c: [] },
    {},
    {},
    { c: false },
  ])
  expect(of('boolean', ['a'])).toEqual({ c: true })
})
