import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLinkedStore } from '../../src/accounts/linked/store.ts'
import { findSortedIds } from '../../src/accounts/search/store/sorted.ts'
import { createAccountReads } from '../../src/accounts/store/reads.ts'
import { createQueueStore } from '../../src/queue/store.ts'
import { GROUP_FILTERS, ORGANIZATION_FILTERS, ROLE_FILTERS } from '../../src/shared/filters.ts'
import { ACCOUNT_ORDERS, ORGANIZATION_ORDERS } from '../../src/shared/orders.ts'
import { relatedStatement, sessionStatement } from '../../src/storage/artifacts/related.ts'
import { createStatements } from '../../src/storage/artifacts/statements.ts'
import { composeUnit, upsertAll } from '../../src/storage/artifacts/unit.ts'
import { jobsOf } from '../../src/wiring/operations.ts'
import { signedIn } from '../admin/console.ts'
import { person } from '../admin/rest/support.ts'
import { directory, entraUser } from '../scim/support.ts'
import { createSecurityFixture, redirectUri } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Exception, openPlans, type Plans } from '../support/plans.ts'
import { totpCode } from '../support/second-factor.ts'
import { statementsOf } from '../support/statements.ts'

const DAY = 86_400_000
const NEW_PASSWORD = 'velvet piano under 9 moons'

/** What may read along a growing table: each with what bounds it. */
const EXCEPTIONS: readonly Exception[] = [
  {
    statement:
      /FROM accounts( a)? (WHERE a\.role = 'user' )?ORDER BY (a\.)?created_at DESC, (a\.)?id DESC LIMIT/,
    because: 'a page of the list, or of nearly all of it, by its index: ends when it is full',
  },
  {
    // -created runs along indexes of its own.
    statement:
      /FROM accounts a( INDEXED BY \w+)?( (CROSS )?JOIN account_search s ON s\.account_id = a\.id)?( WHERE .*)? ORDER BY (a\.username (ASC|DESC)|a\.created_at ASC, a\.id ASC|COALESCE\(a\.last_sign_in_at, [^)]+\) (ASC|DESC), a\.id (ASC|DESC)) LIMIT/,
    because:
      'a page of a sorted list, by the index of its order: ends when it is full, and with filters where the walk ends',
  },
  {
    statement:
      /FROM organizations( INDEXED BY \w+)? WHERE removed_at IS NULL .*ORDER BY (slug (ASC|DESC)|(name_key|created_at) (ASC|DESC), id (ASC|DESC)) LIMIT/,
    because: 'a page of a sorted list, by the index of its order: ends when it is full',
  },
  {
    statement: /FROM \S+accounts. WHERE 1=1 ORDER BY \S+created_at. DESC, \S+id. DESC LIMIT/,
    because: 'a page of the list, by its index: ends when it is full',
  },
  {
    statement: /FROM \S+accounts. WHERE 1=0 LIMIT/,
    because: 'asks for none of them: no id was found',
  },
  {
    statement: /FROM accounts WHERE deletion_at IS NULL ORDER BY created_at, id LIMIT/,
    because: 'a page of all users for a directory, by its index: ends when it is full',
  },
  {
    statement: /^SELECT COUNT\(\*\) AS total FROM accounts WHERE deletion_at IS NULL$/,
    because:
      'totalResults (RFC 7644 §3.4.2) of a directory that reads all users: on the first page, or once a minute',
  },
  {
    statement: /^SELECT [^()]* FROM \w+ LIMIT 1$/,
    because: 'ends with the first row',
  },
  {
    statement: /SELECT 1 AS found WHERE EXISTS \(SELECT 1 FROM accounts\) OR/,
    because: 'ends with the first row',
  },
  {
    statement: /SELECT created_at AS "at" FROM accounts ORDER BY created_at DESC LIMIT 1/,
    because: 'the last row of the index',
  },
  {
    statement: /SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1/,
    because: 'the last row of the primary key',
  },
]

describe.each(engines)('the plans of what is asked of %s', (engine) => {
  let latchkey: Latchkey
  let plans: Plans
  let now = 0
  /** What DNS says of every domain. */
  let record = ''
  beforeAll(async () => {
    latchkey = await startLatchkey({
      engine,
      background: false,
      clock: () => Date.now() + now,
      lookUpTxt: async () => ({ values: [record] }),
    })
    plans = await openPlans(latchkey, engine)
  })
  afterAll(async () => {
    await plans?.close()
    await latchkey?.stop()
  })

  /** What is asked that reads a growing table, and is no exception. */
  async function refusedOf(work: () => Promise<unknown>): Promise<string[]> {
    const { audit, clients, mailer, rejections } = latchkey.services
    const told = await statementsOf(async () => {
      await work()
      await Promise.all([audit.idle(), clients.idle(), mailer.idle(), rejections.list()])
    })
    expect(told.length).toBeGreaterThan(5)
    const refused = await plans.check(told)
    return refused
      .filter(({ statement }) => !EXCEPTIONS.some((each) => each.statement.test(statement)))
      .map(({ statement, plan }) => `${plan}: ${statement.replace(/^SELECT .* FROM/, 'SELECT … FROM')}`)
  }

  test('a statement that reads a table from end to end is noticed', async () => {
    const scans = [
      'SELECT id FROM accounts WHERE given_name = ?',
      "SELECT t.model FROM artifacts AS t WHERE t.payload = 'x'",
      "DELETE FROM audit_entries WHERE address = '::1'",
    ].map((text) => (engine === 'sqlite' ? text : text.replace('?', '$1')))
    expect(await plans.check(scans)).toHaveLength(3)
    expect(await plans.check(["SELECT id FROM accounts WHERE id = 'x'"])).toEqual([])
  })

  test('who waits for an address is not looked for among all that have proven none', async () => {
    const { db } = latchkey.services
    const accounts = createAccountReads(db)
    const email = 'nobody@example.com'
    const told = await statementsOf(async () => {
      await accounts.byLogin({ username: email, email, phone: undefined })
      await accounts.byEmail(email)
      await accounts.waitingFor(email)
    })
    const asked = told.filter((statement) => statement.includes('FROM accounts AS found'))
    expect(asked).toHaveLength(3)
    if (engine !== 'sqlite') return
    for (const statement of asked) {
      const values = Array.from(statement.matchAll(/\?/g), () => email)
      const plan = await db.reads.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`, values)
      // Nor is each that waits compared with all the others.
      expect(plan.filter(({ detail }) => detail.includes('CORRELATED'))).toEqual([])
      // “email IS NULL” is such a search: no index is asked for it.
      const searches = plan.map(({ detail }) => detail).filter((detail) => detail.startsWith('SEARCH'))
      expect(searches.filter((detail) => detail.includes('accounts_email_key')).length).toBe(
        statement.includes('WHERE email =') ? 1 : 0,
      )
      expect(searches.some((detail) => detail.includes('accounts_waiting'))).toBe(true)
    }
  })

  test('nor when a provider vouches for the address', async () => {
    const { accounts, db } = latchkey.services
    const email = 'vouched@example.com'
    await accounts.register({ username: 'squatter', email, password: PASSWORD })
    const linked = createLinkedStore({ db, clock: Date.now })
    const owner = { id: 'owner', username: 'owner', displayUsername: 'owner', email, role: 'user' as const }
    const identity = { issuer: 'https://idp.example', subject: '1', provider: 'idp' }
    const told = await statementsOf(() =>
      linked.insert(
        { ...owner, pendingEmail: null, passwordHash: null },
        { ...identity, label: null, sealedTokens: null },
      ),
    )
    const asked = told.filter((each) => /^SELECT .*pending_email.? = /.test(each))
    expect(asked).toHaveLength(2)
    if (engine !== 'sqlite') return
    for (const statement of asked) {
      const values = Array.from(statement.matchAll(/\?/g), () => null)
      const plan = await db.reads.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`, values)
      expect(plan.map(({ detail }) => detail).join()).toContain('accounts_waiting')
    }
  })

  test('organizations: signing in for one, its lists, its managers and invitations', async () => {
    const fixture = createSecurityFixture(latchkey)
    const { organizations } = latchkey.services
    const { managing, members, invitations } = organizations
    const refused = await refusedOf(async () => {
      const { id, slug } = await organizations.create({ name: 'Acme' })
      const [victim, other] = [await fixture.victim(), await latchkey.createUser()]
      const manager = victim.user.id
      await members.put(id, manager, ['admin'])
      await members.put(id, other.id, ['member'])
      const web = await fixture.client({ scope: 'openid profile email offline_access' })
      const tokens = await fixture.tokens(victim, web, { scope: 'openid', organization: slug })
      await fixture.refresh(web, tokens.refresh_token)
      await fixture.introspect(web, tokens.access_token)
      for (const page of ['/account/organizations', `/account/organizations/${id}`])
        await victim.browser.open(`${fixture.issuer}${page}`)
      const { next_cursor: cursor } = await managing.members(manager, id, { limit: 1 })
      await managing.members(manager, id, { limit: 1, cursor })
      await managing.setRoles(manager, id, other.id, ['admin'])
      await managing.setRoles(manager, id, manager, [])
      await members.put(id, manager, ['admin'])
      const { id: invitation } = await managing.invite(manager, id, { email: 'plan@acme.example' })
      await managing.sendAgain(manager, id, invitation)
      await invitations.list(id, { limit: 1 })
      await managing.revoke(manager, id, invitation)
      await managing.remove(manager, id, other.id)
      record = (await managing.addDomain(manager, id, 'plan.example')).record.value
      await organizations.domains.verify(id, 'plan.example')
      await organizations.domains.recheck()
      await organizations.signIn.ofEmail('a@plan.example')
      await organizations.signIn.ofOrganization(slug)
      await organizations.signIn.owns(id, 'a@plan.example')
      await latchkey.services.providers.enabled.find('none')
      await managing.removeDomain(manager, id, 'plan.example')
      await organizations.list({ limit: 1 })
      await organizations.hasAdministrator(id)
      await members.count(id)
      await organizations.remove(id)
      await organizations.purge()
    })
    expect(refused).toEqual([])
  })

  test('flows of people and clients', async () => {
    const fixture = createSecurityFixture(latchkey)
    const { accounts, factors, resources } = latchkey.services
    const refused = await refusedOf(async () => {
      await resources.add({ identifier: 'https://vault.example', scope: 'vault:read', tokens: 'opaque' })
      const web = await fixture.client({ scope: 'openid profile email offline_access' })
      const machine = await fixture.client({
        grant_types: ['client_credentials'],
        redirect_uris: [],
        scope: 'vault:read',
      })
      const victim = await fixture.victim()
      const tokens = await fixture.tokens(victim, web, { scope: 'openid profile email' })
      const renewed = await fixture.refresh(web, tokens.refresh_token)
      await fixture.userinfo(renewed.json.access_token)
      await fixture.introspect(web, renewed.json.refresh_token)
      await fixture.revoke(web, renewed.json.access_token)
      await fixture.revoke(web, renewed.json.refresh_token)
      const code = await fixture.code(victim, web)
      await fixture.exchange(web, code)
      await fixture.exchange(web, code)
      const resource = { resource: 'https://vault.example' }
      await fixture.token(machine, { grant_type: 'client_credentials', ...resource })
      await fixture.token(machine, { grant_type: 'nothing' })
      for (const page of ['/account', '/account/deletion', '/account?activity=1'])
        await victim.browser.open(`${fixture.issuer}${page}`)

      const asks = await fixture.client({ first_party: false })
      await victim.browser.allow(await victim.browser.open(fixture.authorizeUrl(asks)))

      const { id, email } = victim.user
      await accounts.forgot(email)
      await accounts.sendReset(id)
      await accounts.updateProfile(id, { given_name: 'Ada' } as never)
      const { generation = 0 } = (await accounts.byId(id)) ?? {}
      await accounts.changeEmail(id, `new-${email}`, { generation } as never).catch(() => undefined)
      await accounts.changeUsername(id, `renamed-${victim.user.username}`, { generation }).catch(() => false)
      await accounts.endOtherSessions(id, 'none')
      const setup = await factors.totp.begin(id)
      await factors.totp.confirm(
        { accountId: id, generation: (await accounts.byId(id))?.generation ?? 0 },
        setup.id,
        totpCode(setup.secret, latchkey.services.clock()),
      )
      await factors.list(id)
      await latchkey.services.activity.list(id)
      await latchkey.services.consents.list(id)
      await accounts.deletion.request(id)

      const stranger = createHttpBrowser()
      const page = await stranger.open(`${fixture.issuer}/login`)
      for (const identifier of ['nobody@example.com', email])
        await stranger.signIn(page, { identifier, password: 'not the password' })
      await accounts.register({ username: 'sue', email: 'sue@example.com', password: NEW_PASSWORD })
      await accounts.forgot('sue@example.com')
      const leaver = await fixture.victim()
      const out = await leaver.browser.open(`${fixture.issuer}/logout`)
      await leaver.browser.submit(out, {}, { button: 'Sign out' })
    })
    expect(refused).toEqual([])
  })

  test('console and administration API', async () => {
    const { browser } = await signedIn(latchkey)
    const machine = await person(latchkey, 'admin')
    const user = await latchkey.createUser()
    const client = await latchkey.createClient()
    const listed = ['?search=ada', '?search=ada.l@example.com', '?search=a', '?role=admin', '?role=user']
    const filters = ['any', 'none', 'passkey'].map((factor) => `?second_factor=${factor}`)
    const states = ['disabled', 'locked', 'unverified'].flatMap((state) => [
      `?state=${state}`,
      `?state=${state}&search=ada`,
    ])
    const audit = [
      '?action=client.created',
      '?action=account.',
      `?actor=${user.id}`,
      '?actor=server',
      `?target=${user.username}`,
      '?address=127.0.0.1',
      '?from=2026-01-01&to=2026-12-31',
      '?text=ada',
    ]
    const refused = await refusedOf(async () => {
      for (const path of [
        ...[
          '',
          '/users',
          '/users/new',
          `/users/${user.id}`,
          '/users/export.csv?search=ada',
          ...['name', 'created', '-signed_in'].map((sort) => `/users?sort=${sort}&state=disabled`),
          `/users/bulk/disable?pick.${user.id}=on`,
          `/clients/bulk/disable?pick.${client.client_id}=on`,
          `/users/${user.id}/why?client=${client.client_id}`,
          '/clients',
          '/clients/new',
          '/clients?q=shop',
          '/clients?kind=web&state=enabled&checked=no&registered=self&used=no&sort=name&q=shop',
          ...['name', '-name', 'used', '-used', 'created'].map((sort) => `/clients?sort=${sort}`),
          '/clients/export.csv?sort=-used',
        ],
        ...[
          `/clients/${client.client_id}`,
          ...['connect', 'secrets', 'access', 'activity', 'edit', 'delete'].map(
            (tab) => `/clients/${client.client_id}/${tab}`,
          ),
          '/configuration',
          '/configuration?compare=now',
        ],
        ...['/configuration/latchkey.yaml', '/keys', '/providers', '/registration', '/rejections'],
        ...['', '?q=ada', '?q=shop+floor', `?q=${user.id}`, '?q=7'].map((query) => `/search${query}`),
        ...['/resources', '/settings', '/audit', '/audit/1', '/audit/export?format=csv'],
        ...[...listed, ...filters, ...states].map((query) => `/users${query}`),
        ...audit.map((query) => `/audit${query}`),
        `/rejections?client=${client.client_id}`,
      ])
        expect((await browser.open(`${latchkey.issuer}/admin${path}`)).status, path).toBe(200)
      const { rest } = machine
      const page = await rest.get('/users?limit=1')
      for (const path of [
        ...[
          '/overview',
          '/clients',
          '/clients?search=shop',
          `/clients/${client.client_id}`,
          '/audit?limit=2',
        ],
        ...['/users?limit=1', `/users?limit=1&cursor=${page.json.next_cursor}`, `/users/${user.id}`],
        ...[`/users?search=example&limit=1&cursor=${page.json.next_cursor}`],
        ...['sessions', 'consents', 'identities', 'factors'].map((what) => `/users/${user.id}/${what}`),
        ...['/configuration', '/configuration/drift', '/rejections', '/keys', '/registration/tokens'],
      ])
        expect((await rest.get(path)).status, path).toBe(200)
      const group = (await rest.post('/groups', { name: 'Shop' })).json as { id: string }
      const role = (await rest.post('/roles', { name: 'Keeper' })).json as { id: string }
      for (const path of [`/groups/${group.id}/members/${user.id}`, `/users/${user.id}/roles/${role.id}`]) {
        expect((await rest.put(path)).status, path).toBe(204)
        if (path.includes('roles'))
          expect((await rest.put(`/groups/${group.id}/roles/${role.id}`)).status).toBe(204)
      }
      await latchkey.services.access.membershipsOf(user.id)
      await latchkey.services.access.groups.countMembers(group.id)
      await latchkey.services.access.roles.accounts(role.id, { limit: 1 })
      for (const path of [`/groups/${group.id}/members?limit=1`, `/users/${user.id}/roles`])
        expect((await rest.get(path)).status, path).toBe(200)
      await rest.delete(`/users/${user.id}/roles/${role.id}`)
      await rest.put(`/users/${user.id}/roles/${role.id}`)
      for (const path of [`/groups/${group.id}`, `/roles/${role.id}`])
        expect((await rest.delete(path)).status, path).toBe(204)
      const hook = (await rest.post('/webhooks', { url: 'http://127.0.0.1:9/', events: ['*'] })).json as {
        id: string
      }
      await rest.post(`/webhooks/${hook.id}/test`)
      const { dispatch } = latchkey.services.webhooks
      await dispatch.look()
      await latchkey.services.queue.run()
      const [sent] = (await rest.get(`/webhooks/${hook.id}/deliveries?limit=1`)).json.items ?? []
      await rest.get(`/webhooks/${hook.id}/deliveries?cursor=${sent?.id}`)
      await rest.post(`/webhooks/${hook.id}/deliveries/${sent?.id}/replay`)
      expect((await rest.delete(`/webhooks/${hook.id}`)).status).toBe(204)
      await rest.post('/audit/verify', {})
      for (const act of ['disable', 'enable', 'unlock', 'end-sessions', 'send-reset'])
        await rest.post(`/users/${user.id}/${act}`)
      await rest.delete(`/users/${user.id}`)
      await rest.patch(`/clients/${client.client_id}`, { client_name: 'Renamed' })
      for (const act of ['disable', 'enable']) await rest.post(`/clients/${client.client_id}/${act}`)
      await rest.delete(`/clients/${client.client_id}`)
      const { accounts } = latchkey.services
      await accounts.list({ limit: 2 })
      await accounts.importUsers(
        (async function* () {
          yield `${JSON.stringify({ username: 'imported', email: 'imported@example.com' })}\n`
        })(),
        {} as never,
      )
      await accounts.setRole((await accounts.find('imported'))?.id ?? '', 'admin')
      await accounts.setRole((await accounts.find('imported'))?.id ?? '', 'user')
    })
    expect(refused).toEqual([])
  })

  test('sorted lists of groups, roles, organizations and APIs', async () => {
    const { groupListing, roleListing, organizationListing, resourceListing, organizations } =
      latchkey.services
    for (const name of ['Sorted', 'Listed']) await organizations.create({ name })
    const refused = await refusedOf(async () => {
      for (const filter of [undefined, ...GROUP_FILTERS])
        await groupListing.page({ order: '-created', ...(filter && { filters: [filter] }) })
      for (const filter of [undefined, ...ROLE_FILTERS])
        await roleListing.page({ order: 'api', ...(filter && { filters: [filter] }) })
      for (const filter of [undefined, ...ORGANIZATION_FILTERS])
        for (const order of ORGANIZATION_ORDERS) {
          const wanted = { order, limit: 1, ...(filter && { filters: [filter] }) }
          const { next_cursor: cursor } = await organizationListing.page(wanted)
          await organizationListing.page({ ...wanted, search: 'ed', cursor })
        }
      for (const { counts } of [groupListing, roleListing, organizationListing, resourceListing])
        await counts()
    })
    expect(refused).toEqual([])
  })

  test('sorted lists of accounts', async () => {
    const { reads } = latchkey.services.db
    await latchkey.createUser()
    const filters = [
      ...[{}, { role: 'admin' }, { search: 'ada' }, { search: 'a', role: 'user' }],
      ...(['any', 'none', 'passkey'] as const).map((secondFactor) => ({ secondFactor })),
      ...(['disabled', 'locked', 'unverified'] as const).map((state) => ({ state })),
      { attribute: { name: 'team', value: 'x' } },
    ]
    const refused = await refusedOf(async () => {
      for (const order of ACCOUNT_ORDERS.filter((each) => each !== '-created'))
        for (const filter of filters)
          for (const bounds of [undefined, { few: -1, walk: 1 }]) {
            const wanted = { ...filter, order, now: Date.now(), limit: 1 }
            await findSortedIds(reads, wanted, bounds)
            const after = { key: order.endsWith('name') ? 'a' : 0, id: 'a' }
            await findSortedIds(reads, { ...wanted, after }, bounds)
          }
    })
    expect(refused).toEqual([])
    // Each statement with filters has an end by the index of its order.
    const asked = await statementsOf(() =>
      findSortedIds(
        reads,
        { state: 'disabled', order: 'name', now: Date.now(), limit: 1 },
        { few: -1, walk: 1 },
      ),
    )
    expect([...asked].some((text) => /a\.disabled_at IS NOT NULL AND a\.username <= /.test(text))).toBe(true)
  })

  test('attributes and claims', async () => {
    const fixture = createSecurityFixture(latchkey)
    const { browser } = await signedIn(latchkey)
    const { accounts, attributes, customClaims } = latchkey.services
    const web = await fixture.client({ scope: 'openid profile email' })
    const victim = await fixture.victim()
    const refused = await refusedOf(async () => {
      const { id, name } = await attributes.create({ name: 'team' })
      await accounts.updateByAdmin(victim.user.id, { attributes: { team: 'red' } })
      const claim = await customClaims.create({
        ...{ name: 'team_of_app', source: 'attribute', value: name, in: ['userinfo', 'access_token'] },
      })
      const crews = await customClaims.create({
        ...{ name: 'crews', source: 'groups', scope: 'openid', in: ['id_token', 'introspection'] },
      })
      const { access_token } = await fixture.tokens(victim, web, { scope: 'openid profile' })
      expect((await fixture.userinfo(access_token)).json).toHaveProperty('team_of_app')
      expect((await fixture.introspect(web, access_token)).json).toHaveProperty('crews')
      for (const path of [
        ...['/attributes', `/attributes/${id}`, `/attributes/${id}/delete`, '/claims'],
        `/claims/${claim.id}?user=${victim.user.id}&client=${web.client_id}`,
        ...['', '&search=ada', '&role=user', '&second_factor=none'].map(
          (more) => `/users?attribute=team&value=red${more}`,
        ),
        `/users/${victim.user.id}`,
      ])
        expect((await browser.open(`${latchkey.issuer}/admin${path}`)).status, path).toBe(200)
      for (const each of [claim, crews]) await customClaims.remove(each.id)
      await attributes.remove(id)
      now += 10_000
      expect([await attributes.purge(), await attributes.purge()]).toEqual([1, 0])
    })
    expect(refused).toEqual([])
  })

  test('directories', async () => {
    const refused = await refusedOf(async () => {
      const scim = await directory(latchkey)
      const { id, userName, externalId } = (await scim.post('/Users', entraUser())).json
      for (const filter of [
        `userName eq "${userName}"`,
        `externalId eq "${externalId}"`,
        `emails.value eq "${userName}"`,
        `id eq "${id}" and meta.lastModified eq "2026-01-01T00:00:00Z"`,
      ])
        expect((await scim.find('Users', filter)).status).toBe(200)
      await scim.get('/Users?startIndex=2&count=2')
      await scim.patch(`/Users/${id}`, [
        { op: 'replace', path: 'userName', value: `new-${userName}` },
        { op: 'replace', path: 'emails', value: [{ value: `new-${userName}` }] },
        { op: 'replace', path: 'externalId', value: `new-${externalId}` },
        { op: 'replace', path: 'active', value: false },
      ])
      const group = (
        await scim.post('/Groups', { displayName: `Crew ${id}`, externalId: id, members: [{ value: id }] })
      ).json
      for (const filter of [`displayName eq "Crew ${id}"`, `externalId eq "${id}"`])
        expect((await scim.find('Groups', filter)).json.totalResults).toBe(1)
      await scim.put(`/Groups/${group.id}`, { displayName: `Crew ${id}`, members: [] })
      const { organizations } = latchkey.services
      const { id: company, slug } = await organizations.create({ name: `Plan ${id}` })
      await organizations.members.put(company, id, ['member'])
      const own = await directory(latchkey, 'Okta', slug)
      expect((await own.get('/Users')).json.totalResults).toBe(1)
      expect((await own.find('Users', `userName eq "new-${userName}"`)).json.totalResults).toBe(1)
      expect((await own.get('/Groups')).status).toBe(200)
      await own.patch('/Groups/admin', [{ op: 'add', path: 'members', value: [{ value: id }] }])
      expect((await own.delete(`/Users/${id}`)).status).toBe(204)
      expect((await scim.delete(`/Groups/${group.id}`)).status).toBe(204)
      expect((await scim.delete(`/Users/${id}`)).status).toBe(204)
    })
    expect(refused).toEqual([])
  })

  test('jobs, and what the doctor looks at', async () => {
    const { accounts } = latchkey.services
    const user = await latchkey.createUser()
    await accounts.deletion.request(user.id)
    await accounts.register({ username: 'old', email: 'old@example.com', password: PASSWORD })
    await latchkey.services.clients.create(
      { client_name: 'Open', redirect_uris: [redirectUri] },
      { source: 'open', verified: false },
    )
    // As after an upgrade.
    const { prisma } = latchkey.services.db
    await prisma.$executeRawUnsafe('INSERT INTO account_search_backfill (id) VALUES (1)')
    const refused = await refusedOf(async () => {
      now = 40 * DAY
      for (const job of jobsOf(latchkey.services)) await job.run()
      now = 0
      const { services } = latchkey
      await services.reservedScopes()
      await services.unreachableAddresses()
      await services.lostTokens()
      await services.audit.endsFit()
    })
    expect(refused).toEqual([])
    expect(await accounts.find(user.id)).toBeUndefined()
  })

  test('every statement of the queue', async () => {
    const store = createQueueStore(latchkey.services.db)
    const refused = await refusedOf(async () => {
      const taking = { kind: 'none', token: 't', now, until: now, limit: 2, except: [] }
      await store.insert([{ id: 'one', kind: 'none', subject: '', payload: '', due: now }], now)
      await store.isDue('none', now)
      await store.take(taking)
      await store.extend('one', 't', now)
      await store.release('one', 't', { due: now })
      await store.take(taking)
      await store.end('one', 't', { status: 'done', now, result: '', keepPayload: false })
      await store.remove('one', 't')
      await store.hurry('none', 3, now)
      await store.sweep(now + 1)
    })
    expect(refused).toEqual([])
  })

  test('every statement of the store of artefacts', async () => {
    let position = 0
    const statements = createStatements(engine)
    const composed =
      engine === 'sqlite'
        ? [upsertAll(statements, 2)]
        : [
            composeUnit(statements, { consume: 'consume', store: 2, session: undefined }),
            composeUnit(statements, { consume: 'consumeInGrace', store: 1, session: undefined }),
            composeUnit(statements, { consume: undefined, store: 1, session: 'changeSession' }),
            composeUnit(statements, { consume: undefined, store: 1, session: 'touchSession' }),
            relatedStatement('id'),
            sessionStatement('id'),
          ]
    const texts = [...Object.values(statements), ...composed].map((text) => {
      position = 0
      return engine === 'sqlite' ? text : text.replace(/\?/g, () => `$${++position}`)
    })
    expect(await plans.check(texts)).toEqual([])
  })
})
