import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  basic,
  createSecurityFixture,
  get,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('the claims parameter (Core §5.5) on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    victim = await fixture.victim()
  })
  afterAll(() => latchkey?.stop())

  const asking = (claims: unknown, rest: Record<string, string> = {}) => ({
    claims: typeof claims === 'string' ? claims : JSON.stringify(claims),
    ...rest,
  })
  const idTokenOf = ({ id_token }: Record<string, unknown>) => decodeJwt(String(id_token))
  const userinfoOf = async ({ access_token }: Record<string, unknown>) =>
    (await fixture.userinfo(access_token)).json
  const strict = (metadata: Record<string, unknown> = {}) =>
    fixture.client({ id_token_identity_claims: false, ...metadata })
  /** A client whose people are asked. */
  const asked = (metadata: Record<string, unknown> = {}) => strict({ first_party: false, ...metadata })
  const open = (client: TestClient, parameters: Record<string, string>, { browser } = victim) =>
    browser.open(fixture.authorizeUrl(client, parameters))
  const EMAIL = { userinfo: { email: null } }

  test('discovery says that it is supported', async () => {
    const { json } = await get(`${latchkey.issuer}/.well-known/openid-configuration`)
    expect(json.claims_parameter_supported).toBe(true)
  })

  test.each([
    ['essential', { essential: true }],
    ['voluntary', null],
    ['voluntary, said otherwise', { essential: false, value: 'x', values: [1, {}] }],
  ])('%s: a claim is where it is asked for, and nowhere else', async (_how, wanted) => {
    const client = await strict()
    const there = await fixture.tokens(victim, client, asking({ id_token: { email: wanted } }))
    expect(idTokenOf(there).email).toBe(victim.user.email)
    expect(idTokenOf(there)).not.toHaveProperty('email_verified')
    expect(await userinfoOf(there)).toEqual({ sub: victim.user.id })
    const here = await fixture.tokens(victim, client, asking({ userinfo: { email: wanted } }))
    expect(idTokenOf(here)).not.toHaveProperty('email')
    expect(await userinfoOf(here)).toEqual({ sub: victim.user.id, email: victim.user.email })
  })

  test('a claim that a scope brings, in the ID Token of a strict client', async () => {
    const client = await strict()
    const parameters = asking({ id_token: { preferred_username: null } }, { scope: 'openid profile' })
    const claims = idTokenOf(await fixture.tokens(victim, client, parameters))
    expect(claims).toMatchObject({ preferred_username: victim.user.username })
    expect(claims).not.toHaveProperty('name')
  })

  test('refreshing keeps what was asked for', async () => {
    const client = await strict()
    const claims = { id_token: { name: null }, userinfo: { email: null } }
    const { refresh_token } = await fixture.tokens(victim, client, asking(claims))
    const { json } = await fixture.refresh(client, refresh_token)
    expect(idTokenOf(json)).toMatchObject({ name: victim.user.username })
    expect(await userinfoOf(json)).toEqual({ sub: victim.user.id, email: victim.user.email })
  })

  test('RFC 9126: through a pushed request', async () => {
    const client = await asked()
    const { searchParams } = new URL(fixture.authorizeUrl(client, asking(EMAIL)))
    const headers = basic(client.client_id, client.client_secret ?? '')
    const pushed = await post(`${latchkey.issuer}/par`, Object.fromEntries(searchParams), headers)
    expect(pushed.status, pushed.text).toBe(201)
    const query = { client_id: client.client_id, request_uri: String(pushed.json.request_uri) }
    const page = await victim.browser.open(`${latchkey.issuer}/authorize?${new URLSearchParams(query)}`)
    expect(page.text).toContain('See your email address')
    const back = await victim.browser.allow(page)
    const code = String(back.url.searchParams.get('code'))
    const verifier = 'v'.repeat(43)
    const tokens = await fixture.exchange(client, { code, verifier, redirect_uri: client.redirect_uri })
    expect(await userinfoOf(tokens.json)).toEqual({ sub: victim.user.id, email: victim.user.email })
  })

  test('names that nobody knows, and what says nothing, are ignored; nobody is asked for them', async () => {
    const client = await asked({ scope: 'openid email' })
    await victim.browser.allow(await open(client, { scope: 'openid' }))
    const odd =
      '"__proto__":{"essential":true},"constructor":null,"toString":null,"password_hash":{"essential":true}'
    const claims = `{"userinfo":{${odd},"email":true,"email_verified":["x"],"name":null},"id_token":{${odd}},"__proto__":{"userinfo":{"email":null}},"access_token":{"email":null}}`
    const tokens = await fixture.tokens(victim, client, asking(claims))
    expect(Object.keys(idTokenOf(tokens)).sort()).toEqual(
      ['acr', 'amr', 'at_hash', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'sub'].sort(),
    )
    expect(await userinfoOf(tokens)).toEqual({ sub: victim.user.id })
    expect(({} as { essential?: unknown }).essential).toBeUndefined()
  })

  test.each([
    'nonsense',
    '[]',
    '"text"',
    'null',
    '{}',
    '{"userinfo":[]}',
    '{"id_token":"email"}',
    '{"id_token":{"acr":{"essential":true,"values":"urn:latchkey:acr:pwd"}}}',
    '{"id_token":{"acr":{"values":[1]}}}',
    '{"id_token":{"sub":{"value":{"a":1}}}}',
    `{"userinfo":${'['.repeat(3000)}`,
  ])('what cannot be understood is invalid_request, at the app: %s', async (claims) => {
    const back = await fixture.authorize(victim, await fixture.client(), asking(claims))
    expect(back.get('error')).toBe('invalid_request')
  })

  describe('consent', () => {
    test('is asked for what no scope brings, in words, once; then the app has its answer', async () => {
      const client = await asked()
      const parameters = asking(
        { userinfo: { email: { essential: true }, birthdate: null } },
        { scope: 'openid profile' },
      )
      const page = await open(client, parameters)
      expect(page.text).toContain('See your email address')
      // The scope brings it.
      expect(page.text).not.toContain('birth date')
      const back = await victim.browser.allow(page)
      expect(back.left).toBe(true)
      expect(back.url.searchParams.get('code')).toBeTypeOf('string')

      const again = await fixture.tokens(victim, client, { ...parameters, prompt: 'none' })
      expect(await userinfoOf(again)).toMatchObject({ email: victim.user.email })
      // Another browser of the same person.
      const elsewhere = { user: victim.user, browser: createHttpBrowser({ stopAt: [redirectUri] }) }
      await elsewhere.browser.signIn(await elsewhere.browser.open(`${latchkey.issuer}/login`), {
        identifier: victim.user.email,
        password: PASSWORD,
      })
      const there = await fixture.tokens(elsewhere, client, { ...parameters, prompt: 'none' })
      expect(await userinfoOf(there)).toMatchObject({ email: victim.user.email })
    })

    test('of another claim later is asked for that; what was allowed stays', async () => {
      const client = await asked()
      await victim.browser.allow(await open(client, asking(EMAIL)))
      const more = asking({ userinfo: { email: null }, id_token: { address: null, name: null } })
      expect((await fixture.authorize(victim, client, { ...more, prompt: 'none' })).get('error')).toBe(
        'consent_required',
      )
      const page = await open(client, more)
      expect(page.text).toContain('See your postal address')
      await victim.browser.allow(page)
      expect(idTokenOf(await fixture.tokens(victim, client, more))).toMatchObject({
        name: victim.user.username,
      })
      expect(await userinfoOf(await fixture.tokens(victim, client, asking(EMAIL)))).toMatchObject({
        email: victim.user.email,
      })
    })

    test('that was given to a scope is given to its claims', async () => {
      const client = await asked()
      await victim.browser.allow(await open(client, { scope: 'openid email' }))
      const parameters = asking({ id_token: { email: null } })
      const tokens = await fixture.tokens(victim, client, { ...parameters, prompt: 'none' })
      expect(idTokenOf(tokens)).toMatchObject({ email: victim.user.email })
    })

    test('that is denied gives the app access_denied, and is asked for again', async () => {
      const client = await asked()
      const back = await victim.browser.deny(await open(client, asking(EMAIL)))
      expect(back.url.searchParams.get('error')).toBe('access_denied')
      expect((await open(client, asking(EMAIL))).text).toContain('See your email address')
    })

    test('is on the account page in words, in the audit log, and can be taken back', async () => {
      const client = await asked({ client_name: 'Claims app' })
      await victim.browser.allow(await open(client, asking(EMAIL)))
      const tokens = await fixture.tokens(victim, client, asking(EMAIL))
      const page = await victim.browser.open(`${latchkey.issuer}/account/apps`)
      expect(page.text).toMatch(/Claims app.*See your email address/s)
      const { items } = await latchkey.services.audit.list({ action: 'consent.allowed' }, { limit: 1 })
      expect(JSON.stringify(items[0]?.details)).toContain('"claims":["email"]')
      await latchkey.services.consents.withdraw(victim.user.id, client.client_id)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await open(client, asking(EMAIL))).text).toContain('See your email address')
    })
  })

  describe('a claim whose scope the client is not registered for', () => {
    test('is not released, and nobody is asked for it', async () => {
      const client = await asked({ scope: 'openid profile' })
      await victim.browser.allow(await open(client, { scope: 'openid' }))
      const tokens = await fixture.tokens(victim, client, asking(EMAIL))
      expect(await userinfoOf(tokens)).toEqual({ sub: victim.user.id })
    })

    test('any more: gone from userinfo, from what refreshing gives, and from a code under way', async () => {
      const client = await fixture.client({ id_token_identity_claims: false, scope: 'openid profile email' })
      const parameters = asking({
        id_token: { email: null, name: null },
        userinfo: { email: null, name: null },
      })
      const tokens = await fixture.tokens(victim, client, parameters)
      const code = await fixture.code(victim, client, parameters)
      await latchkey.services.clients.update(client.client_id, { scope: 'openid profile' })
      const withoutEmail = (claims: object) => {
        expect(claims).toMatchObject({ name: victim.user.username })
        expect(claims).not.toHaveProperty('email')
      }
      withoutEmail(await userinfoOf(tokens))
      const exchanged = (await fixture.exchange(client, code)).json
      withoutEmail(idTokenOf(exchanged))
      withoutEmail(await userinfoOf(exchanged))
      const refreshed = (await fixture.refresh(client, tokens.refresh_token)).json
      withoutEmail(idTokenOf(refreshed))
      withoutEmail(await userinfoOf(refreshed))
    })

    test('any more: the page that is open does not ask for it, and allowing does not allow it', async () => {
      const client = await asked({ scope: 'openid profile email' })
      const parameters = asking({ userinfo: { email: null, name: null } })
      const page = await open(client, parameters)
      await latchkey.services.clients.update(client.client_id, { scope: 'openid profile' })
      const shown = await victim.browser.open(page.url)
      expect(shown.text).toContain('See your name')
      expect(shown.text).not.toContain('email address')
      await victim.browser.allow(page)
      const consent = await latchkey.services.consents.find(victim.user.id, client.client_id)
      expect(consent?.claims).toEqual(['name'])
      await latchkey.services.clients.update(client.client_id, { scope: 'openid profile email' })
      expect((await open(client, parameters)).text).toContain('See your email address')
    })
  })

  test('a client that was first-party: what nobody was asked for ends with that', async () => {
    const client = await strict()
    const tokens = await fixture.tokens(victim, client, asking({ userinfo: { email: null, name: null } }))
    await latchkey.services.clients.update(client.client_id, { first_party: false })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    await victim.browser.allow(await open(client, asking({ userinfo: { name: null } })))
    expect(await userinfoOf(tokens)).toEqual({ sub: victim.user.id, name: victim.user.username })
  })

  describe('a subject that is asked for (Core §3.1.2.2)', () => {
    const of = (value: string) => asking({ id_token: { sub: { essential: true, value } } })

    test('who is signed in: the answer', async () => {
      const tokens = await fixture.tokens(victim, await fixture.client(), {
        ...of(victim.user.id),
        prompt: 'none',
      })
      expect(idTokenOf(tokens).sub).toBe(victim.user.id)
    })

    test('another person: login_required, or the sign-in page; no other person’s sign-in ends the flow', async () => {
      const client = await fixture.client()
      const other = await latchkey.createUser()
      expect(
        (await fixture.authorize(victim, client, { ...of(other.id), prompt: 'none' })).get('error'),
      ).toBe('login_required')
      const person = await fixture.victim()
      const page = await open(client, of(other.id), person)
      const credentials = { identifier: person.user.email, password: PASSWORD }
      const refused = await person.browser.signIn(page, credentials)
      expect([refused.left, refused.text]).toEqual([false, expect.stringContaining('another account')])
      const back = await person.browser.signIn(refused, { ...credentials, identifier: other.email })
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      const { json } = await fixture.exchange(client, { ...code, redirect_uri: redirectUri })
      expect(idTokenOf(json).sub).toBe(other.id)
    })

    test('an app that the person has not allowed cannot try out who is signed in', async () => {
      const other = await latchkey.createUser()
      for (const client of [await asked(), await asked({ application_type: 'native' })]) {
        const answers = new Set<string>()
        for (const id of [victim.user.id, other.id, 'nobody']) {
          const back = await fixture.authorize(victim, client, { ...of(id), prompt: 'none', state: 's' })
          answers.add(String(back))
        }
        expect([...answers]).toEqual([expect.stringMatching(/error=(consent|interaction)_required/)])
      }
      const allowed = await asked()
      await victim.browser.allow(await open(allowed, {}))
      const silent = { ...of(other.id), prompt: 'none' }
      expect((await fixture.authorize(victim, allowed, silent)).get('error')).toBe('login_required')
    })

    test('nobody: the sign-in page, which says so', async () => {
      expect((await open(await fixture.client(), of('nobody'))).text).toContain('asks for the account')
    })

    test('another one than the hint’s is a contradiction', async () => {
      const client = await fixture.client()
      const { id_token } = await fixture.tokens(victim, client)
      const parameters = { ...of('somebody'), id_token_hint: String(id_token) }
      const back = await fixture.authorize(victim, client, parameters)
      expect(back.get('error')).toBe('invalid_request')
    })
  })
})
