import { expect, test } from 'vitest'
import { skipReason } from './packages.ts'

const failed = (words: string) => new Error(`Command failed: npm ci\nnpm error ${words}`)

test('without a registry the tests of its packages are skipped with the reason, except in CI', () => {
  const away = failed('code ECONNREFUSED\nnpm error request to http://127.0.0.1:9/jose failed')
  expect(skipReason(away, false)).toContain('cannot be reached (ECONNREFUSED)')
  expect(() => skipReason(away, true)).toThrow('ECONNREFUSED')
})

test.each(['code E404', 'code EINTEGRITY', 'code EUSAGE', 'code E403'])(
  'an answer of the registry is a failure everywhere: %s',
  (words) => {
    expect(() => skipReason(failed(words), false)).toThrow(words)
  },
)
