import { createServer } from 'node:http'
import { inspect } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Registration } from '../../src/federation/connector.ts'
import { openId } from '../../src/federation/connectors/oidc.ts'
import { backChannelLogoutUrl, callbackUrl } from '../../src/federation/providers/provider.ts'
import type { Finding } from '../../src/shared/finding.ts'
import {
  type OpenIdProvider,
  type OpenIdProviderOptions,
  startOpenIdProvider,
} from '../support/upstream/openid.ts'

const redirectUri = callbackUrl('https://id.example', 'corp')

async function start(options: OpenIdProviderOptions = {}): Promise<OpenIdProvider> {
  const upstream = await startOpenIdProvider({ alg: 'ES256', ...options })
  onTestFinished(() => upstream.stop())
  upstream.setCallback(redirectUri)
  return upstream
}

async function check(
  upstream: OpenIdProvider,
  settings: Record<string, unknown> = {},
  registration: Partial<Registration> = {},
): Promise<Record<string, Finding>> {
  const { issuer, clientId, clientSecret } = upstream
  const parsed = openId.settings.parse({ issuer, ...settings })
  const connector = openId.create({ clientId, clientSecret, ...registration }, parsed)
  const findings = await connector.check(redirectUri)
  for (const { status, remedy } of findings) expect(remedy === undefined).toBe(status === 'ok')
  return Object.fromEntries(findings.map((finding) => [finding.name, finding]))
}

const NAMES = [
  'discovery',
  'endpoints',
  'response type',
  'PKCE',
  'client authentication',
  'id_token signature',
  'scopes',
  'keys',
  'client credentials',
  'authorization request',
  'back-channel logout',
]

test.each([
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
] as const)('nothing is wrong with a provider that is set up well, %s', async (authMethod) => {
  const findings = await check(await start({ authMethod }), { auth_method: authMethod })
  expect(Object.keys(findings)).toEqual(NAMES)
  expect(Object.values(findings).filter(({ status }) => status !== 'ok')).toEqual([])
})

test('back-channel logout: offered, with the address to enter, or not', async () => {
  const without = await check(await start())
  expect(without['back-channel logout']?.message).toMatch(/^not offered/)
  const offering = await check(await start({ backChannelLogout: true }))
  expect(offering['back-channel logout']?.message).toContain(
    backChannelLogoutUrl('https://id.example', 'corp'),
  )
})

/** What a provider announces, and the one finding that it changes. */
test.each<[string, 'warn' | 'fail', string, Record<string, unknown>, string]>([
  [
    'endpoints',
    'fail',
    'plain http',
    { userinfo_endpoint: 'http://u.example/me' },
    'not https: userinfo_endpoint',
  ],
  ['response type', 'fail', 'no code', { response_types_supported: ['id_token'] }, 'code'],
  ['PKCE', 'warn', 'no PKCE', { code_challenge_methods_supported: undefined }, 'S256'],
  ['PKCE', 'warn', 'plain only', { code_challenge_methods_supported: ['plain'] }, 'S256'],
  [
    'client authentication',
    'fail',
    'another method',
    { token_endpoint_auth_methods_supported: ['client_secret_post', 'tls_client_auth'] },
    'client_secret_basic',
  ],
  ['scopes', 'warn', 'other scopes', { scopes_supported: ['openid', 'email'] }, 'profile'],
])('%s: %s on %s', async (name, status, _what, change, message) => {
  const upstream = await start()
  upstream.discovery = (document) => ({ ...document, ...change })
  const findings = await check(upstream)
  expect(findings[name]).toMatchObject({ status, message: expect.stringContaining(message) })
  const others = Object.values(findings).filter((finding) => finding.name !== name)
  expect(others.filter((finding) => finding.status !== 'ok')).toEqual([])
})

test('client authentication: the remedy names the methods in common', async () => {
  const upstream = await start()
  upstream.discovery = (document) => ({
    ...document,
    token_endpoint_auth_methods_supported: ['tls_client_auth', 'none', 'client_secret_post'],
  })
  const { 'client authentication': finding } = await check(upstream)
  expect(finding?.remedy).toBe('set auth_method to one of client_secret_post, none')
})

test('id_token signature: one that the provider does not make, or none that is accepted', async () => {
  const upstream = await start()
  const strict = await check(upstream, { id_token_alg: 'RS256' })
  expect(strict['id_token signature']).toMatchObject({
    status: 'fail',
    remedy: 'set id_token_alg to one of ES256, or leave it out',
  })
  expect(strict.keys?.status).toBe('fail')
  upstream.discovery = (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256'] })
  expect((await check(upstream))['id_token signature']?.status).toBe('fail')
})

test('keys: nowhere to be found', async () => {
  const upstream = await start()
  upstream.discovery = (document) => ({ ...document, jwks_uri: `${upstream.issuer}/nowhere` })
  expect((await check(upstream)).keys).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('status 404'),
  })
})

test('client credentials: a wrong secret, an unknown client, no secret', async () => {
  const upstream = await start()
  for (const mistake of [
    { clientSecret: 'mistaken' },
    { clientId: 'unknown' },
    { clientSecret: undefined },
  ]) {
    const findings = await check(upstream, {}, mistake)
    expect(findings['client credentials']?.status).toBe('fail')
    expect(inspect(findings)).not.toContain('mistaken')
  }
})

test('client credentials: an answer that says nothing about them is a warning', async () => {
  const upstream = await start()
  upstream.discovery = (document) => ({ ...document, token_endpoint: `${upstream.issuer}/nowhere` })
  expect((await check(upstream))['client credentials']?.status).toBe('warn')
})

test('authorization request: a callback URL that the provider does not know is named', async () => {
  const upstream = await start()
  upstream.setCallback('https://id.example/another')
  expect((await check(upstream))['authorization request']).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining(`enter ${redirectUri} as callback URL`),
  })
})

test('authorization request: an error that comes back with the browser', async () => {
  const upstream = await start()
  const findings = await check(upstream, { scope: 'openid unheard-of' })
  expect(findings.scopes?.status).toBe('warn')
  const refusing = createServer((_request, response) =>
    response.writeHead(302, { location: `${redirectUri}?error=invalid_scope&error_description=x` }).end(),
  )
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void refusing.close())
  const address = refusing.address()
  const page = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/auth`
  upstream.discovery = (document) => ({ ...document, authorization_endpoint: page })
  expect((await check(upstream))['authorization request']).toMatchObject({
    status: 'fail',
    message: 'refused with the error invalid_scope',
  })
})

test('discovery: another issuer, the slash at its end, nonsense, nobody', async () => {
  const upstream = await start()
  const discovery = async () => {
    const findings = await check(upstream)
    expect(Object.keys(findings)).toEqual(['discovery'])
    return findings.discovery
  }
  upstream.discovery = (document) => ({ ...document, issuer: 'https://other.example' })
  expect(await discovery()).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('other.example'),
  })
  upstream.discovery = (document) => ({ ...document, issuer: `${upstream.issuer}/` })
  expect(await discovery()).toMatchObject({
    status: 'fail',
    remedy: `set issuer to ${upstream.issuer}/ if that is the provider you mean: the slash at its end counts`,
  })
  upstream.next = 'nonsense'
  expect(await discovery()).toMatchObject({ status: 'fail', remedy: expect.stringContaining('issuer') })
  await upstream.stop()
  expect(await discovery()).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('cannot be used'),
  })
})
