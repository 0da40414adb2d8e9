import * as jose from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, sessionCookie } from '../../api/support.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { discover } from '../../support/relying-party.ts'
import { createRest, machine, person } from './support.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const invalid = { status: 401, json: { code: 'invalid_token' } }

describe('a token of a client that acts for itself', () => {
  test('is opaque, for this API alone, and lists clients', async () => {
    const { token, party, rest } = await machine(latchkey)
    expect(token.split('.')).toHaveLength(1)
    expect(await party.introspect(token)).toMatchObject({
      active: true,
      aud: `${latchkey.issuer}/api/admin`,
      scope: 'admin:read admin:write',
    })
    expect(await rest.get('/clients')).toMatchObject({ status: 200 })
  })

  test('is given for the resource without naming scopes, and refused to a client whose scope has none', async () => {
    const { party } = await machine(latchkey)
    const named = await party.clientCredentials({ resource: `${latchkey.issuer}/api/admin` })
    expect(named.scope).toBe('admin:read admin:write')
    await latchkey.services.resources.add({ identifier: 'https://shop.example', scope: 'shop:read' })
    await expect(machine(latchkey, 'shop:read', 'admin:read')).rejects.toMatchObject({
      error: 'invalid_scope',
    })
  })

  test('a revocation counts with the next request', async () => {
    const { token, party, rest } = await machine(latchkey)
    await party.revoke(token)
    expect(await rest.get('/clients')).toMatchObject(invalid)
  })

  test('counts for nothing once its client is disabled, and for less once its registration is narrowed', async () => {
    const { client_id, rest } = await machine(latchkey)
    await latchkey.services.clients.update(client_id, { scope: 'admin:read' })
    expect(await rest.post('/users', {})).toMatchObject({ status: 403, json: { code: 'insufficient_scope' } })
    expect(await rest.get('/users')).toMatchObject({ status: 200 })
    await latchkey.services.clients.disable(client_id)
    expect(await rest.get('/users')).toMatchObject(invalid)
  })

  test('to write includes to read; to read changes nothing, and says what it lacks', async () => {
    const writes = await machine(latchkey, 'admin:write')
    expect(await writes.rest.get('/keys')).toMatchObject({ status: 200 })
    const reads = await machine(latchkey, 'admin:read')
    const refused = await reads.rest.post('/keys/rotate', {})
    expect(refused).toMatchObject({ status: 403, json: { code: 'insufficient_scope' } })
    expect(refused.headers.get('www-authenticate')).toContain('scope="admin:write"')
  })

  test('bound to a key it is refused: nothing here checks the proof', async () => {
    const { client_id, client_secret } = await machine(latchkey)
    const dpopKeys = await jose.generateKeyPair('ES256')
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client_id,
      auth: { method: 'client_secret_basic', secret: client_secret },
      dpopKeys,
    })
    const { access_token } = await party.clientCredentials({ scope: 'admin:read' })
    expect(await createRest(latchkey.issuer, access_token).get('/clients')).toMatchObject(invalid)
  })
})

describe('a token of a person', () => {
  test('lets an administrator write, an auditor read, and a user nothing', async () => {
    const admin = await person(latchkey, 'admin')
    expect(await admin.rest.post('/keys/rotate', { alg: 'ES256' })).toMatchObject({ status: 200 })
    const auditor = await person(latchkey, 'auditor')
    expect(await auditor.rest.get('/audit')).toMatchObject({ status: 200 })
    expect(await auditor.rest.post('/keys/rotate', {})).toMatchObject({
      status: 403,
      json: { code: 'forbidden' },
    })
    const user = await person(latchkey, 'user')
    expect(await user.rest.get('/clients')).toMatchObject({ status: 403, json: { code: 'forbidden' } })
  })

  test('the role counts as it is now, and the account has to be live', async () => {
    const other = await person(latchkey, 'admin')
    const { id, rest } = await person(latchkey, 'user')
    expect(await rest.get('/clients')).toMatchObject({ status: 403 })
    await latchkey.services.accounts.setRole(id, 'admin')
    expect(await rest.get('/clients')).toMatchObject({ status: 200 })
    // A role that is taken away ends the sign-in, and the token with it, also when it is given again.
    await latchkey.services.accounts.setRole(id, 'user')
    expect(await rest.get('/clients')).toMatchObject({ status: 401 })
    await latchkey.services.accounts.setRole(id, 'admin')
    expect(await rest.get('/clients')).toMatchObject({ status: 401 })
    const gone = await person(latchkey, 'admin')
    await latchkey.services.accounts.disable(gone.id)
    expect(await gone.rest.get('/clients')).toMatchObject({ status: 401 })
    expect(await other.rest.get('/clients')).toMatchObject({ status: 200 })
  })

  test('no client of another person’s gets one', async () => {
    const app = await latchkey.createClient({ scope: 'openid admin:read' })
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: app.client_id,
      redirectUri: app.redirect_uri,
      auth: { method: 'client_secret_basic', secret: app.client_secret ?? '' },
    })
    const { url } = await party.authorize({ scope: 'openid admin:read' })
    const page = await createHttpBrowser({ stopAt: [app.redirect_uri] }).open(url)
    expect(page.url.searchParams.get('error')).toBe('invalid_target')
  })

  test('counts for nothing once its client is not first-party any more', async () => {
    const { app, rest } = await person(latchkey, 'admin')
    await latchkey.services.clients.update(app.client_id, { first_party: false })
    expect(await rest.get('/clients')).toMatchObject(invalid)
  })
})

describe('everything else is 401', () => {
  test('no credentials, a session cookie, Basic, and tokens of other kinds', async () => {
    const anonymous = await createRest(latchkey.issuer).get('/clients')
    expect(anonymous).toMatchObject({ status: 401, json: { code: 'invalid_credentials' } })
    expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="Latchkey"')
    expect(anonymous.headers.get('cache-control')).toBe('no-store')

    const user = await latchkey.createUser()
    await latchkey.services.accounts.setRole(user.id, 'admin')
    const cookie = await sessionCookie(latchkey, user.email)
    const byCookie = await createRest(latchkey.issuer).call('GET', '/clients', { headers: { cookie } })
    expect(byCookie.status).toBe(401)

    const login = await fetch(`${latchkey.issuer}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: user.email, password: 'glass-otter-72-harbour' }),
    })
    const { access_token, refresh_token } = (await login.json()) as Record<string, string>
    const { tokens } = await person(latchkey, 'admin')
    for (const token of [access_token, refresh_token, tokens.id_token, tokens.refresh_token, 'x'])
      expect(await createRest(latchkey.issuer, token).get('/clients')).toMatchObject(invalid)
  })

  test('a JWT of another API, and a token of this API at the others', async () => {
    await latchkey.services.resources.add({ identifier: 'https://orders.example', scope: 'orders:read' })
    const { party, client_id, token } = await machine(latchkey)
    await latchkey.services.clients.update(client_id, { scope: 'admin:read orders:read' })
    const orders = await party.clientCredentials({ scope: 'orders:read' })
    expect(await createRest(latchkey.issuer, orders.access_token).get('/clients')).toMatchObject(invalid)
    for (const url of ['/api/auth/me', '/userinfo'])
      expect((await fetch(latchkey.issuer + url, { headers: bearer(token) })).status).toBe(401)
  })
})

test('no API can be added whose scopes or identifier are those of the administration', async () => {
  const { rest } = await machine(latchkey)
  expect(
    await rest.post('/resources', { identifier: 'https://other.example', scope: 'admin:read' }),
  ).toMatchObject({ status: 422, json: { errors: { scope: [expect.stringContaining('admin:')] } } })
  expect(
    await rest.post('/resources', { identifier: `${latchkey.issuer}/api/admin`, scope: 'x' }),
  ).toMatchObject({ status: 409 })
})
