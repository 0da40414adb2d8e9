import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback, type Registrar, registrar } from './support.ts'

describe.each(engines)('registering on %s', (engine) => {
  let latchkey: Latchkey
  let at: Registrar
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, env: { DYNAMIC_REGISTRATION: 'token' } })
    at = registrar(latchkey)
  })
  afterAll(() => latchkey.stop())

  test('RFC 7591 §3.2.1: the answer has everything that is registered, and both secrets once', async () => {
    const token = await at.token()
    const metadata = { client_name: 'My app', redirect_uris: [callback], software_id: 'x', first_party: true }
    const { status, headers, json } = await at.register(metadata, token)
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(json).toMatchObject({
      client_id: expect.stringMatching(/^lk_/),
      client_id_issued_at: expect.any(Number),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      registration_client_uri: `${at.endpoint}/${json.client_id}`,
      registration_access_token: expect.stringMatching(/^[\w-]{43}\./),
      client_name: 'My app',
      redirect_uris: [callback],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
    })
    for (const field of [
      'first_party',
      'pkce',
      'disabled',
      'source',
      'verified',
      'secrets',
      'version',
      'software_id',
    ])
      expect(json).not.toHaveProperty(field)
    const stored = await latchkey.services.clients.get(String(json.client_id))
    expect(stored).toMatchObject({ source: 'dynamic', verified: true, first_party: false, pkce: 'required' })
    const row = await latchkey.services.db.prisma.client.findUniqueOrThrow({
      where: { id: String(json.client_id) },
      include: { secrets: true },
    })
    expect(JSON.stringify(row)).not.toContain(json.client_secret)
    expect(JSON.stringify(row)).not.toContain(String(json.registration_access_token).split('.')[0])
    for (const secret of [token, json.client_secret, String(json.registration_access_token).split('.')[0]])
      expect(latchkey.log.join('')).not.toContain(secret)
  })

  test('without a token, with a wrong, revoked, expired or used-up one: 401 with WWW-Authenticate', async () => {
    const metadata = { redirect_uris: [callback] }
    const none = await at.register(metadata)
    expect(none.status).toBe(401)
    expect(none.headers.get('www-authenticate')).toBe(`Bearer realm="${latchkey.issuer}"`)
    const { tokens } = latchkey.services.registration
    const revoked = await tokens.create({ name: 'Revoked' })
    await tokens.revoke(revoked.id)
    const once = await tokens.create({ name: 'Once' })
    expect((await at.register(metadata, once.token)).status).toBe(201)
    const expired = await tokens.create({ name: 'Expired' })
    await latchkey.services.db.prisma.initialAccessToken.update({
      where: { id: expired.id },
      data: { expiresAt: new Date(Date.now() - 1) },
    })
    for (const token of ['nonsense', revoked.token, once.token, expired.token]) {
      const refused = await at.register(metadata, token)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(refused.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('a token with one use left and twenty at once: one client', async () => {
    const { tokens } = latchkey.services.registration
    const { id, token } = await tokens.create({ name: 'Race', uses: 1 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        at.register({ client_name: 'Racer', redirect_uris: [callback] }, token),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(19).fill(401)])
    const racers = (await latchkey.services.selfRegistered.list()).items.filter(
      (c) => c.client_name === 'Racer',
    )
    expect(racers).toHaveLength(1)
    expect((await tokens.list()).find((each) => each.id === id)).toMatchObject({
      state: 'used_up',
      uses_left: 0,
    })
  })

  test('a registration that is refused uses nothing up', async () => {
    const { tokens } = latchkey.services.registration
    const { id, token } = await tokens.create({ name: 'Careful', uses: 1 })
    expect((await at.register({ redirect_uris: ['nonsense'] }, token)).status).toBe(400)
    expect((await tokens.list()).find((each) => each.id === id)?.uses_left).toBe(1)
  })

  test('the token is stored as its hash, and shown once', async () => {
    const { tokens } = latchkey.services.registration
    const { token } = await tokens.create({ name: 'Hidden' })
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(JSON.stringify(await tokens.list())).not.toContain(token)
    expect(JSON.stringify(await latchkey.services.db.prisma.initialAccessToken.findMany())).not.toContain(
      token,
    )
  })

  test('what a token is made from is checked, every problem at once', async () => {
    const { tokens } = latchkey.services.registration
    const wrong = { name: ' ', uses: 0, expires_in: 5, scope: 'a"b', redirect_hosts: ['https://x'], more: 1 }
    await expect(tokens.create(wrong)).rejects.toMatchObject({
      status: 422,
      errors: {
        name: [expect.any(String)],
        uses: [expect.any(String)],
        expires_in: [expect.any(String)],
        scope: [expect.any(String)],
        redirect_hosts: [expect.any(String)],
        more: ['is not known'],
      },
    })
    await expect(tokens.revoke('nope')).rejects.toMatchObject({ status: 404 })
  })
})

describe('discovery', () => {
  test.each([
    [{}, undefined, undefined],
    [{ DYNAMIC_REGISTRATION: 'token' }, '/clients/register', undefined],
    [{ DYNAMIC_REGISTRATION: 'open', CLIENT_METADATA_DOCUMENTS: 'on' }, '/clients/register', true],
  ])('announces what is on and nothing else: %o', async (env, endpoint, documents) => {
    const latchkey = await startLatchkey({ env })
    try {
      const found = await fetch(`${latchkey.issuer}/.well-known/oauth-authorization-server`)
      const metadata = (await found.json()) as Record<string, unknown>
      expect(metadata.registration_endpoint).toBe(endpoint && latchkey.issuer + endpoint)
      expect(metadata.client_id_metadata_document_supported).toBe(documents)
      const at = registrar(latchkey)
      const { status } = await at.register({ redirect_uris: [callback] }).catch(() => ({ status: 404 }))
      expect(status).toBe(endpoint === undefined ? 404 : documents ? 201 : 401)
    } finally {
      await latchkey.stop()
    }
  })
})
