import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basic, clock, get, passTime, pkce, post, type TestClient } from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type Desk, everything, openDesk, referenceOf } from './requests.ts'

let desk: Desk
let client: TestClient
beforeAll(async () => {
  desk = await openDesk({ clock })
  client = await desk.fixture.client({ redirect_uris: ['https://app.example/callback'] })
})
afterAll(() => desk.close())

/** So much of a secret would be a leak already. */
const TELLING = 12

async function expectNowhere(secrets: Record<string, string>) {
  const table = await everything(desk.latchkey)
  for (const [what, secret] of Object.entries(secrets))
    for (let start = 0; start + TELLING <= secret.length; start += TELLING)
      expect([what, table.includes(secret.slice(start, start + TELLING))]).toEqual([what, false])
}

/** Sends a request that has to be refused and kept. */
async function refused(answer: Promise<{ status: number; headers: Headers }>) {
  const { headers, status } = await answer
  expect([status, status >= 400 || headers.get('location')?.includes('error=')]).toEqual([status, true])
  await desk.latchkey.services.rejections.show(referenceOf({ headers }))
  passTime(4)
}

test('whatever fails at an endpoint, the secrets that came with it are not kept', async () => {
  const { fixture } = desk
  const { issuer } = fixture
  const victim = await fixture.victim()
  const tokens = await fixture.tokens(victim, client, { scope: 'openid' })
  const code = await fixture.code(victim, client)
  const secret = String(client.client_secret)
  const chosen = { password: PASSWORD, short: 'sw0rdfish!' }
  const prover = await createProver()
  const dpop = await prove(prover, 'POST', 'https://elsewhere.example/token')
  const { privateKey } = await generateKeyPair('ES256')
  const assertion = await new SignJWT({ iss: 'x', sub: client.client_id, jti: 'one' })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey)
  const verifier = pkce().verifier
  const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const token = (body: Record<string, string>, headers = {}) => post(`${issuer}/token`, body, headers)
  const own = basic(client.client_id, secret)

  await refused(token({ grant_type: 'password', username: 'ada', password: chosen.password }, own))
  await refused(
    token({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: chosen.short }),
  )
  await refused(token({ grant_type: 'client_credentials' }, basic(client.client_id, `${secret} `)))
  await refused(token({ grant_type: 'client_credentials' }, basic(secret, client.client_id)))
  await refused(
    token({
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: assertionType,
    }),
  )
  await refused(fixture.exchange(client, { ...code, verifier }))
  await refused(fixture.exchange(client, code, { redirect_uri: 'https://app.example/other' }))
  await refused(fixture.refresh(client, tokens.refresh_token, { scope: 'openid email phone' }))
  await refused(fixture.refresh(client, `${String(tokens.refresh_token)}_`))
  await refused(token({ grant_type: 'client_credentials' }, { ...own, dpop }))
  await refused(get(`${issuer}/userinfo?access_token=${String(tokens.access_token)}`))
  await refused(fixture.introspect({ ...client, client_secret: chosen.short }, tokens.access_token))
  await refused(fixture.revoke({ ...client, client_secret: chosen.short }, tokens.id_token))
  await refused(get(`${issuer}/logout?id_token_hint=${String(tokens.id_token)}x`))
  await refused(get(fixture.authorizeUrl(client, { request: assertion })))

  await expectNowhere({
    secret,
    ...chosen,
    assertion,
    dpop,
    code: code.code,
    verifier: code.verifier,
    'wrong verifier': verifier,
    'access token': String(tokens.access_token),
    'refresh token': String(tokens.refresh_token),
    id_token: String(tokens.id_token),
    Authorization: own.authorization.slice('Basic '.length),
  })
})

test.each([
  ['client_id', (value: string) => value],
  ['redirect_uri', (value: string) => `https://app.example/callback?code=${value}`],
  ['redirect_uri', (value: string) => `https://app.example/callback?anything=${value}`],
  ['redirect_uri', (value: string) => `https://app.example/callback#access_token=${value}`],
  ['redirect_uri', (value: string) => `https://app.example/${value}/callback`],
  ['redirect_uri', (value: string) => `https://user:${value}@app.example/callback`],
  ['scope', (value: string) => `openid "${value}"`],
  ['resource', (value: string) => `https://api.example/?token=${value}`],
  ['response_type', (value: string) => value],
  ['response_mode', (value: string) => value],
  ['prompt', (value: string) => value],
  ['code_challenge_method', (value: string) => value],
])('a secret that lands in %s by mistake is not kept there either', async (name, place) => {
  const { fixture } = desk
  const secret = String(client.client_secret)
  const [head = '', payload = '', signature = ''] = String(
    (await fixture.tokens(await fixture.victim(), client)).id_token,
  ).split('.')
  for (const value of [secret, `${head}.${payload}.${signature}`])
    await refused(get(fixture.authorizeUrl(client, { [name]: place(value) })))
  await expectNowhere({ secret, head, payload, signature })
})

test('the log has no more of them than the table', async () => {
  const secret = String(client.client_secret)
  expect(desk.latchkey.log.filter((line) => line.includes(secret))).toEqual([])
})
