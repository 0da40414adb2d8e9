import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

// What may be registered here must not be refused by the protocol later: its rules are partly others.
let latchkey: Latchkey

beforeAll(async () => {
  latchkey = await startLatchkey({ env: { LOG_LEVEL: 'silent' } })
  await latchkey.services.resources.add({ identifier: 'https://api.example', scope: 'read write' })
})
afterAll(() => latchkey.stop())

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const web = { client_name: 'App', redirect_uris: ['https://app.example/cb'] }
const none = { client_name: 'App', token_endpoint_auth_method: 'none' }

describe('an authorization request leads to the sign-in page', () => {
  test.each<[string, Record<string, unknown> & { redirect_uris: string[] }]>([
    ['web', web],
    ['web on loopback', { ...web, redirect_uris: ['http://localhost:4000/cb', 'https://localhost:4000/cb'] }],
    ['web with refresh tokens', { ...web, grant_types: ['authorization_code', 'refresh_token'] }],
    ['web with machine access too', { ...web, grant_types: ['authorization_code', 'client_credentials'] }],
    ['web with client_secret_post', { ...web, token_endpoint_auth_method: 'client_secret_post' }],
    ['web with keys', { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }],
    [
      'web with keys elsewhere and one algorithm',
      {
        ...web,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'EdDSA',
        jwks_uri: 'https://app.example/jwks',
      },
    ],
    ['web with scopes', { ...web, scope: 'openid profile email' }],
    ['web with scopes of a resource', { ...web, scope: 'openid read' }],
    ['web without PKCE', { ...web, pkce: 'optional', first_party: true }],
    [
      'web with everything',
      {
        ...web,
        post_logout_redirect_uris: ['https://app.example/bye', 'http://localhost:4000/'],
        id_token_signed_response_alg: 'EdDSA',
        backchannel_logout_uri: 'https://app.example/logout',
        backchannel_logout_session_required: true,
        dpop_bound_access_tokens: true,
        default_max_age: 60,
        logo_uri: 'https://app.example/l.png',
        client_uri: 'https://app.example',
        policy_uri: 'https://app.example/p',
        tos_uri: 'https://app.example/t',
        contacts: ['ops@app.example'],
      },
    ],
    ['public', { ...none, redirect_uris: ['https://app.example/cb'] }],
    [
      'public on https loopback',
      { ...none, redirect_uris: ['https://localhost:5173/cb', 'http://localhost:5173/cb'] },
    ],
    [
      'native',
      { ...none, redirect_uris: ['com.example.app:/cb', 'http://127.0.0.1/cb', 'https://app.example/cb'] },
    ],
    [
      'native that signs out',
      {
        ...none,
        redirect_uris: ['https://app.example/cb'],
        post_logout_redirect_uris: ['com.example.app:/'],
      },
    ],
  ])('%s', async (_name, registration) => {
    const client = await latchkey.services.clients.create(registration)
    const query = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: registration.redirect_uris[0] ?? '',
      response_type: 'code',
      scope: 'openid',
      state: 's',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const response = await latchkey.app.inject({
      url: `/authorize?${query}`,
      headers: { accept: 'text/html' },
    })
    expect(response.headers.location).toMatch(/\/interaction\/[\w-]+$/)
    expect(response.statusCode).toBe(303)
  })
})

test.each([
  [{ client_name: 'Job', grant_types: ['client_credentials'], scope: 'read' }, {}],
  [
    { client_name: 'Job', grant_types: ['client_credentials'], scope: 'read' },
    { resource: 'https://api.example', scope: 'read' },
  ],
])('a machine gets its token: %j', async (registration, parameters) => {
  const { client_id: id, client_secret: secret } = await latchkey.services.clients.create(registration)
  const response = await latchkey.app.inject({
    method: 'POST',
    url: '/token',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString(),
  })
  expect(response.json()).toMatchObject({ access_token: expect.any(String) })
})
