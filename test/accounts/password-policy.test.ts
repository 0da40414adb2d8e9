import { expect, test } from 'vitest'
import { createPasswordPolicy } from '../../src/accounts/passwords/policy.ts'
import { createStrengthEstimator } from '../../src/accounts/passwords/strength.ts'

const policy = createPasswordPolicy({
  minimumLength: 12,
  serviceWords: ['latchkey', 'id.example.com', 'example'],
})
const person = {
  username: 'margaret',
  email: 'm.hamilton@apollo.example',
  givenName: 'Margaret',
  familyName: 'Hamilton',
}

test.each([
  'correct horse battery staple',
  'glass-otter-72-harbour',
  'xK9#mQ2$vL5n',
  'ein ganz gewöhnlicher satz',
  'пароль из нескольких слов',
  '我喜歡在雨天喝熱茶看書寫字',
  '🦦🏔️🎻 otter mountain violin',
  'z9!Q'.repeat(3) + 'different words follow here '.repeat(3),
])('accepted without any rule on its characters: %j', async (password) => {
  expect(await policy(password, person)).toBeUndefined()
})

test.each([
  ['too short', 'eleven char', /11 of at least 12/],
  ['empty', '', /too easy/],
  ['only spaces', ' '.repeat(20), /spaces only/],
  ['too long', 'word salad '.repeat(12), /at most 128/],
  ['a tab', 'glass-otter\t72-harbour', /control character/],
  ['NUL', 'glass-otter\u000072-harbour', /control character/],
  ['half a surrogate pair', 'glass-otter-72-harbour\uD83E', /control character/],
  ['common', 'password12345', /easy|common/],
  ['common with substitutions', 'P@$$w0rd12345', /easy|common/],
  ['common, reversed', '54321drowssap', /easy|common/],
  ['a row of keys', 'qwertyuiop[]', /easy|common/],
  ['digits in order', '123456789012345', /easy|common/],
  ['repetition', 'abcabcabcabcabc', /easy|common|guess/],
  ['one letter', 'a'.repeat(64), /easy|guess/],
  ['a date, twice', '07.06.198407.06.1984', /easy|guess/],
  ['a beginning of one letter: only that is scored', `${'a'.repeat(40)} plum cactus violin`, /easy/],
  ['the username', 'margaret12345', /your name/],
  ['the family name', 'Hamilton2024!', /your name/],
  ['the address', 'm.hamilton@apollo.example', /your name/],
  ['the service', 'Latchkey2026!', /name of this service/],
])('refused, with the reason and the way out: %s', async (_, password, reason) => {
  const refusal = await policy(password, person)
  expect(refusal).toMatch(reason)
  expect(refusal).toMatch(/^[A-Z].*\.$/)
  expect(refusal).not.toMatch(/capital|uppercase|symbol|digit/i)
})

test('length is counted in code points after NFC', async () => {
  expect(await policy('🦦🎻🏔🌊🍉🧭🪁🛶🥨🪴🧩', {})).toMatch(/11 of at least 12/)
  expect(await policy('é'.normalize('NFD').repeat(11), {})).toMatch(/11 of at least 12/)
})

test('the minimum length is a setting', async () => {
  const strict = createPasswordPolicy({ minimumLength: 30, serviceWords: [] })
  expect(await strict('correct horse battery staple', {})).toMatch(/28 of at least 30/)
})

test('what follows the scored beginning never makes a password weaker', async () => {
  const estimate = createStrengthEstimator()
  const beginning = 'glass-otter-72-harbour-velvet-pi'
  const { score } = await estimate(beginning, [])
  expect((await estimate(beginning + 'a'.repeat(90), [])).score).toBe(score)
})
