import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withFixedPlan } from '../../src/storage/sql.ts'
import { directory } from '../scim/support.ts'
import {
  createSecurityFixture,
  get,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { totpCode } from '../support/second-factor.ts'
import { settled } from '../support/settled.ts'
import { statementsOf } from '../support/statements.ts'

const API = 'https://books.example'
const REVOCABLE = 'https://vault.example'

/**
 * The budget: how many SQL statements each hot request takes, once what is remembered for a second (clients, settings) is.
 * A number may fall; whoever raises one says why in the message of the commit. What is written behind the answer (the
 * audit log, counters of use) counts too. On PostgreSQL each is a round trip, and what a request writes is one of them; on SQLite the
 * same is two or three calls into the process itself, and one commit.
 */
const BUDGET = {
  'client credentials, opaque': 1,
  'client credentials, JWT': 0,
  'code exchange': { sqlite: 7, postgresql: 3 },
  'code exchange, JWT': { sqlite: 7, postgresql: 3 },
  refresh: { sqlite: 6, postgresql: 2 },
  'introspection, opaque': 1,
  'introspection, JWT': 1,
  // The token, its Grant, session and account: of one transaction, or of one statement (src/storage/token-reads).
  userinfo: { sqlite: 4, postgresql: 1 },
  'authorize of a signed-in person': { sqlite: 5, postgresql: 2 },
  // Of an app that is not for everyone: one look more, for the person's groups and roles.
  'code exchange, not for everyone': { sqlite: 8, postgresql: 4 },
  'refresh, not for everyone': { sqlite: 7, postgresql: 3 },
  'introspection of a person, not for everyone': { sqlite: 5, postgresql: 2 },
  'userinfo, not for everyone': { sqlite: 5, postgresql: 2 },
  'authorize, not for everyone': { sqlite: 6, postgresql: 3 },
  // Attributes come with the account, and so do claims of them; groups and roles are one look more where a claim is made of them.
  'code exchange, with claims of attributes': { sqlite: 7, postgresql: 3 },
  'refresh, with claims of attributes': { sqlite: 6, postgresql: 2 },
  'introspection of a person, with claims of attributes': { sqlite: 4, postgresql: 1 },
  'userinfo, with claims of attributes': { sqlite: 4, postgresql: 1 },
  'code exchange, with claims of groups': { sqlite: 8, postgresql: 4 },
  'refresh, with claims of groups': { sqlite: 7, postgresql: 3 },
  'introspection of a person, with claims of groups': { sqlite: 5, postgresql: 2 },
  'userinfo, with claims of groups': { sqlite: 5, postgresql: 2 },
  // On PostgreSQL the entry of the audit log is one statement.
  'sign-in by password, known browser': { sqlite: 9, postgresql: 8 },
  // One of them behind the answer: where the account was seen (src/accounts/new-devices).
  'sign-in by password, new browser': { sqlite: 8, postgresql: 7 },
  'sign-in by password and a remembered browser': { sqlite: 9, postgresql: 8 },
  '/api/auth/me': { sqlite: 3, postgresql: 1 },
  // For an organization: the membership, once more at each use. These come last: once there is an organization, each authorization asks.
  'code exchange, for an organization': { sqlite: 8, postgresql: 4 },
  'refresh, for an organization': { sqlite: 7, postgresql: 3 },
  'introspection of a person, for an organization': { sqlite: 5, postgresql: 2 },
  'userinfo, for an organization': { sqlite: 5, postgresql: 2 },
  'authorize, for an organization': { sqlite: 6, postgresql: 4 },
  // One look more than any other: whether passwords of the domain count, asked by the typed address, which is the account's.
  'sign-in by password, address of a verified domain': { sqlite: 9, postgresql: 8 },
  'a page of users by SCIM, of an organization': 5,
} as const

const CLAIMED = ['code exchange', 'refresh', 'introspection of a person', 'userinfo'] as const

describe.each(engines)('SQL statements of the hot requests on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let closed: TestClient
  let told: TestClient
  let grouped: TestClient
  let machine: TestClient
  let api: TestClient
  let vault: TestClient
  let victim: Victim
  beforeAll(async () => {
    const started = Date.now()
    // Time stands still: nothing that is remembered is read again.
    latchkey = await startLatchkey({
      ...{ engine, clock: () => started, background: false, lookUpTxt: async () => ({ values }) },
    })
    fixture = createSecurityFixture(latchkey)
    const { resources, resourceCredentials } = latchkey.services
    await resources.add({ identifier: API, scope: 'books:read' })
    await resources.add({ identifier: REVOCABLE, scope: 'vault:read', tokens: 'opaque' })
    web = await fixture.client({ scope: 'openid profile email books:read' })
    machine = await fixture.client({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'books:read vault:read',
    })
    const staff = await latchkey.services.access.groups.create({ name: 'Staff' })
    closed = await fixture.client({ scope: 'openid profile email', access: { groups: ['Staff'] } })
    api = { ...(await resourceCredentials.add(API)), redirect_uri: '' }
    vault = { ...(await resourceCredentials.add(REVOCABLE)), redirect_uri: '' }
    victim = await fixture.victim()
    await latchkey.services.access.groups.addMember(staff.id, victim.user.id)
    const { accounts, attributes, customClaims } = latchkey.services
    told = await fixture.client({ scope: 'openid profile email' })
    grouped = await fixture.client({ scope: 'openid profile email' })
    const everywhere = { in: ['id_token', 'userinfo', 'access_token', 'introspection'] }
    for (let n = 0; n < 20; n++) {
      await attributes.create({ name: `attribute_${n}` })
      await customClaims.create({
        ...{ name: `claim_${n}`, source: 'attribute', value: `attribute_${n}`, ...everywhere },
        clients: [told.client_id, grouped.client_id],
      })
    }
    for (const source of ['groups', 'roles'])
      await customClaims.create({
        ...{ name: `claim_of_${source}`, source, scope: 'openid', ...everywhere },
        clients: [grouped.client_id],
      })
    await accounts.updateByAdmin(victim.user.id, { attributes: { attribute_0: 'x', attribute_1: 'y' } })
    // Hooks of another client, and disabled ones, cost nothing.
    for (const at of ['sign_in', 'token'])
      for (const more of [{ clients: ['another'] }, { state: 'disabled' }])
        await latchkey.services.hooks.create({
          ...{ name: `${at.replace('_', '-')}-${Object.keys(more)}`, at, url: 'http://127.0.0.1:9/' },
          ...more,
        })
    // Written once a client and day, behind the answer to its first token.
    await byMachine(API)
    await fixture.tokens(victim, web)
    for (const client of [closed, told, grouped]) await fixture.tokens(victim, client)
    const active = () => latchkey.services.db.prisma.clientActivity.count()
    await eventually(async () => expect(await active()).toBe(5))
  })
  afterAll(() => latchkey?.stop())

  async function byMachine(resource: string): Promise<Record<string, unknown>> {
    return (await fixture.token(machine, { grant_type: 'client_credentials', resource })).json
  }

  async function signInBy(browser: HttpBrowser, email = victim.user.email) {
    const page = await browser.open(`${fixture.issuer}/login?again=1`)
    const fields = page.forms[0]?.fields.map(({ name, value }): [string, string] => [name, value ?? ''])
    const body = new URLSearchParams(fields)
    body.set('identifier', email)
    body.set('password', PASSWORD)
    return async () => {
      const answer = await browser.send({ url: new URL('/login', fixture.issuer), method: 'POST', body })
      return answer.status === 303
    }
  }

  /** Of a client whose claims are made of attributes, or of groups and roles beside them; each has to be told. */
  function withClaims<Of extends 'attributes' | 'groups'>(of: Of, client: () => TestClient) {
    const scope = { scope: 'openid profile email' }
    const has = (body: Record<string, unknown>) =>
      (body.claim_1 as string[] | undefined)?.[0] === 'y' && 'claim_of_groups' in body === (of === 'groups')
    const token = async () => (await fixture.tokens(victim, client(), scope)).access_token
    return {
      [`code exchange, with claims of ${of}`]: async () => {
        const code = await fixture.code(victim, client(), scope)
        return async () => has(decodeJwt(String((await fixture.exchange(client(), code)).json.id_token)))
      },
      [`refresh, with claims of ${of}`]: async () => {
        const { refresh_token } = await fixture.tokens(victim, client(), scope)
        return async () =>
          has(decodeJwt(String((await fixture.refresh(client(), refresh_token)).json.id_token)))
      },
      [`introspection of a person, with claims of ${of}`]: async () => {
        const value = await token()
        return async () => has((await fixture.introspect(client(), value)).json)
      },
      [`userinfo, with claims of ${of}`]: async () => {
        const value = await token()
        return async () => has((await fixture.userinfo(value)).json)
      },
    } as Record<`${(typeof CLAIMED)[number]}, with claims of ${Of}`, () => Promise<() => Promise<boolean>>>
  }

  let company: Promise<{ member: Victim; id: string; app: TestClient }> | undefined
  /** A person in an organization, and an app that nobody has used; made by the first that asks. */
  const inCompany = () => {
    company ??= (async () => {
      const { organizations } = latchkey.services
      const [member, { id }] = [await fixture.victim(), await organizations.create({ name: 'Acme' })]
      await organizations.members.put(id, member.user.id, ['member'])
      return { member, id, app: await fixture.client({ scope: 'openid profile email' }) }
    })()
    return company
  }
  /** What the TXT record of the domain says. */
  const values: string[] = []
  let scim: ReturnType<typeof directory> | undefined
  let employee: Promise<{ email: string }> | undefined
  /** A member with an address of a domain that the company has verified, which has a provider; made by the first that asks. */
  const ofDomain = () => {
    employee ??= (async () => {
      const { organizations, providers } = latchkey.services
      const { id } = await inCompany()
      values.push((await organizations.domains.add(id, 'acme.example')).record.value)
      await organizations.domains.verify(id, 'acme.example')
      await providers.add({
        ...{
          id: 'acme',
          kind: 'oidc',
          client_id: 'latchkey',
          client_secret: 'given-out',
          organization: 'acme',
        },
        settings: { issuer: 'https://login.acme.example' },
      })
      const user = await latchkey.services.accounts.createByAdmin({
        ...{ username: 'employee', email: 'employee@acme.example', password: PASSWORD, verified: true },
      })
      await organizations.members.put(id, user.id, ['member'])
      return { email: 'employee@acme.example' }
    })()
    return employee
  }
  async function forCompany() {
    const { member, id, app } = await inCompany()
    const scope = { scope: 'openid profile email', organization: id }
    return { member, id, app, scope, tokens: () => fixture.tokens(member, app, scope) }
  }

  /** What each does beforehand, and then the request that is counted; it says whether it was answered as it has to be. */
  const requests: { [Name in keyof typeof BUDGET]: () => Promise<() => Promise<boolean>> } = {
    'client credentials, opaque': async () => async () => 'access_token' in (await byMachine(REVOCABLE)),
    'client credentials, JWT': async () => async () => 'access_token' in (await byMachine(API)),
    async 'code exchange'() {
      const code = await fixture.code(victim, web, { scope: 'openid profile email' })
      return async () => 'refresh_token' in (await fixture.exchange(web, code)).json
    },
    async 'code exchange, JWT'() {
      const code = await fixture.code(victim, web, { scope: 'openid books:read', resource: API })
      return async () => 'refresh_token' in (await fixture.exchange(web, code)).json
    },
    async refresh() {
      const { refresh_token } = await fixture.tokens(victim, web, { scope: 'openid profile email' })
      return async () => 'refresh_token' in (await fixture.refresh(web, refresh_token)).json
    },
    async 'introspection, opaque'() {
      const { access_token } = await byMachine(REVOCABLE)
      return async () => (await fixture.introspect(vault, access_token)).json.active === true
    },
    async 'introspection, JWT'() {
      const { access_token } = await byMachine(API)
      return async () => (await fixture.introspect(api, access_token)).json.active === true
    },
    async userinfo() {
      const { access_token } = await fixture.tokens(victim, web, { scope: 'openid profile email' })
      return async () => (await fixture.userinfo(access_token)).json.email !== undefined
    },
    async 'authorize of a signed-in person'() {
      const address = fixture.authorizeUrl(web, {
        code_challenge: pkce().challenge,
        scope: 'openid profile email',
      })
      return async () => (await victim.browser.open(address)).url.searchParams.has('code')
    },
    async 'code exchange, not for everyone'() {
      const code = await fixture.code(victim, closed, { scope: 'openid profile email' })
      return async () => 'refresh_token' in (await fixture.exchange(closed, code)).json
    },
    async 'refresh, not for everyone'() {
      const { refresh_token } = await fixture.tokens(victim, closed, { scope: 'openid profile email' })
      return async () => 'refresh_token' in (await fixture.refresh(closed, refresh_token)).json
    },
    async 'introspection of a person, not for everyone'() {
      const { access_token } = await fixture.tokens(victim, closed)
      return async () => (await fixture.introspect(closed, access_token)).json.active === true
    },
    async 'userinfo, not for everyone'() {
      const { access_token } = await fixture.tokens(victim, closed, { scope: 'openid profile email' })
      return async () => (await fixture.userinfo(access_token)).json.email !== undefined
    },
    async 'authorize, not for everyone'() {
      const address = fixture.authorizeUrl(closed, {
        code_challenge: pkce().challenge,
        scope: 'openid profile email',
      })
      return async () => (await victim.browser.open(address)).url.searchParams.has('code')
    },
    ...withClaims('attributes', () => told),
    ...withClaims('groups', () => grouped),
    async 'sign-in by password, known browser'() {
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      await browser.signIn(await browser.open(`${fixture.issuer}/login`), {
        identifier: victim.user.email,
        password: PASSWORD,
      })
      return signInBy(browser)
    },
    'sign-in by password, new browser': () => signInBy(createHttpBrowser({ stopAt: [redirectUri] })),
    async 'sign-in by password and a remembered browser'() {
      const { id, email } = await latchkey.createUser()
      const { totp } = latchkey.services.factors
      const now = latchkey.services.clock()
      const setup = await totp.begin(id)
      await totp.confirm({ accountId: id, generation: 0 }, setup.id, totpCode(setup.secret, now))
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      const credentials = { identifier: email, password: PASSWORD }
      const second = await browser.signIn(await browser.open(`${fixture.issuer}/login`), credentials)
      const values = { Code: totpCode(setup.secret, now + 30_000), remember: true }
      await browser.submit(second, values, { button: 'Continue' })
      const out = await browser.open(`${fixture.issuer}/logout`)
      await browser.submit(out, {}, { button: 'Sign out' })
      const page = await browser.open(`${fixture.issuer}/login`)
      const fields = page.forms[0]?.fields.map(({ name, value }): [string, string] => [name, value ?? ''])
      const body = new URLSearchParams(fields)
      body.set('identifier', email)
      body.set('password', PASSWORD)
      return async () => {
        const answer = await browser.send({ url: new URL('/login', fixture.issuer), method: 'POST', body })
        return answer.status === 303 && !String(answer.headers.get('location')).includes('verify')
      }
    },
    async '/api/auth/me'() {
      const body = JSON.stringify({ email: victim.user.email, password: PASSWORD })
      const { json } = await post(`${fixture.issuer}/api/auth/login`, body, {
        'content-type': 'application/json',
      })
      const headers = { authorization: `Bearer ${json.access_token}` }
      return async () => (await get(`${fixture.issuer}/api/auth/me`, headers)).status === 200
    },
    async 'code exchange, for an organization'() {
      const { member, id, app, scope } = await forCompany()
      const code = await fixture.code(member, app, scope)
      return async () => decodeJwt(String((await fixture.exchange(app, code)).json.id_token)).org_id === id
    },
    async 'refresh, for an organization'() {
      const { id, app, tokens } = await forCompany()
      const { refresh_token } = await tokens()
      return async () =>
        decodeJwt(String((await fixture.refresh(app, refresh_token)).json.id_token)).org_id === id
    },
    async 'introspection of a person, for an organization'() {
      const { id, app, tokens } = await forCompany()
      const { access_token } = await tokens()
      return async () => (await fixture.introspect(app, access_token)).json.org_id === id
    },
    async 'userinfo, for an organization'() {
      const { id, tokens } = await forCompany()
      const { access_token } = await tokens()
      return async () => (await fixture.userinfo(access_token)).json.org_id === id
    },
    async 'authorize, for an organization'() {
      const { member, app, scope } = await forCompany()
      const address = fixture.authorizeUrl(app, { code_challenge: pkce().challenge, ...scope })
      return async () => (await member.browser.open(address)).url.searchParams.has('code')
    },
    async 'sign-in by password, address of a verified domain'() {
      const { email } = await ofDomain()
      return signInBy(createHttpBrowser({ stopAt: [redirectUri] }), email)
    },
    async 'a page of users by SCIM, of an organization'() {
      await ofDomain()
      // Its token is used already: when it was is written once a while.
      scim ??= directory(latchkey, 'Entra', 'acme')
      const { get } = await scim
      return async () => (await get('/Users?count=100')).json.totalResults === 2
    },
  }

  test.each(Object.keys(BUDGET) as (keyof typeof BUDGET)[])('%s', async (name) => {
    // Once for what is remembered, then the one that counts.
    await (await requests[name]())()
    const request = await requests[name]()
    await settled(latchkey)
    let ok = false
    const told = await statementsOf(async () => {
      ok = await request()
      await settled(latchkey)
    })
    expect(ok).toBe(true)
    // Nor is one of them prepared anew at each use. Prisma's, which quotes names with backticks, keeps none.
    const planned = told.filter((text) => !text.includes('`') && /\b(JOIN|ORDER BY|LIMIT|LIKE)\b/.test(text))
    if (engine === 'sqlite') expect(planned.filter((text) => withFixedPlan(text) !== text)).toEqual([])
    const budget = BUDGET[name]
    expect(told.length, told.join('\n')).toBe(typeof budget === 'number' ? budget : budget[engine])
  })
})
