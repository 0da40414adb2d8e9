import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { exportJWK } from 'jose'
import { ExternalSigningKey } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { concatenated, signersOf } from '../../src/oidc/keys/signer.ts'

/** SEQUENCE { INTEGER r, INTEGER s } as DER has it: as few bytes as hold the numbers, the first bit of each is zero. */
function derOf(...numbers: string[]): Buffer {
  const integers = numbers.map((hex) => {
    const digits = Buffer.from(hex, 'hex')
    return Buffer.from([2, digits.length, ...digits])
  })
  const content = Buffer.concat(integers)
  return Buffer.from([0x30, content.length, ...content])
}

const low = '7f'.repeat(32)
const high = 'ff'.repeat(32)

describe('the two numbers of an ES256 signature', () => {
  test.each([
    ['of 32 bytes each', derOf(low, low), low + low],
    ['the first has its high bit set', derOf(`00${high}`, low), high + low],
    ['the second has its high bit set', derOf(low, `00${high}`), low + high],
    ['the first is short', derOf('7f01', low), '7f01'.padStart(64, '0') + low],
    ['the second is short', derOf(low, '01'), low + '01'.padStart(64, '0')],
    [
      'both are short, with their high bits set',
      derOf('0080', `00${'80'.repeat(31)}`),
      '80'.padStart(64, '0') + '80'.repeat(31).padStart(64, '0'),
    ],
  ])('%s', (_name, der, expected) => {
    expect(concatenated(der).toString('hex')).toBe(expected)
  })

  test('are what node:crypto verifies, of signatures of every length', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const lengths = new Set<number>()
    for (let index = 0; index < 600; index++) {
      const data = Buffer.from(`${index}`)
      const der = sign('sha256', data, privateKey)
      lengths.add(der.length)
      const signature = concatenated(der)
      expect(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
    expect(lengths.size).toBeGreaterThan(1)
  })
})

test.each([
  ['P-256', true],
  ['P-384', false],
  ['P-521', false],
])('a key of %s that says it is for ES256 signs here: %s', async (namedCurve, signs) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'one' }
  const [signer] = signersOf([jwk])
  expect(signer instanceof ExternalSigningKey).toBe(signs)
  if (!signs) expect(signer).toBe(jwk)
})
