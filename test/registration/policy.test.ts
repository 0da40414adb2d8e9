import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback, type Registrar, registrar } from './support.ts'

/** A server on the open network: nothing on this machine may be named. */
const ISSUER = 'https://id.example'
let latchkey: Latchkey
let at: Registrar
let plain: string
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'open', ISSUER } })
  const proxied = { ...latchkey, issuer: `http://localhost:${latchkey.env.PORT}` }
  at = registrar(proxied)
  plain = await at.token()
})
afterAll(() => latchkey.stop())

const app = { client_name: 'App', redirect_uris: [callback] }

describe('redirect URIs', () => {
  test.each([
    'javascript:alert(1)',
    'data:text/html,hello',
    'vbscript:x',
    'http://app.example/callback',
    'https://app.example/callback#fragment',
    'https://*.app.example/callback',
    'https://app.example/*',
    '/callback',
    'https://app.example\\@evil.example/',
    'https://user@app.example/callback',
    'https://app.example/%2e%2e/callback',
    '',
  ])('%s is refused', async (uri) => {
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register({ ...app, redirect_uris: [uri] }, token)
      expect({ status, error: json.error }).toEqual({ status: 400, error: 'invalid_redirect_uri' })
      expect(json.error_description).toMatch(/^[\x20-\x7e]+$/)
    }
  })

  test.each([[['a']], ['https://app.example'], [[1]], [null], [{}]])(
    '%o is no list of them',
    async (uris) => {
      const { status, json } = await at.register({ ...app, redirect_uris: uris }, plain)
      expect(status).toBe(400)
      expect(json.error).toBe('invalid_redirect_uri')
    },
  )
})

describe('what nobody gets', () => {
  test.each([
    [
      'a private jwks_uri',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://10.0.0.1/jwks' },
    ],
    [
      'jwks at a name of this machine',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://localhost/jwks' },
    ],
    [
      'jwks at the metadata service',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://169.254.169.254/jwks' },
    ],
    [
      'jwks at a mapped address',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://[::ffff:10.0.0.1]/jwks' },
    ],
    [
      'jwks at another notation',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://0x7f.1/jwks' },
    ],
    [
      'jwks at a bare name',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://intranet/jwks' },
    ],
    ['http jwks', { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://app.example/jwks' }],
    ['a logo in script', { logo_uri: 'javascript:alert(1)' }],
    ['a policy in script', { policy_uri: 'javascript:alert(1)' }],
    ['a back channel into this machine', { backchannel_logout_uri: 'http://127.0.0.1:8080/' }],
    ['a back channel into the network', { backchannel_logout_uri: 'https://192.168.1.1/' }],
    ['a secret of its own algorithm', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['an implicit grant', { grant_types: ['implicit'], response_types: ['token'] }],
    ['a password grant', { grant_types: ['password'] }],
    ['tokens in the front channel', { response_types: ['code id_token'] }],
    ['client_credentials', { grant_types: ['client_credentials'], redirect_uris: [] }],
    ['a name that turns the text around', { client_name: 'gnp.\u202eexe' }],
    ['contacts that are none', { contacts: ['nobody'] }],
    ['no algorithm', { id_token_signed_response_alg: 'none' }],
    ['a symmetric algorithm', { id_token_signed_response_alg: 'HS256' }],
  ])('%s', async (_what, metadata) => {
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register({ ...app, ...metadata }, token)
      expect({ status, error: json.error }).toEqual({ status: 400, error: 'invalid_client_metadata' })
      expect(json.error_description).toMatch(/^[\x20-\x7e]+$/)
    }
  })

  test('jwks and jwks_uri together', async () => {
    const jwk = await exportJWK((await generateKeyPair('ES256')).publicKey)
    const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }
    expect((await at.register({ ...app, ...keys }, plain)).status).toBe(201)
    const both = await at.register({ ...app, ...keys, jwks_uri: 'https://app.example/jwks' }, plain)
    expect(both.json.error).toBe('invalid_client_metadata')
  })

  test('every problem is told at once', async () => {
    const metadata = {
      redirect_uris: ['x'],
      contacts: ['x'],
      grant_types: ['client_credentials'],
      logo_uri: 'x',
    }
    const { json } = await at.register(metadata, plain)
    for (const word of ['contacts:', 'grant_types:', 'logo_uri:', 'redirect_uris:'])
      expect(json.error_description).toContain(word)
  })
})

describe('what a client does not say of itself is ignored', () => {
  test('exemptions and ids of its own choice', async () => {
    const sent = {
      ...app,
      first_party: true,
      id_token_identity_claims: true,
      pkce: 'optional',
      verified: true,
      client_id: 'mine',
      source: 'administrator',
    }
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register(
        { ...sent, client_secret: 'mine', resource_scope: 'x' },
        token,
      )
      expect(status).toBe(201)
      expect(json.client_id).not.toBe('mine')
      expect(json.client_secret).not.toBe('mine')
      expect(await latchkey.services.clients.get(String(json.client_id))).toMatchObject({
        first_party: false,
        id_token_identity_claims: false,
        pkce: 'required',
        verified: token !== undefined,
        source: token === undefined ? 'open' : 'dynamic',
      })
    }
  })

  test('a name: people see the host', async () => {
    const { json } = await at.register({ redirect_uris: [callback] }, plain)
    expect(json.client_name).toBe('app.example')
  })
})

describe('what an initial access token allows', () => {
  test('scopes of APIs: those named, also for whoever says nothing of scopes', async () => {
    const token = await at.token({ scope: 'books:read books:write' })
    const named = await at.register({ ...app, scope: 'openid books:read' }, token)
    expect(named.json.scope).toBe('openid books:read')
    const silent = await at.register(app, token)
    expect(String(silent.json.scope).split(' ')).toEqual(
      expect.arrayContaining(['openid', 'email', 'books:read', 'books:write']),
    )
    const foreign = await at.register({ ...app, scope: 'books:read books:delete' }, token)
    expect(foreign.json.scope).toBe('books:read')
  })

  test('machines', async () => {
    const machine = { client_name: 'Machine', grant_types: ['client_credentials'], scope: 'books:read' }
    const token = await at.token({ client_credentials: true, scope: 'books:read' })
    expect((await at.register(machine, token)).status).toBe(201)
    expect((await at.register({ ...machine, token_endpoint_auth_method: 'none' }, token)).status).toBe(400)
  })

  test('a machine is registered without scopes about persons: it acts for none', async () => {
    const machine = { client_name: 'Machine', grant_types: ['client_credentials'] }
    const token = await at.token({ client_credentials: true, scope: 'books:read books:write' })
    for (const [sent, registered] of [
      ['openid profile books:read', 'books:read'],
      ['openid profile', 'books:read books:write'],
      [undefined, 'books:read books:write'],
    ]) {
      const { status, json } = await at.register({ ...machine, scope: sent }, token)
      expect([sent, status, json.scope]).toEqual([sent, 201, registered])
      const replaced = await at.call(
        'PUT',
        `${at.endpoint}/${json.client_id}`,
        String(json.registration_access_token),
        {
          ...machine,
          client_id: json.client_id,
          scope: sent,
        },
      )
      expect([replaced.status, replaced.json.scope]).toEqual([200, registered])
    }
    const without = await at.token({ client_credentials: true })
    const { status, json } = await at.register({ ...machine, scope: 'openid' }, without)
    expect([status, json.scope]).toEqual([201, undefined])
    const both = {
      ...app,
      grant_types: ['authorization_code', 'client_credentials'],
      scope: 'openid books:read',
    }
    expect((await at.register(both, token)).json.scope).toBe('openid books:read')
  })

  test('hosts of redirect URIs', async () => {
    const token = await at.token({ redirect_hosts: ['app.example'] })
    expect((await at.register(app, token)).status).toBe(201)
    for (const uri of ['https://evil.example/', 'https://app.example.evil.example/', 'http://localhost/x']) {
      const { json } = await at.register({ ...app, redirect_uris: [callback, uri] }, token)
      expect(json.error).toBe('invalid_redirect_uri')
    }
  })

  test('public and native clients, as for everybody', async () => {
    const native = { client_name: 'Native', token_endpoint_auth_method: 'none' }
    const loopback = await at.register({ ...native, redirect_uris: ['http://127.0.0.1/cb'] }, plain)
    expect(loopback.json).toMatchObject({ application_type: 'native' })
    expect(loopback.json).not.toHaveProperty('client_secret')
    const scheme = await at.register({ ...native, redirect_uris: ['com.example.app:/cb'] }, plain)
    expect(scheme.status).toBe(201)
  })
})

test('what is no registration is refused without an error of ours', async () => {
  for (const body of [
    '',
    '{',
    '[]',
    '"x"',
    'null',
    '{"__proto__":{"x":1}}',
    '{"redirect_uris":{"length":9}}',
  ])
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register(body, token)
      expect({ body, status }).toEqual({ body, status: 400 })
      expect(json.error).toMatch(/^invalid_/)
    }
  const huge = await at.register({ ...app, client_uri: `https://app.example/${'x'.repeat(60_000)}` }, plain)
  expect(huge.status).toBe(413)
  const form = await fetch(at.endpoint, { method: 'POST', body: new URLSearchParams({ client_name: 'x' }) })
  expect(form.status).toBe(415)
  const deep = await at.register(`{"redirect_uris":${'['.repeat(5000)}${']'.repeat(5000)}}`, plain)
  expect(deep.status).toBe(400)
})
