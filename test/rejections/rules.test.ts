import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  basic,
  type Code,
  clock,
  createSecurityFixture,
  get,
  passTime,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'
import { type Desk, openDesk } from './requests.ts'

let desk: Desk
let fixture: SecurityFixture
let victim: Victim
let client: TestClient
let spa: TestClient
const machine = jobClient
const grant = jobGrant

beforeAll(async () => {
  desk = await openDesk({ clock })
  await desk.latchkey.services.resources.add(jobs)
  fixture = createSecurityFixture(desk.latchkey)
  victim = await fixture.victim()
  client = await fixture.client({ client_name: 'Web app' })
  spa = await fixture.publicClient({ client_name: 'Single-page app' })
})
afterAll(() => desk.close())

const api = () => desk.latchkey.services
const tokenUrl = () => `${fixture.issuer}/token`
const byBasic = (id: string, secret: string) => post(tokenUrl(), grant, basic(id, secret))
const ask = (parameters: Record<string, string>, by = client) => get(fixture.authorizeUrl(by, parameters))

describe('who the client is', () => {
  test('unknown; almost an id; with quotes around it; a name; a secret', async () => {
    const id = client.client_id
    const at = async (client_id: string) => desk.ruleOf(await ask({ client_id }))
    expect(await at('lk_00000000000000000000000000000000')).toBe('client_unknown')
    expect(await at('no-such-client')).toBe('client_unknown')
    expect(await at(`${id.slice(0, -2)}`)).toBe('client_id_similar')
    expect(await at(`${id.slice(0, 20)}0${id.slice(21)}`.replace(id, 'lk_'))).toMatch(/^client_/)
    expect(await at(`"${id}"`)).toBe('client_id_padded')
    expect(await at(`${id} `)).toBe('client_id_padded')
    expect(await at('Single-page app')).toBe('client_id_is_name')
    const { rejection, explanation } = await desk.kept(await ask({ client_id: String(client.client_secret) }))
    expect(explanation.rule).toBe('client_id_is_secret')
    expect(rejection.details.claimed_client_id).toBe('…')
  })

  test('disabled: told apart from unknown here, and by the protocol in nothing', async () => {
    const off = await fixture.client({ client_name: 'Switched off' })
    await api().clients.disable(off.client_id)
    const answer = await byBasic(off.client_id, String(off.client_secret))
    expect(answer.text).toBe((await byBasic('nobody', 'wrong-secret')).text)
    const { rejection, explanation, client: now } = await desk.kept(answer)
    expect(explanation).toMatchObject({ rule: 'client_disabled', here: expect.stringContaining('Enable') })
    expect(rejection.clientId).toBe(off.client_id)
    expect(now?.client_name).toBe('Switched off')
    expect(await desk.ruleOf(await ask({}, off))).toBe('client_disabled')
    await api().clients.enable(off.client_id)
    expect((await desk.kept(answer)).explanation.here).toContain('enabled since')
  })

  test('a credential of an API: removed, with another secret, or where only clients may be', async () => {
    const identifier = 'https://credentials.example'
    await api().resources.add({ identifier, scope: 'c:read' })
    const made = { ...(await api().resourceCredentials.add(identifier)), redirect_uri: '' }
    const wrong = await fixture.introspect({ ...made, client_secret: 'wrong' }, 'x')
    const kept = await desk.kept(wrong)
    expect(kept.explanation.rule).toBe('api_credential_wrong')
    expect(kept.explanation.mistake).toContain(identifier)
    expect(await desk.ruleOf(await byBasic(made.client_id, made.client_secret))).toBe(
      'api_credential_elsewhere',
    )
    const start = await ask({ client_id: made.client_id })
    expect(await desk.ruleOf(start)).toBe('api_credential_elsewhere')
    await api().resourceCredentials.remove(identifier, made.client_id)
    expect(await desk.ruleOf(await fixture.introspect(made, 'x'))).toBe('api_credential_unknown')
  })

  test('a secret that has expired: says since when', async () => {
    const rotated = await fixture.client(machine)
    await api().clients.rotateSecret(rotated.client_id, { keepOldSeconds: 60 })
    // What its audit entry has just read of the client is remembered for a second.
    await api().audit.idle()
    passTime(62)
    const { explanation, rejection } = await desk.kept(
      await byBasic(rotated.client_id, String(rotated.client_secret)),
    )
    expect(explanation.rule).toBe('secret_expired')
    expect(explanation.mistake).toMatch(/ended on \d\d? \w+ 20\d\d, \d\d:\d\d UTC/)
    expect(rejection.details.secret_expired_at).toBeLessThanOrEqual(Math.floor(clock() / 1000))
  })

  test('a wrong secret; with a line end; of another client; none sent; in another way', async () => {
    const id = client.client_id
    const secret = String(client.client_secret)
    const ruleOf = async (sent: string) => desk.ruleOf(await byBasic(id, sent))
    expect(await ruleOf('not-the-secret-at-all')).toBe('secret_wrong')
    expect(await ruleOf(`"${secret}"`)).toBe('secret_padded')
    expect(await ruleOf(`${secret} `)).toBe('secret_padded')
    const other = await fixture.client(machine)
    const { explanation } = await desk.kept(await byBasic(id, String(other.client_secret)))
    expect(explanation.rule).toBe('secret_of_another_client')
    expect(explanation.mistake).toContain(other.client_id)
    expect(await desk.ruleOf(await post(tokenUrl(), { ...grant, client_id: id }))).toBe('client_method')
    expect(await desk.ruleOf(await byBasic(spa.client_id, 'some-secret-of-its-own'))).toBe('client_method')
    const both = await post(tokenUrl(), { ...grant, client_secret: secret }, basic(id, secret))
    expect(await desk.ruleOf(both)).toBe('client_two_ways')
    const two = await post(tokenUrl(), { ...grant, client_id: spa.client_id }, basic(id, secret))
    expect(await desk.ruleOf(two)).toBe('client_id_mismatch')
    expect(await desk.ruleOf(await post(tokenUrl(), grant))).toBe('client_id_missing')
    const bad = await post(tokenUrl(), grant, { authorization: 'Basic ***' })
    expect(await desk.ruleOf(bad)).toBe('basic_malformed')
    expect(await desk.ruleOf(await post(tokenUrl(), grant, basic(id, '')))).toBe('secret_empty')
  })

  test('at introspection and revocation too', async () => {
    for (const [path, endpoint] of [
      ['introspect', 'introspection'],
      ['revoke', 'revocation'],
    ] as const) {
      const headers = basic(client.client_id, 'not-the-secret')
      const answer = await post(`${fixture.issuer}/${path}`, { token: 'some-token' }, headers)
      const { rejection, explanation } = await desk.kept(answer)
      expect([rejection.endpoint, explanation.rule]).toEqual([endpoint, 'secret_wrong'])
    }
  })
})

describe('client assertions', () => {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  let keyed: TestClient
  let key: Parameters<SignJWT['sign']>[0]
  let jwks: { keys: object[] }
  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    key = pair.privateKey
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'first', alg: 'ES256' }
    jwks = { keys: [jwk] }
    keyed = await fixture.client({ ...machine, token_endpoint_auth_method: 'private_key_jwt', jwks })
  })
  const now = () => Math.floor(Date.now() / 1000)

  async function send(claims: Record<string, unknown> = {}, signer = key, kid = 'first', alg = 'ES256') {
    const id = keyed.client_id
    const all = {
      iss: id,
      sub: id,
      aud: fixture.issuer,
      jti: crypto.randomUUID(),
      iat: now(),
      exp: now() + 60,
    }
    const assertion = await new SignJWT({ ...all, ...claims }).setProtectedHeader({ alg, kid }).sign(signer)
    return post(tokenUrl(), { ...grant, client_assertion: assertion, client_assertion_type: type })
  }

  test('a good one passes', async () => {
    expect((await send()).status).toBe(200)
  })

  test('the clock of the app is ten minutes behind: says by how much', async () => {
    const { explanation, rejection } = await desk.kept(await send({ iat: now() - 600, exp: now() - 540 }))
    expect(explanation.rule).toBe('assertion_expired')
    expect(explanation.mistake).toMatch(/made the assertion 10 minutes before it arrived/)
    expect(rejection.details.assertion).toMatchObject({ iss: keyed.client_id, kid: 'first', alg: 'ES256' })
    expect(await desk.ruleOf(await send({ nbf: now() + 600, exp: now() + 700 }))).toBe('assertion_early')
  })

  test('good for too long, or made too long ago: says what is accepted', async () => {
    const { explanation } = await desk.kept(await send({ iat: undefined, exp: now() + 3600 }))
    expect(explanation.rule).toBe('assertion_long')
    expect(explanation.mistake).toMatch(/would end (1 hour|60 minutes|59 minutes).* At most five minutes/)
    const far = await desk.kept(await send({ exp: now() + 90_000 }))
    expect(far.explanation).toMatchObject({ rule: 'assertion_long' })
    expect(far.explanation.mistake).toContain('At most a day')
    const old = await desk.kept(await send({ iat: now() - 600, exp: now() + 3000 }))
    expect(old.explanation.rule).toBe('assertion_old')
    expect(old.explanation.mistake).toMatch(/made the client assertion 10 minutes before it arrived/)
    const ahead = await desk.kept(await send({ iat: now() + 600, exp: now() + 700 }))
    expect(ahead.explanation.rule).toBe('assertion_ahead')
    expect(ahead.explanation.mistake).toMatch(/made the client assertion 10 minutes after it arrived/)
  })

  test('for another person; of another person; incomplete; used twice', async () => {
    expect(await desk.ruleOf(await send({ aud: 'https://elsewhere.example' }))).toBe('assertion_audience')
    expect(await desk.ruleOf(await send({ iss: 'somebody' }))).toBe('assertion_issuer')
    expect(await desk.ruleOf(await send({ jti: undefined }))).toBe('assertion_claims')
    const jti = crypto.randomUUID()
    await send({ jti })
    expect(await desk.ruleOf(await send({ jti }))).toBe('assertion_replayed')
    const broken = { ...grant, client_assertion: 'no-jwt', client_assertion_type: type }
    expect(await desk.ruleOf(await post(tokenUrl(), broken))).toBe('assertion_malformed')
  })

  test('of a FAPI client, for more than the issuer: says which rule holds for it, and why', async () => {
    const profile = await fixture.client({ ...machine, profile: 'fapi2', jwks })
    const bound = { require_pushed_authorization_requests: true, dpop_bound_access_tokens: true }
    const pushing = await fixture.client({
      ...machine,
      ...bound,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
    })
    for (const [{ client_id: id }, why] of [
      [profile, 'by its profile'],
      [pushing, 'because it has to push requests and bind tokens'],
    ] as const) {
      const { explanation } = await desk.kept(await send({ iss: id, sub: id, aud: [tokenUrl()] }))
      expect(explanation.rule).toBe('assertion_audience_fapi')
      expect(explanation.mistake).toContain(`is “${tokenUrl()}”`)
      expect(explanation.mistake).toContain(why)
    }
  })

  test('by keys that cannot be fetched: says from where', async () => {
    const jwks_uri = 'https://127.0.0.1:9/jwks'
    const { client_id: id } = await fixture.client({
      ...machine,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri,
    })
    const { explanation } = await desk.kept(await send({ iss: id, sub: id }))
    expect(explanation.rule).toBe('assertion_jwks_uri')
    expect(explanation.mistake).toContain(`“${jwks_uri}”`)
  })

  test('signed with another key, or another algorithm', async () => {
    const other = await generateKeyPair('ES256')
    const { explanation } = await desk.kept(await send({}, other.privateKey, 'second'))
    expect(explanation.rule).toBe('assertion_signature')
    expect(explanation.mistake).toMatch(/“second”.*“first”/)
    const rsa = await generateKeyPair('PS384')
    expect(await desk.ruleOf(await send({}, rsa.privateKey, 'first', 'PS384'))).toBe('assertion_algorithm')
  })
})

describe('sign-in requests', () => {
  test.each([
    ['pkce_or_nonce_missing', { code_challenge: '', code_challenge_method: '' }],
    ['pkce_method', { code_challenge_method: 'plain' }],
    ['pkce_challenge_missing', { code_challenge: '' }],
    ['pkce_format', { code_challenge: 'short' }],
    ['response_type', { response_type: 'token' }],
    ['response_mode', { response_mode: 'carrier_pigeon' }],
    ['openid_missing', { scope: 'email', nonce: 'n-0S6' }],
    ['prompt', { prompt: 'shout' }],
    ['login_required', { prompt: 'none' }],
    ['max_age', { max_age: 'long' }],
    ['acr_unmet', { claims: '{"id_token":{"acr":{"essential":true,"value":"urn:example:acr:gold"}}}' }],
    ['claims_malformed', { claims: 'email' }],
    ['claims_malformed', { claims: '{"access_token":{}}' }],
    ['claims_malformed', { claims: '{"id_token":{"acr":{"values":"urn:latchkey:acr:pwd"}}}' }],
    ['request_object_algorithm', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
    ['request_uri_elsewhere', { request_uri: 'https://app.example/request.jwt' }],
    ['pushed_request_over', { request_uri: `urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}` }],
    ['scope_characters', { scope: 'openid,"profile"' }],
    ['resource_unknown', { resource: 'https://nowhere.example.com' }],
    ['resource_form', { resource: 'my-api' }],
    ['parameter_missing', { response_type: '' }],
  ])('%s', async (rule, parameters: Record<string, string>) => {
    const url = new URL(fixture.authorizeUrl(client, parameters))
    for (const [name, value] of Object.entries(parameters)) if (value === '') url.searchParams.delete(name)
    const answer = await get(url.href)
    expect(await desk.ruleOf(answer)).toBe(rule)
    expect((await desk.kept(answer)).rejection.clientId).toBe(client.client_id)
  })

  test('a public client without PKCE is told that nothing can be changed here', async () => {
    const url = new URL(fixture.authorizeUrl(spa))
    for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name)
    const { explanation } = await desk.kept(await get(url.href))
    expect(explanation).toMatchObject({ rule: 'pkce_missing', here: expect.stringMatching(/^Nothing/) })
  })

  test('a parameter twice', async () => {
    expect(await desk.ruleOf(await get(`${fixture.authorizeUrl(client)}&scope=email`))).toBe(
      'parameter_twice',
    )
  })

  test('a client that has to push, one that signs nobody in, a scope it may not have', async () => {
    const pushing = await fixture.client({ require_pushed_authorization_requests: true })
    expect(await desk.ruleOf(await ask({}, pushing))).toBe('pushed_request_required')
    const narrow = await fixture.client({ scope: 'openid' })
    const { explanation } = await desk.kept(await ask({ scope: 'openid email' }, narrow))
    expect(explanation.rule).toBe('scope_not_allowed')
    expect(explanation.mistake).toContain('asked for “email”; it may ask for “openid”')
  })

  test('an API that the client may not use', async () => {
    await api().resources.add({ identifier: 'https://books.example.com', scope: 'books:read books:write' })
    const wanted = await desk.kept(await ask({ scope: 'openid email books:read' }))
    expect(wanted.explanation.rule).toBe('scope_not_allowed')
    const whole = /set its scopes to “([^”]*)”/.exec(wanted.explanation.here ?? '')?.[1]
    expect(whole?.split(' ')).toEqual(expect.arrayContaining(['openid', 'profile', 'email', 'books:read']))
    // Who does as it says gets what was asked for, and loses nothing.
    const advised = await fixture.client({ scope: whole })
    expect((await ask({ scope: 'openid email books:read' }, advised)).status).toBe(303)
    const answer = await ask({ resource: 'https://books.example.com', scope: 'openid books:read' })
    expect(await desk.ruleOf(answer)).toBe('resource_not_allowed')
  })

  test('the person says no', async () => {
    const asking = await fixture.client({ first_party: false })
    const consent = await victim.browser.open(fixture.authorizeUrl(asking))
    const back = await victim.browser.deny(consent)
    expect(back.url.searchParams.get('error')).toBe('access_denied')
    const { items } = await api().rejections.list({ clientId: asking.client_id })
    const shown = await api().rejections.show(String(items[0]?.id))
    expect(shown.explanation.rule).toBe('access_denied')
  })

  test('a sign-in that is over', async () => {
    const answer = await get(`${fixture.issuer}/authorize/${'x'.repeat(43)}`)
    expect(await desk.ruleOf(answer)).toBe('sign_in_over')
  })
})

test('an id_token_hint of one account, and claims for the sub of another', async () => {
  const { id_token } = await fixture.tokens(victim, client)
  const claims = JSON.stringify({ id_token: { sub: { value: 'somebody', essential: true } } })
  const page = await victim.browser.open(
    fixture.authorizeUrl(client, { claims, id_token_hint: String(id_token) }),
  )
  expect(page.url.searchParams.get('error')).toBe('invalid_request')
  const { explanation } = await desk.kept(page)
  expect(explanation.rule).toBe('subjects_differ')
  expect(explanation.mistake).toContain('claims ask for the sub of another')
})

describe('PKCE that is missing is explained with the line that switches it on', () => {
  /** Of RFC 6749 §4.1.2.1. */
  const CHARACTERS = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/
  const EITHER =
    'PKCE or a nonce is required: send code_challenge with code_challenge_method=S256 or, with the scope openid, a nonce (RFC 9700 section 2.1.1)'
  const PKCE = 'PKCE is required: send code_challenge with code_challenge_method=S256 (RFC 7636 section 4.3)'

  test.each([
    ['Gitea', 'auto', /it cannot \(1\.26\.0\)/, `${EITHER}. In Gitea: it cannot`],
    [
      'My Grafana',
      'auto',
      /use_pkce = true/,
      `${EITHER}. In Grafana: use_pkce = true in [auth.generic_oauth]`,
    ],
    [
      'a go service',
      'required',
      /S256ChallengeOption/,
      `${PKCE}. In golang.org/x/oauth2: AuthCodeURL(..., oauth2.S256`,
    ],
    [
      'allauth',
      'required',
      /OAUTH_PKCE_ENABLED/,
      `${PKCE}. In django-allauth: 'OAUTH_PKCE_ENABLED': True, beside APPS in`,
    ],
    [
      'Our passport',
      'auto',
      /In passport-openidconnect: it cannot.*In passport-oauth2: pkce: true/,
      `${EITHER}. In passport-openidconnect: it cannot`,
    ],
    ['Shop', 'auto', /^Switch PKCE on/, EITHER],
    ['Shop', 'required', /^Switch PKCE on/, PKCE],
  ])('by the name of the client, in the answer too: %s (%s)', async (client_name, rule, line, told) => {
    const named = await fixture.client({ client_name, pkce: rule })
    const url = new URL(fixture.authorizeUrl(named))
    for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name)
    const answer = await get(url.href)
    const back = new URL(String(answer.headers.get('location'))).searchParams
    const description = String(back.get('error_description'))
    expect([back.get('error'), description.startsWith(told)]).toEqual(['invalid_request', true])
    expect(description).toMatch(CHARACTERS)
    if (client_name === 'Shop') expect(description).toBe(told)
    expect((await desk.kept(answer)).explanation.inApp).toMatch(line)
  })

  test.each([
    ['Authlib/1.9.10 (+https://authlib.org/)', /code_challenge_method/],
    ['social-auth-7.0.0', /_USE_PKCE/],
    ['Java/17.0.9', /withPkce/],
    ['Rack::OAuth2 (2.2.1)', /pkce: true/],
    [
      'python-requests/2.34.2',
      /^In django-allauth: .*OAUTH_PKCE_ENABLED.* In mozilla-django-oidc: OIDC_USE_PKCE/,
    ],
    ['Node-oauth', /^In passport-openidconnect: .* In passport-oauth2: pkce: true, state: true/],
  ])('by what a pushed request calls itself: %s', async (agent, line) => {
    const { client_id: id, client_secret: secret } = await fixture.client({ client_name: 'Gitea' })
    const pushed = { client_id: id, response_type: 'code', redirect_uri: redirectUri, scope: 'openid' }
    const headers = { ...basic(id, String(secret)), 'user-agent': agent }
    const answer = await post(`${fixture.issuer}/par`, pushed, headers)
    const description = String(answer.json.error_description)
    expect(description.replace(`${EITHER}. `, '')).toMatch(line)
    expect(description).toMatch(CHARACTERS)
    const { explanation, rejection } = await desk.kept(answer)
    expect(explanation).toMatchObject({ rule: 'pkce_or_nonce_missing', inApp: expect.stringMatching(line) })
    expect(rejection.details.user_agent).toBe(agent)
  })
})

test('where several libraries call themselves the same, the name of the client decides', async () => {
  const { client_id: id, client_secret: secret } = await fixture.client({ client_name: 'Blog (allauth)' })
  const pushed = { client_id: id, response_type: 'code', redirect_uri: redirectUri, scope: 'openid' }
  const headers = { ...basic(id, String(secret)), 'user-agent': 'python-requests/2.34.2' }
  const { explanation } = await desk.kept(await post(`${fixture.issuer}/par`, pushed, headers))
  expect(explanation.inApp).toMatch(/^In django-allauth: .*OAUTH_PKCE_ENABLED[^:]*: True/)
  expect(explanation.inApp).not.toContain('mozilla')
})

describe('token requests', () => {
  const code = (by = client, parameters = {}): Promise<Code> => fixture.code(victim, by, parameters)

  test('PKCE: no verifier, a wrong one, one of the wrong form', async () => {
    const exchange = async (over: Record<string, string>) => {
      const good = await code()
      const body = {
        grant_type: 'authorization_code',
        code: good.code,
        redirect_uri: good.redirect_uri,
        ...over,
      }
      return desk.kept(await fixture.token(client, body))
    }
    expect((await exchange({})).explanation.rule).toBe('pkce_verifier_missing')
    const wrong = await exchange({ code_verifier: pkce().verifier })
    expect(wrong.explanation.rule).toBe('pkce_verifier_mismatch')
    expect(wrong.rejection.details).toMatchObject({
      verifier: { sent: true, length: 43 },
      code: { own: true, challenge: true, redirect_uri: redirectUri },
    })
    expect((await exchange({ code_verifier: 'short' })).explanation.rule).toBe('pkce_format')
  })

  test('a verifier without a challenge', async () => {
    const exempt = await fixture.client({ pkce: 'optional' })
    const url = new URL(fixture.authorizeUrl(exempt))
    for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name)
    const page = await victim.browser.open(url)
    const got = page.url.searchParams.get('code') ?? ''
    const answer = await fixture.exchange(exempt, {
      code: got,
      verifier: pkce().verifier,
      redirect_uri: redirectUri,
    })
    expect(await desk.ruleOf(answer)).toBe('pkce_verifier_unexpected')
  })

  test('another redirect URI than before: says which it was', async () => {
    const answer = await fixture.exchange(client, await code(), { redirect_uri: `${redirectUri}/` })
    const { explanation, fix, rejection } = await desk.kept(answer)
    expect(explanation.rule).toBe('code_redirect_uri')
    expect(explanation.mistake).toContain(`started with “${redirectUri}”`)
    expect(rejection.details.code?.redirect_uri).toBe(redirectUri)
    expect(fix).toBeUndefined()
  })

  test('a code used twice, of another client, unknown', async () => {
    const good = await code()
    expect((await fixture.exchange(client, good)).status).toBe(200)
    expect(await desk.ruleOf(await fixture.exchange(client, good))).toBe('code_used')
    const foreign = await fixture.exchange(spa, await code())
    expect(await desk.ruleOf(foreign)).toBe('code_of_another_client')
    const unknown = { ...(await code()), code: 'x'.repeat(43) }
    expect(await desk.ruleOf(await fixture.exchange(client, unknown))).toBe('code_gone')
    const none = await fixture.token(client, { grant_type: 'authorization_code', redirect_uri: redirectUri })
    expect(await desk.ruleOf(none)).toBe('parameter_missing')
  })

  test('a code that has expired', async () => {
    const good = await code()
    passTime(61)
    expect(await desk.ruleOf(await fixture.exchange(client, good))).toBe('code_gone')
  })

  test('a grant that is not registered, or not offered', async () => {
    const { explanation } = await desk.kept(await fixture.token(client, grant))
    expect(explanation.rule).toBe('grant_type_not_registered')
    expect(explanation.mistake).toContain('“authorization_code” and “refresh_token”')
    const password = await fixture.token(client, {
      grant_type: 'password',
      username: 'ada',
      password: 'hush',
    })
    expect(await desk.ruleOf(password)).toBe('grant_type_unsupported')
  })

  test('scopes and APIs of a machine', async () => {
    const reader = await fixture.client({ ...machine, scope: 'books:read' })
    const token = (over: Record<string, string>) => fixture.token(reader, { ...grant, ...over })
    expect((await token({ scope: 'books:read' })).status).toBe(200)
    const { explanation } = await desk.kept(await token({ scope: 'books:write' }))
    expect(explanation.rule).toBe('scope_not_allowed')
    expect(explanation.here).toContain('“books:write”')
    expect(await desk.ruleOf(await token({ resource: 'https://books.example.com/' }))).toBe(
      'resource_unknown',
    )
  })

  test('refresh tokens: unknown, of another client, too much', async () => {
    const tokens = await fixture.tokens(victim, client)
    expect(await desk.ruleOf(await fixture.refresh(client, 'x'.repeat(43)))).toBe('refresh_token_gone')
    const foreign = await fixture.refresh(spa, tokens.refresh_token)
    expect(await desk.ruleOf(foreign)).toBe('refresh_token_of_another_client')
    const wider = await fixture.refresh(client, tokens.refresh_token, { scope: 'openid email' })
    expect(await desk.ruleOf(wider)).toBe('scope_of_refresh')
  })

  test('a refresh token used twice, after its time of grace', async () => {
    const tokens = await fixture.tokens(victim, client)
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(200)
    passTime(11)
    expect(await desk.ruleOf(await fixture.refresh(client, tokens.refresh_token))).toBe('refresh_token_used')
  })

  test('a script of another origin', async () => {
    const answer = await fixture.exchange(spa, await code(spa), {}, { origin: 'https://elsewhere.example' })
    const { explanation } = await desk.kept(answer)
    expect(explanation.rule).toBe('cors')
    expect(explanation.mistake).toContain('https://elsewhere.example')
  })

  test('a script that introspects or asks for the code of a device: is told what to do instead', async () => {
    const own = { origin: new URL(client.redirect_uri).origin }
    const body = { client_id: client.client_id, client_secret: String(client.client_secret), token: 'x' }
    for (const [path, instead] of [
      ['introspect', 'userinfo endpoint'],
      ['device_authorization', 'authorization code flow'],
    ] as const) {
      const { explanation } = await desk.kept(await post(`${fixture.issuer}/${path}`, body, own))
      expect(explanation.rule).toBe('cors_not_for_pages')
      expect(explanation.inApp).toContain(instead)
      expect(explanation.here).toBeUndefined()
    }
  })

  test('JSON instead of a form', async () => {
    const answer = await post(tokenUrl(), '{}', { 'content-type': 'application/json' })
    expect(await desk.ruleOf(answer)).toBe('body')
  })
})

describe('DPoP', () => {
  test('the clock; another request; another key; none', async () => {
    const prover = await createProver()
    const bound = await fixture.client({ ...machine, dpop_bound_access_tokens: true })
    const send = async (claims: Record<string, unknown>, url = tokenUrl()) =>
      fixture.token(bound, grant, { dpop: await prove(prover, 'POST', url, { claims }) })
    expect((await send({})).status).toBe(200)
    const late = await desk.kept(await send({ iat: Math.floor(Date.now() / 1000) - 3600 }))
    expect(late.explanation.rule).toBe('dpop_clock')
    expect(late.explanation.mistake).toMatch(/60 minutes before it arrived.*behind/)
    const early = await desk.kept(await send({ iat: Math.floor(Date.now() / 1000) + 3600 }))
    expect(early.explanation.mistake).toMatch(/60 minutes after it arrived.*ahead/)
    expect(await desk.ruleOf(await send({}, 'https://elsewhere.example/token'))).toBe('dpop_address')
    expect(await desk.ruleOf(await fixture.token(bound, grant))).toBe('dpop_missing')
    const jti = crypto.randomUUID()
    await send({ jti })
    expect(await desk.ruleOf(await send({ jti }))).toBe('dpop_replay')
    const broken = await fixture.token(bound, grant, { dpop: 'no.jwt.here' })
    expect(await desk.ruleOf(broken)).toBe('dpop_invalid')
  })

  test('a nonce that is asked for is a step, not a mistake: nothing is kept', async () => {
    const prover = await createProver()
    const bound = await fixture.client({ ...machine, dpop_bound_access_tokens: true })
    const claims = { nonce: 'an-old-nonce' }
    const dpop = await prove(prover, 'POST', tokenUrl(), { claims })
    const answer = await fixture.token(bound, grant, { dpop })
    expect(answer.json.error).toBe('use_dpop_nonce')
    await expect(desk.kept(answer)).rejects.toMatchObject({ status: 404 })
  })
})

describe('the use of tokens', () => {
  test('userinfo: none, unknown, without openid, a bound one as Bearer', async () => {
    expect(await desk.ruleOf(await get(`${fixture.issuer}/userinfo`))).toBe('token_missing')
    expect(await desk.ruleOf(await fixture.userinfo('x'.repeat(43)))).toBe('token_for_api')
    const plain = await fixture.tokens(victim, client, { scope: 'email' })
    expect(await desk.ruleOf(await fixture.userinfo(plain.access_token))).toBe('token_without_openid')
    const query = await get(`${fixture.issuer}/userinfo?access_token=${String(plain.access_token)}`)
    expect(await desk.ruleOf(query)).toBe('token_in_query')
  })
})

test('an honest client, with openid-client, whose secret was replaced', async () => {
  const honest = await fixture.client(machine)
  await api().clients.rotateSecret(honest.client_id, { keepOldSeconds: 0 })
  const party = await discover({
    issuer: fixture.issuer,
    clientId: honest.client_id,
    auth: { method: 'client_secret_basic', secret: String(honest.client_secret) },
  })
  await expect(party.clientCredentials({ scope: jobs.scope })).rejects.toMatchObject({ status: 401 })
  const { items } = await api().rejections.list({ clientId: honest.client_id })
  expect(items).toHaveLength(1)
  const { explanation } = await api().rejections.show(String(items[0]?.id))
  expect(explanation.rule).toBe('secret_wrong')
})

describe('a registration that was changed in between', () => {
  test('a code for a redirect URI that was removed; a flow to it; a refresh token without its grant', async () => {
    const uris = [redirectUri, 'https://app.example/other']
    const app = await fixture.client({ redirect_uris: uris })
    const code = await fixture.code(victim, app)
    const { refresh_token } = await fixture.tokens(victim, app)
    const waiting = await victim.browser.open(fixture.authorizeUrl(app, { prompt: 'login' }))
    const resume = await victim.browser.send(victim.browser.prepare(waiting, { Password: PASSWORD }))
    await api().clients.update(app.client_id, {
      redirect_uris: uris.slice(1),
      dpop_bound_access_tokens: true,
    })
    const { explanation } = await desk.kept(await fixture.exchange(app, code))
    expect(explanation.rule).toBe('registration_narrowed')
    expect(explanation.mistake).toContain('redirect_uri of the authorization code is no longer registered')
    const page = await victim.browser.send({
      url: new URL(String(resume.headers.get('location'))),
      method: 'GET',
    })
    expect(page.status).toBe(400)
    expect(await desk.ruleOf(page)).toBe('registration_narrowed')
    await api().clients.update(app.client_id, { token_endpoint_auth_method: 'none' })
    const bare = { client_id: app.client_id, redirect_uri: redirectUri }
    expect(await desk.ruleOf(await fixture.refresh(bare, refresh_token))).toBe('registration_narrowed')
  })
})
