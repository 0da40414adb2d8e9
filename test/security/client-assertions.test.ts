import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { clock, createSecurityFixture, passTime, post, type SecurityFixture } from './attacker.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const refused = { status: 401, json: { error: 'invalid_client' } }

/** For how long a client assertion is good, and that it is good once (RFC 7523 §3). */
describe.each(engines)('RFC 7523: the times of client assertions, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let key: CryptoKey
  let clientId: string
  let fapiId: string

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    const pair = await generateKeyPair('ES256', { extractable: true })
    key = pair.privateKey
    const machine = {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'k' }] },
    }
    clientId = (await fixture.client(machine)).client_id
    fapiId = (await fixture.client({ ...machine, profile: 'fapi2' })).client_id
  })
  afterAll(() => latchkey?.stop())
  afterEach(() => void vi.useRealTimers())

  const now = () => Math.floor(Date.now() / 1000)
  async function sign(claims: JWTPayload, id = clientId, header: { typ?: string } = {}): Promise<string> {
    const all = { iss: id, sub: id, aud: fixture.issuer, jti: crypto.randomUUID(), ...claims }
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: 'k', ...header }).sign(key)
  }
  const present = (assertion: string) =>
    post(`${fixture.issuer}/introspect`, {
      token: 'x',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  const status = async (claims: JWTPayload, id?: string) => (await present(await sign(claims, id))).status

  test('an ordinary library writes an hour: accepted, by its iat', async () => {
    expect(await status({ iat: now(), exp: now() + HOUR })).toBe(200)
  })

  test.each([1, 299, 310])('so is one that was made %i seconds ago', async (age) => {
    expect(await status({ iat: now() - age, exp: now() - age + HOUR })).toBe(200)
  })

  test.each([320, 600, HOUR - 1, 1e12])(
    'one that was made %i seconds ago is over, however far its exp lies, and was never used',
    async (age) => {
      const assertion = await sign({ iat: now() - age, exp: now() + HOUR })
      expect(await present(assertion)).toMatchObject(refused)
    },
  )

  test.each([0, 10, 299, 302, 320, HOUR - 1, DAY - 1])(
    'used, it is refused %i seconds later, when what had ended was swept',
    async (later) => {
      const assertion = await sign({ iat: now(), exp: now() + DAY })
      expect((await present(assertion)).status).toBe(200)
      passTime(later)
      await latchkey.services.artifacts.sweep(1000)
      expect(await present(assertion)).toMatchObject(refused)
    },
  )

  test('by a fast clock it is good for a minute more, and remembered for as long', async () => {
    const assertion = await sign({ iat: now() + 60, exp: now() + HOUR })
    const other = await sign({ iat: now() + 60, exp: now() + HOUR })
    expect((await present(assertion)).status).toBe(200)
    passTime(370)
    await latchkey.services.artifacts.sweep(1000)
    expect((await present(other)).status).toBe(200)
    expect(await present(assertion)).toMatchObject(refused)
  })

  test('of five at the same moment one is accepted', async () => {
    const assertion = await sign({ iat: now(), exp: now() + HOUR })
    const answers = await Promise.all(Array.from({ length: 5 }, () => present(assertion)))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401, 401, 401, 401])
  })

  test('an iat in the future is refused, beyond a minute', async () => {
    expect(await status({ iat: now() + 55, exp: now() + 120 })).toBe(200)
    for (const ahead of [65, 300, HOUR, Number.MAX_SAFE_INTEGER])
      expect([ahead, await status({ iat: now() + ahead, exp: now() + HOUR })]).toEqual([ahead, 401])
  })

  test('without an iat its exp is at most five minutes ahead', async () => {
    for (const ahead of [60, 300, 310]) expect(await status({ exp: now() + ahead })).toBe(200)
    for (const ahead of [330, HOUR, 1e15, Number.MAX_SAFE_INTEGER])
      expect([ahead, await status({ exp: now() + ahead })]).toEqual([ahead, 401])
  })

  test('an iat that is no number is no iat', async () => {
    for (const iat of [String(now()), null, true, [now()], {}])
      expect([iat, await status({ iat: iat as number, exp: now() + HOUR })]).toEqual([iat, 401])
  })

  test('beside an iat its exp is at most a day ahead', async () => {
    expect(await status({ iat: now(), exp: now() + DAY })).toBe(200)
    for (const ahead of [DAY + 30, 365 * DAY, 1e15, Number.MAX_SAFE_INTEGER])
      expect([ahead, await status({ iat: now(), exp: now() + ahead })]).toEqual([ahead, 401])
  })

  test('FAPI clients: five minutes whatever the iat says', async () => {
    expect(await status({ iat: now(), exp: now() + 300 }, fapiId)).toBe(200)
    expect(await status({ exp: now() + 300 }, fapiId)).toBe(200)
    expect(await status({ iat: now(), exp: now() + HOUR }, fapiId)).toBe(401)
    expect(await status({ exp: now() + HOUR }, fapiId)).toBe(401)
    expect(await status({ iat: now() + 65, exp: now() + 200 }, fapiId)).toBe(401)
  })

  test.each([
    'at+jwt',
    'application/at+jwt',
    'dpop+jwt',
    'oauth-authz-req+jwt',
    'logout+jwt',
    'token-introspection+jwt',
    'JWT client-authentication+jwt',
    '',
  ])('a JWT that was made for something else is none: typ “%s” (RFC 8725 §3.11)', async (typ) => {
    expect(await present(await sign({ iat: now(), exp: now() + 60 }, clientId, { typ }))).toMatchObject(
      refused,
    )
  })

  test.each(['client-authentication+jwt', 'application/client-authentication+jwt', 'JWT', 'jwt'])(
    'typ “%s” is what an assertion may say of itself',
    async (typ) => {
      expect((await present(await sign({ iat: now(), exp: now() + 60 }, clientId, { typ }))).status).toBe(200)
    },
  )

  test('nothing of it was an error of the server', () => {
    expect(latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
