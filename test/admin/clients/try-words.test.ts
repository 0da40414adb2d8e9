import { expect, test } from 'vitest'
import { decodeToken, masked, timeInWords } from '../../../src/admin/console/try-it/decode.ts'

test('a moment says how far away it is', () => {
  const now = Date.UTC(2026, 10, 25, 12)
  expect(timeInWords(now / 1000 + 3600, now)).toBe('25 Nov 2026, 13:00:00 UTC, in 1 hour')
  expect(timeInWords(now / 1000 - 60, now)).toMatch(/, 1 minute ago$/)
  expect(timeInWords(now / 1000, now)).toMatch(/, now$/)
})

test('of a credential so much is shown that it can be told from another; of a JWT all but the signature', () => {
  expect(masked('abcdefghijklmnop')).toBe('abcdef…')
  expect(masked('eyJh.eyJz.c2ln')).toBe('eyJh.eyJz.…')
})

test.each(['opaque', 'a.b.c', 'bm8.bm8.bm8', `${btoa('1')}.${btoa('2')}.x`])('%s is no JWT', (token) => {
  expect(decodeToken('access_token', token, 0)).toBeUndefined()
})
