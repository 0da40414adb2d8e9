import type { FastifyInstance, InjectOptions } from 'fastify'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ResourceServerOptions } from '../../src/resource-server/index.ts'
import { createProofMemory } from '../../src/resource-server/proof-memory.ts'
import { createProver, type ProofOptions, type Prover, prove } from '../security/proofs.ts'
import { bearer, createApi } from './api.ts'
import { AUDIENCE, createTestIssuer, type TestIssuer } from './issuer.ts'

let issuer: TestIssuer
let api: FastifyInstance
let prover: Prover
let other: Prover
let bound: string
let unbound: string
/** Of the key that is too large. */
let large: string | undefined
const HTU = 'https://books.example/any'

beforeAll(async () => {
  issuer = await createTestIssuer()
  api = await start()
  prover = await createProver()
  other = await createProver()
  bound = await issuer.token({ cnf: { jkt: prover.jkt } })
  unbound = await issuer.token()
})
afterAll(async () => {
  await api.close()
  await issuer.down()
})

const start = (options: Partial<ResourceServerOptions> = {}) =>
  createApi({ issuer: issuer.issuer, audience: AUDIENCE, ...options })
const proof = (options: ProofOptions = {}, htu = HTU, htm = 'GET', by = prover) =>
  prove(by, htm, htu, { accessToken: bound, ...options })
const get = (dpop: string | undefined, token = bound, more: InjectOptions = {}, app = api) =>
  app.inject({
    url: '/any',
    ...more,
    headers: { authorization: `DPoP ${token}`, ...(dpop && { dpop }), ...more.headers },
  })
const seconds = () => Math.floor(Date.now() / 1000)

test('9449 7.1: a bound token with its proof gets through; query and fragment do not count', async () => {
  expect((await get(await proof())).json()).toMatchObject({ sub: 'ada', jkt: prover.jkt })
  expect((await get(await proof({}, `${HTU}?page=2#x`))).statusCode).toBe(200)
  expect((await get(await proof(), bound, { url: '/any?page=2' })).statusCode).toBe(200)
  expect((await get(await proof({}, 'HTTPS://BOOKS.example:443/any'))).statusCode).toBe(200)
})

test('a bound token sent as a bearer token is 401, even with its proof', async () => {
  for (const headers of [bearer(bound), { ...bearer(bound), dpop: await proof() }]) {
    const response = await api.inject({ url: '/any', headers })
    expect(response.statusCode).toBe(401)
    expect(response.json()).toMatchObject({ code: 'invalid_token' })
    expect(String(response.headers['www-authenticate'])).toMatch(/Bearer error="invalid_token".*DPoP algs=/)
  }
})

test('9449 7.1: an unbound token under the DPoP scheme is 401', async () => {
  const response = await get(await proof({ accessToken: unbound }), unbound)
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'invalid_token' })
})

const wrong: [string, () => Promise<string | undefined>][] = [
  ['no proof', async () => undefined],
  ['no JWT', async () => 'proof'],
  ['two proofs in one header', async () => `${await proof()}, ${await proof()}`],
  ['another method', () => proof({}, HTU, 'POST')],
  ['a method in small letters', () => proof({}, HTU, 'get')],
  ['another path', () => proof({}, 'https://books.example/books')],
  ['another host', () => proof({}, 'https://evil.example/any')],
  ['another scheme', () => proof({}, 'http://books.example/any')],
  ['another port', () => proof({}, 'https://books.example:8443/any')],
  ['a path only', () => proof({}, '/any')],
  ['another token', () => proof({ accessToken: unbound })],
  ['no ath', () => proof({ claims: { ath: undefined } })],
  ['no jti', () => proof({ claims: { jti: undefined } })],
  ['a jti without end', () => proof({ claims: { jti: 'x'.repeat(300) } })],
  ['no iat', () => proof({ claims: { iat: undefined } })],
  ['an old one', () => proof({ claims: { iat: seconds() - 75 } })],
  ['one from the future', () => proof({ claims: { iat: seconds() + 15 } })],
  ['an expired one', () => proof({ claims: { exp: seconds() - 15 } })],
  ['another typ', () => proof({ header: { typ: 'JWT' } })],
  ['another key', () => proof({}, HTU, 'GET', other)],
  ['the right key in the header, another one’s signature', () => proof({ signer: other.privateKey })],
  ['no key in the header', () => proof({ header: { jwk: undefined } })],
  ['a private key in the header', privateKeyInHeader],
  ['a symmetric key in the header', symmetric],
  ['an RSA key of more than 4,096 bits', largeKey],
]
async function privateKeyInHeader() {
  return proof({ header: { jwk: await exportJWK(prover.privateKey) } })
}
/** A right proof in every respect but the size of its key. */
async function largeKey() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 4104, extractable: true })
  const jwk = await exportJWK(publicKey)
  large = await issuer.token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  return proof({ header: { alg: 'RS256', jwk }, signer: privateKey, accessToken: large })
}
async function symmetric() {
  const secret = new Uint8Array(32)
  const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url') }
  return proof({ header: { alg: 'HS256', jwk }, signer: secret })
}

test.each(wrong)('%s is 401 invalid_dpop_proof', async (_, make) => {
  large = undefined
  const response = await get(await make(), large ?? bound)
  expect(response.statusCode).toBe(401)
  expect(response.json()).toMatchObject({ code: 'invalid_dpop_proof' })
  expect(String(response.headers['www-authenticate'])).toMatch(/DPoP error="invalid_dpop_proof".* algs="/)
})

test('a proof works once, also when it comes ten times at once', async () => {
  const once = await proof()
  const answers = await Promise.all(Array.from({ length: 10 }, () => get(once)))
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
  expect((await get(once)).json()).toMatchObject({ code: 'invalid_dpop_proof' })
})

test('the same jti of another key is no replay', async () => {
  const theirs = await issuer.token({ cnf: { jkt: other.jkt } })
  const claims = { jti: 'the same for both' }
  expect((await get(await proof({ claims }))).statusCode).toBe(200)
  expect(
    (await get(await proof({ claims, accessToken: theirs }, HTU, 'GET', other), theirs)).statusCode,
  ).toBe(200)
})

test('a proof that failed is not used up', async () => {
  const good = await proof()
  expect((await get(good, bound, { url: '/books' })).statusCode).toBe(401)
  expect((await get(good)).statusCode).toBe(200)
})

test('several processes share their memory of proofs', async () => {
  const used = new Set<string>()
  const rememberProof = async (id: string) => !used.has(id) && Boolean(used.add(id))
  const [one, two] = [await start({ rememberProof }), await start({ rememberProof })]
  const once = await proof()
  expect((await get(once, bound, {}, one)).statusCode).toBe(200)
  expect((await get(once, bound, {}, two)).statusCode).toBe(401)
  await one.close()
  await two.close()
})

test('behind a proxy, the proof is for the public URL with the path that the proxy strips', async () => {
  const app = await start({ publicUrl: 'https://gateway.example/books/' })
  expect((await get(await proof({}, 'https://gateway.example/books/any'), bound, {}, app)).statusCode).toBe(
    200,
  )
  expect((await get(await proof(), bound, {}, app)).statusCode).toBe(401)
  await app.close()
})

test('Host and X-Forwarded-Host do not change what a proof must be for', async () => {
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
  expect((await get(await proof({}, 'https://evil.example/any'), bound, { headers })).statusCode).toBe(401)
  expect((await get(await proof(), bound, { headers })).statusCode).toBe(200)
})

test('without an address of its own the API believes the request, as far as Fastify trusts the proxy', async () => {
  const audience = 'urn:example:books'
  const token = await issuer.token({ aud: audience, cnf: { jkt: prover.jkt } })
  const headers = { host: 'inside:3000', 'x-forwarded-host': 'api.example', 'x-forwarded-proto': 'https' }
  for (const [trustProxy, htu] of [
    [false, 'http://inside:3000/any'],
    [true, 'https://api.example/any'],
  ] as const) {
    const app = await createApi({ issuer: issuer.issuer, audience }, { trustProxy })
    expect((await get(await proof({ accessToken: token }, htu), token, { headers }, app)).statusCode).toBe(
      200,
    )
    await app.close()
  }
})

test('an API that wants every token bound refuses bearer tokens and says so', async () => {
  const app = await start({ requireDpop: true })
  const response = await app.inject({ url: '/any', headers: bearer(unbound) })
  expect(response.statusCode).toBe(401)
  expect(String(response.headers['www-authenticate'])).toMatch(/^DPoP error="invalid_token"/)
  expect((await get(await proof(), bound, {}, app)).statusCode).toBe(200)
  expect((await app.inject('/.well-known/oauth-protected-resource/api')).json()).toMatchObject({
    bearer_methods_supported: [],
    dpop_bound_access_tokens_required: true,
  })
  await app.close()
})

test('a proof is remembered for as long as it could be sent again', async () => {
  let now = Date.now()
  const app = await start({ clock: () => now })
  const once = await proof()
  expect((await get(once, bound, {}, app)).statusCode).toBe(200)
  for (let time = 0; time < 4; time++) {
    now += 20_000
    expect((await get(once, bound, {}, app)).json()).toMatchObject({ code: 'invalid_dpop_proof' })
  }
  await app.close()
})

test('when no more proofs can be remembered, none is forgotten early', async () => {
  let now = 0
  const remember = createProofMemory(() => now, 3)
  for (const id of ['a', 'b', 'c']) expect(await remember(id, 1000)).toBe(true)
  await expect(remember('d', 1000)).rejects.toMatchObject({ status: 503 })
  expect(await remember('a', 1000)).toBe(false)
  now = 1000
  expect(await remember('d', 2000)).toBe(true)
})

test('opaque tokens are bound too, as introspection says', async () => {
  const app = await start({ introspection: { clientId: 'api', clientSecret: 's' } })
  const about = { active: true, token_type: 'DPoP', client_id: 'app', sub: 'ada', aud: AUDIENCE }
  issuer.opaque.set('opaque', { ...about, cnf: { jkt: prover.jkt } })
  expect((await app.inject({ url: '/any', headers: bearer('opaque') })).statusCode).toBe(401)
  expect((await get(await proof({ accessToken: 'opaque' }), 'opaque', {}, app)).statusCode).toBe(200)
  await app.close()
})

test.each(['RS256', 'PS256', 'EdDSA'])('a proof signed with %s', async (alg) => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const signed = await createProver()
  const mine = { ...signed, privateKey, jwk }
  const token = await issuer.token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  const dpop = await prove(mine, 'GET', HTU, { accessToken: token, header: { alg } })
  expect((await get(dpop, token)).statusCode).toBe(200)
})

test('an access token is no proof', async () => {
  const asProof = await new SignJWT({ htm: 'GET', htu: HTU, jti: '1', ath: 'x' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', jwk: prover.jwk })
    .setIssuedAt()
    .sign(prover.privateKey)
  expect((await get(asProof)).json()).toMatchObject({ code: 'invalid_dpop_proof' })
})
