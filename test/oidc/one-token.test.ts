import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  basic,
  clock,
  createSecurityFixture,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** Clients that ask for a sign-in and an API in one request, without resource: their one token is good for both. */
describe.each(engines)('on %s', (engine) => {
  const BOOKS = 'https://books.example'
  const FILMS = 'https://films.example'
  const asked = { scope: 'openid profile email books:read' }
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  let client: TestClient
  let both: string[]

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    both = [BOOKS, `${fixture.issuer}/userinfo`]
    const { resources } = latchkey.services
    await resources.add({ identifier: BOOKS, name: 'Books', scope: 'books:read books:write' })
    await resources.add({ identifier: FILMS, name: 'Films', scope: 'films:read' })
    victim = await fixture.victim()
    client = await fixture.client({ scope: `${asked.scope} books:write films:read offline_access` })
  })
  afterAll(() => latchkey.stop())

  const atApi = (token: unknown, audience = BOOKS) =>
    jwtVerify(String(token), createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`)), {
      issuer: fixture.issuer,
      audience,
      typ: 'at+jwt',
    })
  const scopesOf = (tokens: Record<string, unknown>) => String(tokens.scope).split(' ').sort()
  const granted = asked.scope.split(' ').sort()

  test('the API and userinfo take it, and the answer names everything that was granted', async () => {
    const tokens = await fixture.tokens(victim, client, asked)
    expect(scopesOf(tokens)).toEqual(granted)
    const { payload } = await atApi(tokens.access_token)
    expect(payload).toMatchObject({ aud: both, sub: victim.user.id, client_id: client.client_id })
    expect(scopesOf(payload)).toEqual(granted)
    const info = await fixture.userinfo(tokens.access_token)
    expect(info).toMatchObject({ status: 200, json: { sub: victim.user.id, email: victim.user.email } })
    const about = await fixture.introspect(client, tokens.access_token)
    expect(about.json).toMatchObject({ active: true, aud: both })
    expect(decodeJwt(String(tokens.id_token))).toMatchObject({ sub: victim.user.id })
  })

  test('who wants the claims at userinfo alone finds them there, and not in the id_token', async () => {
    const strict = await fixture.client({ scope: asked.scope, id_token_identity_claims: false })
    const tokens = await fixture.tokens(victim, strict, asked)
    expect(decodeJwt(String(tokens.id_token))).not.toHaveProperty('email')
    expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject({ email: victim.user.email })
  })

  test('a pushed request gets the same, and so does one that a person has to allow', async () => {
    const asker = await fixture.client({ scope: asked.scope, first_party: false })
    const pushed = await post(
      `${fixture.issuer}/par`,
      new URL(fixture.authorizeUrl(asker, asked)).searchParams.toString(),
      basic(asker.client_id, String(asker.client_secret)),
    )
    const parameters = { client_id: asker.client_id, request_uri: String(pushed.json.request_uri) }
    const page = await victim.browser.open(`${fixture.issuer}/authorize?${new URLSearchParams(parameters)}`)
    expect(page.text).toContain('Books')
    expect(page.text).not.toContain('/userinfo')
    const back = await victim.browser.allow(page)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: asker.redirect_uri,
    }
    const { json } = await fixture.exchange(asker, code)
    expect(decodeJwt(String(json.access_token)).aud).toEqual(both)
    expect((await fixture.userinfo(json.access_token)).json).toMatchObject({ email: victim.user.email })
  })

  test('refreshing keeps both; asking for less gives less', async () => {
    const tokens = await fixture.tokens(victim, client, asked)
    const same = (await fixture.refresh(client, tokens.refresh_token)).json
    expect(decodeJwt(String(same.access_token)).aud).toEqual(both)
    expect(scopesOf(same)).toEqual(granted)
    expect((await fixture.userinfo(same.access_token)).json).toMatchObject({ email: victim.user.email })

    const api = (await fixture.refresh(client, same.refresh_token, { scope: 'books:read' })).json
    expect(decodeJwt(String(api.access_token))).toMatchObject({ aud: BOOKS, scope: 'books:read' })
    expect((await fixture.userinfo(api.access_token)).status).toBeGreaterThanOrEqual(401)

    const person = (await fixture.refresh(client, api.refresh_token, { scope: 'openid profile' })).json
    expect(person.access_token).not.toContain('.')
    const { json } = await fixture.userinfo(person.access_token)
    expect(json).toMatchObject({ sub: victim.user.id })
    expect(json).not.toHaveProperty('email')

    const named = (await fixture.refresh(client, person.refresh_token, { resource: BOOKS })).json
    expect(decodeJwt(String(named.access_token))).toMatchObject({ aud: BOOKS, scope: 'books:read' })
    expect((await fixture.userinfo(named.access_token)).status).toBeGreaterThanOrEqual(401)
  })

  test.each(['resource', 'audience'])(
    'with %s it is for that API alone, and userinfo refuses it',
    async (name) => {
      const tokens = await fixture.tokens(victim, client, { ...asked, [name]: BOOKS })
      expect(decodeJwt(String(tokens.access_token))).toMatchObject({ aud: BOOKS, scope: 'books:read' })
      expect((await fixture.userinfo(tokens.access_token)).status).toBeGreaterThanOrEqual(401)
      const code = await fixture.code(victim, client, asked)
      const { json } = await fixture.exchange(client, code, { [name]: BOOKS })
      expect(decodeJwt(String(json.access_token))).toMatchObject({ aud: BOOKS, scope: 'books:read' })
    },
  )

  test('bound to a key (DPoP) it needs the proof at userinfo too', async () => {
    const prover = await createProver()
    const at = async (method: string, url: string, accessToken?: string) => ({
      dpop: await prove(prover, method, url, accessToken === undefined ? {} : { accessToken }),
    })
    const code = await fixture.code(victim, client, asked)
    const { json } = await fixture.exchange(client, code, {}, await at('POST', `${fixture.issuer}/token`))
    const token = String(json.access_token)
    expect(decodeJwt(token)).toMatchObject({ aud: both, cnf: { jkt: prover.jkt } })
    const url = `${fixture.issuer}/userinfo`
    const proven = await get(url, { authorization: `DPoP ${token}`, ...(await at('GET', url, token)) })
    expect(proven).toMatchObject({ status: 200, json: { email: victim.user.email } })
    expect((await fixture.userinfo(token)).status).toBe(401)
    const thief = await createProver()
    const stolen = { dpop: await prove(thief, 'GET', url, { accessToken: token }) }
    expect((await get(url, { authorization: `DPoP ${token}`, ...stolen })).status).toBe(401)
  })

  test('claims that were asked of userinfo are there, though no scope brings them', async () => {
    const claims = JSON.stringify({ userinfo: { preferred_username: { essential: true } } })
    const only = await fixture.client({ scope: 'openid profile books:read' })
    const tokens = await fixture.tokens(victim, only, { scope: 'openid books:read', claims })
    expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject({
      preferred_username: victim.user.username,
    })
  })

  describe('ends at userinfo at once', () => {
    test.each<[string, (who: Victim, tokens: Record<string, unknown>) => Promise<unknown>]>([
      ['when it is revoked', (_, tokens) => fixture.revoke(client, tokens.access_token)],
      ['when its refresh token is revoked', (_, tokens) => fixture.revoke(client, tokens.refresh_token)],
      ['when the account is disabled', (who) => latchkey.services.accounts.disable(who.user.id)],
      [
        'when the person is signed out everywhere',
        (who) => latchkey.services.accounts.endSessions(who.user.id),
      ],
      [
        'when the person signs out',
        async (who) => {
          const page = await who.browser.open(`${fixture.issuer}/logout`)
          await who.browser.submit(page, {}, { button: 'Sign out' })
        },
      ],
    ])('%s', async (_how, end) => {
      const who = await fixture.victim()
      const tokens = await fixture.tokens(who, client, asked)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
      await end(who, tokens)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    })
  })

  test('a scope taken from the client is gone from userinfo; without scopes of the API it is for userinfo alone', async () => {
    const narrowed = await fixture.client({ scope: `${asked.scope} offline_access` })
    const tokens = await fixture.tokens(victim, narrowed, asked)
    await latchkey.services.clients.update(narrowed.client_id, { scope: 'openid profile books:read' })
    expect((await fixture.userinfo(tokens.access_token)).json).not.toHaveProperty('email')
    await latchkey.services.clients.update(narrowed.client_id, { scope: 'openid profile' })
    const { json } = await fixture.refresh(narrowed, tokens.refresh_token)
    expect(json.access_token).not.toContain('.')
    expect((await fixture.userinfo(json.access_token)).json).toMatchObject({ sub: victim.user.id })
  })

  test('the administration API, whose tokens are stored: with openid it is good there and at userinfo', async () => {
    const who = await fixture.victim()
    const admin = await fixture.client({ scope: 'openid profile admin:read' })
    const tokens = await fixture.tokens(who, admin, { scope: 'openid profile admin:read' })
    expect(scopesOf(tokens)).toEqual(['admin:read', 'openid', 'profile'])
    expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject({ sub: who.user.id })
    expect((await fixture.introspect(admin, tokens.access_token)).json.aud).toEqual([
      `${fixture.issuer}/api/admin`,
      `${fixture.issuer}/userinfo`,
    ])
    // Administrators only, with whatever token.
    const bearer = { authorization: `Bearer ${String(tokens.access_token)}` }
    expect((await get(`${fixture.issuer}/api/admin/clients`, bearer)).status).toBe(403)
    await latchkey.services.accounts.setRole(who.user.id, 'admin')
    expect((await get(`${fixture.issuer}/api/admin/clients`, bearer)).status).toBe(200)
  })

  describe('the confused deputy: a token goes no further than it says', () => {
    const refusedAt = async (token: unknown, path: string) => {
      const { status } = await get(`${fixture.issuer}${path}`, { authorization: `Bearer ${String(token)}` })
      return [401, 403].includes(status)
    }

    test('no token of one API is good at another, at the administration or at the account API', async () => {
      const tokens = [
        await fixture.tokens(victim, client, asked),
        await fixture.tokens(victim, client, { ...asked, resource: BOOKS }),
      ]
      for (const { access_token: token } of tokens) {
        await expect(atApi(token, FILMS)).rejects.toThrow(/aud/)
        await expect(atApi(token, `${fixture.issuer}/api/admin`)).rejects.toThrow(/aud/)
        for (const path of ['/api/admin/clients', '/api/admin/users', '/api/auth/me'])
          expect([path, await refusedAt(token, path)]).toEqual([path, true])
      }
    })

    test('at introspection a stranger learns nothing of it', async () => {
      const { access_token: token } = await fixture.tokens(victim, client, asked)
      for (const stranger of [
        await fixture.client({ scope: 'openid films:read' }),
        await fixture.client({ scope: asked.scope }),
      ])
        expect((await fixture.introspect(stranger, token)).json).toEqual({ active: false })
    })

    test('userinfo takes none that was not given for it: without openid, of a machine, with a forged audience', async () => {
      const without = await fixture.tokens(victim, client, { scope: 'profile books:read' })
      expect(decodeJwt(String(without.access_token))).toMatchObject({ aud: BOOKS, scope: 'books:read' })
      const machine = await fixture.client({
        grant_types: ['client_credentials'],
        redirect_uris: [],
        scope: 'books:read',
      })
      const { json } = await fixture.token(machine, { grant_type: 'client_credentials' })
      expect(decodeJwt(String(json.access_token)).aud).toBe(BOOKS)
      const [header, payload, signature] = String(without.access_token).split('.')
      const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString())
      const forged = Buffer.from(JSON.stringify({ ...claims, aud: both, scope: 'openid' })).toString(
        'base64url',
      )
      for (const token of [without.access_token, json.access_token, `${header}.${forged}.${signature}`])
        expect((await fixture.userinfo(token)).status).toBeGreaterThanOrEqual(401)
    })

    test('userinfo is no API that can be asked for by itself', async () => {
      const userinfo = `${fixture.issuer}/userinfo`
      const page = await victim.browser.open(fixture.authorizeUrl(client, { ...asked, resource: userinfo }))
      expect(page.url.searchParams.get('error')).toBe('invalid_target')
      const code = await fixture.code(victim, client, asked)
      expect((await fixture.exchange(client, code, { resource: userinfo })).json.error).toBe('invalid_target')
      await expect(
        latchkey.services.resources.add({ identifier: userinfo, scope: 'x' }),
      ).rejects.toMatchObject({
        code: 'resource_exists',
      })
    })
  })
})
