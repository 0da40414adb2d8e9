import { expect, test } from 'vitest'
import { judgePhoneNumber } from '../../src/sms/phone-numbers.ts'

test.each([
  ['a mobile', '+4915112345678', { prefixes: ['+49'] }],
  ['one of a plan that does not tell kinds apart', '+12025550123', { prefixes: ['+1'] }],
  ['a new one that no table knows', '+15551234567', { prefixes: ['+1'] }],
  ['premium', '+19005551234', { problem: 'refused_kind' }],
  ['premium over all countries', '+979123456789', { problem: 'refused_kind' }],
  ['shared cost', '+491801234567', { problem: 'refused_kind' }],
  ['personal numbers, which cost as premium ones do', '+447012345678', { problem: 'refused_kind' }],
  ['a network over all countries', '+883510012345', { problem: 'refused_kind' }],
  ['toll-free', '+18005551234', { problem: 'refused_kind' }],
  ['no such country', '+999123456789', { problem: 'not_a_number' }],
  ['too short', '+4412', { problem: 'not_a_number' }],
  ['not E.164', '0151 12345678', { problem: 'not_a_number' }],
])('toll fraud: %s', async (_name, number, expected) => {
  expect(await judgePhoneNumber(number, [])).toEqual(expected)
})

test('toll fraud: where countries are named, the others get none, and a number counts to each beginning that it has', async () => {
  expect(await judgePhoneNumber('+4915112345678', ['+44'])).toEqual({ problem: 'refused_country' })
  expect(await judgePhoneNumber('+4915112345678', ['+44', '+49', '+49151'])).toEqual({
    prefixes: ['+49', '+49151'],
  })
  // A country that is named does not let its premium numbers in.
  expect(await judgePhoneNumber('+19005551234', ['+1'])).toEqual({ problem: 'refused_kind' })
})
