import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { asFound } from '../../src/oidc/sessions/merge.ts'
import { CALLBACK, type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  type SecurityFixture,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { githubUser } from '../support/upstream/github.ts'

const PWD = 'urn:latchkey:acr:pwd'
const MFA = 'urn:latchkey:acr:mfa'
const PHR = 'urn:latchkey:acr:phr'
/** None of this server. */
const GOLD = 'urn:example:acr:gold'

describe.each(engines)('acr (Core §2, §5.5.1.1) on %s', (engine) => {
  let federation: FederationFixture
  let fixture: SecurityFixture
  let victim: Victim
  beforeAll(async () => {
    federation = await openFederation({ engine, clock })
    fixture = createSecurityFixture(federation.latchkey)
    victim = await fixture.victim()
  })
  afterAll(() => federation?.stop())
  afterEach(() => void vi.useRealTimers())

  const idTokenOf = ({ id_token }: Record<string, unknown>) => decodeJwt(String(id_token))
  const essential = (wanted: object) => ({
    claims: JSON.stringify({ id_token: { acr: { essential: true, ...wanted } } }),
  })
  const UNMET = 'unmet_authentication_requirements'

  test('discovery names what can be reached', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    expect(json.acr_values_supported).toEqual([PHR, MFA, PWD])
    expect(json.claims_supported).toContain('acr')
  })

  test.each([
    ['acr_values', { acr_values: `${MFA} ${PWD}` }],
    ['acr_values that cannot be reached, which is voluntary', { acr_values: MFA }],
    ['claims, voluntary', { claims: JSON.stringify({ id_token: { acr: null } }) }],
    [
      'claims, voluntary, what cannot be reached',
      { claims: JSON.stringify({ id_token: { acr: { values: [MFA] } } }) },
    ],
    ['claims, essential without a value', essential({})],
    ['claims, essential', essential({ values: [MFA, PWD] })],
    ['claims, essential, one value', essential({ value: PWD })],
  ])('asked for by %s: what a password gives, refreshed too', async (_how, parameters) => {
    const client = await fixture.client()
    const tokens = await fixture.tokens(victim, client, { ...parameters, prompt: 'none' })
    expect(idTokenOf(tokens)).toMatchObject({ acr: PWD, amr: ['pwd'] })
    const refreshed = await fixture.refresh(client, tokens.refresh_token)
    expect(idTokenOf(refreshed.json)).toMatchObject({ acr: PWD })
  })

  test.each([
    ['alone', {}],
    ['beside acr_values that can be reached: no way down', { acr_values: PWD }],
    ['with prompt=login', { prompt: 'login' }],
    ['with prompt=none', { prompt: 'none' }],
  ])('an essential class that cannot be reached ends the flow at once, %s', async (_how, rest) => {
    const client = await fixture.client()
    for (const wanted of [{ values: [GOLD] }, { value: GOLD }, { values: ['0', GOLD] }]) {
      const parameters = { ...essential(wanted), ...rest }
      expect((await fixture.authorize(victim, client, parameters)).get('error')).toBe(UNMET)
      // Nobody is asked for a password that is of no use.
      const stranger = createHttpBrowser({ stopAt: [client.redirect_uri] })
      const back = await stranger.open(fixture.authorizeUrl(client, parameters))
      expect([back.left, back.url.searchParams.get('error')]).toEqual([true, UNMET])
    }
  })

  describe('a person who signed in at a provider', () => {
    let users = 400
    async function federated() {
      const login = `mona${++users}`
      federation.github.users.set(login, githubUser(users, login, { name: 'Mona Lisa' }))
      const browser = federation.browser()
      const app = await fixture.client({ redirect_uris: [CALLBACK] })
      const viaGitHub = async (page: Awaited<ReturnType<typeof browser.open>>) =>
        browser.submit(
          await browser.submit(page, {}, { button: 'Continue with GitHub' }),
          {},
          {
            button: `Continue as ${login}`,
          },
        )
      const back = await viaGitHub(await browser.open(fixture.authorizeUrl(app)))
      return { login, browser, app, viaGitHub, code: String(back.url.searchParams.get('code')) }
    }

    test('has shown no password: no acr', async () => {
      const { app, code } = await federated()
      const redirect_uri = CALLBACK
      const { json } = await fixture.exchange(app, { code, verifier: 'v'.repeat(43), redirect_uri })
      expect(idTokenOf(json)).toMatchObject({ amr: ['fed'] })
      expect(idTokenOf(json)).not.toHaveProperty('acr')
    })

    test('and is asked for one: signing in at the provider again ends the interaction, no loop; a password answers it', async () => {
      const { app, browser, viaGitHub } = await federated()
      const url = fixture.authorizeUrl(app, essential({ value: PWD }))
      const silent = await browser.open(`${url}&prompt=none`)
      expect(silent.url.searchParams.get('error')).toBe(UNMET)
      const page = await browser.open(url)
      // Times are whole seconds: nobody signs in again within the one in which the page opened.
      passTime(2)
      const again = await viaGitHub(page)
      expect([again.left, again.url.searchParams.get('error')]).toEqual([true, UNMET])

      const person = { identifier: victim.user.email, password: PASSWORD }
      // Their account has no password: another one answers it.
      const other = await browser.follow(await browser.open(url), 'Not you?')
      const back = await browser.signIn(other, person)
      expect(back.left).toBe(true)
      const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
      const { json } = await fixture.exchange(app, { ...code, redirect_uri: CALLBACK })
      expect(idTokenOf(json)).toMatchObject({ acr: PWD, amr: ['pwd'] })
    })
  })
})

test('a session from before classes were noted has the one of its methods', () => {
  expect(asFound('id', { accountId: 'a', amr: ['pwd'] }).acr).toBe(PWD)
  expect(asFound('id', { accountId: 'a', amr: ['fed'] }).acr).toBeUndefined()
  expect(asFound('id', {}).acr).toBeUndefined()
})
