import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { withoutPrivateKeys } from '../../src/shared/key-set.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = privateKey.export({ format: 'jwk' })
const open = publicKey.export({ format: 'jwk' })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
const d = String(secret.d)

describe('keys that were typed, as a form shows them again', () => {
  test.each([
    ['a JWK', JSON.stringify(secret)],
    ['a JWK Set', JSON.stringify({ keys: [secret, open] })],
    ['a JWK that has a PEM beside it', JSON.stringify({ ...open, pem })],
    ['the file of a service account', JSON.stringify({ type: 'service_account', private_key: pem })],
    ['a text of JSON', JSON.stringify(JSON.stringify(secret))],
    ['a text of JSON that is cut', JSON.stringify(JSON.stringify(secret)).slice(0, -4)],
    ['JSON that is cut', JSON.stringify(secret).slice(0, -1)],
    ['JSON with a comma too many', `${JSON.stringify(secret)},`],
    ['what Python prints', `{'kty': 'EC', 'd': '${d}'}`],
    ['an object of JavaScript', `{kty:'EC', d:'${d}'}`],
    ['YAML', `kty: EC\nd: ${d}`],
    ['PEM', pem],
    ['PEM without its frame', der],
    ['DER behind a word', `KEY=${der}`],
    ['DER on a second line', `\n\n${der}`],
    ['a JWK Set of DER', JSON.stringify({ keys: [der] })],
    ['a JWK with a key of another name', JSON.stringify({ kty: 'EC', key: der, D: d })],
    ['a JWK in a JWK', JSON.stringify({ keys: [{ kty: 'EC', privateKey: { d } }] })],
    ['a list', JSON.stringify([secret])],
    ['a file of PuTTY', `PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nPrivate-Lines: 1\n${d}`],
  ])('%s: without its private key', (_what, typed) => {
    const again = withoutPrivateKeys(typed)
    expect(again).not.toContain(d)
    expect(again).not.toContain(der.slice(0, 40))
    expect(again).not.toContain('PRIVATE KEY')
  })

  test('public keys stay, also where a private one stands beside them', () => {
    const set = JSON.stringify({ keys: [open] })
    expect(withoutPrivateKeys(set)).toBe(set)
    expect(JSON.parse(withoutPrivateKeys(JSON.stringify(secret)))).toEqual(open)
    expect(JSON.parse(withoutPrivateKeys(JSON.stringify({ keys: [secret] })))).toEqual({ keys: [open] })
  })

  test.each([
    '{broken',
    'https://app.example/jwks.json?k=1',
    'https://app.example/a-long-path/with-many-parts/jwks.json',
    '',
  ])('a mistake that holds no key stays to be mended: %j', (typed) => {
    expect(withoutPrivateKeys(typed)).toBe(typed)
  })
})
