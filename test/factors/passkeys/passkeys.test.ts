import { createSecretKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FactorEvent } from '../../../src/factors/events.ts'
import { createPasskeys, MAX_PASSKEYS, type Passkeys } from '../../../src/factors/passkeys/passkeys.ts'
import {
  type Behaviour,
  createAuthenticator,
  type SoftwareAuthenticator,
} from '../../support/authenticator.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'

const ISSUER = 'https://id.example.com'
const BROWSER = 'browser one'
const DEVICE = 'Firefox on Linux'

interface Owner {
  id: string
  username: string
  displayName: string
  generation: number
}

describe.each(engines)('passkeys on %s', (engine) => {
  let latchkey: Latchkey
  let passkeys: Passkeys
  let ahead = 0
  const settings = { passkeys: 'on' as 'on' | 'off', passkeyOrigins: [] as string[] }
  const events: FactorEvent[] = []
  const refused: string[] = []
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    passkeys = open()
  })
  afterAll(() => latchkey.stop())

  const open = (issuer = ISSUER): Passkeys => {
    const { db, artifacts, accounts } = latchkey.services
    return createPasskeys({
      db,
      clock: () => Date.now() + ahead,
      artifacts,
      key: createSecretKey(Buffer.alloc(32, 7)),
      issuer: new URL(issuer),
      settings,
      events: (event) => events.push(event),
      notices: {
        added: ({ id }, kind) => events.push({ type: 'factor.added', accountId: id, kind }),
        removed: ({ id }, kind) => events.push({ type: 'factor.removed', accountId: id, kind }),
        passkeyRefused: (_owner, name) => refused.push(name),
      },
      codes: {
        prepare: async () => ({
          codes: ['code'],
          stored: [{ id: crypto.randomUUID(), prefix: 'code', hash: 'hash' }],
        }),
      },
      findOwner: (id) => accounts.byId(id),
    })
  }

  async function owner(): Promise<Owner> {
    const { id, username } = await latchkey.createUser()
    return { id, username, displayName: username, generation: 0 }
  }

  async function answer(person: Owner, authenticator: SoftwareAuthenticator, binding = BROWSER) {
    const options = await passkeys.registrationOptions(person, binding)
    if (options === undefined) throw new Error('no options')
    return authenticator.create(options)
  }

  async function register(person: Owner, behaviour: Partial<Behaviour> = {}) {
    const authenticator = createAuthenticator(ISSUER, behaviour)
    const outcome = await passkeys.register(
      { accountId: person.id, generation: 0 },
      await answer(person, authenticator),
      BROWSER,
      DEVICE,
    )
    if (outcome.kind !== 'added') throw new Error(`not added: ${JSON.stringify(outcome)}`)
    return { ...outcome, authenticator }
  }

  const signIn = async (authenticator: SoftwareAuthenticator, accountId?: string) =>
    passkeys.verifySignIn(
      authenticator.get(await passkeys.signInOptions(BROWSER, accountId)),
      BROWSER,
      accountId,
    )

  test('the first passkey of an account brings its recovery codes; the account says that it has one', async () => {
    const person = await owner()
    const first = await register(person, { aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd', synced: true })
    expect(first.recoveryCodes).toEqual(['code'])
    expect(first.passkey).toMatchObject({ name: 'iCloud Keychain', synced: true, lastUsedAt: null })
    const account = await latchkey.services.accounts.byId(person.id)
    expect(account?.secondFactors).toEqual(['passkey'])
    expect(account?.secondFactorSince).not.toBeNull()
    const second = await register(person)
    expect(second.recoveryCodes).toBeUndefined()
    expect((await register(person)).passkey.name).toBe('Firefox on Linux 2')
    expect(events.at(-1)).toMatchObject({ type: 'factor.added', accountId: person.id, kind: 'passkey' })
  })

  test('the options: a discoverable credential for the host of the issuer, none that is there already', async () => {
    const person = await owner()
    const { authenticator } = await register(person)
    const options = await passkeys.registrationOptions(person, BROWSER)
    expect(options).toMatchObject({
      rp: { id: 'id.example.com' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      excludeCredentials: [{ id: authenticator.credentialId }],
    })
    expect(options?.user.id).not.toContain(person.id)
    expect(Buffer.from(options?.user.id ?? '', 'base64url')).toHaveLength(32)
    expect((await passkeys.registrationOptions(person, BROWSER))?.user.id).toBe(options?.user.id)
    expect(await passkeys.signInOptions(BROWSER)).toMatchObject({
      rpId: 'id.example.com',
      allowCredentials: [],
      userVerification: 'required',
    })
    expect(await passkeys.signInOptions(BROWSER, person.id)).toMatchObject({
      allowCredentials: [{ id: authenticator.credentialId }],
      userVerification: 'preferred',
    })
  })

  test('a passkey that verified its user signs in by itself, by two factors', async () => {
    const person = await owner()
    const { authenticator, passkey } = await register(person)
    expect(await signIn(authenticator)).toEqual({
      kind: 'verified',
      accountId: person.id,
      passkeyId: passkey.id,
      amr: ['hwk', 'user', 'mfa'],
      userVerified: true,
    })
    expect((await passkeys.list(person.id))[0]?.lastUsedAt).toBeGreaterThan(0)
    const { authenticator: synced } = await register(person, { synced: true, counter: 0 })
    expect(await signIn(synced)).toMatchObject({ amr: ['swk', 'user', 'mfa'] })
    expect(await signIn(synced)).toMatchObject({ kind: 'verified' })
  })

  test('a passkey that does not verify its user is a second factor alone', async () => {
    const person = await owner()
    const { authenticator } = await register(person, { verifies: false })
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'unverified' })
    expect(await signIn(authenticator, person.id)).toMatchObject({ kind: 'verified', amr: ['hwk', 'user'] })
    // Whoever finds a security key may give it a PIN: it counts once it was shown beside the password.
    authenticator.behaviour.verifies = true
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'unverified' })
    expect(await signIn(authenticator, person.id)).toMatchObject({ amr: ['hwk', 'user', 'mfa'] })
    expect(await signIn(authenticator)).toMatchObject({ kind: 'verified', userVerified: true })
  })

  test('the passkey of another account verifies no second factor', async () => {
    const [person, other] = [await owner(), await owner()]
    await register(person)
    const { authenticator } = await register(other)
    expect(await signIn(authenticator, person.id)).toMatchObject({ kind: 'wrong', reason: 'unknown' })
    expect(events.at(-1)).toEqual({ type: 'factor.code_wrong', accountId: person.id, kind: 'passkey' })
    // Nor with a challenge that the other account was given, in the same browser.
    const own = authenticator.get(await passkeys.signInOptions(BROWSER, other.id))
    expect(await passkeys.verifySignIn(own, BROWSER, person.id)).toMatchObject({ reason: 'foreign' })
    expect(await passkeys.verifySignIn(own, BROWSER)).toMatchObject({ reason: 'foreign' })
    expect(await passkeys.verifySignIn(own, BROWSER, other.id)).toMatchObject({ kind: 'verified' })
  })

  test('the challenge of another browser is none, and each works once, for five minutes', async () => {
    const person = await owner()
    const { authenticator } = await register(person)
    const credential = authenticator.get(await passkeys.signInOptions(BROWSER))
    expect(await passkeys.verifySignIn(credential, 'browser two')).toMatchObject({ reason: 'foreign' })
    expect(await passkeys.verifySignIn(credential, BROWSER)).toMatchObject({ kind: 'verified' })
    expect(await passkeys.verifySignIn(credential, BROWSER)).toMatchObject({ reason: 'spent' })
    const late = authenticator.get(await passkeys.signInOptions(BROWSER))
    ahead = 301_000
    expect(await passkeys.verifySignIn(late, BROWSER)).toMatchObject({ reason: 'spent' })
    ahead = 0
    const made = authenticator.get({ challenge: Buffer.alloc(52, 1).toString('base64url') })
    expect(await passkeys.verifySignIn(made, BROWSER)).toMatchObject({ reason: 'foreign' })
    const registration = await answer(person, createAuthenticator(ISSUER), 'browser two')
    const by = { accountId: person.id, generation: 0 }
    expect(await passkeys.register(by, registration, BROWSER, DEVICE)).toMatchObject({ reason: 'foreign' })
  })

  test('of one answer that is sent many times at once, one counts', async () => {
    const { authenticator } = await register(await owner(), { counter: 0 })
    const credential = authenticator.get(await passkeys.signInOptions(BROWSER))
    const neighbour = open()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? passkeys : neighbour).verifySignIn(credential, BROWSER),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
  })

  test.each<[string, Partial<Behaviour>]>([
    ['another origin', { origin: 'https://id.example.net' }],
    ['the same host by another port', { origin: 'https://id.example.com:8443' }],
    ['another RP ID', { rpId: 'example.com' }],
    ['another act', { type: 'webauthn.payment' }],
  ])('an answer of %s is refused, at registration and sign-in', async (_name, behaviour) => {
    const person = await owner()
    const by = { accountId: person.id, generation: 0 }
    const created = await answer(person, createAuthenticator(ISSUER, behaviour))
    expect(await passkeys.register(by, created, BROWSER, DEVICE)).toMatchObject({ reason: 'invalid' })
    const { authenticator } = await register(person)
    Object.assign(authenticator.behaviour, behaviour)
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'invalid' })
  })

  test('a related origin is accepted while the settings name it', async () => {
    const { authenticator } = await register(await owner())
    authenticator.behaviour.origin = 'https://shop.example'
    expect(await signIn(authenticator)).toMatchObject({ reason: 'invalid' })
    settings.passkeyOrigins = ['https://shop.example']
    expect(await signIn(authenticator)).toMatchObject({ kind: 'verified' })
    settings.passkeyOrigins = []
  })

  test('a key of another credential signs nothing, and the user handle of another account names nobody', async () => {
    const [person, other] = [await owner(), await owner()]
    const { authenticator: one } = await register(person)
    const { authenticator: two } = await register(other)
    const options = await passkeys.signInOptions(BROWSER)
    const forged = two.get(options)
    const { id, rawId } = one.get(options)
    expect(await passkeys.verifySignIn({ ...forged, id, rawId }, BROWSER)).toMatchObject({
      reason: 'invalid',
    })
    const renamed = two.get(await passkeys.signInOptions(BROWSER))
    renamed.response.userHandle = one.get(options).response.userHandle
    expect(await passkeys.verifySignIn(renamed, BROWSER)).toMatchObject({ reason: 'invalid' })
    const nameless = two.get(await passkeys.signInOptions(BROWSER))
    delete nameless.response.userHandle
    expect(await passkeys.verifySignIn(nameless, BROWSER)).toMatchObject({ reason: 'invalid' })
  })

  test('a counter that goes back refuses that passkey for good, tells its owner once, and locks nothing else', async () => {
    const person = await owner()
    const { authenticator, passkey } = await register(person, { counter: 5 })
    const { authenticator: other } = await register(person)
    expect(await signIn(authenticator)).toMatchObject({ kind: 'verified' })
    authenticator.behaviour.counter = 6
    refused.length = 0
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'refused' })
    expect(refused).toEqual([passkey.name])
    authenticator.behaviour.counter = 900
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'refused' })
    expect(await signIn(authenticator, person.id)).toMatchObject({ kind: 'wrong', reason: 'refused' })
    expect(refused).toHaveLength(1)
    expect((await passkeys.list(person.id))[0]?.refusedAt).toBeGreaterThan(0)
    expect((await passkeys.signInOptions(BROWSER, person.id)).allowCredentials).toHaveLength(1)
    expect(await signIn(other)).toMatchObject({ kind: 'verified' })
    expect((await latchkey.services.accounts.byId(person.id))?.secondFactors).toEqual(['passkey'])
  })

  test('a counter that nothing signed refuses no passkey', async () => {
    const { authenticator } = await register(await owner(), { counter: 50 })
    const forged = createAuthenticator(ISSUER, { counter: 1 }).get(await passkeys.signInOptions(BROWSER))
    const { id, rawId, response } = authenticator.get({ challenge: 'AAAA' })
    forged.response.userHandle = response.userHandle
    expect(await passkeys.verifySignIn({ ...forged, id, rawId }, BROWSER)).toMatchObject({
      reason: 'invalid',
    })
    expect(await signIn(authenticator)).toMatchObject({ kind: 'verified' })
  })

  test('a removed passkey is refused, and without a last one the account has no second factor', async () => {
    const [person, other] = [await owner(), await owner()]
    const { authenticator, passkey } = await register(person)
    expect(await passkeys.remove({ accountId: other.id, generation: 0 }, passkey.id)).toBeUndefined()
    expect(await passkeys.remove({ accountId: person.id, generation: 0 }, passkey.id)).toMatchObject({
      id: passkey.id,
    })
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong', reason: 'unknown' })
    expect(await passkeys.list(person.id)).toEqual([])
    const account = await latchkey.services.accounts.byId(person.id)
    expect(account?.secondFactors).toEqual([])
    expect(account?.secondFactorSince).toBeNull()
    expect(events.at(-1)).toMatchObject({ type: 'factor.removed', accountId: person.id })
  })

  test('what keeps passkeys is told which there are no more, but on localhost, where each server of a machine has the same name', async () => {
    const person = await owner()
    expect(await passkeys.accepted(person.id)).toBeUndefined()
    const [one, other] = [await register(person), await register(person)]
    await passkeys.remove({ accountId: person.id, generation: 0 }, one.passkey.id)
    expect(await passkeys.accepted(person.id)).toMatchObject({
      rpId: 'id.example.com',
      allAcceptedCredentialIds: [other.authenticator.credentialId],
    })
    expect(await signIn(one.authenticator)).toMatchObject({
      forget: { rpId: 'id.example.com', credentialId: one.authenticator.credentialId },
    })
    const local = open('http://localhost:3000')
    expect(await local.accepted(person.id)).toBeUndefined()
    const answer = one.authenticator.get(await local.signInOptions(BROWSER))
    expect(await local.verifySignIn(answer, BROWSER)).toEqual({ kind: 'wrong', reason: 'unknown' })
  })

  test('a new name, of its owner alone', async () => {
    const [person, other] = [await owner(), await owner()]
    const { passkey } = await register(person)
    expect(await passkeys.rename(person.id, passkey.id, '  Blue key ')).toBe(true)
    expect(await passkeys.rename(other.id, passkey.id, 'Mine')).toBe(false)
    expect((await passkeys.list(person.id))[0]?.name).toBe('Blue key')
    for (const name of ['', ' ', 'x'.repeat(65), 'a\nb'])
      await expect(passkeys.rename(person.id, passkey.id, name)).rejects.toMatchObject({ status: 422 })
  })

  test('nothing is added by a sign-in that has ended, to a disabled account, twice, or beyond what an account may have', async () => {
    const person = await owner()
    const authenticator = createAuthenticator(ISSUER)
    const ended = { accountId: person.id, generation: 1 }
    expect(
      await passkeys.register(ended, await answer(person, authenticator), BROWSER, DEVICE),
    ).toMatchObject({ kind: 'no_account' })
    const by = { accountId: person.id, generation: 0 }
    for (let count = 0; count < MAX_PASSKEYS; count++) await register(person)
    await expect(
      passkeys.register(by, await answer(person, authenticator), BROWSER, DEVICE),
    ).rejects.toMatchObject({ code: 'too_many_passkeys' })
    const other = await owner()
    const { authenticator: known } = await register(other)
    expect(
      await passkeys.register(
        { accountId: other.id, generation: 0 },
        await answer(other, known),
        BROWSER,
        DEVICE,
      ),
    ).toEqual({ kind: 'taken' })
    await latchkey.services.accounts.disable(other.id)
    const account = await latchkey.services.accounts.byId(other.id)
    expect(
      await passkeys.register(
        { accountId: other.id, generation: account?.generation ?? 0 },
        await answer(other, createAuthenticator(ISSUER)),
        BROWSER,
        DEVICE,
      ),
    ).toEqual({ kind: 'no_account' })
  })

  test('switched off, none is added and none signs in by itself; a second factor goes on by those there are', async () => {
    const person = await owner()
    const { authenticator } = await register(person)
    const pending = await answer(person, createAuthenticator(ISSUER))
    settings.passkeys = 'off'
    expect(passkeys.availability()).toBe('off')
    await expect(
      passkeys.register({ accountId: person.id, generation: 0 }, pending, BROWSER, DEVICE),
    ).rejects.toMatchObject({ code: 'passkeys_off' })
    expect(await signIn(authenticator)).toMatchObject({ kind: 'wrong' })
    expect(await signIn(authenticator, person.id)).toMatchObject({ kind: 'verified' })
    settings.passkeys = 'on'
  })

  test.each([
    undefined,
    null,
    '',
    '{',
    '[]',
    { id: 1 },
    '{"id":"a","rawId":"a","type":"public-key","response":{}}',
  ])('what is no credential is none: %j', async (given) => {
    expect(await passkeys.verifySignIn(given, BROWSER)).toMatchObject({ kind: 'wrong' })
    const person = await owner()
    expect(
      await passkeys.register({ accountId: person.id, generation: 0 }, given, BROWSER, DEVICE),
    ).toMatchObject({ kind: 'wrong' })
  })

  test.each([
    ['https://id.example.com', 'on'],
    ['http://localhost:3000', 'on'],
    ['http://app.localhost:3000', 'on'],
    ['https://192.0.2.7', 'ip_address'],
    ['http://127.0.0.1:3000', 'ip_address'],
    ['https://[2001:db8::1]', 'ip_address'],
  ])('an issuer at %s: %s', (issuer, expected) => {
    expect(open(issuer).availability()).toBe(expected)
  })
})
