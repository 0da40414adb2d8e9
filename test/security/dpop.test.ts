import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  credentials,
  get,
  pkce,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'
import { createProver, type ProofOptions, type Prover, prove } from './proofs.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let machine: TestClient
let web: TestClient
let spa: TestClient
let victim: Victim
let prover: Prover
let thief: Prover

beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add(jobs)
  fixture = createSecurityFixture(latchkey)
  machine = await fixture.client(jobClient)
  web = await fixture.client()
  spa = await fixture.publicClient()
  victim = await fixture.victim()
  prover = await createProver()
  thief = await createProver()
})
afterAll(() => latchkey.stop())

const tokenUrl = () => `${fixture.issuer}/token`
const atToken = async (by = prover, options: ProofOptions = {}) => ({
  dpop: await prove(by, 'POST', tokenUrl(), options),
})
const machineToken = (headers: Record<string, string>) => fixture.token(machine, jobGrant, headers)
const userinfo = async (accessToken: string, by: Prover, options: ProofOptions = {}) =>
  get(`${fixture.issuer}/userinfo`, {
    authorization: `DPoP ${accessToken}`,
    dpop: await prove(by, 'GET', `${fixture.issuer}/userinfo`, { accessToken, ...options }),
  })

describe('RFC 9449 §4.3: proofs', () => {
  test('a right one is accepted, its htu without regard to query and fragment', async () => {
    for (const suffix of ['', '?a=b', '#f']) {
      const answer = await machineToken(await atToken(prover, { claims: { htu: `${tokenUrl()}${suffix}` } }))
      expect(answer).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
    }
  })

  const now = Math.floor(Date.now() / 1000)
  test.each<[string, ProofOptions]>([
    ['typ JWT', { header: { typ: 'JWT' } }],
    ['no typ', { header: { typ: undefined } }],
    ['no jwk', { header: { jwk: undefined } }],
    ['no htm', { claims: { htm: undefined } }],
    ['another htm', { claims: { htm: 'GET' } }],
    ['htm in lower case', { claims: { htm: 'post' } }],
    ['no htu', { claims: { htu: undefined } }],
    ['another htu', { claims: { htu: 'https://other.example/token' } }],
    ['an htu with another path', { claims: { htu: 'http://localhost/userinfo' } }],
    ['an htu that is none', { claims: { htu: 'token' } }],
    ['no jti', { claims: { jti: undefined } }],
    ['an empty jti', { claims: { jti: '' } }],
    ['no iat', { claims: { iat: undefined } }],
    ['an iat that is text', { claims: { iat: String(now) } }],
    ['a nonce that is no text', { claims: { nonce: 7 } }],
    ['expired', { claims: { exp: now - 60 } }],
    ['not valid yet', { claims: { nbf: now + 600 } }],
  ])('refused: %s', async (_, options) => {
    const answer = await machineToken(await atToken(prover, options))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
  })

  test.each([-3600, 3600])('refused: iat %i seconds off, with a nonce to go on with', async (off) => {
    const answer = await machineToken(await atToken(prover, { claims: { iat: now + off } }))
    expect(answer).toMatchObject({ status: 400, json: { error: 'use_dpop_nonce' } })
    expect(answer.headers.get('dpop-nonce')).toBeTypeOf('string')
  })

  test('refused: signed by another key, a private or symmetric jwk, none, HS256', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const withPrivate = await exportJWK(privateKey)
    const rsa = await generateKeyPair('RS256', { extractable: true })
    const rsaHeader = { alg: 'RS256', jwk: await exportJWK(rsa.publicKey) }
    const secret = Buffer.alloc(32, 7)
    const oct = { kty: 'oct', k: secret.toString('base64url') }
    const [, body] = (await prove(prover, 'POST', tokenUrl())).split('.')
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk: prover.jwk })).toString(
      'base64url',
    )
    for (const dpop of [
      await prove(prover, 'POST', tokenUrl(), { signer: thief.privateKey }),
      await prove(prover, 'POST', tokenUrl(), { header: { jwk: withPrivate }, signer: privateKey }),
      await prove(prover, 'POST', tokenUrl(), { header: { alg: 'HS256', jwk: oct }, signer: secret }),
      // RSA of any size: its checks are dear, and a proof brings its own key.
      await prove(prover, 'POST', tokenUrl(), { header: rsaHeader, signer: rsa.privateKey }),
      `${unsigned}.${body}.`,
      'x',
      'a.b.c',
      `${await prove(prover, 'POST', tokenUrl())}x`,
    ]) {
      const answer = await machineToken({ dpop })
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
    }
  })

  test('RFC 9449 §4.3: two DPoP headers are one too many', async () => {
    const headers = new Headers((await atToken()) as Record<string, string>)
    headers.append('dpop', await prove(prover, 'POST', tokenUrl()))
    const answer = await machineToken(Object.fromEntries(headers))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
  })

  test('RFC 9449 §11.1: a proof is used once', async () => {
    const headers = await atToken()
    expect((await machineToken(headers)).status).toBe(200)
    expect((await machineToken(headers)).status).toBe(400)
    const parallel = await atToken()
    const answers = await Promise.all(Array.from({ length: 10 }, () => machineToken(parallel)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('RFC 9449 §8: a stale nonce is refused with a fresh one, which is then accepted', async () => {
    const stale = await machineToken(await atToken(prover, { claims: { nonce: 'A'.repeat(43) } }))
    expect(stale).toMatchObject({ status: 400, json: { error: 'use_dpop_nonce' } })
    const nonce = stale.headers.get('dpop-nonce')
    expect((await machineToken(await atToken(prover, { claims: { nonce } }))).status).toBe(200)
    // With a nonce of ours the client's clock does not matter.
    const off = await atToken(prover, { claims: { nonce, iat: now - 7200 } })
    expect((await machineToken(off)).status).toBe(200)
  })
})

describe('RFC 9449: bound tokens', () => {
  test('carry the key’s thumbprint, and say so in introspection', async () => {
    const { json } = await machineToken(await atToken())
    expect((await fixture.introspect(machine, json.access_token)).json).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: prover.jkt },
    })
  })

  test('userinfo wants a proof of the same key over this very token', async () => {
    const tokens = await fixture.tokens(victim, web, {}, await atToken())
    const token = String(tokens.access_token)
    expect(tokens.token_type).toBe('DPoP')
    expect((await userinfo(token, prover)).status).toBe(200)
    for (const answer of [
      await fixture.userinfo(token),
      await get(`${fixture.issuer}/userinfo`, { authorization: `DPoP ${token}` }),
      await userinfo(token, thief),
      await userinfo(token, prover, { claims: { ath: undefined } }),
      await userinfo(token, prover, { claims: { ath: 'x' } }),
      await userinfo(token, prover, { claims: { htm: 'POST' } }),
      await userinfo(token, prover, { claims: { htu: tokenUrl() } }),
    ]) {
      expect([400, 401]).toContain(answer.status)
      expect(answer.json.sub).toBeUndefined()
      expect(answer.headers.get('www-authenticate')).toMatch(/DPoP|Bearer/)
    }
  })

  test('a proof at userinfo is used once', async () => {
    const { access_token } = await fixture.tokens(victim, web, {}, await atToken())
    const token = String(access_token)
    const headers = {
      authorization: `DPoP ${token}`,
      dpop: await prove(prover, 'GET', `${fixture.issuer}/userinfo`, { accessToken: token }),
    }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => get(`${fixture.issuer}/userinfo`, headers)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('a client that is registered for bound tokens gets no other', async () => {
    const strict = await fixture.client({
      ...jobClient,
      dpop_bound_access_tokens: true,
    })
    const plain = await fixture.token(strict, jobGrant)
    expect(plain).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
  })
})

describe('RFC 9449 §10: bound codes and refresh tokens', () => {
  test('a code asked for with dpop_jkt is exchanged by that key alone', async () => {
    const request = { dpop_jkt: prover.jkt }
    for (const headers of [{}, await atToken(thief)]) {
      const answer = await fixture.exchange(web, await fixture.code(victim, web, request), {}, headers)
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    }
    const right = await fixture.exchange(web, await fixture.code(victim, web, request), {}, await atToken())
    expect(right).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
  })

  test('a code pushed with a proof is exchanged by that key alone', async () => {
    const { verifier, challenge } = pkce()
    const own = credentials(web)
    const push = async (over: Record<string, string> = {}) =>
      post(
        `${fixture.issuer}/par`,
        {
          response_type: 'code',
          client_id: web.client_id,
          redirect_uri: web.redirect_uri,
          scope: 'openid',
          code_challenge: challenge,
          code_challenge_method: 'S256',
          ...over,
        },
        { ...own.headers, dpop: await prove(prover, 'POST', `${fixture.issuer}/par`) },
      )
    const pushed = await push()
    const page = await victim.browser.open(
      `${fixture.issuer}/authorize?${new URLSearchParams({
        client_id: web.client_id,
        request_uri: String(pushed.json.request_uri),
      })}`,
    )
    const code = { code: String(page.url.searchParams.get('code')), verifier, redirect_uri: web.redirect_uri }
    expect(await fixture.exchange(web, code, {}, await atToken(thief))).toMatchObject({
      json: { error: 'invalid_grant' },
    })
    expect((await push({ dpop_jkt: thief.jkt })).status).toBe(400)
  })

  test('a public client’s refresh token works with its key alone', async () => {
    const { refresh_token } = await fixture.tokens(victim, spa, {}, await atToken())
    for (const headers of [{}, await atToken(thief)]) {
      const answer = await fixture.refresh(spa, refresh_token, {}, headers)
      expect(answer.status).toBe(400)
      expect(answer.json.error).toMatch(/^invalid_(grant|dpop_proof|request)$/)
    }
    const right = await fixture.refresh(spa, refresh_token, {}, await atToken())
    expect(right).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
  })
})
