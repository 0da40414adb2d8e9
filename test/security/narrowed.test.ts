import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSigner } from '../oidc/signer.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/** A setting that is narrowed narrows what exists: flows, codes, tokens, grants. */
describe.each(engines)('on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  const API = 'https://orders.example'
  const elsewhere = 'https://app.example/elsewhere'

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({ identifier: API, scope: 'orders:read orders:write' })
    await latchkey.services.resources.add(jobs)
    victim = await fixture.victim([redirectUri, elsewhere])
  })
  afterAll(() => latchkey.stop())

  const change = (client: TestClient, to: Record<string, unknown>) =>
    latchkey.services.clients.update(client.client_id, to)
  const own = (metadata: Record<string, unknown> = {}) =>
    fixture.client({ scope: 'openid profile email offline_access orders:read orders:write', ...metadata })
  const open = (client: TestClient, parameters: Record<string, string> = {}) =>
    victim.browser.open(fixture.authorizeUrl(client, parameters))
  const active = async (client: TestClient, token: unknown) =>
    (await fixture.introspect(client, token)).json.active

  /** A flow that waits for a person to sign in, in a browser of its own. */
  async function waiting(client: TestClient, parameters: Record<string, string> = {}) {
    const browser = createHttpBrowser({ stopAt: [redirectUri, elsewhere] })
    const page = await browser.open(fixture.authorizeUrl(client, parameters))
    expect(page.text).toContain('Password')
    return { browser, page, person: { identifier: victim.user.email, password: PASSWORD } }
  }

  describe('first_party taken away', () => {
    test('brings the consent page back in the running session', async () => {
      const client = await own()
      await fixture.tokens(victim, client, { scope: 'openid email' })
      await change(client, { first_party: false })
      const page = await open(client, { scope: 'openid email' })
      expect(page.left).toBe(false)
      expect(page.text).toContain('Allow access?')
      expect((await victim.browser.allow(page)).url.searchParams.get('code')).toBeTypeOf('string')
    })

    test('ends the tokens of people who were never asked; those who allow it keep what they allow', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client, { scope: 'openid email profile' })
      await change(client, { first_party: false })
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await fixture.refresh(client, tokens.refresh_token)).json).toMatchObject({
        error: 'invalid_grant',
      })
      expect(await active(client, tokens.access_token)).toBe(false)
      expect(await active(client, tokens.refresh_token)).toBe(false)
      await victim.browser.allow(await open(client, { scope: 'openid email' }))
      const claims = (await fixture.userinfo(tokens.access_token)).json
      expect(claims).toMatchObject({ email: victim.user.email })
      expect(claims).not.toHaveProperty('name')
    })

    test('counts for the code that is under way', async () => {
      const client = await own()
      const code = await fixture.code(victim, client, { scope: 'openid email' })
      await change(client, { first_party: false })
      expect((await fixture.exchange(client, code)).json).toMatchObject({ error: 'invalid_grant' })
    })

    test('leaves alone what people allowed while it was asked for', async () => {
      const client = await own({ first_party: false })
      const page = await open(client, { scope: 'openid email' })
      const back = await victim.browser.allow(page)
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      const tokens = (await fixture.exchange(client, { ...code, redirect_uri: redirectUri })).json
      await change(client, { first_party: true })
      await fixture.tokens(victim, client, { scope: 'openid email profile' })
      await change(client, { first_party: false })
      const claims = (await fixture.userinfo(tokens.access_token)).json
      expect(claims).toMatchObject({ email: victim.user.email })
      expect((await open(client, { scope: 'openid email' })).url.searchParams.get('code')).toBeTypeOf(
        'string',
      )
      expect((await open(client, { scope: 'openid profile' })).text).toContain('Allow access?')
    })
  })

  describe('a scope taken from a client', () => {
    test('shrinks userinfo, introspection and refreshed tokens, and the id_token with them', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client, { scope: 'openid profile email' })
      expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject({ email: victim.user.email })
      await change(client, { scope: 'openid profile' })
      expect((await fixture.userinfo(tokens.access_token)).json).not.toHaveProperty('email')
      expect((await fixture.introspect(client, tokens.access_token)).json).toMatchObject({
        active: true,
        scope: 'openid profile',
      })
      expect((await fixture.introspect(client, tokens.refresh_token)).json.scope).toBe('openid profile')
      const wanted = await fixture.refresh(client, tokens.refresh_token, { scope: 'openid email' })
      expect(wanted.json).toMatchObject({ error: 'invalid_scope' })
      const fresh = (await fixture.refresh(client, tokens.refresh_token)).json
      expect(fresh.scope).toBe('openid profile')
      expect((await fixture.userinfo(fresh.access_token)).json).not.toHaveProperty('email')
      // What was rotated in between does not grow again.
      await change(client, { scope: 'openid profile email' })
      expect((await fixture.refresh(client, fresh.refresh_token)).json.scope).toBe('openid profile')
    })

    test('shrinks the id_token at refresh that carries the claims itself', async () => {
      const client = await own()
      const asked = { scope: 'openid email orders:read', resource: API }
      const tokens = await fixture.tokens(victim, client, asked)
      expect(decodeJwt(String(tokens.id_token))).toMatchObject({ email: victim.user.email })
      await change(client, { scope: 'openid orders:read' })
      const fresh = (await fixture.refresh(client, tokens.refresh_token)).json
      expect(decodeJwt(String(fresh.id_token))).not.toHaveProperty('email')
    })

    test('is not in what a code gives that was sent before', async () => {
      const client = await own()
      const code = await fixture.code(victim, client, { scope: 'openid email' })
      await change(client, { scope: 'openid' })
      const tokens = (await fixture.exchange(client, code)).json
      expect(tokens.scope).toBe('openid')
      expect((await fixture.userinfo(tokens.access_token)).json).not.toHaveProperty('email')
    })

    test('without openid there is nothing to read at userinfo', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client, { scope: 'openid email' })
      await change(client, { scope: 'email' })
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(403)
      expect((await fixture.refresh(client, tokens.refresh_token)).json).not.toHaveProperty('id_token')
    })

    test('is not asked for on a consent page that is open, nor given by it', async () => {
      const client = await own({ first_party: false })
      const page = await open(client, { scope: 'openid email profile' })
      expect(page.text).toContain('See your email address')
      await change(client, { scope: 'openid profile' })
      expect((await victim.browser.open(page.url)).text).not.toContain('See your email address')
      const back = await victim.browser.allow(page)
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      const tokens = (await fixture.exchange(client, { ...code, redirect_uri: redirectUri })).json
      expect(tokens.scope).toBe('openid profile')
      const consent = await latchkey.services.consents.find(victim.user.id, client.client_id)
      expect(consent?.scopes).not.toContain('email')
    })

    test('shrinks the grant that is kept with the next authorization', async () => {
      const client = await own()
      await fixture.tokens(victim, client, { scope: 'openid email orders:write', resource: API })
      await change(client, { scope: 'openid orders:read' })
      await fixture.code(victim, client, { scope: 'openid' })
      const kept = await latchkey.services.artifacts.listByAccount('Grant', victim.user.id)
      const [grant] = kept.filter(({ payload }) => payload.clientId === client.client_id)
      expect(grant?.payload.openid).toEqual({ scope: 'openid' })
      expect(grant?.payload.resources).toBeUndefined()
    })

    test('an authorization for more does not take from what another one in the session got', async () => {
      const client = await own()
      const first = await fixture.tokens(victim, client, { scope: 'openid profile' })
      await fixture.code(victim, client, { scope: 'openid email' })
      expect((await fixture.userinfo(first.access_token)).json).toHaveProperty('name')
    })

    test('of an API is in no token from then on, and none left is invalid_target', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client, {
        scope: 'openid orders:read orders:write',
        resource: API,
      })
      await change(client, { scope: 'openid orders:read' })
      const fresh = (await fixture.refresh(client, tokens.refresh_token, { resource: API })).json
      expect(decodeJwt(String(fresh.access_token)).scope).toBe('orders:read')
      await change(client, { scope: 'openid' })
      const none = await fixture.refresh(client, fresh.refresh_token, { resource: API })
      expect(none.json).toMatchObject({ error: 'invalid_target' })
    })

    test('offline_access taken binds what it gave to the session', async () => {
      const client = await own()
      const person = await fixture.victim()
      const parameters = { scope: 'openid offline_access', prompt: 'consent' }
      const consent = await person.browser.open(fixture.authorizeUrl(client, parameters))
      const back = await person.browser.allow(consent)
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      const tokens = (await fixture.exchange(client, { ...code, redirect_uri: redirectUri })).json
      await person.browser.submit(
        await person.browser.open(`${fixture.issuer}/logout`),
        {},
        { button: 'Sign out' },
      )
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
      await change(client, { scope: 'openid' })
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await fixture.refresh(client, tokens.refresh_token)).json).toMatchObject({
        error: 'invalid_grant',
      })
    })
  })

  describe('a redirect URI removed', () => {
    const two = { redirect_uris: [redirectUri, elsewhere] }

    test('while a flow is under way gets no code, and the page says so', async () => {
      const client = await own(two)
      const { browser, page, person } = await waiting(client)
      const resume = await browser.send(
        browser.prepare(page, { 'Email or username': person.identifier, Password: PASSWORD }),
      )
      await change(client, { redirect_uris: [elsewhere] })
      const end = await browser.open(String(resume.headers.get('location')))
      expect(end.left).toBe(false)
      expect(end).toMatchObject({ status: 400 })
      expect(end.text).toMatch(/settings of the app have changed/)
    })

    test('gets no error either, and its sign-in page is closed', async () => {
      const client = await own(two)
      const { browser, page, person } = await waiting(client)
      await change(client, { redirect_uris: [elsewhere] })
      for (const end of [
        await browser.open(page.url),
        await browser.signIn(page, person),
        await browser.submit(page, {}, { button: 'Cancel and return to Test app' }),
      ]) {
        expect(end.left).toBe(false)
        expect(end).toMatchObject({ status: 400 })
        expect(end.text).toMatch(/settings of the app have changed/)
      }
    })

    test('gets no refusal of the person either', async () => {
      const client = await own(two)
      const { browser, page } = await waiting(client)
      const sent = browser.prepare(page, {}, { button: 'Cancel and return to Test app' })
      const resume = await browser.send(sent)
      await change(client, { redirect_uris: [elsewhere] })
      expect((await browser.open(String(resume.headers.get('location')))).left).toBe(false)
    })

    test('a code that was sent there is not redeemed', async () => {
      const client = await own(two)
      const code = await fixture.code(victim, client)
      const other = await fixture.code(victim, { ...client, redirect_uri: elsewhere })
      await change(client, { redirect_uris: [elsewhere] })
      expect((await fixture.exchange(client, code)).json).toMatchObject({ error: 'invalid_grant' })
      expect((await fixture.exchange(client, other)).status).toBe(200)
    })

    test('the loopback port of a native app still differs', async () => {
      const client = await fixture.publicClient({
        redirect_uris: ['http://127.0.0.1/cb'],
        first_party: false,
      })
      const person = await fixture.victim(['http://127.0.0.1'])
      const page = await person.browser.open(
        fixture.authorizeUrl({ ...client, redirect_uri: 'http://127.0.0.1:8123/cb' }),
      )
      const back = await person.browser.allow(page)
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      expect(
        (await fixture.exchange(client, { ...code, redirect_uri: 'http://127.0.0.1:8123/cb' })).status,
      ).toBe(200)
    })
  })

  describe('a flow that is under way', () => {
    const ended = async (metadata: Record<string, unknown>, to: Record<string, unknown>, parameters = {}) => {
      const client = await own(metadata)
      const { browser, page, person } = await waiting(client, parameters)
      const sent = browser.prepare(page, { 'Email or username': person.identifier, Password: PASSWORD })
      const resume = await browser.send(sent)
      await change(client, to)
      const end = await browser.open(String(resume.headers.get('location')))
      expect(end.left).toBe(false)
      expect(end.text).toMatch(/settings of the app have changed/)
    }

    test('ends when the client may no longer use codes', () => ended({}, jobClient))

    test('ends when requests have to be pushed from now on (RFC 9126)', () =>
      ended({}, { require_pushed_authorization_requests: true }))

    test('ends when requests have to be signed from now on (RFC 9101)', async () => {
      const { jwks } = await createSigner('ES256')
      await ended({}, { require_signed_request_object: true, jwks })
    })

    test('ends at the consent page as well when requests have to be signed from now on', async () => {
      const { jwks } = await createSigner('ES256')
      const client = await own({ first_party: false })
      const { browser, page, person } = await waiting(client)
      const consent = await browser.signIn(page, person)
      expect(consent.text).toContain('Allow access?')
      await change(client, { require_signed_request_object: true, jwks })
      const end = await browser.allow(consent)
      expect(end.left).toBe(false)
      expect(end.text).toMatch(/settings of the app have changed/)
    })

    test('ends when PKCE is required from now on and it has none', async () => {
      const client = await own({ pkce: 'optional' })
      const url = new URL(fixture.authorizeUrl(client))
      url.searchParams.delete('code_challenge')
      url.searchParams.delete('code_challenge_method')
      const back = await victim.browser.open(url)
      const code = String(back.url.searchParams.get('code'))
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      const page = await browser.open(url)
      await change(client, { pkce: 'required' })
      expect((await browser.open(page.url)).text).toMatch(/settings of the app have changed/)
      const answer = await fixture.token(client, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
      })
      expect(answer.json).toMatchObject({ error: 'invalid_grant' })
    })

    test('ends when the client is disabled', async () => {
      const client = await own()
      const { browser, page } = await waiting(client)
      await latchkey.services.clients.disable(client.client_id)
      const end = await browser.open(page.url)
      expect(end).toMatchObject({ left: false, status: 400 })
      expect(end.text).not.toContain('Password')
    })
  })

  describe('a grant type taken from a client', () => {
    test('refresh_token: its refresh tokens are refused, and inactive', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client)
      await change(client, { grant_types: ['authorization_code'] })
      expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(400)
      expect(await active(client, tokens.refresh_token)).toBe(false)
      expect(await active(client, tokens.access_token)).toBe(true)
    })

    test('refresh_token: revoking one still counts when the grant comes back', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client)
      await change(client, { grant_types: ['authorization_code'] })
      expect((await fixture.revoke(client, tokens.refresh_token)).status).toBe(200)
      await change(client, { grant_types: ['authorization_code', 'refresh_token'] })
      expect((await fixture.refresh(client, tokens.refresh_token)).json).toMatchObject({
        error: 'invalid_grant',
      })
    })

    test('authorization_code: what people gave it ends', async () => {
      const client = await own()
      const tokens = await fixture.tokens(victim, client)
      await change(client, jobClient)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect(await active(client, tokens.access_token)).toBe(false)
    })

    test('client_credentials: its own tokens end', async () => {
      const client = await own({
        grant_types: ['authorization_code', 'client_credentials'],
        scope: `openid ${jobs.scope}`,
      })
      const { json } = await fixture.token(client, jobGrant)
      expect(await active(client, json.access_token)).toBe(true)
      await change(client, { grant_types: ['authorization_code'] })
      expect(await active(client, json.access_token)).toBe(false)
    })
  })

  describe('proof of possession required from now on (RFC 9449)', () => {
    test('bearer tokens end, and so do unbound refresh tokens of a public client', async () => {
      const spa = await own({ token_endpoint_auth_method: 'none' })
      const web = await own()
      const [ofSpa, ofWeb] = [await fixture.tokens(victim, spa), await fixture.tokens(victim, web)]
      for (const client of [spa, web]) await change(client, { dpop_bound_access_tokens: true })
      expect((await fixture.userinfo(ofSpa.access_token)).status).toBe(401)
      expect((await fixture.userinfo(ofWeb.access_token)).status).toBe(401)
      expect(await active(web, ofWeb.access_token)).toBe(false)
      // Of a confidential client a refresh token is bound to its secret.
      expect(await active(web, ofWeb.refresh_token)).toBe(true)
      expect((await fixture.refresh(spa, ofSpa.refresh_token)).json).toMatchObject({ error: 'invalid_grant' })
    })
  })

  test('another way to authenticate holds for refresh tokens that exist', async () => {
    const client = await own()
    const tokens = await fixture.tokens(victim, client)
    await change(client, { token_endpoint_auth_method: 'client_secret_post' })
    await change(client, { token_endpoint_auth_method: 'none' })
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(401)
    const bare = { client_id: client.client_id, redirect_uri: redirectUri }
    expect((await fixture.refresh(bare, tokens.refresh_token)).status).toBe(200)
  })

  describe('a resource', () => {
    test('with fewer scopes gives fewer, and a removed one none', async () => {
      const identifier = `https://${crypto.randomUUID()}.example`
      await latchkey.services.resources.add({ identifier, scope: 'r:read r:write' })
      const client = await own({ scope: 'openid r:read r:write' })
      const asked = { scope: 'openid r:read r:write', resource: identifier }
      const tokens = await fixture.tokens(victim, client, asked)
      const code = await fixture.code(victim, client, asked)
      await latchkey.services.resources.update(identifier, { scope: 'r:read' })
      const fresh = (await fixture.refresh(client, tokens.refresh_token)).json
      expect(decodeJwt(String(fresh.access_token)).scope).toBe('r:read')
      await latchkey.services.resources.remove(identifier)
      for (const answer of [
        await fixture.refresh(client, fresh.refresh_token),
        await fixture.exchange(client, code),
      ])
        expect(answer.json).toMatchObject({ error: 'invalid_target' })
    })
  })

  describe('signing out', () => {
    const bye = 'https://app.example/bye'

    test('leads to no post-logout redirect URI that was removed while the person was asked', async () => {
      const client = await own({ post_logout_redirect_uris: [bye] })
      const person = await fixture.victim([redirectUri, bye])
      const url = new URL(`${fixture.issuer}/logout`)
      url.search = String(
        new URLSearchParams({ client_id: client.client_id, post_logout_redirect_uri: bye, state: 's' }),
      )
      const page = await person.browser.open(url)
      await change(client, { post_logout_redirect_uris: [] })
      const end = await person.browser.submit(page, {}, { button: 'Sign out' })
      expect(end.left).toBe(false)
      expect(end.text).toContain('signed out')
    })

    test('is neither offered nor followed when the person stays signed in', async () => {
      const client = await own({ post_logout_redirect_uris: [bye] })
      const person = await fixture.victim([redirectUri, bye])
      const url = `${fixture.issuer}/logout?${new URLSearchParams({ client_id: client.client_id, post_logout_redirect_uri: bye })}`
      const stay = async (before: () => Promise<unknown>) => {
        const page = await person.browser.open(url)
        await before()
        return person.browser.submit(page, {}, { button: 'Stay signed in' })
      }
      const offered = await stay(async () => undefined)
      expect(offered.links.map(({ href }) => href)).toContain(bye)
      const removed = await stay(() => change(client, { post_logout_redirect_uris: [] }))
      expect([removed.left, removed.text]).toEqual([false, expect.stringContaining('asked to sign you out')])
      // The page that was shown before, opened again.
      for (const page of [removed, await person.browser.open(offered.url)]) {
        expect(page.text).toContain('You are still signed in')
        expect(page.links.map(({ href }) => href)).not.toContain(bye)
      }
      await change(client, { post_logout_redirect_uris: [bye] })
      const disabled = await stay(() => latchkey.services.clients.disable(client.client_id))
      expect(disabled).toMatchObject({ status: 200, left: false })
      expect(disabled.text).toContain('You are still signed in')
    })

    test('of no client is offered by the page that says so, whatever its address says', async () => {
      const client = await own({ post_logout_redirect_uris: [bye] })
      const { browser } = await fixture.victim()
      for (const uri of ['https://evil.example/', 'javascript:alert(1)', `${bye}/x`]) {
        const query = new URLSearchParams({ client_id: client.client_id, post_logout_redirect_uri: uri })
        const page = await browser.open(`${fixture.issuer}/logout/success?${query}`)
        expect(page.status).toBe(200)
        expect(page.links.map(({ href }) => href)).not.toContain(uri)
      }
      const twice = `client_id=${client.client_id}&post_logout_redirect_uri=${bye}&post_logout_redirect_uri=${bye}`
      const page = await browser.open(`${fixture.issuer}/logout/success?${twice}`)
      expect([page.status, page.links.some(({ href }) => href === bye)]).toEqual([200, false])
    })

    test('leads to one that is still registered', async () => {
      const client = await own({ post_logout_redirect_uris: [bye] })
      const person = await fixture.victim([redirectUri, bye])
      const url = new URL(`${fixture.issuer}/logout`)
      url.search = String(new URLSearchParams({ client_id: client.client_id, post_logout_redirect_uri: bye }))
      const end = await person.browser.submit(await person.browser.open(url), {}, { button: 'Sign out' })
      expect(end.left).toBe(true)
    })
  })

  test('a client that is enabled again has nothing of what was issued while another server did not know', async () => {
    const client = await own()
    const tokens = await fixture.tokens(victim, client)
    const kept = await latchkey.services.artifacts.listByAccount('Grant', victim.user.id)
    const grant = kept.find(({ payload }) => payload.clientId === client.client_id)
    await latchkey.services.clients.disable(client.client_id)
    // What a server wrote that had read the client a moment before.
    const { artifacts } = latchkey.services
    const late = { accountId: victim.user.id, clientId: client.client_id, kind: 'AccessToken' }
    await artifacts.upsert('AccessToken', 'late', { ...late, ...grant?.payload, kind: 'AccessToken' }, 60)
    await latchkey.services.clients.enable(client.client_id)
    expect(await artifacts.find('AccessToken', 'late')).toBeUndefined()
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
  })

  test('the tokens of the JSON API are nobody’s setting', async () => {
    const { user } = await fixture.victim()
    const answer = await fetch(`${fixture.issuer}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: user.username, password: PASSWORD }),
    })
    const { access_token } = (await answer.json()) as { access_token: string }
    expect(
      (await get(`${fixture.issuer}/userinfo`, { authorization: `Bearer ${access_token}` })).status,
    ).toBe(200)
  })
})

/** Two processes on one database. Each remembers a client for a second (src/clients/for-protocol/recent.ts). */
test.each(engines)('what one server is told counts on another within a second, on %s', async (engine) => {
  const secret = { SECRET_KEY: 'n'.repeat(48) }
  const one = await startLatchkey({ engine, clock, env: secret })
  onTestFinished(() => one.stop())
  const { DATABASE_URL, DATA_DIR, ISSUER } = one.env
  const shared = DATABASE_URL === undefined ? { DATA_DIR: String(DATA_DIR) } : { DATABASE_URL }
  const two = await startLatchkey({ engine, clock, env: { ...secret, ...shared, ISSUER: String(ISSUER) } })
  onTestFinished(() => two.stop())
  onTestFinished(() => void vi.useRealTimers())
  const [fixture, there] = [
    createSecurityFixture(one),
    createSecurityFixture({ ...two, issuer: `http://localhost:${two.env.PORT}` }),
  ]
  const uris = [redirectUri, 'https://app.example/elsewhere']
  const client = await fixture.client({ redirect_uris: uris })
  const victim = await fixture.victim()
  const tokens = await fixture.tokens(victim, client, { scope: 'openid email' })
  const code = await fixture.code(victim, client)
  expect((await there.userinfo(tokens.access_token)).json).toHaveProperty('email')
  await one.services.clients.update(client.client_id, {
    scope: 'openid',
    first_party: false,
    redirect_uris: uris.slice(1),
  })
  passTime(1.1)
  expect((await there.userinfo(tokens.access_token)).status).toBe(401)
  expect((await there.refresh(client, tokens.refresh_token)).json).toMatchObject({ error: 'invalid_grant' })
  expect((await there.exchange(client, code)).json).toMatchObject({ error: 'invalid_grant' })
})
