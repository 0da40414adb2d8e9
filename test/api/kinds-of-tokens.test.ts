import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecurityFixture, type SecurityFixture, type TestClient } from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, createApi, invalidCredentials } from './support.ts'

const RESOURCE = 'https://books.example'
const SCOPE = 'openid profile email'

let latchkey: Latchkey
let api: Api
let fixture: SecurityFixture
let web: TestClient
/** One live value of each kind. */
let kinds: Record<string, string>

beforeAll(async () => {
  latchkey = await startLatchkey()
  api = createApi(latchkey.issuer)
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client({
    scope: `${SCOPE} books:read ${jobs.scope}`,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  })
  await latchkey.services.resources.add({ identifier: RESOURCE, scope: 'books:read' })
  await latchkey.services.resources.add(jobs)
  const victim = await fixture.victim()
  const { email } = victim.user
  const own = (await api.login(email)).json
  const app = await fixture.tokens(victim, web, { scope: SCOPE })
  const code = await fixture.code(victim, web)
  const machine = await fixture.token(web, jobGrant)
  const jwt = await fixture.token(web, {
    grant_type: 'client_credentials',
    resource: RESOURCE,
    scope: 'books:read',
  })
  const prover = await createProver()
  const proof = await prove(prover, 'POST', `${latchkey.issuer}/token`)
  const bound = await fixture.exchange(
    web,
    await fixture.code(victim, web, { scope: SCOPE }),
    {},
    { dpop: proof },
  )
  const registered = await api.post('/register', {
    username: 'waiting',
    email: 'waiting@example.com',
    password: PASSWORD,
  })
  expect(registered.status).toBe(201)
  const verification = (await latchkey.mailTo('waiting@example.com')).link.searchParams.get('token')
  await api.post('/forgot-password', { email })
  const reset = (await latchkey.mailTo(email)).link.searchParams.get('token')
  kinds = {
    access: String(own.access_token),
    refresh: String(own.refresh_token),
    "an app's access token": String(app.access_token),
    "an app's refresh token": String(app.refresh_token),
    id_token: String(app.id_token),
    code: code.code,
    "a machine's access token": String(machine.json.access_token),
    'a JWT for an API': String(jwt.json.access_token),
    'a DPoP-bound access token': String(bound.json.access_token),
    'a verification token': String(verification),
    'a reset token': String(reset),
    'a session id': String(victim.browser.cookies.value('latchkey_session')),
    'the account id': victim.user.id,
  }
  for (const [kind, value] of Object.entries(kinds)) expect(value, kind).toMatch(/^[\w.-]{20,}$/)
})
afterAll(() => latchkey.stop())

describe('what is not an access token of this API is nothing to it', () => {
  const others = [
    'refresh',
    "an app's refresh token",
    'id_token',
    'code',
    "a machine's access token",
    'a JWT for an API',
    'a DPoP-bound access token',
    'a verification token',
    'a reset token',
    'a session id',
    'the account id',
  ]
  test.each(others)('%s', async (kind) => {
    const value = kinds[kind]
    for (const headers of [bearer(value), basic(value), { authorization: `DPoP ${value}` }])
      expect(await api.me(headers)).toMatchObject(invalidCredentials)
    expect((await fixture.userinfo(value)).status).not.toBe(200)
    expect((await api.me({ cookie: `latchkey_session=${value}` })).status).toBe(401)
  })

  test('a DPoP-bound token is refused as Bearer and with its scheme, proof or not', async () => {
    const value = String(kinds['a DPoP-bound access token'])
    const prover = await createProver()
    const dpop = await prove(prover, 'GET', `${latchkey.issuer}/api/auth/me`, { accessToken: value })
    expect((await api.me({ authorization: `DPoP ${value}`, dpop })).status).toBe(401)
    expect((await api.me({ ...bearer(value), dpop })).status).toBe(401)
  })

  test.each(others.concat('access', "an app's access token").filter((kind) => kind !== 'refresh'))(
    '%s refreshes nothing',
    async (kind) => {
      const answer = await api.post('/refresh', { refresh_token: kinds[kind] })
      expect(answer).toMatchObject({ status: 401, json: { code: 'invalid_grant' } })
    },
  )

  test.each(['access', 'refresh', 'id_token', 'code', 'a reset token', 'a session id'])(
    '%s verifies no address',
    async (kind) => expect([404, 414]).toContain((await api.get(`/verify-email/${kinds[kind]}`)).status),
  )

  test.each(['access', 'refresh', 'id_token', 'code', 'a verification token', 'a session id'])(
    '%s sets no password',
    async (kind) => {
      const body = { token: kinds[kind], new_password: 'quartz-lantern-31-orbit' }
      expect(await api.post('/reset-password', body)).toMatchObject({
        status: 422,
        json: { errors: { token: [expect.any(String)] } },
      })
    },
  )
})

describe('tokens of apps', () => {
  const app = () => bearer(kinds["an app's access token"])
  const changes = (headers: Record<string, string>) => [
    api.call('PATCH', '/me', { body: { first_name: 'Eve' }, headers }),
    api.call('DELETE', '/me', { body: { password: PASSWORD }, headers }),
    api.post('/send-verification', undefined, headers),
    api.call('POST', '/logout', { headers }),
  ]

  test('one of a first-party client reads the profile, and changes nothing', async () => {
    expect((await api.me(app())).status).toBe(200)
    for (const answer of await Promise.all(changes(app()))) {
      expect(answer).toMatchObject({ status: 403, json: { code: 'insufficient_scope' } })
      expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    }
    expect((await api.me(app())).status).toBe(200)
  })

  test('a narrower one reads nothing; one of any other client neither', async () => {
    const victim = await fixture.victim()
    const narrow = await fixture.tokens(victim, web, { scope: 'openid profile' })
    expect(await api.me(bearer(narrow.access_token))).toMatchObject({ status: 403 })
    await latchkey.services.clients.update(web.client_id, { first_party: false })
    expect(await api.me(app())).toMatchObject(invalidCredentials)
    await latchkey.services.clients.update(web.client_id, { first_party: true })
    expect((await api.me(app())).status).toBe(200)
  })

  test("a disabled client's token is over", async () => {
    const gone = await fixture.client({ scope: SCOPE })
    const tokens = await fixture.tokens(await fixture.victim(), gone, { scope: SCOPE })
    expect((await api.me(bearer(tokens.access_token))).status).toBe(200)
    await latchkey.services.clients.disable(gone.client_id)
    expect(await api.me(bearer(tokens.access_token))).toMatchObject(invalidCredentials)
  })
})

describe('the built-in client', () => {
  const latchkeyClient = { client_id: 'latchkey', redirect_uri: 'https://app.example/callback' }

  test('has no way to /authorize, nor by a pushed request', async () => {
    const victim = await fixture.victim()
    const page = await victim.browser.open(fixture.authorizeUrl(latchkeyClient))
    expect(page.status).toBe(400)
    expect(page.left).toBe(false)
    const pushed = await fetch(`${latchkey.issuer}/par`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'latchkey',
        response_type: 'code',
        scope: 'openid',
        redirect_uri: latchkeyClient.redirect_uri,
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      }),
    })
    expect(pushed.status).toBe(400)
  })

  test('gets no token by client credentials, and is not in the list of clients', async () => {
    const answer = await fixture.token(latchkeyClient, { grant_type: 'client_credentials' })
    expect(answer).toMatchObject({ status: 400 })
    const { items } = await latchkey.services.clients.list()
    expect(items.map(({ client_id }) => client_id)).not.toContain('latchkey')
    await expect(latchkey.services.clients.get('latchkey')).rejects.toMatchObject({ status: 404 })
  })

  test('nobody can introspect its tokens; whoever holds one can revoke it', async () => {
    const { email } = await latchkey.createUser()
    const { access_token, refresh_token } = (await api.login(email)).json
    expect((await fixture.introspect(web, access_token)).json).toEqual({ active: false })
    expect((await fixture.introspect(latchkeyClient, access_token)).json).toEqual({ active: false })
    await fixture.revoke(web, refresh_token)
    expect((await api.me(bearer(access_token))).status).toBe(200)
    await fixture.revoke(latchkeyClient, refresh_token)
    expect((await api.me(bearer(access_token))).status).toBe(401)
  })

  test('a token that was narrowed at the token endpoint is too narrow here', async () => {
    const { email } = await latchkey.createUser()
    const { refresh_token } = (await api.login(email)).json
    const narrow = await fixture.refresh(latchkeyClient, refresh_token, { scope: 'openid' })
    expect(narrow).toMatchObject({ status: 200, json: { scope: 'openid' } })
    expect(await api.me(bearer(narrow.json.access_token))).toMatchObject({ status: 403 })
  })
})
