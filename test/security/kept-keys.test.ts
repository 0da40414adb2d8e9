import { readFileSync } from 'node:fs'
import { decodeProtectedHeader, type JWK, SignJWT } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createKeyStore } from '../../src/oidc/keys/store.ts'
import { createSecrets, secretKeyFile } from '../../src/shared/secrets.ts'
import { SIGNING_ALGORITHMS } from '../../src/shared/signing-algorithms.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { clock, createSecurityFixture, get, passTime, redirectUri, type Victim } from './attacker.ts'

/** An ordinary rotation ends nothing (OpenID Connect Core §10.1.1); a key that leaked is withdrawn with all it signed. */
const HOUR = 3600
let latchkey: Latchkey
afterEach(async () => {
  vi.useRealTimers()
  await latchkey.stop()
})

async function open(engine: (typeof engines)[number] = 'sqlite') {
  latchkey = await startLatchkey({ engine, clock })
  const fixture = createSecurityFixture(latchkey)
  const web = await fixture.client()
  const person = await fixture.victim([redirectUri])
  const hint = String((await fixture.tokens(person, web)).id_token)
  const kid = String(decodeProtectedHeader(hint).kid)
  const { keys } = latchkey.services
  const publishes = async (id: string) => {
    const { json } = await get(`${latchkey.issuer}/jwks`)
    return (json.keys as JWK[]).some((key) => key.kid === id)
  }
  const silently = async (id_token_hint: string, who: Victim = person) =>
    fixture.authorize(who, web, { prompt: 'none', id_token_hint })
  const hinted = () => get(`${latchkey.issuer}/logout?${new URLSearchParams({ id_token_hint: hint })}`)
  return { fixture, web, person, hint, kid, keys, publishes, silently, hinted }
}

const becomes = (probe: () => Promise<unknown>, value: unknown) => expect.poll(probe).toBe(value)

describe.each(engines)('keys on %s: two hours after an ordinary rotation', (engine) => {
  test('an older id_token is a hint still, unpublished and without its private half, until its key is withdrawn', async () => {
    const { keys, kid, publishes, silently, hint, hinted, person, web, fixture } = await open(engine)
    await keys.rotate()
    passTime(2 * HOUR + 1)
    await becomes(() => publishes(kid), false)
    expect((await silently(hint)).get('code')).not.toBeNull()
    expect((await hinted()).status).toBe(303)

    const stored = async () => {
      const row = (await createKeyStore(latchkey.services.db).all()).find((key) => key.kid === kid)
      const secrets = createSecrets(readFileSync(secretKeyFile(latchkey.dataDir), 'utf8').trim())
      return JSON.parse(secrets.open(row?.sealedJwk ?? '', `signing-key:${kid}`)) as JWK
    }
    expect(await stored()).toHaveProperty('d')
    const wiped = await Promise.all([keys.forgetPrivateHalves(), keys.forgetPrivateHalves()])
    expect(wiped[0] + wiped[1]).toBe(SIGNING_ALGORITHMS.length)
    expect(Object.keys(await stored()).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(await keys.forgetPrivateHalves()).toBe(0)
    expect((await silently(hint)).get('code')).not.toBeNull()

    const summary = (await keys.list()).find((key) => key.kid === kid)
    expect(summary?.state).toBe('retired')
    const newer = String((await fixture.tokens(person, web)).id_token)
    const withdrawn = await keys.retire(kid)
    expect(withdrawn.find((key) => key.kid === kid)?.state).toBe('withdrawn')
    await becomes(async () => (await silently(hint)).get('error'), 'invalid_request')
    expect((await silently(newer)).get('code')).not.toBeNull()
  })
})

test('rotating at once ends the hints of the key that signed and of those that were kept', async () => {
  const { keys, kid, publishes, silently, hint, person, fixture, web } = await open()
  await keys.rotate({ alg: 'RS256' })
  passTime(2 * HOUR + 1)
  await becomes(() => publishes(kid), false)
  const second = String((await fixture.tokens(person, web)).id_token)
  expect(decodeProtectedHeader(second).kid).not.toBe(kid)
  const states = (await keys.rotate({ alg: 'RS256', now: true })).filter(({ alg }) => alg === 'RS256')
  expect(states.map(({ state }) => state)).toEqual(['withdrawn', 'withdrawn', 'signing'])
  for (const old of [hint, second])
    await becomes(async () => (await silently(old)).get('error'), 'invalid_request')
  // Nothing is left to withdraw: the log names no key twice.
  const before = (await keys.list()).filter(({ state }) => state === 'withdrawn')
  await keys.rotate({ alg: 'RS256', now: true })
  expect((await keys.list()).filter(({ kid: id }) => before.some((key) => key.kid === id))).toEqual(before)
})

test('a hint is forgotten with the last session that its key can have signed for', async () => {
  const { keys, kid, publishes, silently, hint, fixture, web } = await open()
  await keys.rotate({ alg: 'RS256' })
  passTime(2 * HOUR + 1)
  await becomes(() => publishes(kid), false)
  passTime(91 * 86_400)
  const later = await fixture.victim([redirectUri])
  await fixture.tokens(later, web)
  await becomes(async () => (await silently(hint, later)).get('error'), 'invalid_request')
})

test('9.2.2: what else we sign for a client is no hint: only an id_token of it is', async () => {
  const { keys, silently, person, web } = await open()
  const { jwks } = await keys.load()
  const key = jwks.find(({ alg }) => alg === 'RS256')
  const sign = (typ: string | undefined, claims: Record<string, unknown>) =>
    new SignJWT({ iss: latchkey.issuer, aud: web.client_id, sub: person.user.id, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: String(key?.kid), ...(typ && { typ }) })
      .sign(key as JWK)
  expect((await silently(await sign(undefined, {}))).get('code')).not.toBeNull()
  for (const typ of ['at+jwt', 'logout+jwt', 'token-introspection+jwt'])
    expect((await silently(await sign(typ, {}))).get('error'), typ).toBe('invalid_request')
  for (const claims of [{ iss: 'https://evil.example' }, { aud: 'another' }, { sub: 7 }])
    expect((await silently(await sign(undefined, claims))).get('error')).toBe('invalid_request')
})

test('a client that signs by another algorithm by now may still show what it got before', async () => {
  const { silently, hint, web } = await open()
  await latchkey.services.clients.update(web.client_id, { id_token_signed_response_alg: 'ES256' })
  expect((await silently(hint)).get('code')).not.toBeNull()
})
