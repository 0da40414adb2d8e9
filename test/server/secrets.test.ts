import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createSecrets, loadSecretKeyFile, type Secrets } from '../../src/shared/secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))
const secrets = createSecrets('a'.repeat(40))

test('what is sealed is unreadable and opens again', () => {
  const sealed = secrets.seal('private key', 'signing-key:1')
  expect(sealed).not.toContain('private')
  expect(secrets.open(sealed, 'signing-key:1')).toBe('private key')
  expect(secrets.seal('private key', 'signing-key:1')).not.toBe(sealed)
})

test('sealed values open neither in another place, nor under another secret, nor when altered', () => {
  const sealed = secrets.seal('private key', 'signing-key:1')
  const altered = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`
  expect(() => secrets.open(sealed, 'signing-key:2')).toThrow(/SECRET_KEY/)
  expect(() => createSecrets('b'.repeat(40)).open(sealed, 'signing-key:1')).toThrow(/SECRET_KEY/)
  expect(() => secrets.open(altered, 'signing-key:1')).toThrow(/SECRET_KEY/)
  expect(() => secrets.open('', 'signing-key:1')).toThrow(/SECRET_KEY/)
})

test('each purpose has its own key, the same at every start', () => {
  const bytes = (of: Secrets, purpose: string) => of.key(purpose).export().toString('hex')
  expect(bytes(secrets, 'a')).not.toBe(bytes(secrets, 'b'))
  expect(bytes(secrets, 'a')).toBe(bytes(createSecrets('a'.repeat(40)), 'a'))
  expect(secrets.key('a').symmetricKeySize).toBe(32)
})

test('the key file is made once, for the owner only', () => {
  const first = loadSecretKeyFile(join(folder, 'data'))
  expect(loadSecretKeyFile(join(folder, 'data'))).toBe(first)
  expect(readFileSync(join(folder, 'data/secret.key'), 'utf8').trim()).toBe(first)
  expect(statSync(join(folder, 'data/secret.key')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
})
