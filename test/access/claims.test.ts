import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { registerParty } from '../oidc/party.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const ORDERS = 'https://orders.example'
const BILLS = 'https://bills.example'

describe.each(engines)('claims of groups and roles on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    const { resources } = latchkey.services
    await resources.add({ identifier: ORDERS, scope: 'orders:read' })
    await resources.add({ identifier: BILLS, scope: 'bills:read' })
  })
  afterAll(() => latchkey.stop())

  /** Signs a person in to a new app and gives the tokens. */
  async function signIn(
    metadata: Record<string, unknown>,
    user: { id: string; email: string },
    request: { scope: string; parameters?: Record<string, string> },
  ) {
    const party = await registerParty(latchkey, { first_party: true, ...metadata })
    const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
    const sent = await party.authorize(request)
    const page = await browser.signIn(await browser.open(sent.url), {
      identifier: user.email,
      password: PASSWORD,
    })
    return { party, browser, tokens: await party.callback(page.url, sent) }
  }

  async function person() {
    const { groups, roles } = latchkey.services.access
    const user = await latchkey.createUser()
    const group = await groups.create({ name: `Group of ${user.username}` })
    await groups.addMember(group.id, user.id)
    const give = async (input: Record<string, unknown>, holder: { account: string } | { group: string }) =>
      roles.assign((await roles.create(input)).id, holder)
    await give({ name: `Viewer ${user.username}` }, { account: user.id })
    await give(
      { name: `Clerk ${user.username}`, resource: ORDERS, scope: 'orders:read' },
      { group: group.id },
    )
    await give({ name: `Payer ${user.username}`, resource: BILLS, scope: 'bills:read' }, { account: user.id })
    return { user, group }
  }

  test('come with their scopes alone: at userinfo, and in the id_token of a client that is registered so', async () => {
    const { user } = await person()
    const scope = 'openid groups roles'
    const { party, tokens } = await signIn({ id_token_identity_claims: true }, user, { scope })
    const expected = { groups: [`Group of ${user.username}`], roles: [`Viewer ${user.username}`] }
    expect(await party.userinfo(tokens.access_token, user.id)).toEqual({ sub: user.id, ...expected })
    expect(tokens.claims()).toMatchObject(expected)

    const other = await signIn({ id_token_identity_claims: false }, user, { scope })
    expect(other.tokens.claims()).not.toHaveProperty('groups')
    expect(await other.party.userinfo(other.tokens.access_token, user.id)).toMatchObject(expected)

    const none = await signIn({ id_token_identity_claims: true }, user, { scope: 'openid profile' })
    expect(none.tokens.claims()).not.toHaveProperty('groups')
    expect(await none.party.userinfo(none.tokens.access_token, user.id)).not.toHaveProperty('roles')
  })

  test('of roles, a client is told those of the APIs that it is registered for', async () => {
    const { user } = await person()
    const scope = 'openid roles'
    const { party, tokens } = await signIn({ scope: 'openid roles orders:read' }, user, { scope })
    const { roles } = await party.userinfo(tokens.access_token, user.id)
    expect(roles).toEqual([`Clerk ${user.username}`, `Viewer ${user.username}`])
  })

  test('no role is told by a scope that two APIs have: “admin” of the other one would look like one’s own', async () => {
    const { roles, access } = { roles: latchkey.services.access.roles, access: latchkey.services.resources }
    await access.add({ identifier: 'https://one.example', scope: 'shared only-one' })
    await access.add({ identifier: 'https://two.example', scope: 'shared' })
    const user = await latchkey.createUser()
    const give = async (name: string, resource: string, scope: string) =>
      roles.assign((await roles.create({ name, resource, scope })).id, { account: user.id })
    await give('admin', 'https://two.example', 'shared')
    await give('keeper', 'https://one.example', 'shared only-one')
    const scope = 'openid roles'
    const { party, tokens } = await signIn({ scope: 'openid roles shared only-one' }, user, { scope })
    expect((await party.userinfo(tokens.access_token, user.id)).roles).toEqual(['keeper'])
  })

  test('who asks out of habit, and is not registered for them, is signed in without', async () => {
    const { user } = await person()
    const request = { scope: 'openid groups roles profile' }
    const { party, tokens } = await signIn({ scope: 'openid profile' }, user, request)
    const told = await party.userinfo(tokens.access_token, user.id)
    expect(told).toHaveProperty('name')
    expect(told).not.toHaveProperty('groups')
    expect(told).not.toHaveProperty('roles')
  })

  test('who is in no group has an empty list: an app knows that it was told', async () => {
    const user = await latchkey.createUser()
    const { party, tokens } = await signIn({}, user, { scope: 'openid groups roles' })
    expect(await party.userinfo(tokens.access_token, user.id)).toEqual({
      sub: user.id,
      groups: [],
      roles: [],
    })
  })

  test('say with the next request what was changed, and after a refresh', async () => {
    const { user, group } = await person()
    const scope = 'openid groups roles offline_access'
    const registered = { id_token_identity_claims: true, scope: 'openid groups roles offline_access' }
    const { party, tokens } = await signIn(registered, user, { scope })
    await latchkey.services.access.groups.removeMember(group.id, user.id)
    expect(await party.userinfo(tokens.access_token, user.id)).toMatchObject({ groups: [] })
    const refreshed = await party.refresh(String(tokens.refresh_token))
    expect(decodeJwt(String(refreshed.id_token))).toMatchObject({
      groups: [],
      roles: [`Viewer ${user.username}`],
    })
  })

  test('can be asked for one by one', async () => {
    const { user } = await person()
    const claims = JSON.stringify({ userinfo: { groups: null }, id_token: { roles: { essential: true } } })
    const request = { scope: 'openid', parameters: { claims } }
    const { party, tokens } = await signIn({}, user, request)
    expect(await party.userinfo(tokens.access_token, user.id)).toEqual({
      sub: user.id,
      groups: [`Group of ${user.username}`],
    })
    expect(tokens.claims()).toMatchObject({ roles: [`Viewer ${user.username}`] })
  })

  test('a filter chooses which groups a client is told, before the list is cut', async () => {
    const { groups } = latchkey.services.access
    const user = await latchkey.createUser()
    const names = ['app-one', 'APP-two', 'other', 'plain']
    for (const name of names)
      await groups.addMember((await groups.create({ name: `${name} ${user.username}` })).id, user.id)
    const told = async (metadata: Record<string, unknown>) => {
      const request = { scope: 'openid groups' }
      const { tokens } = await signIn({ id_token_identity_claims: true, ...metadata }, user, request)
      return ((tokens.claims()?.groups ?? []) as string[]).map((name) => name.split(' ')[0])
    }
    const access = { groups: [`Other ${user.username}`, `app-one ${user.username}`] }
    expect(await told({})).toEqual(['app-one', 'APP-two', 'other', 'plain'])
    expect(await told({ groups_filter: { prefix: 'App-' } })).toEqual(['app-one', 'APP-two'])
    expect(await told({ access, groups_filter: { assigned: true } })).toEqual(['app-one', 'other'])
    expect(await told({ access, groups_filter: { assigned: true, prefix: 'app' } })).toEqual(['app-one'])
    await expect(
      signIn({ groups_filter: { assigned: true } }, user, { scope: 'openid' }),
    ).rejects.toMatchObject({
      code: 'invalid_client_metadata',
    })
  })

  test('are two hundred at most', async () => {
    const user = await latchkey.createUser()
    const { groups } = latchkey.services.access
    for (let number = 0; number < 205; number++) {
      const { id } = await groups.create({ name: `Team ${String(number).padStart(3, '0')}` })
      await groups.addMember(id, user.id)
    }
    const { party, tokens } = await signIn({}, user, { scope: 'openid groups' })
    const told = (await party.userinfo(tokens.access_token, user.id)).groups as string[]
    expect(told).toHaveLength(200)
    expect(told.at(-1)).toBe('Team 199')
  })

  test('are never so many, or so long, that cookies and headers of an app break', async () => {
    const user = await latchkey.createUser()
    const { groups } = latchkey.services.access
    const name = (number: number) => `Groß ${String(number).padStart(2, '0')} ${'日本'.repeat(26)}`
    for (let number = 0; number < 40; number++)
      await groups.addMember((await groups.create({ name: name(number) })).id, user.id)
    const { party, tokens } = await signIn({}, user, { scope: 'openid groups' })
    const told = (await party.userinfo(tokens.access_token, user.id)).groups as string[]
    expect(told).toEqual(told.map((_, number) => name(number)))
    const bytes = Buffer.byteLength(JSON.stringify(told))
    expect([bytes <= 3_000, bytes > 2_800]).toEqual([true, true])
    expect(String(tokens.id_token).length).toBeLessThan(8_000)
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/users/${user.id}`)
    expect(page.text).toContain(`Apps are told ${told.length} of these 40 groups at most`)
  })

  test('are announced, and asked for in words', async () => {
    const metadata = (await (
      await fetch(`${latchkey.issuer}/.well-known/openid-configuration`)
    ).json()) as Record<string, string[]>
    expect(metadata.scopes_supported).toEqual(expect.arrayContaining(['groups', 'roles']))
    expect(metadata.claims_supported).toEqual(expect.arrayContaining(['groups', 'roles']))
    const user = await latchkey.createUser()
    const { browser, party } = await signIn({}, user, { scope: 'openid' })
    const asking = await registerParty(latchkey)
    const page = await browser.open((await asking.authorize({ scope: 'openid groups roles' })).url)
    expect(page.text).toContain('See which groups you are in')
    expect(page.text).toContain('See which roles you have')
    expect(party).toBeDefined()

    // What is made of them, and of an attribute, is asked for in the language of the page too, and once.
    const { attributes, customClaims } = latchkey.services
    const made = await attributes.create({ name: 'unit', label: 'Abteilung', type: 'string' })
    const claims = [
      await customClaims.create({
        name: 'unit',
        source: 'attribute',
        value: 'unit',
        scope: 'openid',
        in: ['userinfo'],
      }),
      await customClaims.create({ name: 'crew', source: 'groups', scope: 'openid', in: ['userinfo'] }),
    ]
    const url = new URL((await asking.authorize({ scope: 'openid groups roles' })).url)
    url.searchParams.set('ui_locales', 'de')
    const german = await browser.open(url.href)
    expect(german.text).toContain('Sehen, was über Sie als „Abteilung“ bekannt ist')
    expect(german.text.match(/Sehen, in welchen Gruppen Sie sind/g)).toHaveLength(1)
    expect(german.text).not.toMatch(/\bSee\b/)
    for (const { id } of claims) await customClaims.remove(id)
    await attributes.remove(made.id)
  })
})
