import { expect, test } from 'vitest'
import { fromTyped, inGroups, toBase32 } from '../../src/factors/base32.ts'
import { hotp, matchingStep, stepAt } from '../../src/factors/totp/algorithm.ts'

const secret = Buffer.from('12345678901234567890')

test('the codes of RFC 4226 appendix D', () => {
  const codes = [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ]
  expect(codes.map((_, counter) => hotp(secret, counter))).toEqual(codes)
})

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('the code of RFC 6238 appendix B at %s seconds', (seconds, code) => {
  expect(hotp(secret, stepAt(seconds * 1000), 8)).toBe(code)
  expect(matchingStep(secret, code.slice(2), seconds * 1000)).toBe(Math.floor(seconds / 30))
})

test('a code counts one step before and after its own, and no further', () => {
  const time = 1_234_567_890_000
  const code = hotp(secret, stepAt(time))
  const found = [-60, -30, 0, 30, 60].map((late) => matchingStep(secret, code, time + late * 1000))
  const step = stepAt(time)
  expect(found).toEqual([undefined, step, step, step, undefined])
})

test.each(['', '12345', '1234567', 'abcdef', '１２３４５６', ' 12345', '-12345'])('%j is no code', (code) => {
  expect(matchingStep(secret, code, 0)).toBeUndefined()
})

test('base32 is that of RFC 4648 §10, and is read back as people type it', () => {
  expect(toBase32(Buffer.from('fooba'))).toBe('MZXW6YTB')
  expect(toBase32(secret)).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  expect(inGroups('MZXW6YTB')).toBe('MZXW-6YTB')
  expect(fromTyped(' mzxw 6ytb–')).toBe('MZXW6YTB')
  expect(fromTyped('0180')).toBe('OIBO')
})
