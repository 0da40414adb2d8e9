import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSigningKeys, type SigningKeys } from '../../src/oidc/keys/keys.ts'
import { createKeyStore } from '../../src/oidc/keys/store.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { temporaryFolder } from '../support/folder.ts'
import { migratedDatabase } from '../support/template.ts'

const HOUR = 3_600_000
let now = Date.parse('2026-11-22T00:00:00Z')
let db: Database
let keys: SigningKeys
const folder = temporaryFolder()
const keysUnder = (secret: string) =>
  createSigningKeys({
    store: createKeyStore(db),
    events: () => {},
    secrets: createSecrets(secret),
    clock: () => now,
    lifetimes: {
      publishLead: HOUR,
      overlap: 2 * HOUR,
      longestTokenLife: async () => 0,
      retention: 100 * HOUR,
    },
  })
const signing = async () => (await keys.load()).jwks.find((jwk) => jwk.alg === 'RS256')?.kid
const published = async () =>
  (await keys.load()).jwks.filter((jwk) => jwk.alg === 'RS256').map(({ kid }) => kid)

beforeAll(async () => {
  db = await openDatabase({
    databaseUrl: await migratedDatabase('sqlite', folder),
    dataDir: folder,
    clock: () => now,
  })
  keys = keysUnder('s'.repeat(40))
  await keys.ensure()
})
afterAll(() => db.close())

test('there is one signing key for each algorithm, made once', async () => {
  await keys.ensure()
  const list = await keys.list()
  expect(list.map(({ alg, state }) => [alg, state]).sort()).toEqual([
    ['ES256', 'signing'],
    ['EdDSA', 'signing'],
    ['PS256', 'signing'],
    ['RS256', 'signing'],
  ])
})

test('private keys are sealed at rest', async () => {
  const stored = await createKeyStore(db).all()
  expect(JSON.stringify(stored)).not.toMatch(/"d"|"kty"/)
  await expect(keysUnder('t'.repeat(40)).load()).rejects.toThrow(/SECRET_KEY/)
})

test('key rotation: a new kid is published before its first use, the old one until its tokens have expired', async () => {
  const old = await signing()
  const before = await keys.version()
  await keys.rotate({ alg: 'RS256' })
  expect(await keys.version()).not.toBe(before)
  expect(await signing()).toBe(old)
  expect(await published()).toHaveLength(2)

  now += HOUR
  const fresh = await signing()
  expect(fresh).not.toBe(old)
  expect(await published()).toEqual([fresh, old])

  now += 2 * HOUR
  expect(await published()).toEqual([fresh])
  expect((await keys.list()).find(({ kid }) => kid === old)?.state).toBe('retired')
})

test('a leaked key is withdrawn at once', async () => {
  const leaked = await signing()
  await keys.rotate({ alg: 'RS256', now: true })
  expect(await published()).toHaveLength(1)
  expect(await signing()).not.toBe(leaked)
})

test('a leaked key is withdrawn at once also when a planned rotation has superseded it already', async () => {
  const leaked = await signing()
  await keys.rotate({ alg: 'RS256' })
  await keys.rotate({ alg: 'RS256', now: true })
  expect(await published()).toHaveLength(1)
  expect(await published()).not.toContain(leaked)
})
