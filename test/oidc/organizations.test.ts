import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Organization } from '../../src/organizations/organization.ts'
import { confirmPage, deviceOf } from '../device/device-client.ts'
import {
  createSecurityFixture,
  credentials,
  passTime,
  pkce,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const API = 'https://orders.example'
const VAULT = 'https://vault.example'
const GRANTS = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']

describe.each(engines)('organizations in authorization requests, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let client: TestClient
  /** Takes the fast paths, or leaves every request to the library. */
  let fast = true
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, fastPaths: () => fast })
    fixture = createSecurityFixture(latchkey)
    const { resources } = latchkey.services
    await resources.add({ identifier: API, scope: 'orders:read' })
    await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque' })
    client = await fixture.client({
      ...{ scope: 'openid profile email offline_access orders:read vault:read', grant_types: GRANTS },
    })
  })
  afterAll(() => latchkey.stop())

  let made = 0
  const company = (fields: object = {}): Promise<Organization> =>
    latchkey.services.organizations.create({ name: `Company ${++made}`, ...fields })
  const put = ({ id }: Organization, { user }: Victim, roles: string[] = ['member']) =>
    latchkey.services.organizations.members.put(id, user.id, roles)
  const remove = ({ id }: Organization, { user }: Victim) =>
    latchkey.services.organizations.members.remove(id, user.id)
  /** A person of some organizations, who has signed in. */
  async function memberOf(...companies: Organization[]): Promise<Victim> {
    const victim = await fixture.victim()
    for (const each of companies) await put(each, victim)
    return victim
  }
  const idOf = (tokens: { id_token?: unknown }) => decodeJwt(String(tokens.id_token))
  const told = ({ id, name }: Organization, roles = ['member']) => ({
    ...{ org_id: id, org_name: name, org_roles: roles },
  })
  const refreshed = async (tokens: { refresh_token?: unknown }) =>
    (await fixture.refresh(client, tokens.refresh_token)).json
  /** A choice on the page, up to the code. */
  async function choose(victim: Victim, organization: Organization, parameters: Record<string, string> = {}) {
    const { challenge, verifier } = pkce()
    const asked = { code_challenge: challenge, code_challenge_method: 'S256', ...parameters }
    const page = await victim.browser.open(fixture.authorizeUrl(client, asked))
    expect(page.text).toContain('Choose an organization')
    const done = await victim.browser.submit(page, {}, { button: organization.name })
    const code = done.url.searchParams.get('code') ?? ''
    return { done, code: { code, verifier, redirect_uri: client.redirect_uri } }
  }

  test('who is in none is told of none, and asked nothing', async () => {
    const victim = await fixture.victim()
    const tokens = await fixture.tokens(victim, client)
    expect(Object.keys(idOf(tokens)).filter((name) => name.startsWith('org_'))).toEqual([])
    const info = await fixture.userinfo(tokens.access_token)
    expect(JSON.stringify(info.json)).not.toContain('org_')
  })

  test('the only one is taken, and told in each token and answer', async () => {
    const acme = await company()
    const victim = await memberOf(acme)
    const tokens = await fixture.tokens(victim, client)
    expect(idOf(tokens)).toMatchObject(told(acme))
    for (fast of [true, false]) {
      expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject(told(acme))
      expect((await fixture.introspect(client, tokens.access_token)).json).toMatchObject({
        ...{ active: true, ...told(acme) },
      })
    }
    fast = true
    const jwt = await fixture.tokens(victim, client, { scope: 'openid orders:read', resource: API })
    expect(decodeJwt(String(jwt.access_token))).toMatchObject(told(acme))
    for (fast of [true, false])
      expect((await fixture.introspect(client, jwt.access_token)).json).toMatchObject(told(acme))
    fast = true
  })

  test('the request names one, by its ID or its short name; the client that pushes its request too', async () => {
    const [one, other] = [await company(), await company()]
    const victim = await memberOf(one, other)
    for (const organization of [other.id, other.slug])
      expect(idOf(await fixture.tokens(victim, client, { organization }))).toMatchObject(told(other))
    expect(idOf(await fixture.tokens(victim, client, { organization: one.id }))).toMatchObject(told(one))
    const { challenge, verifier } = pkce()
    const { body, headers } = credentials(client)
    const pushed = await post(
      `${fixture.issuer}/par`,
      {
        ...{
          ...body,
          client_id: client.client_id,
          response_type: 'code',
          redirect_uri: client.redirect_uri,
          scope: 'openid',
        },
        ...{ code_challenge: challenge, code_challenge_method: 'S256', organization: one.slug },
      },
      headers,
    )
    expect([pushed.status, pushed.text]).toEqual([201, expect.any(String)])
    const url = `${fixture.issuer}/authorize?${new URLSearchParams({
      ...{ client_id: client.client_id, request_uri: String(pushed.json.request_uri) },
    })}`
    const code = (await victim.browser.open(url)).url.searchParams.get('code') ?? ''
    const answer = await fixture.exchange(client, { code, verifier, redirect_uri: client.redirect_uri })
    expect(answer).toMatchObject({ status: 200 })
    expect(idOf(answer.json)).toMatchObject(told(one))
  })

  test('a person of several chooses on a page, and a request behind the scenes goes on with that', async () => {
    const [one, other] = [await company(), await company()]
    const victim = await memberOf(one, other)
    const silent = () => fixture.authorize(victim, client, { prompt: 'none' })
    expect((await silent()).get('error')).toBe('interaction_required')
    const { code } = await choose(victim, other)
    const tokens = (await fixture.exchange(client, code)).json
    expect(idOf(tokens)).toMatchObject(told(other))
    expect(idOf(await refreshed(tokens))).toMatchObject(told(other))
    const again = await fixture.tokens(victim, client, { prompt: 'none' })
    expect(idOf(again)).toMatchObject(told(other))
    await remove(other, victim)
    expect(idOf(await fixture.tokens(victim, client, { prompt: 'none' })), 'the only one').toMatchObject(
      told(one),
    )
  })

  test('both organizations of a browser go on, each with its own tokens', async () => {
    const [one, other] = [await company(), await company()]
    const victim = await memberOf(one, other)
    const offline = async ({ id: organization }: Organization) => {
      const { challenge, verifier } = pkce()
      const asked = {
        scope: 'openid offline_access',
        prompt: 'consent',
        organization,
        code_challenge: challenge,
      }
      const page = await victim.browser.open(fixture.authorizeUrl(client, asked))
      const code = (await victim.browser.allow(page)).url.searchParams.get('code') ?? ''
      const got = { code, verifier, redirect_uri: client.redirect_uri }
      return (await fixture.exchange(client, got)).json
    }
    const [first, second] = [await offline(one), await offline(other)]
    expect(idOf(await refreshed(first))).toMatchObject(told(one))
    expect(idOf(await refreshed(second))).toMatchObject(told(other))
  })

  test('a stranger to an organization is told so, with a way out, and the app that it was denied', async () => {
    const foreign = await company({ name: 'Foreign & Secret' })
    const disabled = await company({ disabled: true })
    const victim = await memberOf(await company(), disabled)
    for (const organization of [foreign.id, foreign.slug, 'none', disabled.slug]) {
      const page = await victim.browser.open(fixture.authorizeUrl(client, { organization }))
      expect(page.status).toBe(403)
      expect(page.text).toContain('not open to you')
      expect(page.text, 'its name is no stranger’s business').not.toContain('Secret')
      const back = await victim.browser.submit(page, {}, { button: 'Back to Test app' })
      expect(Object.fromEntries(back.url.searchParams)).toMatchObject({
        ...{
          error: 'access_denied',
          error_description: 'the end-user may not sign in for this organization',
        },
        state: 'the-state',
      })
      const silent = await fixture.authorize(victim, client, { organization, prompt: 'none' })
      expect(silent.get('error')).toBe('access_denied')
    }
    const waiting = await victim.browser.open(fixture.authorizeUrl(client, { organization: foreign.slug }))
    await put(foreign, victim)
    const let_in = await victim.browser.follow(waiting, 'try again')
    expect(let_in.url.searchParams.has('code')).toBe(true)
  })

  test('what can be no name is refused, and a person who has not signed in learns of none', async () => {
    const acme = await company({ name: 'Hush Ltd' })
    for (const organization of ['a b', '__proto__\0', 'x'.repeat(101), '../admin', 'ａcme']) {
      const page = await createHttpBrowser({ stopAt: [client.redirect_uri] }).open(
        fixture.authorizeUrl(client, { organization }),
      )
      expect(page.url.searchParams.get('error')).toBe('invalid_request')
    }
    const stranger = createHttpBrowser({ stopAt: [client.redirect_uri] })
    for (const organization of [acme.slug, 'none']) {
      const page = await stranger.open(fixture.authorizeUrl(client, { organization }))
      expect(page.text).toContain('Password')
      expect(page.text).not.toContain('Hush')
    }
  })

  test('a choice counts for those whose it is: other people’s organizations, and none, ask again', async () => {
    const [one, other, foreign] = [await company(), await company(), await company()]
    const victim = await memberOf(one, other)
    const tampered = async (value: string) => {
      const page = await victim.browser.open(fixture.authorizeUrl(client))
      const request = victim.browser.prepare(page, {}, { button: one.name })
      request.body?.set('organization', value)
      return victim.browser.visit(request)
    }
    for (const value of [foreign.id, '', 'x'.repeat(5000), '__proto__']) {
      const shown = await tampered(value)
      expect(shown.text).toContain('Choose an organization')
      expect(shown.text).not.toContain(foreign.name)
    }
    const thief = await memberOf(one, other)
    const page = await victim.browser.open(fixture.authorizeUrl(client))
    const stolen = await thief.browser.open(page.url)
    expect(stolen.status, 'another browser').toBe(400)
  })

  /** Each use of what was issued, and what it says: true where it works. */
  const uses = {
    code: {
      prepare: (victim: Victim) => fixture.code(victim, client),
      works: async (got: never) => (await fixture.exchange(client, got)).status === 200,
    },
    refresh: {
      prepare: (victim: Victim) => fixture.tokens(victim, client),
      async works({ refresh_token }: { refresh_token: string }) {
        const answer = await fixture.refresh(client, refresh_token)
        if (answer.status !== 200) expect(answer.json.error).toBe('invalid_grant')
        return answer.status === 200
      },
    },
    userinfo: {
      prepare: (victim: Victim) => fixture.tokens(victim, client),
      async works({ access_token }: { access_token: string }) {
        const answer = await fixture.userinfo(access_token)
        if (answer.status !== 200) expect(answer.status).toBe(401)
        return answer.status === 200
      },
    },
    'introspection of an opaque token': {
      prepare: (victim: Victim) =>
        fixture.tokens(victim, client, { scope: 'openid vault:read', resource: VAULT }),
      works: async ({ access_token }: { access_token: string }) =>
        (await fixture.introspect(client, access_token)).json.active,
    },
    'introspection of a JWT': {
      prepare: (victim: Victim) =>
        fixture.tokens(victim, client, { scope: 'openid orders:read', resource: API }),
      works: async ({ access_token }: { access_token: string }) =>
        (await fixture.introspect(client, access_token)).json.active,
    },
    'introspection of a refresh token': {
      prepare: (victim: Victim) => fixture.tokens(victim, client),
      works: async ({ refresh_token }: { refresh_token: string }) =>
        (await fixture.introspect(client, refresh_token)).json.active,
    },
  }

  test.each(Object.keys(uses) as (keyof typeof uses)[])(
    '%s ends with the membership at once',
    async (use) => {
      const { prepare, works } = uses[use] as { prepare(victim: Victim): unknown; works(got: never): unknown }
      const { organizations } = latchkey.services
      const ends = {
        removed: remove,
        disabled: ({ id }: Organization) => organizations.update(id, { disabled: true }),
        deleted: ({ id }: Organization) => organizations.remove(id),
      }
      for (fast of [true, false])
        for (const [how, end] of Object.entries(ends)) {
          const acme = await company()
          const victim = await memberOf(acme)
          const [spent, kept] = [await prepare(victim), await prepare(victim)]
          expect([how, await works(spent as never)]).toEqual([how, true])
          await end(acme, victim)
          expect([how, fast, await works(kept as never)]).toEqual([how, fast, false])
        }
      fast = true
    },
  )

  test.each([
    ['by introspection of no opaque token', VAULT, 'vault:read'],
    ['by introspection of a JWT as by the JWT', API, 'orders:read'],
  ])('a role that was taken away is told %s', async (_, resource, scope) => {
    const acme = await company()
    const victim = await memberOf(acme)
    await put(acme, victim, ['admin'])
    const tokens = await fixture.tokens(victim, client, { scope, resource })
    /** By both ways: alike, and in the same order. */
    const introspected = async () => {
      const answers: string[] = []
      for (fast of [true, false])
        answers.push(JSON.stringify((await fixture.introspect(client, tokens.access_token)).json))
      fast = true
      expect(answers[0]).toBe(answers[1])
      return JSON.parse(answers[0] ?? '')
    }
    expect(await introspected()).toMatchObject({ active: true, ...told(acme, ['admin']) })
    await put(acme, victim, ['member'])
    const renamed = await latchkey.services.organizations.update(acme.id, { name: `${acme.name} Holding` })
    const now = resource === VAULT ? told(renamed, ['member']) : told(acme, ['admin'])
    expect(await introspected()).toMatchObject({ active: true, ...now })
  })

  test('roles count with the next refresh, and a new name', async () => {
    const acme = await company()
    const victim = await memberOf(acme)
    const tokens = await fixture.tokens(victim, client)
    await put(acme, victim, ['admin'])
    const renamed = await latchkey.services.organizations.update(acme.id, { name: 'Renamed' })
    const next = await refreshed(tokens)
    expect(idOf(next)).toMatchObject(told(renamed, ['admin']))
    expect((await fixture.introspect(client, next.access_token)).json).toMatchObject(told(renamed, ['admin']))
    for (fast of [true, false])
      expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject(told(renamed, ['admin']))
    fast = true
  })

  test('one that asks for a second factor lets nobody in, or on, without', async () => {
    const strict = await company({ second_factor_required: true })
    const victim = await memberOf(strict)
    const silent = await fixture.authorize(victim, client, { prompt: 'none' })
    expect(silent.get('error')).toBe('unmet_authentication_requirements')
    const page = await victim.browser.open(fixture.authorizeUrl(client))
    expect(page.left).toBe(false)
    const lax = await company()
    const other = await memberOf(lax)
    const tokens = await fixture.tokens(other, client)
    await latchkey.services.organizations.update(lax.id, { second_factor_required: true })
    expect((await fixture.refresh(client, tokens.refresh_token)).json).toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('one with a session length asks for the sign-in again, and ends refreshing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const short = await company({ session_max_age: 600 })
      const victim = await memberOf(short)
      const tokens = await fixture.tokens(victim, client)
      passTime(500)
      const again = await refreshed(tokens)
      expect(idOf(again)).toMatchObject(told(short))
      passTime(101)
      expect((await fixture.refresh(client, again.refresh_token)).json.error).toBe('invalid_grant')
      const silent = await fixture.authorize(victim, client, { prompt: 'none' })
      expect(silent.get('error')).toBe('login_required')
      const page = await victim.browser.open(fixture.authorizeUrl(client))
      const done = await victim.browser.signIn(page, { identifier: victim.user.email, password: PASSWORD })
      expect(done.url.searchParams.has('code')).toBe(true)
      const other = await company()
      await put(other, victim)
      passTime(601)
      expect(idOf(await fixture.tokens(victim, client, { organization: other.id }))).toMatchObject(
        told(other),
      )
    } finally {
      vi.useRealTimers()
    }
  })

  test('a device signs in for what it asks for', async () => {
    const [one, other] = [await company(), await company()]
    const victim = await memberOf(one, other)
    const device = deviceOf(fixture.issuer, client.client_id, client.client_secret, undefined as never)
    const asked = await device.ask({ scope: 'openid', organization: other.slug })
    const page = await confirmPage(latchkey, victim, asked.user_code)
    await victim.browser.submit(page, {}, { button: 'Allow' })
    expect(idOf((await device.poll(asked.device_code)).json)).toMatchObject(told(other))
  })

  test('a client that is off for organizations is told of none, and may not ask for one', async () => {
    const one = await company()
    const victim = await memberOf(one, await company())
    const off = await fixture.client({ scope: 'openid offline_access', organizations: 'off' })
    const tokens = await fixture.tokens(victim, off, { scope: 'openid offline_access' })
    expect(Object.keys(idOf(tokens)).filter((name) => name.startsWith('org_'))).toEqual([])
    expect((await fixture.introspect(off, tokens.access_token)).json).toMatchObject({ active: true })
    for (const organization of [one.id, one.slug, 'none']) {
      const answer = await fixture.authorize(victim, off, { organization })
      expect([answer.get('error'), answer.get('error_description')]).toEqual([
        'invalid_request',
        'organization is off for this client',
      ])
    }
  })

  test('a client that is for members of organizations lets in no one else, with a way out', async () => {
    const required = await fixture.client({ scope: 'openid', organizations: 'required' })
    const stranger = await fixture.victim()
    const page = await stranger.browser.open(fixture.authorizeUrl(required))
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('You are in no organization')])
    const back = await stranger.browser.submit(page, {}, { button: 'Back to Test app' })
    const description = 'the end-user is no member of an organization'
    expect(Object.fromEntries(back.url.searchParams)).toMatchObject({
      ...{ error: 'access_denied', error_description: description },
    })
    const silent = await fixture.authorize(stranger, required, { prompt: 'none' })
    expect([silent.get('error'), silent.get('error_description')]).toEqual(['access_denied', description])
    const waiting = await stranger.browser.open(fixture.authorizeUrl(required))
    const acme = await company()
    await put(acme, stranger)
    const letIn = await stranger.browser.follow(waiting, 'try again')
    expect(letIn.url.searchParams.has('code')).toBe(true)
    expect(idOf(await fixture.tokens(stranger, required))).toMatchObject(told(acme))
  })

  test.each(['off', 'required'] as const)(
    'what was issued before a client became “%s” ends where it does not fit: code, refresh token, both kinds of access token',
    async (organizations) => {
      const victim = await (organizations === 'off' ? memberOf(await company()) : fixture.victim())
      const other = await (organizations === 'off' ? fixture.victim() : memberOf(await company()))
      const scope = 'openid offline_access orders:read'
      const app = await fixture.client({ scope, grant_types: GRANTS })
      const of = async (who: Victim) => ({
        opaque: await fixture.tokens(who, app, { scope: 'openid offline_access' }),
        jwt: await fixture.tokens(who, app, { scope: 'openid orders:read', resource: API }),
      })
      const [ended, stays] = [await of(victim), await of(other)]
      const code = await fixture.code(victim, app)
      await latchkey.services.clients.update(app.client_id, { organizations })
      for (fast of [true, false]) {
        const active = async ({ opaque, jwt }: typeof ended) => [
          (await fixture.introspect(app, opaque.access_token)).json.active,
          (await fixture.introspect(app, jwt.access_token)).json.active,
          (await fixture.userinfo(opaque.access_token)).status,
        ]
        expect(await active(ended)).toEqual([false, false, 401])
        expect(await active(stays)).toEqual([true, true, 200])
      }
      fast = true
      expect((await fixture.exchange(app, code)).json).toMatchObject({ error: 'invalid_grant' })
      const refresh = await fixture.refresh(app, ended.opaque.refresh_token)
      expect(refresh.json).toMatchObject({ error: 'invalid_grant' })
      expect((await fixture.refresh(app, stays.opaque.refresh_token)).status).toBe(200)
    },
  )
})
