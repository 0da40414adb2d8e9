import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('what an ID Token says, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  const API = 'https://books.example'
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    await latchkey.services.resources.add({ identifier: API, scope: 'books:read' })
    fixture = createSecurityFixture(latchkey)
    victim = await fixture.victim()
  })
  afterAll(() => latchkey?.stop())

  const idTokenOf = ({ id_token }: Record<string, unknown>) => decodeJwt(String(id_token))
  const person = () => ({
    email: victim.user.email,
    email_verified: true,
    name: victim.user.username,
    preferred_username: victim.user.username,
  })
  const personal = ['name', 'email', 'email_verified', 'preferred_username', 'updated_at']
  const withoutPerson = (claims: object) => {
    for (const claim of personal) expect(claims).not.toHaveProperty(claim)
  }
  const all = { scope: 'openid profile email' }

  /** A client that registered itself (RFC 7591). */
  async function selfRegistered(source: 'dynamic' | 'open'): Promise<TestClient> {
    const metadata = { client_name: 'Self', redirect_uris: [redirectUri], first_party: true }
    const origin = { source, verified: true, registrationTokenHash: source }
    return {
      ...(await latchkey.services.clients.create(metadata, origin)),
      redirect_uri: redirectUri,
    }
  }

  test('a client that an administrator registers finds the claims of the granted scopes there, and at userinfo', async () => {
    const tokens = await fixture.tokens(victim, await fixture.client(), all)
    expect(idTokenOf(tokens)).toMatchObject(person())
    expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject(person())
  })

  test('no claim of a scope that was not granted', async () => {
    const claims = idTokenOf(await fixture.tokens(victim, await fixture.client(), { scope: 'openid email' }))
    expect(claims).toMatchObject({ email: victim.user.email })
    for (const claim of ['name', 'preferred_username']) expect(claims).not.toHaveProperty(claim)
    withoutPerson(idTokenOf(await fixture.tokens(victim, await fixture.client())))
  })

  test('a refreshed one has them too, as far as its scope goes', async () => {
    const client = await fixture.client()
    const { refresh_token } = await fixture.tokens(victim, client, all)
    const refreshed = await fixture.refresh(client, refresh_token)
    expect(idTokenOf(refreshed.json)).toMatchObject(person())
    const less = await fixture.refresh(client, refreshed.json.refresh_token, { scope: 'openid email' })
    const claims = idTokenOf(less.json)
    expect(claims).toMatchObject({ email: victim.user.email })
    expect(claims).not.toHaveProperty('name')
  })

  test.each(['dynamic', 'open'] as const)(
    'Core §5.4: a client that registered itself (%s) asks at userinfo',
    async (source) => {
      const tokens = await fixture.tokens(victim, await selfRegistered(source), all)
      withoutPerson(idTokenOf(tokens))
      expect((await fixture.userinfo(tokens.access_token)).json).toMatchObject(person())
    },
  )

  test('id_token_identity_claims decides, also for clients that registered themselves, with the next token', async () => {
    const { clients } = latchkey.services
    const client = await fixture.client({ id_token_identity_claims: false })
    const { refresh_token, ...strict } = await fixture.tokens(victim, client, all)
    withoutPerson(idTokenOf(strict))
    await clients.update(client.client_id, { id_token_identity_claims: true })
    expect(idTokenOf((await fixture.refresh(client, refresh_token)).json)).toMatchObject(person())

    const other = await selfRegistered('dynamic')
    await clients.update(other.client_id, { id_token_identity_claims: true })
    expect(idTokenOf(await fixture.tokens(victim, other, all))).toMatchObject(person())
    await clients.update(other.client_id, { id_token_identity_claims: null })
    withoutPerson(idTokenOf(await fixture.tokens(victim, other, all)))
  })

  test('a strict client whose access token is for an API alone finds them there: it cannot ask at userinfo', async () => {
    const client = await fixture.client({ id_token_identity_claims: false, scope: `${all.scope} books:read` })
    const asked = { scope: `${all.scope} books:read`, resource: API }
    const code = await fixture.code(victim, client, asked)
    const tokens = (await fixture.exchange(client, code, { resource: API })).json
    expect(decodeJwt(String(tokens.access_token)).aud).toBe(API)
    expect(idTokenOf(tokens)).toMatchObject({ email: victim.user.email })
  })

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('Core §3.1.3.6: at_hash, signed with %s', async (alg) => {
    const client = await fixture.client({ id_token_signed_response_alg: alg, scope: 'openid books:read' })
    const hashOf = (value: unknown) => {
      const hash = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
        .update(String(value))
        .digest()
      return hash.subarray(0, hash.length / 2).toString('base64url')
    }
    const opaque = await fixture.tokens(victim, client)
    expect(idTokenOf(opaque).at_hash).toBe(hashOf(opaque.access_token))
    const refreshed = (await fixture.refresh(client, opaque.refresh_token)).json
    expect(idTokenOf(refreshed).at_hash).toBe(hashOf(refreshed.access_token))
    const code = await fixture.code(victim, client, { scope: 'openid books:read', resource: API })
    const jwt = (await fixture.exchange(client, code, { resource: API })).json
    expect(String(jwt.access_token).split('.')).toHaveLength(3)
    expect(idTokenOf(jwt).at_hash).toBe(hashOf(jwt.access_token))
  })

  test('Core §12.2: no nonce in a refreshed one', async () => {
    const client = await fixture.client()
    const tokens = await fixture.tokens(victim, client, { nonce: 'n-1' })
    expect(idTokenOf(tokens).nonce).toBe('n-1')
    const refreshed = await fixture.refresh(client, tokens.refresh_token)
    expect(idTokenOf(refreshed.json)).not.toHaveProperty('nonce')
  })
})
