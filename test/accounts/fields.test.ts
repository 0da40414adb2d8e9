import { expect, test } from 'vitest'
import { canonicalEmail } from '../../src/accounts/email/address.ts'
import { createLinks } from '../../src/accounts/email/links.ts'
import { parseFields, registrationSchema } from '../../src/accounts/schemas.ts'
import { canonicalUsername, usernameFrom } from '../../src/accounts/sign-up/username.ts'
import { ValidationError } from '../../src/shared/validation-error.ts'

const fields = { username: 'someone', email: 'someone@example.org', password: 'any' }
const errorsOf = (changes: object): Record<string, string> => {
  try {
    parseFields(registrationSchema, { ...fields, ...changes })
    return {}
  } catch (error) {
    if (error instanceof ValidationError) return error.sentences
    throw error
  }
}

test.each(['abc', 'a.b-c_d', '0day', 'A'.repeat(32), '  spaced  ', 'ＷＩＤＥ', 'x.y'])(
  'username accepted: %j',
  (username) => {
    expect(errorsOf({ username })).toEqual({})
  },
)

test.each([
  ['ab', /at least 3/],
  ['a'.repeat(33), /at most 32/],
  ['a'.repeat(10_000), /at most 32/],
  ['.dot', /Start with/],
  ['-dash', /Start with/],
  ['two words', /Use only/],
  ['новый', /Use only/],
  ['a@b.example', /not an email/],
  ['semi;colon', /Use only/],
  ['nul\u0000l', /Use only/],
  ['line\nbreak', /Use only/],
  ['аdmin', /Use only/], // the first letter is Cyrillic
  ['Admin', /reserved/],
  ['ROOT', /reserved/],
  ['ｓｕｐｐｏｒｔ', /reserved/],
  ['latchkey', /reserved/],
  [undefined, /Choose/],
  [['a', 'b'], /Choose/],
])('username refused: %j', (username, sentence) => {
  expect(errorsOf({ username })).toEqual({ username: expect.stringMatching(sentence) })
})

test('the displayed username keeps capitals, the canonical one does not', () => {
  expect(parseFields(registrationSchema, { ...fields, username: ' ＡdaL ' }).username).toBe('AdaL')
  expect(canonicalUsername(' ＡdaL ')).toBe('adal')
})

test.each([
  [' A.B+c@Example.COM ', 'a.b+c@example.com'],
  ['x@bücher.example', 'x@xn--bcher-kva.example'],
  ['x@BÜCHER.example', 'x@xn--bcher-kva.example'],
  ['admin@localhost', 'admin@localhost'],
  ["o'brien@example.org", "o'brien@example.org"],
])('address %j is %j', (typed, canonical) => {
  expect(canonicalEmail(typed)).toBe(canonical)
})

test.each([
  '',
  '@',
  'a@',
  '@b.example',
  'no-at.example',
  'a b@example.org',
  'a@b@example.org',
  'a@exa mple.org',
  'a@example..org',
  'a@-bad.example',
  'a@127.0.0.1',
  'a@[127.0.0.1]',
  'a@exa%6Dple.org',
  'a@example.org/path',
  'a@example.org:25',
  '.a@example.org',
  'a..b@example.org',
  'a\u0000@example.org',
  'a\r\nBcc:x@example.org',
  'a@example.org\r\nBcc: x@y.example',
  '"quoted"@example.org',
  'a,b@example.org',
  '\u212Aelvin@example.org', // lower-cases to “kelvin”
  'ñ@example.org',
  `${'a'.repeat(65)}@example.org`,
])('address refused: %j', (email) => {
  expect(errorsOf({ email })).toEqual({ email: expect.stringMatching(/^Enter an email address like/) })
})

test('an address over 254 characters is refused', () => {
  const email = `${'a'.repeat(64)}@${'b'.repeat(59)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`
  expect(errorsOf({ email })).toEqual({})
  expect(errorsOf({ email: email.replace('.example', '.longexample') })).toEqual({
    email: expect.stringMatching(/254/),
  })
})

test.each(['Zoë', 'O’Neil-Smith', '李小龍', 'می\u200Cخواهم', '👩\u200D🚀', ''])(
  'name accepted: %j',
  (givenName) => {
    expect(errorsOf({ givenName })).toEqual({})
  },
)

test.each([
  'a\u0000b',
  'a\nb',
  'a\u202Eb',
  'a\u2066b',
  'a\u200Bb',
  '\uFEFFa b\uFEFFc',
  'a\u2028b',
  'x'.repeat(101),
  'a\uD800b',
])('name refused: %j', (givenName) => {
  expect(errorsOf({ givenName })).toEqual({ givenName: expect.stringMatching(/^(Leave out|Use at most)/) })
})

test('names are trimmed and composed (NFC); empty ones are none', () => {
  const parsed = parseFields(registrationSchema, { ...fields, givenName: ' Zoe\u0308 ', familyName: '' })
  expect(parsed).toMatchObject({ givenName: 'Zoë', familyName: null })
})

test('a username made from an address is always a valid one', () => {
  for (const local of ['jo', '..x..', 'Ünïcode', '!!!', 'a'.repeat(64), '_x_y_z', '+tag']) {
    expect(errorsOf({ username: `${usernameFrom(local)}999` }), local).toEqual({})
  }
})

test('links are built on the issuer, path and all', () => {
  expect(createLinks('https://id.example.com/tenant/').resetPassword('tok-en_')).toBe(
    'https://id.example.com/tenant/reset-password?token=tok-en_',
  )
  expect(createLinks('http://localhost:3000').verifyEmail('t', 'flow&x=1')).toBe(
    'http://localhost:3000/verify-email?token=t&flow=flow%26x%3D1',
  )
})
