import { afterAll, beforeAll, expect, test } from 'vitest'
import { assemble, createSigner, type Signer } from '../oidc/signer.ts'
import { clock, credentials, get, post, redirectUri, type TestClient } from '../security/attacker.ts'
import { type Desk, openDesk } from './requests.ts'

let desk: Desk
let key: Signer
let client: TestClient

beforeAll(async () => {
  desk = await openDesk({ clock })
  key = await createSigner('ES256')
  client = await desk.fixture.client({ request_object_signing_alg: 'ES256', jwks: key.jwks })
})
afterAll(() => desk.close())

const now = () => Math.floor(clock() / 1000)
const claims = (over: Record<string, unknown> = {}) => ({
  iss: client.client_id,
  aud: desk.fixture.issuer,
  client_id: client.client_id,
  exp: now() + 60,
  nbf: now(),
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'openid',
  code_challenge: 'c'.repeat(43),
  code_challenge_method: 'S256',
  ...over,
})
const visit = (request: string, by = client) =>
  get(`${desk.fixture.issuer}/authorize?${new URLSearchParams({ client_id: by.client_id, request })}`)

test.each<[string, () => Record<string, unknown>, RegExp]>([
  ['request_object_expired', () => ({ exp: now() - 100 }), /ended 1\d\d seconds before it arrived/],
  ['request_object_expired', () => ({ exp: now() - 3 }), /before it arrived/],
  ['request_object_early', () => ({ nbf: now() + 100 }), /valid only from/],
  ['request_object_long', () => ({ exp: now() + 4000 }), /an hour at most/],
  ['request_object_claims', () => ({ sub: 'me' }), /'sub' claim/],
  ['request_object_audience', () => ({ aud: 'https://other.example' }), /other\.example/],
  ['request_object_client', () => ({ iss: 'lk_somebody' }), /iss is “lk_somebody”/],
  ['request_object_client', () => ({ client_id: 'lk_somebody' }), /client_id “lk_somebody”/],
])('%s', async (rule, over, words) => {
  const { rejection, explanation } = await desk.kept(await visit(await key.sign(claims(over()))))
  expect([explanation.rule, rejection.clientId]).toEqual([rule, client.client_id])
  expect(explanation.mistake).toMatch(words)
  expect(rejection.details.request_object).toMatchObject({ alg: 'ES256', kid: 'ES256-1' })
})

test('the algorithm, the key, and what is no object; nothing of the object itself is kept', async () => {
  const other = await createSigner('ES256', 'another')
  const unsigned = await desk.kept(
    await visit(assemble({ alg: 'none' }, claims({ state: 'state-of-the-app' }))),
  )
  expect(unsigned.explanation.rule).toBe('request_object_algorithm')
  expect(unsigned.explanation.mistake).toContain('accepted is “ES256”')
  expect(JSON.stringify(unsigned.rejection)).not.toMatch(/eyJ|state-of-the-app/)
  const foreign = await desk.kept(await visit(await other.sign(claims())))
  expect(foreign.explanation.rule).toBe('request_object_signature')
  expect(foreign.explanation.mistake).toMatch(/names the key “another”. Registered are the keys “?ES256-1/)
  expect(await desk.ruleOf(await visit('nonsense'))).toBe('request_object_invalid')
})

test('at the pushed authorization request endpoint too', async () => {
  const own = credentials(client)
  const request = await key.sign(claims({ aud: 'https://other.example' }))
  const { rejection, explanation } = await desk.kept(
    await post(`${desk.fixture.issuer}/par`, { ...own.body, request }, own.headers),
  )
  expect([rejection.endpoint, explanation.rule]).toEqual([
    'pushed_authorization_request',
    'request_object_audience',
  ])
})

test('a client that has to sign, and does not', async () => {
  const strict = await desk.fixture.client({ require_signed_request_object: true, jwks: key.jwks })
  const { explanation } = await desk.kept(await get(desk.fixture.authorizeUrl(strict)))
  expect(explanation).toMatchObject({
    rule: 'request_object_required',
    here: expect.stringContaining('edit the client'),
  })
})
