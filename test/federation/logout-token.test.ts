import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { openId } from '../../src/federation/connectors/oidc.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type OpenIdProvider, startOpenIdProvider, visitUpstream } from '../support/upstream/openid.ts'

const redirectUri = 'http://localhost:9/api/auth/oauth/corp/callback'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

afterEach(() => void vi.useRealTimers())

async function start(alg: 'RS256' | 'ES256' | 'EdDSA' = 'ES256') {
  const upstream = await startOpenIdProvider({ alg, backChannelLogout: true })
  onTestFinished(() => upstream.stop())
  upstream.setCallback(redirectUri)
  return { upstream, ...connect(upstream) }
}

function connect({ issuer, clientId, clientSecret }: OpenIdProvider) {
  const connector = openId.create({ clientId, clientSecret }, openId.settings.parse({ issuer }))
  const { logout } = connector
  if (logout === undefined) throw new Error('no logout')
  return { connector, logout }
}

const now = () => Math.floor(Date.now() / 1000)
const keyRequests = ({ requests }: OpenIdProvider) => requests.filter(({ path }) => path === '/jwks').length

test.each(['RS256', 'ES256', 'EdDSA'] as const)('a logout token signed with %s', async (alg) => {
  const { upstream, logout } = await start(alg)
  const iat = now()
  const token = await upstream.logoutToken({ iat, sid: 'session-1', jti: 'once' })
  expect(await logout(token)).toEqual({
    issuer: upstream.issuer,
    subject: 'upstream-1001',
    sid: 'session-1',
    jti: 'once',
    expiresAt: iat + 315,
  })
})

test('the provider itself tells of a sign-out, with the session of the id_token', async () => {
  const { upstream, connector, logout } = await start()
  const receiver = createServer()
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void receiver.close())
  const address = receiver.address()
  const port = typeof address === 'object' && address ? address.port : 0
  upstream.setCallback(redirectUri, `http://127.0.0.1:${port}/backchannel-logout`)

  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const { callback, attempt } = await visitUpstream(connector, { redirectUri, browser })
  const { sid, subject } = await connector.identify(callback, attempt)
  const arrives = once(receiver, 'request')
  const page = await browser.open(`${upstream.issuer}/session/end`)
  const leaving = browser.submit(page, {}, { button: 'Sign out' })
  const [request, response] = await arrives
  const form = new URLSearchParams(await text(request))
  response.end()
  await leaving
  expect(await logout(form.get('logout_token') ?? '')).toMatchObject({
    issuer: upstream.issuer,
    subject,
    sid,
  })
})

test.each([undefined, 'logout+jwt', 'LOGOUT+JWT', 'application/logout+jwt', 'JWT', 'jwt'])(
  'the type %s is one of a logout token',
  async (typ) => {
    const { upstream, logout } = await start()
    const token = await upstream.logoutToken({}, { typ } as { typ: string })
    expect(await logout(token)).toMatchObject({ subject: 'upstream-1001' })
  },
)

test.each<[string, Record<string, unknown>, { subject?: string; sid?: string }]>([
  ['a subject only', { sub: 's', sid: undefined }, { subject: 's' }],
  ['a session only', { sub: undefined, sid: 'x' }, { sid: 'x' }],
  ['a list of audiences with us in it', { aud: ['latchkey-at-upstream'], sub: 's' }, { subject: 's' }],
  ['no end', { exp: undefined, sub: 's' }, { subject: 's' }],
  ['an age just within five minutes', { iat: now() - 290, sub: 's' }, { subject: 's' }],
])('a token with %s is good', async (_what, claims, expected) => {
  const { upstream, logout } = await start()
  expect(await logout(await upstream.logoutToken(claims))).toMatchObject(expected)
})

test.each<[string, Record<string, unknown>]>([
  ['another issuer', { iss: 'https://other.example' }],
  ['no issuer', { iss: undefined }],
  ['another audience', { aud: 'another' }],
  ['no audience', { aud: undefined }],
  ['no time of issue', { iat: undefined }],
  ['an age of more than five minutes', { iat: now() - 330, exp: now() + 600 }],
  ['a time of issue in the future', { iat: now() + 600 }],
  ['an end that has passed', { exp: now() - 30 }],
  ['no jti', { jti: undefined }],
  ['an empty jti', { jti: '' }],
  ['a jti of 501 characters', { jti: 'j'.repeat(501) }],
  ['no events', { events: undefined }],
  ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
  ['an event that is no object', { events: { [EVENT]: true } }],
  ['a nonce', { nonce: 'n' }],
  ['an empty nonce', { nonce: '' }],
  ['a nonce that is null', { nonce: null }],
  ['neither subject nor session', { sub: undefined }],
  ['an empty subject', { sub: '' }],
  ['a subject that is no text', { sub: 7 }],
  ['a session with a NUL', { sid: 'a\0b' }],
])('Back-Channel Logout §2.6: a token with %s is refused, for that', async (_what, claims) => {
  const { upstream, logout } = await start()
  await expect(logout(await upstream.logoutToken(claims))).rejects.toMatchObject({
    reason: 'invalid',
    message: expect.stringMatching(new RegExp(`\\b${Object.keys(claims)[0]}\\b`)),
  })
})

test.each(['at+jwt', 'id_token+jwt', 'secevent+jwt', ''])(
  'a token of the type “%s” is refused',
  async (typ) => {
    const { upstream, logout } = await start()
    await expect(logout(await upstream.logoutToken({}, { typ }))).rejects.toMatchObject({ reason: 'invalid' })
  },
)

test.each(['unpublished key', 'none', 'HS256'] as const)(
  'ASVS 6.8.2: a token signed with %s is refused',
  async (forge) => {
    const { upstream, logout } = await start()
    upstream.forge = forge
    await expect(logout(await upstream.logoutToken())).rejects.toMatchObject({ reason: 'invalid' })
  },
)

test('ASVS 9.1.3: a key that a token brings along is not looked at', async () => {
  const { upstream, logout } = await start()
  upstream.forge = 'unpublished key'
  const jku = `${upstream.issuer}/keys-of-an-attacker`
  const token = await upstream.logoutToken({}, { jku, x5u: jku })
  await expect(logout(token)).rejects.toMatchObject({ reason: 'invalid' })
  expect(upstream.requests.map(({ path }) => path)).not.toContain('/keys-of-an-attacker')
})

test('an id_token does not pass as a logout token', async () => {
  const { connector, logout } = await start()
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  const { tokens } = await connector.identify(callback, attempt)
  await expect(logout(tokens.id_token ?? '')).rejects.toMatchObject({ reason: 'invalid' })
})

test.each(['', 'nonsense', 'a.b.c', 'e30.e30.', '..', 'x'.repeat(100_000)])(
  '%j is refused',
  async (token) => {
    const { logout } = await start()
    await expect(logout(token.slice(0, 100_000))).rejects.toMatchObject({ reason: 'invalid' })
  },
)

test('keys are remembered; an unknown one makes them be fetched again once a minute at most', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { upstream, logout } = await start()
  await logout(await upstream.logoutToken())
  await logout(await upstream.logoutToken())
  expect(keyRequests(upstream)).toBe(1)
  const unknown = async () => {
    const token = await upstream.logoutToken({}, { kid: 'unknown' })
    await expect(logout(token)).rejects.toMatchObject({ reason: 'invalid' })
  }
  await unknown()
  expect(keyRequests(upstream)).toBe(1)
  vi.setSystemTime(Date.now() + 61_000)
  await unknown()
  await unknown()
  expect(keyRequests(upstream)).toBe(2)
})

test('a provider that is gone is unreachable, whatever the token', async () => {
  const { upstream, logout } = await start()
  const token = await upstream.logoutToken()
  await logout(token)
  await upstream.stop()
  const { logout: anew } = connect(upstream)
  await expect(anew(token)).rejects.toMatchObject({ reason: 'unreachable' })
})

test('errors hold nothing of the token', async () => {
  const { upstream, logout } = await start()
  for (const claims of [
    { aud: 'another' },
    { nonce: 'n' },
    { sub: 'somebody-secret', jti: '' },
    { exp: 1 },
  ]) {
    const token = await upstream.logoutToken({ sid: 'session-secret', ...claims })
    const error = await logout(token).catch((reason: unknown) => reason)
    const everything = inspect(error, { depth: 20, showHidden: true })
    expect(everything).toContain('UpstreamError')
    for (const part of [...token.split('.'), 'secret', 'upstream-1001'])
      expect(everything).not.toContain(part)
  }
})
