import { expect, test } from 'vitest'
import { flowed } from '../../src/mail/flowed.ts'

test('a line ends at a space, and at none that joins', () => {
  const word = 'a'.repeat(66)
  expect(flowed(`${word} Passe\u202F? dit-il`)).toEqual([`${word}  `, 'Passe\u202F? dit-il'])
  expect(flowed(`${word} «\u00A0oui\u00A0» dit-il`)).toEqual([`${word}  `, '«\u00A0oui\u00A0» dit-il'])
})
