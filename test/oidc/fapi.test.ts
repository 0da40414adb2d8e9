import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import {
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
import { createProver, type Prover, prove } from '../security/proofs.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { createSigner, type Signer } from './signer.ts'

/**
 * FAPI 2.0, as the OpenID Foundation's conformance suite asks for it; a test that stands for a module of the suite has its name.
 */
const verifier = 'v'.repeat(43)
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const person = {
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile offline_access',
}
type Claims = Record<string, unknown>
const now = () => Math.floor(clock() / 1000)

describe.each(engines)('on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  let key: Signer
  let prover: Prover
  let bank: TestClient
  let signing: TestClient

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    victim = await fixture.victim()
    ;[key, prover] = await Promise.all([createSigner('PS256'), createProver()])
    bank = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks })
    signing = await fixture.client({ ...person, profile: 'fapi2_message_signing', jwks: key.jwks })
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  async function assertion(client: TestClient, over: Claims = {}, by = key, header = {}) {
    const claims = {
      iss: client.client_id,
      sub: client.client_id,
      aud: fixture.issuer,
      jti: crypto.randomUUID(),
      iat: now(),
      exp: now() + 60,
      ...over,
    }
    return { client_assertion_type: ASSERTION, client_assertion: await by.sign(claims, header) }
  }
  const request = (client: TestClient, over: Record<string, string | undefined> = {}) => {
    const all = {
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      scope: 'openid offline_access',
      state: 'fapi-state',
      code_challenge: pkce(verifier).challenge,
      code_challenge_method: 'S256',
      ...over,
    }
    return Object.fromEntries(
      Object.entries(all).filter((each): each is [string, string] => each[1] !== undefined),
    )
  }
  const parUrl = () => `${fixture.issuer}/par`
  const tokenUrl = () => `${fixture.issuer}/token`
  const push = async (
    client: TestClient,
    parameters: Record<string, string> = request(client),
    authentication?: Record<string, string>,
    headers: Record<string, string> = {},
  ) => post(parUrl(), { ...parameters, ...(authentication ?? (await assertion(client))) }, headers)
  const visit = (client: TestClient, uri: unknown) =>
    `${fixture.issuer}/authorize?${new URLSearchParams({ client_id: client.client_id, request_uri: String(uri) })}`
  async function codeOf(client: TestClient, parameters?: Record<string, string>) {
    const { json } = await push(client, parameters)
    return (await victim.browser.open(visit(client, json.request_uri))).url.searchParams
  }
  async function token(
    client: TestClient,
    body: Record<string, string>,
    over: { authentication?: Record<string, string>; by?: Prover } = {},
  ) {
    const proof = await prove(over.by ?? prover, 'POST', tokenUrl())
    const authentication = over.authentication ?? (await assertion(client))
    return post(tokenUrl(), { ...body, ...authentication }, { dpop: proof })
  }
  const exchange = async (client: TestClient, code: unknown, over = {}) =>
    token(
      client,
      {
        grant_type: 'authorization_code',
        code: String(code),
        redirect_uri: client.redirect_uri,
        code_verifier: verifier,
      },
      over,
    )
  const refresh = (client: TestClient, refreshToken: unknown, over = {}) =>
    token(client, { grant_type: 'refresh_token', refresh_token: String(refreshToken) }, over)
  const userinfo = async (accessToken: unknown, by = prover) => {
    const url = `${fixture.issuer}/userinfo`
    const proof = await prove(by, 'GET', url, { accessToken: String(accessToken) })
    return get(url, { authorization: `DPoP ${accessToken}`, dpop: proof })
  }

  test('happy-flow: pushed, bound, signed with PS256; iss in the answer', async () => {
    const back = await codeOf(bank)
    expect([back.get('state'), back.get('iss')]).toEqual(['fapi-state', fixture.issuer])
    const { status, json } = await exchange(bank, back.get('code'))
    expect([status, json.token_type]).toEqual([200, 'DPoP'])
    expect(decodeProtectedHeader(String(json.id_token)).alg).toBe('PS256')
    expect((await userinfo(json.access_token)).status).toBe(200)
    expect((await userinfo(json.access_token, await createProver())).status).toBe(401)
    expect((await fixture.userinfo(json.access_token)).status).toBe(401)
  })

  test('openid-client signs in, refreshes and reads, with nothing but the issuer, an id and a key', async () => {
    const config = await oidc.discovery(
      new URL(fixture.issuer),
      bank.client_id,
      { id_token_signed_response_alg: 'PS256' },
      oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
      { execute: [oidc.allowInsecureRequests] },
    )
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
    const codeVerifier = oidc.randomPKCECodeVerifier()
    const url = await oidc.buildAuthorizationUrlWithPAR(
      config,
      {
        redirect_uri: redirectUri,
        scope: 'openid offline_access',
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        state: 'some-state',
      },
      { DPoP },
    )
    const back = await victim.browser.open(url)
    const checks = { pkceCodeVerifier: codeVerifier, expectedState: 'some-state' }
    const tokens = await oidc.authorizationCodeGrant(config, back.url, checks, undefined, { DPoP })
    const fresh = await oidc.refreshTokenGrant(config, String(tokens.refresh_token), undefined, { DPoP })
    expect(fresh.refresh_token ?? tokens.refresh_token).toBe(tokens.refresh_token)
    const info = await oidc.fetchUserInfo(config, fresh.access_token, victim.user.id, { DPoP })
    expect(info.sub).toBe(victim.user.id)
  })

  describe('client assertions', () => {
    const cases: [string, (client: TestClient) => Claims, boolean][] = [
      [
        'par-endpoint-as-array-audience-fails',
        () => ({ aud: [`${fixture.issuer}/par`, fixture.issuer] }),
        false,
      ],
      ['array with the issuer alone', () => ({ aud: [fixture.issuer] }), false],
      ['par-endpoint-as-audience-fails', () => ({ aud: `${fixture.issuer}/par` }), false],
      ['par-token-endpoint-as-audience-fails', () => ({ aud: `${fixture.issuer}/token` }), false],
      ['ensure-client-assertion-with-wrong-aud-fails', () => ({ aud: 'https://other.example' }), false],
      ['issuer with a slash', () => ({ aud: `${fixture.issuer}/` }), false],
      ['ensure-client-assertion-with-no-sub-fails', () => ({ sub: undefined }), false],
      ['ensure-client-assertion-with-exp-is-5-minutes-in-past-fails', () => ({ exp: now() - 300 }), false],
      ['iat and nbf 8 seconds in the future are accepted', () => ({ iat: now() + 8, nbf: now() + 8 }), true],
      ['iat and nbf over 60 seconds in the future fail', () => ({ iat: now() + 61, nbf: now() + 61 }), false],
      ['iat alone over 60 seconds in the future fails', () => ({ iat: now() + 65, exp: now() + 120 }), false],
    ]
    test.each(cases)('%s', async (_, over, accepted) => {
      const pushed = await push(bank, request(bank), await assertion(bank, over(bank)))
      expect(pushed.status).toBe(accepted ? 201 : 401)
      const code = (await codeOf(bank)).get('code')
      const exchanged = await exchange(bank, code, { authentication: await assertion(bank, over(bank)) })
      expect(exchanged.status).toBe(accepted ? 200 : 401)
      if (!accepted) expect(exchanged.json.error).toBe('invalid_client')
    })

    test('ensure-signed-client-assertion-with-RS256-fails', async () => {
      const rsa = await createSigner('RS256')
      const client = await fixture.client({ profile: 'fapi2', jwks: rsa.jwks })
      const answer = await push(client, request(client), await assertion(client, {}, rsa))
      expect([answer.status, answer.json.error]).toEqual([401, 'invalid_client'])
    })

    test('ensure-client-id, assertion and key: none, another client’s, used twice', async () => {
      expect((await push(bank, request(bank), {})).status).toBe(401)
      expect((await push(bank, request(bank), await assertion(signing))).status).toBeGreaterThanOrEqual(400)
      const once = await assertion(bank)
      expect((await push(bank, request(bank), once)).status).toBe(201)
      expect((await push(bank, request(bank), once)).status).toBe(401)
    })

    test('the same rules for clients that have to push and to bind tokens; others may name the endpoint, as common software does', async () => {
      const strict = await fixture.client({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: key.jwks,
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
      })
      const usual = await fixture.client({ token_endpoint_auth_method: 'private_key_jwt', jwks: key.jwks })
      for (const aud of [tokenUrl(), [fixture.issuer]] as const) {
        expect((await push(strict, request(strict), await assertion(strict, { aud }))).status).toBe(401)
        expect((await push(usual, request(usual), await assertion(usual, { aud }))).status).toBe(201)
      }
      expect((await push(strict)).status).toBe(201)
    })

    test('also at introspection and revocation', async () => {
      for (const path of ['introspect', 'revoke']) {
        const url = `${fixture.issuer}/${path}`
        expect((await post(url, { token: 'x', ...(await assertion(bank, { aud: url })) })).status).toBe(401)
        expect((await post(url, { token: 'x', ...(await assertion(bank)) })).status).toBe(200)
      }
    })
  })

  test('a stored client gets no device code by its profile, nor a profile with device codes, whichever comes first', async () => {
    const { clients } = latchkey.services
    const device = { grant_types: [...person.grant_types, DEVICE_CODE_GRANT] }
    const refused = {
      errors: { grant_types: [expect.stringContaining('has device_code, which the profile')] },
    }
    const tv = await fixture.client({
      ...person,
      ...device,
      jwks: key.jwks,
      request_object_signing_alg: 'PS256',
    })
    await expect(clients.update(tv.client_id, { profile: 'fapi2' })).rejects.toMatchObject(refused)
    expect((await clients.get(tv.client_id)).profile).toBeUndefined()
    for (const client of [bank, signing])
      await expect(clients.update(client.client_id, device)).rejects.toMatchObject(refused)
    const answer = await post(`${fixture.issuer}/device_authorization`, {
      scope: 'openid',
      ...(await assertion(bank)),
    })
    expect([answer.status, answer.json.error_description]).toEqual([
      400,
      expect.stringMatching(/not allowed/),
    ])
  })

  test('answers of introspection are signed as the profile allows, never with RS256 (RFC 9701, Security Profile §5.4.1)', async () => {
    const elliptic = { ...person, jwks: key.jwks, id_token_signed_response_alg: 'ES256' }
    const es = await fixture.client({ ...elliptic, profile: 'fapi2' })
    for (const [client, alg] of [
      [bank, 'PS256'],
      [signing, 'PS256'],
      [es, 'ES256'],
    ] as const) {
      const { text } = await post(
        `${fixture.issuer}/introspect`,
        { token: 'x', ...(await assertion(client)) },
        { accept: 'application/token-introspection+jwt' },
      )
      const keys = createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`))
      const { protectedHeader } = await jwtVerify(text, keys, { audience: client.client_id })
      expect(protectedHeader.alg).toBe(alg)
    }
  })

  describe('refresh tokens (Security Profile §5.3.2.1)', () => {
    test('refresh-token: the same one works again, half a minute later, and at once from several sides', async () => {
      const tokens = (await exchange(bank, (await codeOf(bank)).get('code'))).json
      const first = await refresh(bank, tokens.refresh_token)
      expect([first.status, first.json.refresh_token ?? tokens.refresh_token]).toEqual([
        200,
        tokens.refresh_token,
      ])
      passTime(31)
      expect((await refresh(bank, tokens.refresh_token)).status).toBe(200)
      const many = await Promise.all(Array.from({ length: 6 }, () => refresh(bank, tokens.refresh_token)))
      expect(many.map(({ status }) => status)).toEqual(Array(6).fill(200))
      expect((await userinfo(first.json.access_token)).status).toBe(200)
    })

    test('is bound to its client, ends when it is revoked, and what it gave with it', async () => {
      const tokens = (await exchange(bank, (await codeOf(bank)).get('code'))).json
      const other = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks })
      expect((await refresh(other, tokens.refresh_token)).json.error).toBe('invalid_grant')
      const unauthenticated = await post(tokenUrl(), {
        grant_type: 'refresh_token',
        refresh_token: String(tokens.refresh_token),
        client_id: bank.client_id,
      })
      expect(unauthenticated.status).toBe(401)
      const fresh = (await refresh(bank, tokens.refresh_token)).json
      const revoked = await post(`${fixture.issuer}/revoke`, {
        token: String(tokens.refresh_token),
        ...(await assertion(bank)),
      })
      expect(revoked.status).toBe(200)
      expect((await refresh(bank, tokens.refresh_token)).json.error).toBe('invalid_grant')
      expect((await userinfo(fresh.access_token)).status).toBe(401)
    })

    test('gives no unbound token, ends with the account’s sign-ins, and with its own time', async () => {
      const someone = await fixture.victim()
      const pushed = await push(bank)
      const back = await someone.browser.open(visit(bank, pushed.json.request_uri))
      const tokens = (await exchange(bank, back.url.searchParams.get('code'))).json
      const bare = await post(tokenUrl(), {
        grant_type: 'refresh_token',
        refresh_token: String(tokens.refresh_token),
        ...(await assertion(bank)),
      })
      expect(bare.status).toBe(400)
      // Sender-constrained by its authentication: a client may change its DPoP key (RFC 9449 §5).
      expect((await refresh(bank, tokens.refresh_token, { by: await createProver() })).status).toBe(200)
      await latchkey.services.accounts.disable(someone.user.id)
      expect((await refresh(bank, tokens.refresh_token)).json.error).toBe('invalid_grant')

      const kept = (await exchange(bank, (await codeOf(bank)).get('code'))).json
      passTime(31 * 86_400)
      expect((await refresh(bank, kept.refresh_token)).json.error).toBe('invalid_grant')
    })

    test('shrinks with what the client may have', async () => {
      const client = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks })
      const back = await codeOf(client, request(client, { scope: 'openid profile offline_access' }))
      const tokens = (await exchange(client, back.get('code'))).json
      expect(tokens.scope).toContain('profile')
      await latchkey.services.clients.update(client.client_id, { scope: 'openid offline_access' })
      expect((await refresh(client, tokens.refresh_token)).json.scope).not.toContain('profile')
    })

    test('of other clients are rotated as before', async () => {
      const usual = await fixture.client(person)
      const tokens = await fixture.tokens(victim, usual, { scope: 'openid offline_access' })
      const fresh = await fixture.refresh(usual, tokens.refresh_token)
      expect(fresh.json.refresh_token).not.toBe(tokens.refresh_token)
      // A public client is no FAPI client: its tokens are rotated and bound.
      const app = await fixture.publicClient({
        ...person,
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
      })
      const pushed = await post(parUrl(), request(app))
      const back = await victim.browser.open(visit(app, pushed.json.request_uri))
      const redeem = async (body: Record<string, string>) =>
        post(
          tokenUrl(),
          { client_id: app.client_id, ...body },
          { dpop: await prove(prover, 'POST', tokenUrl()) },
        )
      const own = await redeem({
        grant_type: 'authorization_code',
        code: String(back.url.searchParams.get('code')),
        code_verifier: verifier,
        redirect_uri: redirectUri,
      })
      const rotated = await redeem({
        grant_type: 'refresh_token',
        refresh_token: String(own.json.refresh_token),
      })
      expect(rotated.json.refresh_token).toBeTypeOf('string')
      expect(rotated.json.refresh_token).not.toBe(own.json.refresh_token)
    })
  })

  describe('the authorization request', () => {
    test.each<[string, Record<string, string | undefined>, string]>([
      [
        'par-ensure-pkce-required',
        { code_challenge: undefined, code_challenge_method: undefined },
        'invalid_request',
      ],
      ['par-ensure-plain-pkce-rejected', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['ensure-redirect-uri-in-authorization-request', { redirect_uri: undefined }, 'invalid_request'],
      ['ensure-registered-redirect-uri', { redirect_uri: 'https://evil.example/' }, 'invalid_re'],
      [
        'ensure-response-type-code-idtoken-fails',
        { response_type: 'code id_token' },
        'unsupported_response_type',
      ],
      ['ensure-response-type-token-fails', { response_type: 'token' }, 'unsupported_response_type'],
      [
        'par-reject-request-uri-in-par',
        { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
        'request_uri_not_supported',
      ],
    ])('%s', async (_, over, error) => {
      const answer = await push(bank, request(bank, over))
      expect(answer.status).toBe(400)
      expect(answer.json.error).toMatch(error)
    })

    test('ensure-unsigned-authorization-request-without-using-par-fails', async () => {
      const page = await victim.browser.open(
        `${fixture.issuer}/authorize?${new URLSearchParams(request(bank))}`,
      )
      expect(page.url.searchParams.get('error')).toBe('invalid_request')
      expect(page.url.searchParams.get('code')).toBeNull()
    })

    test('ensure-authorization-request-without-state (and nonce) succeeds', async () => {
      const back = await codeOf(bank, request(bank, { state: undefined }))
      expect([back.get('state'), typeof back.get('code')]).toEqual([null, 'string'])
    })

    test('par-attempt-to-use-request_uri of another client; expired; invented', async () => {
      const other = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks })
      const { json } = await push(bank)
      const foreign = await victim.browser.open(visit(other, json.request_uri))
      expect([foreign.left, foreign.status]).toEqual([false, 400])
      passTime(61)
      const expired = await victim.browser.open(visit(bank, json.request_uri))
      expect(expired.url.searchParams.get('error')).toBe('invalid_request_uri')
    })

    test('a request_uri may be opened again before the sign-in is complete, and not after', async () => {
      const someone = await latchkey.createUser()
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      const { json } = await push(bank)
      await browser.open(visit(bank, json.request_uri))
      const again = await browser.open(visit(bank, json.request_uri))
      const back = await browser.signIn(again, { identifier: someone.email, password: PASSWORD })
      expect(back.url.searchParams.get('code')).toBeTypeOf('string')
      const after = await browser.open(visit(bank, json.request_uri))
      expect(Object.fromEntries(after.url.searchParams)).toMatchObject({
        error: 'invalid_request_uri',
        state: 'fapi-state',
      })
    })

    test('user-rejects-authentication: access_denied with state and iss', async () => {
      const asked = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks, first_party: false })
      const { json } = await push(asked)
      const page = await victim.browser.open(visit(asked, json.request_uri))
      const back = await victim.browser.submit(page, {}, { button: 'Deny' })
      expect(Object.fromEntries(back.url.searchParams)).toMatchObject({
        error: 'access_denied',
        state: 'fapi-state',
        iss: fixture.issuer,
      })
    })
  })

  describe('the code', () => {
    test('attempt-reuse-authorization-code-after-one-second: refused, and its tokens end', async () => {
      const code = (await codeOf(bank)).get('code')
      const tokens = (await exchange(bank, code)).json
      passTime(1)
      expect((await exchange(bank, code)).json.error).toBe('invalid_grant')
      expect((await userinfo(tokens.access_token)).status).toBe(401)
      expect((await refresh(bank, tokens.refresh_token)).json.error).toBe('invalid_grant')
    })

    test('attempt-to-use-expired-auth-code: good for 60 seconds', async () => {
      const code = (await codeOf(bank)).get('code')
      passTime(62)
      expect((await exchange(bank, code)).json.error).toBe('invalid_grant')
    })

    test('ensure-authorization-code-is-bound-to-client, to its verifier, and to a proof', async () => {
      const other = await fixture.client({ ...person, profile: 'fapi2', jwks: key.jwks })
      const code = async () => (await codeOf(bank)).get('code')
      expect((await exchange(other, await code())).json.error).toBe('invalid_grant')
      const body = async (over: Record<string, string>) => ({
        grant_type: 'authorization_code',
        code: String(await code()),
        redirect_uri: redirectUri,
        ...over,
      })
      expect((await token(bank, await body({}))).json.error).toBe('invalid_grant')
      expect((await token(bank, await body({ code_verifier: 'w'.repeat(43) }))).json.error).toBe(
        'invalid_grant',
      )
      const unbound = await post(tokenUrl(), {
        ...(await body({ code_verifier: verifier })),
        ...(await assertion(bank)),
      })
      expect(unbound.status).toBe(400)
    })

    test('is bound to the key that the request names (dpop_jkt), or that it was pushed with', async () => {
      const stranger = await createProver()
      const named = await codeOf(bank, request(bank, { dpop_jkt: prover.jkt }))
      expect((await exchange(bank, named.get('code'), { by: stranger })).json.error).toBe('invalid_grant')
      const proof = { dpop: await prove(prover, 'POST', parUrl()) }
      const pushed = await push(bank, request(bank), undefined, proof)
      const back = await victim.browser.open(visit(bank, pushed.json.request_uri))
      expect((await exchange(bank, back.url.searchParams.get('code'), { by: stranger })).json.error).toBe(
        'invalid_grant',
      )
      const mismatched = await push(bank, request(bank, { dpop_jkt: stranger.jkt }), undefined, {
        dpop: await prove(prover, 'POST', parUrl()),
      })
      expect(mismatched.status).toBe(400)
    })
  })

  describe('message signing', () => {
    const signed = (over: Claims = {}, by = key, header = {}) =>
      by.sign(
        {
          iss: signing.client_id,
          aud: fixture.issuer,
          nbf: now(),
          exp: now() + 300,
          ...request(signing, { response_mode: 'jwt' }),
          ...over,
        },
        { typ: 'oauth-authz-req+jwt', ...header },
      )
    const pushSigned = async (over: Claims = {}, by = key, header = {}) =>
      push(signing, { client_id: signing.client_id, request: await signed(over, by, header) })
    const answerOf = async (url: URL) => {
      expect([...url.searchParams.keys()]).toEqual(['response'])
      const keys = createRemoteJWKSet(new URL(`${fixture.issuer}/jwks`))
      return jwtVerify(String(url.searchParams.get('response')), keys, {
        issuer: fixture.issuer,
        audience: signing.client_id,
        currentDate: new Date(clock()),
      })
    }

    test('a signed request has a signed answer (JARM), also an error', async () => {
      const { json } = await pushSigned()
      const back = await victim.browser.open(visit(signing, json.request_uri))
      const { payload, protectedHeader } = await answerOf(back.url)
      expect(protectedHeader.alg).toBe('PS256')
      expect(payload).toMatchObject({ state: 'fapi-state', iss: fixture.issuer })
      expect(Number(payload.exp) - now()).toBeLessThanOrEqual(600)
      expect((await exchange(signing, payload.code)).status).toBe(200)

      const again = await victim.browser.open(visit(signing, json.request_uri))
      expect((await answerOf(again.url)).payload).toMatchObject({
        error: 'invalid_request_uri',
        state: 'fapi-state',
      })
      const silent = await pushSigned({ prompt: 'none' })
      const stranger = createHttpBrowser({ stopAt: [redirectUri] })
      const none = await stranger.open(visit(signing, silent.json.request_uri))
      expect((await answerOf(none.url)).payload).toMatchObject({
        error: 'login_required',
        state: 'fapi-state',
      })
    })

    test('by a form too', async () => {
      const { json } = await pushSigned({ response_mode: 'form_post.jwt' })
      const page = await victim.browser.open(visit(signing, json.request_uri))
      const [form] = page.forms
      expect([form?.action, form?.method, form?.fields.map(({ name }) => name)]).toEqual([
        redirectUri,
        'post',
        ['response'],
      ])
      expect(decodeJwt(String(form?.fields[0]?.value))).toMatchObject({ code: expect.any(String) })
    })

    test.each<[string, Claims]>([
      ['ensure-request-object-without-exp-fails', { exp: undefined }],
      ['ensure-request-object-without-nbf-fails', { nbf: undefined }],
      ['ensure-expired-request-object-fails', { exp: 1 }],
      ['ensure-request-object-with-bad-aud-fails', { aud: 'https://other.example' }],
      ['ensure-request-object-with-exp-over-60-fails', { exp: Math.floor(Date.now() / 1000) + 70 * 60 }],
      ['ensure-request-object-with-nbf-over-60-fails', { nbf: Math.floor(Date.now() / 1000) - 70 * 60 }],
    ])('%s', async (_, over) => {
      const answer = await pushSigned(over)
      expect([answer.status, answer.json.error]).toEqual([400, 'invalid_request_object'])
    })

    test('ensure-signed-request-object-with-RS256-fails, unsigned fails, without a redirect_uri fails', async () => {
      const rsa = await createSigner('RS256')
      const both = await fixture.client({
        ...person,
        profile: 'fapi2_message_signing',
        jwks: { keys: [key.jwk, rsa.jwk] },
      })
      const claims = {
        iss: both.client_id,
        aud: fixture.issuer,
        nbf: now(),
        exp: now() + 60,
        ...request(both, { response_mode: 'jwt' }),
      }
      const pushed = await push(both, { client_id: both.client_id, request: await rsa.sign(claims) })
      expect(pushed.json.error).toBe('invalid_request_object')
      expect((await push(signing)).json.error).toBe('invalid_request')
      expect((await pushSigned({ redirect_uri: undefined })).json.error).toBe('invalid_request')
    })

    test('an answer that would not be signed is refused', async () => {
      for (const response_mode of ['query', 'form_post', undefined])
        expect((await pushSigned({ response_mode })).json.error).toBe('invalid_request')
    })

    test('openid-client does it with its own switches', async () => {
      const config = await oidc.discovery(
        new URL(fixture.issuer),
        signing.client_id,
        { id_token_signed_response_alg: 'PS256', authorization_signed_response_alg: 'PS256' },
        oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
        { execute: [oidc.allowInsecureRequests, oidc.useJwtResponseMode] },
      )
      const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
      const codeVerifier = oidc.randomPKCECodeVerifier()
      const asked = await oidc.buildAuthorizationUrlWithJAR(
        config,
        {
          redirect_uri: redirectUri,
          scope: 'openid',
          state: 'some-state',
          code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
        },
        { key: key.privateKey, kid: key.kid },
      )
      const pushed = await oidc.buildAuthorizationUrlWithPAR(config, asked.searchParams, { DPoP })
      const back = await victim.browser.open(pushed)
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: 'some-state' }
      const tokens = await oidc.authorizationCodeGrant(config, back.url, checks, undefined, { DPoP })
      expect(tokens.claims()?.sub).toBe(victim.user.id)
    })
  })
})
