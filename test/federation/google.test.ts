import { expect, onTestFinished, test } from 'vitest'
import type { Connector } from '../../src/federation/connector.ts'
import { google } from '../../src/federation/connectors/google.ts'
import { type OpenIdProvider, startOpenIdProvider, visitUpstream } from '../support/upstream/openid.ts'

const redirectUri = 'http://localhost:9/api/auth/oauth/google/callback'

/** A provider with Google's habits. */
async function start(): Promise<OpenIdProvider> {
  const upstream = await startOpenIdProvider({
    alg: 'RS256',
    authMethod: 'client_secret_post',
    claimsInIdToken: true,
  })
  onTestFinished(() => upstream.stop())
  upstream.setCallback(redirectUri)
  return upstream
}

function connect(
  { issuer, clientId, clientSecret }: OpenIdProvider,
  settings = {},
  secret = clientSecret,
): Connector {
  return google.create({ clientId, clientSecret: secret }, google.settings.parse({ issuer, ...settings }))
}

async function identify(connector: Connector) {
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  return connector.identify(callback, attempt)
}

const bare = (issuer: string) => issuer.replace('http://', '')
const count = ({ requests }: OpenIdProvider, path: string) =>
  requests.filter((one) => one.path === path).length

test('Google by default', () => {
  expect(google.about.name).toBe('Google')
  expect(google.settings.parse({})).toEqual({ issuer: 'https://accounts.google.com' })
})

test('the whole way, with everything from the id_token', async () => {
  const upstream = await start()
  expect(await identify(connect(upstream))).toMatchObject({
    issuer: upstream.issuer,
    subject: 'upstream-1001',
    username: 'grace',
    email: { address: 'grace@example.com', verified: true },
    givenName: 'Grace',
    familyName: 'Hopper',
    picture: 'https://pictures.example/grace.png',
    tokens: { access_token: expect.any(String) },
  })
  upstream.accounts[0] = { sub: 'grace' }
  expect((await identify(connect(upstream))).email).toBeUndefined()
  expect(count(upstream, '/me')).toBe(0)
})

test('an id_token that names the issuer without its scheme is of the same issuer, and its code is used once', async () => {
  const upstream = await start()
  upstream.tamper = (claims) => ({ ...claims, iss: bare(upstream.issuer) })
  const connector = connect(upstream)
  expect(await identify(connector)).toMatchObject({ issuer: upstream.issuer, subject: 'upstream-1001' })
  expect(count(upstream, '/token')).toBe(1)
  expect(await identify(connector)).toMatchObject({ issuer: upstream.issuer })
  expect(count(upstream, '/jwks')).toBe(1)
})

test.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
  ['a third spelling', (claims) => ({ ...claims, iss: `${claims.iss}/` })],
  ['another issuer', (claims) => ({ ...claims, iss: 'accounts.google.com' })],
  ['the wrong nonce', (claims) => ({ ...claims, nonce: 'another' })],
  ['a foreign audience', (claims) => ({ ...claims, aud: 'another' })],
])('the second spelling does not let in %s', async (_what, lie) => {
  const upstream = await start()
  upstream.tamper = (claims) => lie({ ...claims, iss: bare(upstream.issuer) })
  await expect(identify(connect(upstream))).rejects.toMatchObject({ reason: 'invalid' })
})

test('ASVS 6.8.2: the signature counts for the second spelling too', async () => {
  const upstream = await start()
  upstream.tamper = (claims) => ({ ...claims, iss: bare(upstream.issuer) })
  for (const forge of ['unpublished key', 'none', 'HS256'] as const) {
    upstream.forge = forge
    await expect(identify(connect(upstream))).rejects.toMatchObject({ reason: 'invalid' })
  }
})

test('RFC 9207: the second spelling in the callback is not the issuer', async () => {
  const upstream = await start()
  upstream.tamper = (claims) => ({ ...claims, iss: bare(upstream.issuer) })
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  callback.searchParams.set('iss', bare(upstream.issuer))
  await expect(connector.identify(callback, attempt)).rejects.toMatchObject({ reason: 'invalid' })
  expect(count(upstream, '/token')).toBe(0)
})

test('a hosted domain is asked for, and only its accounts get in', async () => {
  const upstream = await start()
  const connector = connect(upstream, { hosted_domain: 'corp.example' })
  const attempt = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const url = await connector.authorize(attempt, { redirectUri, again: false })
  expect(url.searchParams.get('hd')).toBe('corp.example')
  for (const hd of [undefined, 'other.example', 'sub.corp.example', 'CORP.example']) {
    upstream.accounts[0] = { sub: 'g', preferred_username: 'grace', ...(hd !== undefined && { hd }) }
    await expect(identify(connector)).rejects.toMatchObject({ reason: 'not_allowed' })
  }
  upstream.accounts[0] = { sub: 'g', preferred_username: 'grace', hd: 'corp.example' }
  expect(await identify(connector)).toMatchObject({ subject: 'g' })
})

test('an address in the domain is not an account of the domain', async () => {
  const upstream = await start()
  upstream.accounts[0] = {
    sub: 'g',
    preferred_username: 'grace',
    email: 'g@corp.example',
    email_verified: true,
  }
  const connector = connect(upstream, { hosted_domain: 'corp.example' })
  await expect(identify(connector)).rejects.toMatchObject({ reason: 'not_allowed' })
})

test('without a hosted domain every account gets in, and none is asked for', async () => {
  const upstream = await start()
  const attempt = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const url = await connect(upstream).authorize(attempt, { redirectUri, again: false })
  expect([url.searchParams.has('hd'), url.searchParams.has('prompt')]).toEqual([false, false])
})

test('asked again, Google lets the person choose an account', async () => {
  const upstream = await start()
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri, again: true })
  expect(upstream.requests.find(({ path }) => path === '/auth')?.parameters.get('prompt')).toBe(
    'select_account',
  )
  expect(await connector.identify(callback, attempt)).toMatchObject({ subject: 'upstream-1001' })
})

test('a wrong secret is refused; cancelling is denied', async () => {
  const upstream = await start()
  await expect(identify(connect(upstream, {}, 'mistaken'))).rejects.toMatchObject({ reason: 'refused' })
  const connector = connect(upstream)
  const { callback, attempt } = await visitUpstream(connector, { redirectUri, button: 'Cancel' })
  await expect(connector.identify(callback, attempt)).rejects.toMatchObject({ reason: 'denied' })
})

test('Google tells nobody about signing out', async () => {
  const upstream = await start()
  expect(connect(upstream).logout).toBeUndefined()
})

test('check: all well, and a wrong secret', async () => {
  const upstream = await start()
  const good = await connect(upstream, { hosted_domain: 'corp.example' }).check(redirectUri)
  expect(good.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(good.map(({ name }) => name)).not.toContain('back-channel logout')
  const bad = await connect(upstream, {}, 'mistaken').check(redirectUri)
  expect(bad.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual(['client credentials'])
})

test.each([
  { hosted_domain: '' },
  { hosted_domain: '*' },
  { hosted_domain: 'Corp.Example' },
  { issuer: 'http://g.example' },
])('settings %o are refused', (settings) => expect(google.settings.safeParse(settings).success).toBe(false))
