import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMapAdapter } from '../../bench/map-adapter.ts'
import { rememberDetails } from '../../src/oidc/sessions/details.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createSignInSteps, primaryAddress, type SignInSteps } from '../federation/sign-in-steps.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import type { Tokens } from '../support/relying-party.ts'

const CLAIM = 'urn:latchkey:identity_provider'

async function bareProvider(): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return new Provider('https://id.example', {
    adapter: createMapAdapter(),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig' }] },
    cookies: { keys: ['not a secret: a provider for tests'] },
    features: { devInteractions: { enabled: false } },
  })
}

test('the library keeps the list of what is stored where rememberDetails looks for it', async () => {
  const [provider, untouched] = [await bareProvider(), await bareProvider()]
  const stored = Reflect.get(provider.Session, 'IN_PAYLOAD')
  const granted = Reflect.get(provider.Grant, 'IN_PAYLOAD')
  expect(stored).toEqual(expect.arrayContaining(['uid', 'accountId', 'loginTs', 'amr', 'authorizations']))
  expect(stored).not.toContain('device')
  rememberDetails(provider)
  expect(Reflect.get(provider.Session, 'IN_PAYLOAD')).toEqual([
    ...stored,
    'device',
    'upstream',
    'generation',
    'signIns',
    'verifiedAt',
    'impersonation',
    'asksFactor',
    'unasked',
  ])
  expect(Reflect.get(provider.Grant, 'IN_PAYLOAD')).toEqual([
    ...granted,
    'upstream',
    'generation',
    'asked',
    'device',
    'incarnation',
    'appPassword',
    'organization',
    'impersonation',
  ])
  // Sessions of this provider alone.
  expect(Reflect.get(provider.AccessToken, 'IN_PAYLOAD')).not.toContain('upstream')
  expect(Reflect.get(untouched.Session, 'IN_PAYLOAD')).toEqual(stored)
})

describe.each(engines)('what a session remembers, on %s', (engine) => {
  let federation: FederationFixture
  let steps: SignInSteps
  beforeAll(async () => {
    federation = await openFederation({ engine })
    steps = createSignInSteps(federation)
  })
  afterAll(() => federation?.stop())

  const sessionsOf = async (id: string) =>
    (await federation.latchkey.services.artifacts.listByAccount('Session', id)).map(({ payload }) => payload)
  const idOf = async (name: string) => (await federation.latchkey.services.accounts.find(name))?.id ?? ''

  /** A sign-in to an app, by GitHub unless a password is given. */
  async function tokensFor(
    browser: ReturnType<FederationFixture['browser']>,
    who: { login: string } | { identifier: string },
    options: { scope?: string; prompt?: string; parameters?: Record<string, string> } = {},
  ) {
    const app = await federation.app()
    const request = await app.party.authorize({ scope: 'openid identity_provider', ...options })
    const page = await browser.open(request.url)
    const back =
      'login' in who
        ? await browser.submit(
            await browser.submit(page, {}, { button: 'Continue with GitHub' }),
            {},
            { button: `Continue as ${who.login}` },
          )
        : await browser.signIn(page, { identifier: who.identifier, password: PASSWORD })
    return { app, tokens: await app.party.callback(back.url, request) }
  }

  /** A person with a password whose account is linked to one at GitHub. */
  async function linked(login: string) {
    const user = await federation.latchkey.createUser()
    steps.onGitHub(login, primaryAddress(user.email))
    const browser = federation.browser()
    const page = await steps.byGitHub(browser, login)
    await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    return { ...user, browser }
  }

  test('the device, and the upstream sign-in; both stay when an app comes by', async () => {
    steps.onGitHub('rememberer')
    const browser = federation.browser()
    await steps.byGitHub(browser, 'rememberer')
    const upstream = {
      provider: 'github',
      issuer: `${federation.github.url}/login/oauth`,
      subject: expect.stringMatching(/^\d+$/),
    }
    const device = { address: expect.any(String), userAgent: expect.any(String) }
    const id = await idOf('rememberer')
    expect(await sessionsOf(id)).toMatchObject([{ device, upstream, amr: ['fed'] }])
    // Single sign-on: the session is read and saved by the library.
    const app = await federation.app()
    const request = await app.party.authorize()
    expect((await browser.open(request.url)).left).toBe(true)
    expect(await sessionsOf(id)).toMatchObject([
      { device, upstream, amr: ['fed'], authorizations: expect.any(Object) },
    ])
  })

  test('the provider’s own session, where it tells', async () => {
    const account = {
      sub: 'o-teller',
      preferred_username: 'teller',
      email: 't@example.com',
      email_verified: true,
    }
    await steps.byOpenId(federation.browser(), 'Okta', account)
    expect(await sessionsOf(await idOf('teller'))).toMatchObject([
      {
        upstream: {
          provider: 'okta',
          issuer: federation.okta.issuer,
          subject: 'o-teller',
          sid: expect.any(String),
        },
      },
    ])
  })

  test('signed in again by password, at /login or in a flow, it forgets where else', async () => {
    const atLogin = await linked('forgets-1')
    const inFlow = await linked('forgets-2')
    for (const { id } of [atLogin, inFlow])
      expect(await sessionsOf(id)).toMatchObject([{ upstream: { provider: 'github' } }])
    await atLogin.browser.signIn(await atLogin.browser.open(steps.at('/login?again=1')), {
      identifier: atLogin.username,
      password: PASSWORD,
    })
    await tokensFor(inFlow.browser, { identifier: inFlow.username }, { prompt: 'login' })
    for (const { id } of [atLogin, inFlow]) {
      const [session, ...rest] = await sessionsOf(id)
      expect(rest).toEqual([])
      expect(session).toMatchObject({ amr: ['pwd'], device: expect.any(Object) })
      expect(session).not.toHaveProperty('upstream')
    }
  })

  describe('the scope identity_provider', () => {
    const claimsOf = async (app: Awaited<ReturnType<FederationFixture['app']>>, tokens: Tokens) => {
      const claims = tokens.claims()
      return [claims?.[CLAIM], (await app.party.userinfo(tokens.access_token, claims?.sub ?? ''))[CLAIM]]
    }

    test('says where the person signed in, in the ID Token and at userinfo, also after a refresh', async () => {
      steps.onGitHub('claimed')
      const { app, tokens } = await tokensFor(federation.browser(), { login: 'claimed' })
      expect(await claimsOf(app, tokens)).toEqual(['github', 'github'])
      const refreshed = await app.party.refresh(tokens.refresh_token ?? '')
      expect(await claimsOf(app, refreshed)).toEqual(['github', 'github'])
    })

    test('its claim can be asked for by itself (Core §5.5)', async () => {
      steps.onGitHub('single')
      const claims = JSON.stringify({ userinfo: { [CLAIM]: null } })
      const asked = { scope: 'openid', parameters: { claims } }
      const { app, tokens } = await tokensFor(federation.browser(), { login: 'single' }, asked)
      expect(await claimsOf(app, tokens)).toEqual([undefined, 'github'])
    })

    test('is absent for a person who signed in by password, also with an account that is linked', async () => {
      const user = await linked('by-password')
      const { app, tokens } = await tokensFor(federation.browser(), { identifier: user.username })
      expect(await claimsOf(app, tokens)).toEqual([undefined, undefined])
      const refreshed = await app.party.refresh(tokens.refresh_token ?? '')
      expect(await claimsOf(app, refreshed)).toEqual([undefined, undefined])
    })

    test('brings nothing to an app that did not ask for it', async () => {
      steps.onGitHub('private')
      const { app, tokens } = await tokensFor(
        federation.browser(),
        { login: 'private' },
        { scope: 'openid profile' },
      )
      expect(await claimsOf(app, tokens)).toEqual([undefined, undefined])
    })

    test('is of the session of the token, not of any other of the person', async () => {
      const user = await linked('two-steps')
      const elsewhere = await tokensFor(federation.browser(), { login: 'two-steps' })
      const here = await tokensFor(federation.browser(), { identifier: user.username })
      expect((await claimsOf(elsewhere.app, elsewhere.tokens))[1]).toBe('github')
      expect((await claimsOf(here.app, here.tokens))[1]).toBeUndefined()
    })

    test('is listed in discovery, with its claim', async () => {
      const metadata = await (await fetch(steps.at('/.well-known/openid-configuration'))).json()
      expect(metadata).toMatchObject({
        scopes_supported: expect.arrayContaining(['identity_provider']),
        claims_supported: expect.arrayContaining([CLAIM]),
      })
    })
  })
})
