import { createServer } from 'node:http'
import { inspect } from 'node:util'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { type Connector, type Registration, UpstreamError } from '../../src/federation/connector.ts'
import { openId } from '../../src/federation/connectors/oidc.ts'
import {
  type OpenIdProvider,
  type OpenIdProviderOptions,
  startOpenIdProvider,
  visitUpstream,
} from '../support/upstream/openid.ts'

const redirectUri = 'http://localhost:9/api/auth/oauth/corp/callback'

afterEach(() => void vi.useRealTimers())

async function start(options: OpenIdProviderOptions = {}): Promise<OpenIdProvider> {
  const upstream = await startOpenIdProvider({ alg: 'ES256', ...options })
  onTestFinished(() => upstream.stop())
  upstream.setCallback(redirectUri)
  return upstream
}

function connect(
  upstream: OpenIdProvider,
  settings: Record<string, unknown> = {},
  registration: Partial<Registration> = {},
): Connector {
  const { issuer, clientId, clientSecret } = upstream
  const parsed = openId.settings.parse({ issuer, ...settings })
  return openId.create({ clientId, clientSecret, ...registration }, parsed)
}

async function identify(connector: Connector) {
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  return connector.identify(callback, attempt)
}

const paths = ({ requests }: OpenIdProvider) => requests.map(({ path }) => path)

async function failure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof UpstreamError)) throw new Error(`no UpstreamError: ${inspect(error)}`)
  return error
}

const grace = {
  subject: 'upstream-1001',
  username: 'grace',
  email: { address: 'grace@example.com', verified: true },
  givenName: 'Grace',
  familyName: 'Hopper',
  picture: 'https://pictures.example/grace.png',
}

test.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)(
  'the whole way, id_tokens signed with %s',
  async (alg) => {
    const upstream = await start({ alg })
    const identity = await identify(connect(upstream))
    expect(identity).toMatchObject({ issuer: upstream.issuer, ...grace })
    expect(identity.tokens).toMatchObject({
      access_token: expect.any(String),
      id_token: expect.stringMatching(/^ey/),
      scope: 'openid profile email',
    })
    const lifetime = (identity.tokens.expires_at ?? 0) - Date.now() / 1000
    expect(lifetime).toBeGreaterThan(0)
    expect(lifetime).toBeLessThanOrEqual(600)
  },
)

test.each([
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
] as const)('the whole way, the client authenticated by %s', async (authMethod) => {
  const upstream = await start({ authMethod })
  expect(await identify(connect(upstream, { auth_method: authMethod }))).toMatchObject(grace)
})

test('the authorization request has state, nonce and PKCE S256, and prompt=login when asked again', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  const attempt = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const url = await connector.authorize(attempt, { redirectUri, again: false })
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: upstream.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    state: 's',
    nonce: 'n',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
  })
  const again = await connector.authorize(attempt, { redirectUri, again: true })
  expect(again.searchParams.get('prompt')).toBe('login')
})

test('the userinfo endpoint is asked only for what the id_token lacks', async () => {
  const complete = await start({ claimsInIdToken: true })
  expect(await identify(connect(complete))).toMatchObject(grace)
  expect(paths(complete)).not.toContain('/me')
  const lean = await start()
  expect(await identify(connect(lean))).toMatchObject(grace)
  expect(paths(lean)).toContain('/me')
})

test('what userinfo says about another person is refused', async () => {
  const upstream = await start()
  const other = createServer((_request, response) =>
    response
      .setHeader('content-type', 'application/json')
      .end('{"sub":"somebody-else","email":"e@example.com"}'),
  )
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const address = other.address()
  const userinfo = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`
  upstream.discovery = (document) => ({ ...document, userinfo_endpoint: userinfo })
  expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
})

test('the session at the provider is kept where it tells about signing out', async () => {
  const upstream = await start({ backChannelLogout: true })
  upstream.setCallback(redirectUri, 'http://127.0.0.1:9/backchannel-logout')
  expect((await identify(connect(upstream))).sid).toMatch(/^[\w-]+$/)
})

test('claims can be mapped, each by itself', async () => {
  const upstream = await start({ claimsInIdToken: true })
  upstream.tamper = (claims) => ({ ...claims, upn: 'grace@corp', mail: 'g@corp.example', mail_ok: 'true' })
  const claims = { username: 'upn', email: 'mail', email_verified: 'mail_ok' }
  expect(await identify(connect(upstream, { claims }))).toMatchObject({
    ...grace,
    username: 'grace@corp',
    email: { address: 'g@corp.example', verified: true },
  })
})

test.each<[string, unknown, boolean, boolean]>([
  ['true', true, false, true],
  ['the text true', 'true', false, true],
  ['false', false, false, false],
  ['nothing', undefined, false, false],
  ['a number', 1, false, false],
  ['nothing, and trust_email is set', undefined, true, true],
  ['false, and trust_email is set', false, true, false],
])('an address of which the provider says %s', async (_what, email_verified, trust_email, verified) => {
  const upstream = await start({ claimsInIdToken: true })
  upstream.tamper = (claims) => ({ ...claims, email_verified })
  const { email } = await identify(connect(upstream, { trust_email }))
  expect(email).toEqual({ address: 'grace@example.com', verified })
})

test('a verified address and its word come from the same place', async () => {
  const upstream = await start()
  upstream.tamper = (claims) => ({ ...claims, email: 'other@example.com' })
  const { email } = await identify(connect(upstream))
  expect(email).toEqual({ address: 'other@example.com', verified: false })
})

test.each([
  ['too long', 'x'.repeat(501)],
  ['empty', ''],
  ['no text', 7],
  ['with a NUL', 'a\0b'],
  ['with half a character', 'a\ud800'],
])('optional claims that are %s count as not said', async (_what, value) => {
  const upstream = await start({ claimsInIdToken: true })
  const names = ['preferred_username', 'given_name', 'family_name', 'picture', 'email', 'sid']
  upstream.tamper = (claims) => ({ ...claims, ...Object.fromEntries(names.map((name) => [name, value])) })
  upstream.accounts[0] = { sub: 'grace' }
  const { tokens: _, ...identity } = await identify(connect(upstream))
  expect(identity).toEqual({ issuer: upstream.issuer, subject: 'grace' })
})

test.each(['http://pictures.example/grace.png', 'javascript:alert(1)', 'data:image/png;base64,AA'])(
  'a picture at %s is left out',
  async (picture) => {
    const upstream = await start({ claimsInIdToken: true })
    upstream.tamper = (claims) => ({ ...claims, picture })
    expect((await identify(connect(upstream))).picture).toBeUndefined()
  },
)

const now = () => Math.floor(Date.now() / 1000)
const lies: [string, (claims: Record<string, unknown>) => Record<string, unknown>][] = [
  ['the nonce of another attempt', (claims) => ({ ...claims, nonce: 'another' })],
  ['no nonce', ({ nonce: _, ...claims }) => claims],
  ['the audience of another client', (claims) => ({ ...claims, aud: 'another' })],
  [
    'a second audience and nobody it was issued to',
    (claims) => ({ ...claims, aud: [claims.aud, 'another'] }),
  ],
  ['another issuer', (claims) => ({ ...claims, iss: 'https://other.example' })],
  ['an end that has passed', (claims) => ({ ...claims, exp: now() - 120 })],
  ['no end', ({ exp: _, ...claims }) => claims],
  ['an empty subject', (claims) => ({ ...claims, sub: '' })],
  ['a subject of 256 characters', (claims) => ({ ...claims, sub: 's'.repeat(256) })],
  ['a subject with a NUL', (claims) => ({ ...claims, sub: 'a\0b' })],
]

test.each(lies)('an id_token with %s is refused', async (_what, lie) => {
  const upstream = await start({ claimsInIdToken: true })
  upstream.tamper = lie
  expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
})

test.each(['unpublished key', 'none', 'HS256'] as const)(
  'ASVS 6.8.2: an id_token signed with %s is refused',
  async (forge) => {
    const upstream = await start()
    upstream.forge = forge
    expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
    upstream.discovery = (document) => ({
      ...document,
      id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256'],
    })
    expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
  },
)

test('ASVS 9.1.2: a provider that announces only symmetric signatures is refused', async () => {
  const upstream = await start()
  upstream.discovery = (document) => ({
    ...document,
    id_token_signing_alg_values_supported: ['none', 'HS256'],
  })
  expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
})

test('id_token_alg is the only signature that is accepted', async () => {
  const upstream = await start()
  expect(await identify(connect(upstream, { id_token_alg: 'ES256' }))).toMatchObject(grace)
  expect(await failure(identify(connect(upstream, { id_token_alg: 'RS256' })))).toMatchObject({
    reason: 'invalid',
  })
})

test.each<[string, (callback: URL) => void]>([
  [
    'RFC 9207: the iss of another provider',
    (callback) => callback.searchParams.set('iss', 'https://other.example'),
  ],
  ['RFC 9207: no iss, though the provider sends one', (callback) => callback.searchParams.delete('iss')],
  ['the state of another attempt', (callback) => callback.searchParams.set('state', 'another')],
  ['no state', (callback) => callback.searchParams.delete('state')],
  ['two codes', (callback) => callback.searchParams.append('code', 'another')],
])('a callback with %s is refused, and its code not used', async (_what, change) => {
  const upstream = await start()
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  change(callback)
  expect(await failure(connector.identify(callback, attempt))).toMatchObject({ reason: 'invalid' })
  expect(paths(upstream)).not.toContain('/token')
})

test('a code is good with its own PKCE verifier only', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  const other = { ...attempt, codeVerifier: 'v'.repeat(43) }
  expect(await failure(connector.identify(callback, other))).toMatchObject({ reason: 'refused' })
})

test('a person who cancels is denied', async () => {
  const connector = connect(await start())
  const { callback, attempt } = await visitUpstream(connector, { redirectUri, button: 'Cancel' })
  const error = await failure(connector.identify(callback, attempt))
  expect(error).toMatchObject({ reason: 'denied', message: expect.stringContaining('access_denied') })
})

test('a code is good once, and only with the right secret', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  await connector.identify(callback, attempt)
  expect(await failure(connector.identify(callback, attempt))).toMatchObject({ reason: 'refused' })
  const mistaken = connect(upstream, {}, { clientSecret: 'mistaken' })
  expect(await failure(identify(mistaken))).toMatchObject({ reason: 'refused' })
})

test('an id_token that is signed with an RSA key of more than 4,096 bits is refused', async () => {
  const upstream = await start({ alg: 'RS256', modulusLength: 4104 })
  expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'invalid' })
})

test.each([1024, 4104])('private_key_jwt with an RSA key of %i bits says what is accepted', async (bits) => {
  const upstream = await start()
  const n = Buffer.alloc(bits / 8, 0xff).toString('base64url')
  const clientSecret = JSON.stringify({ kty: 'RSA', e: 'AQAB', n, d: n })
  const error = await failure(
    identify(connect(upstream, { auth_method: 'private_key_jwt' }, { clientSecret })),
  )
  expect(error).toMatchObject({ reason: 'refused' })
  expect(error.message).toContain(`is an RSA key of ${bits} bits; use 2048 to 4096`)
})

test.each([
  ['a text', 'not a key'],
  ['a public key', JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' })],
  [
    'a broken private key',
    JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'c2VjcmV0LW1hdGVyaWFs' }),
  ],
  ['nothing', undefined],
])('private_key_jwt with %s instead of a private key says so, without it', async (_what, clientSecret) => {
  const upstream = await start()
  const error = await failure(
    identify(connect(upstream, { auth_method: 'private_key_jwt' }, { clientSecret })),
  )
  expect(error.reason).toBe('refused')
  expect(inspect(error)).not.toContain(clientSecret ?? 'undefined secret')
  expect(inspect(error)).not.toContain('c2VjcmV0LW1hdGVyaWFs')
})

test('a provider that does not answer is unreachable after five seconds', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  upstream.next = 'hang'
  expect(await failure(connector.identify(callback, attempt))).toMatchObject({ reason: 'unreachable' })
})

test.each(['nonsense', '500'] as const)('%s instead of tokens or of discovery is invalid', async (next) => {
  const upstream = await start()
  const connector = connect(upstream)
  upstream.next = next
  expect(await failure(identify(connector))).toMatchObject({ reason: 'invalid' })
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  upstream.next = next
  expect(await failure(connector.identify(callback, attempt))).toMatchObject({ reason: 'invalid' })
})

test('a provider that is gone is unreachable', async () => {
  const upstream = await startOpenIdProvider({ alg: 'ES256' })
  await upstream.stop()
  expect(await failure(identify(connect(upstream)))).toMatchObject({ reason: 'unreachable' })
})

test('discovery is asked for once an hour, however many people wait, and again after a failure', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const upstream = await start()
  const connector = connect(upstream)
  const go = () =>
    connector.authorize({ state: 's', nonce: 'n', codeVerifier: 'v' }, { redirectUri, again: false })
  upstream.next = '500'
  await failure(go())
  await Promise.all([go(), go(), go()])
  await go()
  expect(paths(upstream)).toHaveLength(2)
  vi.setSystemTime(Date.now() + 3_600_000)
  await go()
  expect(paths(upstream)).toHaveLength(3)
})

test('the keys are fetched once for many sign-ins', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  await identify(connector)
  await identify(connector)
  expect(paths(upstream).filter((path) => path === '/jwks')).toHaveLength(1)
})

test.each<[string, Record<string, unknown>]>([
  ['of another issuer', { issuer: 'https://other.example' }],
  ['of the issuer with a slash', { issuer: 'slash' }],
  ['without a token endpoint', { token_endpoint: undefined }],
  ['that sends browsers over plain http', { authorization_endpoint: 'http://other.example/auth' }],
  ['that sends browsers to a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ['that has codes sent over plain http', { token_endpoint: 'http://other.example/token' }],
])('a discovery document %s is refused before anybody is sent there', async (_what, change) => {
  const upstream = await start()
  const changed = change.issuer === 'slash' ? { issuer: `${upstream.issuer}/` } : change
  upstream.discovery = (document) => ({ ...document, ...changed })
  const attempt = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const going = connect(upstream).authorize(attempt, { redirectUri, again: false })
  expect(await failure(going)).toMatchObject({ reason: 'invalid' })
})

test('errors hold no token, code or secret', async () => {
  const upstream = await start({ claimsInIdToken: true })
  const connector = connect(upstream)
  const secrets = [upstream.clientSecret ?? '']
  const check = (error: UpstreamError, ...more: string[]) => {
    const everything = inspect(error, { depth: 20, showHidden: true })
    for (const secret of [...secrets, ...more]) expect(everything).not.toContain(secret)
    expect(everything).not.toMatch(/eyJ[\w-]{10,}/)
  }
  for (const forge of ['unpublished key', 'none', 'HS256'] as const) {
    const { callback, attempt } = await visitUpstream(connector, { redirectUri })
    upstream.forge = forge
    const code = callback.searchParams.get('code') ?? ''
    check(await failure(connector.identify(callback, attempt)), code, attempt.state, attempt.nonce)
    check(await failure(connector.identify(callback, attempt)), code, attempt.codeVerifier)
    upstream.forge = undefined
  }
  for (const [, lie] of lies) {
    upstream.tamper = lie
    check(await failure(identify(connector)), 'grace@example.com')
  }
  check(
    await failure(identify(connect(upstream, {}, { clientSecret: 'mistaken-secret' }))),
    'mistaken-secret',
  )
  // A parser's message quotes what it could not read.
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  upstream.next = 'nonsense'
  check(await failure(connector.identify(callback, attempt)), 'not-json')
})

test.each<[string, Record<string, unknown>]>([
  ['no issuer', { issuer: undefined }],
  ['an issuer over http', { issuer: 'http://login.example' }],
  [
    'the address of the discovery document',
    { issuer: 'https://login.example/.well-known/openid-configuration' },
  ],
  ['an issuer with a query', { issuer: 'https://login.example?tenant=1' }],
  ['a scope without openid', { scope: 'profile email' }],
  ['an unknown way to authenticate', { auth_method: 'tls_client_auth' }],
  ['a symmetric signature', { id_token_alg: 'HS256' }],
  ['no signature', { id_token_alg: 'none' }],
  ['a claim for the subject', { claims: { sub: 'email' } }],
  ['something else', { trust_emails: true }],
])('settings with %s are refused', (_what, settings) => {
  expect(openId.settings.safeParse({ issuer: 'https://login.example', ...settings }).success).toBe(false)
})
