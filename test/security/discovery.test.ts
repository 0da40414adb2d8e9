import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, get, type SecurityFixture } from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let metadata: Record<string, unknown>

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  metadata = (await get(`${fixture.issuer}/.well-known/openid-configuration`)).json
})
afterAll(() => latchkey.stop())

describe('RFC 8414: metadata', () => {
  test('is the same at both addresses, with the issuer as it is configured', async () => {
    const other = await get(`${fixture.issuer}/.well-known/oauth-authorization-server`)
    expect(other.json).toEqual(metadata)
    expect(metadata.issuer).toBe(fixture.issuer)
    for (const [name, value] of Object.entries(metadata))
      if (/_(endpoint|uri)$/.test(name))
        expect([name, new URL(String(value)).origin]).toEqual([name, fixture.issuer])
  })

  test('names what works and nothing else', () => {
    expect(metadata).toMatchObject({
      response_types_supported: ['code'],
      grant_types_supported: expect.arrayContaining([
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ]),
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ]),
      subject_types_supported: ['public'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
      claims_parameter_supported: true,
      backchannel_logout_supported: true,
    })
    expect(metadata.grant_types_supported).toHaveLength(4)
    expect(metadata.token_endpoint_auth_methods_supported).toHaveLength(4)
    expect(metadata.response_modes_supported).toEqual(expect.not.arrayContaining(['web_message']))
    expect(metadata.request_parameter_supported).toBe(true)
    expect(metadata).not.toHaveProperty('registration_endpoint')
    expect(metadata).toHaveProperty(
      'device_authorization_endpoint',
      expect.stringMatching(/\/device_authorization$/),
    )
    expect(metadata).not.toHaveProperty('tls_client_certificate_bound_access_tokens')
  })

  test('9.1.2: no list of algorithms has none or a symmetric one', () => {
    const lists = Object.entries(metadata).filter(([name]) => name.endsWith('_alg_values_supported'))
    expect(lists.length).toBeGreaterThan(2)
    for (const [name, values] of lists) {
      expect([name, values]).toEqual([name, expect.not.arrayContaining(['none'])])
      expect(String(values)).not.toMatch(/HS\d/)
    }
  })

  test('keys: public halves only, for every algorithm of id_tokens, each with its own kid', async () => {
    const { json } = await get(String(metadata.jwks_uri))
    const keys = json.keys as Record<string, unknown>[]
    for (const key of keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret)
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'EdDSA', 'PS256', 'RS256'])
    expect((metadata.id_token_signing_alg_values_supported as string[]).toSorted()).toEqual([
      'ES256',
      'EdDSA',
      'PS256',
      'RS256',
    ])
  })
})
