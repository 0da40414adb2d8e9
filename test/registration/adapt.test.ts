import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback, type Registrar, registrar } from './support.ts'

// RFC 7591 §2: a registration is written for many servers. What this one does not have is left out, and the answer says what is.
let latchkey: Latchkey
let at: Registrar
let plain: string
beforeAll(async () => {
  const env = { DYNAMIC_REGISTRATION: 'open', UNVERIFIED_CLIENT_SCOPES: 'books:read' }
  latchkey = await startLatchkey({ env: { ...env, ISSUER: 'https://id.example' } })
  at = registrar({ ...latchkey, issuer: `http://localhost:${latchkey.env.PORT}` })
  plain = await at.token()
})
afterAll(() => latchkey.stop())

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const app = { client_name: 'App', redirect_uris: [callback] }
const words = (scope: unknown) => String(scope).split(' ')

test('an editor with the device grant and a blank scope is registered with what there is', async () => {
  const { status, json } = await at.register({
    client_name: 'Editor',
    client_uri: 'https://editor.example',
    grant_types: ['authorization_code', 'refresh_token', DEVICE],
    response_types: ['code'],
    redirect_uris: ['https://editor.example/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
    scope: '',
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  })
  expect(status).toBe(201)
  expect(json).toMatchObject({
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    client_uri: 'https://editor.example',
  })
  // As of a client that says nothing of scopes: what such a one may ask people for.
  expect(words(json.scope)).toEqual(expect.arrayContaining(['openid', 'books:read']))
})

test('blank optional fields are as if they were not there', async () => {
  const blank = {
    scope: ' ',
    client_uri: '',
    logo_uri: '',
    policy_uri: '',
    tos_uri: '',
    jwks_uri: '',
    contacts: [],
    post_logout_redirect_uris: [],
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: '',
    id_token_signed_response_alg: '',
    software_version: '',
  }
  const { status, json } = await at.register({ ...app, ...blank }, plain)
  expect(status).toBe(201)
  expect(json).toMatchObject({ grant_types: ['authorization_code'], response_types: ['code'] })
  for (const field of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri', 'contacts', 'scope'])
    expect(json).not.toHaveProperty(field)
  const named = await at.register({ ...app, client_name: ' ' }, plain)
  expect(named.json.client_name).toBe('app.example')
})

describe('what this server does not have, or not for whoever registers itself, is left out', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'grants',
      { grant_types: ['authorization_code', 'implicit', 'password', 'client_credentials'] },
      { grant_types: ['authorization_code'] },
    ],
    ['response types', { response_types: ['code', 'id_token token', 'none'] }, { response_types: ['code'] }],
    ['scopes', { scope: 'openid admin:write\tbooks:delete groups:all email' }, { scope: 'openid email' }],
    ['pages over http', { logo_uri: 'http://app.example/l.png', tos_uri: 'http://app.example/' }, {}],
    ['pages inside a network', { client_uri: 'https://192.168.0.7/', policy_uri: 'https://intranet/' }, {}],
  ])('%s', async (_what, sent, registered) => {
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register({ ...app, ...sent }, token)
      expect({ status, json }).toMatchObject({ status: 201, json: registered })
      for (const field of Object.keys(sent))
        if (!(field in registered)) expect(json).not.toHaveProperty(field)
      const { scope } = await latchkey.services.clients.get(String(json.client_id))
      expect(scope ?? '').not.toMatch(/admin|delete|groups:all/)
    }
  })

  test('scopes of which none is left: those of a client that names none', async () => {
    const { json } = await at.register({ ...app, scope: 'admin:write' }, plain)
    expect(words(json.scope)).toContain('openid')
    expect(words(json.scope)).not.toContain('admin:write')
  })

  test('client_credentials of a public client, whoever vouches for it', async () => {
    const token = await at.token({ client_credentials: true })
    const grants = { grant_types: ['authorization_code', 'client_credentials'] }
    const open = await at.register({ ...app, ...grants, token_endpoint_auth_method: 'none' }, token)
    expect(open.json.grant_types).toEqual(['authorization_code'])
    const kept = await at.register({ ...app, ...grants }, token)
    expect(kept.json.grant_types).toEqual(['authorization_code', 'client_credentials'])
  })
})

describe('refused is what leaves nothing to work with', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'no grant',
      { grant_types: ['implicit', DEVICE] },
      /^grant_types: has implicit, .*may have authorization_code/,
    ],
    ['no response type', { response_types: ['token'] }, /^response_types: has token, .*may have code/],
    ['refreshing alone', { grant_types: ['refresh_token'] }, /grant_types: .*refresh_token/],
    ['no redirect URI', { redirect_uris: [] }, /redirect_uris: is missing/],
  ])('%s', async (_what, sent, why) => {
    for (const token of [undefined, plain]) {
      const { status, json } = await at.register({ ...app, ...sent }, token)
      expect(status).toBe(400)
      expect(json.error_description).toMatch(why)
      expect(json.error_description).not.toContain('is empty')
    }
  })

  test('or is unsafe: redirect URIs are not repaired, nor left out', async () => {
    for (const uri of ['javascript:alert(1)', 'http://app.example/cb', `${callback}#x`, ' ', '']) {
      const { status, json } = await at.register({ ...app, redirect_uris: [callback, uri] }, plain)
      expect({ status, error: json.error }).toEqual({ status: 400, error: 'invalid_redirect_uri' })
    }
  })
})

test('what an administrator registers is not adapted, but refused with the reason', async () => {
  const { clients } = latchkey.services
  for (const wrong of [
    { grant_types: ['authorization_code', 'implicit'] },
    { response_types: ['code', 'token'] },
    { scope: '' },
    { client_uri: '' },
    { logo_uri: 'http://app.example/l.png' },
  ])
    await expect(clients.create({ ...app, ...wrong })).rejects.toMatchObject({
      problems: [{ field: Object.keys(wrong)[0] }],
    })
})

test('an update is adapted in the same way, and keeps what an administrator gave', async () => {
  const { json } = await at.register({ ...app, scope: 'openid' }, plain)
  const id = String(json.client_id)
  const [uri, token] = [`${at.endpoint}/${id}`, String(json.registration_access_token)]
  await latchkey.services.clients.update(id, { scope: 'openid books:write' })
  const put = await at.call('PUT', uri, token, {
    ...app,
    client_id: id,
    scope: 'openid books:write admin:write',
    grant_types: ['authorization_code', DEVICE],
    contacts: [],
  })
  expect(put.status).toBe(200)
  expect(put.json).toMatchObject({ scope: 'openid books:write', grant_types: ['authorization_code'] })
})

test.each(['grant_types', 'response_types', 'redirect_uris', 'contacts'])(
  '%s is a list: text in its place is refused, with the name of the field',
  async (field) => {
    for (const value of ['code', 'token', { 0: 'code' }, 7]) {
      const { status, json } = await at.register({ ...app, [field]: value })
      expect([value, status, json.error_description]).toEqual([value, 400, expect.stringContaining(field)])
    }
  },
)
