import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  completeRegistration,
  leftToCreation,
  parseRegistration,
  type RegistrationInput,
  USUAL_RULES,
} from '../../src/clients/metadata.ts'
import { clientOf } from '../../src/configuration/current.ts'
import { createEntryOf } from '../../src/configuration/yaml-of.ts'
import { ValidationError } from '../../src/shared/validation-error.ts'

const web = { client_name: 'Shop', redirect_uris: ['https://app.example/cb'] }
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicJwk = publicKey.export({ format: 'jwk' })
const privateJwk = privateKey.export({ format: 'jwk' })

function problemsOf(input: RegistrationInput): Record<string, string[]> {
  try {
    parseRegistration(input)
  } catch (error) {
    if (error instanceof ValidationError) return error.errors
    throw error
  }
  return {}
}

test('the default of PKCE is left to the making of a client: not what is said, nor what follows from being public or a profile', () => {
  expect(leftToCreation(web)).toEqual(['pkce'])
  expect(leftToCreation(web, { ...USUAL_RULES, pkceDefault: 'required' })).toEqual(['pkce'])
  for (const pkce of ['auto', 'optional', 'required']) expect(leftToCreation({ ...web, pkce })).toEqual([])
  expect(leftToCreation({ ...web, token_endpoint_auth_method: 'none' })).toEqual([])
  expect(leftToCreation({ ...web, profile: 'fapi2', jwks_uri: 'https://app.example/jwks' })).toEqual([])
  const inside = { ...web, redirect_uris: ['http://app.inside/cb'] }
  const rules = { ...USUAL_RULES, redirects: { hosts: ['app.inside'], schemes: [] } }
  expect(leftToCreation(inside, rules)).toEqual(['pkce'])
})

test.each(['auto', 'required'] as const)(
  'where %s is the default, an export says the rule all the same',
  (pkceDefault) => {
    const rules = { ...USUAL_RULES, pkceDefault }
    const services = {
      clients: {
        complete: (entry: RegistrationInput) => completeRegistration(entry, rules),
        leftToCreation: (entry: RegistrationInput) => leftToCreation(entry, rules),
      },
    }
    const entryOf = createEntryOf(services as unknown as Parameters<typeof createEntryOf>[0])
    const entry = (fields: RegistrationInput) =>
      entryOf(clientOf({ ...completeRegistration(fields, rules), client_id: 'lk_1' }))
    // What is usual is learnt from one and left out of the next.
    expect(entry({ ...web, token_endpoint_auth_method: 'none' })).not.toHaveProperty('pkce')
    for (const pkce of ['required', 'auto', 'optional'])
      expect(entry({ ...web, pkce })).toMatchObject({ pkce, client_name: 'Shop' })
  },
)

describe('defaults (RFC 7591 §2)', () => {
  test('a confidential web client', () => {
    expect(parseRegistration(web)).toEqual({
      metadata: {
        client_name: 'Shop',
        redirect_uris: ['https://app.example/cb'],
        post_logout_redirect_uris: [],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        id_token_signed_response_alg: 'RS256',
      },
      pkce: 'auto',
      firstParty: false,
    })
  })

  test('a machine client has no response type', () => {
    const { metadata } = parseRegistration({ client_name: 'Job', grant_types: ['client_credentials'] })
    expect(metadata).toMatchObject({
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    })
  })

  test('repeated values count once', () => {
    const { metadata } = parseRegistration({
      ...web,
      redirect_uris: ['https://app.example/cb', 'https://app.example/cb'],
      scope: ' openid  email openid ',
    })
    expect(metadata).toMatchObject({ redirect_uris: ['https://app.example/cb'], scope: 'openid email' })
  })
})

describe('application_type', () => {
  const typeOf = (input: RegistrationInput) =>
    parseRegistration({ client_name: 'App', ...input }).metadata.application_type
  const none = { token_endpoint_auth_method: 'none' }

  test.each([
    [{ ...none, redirect_uris: ['com.example.app:/cb'] }, 'native'],
    [{ ...none, redirect_uris: ['http://127.0.0.1/cb'] }, 'native'],
    [{ ...none, redirect_uris: ['https://app.example/cb', 'http://localhost:5173/cb'] }, 'native'],
    [{ ...none, redirect_uris: ['https://app.example/cb'] }, 'web'],
    [{ ...none, redirect_uris: ['https://localhost:5173/cb', 'http://localhost:5173/cb'] }, 'web'],
    [{ redirect_uris: ['http://localhost:4000/cb'] }, 'web'],
    [{ ...none, application_type: 'native', redirect_uris: ['https://app.example/cb'] }, 'native'],
  ])('%j → %s', (input, type) => {
    expect(typeOf(input)).toBe(type)
  })
})

describe('is refused, naming the field and a way out', () => {
  const machine = { client_name: 'Job', grant_types: ['client_credentials'] }
  const key = { ...machine, token_endpoint_auth_method: 'private_key_jwt' }
  const publicClient = { ...web, token_endpoint_auth_method: 'none' }

  test.each<[string, RegistrationInput, string, RegExp]>([
    ['no name', { redirect_uris: web.redirect_uris }, 'client_name', /missing/],
    ['an empty name', { ...web, client_name: '  ' }, 'client_name', /empty/],
    ['a name that turns text around', { ...web, client_name: 'a\u202eb' }, 'client_name', /control/],
    ['no redirect URI', { client_name: 'Shop' }, 'redirect_uris', /needs one.*client_credentials/],
    [
      'a bad redirect URI',
      { ...web, redirect_uris: ['http://app.example/cb'] },
      'redirect_uris',
      /use https/,
    ],
    [
      'a bad post-logout URI',
      { ...web, post_logout_redirect_uris: ['x'] },
      'post_logout_redirect_uris',
      /relative/,
    ],
    [
      'a machine with redirect URI',
      { ...machine, redirect_uris: ['https://a.example/'] },
      'redirect_uris',
      /only for/,
    ],
    [
      'a public machine',
      { ...machine, token_endpoint_auth_method: 'none' },
      'grant_types',
      /public client cannot/,
    ],
    [
      'a refresh token alone',
      { client_name: 'x', grant_types: ['refresh_token'] },
      'grant_types',
      /authorization_code/,
    ],
    ['no grant', { ...web, grant_types: [] }, 'grant_types', /empty/],
    ['the implicit grant', { ...web, grant_types: ['implicit'] }, 'grant_types', /one of authorization_code/],
    ['the password grant', { ...web, grant_types: ['password'] }, 'grant_types', /one of authorization_code/],
    ['the implicit response', { ...web, response_types: ['token'] }, 'response_types', /\["code"\]/],
    [
      'a response type for a machine',
      { ...machine, response_types: ['code'] },
      'response_types',
      /leave it out/,
    ],
    ['public without PKCE', { ...publicClient, pkce: 'optional' }, 'pkce', /confidential/],
    [
      'a private-use scheme with a secret',
      { ...web, redirect_uris: ['com.example.app:/cb'] },
      'redirect_uris',
      /private-use/,
    ],
    [
      'a private-use scheme with a secret, declared native',
      { ...web, application_type: 'native', redirect_uris: ['com.example.app:/cb'] },
      'redirect_uris',
      /keeps no secret/,
    ],
    [
      'a symmetric method',
      { ...web, token_endpoint_auth_method: 'client_secret_jwt' },
      'token_endpoint_auth_method',
      /one of/,
    ],
    ['a signature without keys', key, 'jwks', /needs the public keys/],
    [
      'keys in two places',
      { ...key, jwks: { keys: [publicJwk] }, jwks_uri: 'https://a.example/jwks' },
      'jwks_uri',
      /keep one/,
    ],
    ['keys without use', { ...web, jwks: { keys: [publicJwk] } }, 'jwks', /private_key_jwt only/],
    [
      'a signature algorithm without use',
      { ...web, token_endpoint_auth_signing_alg: 'ES256' },
      'token_endpoint_auth_signing_alg',
      /only/,
    ],
    ['keys over http', { ...key, jwks_uri: 'http://a.example/jwks' }, 'jwks_uri', /https/],
    ['a private key', { ...key, jwks: { keys: [privateJwk] } }, 'jwks', /private key/],
    ['a symmetric key', { ...key, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'jwks', /symmetric/],
    [
      'a broken key',
      { ...key, jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] } },
      'jwks',
      /cannot|not a key/,
    ],
    ['an encryption key', { ...key, jwks: { keys: [{ ...publicJwk, use: 'enc' }] } }, 'jwks', /use/],
    ['no key', { ...key, jwks: { keys: [] } }, 'jwks', /no key/],
    [
      'one kid twice',
      {
        ...key,
        jwks: {
          keys: [
            { ...publicJwk, kid: 'a' },
            { ...publicJwk, kid: 'a' },
          ],
        },
      },
      'jwks',
      /one kid/,
    ],
    ['a bare key', { ...key, jwks: publicJwk }, 'jwks', /keys/],
    ['an http logo', { ...web, logo_uri: 'http://a.example/logo.png' }, 'logo_uri', /https/],
    ['a script as terms', { ...web, tos_uri: 'javascript:alert(1)' }, 'tos_uri', /https/],
    [
      'a back-channel over http',
      { ...web, backchannel_logout_uri: 'http://a.example/' },
      'backchannel_logout_uri',
      /https/,
    ],
    ['a bad scope', { ...web, scope: 'a"b' }, 'scope', /separated by spaces/],
    [
      'text for a boolean',
      { ...web, dpop_bound_access_tokens: 'true' },
      'dpop_bound_access_tokens',
      /true or false/,
    ],
    ['a negative age', { ...web, default_max_age: -1 }, 'default_max_age', /0 or more/],
    [
      'HS256',
      { ...web, id_token_signed_response_alg: 'HS256' },
      'id_token_signed_response_alg',
      /RS256, PS256, ES256, EdDSA/,
    ],
    ['none', { ...web, id_token_signed_response_alg: 'none' }, 'id_token_signed_response_alg', /RS256/],
    ['a contact without @', { ...web, contacts: ['nobody'] }, 'contacts', /email/],
    ['an id of one’s own (RFC 9700 §4.15)', { ...web, client_id: 'me' }, 'client_id', /chosen by the server/],
    ['a secret of one’s own', { ...web, client_secret: 'x' }, 'client_secret', /chosen by the server/],
    ['an unknown field', { ...web, redirect_uri: 'https://app.example/cb' }, 'redirect_uri', /not known/],
    ['a prototype', { ...web, constructor: 1 }, 'constructor', /not known/],
  ])('%s', (_name, input, field, message) => {
    expect(problemsOf(input)[field]?.join('\n')).toMatch(message)
  })

  /** Nobody has its private half, which takes long to make where it is large. */
  const rsa = (bits: number) => ({
    kty: 'RSA',
    e: 'AQAB',
    n: Buffer.alloc(bits / 8, 0xff).toString('base64url'),
  })

  test.each([1024, 2040, 4104, 8192])('an RSA key of %i bits', (bits) => {
    expect(problemsOf({ ...key, jwks: { keys: [rsa(bits)] } }).jwks).toEqual([
      `key 1 is an RSA key of ${bits} bits; use 2048 to 4096`,
    ])
  })

  test.each(['AQ', 'AAAB', 'AA', 'BA', 'AQAA', ''])('an RSA key with the exponent “%s”', (e) => {
    const [problem] = problemsOf({ ...key, jwks: { keys: [{ ...rsa(2048), e }] } }).jwks ?? []
    expect(problem).toMatch(/^key 1 (is an RSA key with a public exponent|is not a key)/)
  })

  test.each(['Aw', 'EQ', 'AQAB'])('but not one with “%s”', (e) => {
    expect(problemsOf({ ...key, jwks: { keys: [{ ...rsa(2048), e }] } }).jwks).toBeUndefined()
  })

  test.each([2048, 3072, 4096])('but not one of %i', (bits) => {
    expect(problemsOf({ ...key, jwks: { keys: [rsa(bits)] } }).jwks).toBeUndefined()
  })

  test('everything at once, each thing once', () => {
    expect(
      Object.keys(
        problemsOf({
          redirect_uris: ['http://app.example/cb', '/cb'],
          grant_types: ['client_credentials', 'authorization_code'],
          token_endpoint_auth_method: 'none',
          pkce: 'optional',
          logo_uri: 'x',
        }),
      ).sort(),
    ).toEqual(['client_name', 'grant_types', 'logo_uri', 'pkce', 'redirect_uris'])
    expect(problemsOf({ ...web, token_endpoint_auth_method: 'magic', pkce: 'optional' })).toEqual({
      token_endpoint_auth_method: [expect.stringMatching(/one of/)],
    })
  })
})

test('accepts a full registration', () => {
  const input = {
    client_name: 'Bank',
    redirect_uris: ['https://bank.example/cb'],
    post_logout_redirect_uris: ['https://bank.example/bye'],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [{ ...publicJwk, kid: '1', use: 'sig', alg: 'ES256' }] },
    logo_uri: 'https://bank.example/logo.png',
    backchannel_logout_uri: 'https://bank.example/logout',
    backchannel_logout_session_required: true,
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
    id_token_signed_response_alg: 'ES256',
    default_max_age: 0,
    contacts: ['ops@bank.example'],
  }
  expect(parseRegistration({ ...input, first_party: true })).toEqual({
    metadata: { ...input, response_types: ['code'], application_type: 'web' },
    pkce: 'auto',
    firstParty: true,
  })
})

test.each(['\t', '\n', '\r', '\u00a0', '\u2003', '\u2028', '\ufeff'])(
  '%j in a scope is no space',
  (other) => {
    for (const scope of [`${other}read`, `read${other}`, `openid${other}read`])
      expect(problemsOf({ ...web, scope })).toEqual({
        scope: [expect.stringContaining('separated by spaces')],
      })
  },
)

test.each([
  '\u202e',
  '\u2066',
  '\u200b',
  '\u200f',
  '\ufeff',
  '\u00ad',
  '\u3164',
  '\u{e0041}',
  '\ud83d',
  '\0',
  '\n',
])('a client with %j in its name would pass for another one', (unseen) => {
  expect(problemsOf({ ...web, client_name: `Your${unseen}Bank` })).toEqual({
    client_name: ['contains control characters or invisible ones'],
  })
})
test.each(['می‌خواهم', 'Zoë 👩‍💻', '写真屋'])('a client may be called %s', (client_name) =>
  expect(problemsOf({ ...web, client_name })).toEqual({}),
)

test.each(['fapi2', 'fapi2_message_signing'])(
  'the profile %s excludes device codes, which come without PAR',
  (profile) => {
    const device = 'urn:ietf:params:oauth:grant-type:device_code'
    const bank = { ...web, profile, jwks: { keys: [{ ...publicJwk, kid: '1', alg: 'ES256' }] } }
    const { grant_types } = problemsOf({ ...bank, grant_types: ['authorization_code', device] })
    expect(grant_types?.join()).toMatch(/has device_code, which the profile \w+ excludes.*not pushed/)
    expect(problemsOf({ ...bank, grant_types: ['authorization_code', 'refresh_token'] })).toEqual({})
    expect(
      problemsOf({
        ...bank,
        profile: undefined,
        jwks: undefined,
        grant_types: ['authorization_code', device],
      }),
    ).toEqual({})
  },
)
