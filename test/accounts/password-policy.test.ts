import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  createPasswordPolicy,
  newOwner,
  type PasswordContext,
  type PasswordRules,
} from '../../src/accounts/passwords/policy.ts'
import { createStrengthEstimator } from '../../src/accounts/passwords/strength.ts'

const RULES: PasswordRules = {
  passwordMinLength: 12,
  passwordMinLengthWithSecondFactor: 8,
  passwordWords: ['Kestrel', 'Aurora', 'Bergstraße'],
}
const policyWith = (rules: Partial<PasswordRules> = {}) =>
  createPasswordPolicy({
    rules: { ...RULES, ...rules },
    serviceWords: ['latchkey', 'id.example.com', 'example'],
    secondFactorRequired: ({ role }) => role === 'admin',
    isStolen: async (password, { here }) => !here && password === 'velvet-canoe-harbour-71',
  })
const { policy: checked, rate } = policyWith()
const policy = (password: string, context: PasswordContext) => checked(password, context, newOwner('user'))
const besideSecondFactor = (password: string, context: PasswordContext = {}) =>
  checked(password, context, newOwner('admin'))
const person = {
  username: 'margaret',
  email: 'm.hamilton@apollo.example',
  givenName: 'Margaret',
  familyName: 'Hamilton',
}
const STRONG_BEGINNING = 'glass-otter-72-harbour-velvet-pi'

test.each([
  'glass-otter-72-harbour',
  'glass otter harbour',
  'xK9#mQ2$vL5n',
  'my red car is fast asleep',
  'ein ganz gewöhnlicher satz',
  'пароль из нескольких слов',
  '我喜歡在雨天喝熱茶看書寫字',
  '🦦🏔️🎻 otter mountain violin',
  'z9!Q'.repeat(3) + 'different words follow here '.repeat(3),
  // A common password whose end alone takes more guesses than there is time for.
  'dragon 83719 46205 17',
])('accepted without any rule on its characters: %j', async (password) => {
  expect(await policy(password, person)).toBeUndefined()
})

test.each([
  ['too short', 'eleven char', /11 of at least 12/],
  ['empty', '', /^Enter a password\.$/],
  ['only spaces', ' '.repeat(20), /spaces only/],
  ['too long', 'word salad '.repeat(12), /at most 128/],
  ['a tab', 'glass-otter\t72-harbour', /control character/],
  ['NUL', 'glass-otter\u000072-harbour', /control character/],
  ['half a surrogate pair', 'glass-otter-72-harbour\uD83E', /control character/],
  ['common', 'password12345', /common|most/],
  ['common with substitutions', 'P@$$w0rd12345', /easy|common/],
  ['common, reversed', '54321drowssap', /easy|common/],
  ['reversed, with a year and signs', 'enihsnus2026!!!!', /common word/],
  ['a row of keys', 'qwertyuiop[]', /easy|common/],
  ['two rows of keys', 'zaq12wsxcde34rfv', /row of keys/],
  ['rows of keys with the shift key', '!QAZ2wsx#EDC4rfv', /easy|common|row of keys/],
  ['a row of keys and a year', 'qwertzuiop2026!!', /easy|common|row of keys/],
  ['digits in order', '123456789012345', /easy|common|most/],
  ['repetition', 'abcabcabcabcabc', /easy|common|guess/],
  ['one letter', 'a'.repeat(64), /easy|guess/],
  ['a date, twice', '07.06.198407.06.1984', /easy|guess/],
  ['the username', 'margaret12345', /your name/],
  ['the family name', 'Hamilton2024!', /your name/],
  ['both names and a year', 'Margaret.Hamilton.1936', /your name/],
  ['the address', 'm.hamilton@apollo.example', /your name/],
  ['the service', 'Latchkey2026!', /name of this service/],
  ['a season and a year', 'Summer2026!!', /common word|common password/],
  ['a season and a year, twice', 'Winter2025Winter2025', /repeats itself/],
  ['a month and a year', 'October2026!!', /common word|common password/],
  ['a day of the week and a number', 'Wednesday-1234', /common word|common password/],
  ['a town and a year', 'Berlin2026!!!!!', /common word|common password/],
  ['a month in another language', 'Dezember-2025!', /common/],
  ['a season in another language, without its accents', 'Fruehling2026!!', /common/],
  ['“password” in another language', 'contraseña2026', /common/],
  ['“I love you” in another language', 'ichliebedich123', /common/],
  ['a common password and signs', 'letmein123456!!', /common password/],
  ['a common password, twice', 'password password', /common|repeats itself/],
  ['a common password, twice, with all that rules ask for', 'P4ssw0rd!P4ssw0rd!', /common|repeats itself/],
  ['a word, three times', 'sunshine sunshine sunshine', /repeats itself/],
  ['a word of no list, three times', 'glorp glorp glorp', /repeats itself/],
  ['spelled out', 'p.a.s.s.w.o.r.d.1.2.3', /common/],
  ['a sentence of the commonest words', 'this is my house', /common words/],
  ['three common passwords', 'MonkeyDragonFootball', /common words/],
  ['a phrase', 'correcthorsebatterystaple', /phrase that everybody knows/],
  ['a phrase with spaces', 'correct horse battery staple', /phrase that everybody knows/],
  ['a phrase as rules ask for it', 'Correct-Horse-Battery-Staple-1!', /phrase that everybody knows/],
  ['a phrase of Shakespeare', 'tobeornottobethatisthequestion', /phrase that everybody knows/],
  ['a phrase of the films', 'M4y the f0rce be with you!', /phrase that everybody knows/],
  ['a word that is longer than a piece', 'pneumonoultramicroscopicsilicovolcanoconiosis', /phrase|easy/],
  ['a phrase again and again, further than a piece', 'Let it be, let it be, let it be, let it be', /phrase/],
  ['a word of the organization', 'Kestrel2026!!', /words that belong to it/],
  ['two words of the organization', 'kestrel-aurora-1', /words that belong to it/],
  ['a word of the organization with substitutions', 'K3str3l-Aur0ra!', /words that belong to it/],
  ['a word of the organization, of other letters', 'Bergstraße 2026', /words that belong to it/],
])('refused, with the reason and the way out: %s', async (_, password, reason) => {
  const refusal = await policy(password, person)
  expect(refusal).toMatch(reason)
  expect(refusal).toMatch(/^[A-Z].*\.$/)
  expect(refusal).not.toMatch(/capital|uppercase|symbol|digit/i)
})

test('each of the 49,233 commonest passwords is refused by name, in whatever case and form', async () => {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const long = dictionary['passwords-common'].map(String).filter((each) => each.length >= 8)
  expect(dictionary['passwords-common'].length).toBeGreaterThan(49_000)
  const { policy: open } = policyWith({ passwordMinLength: 8, passwordWords: [] })
  const accepted: string[] = []
  for (const each of long)
    for (const typed of [each, each.toUpperCase(), each.normalize('NFD')])
      if ((await open(typed, {}, newOwner('user'))) === undefined) accepted.push(typed)
  expect(accepted).toEqual([])
})

test('a stolen password is refused, with what to do about it elsewhere', async () => {
  expect(await policy('velvet-canoe-harbour-71', {})).toMatch(/stolen passwords.*change it wherever else/)
  expect(await policy('velvet-canoe-harbour-72', {})).toBeUndefined()
})

test('length is counted in code points after NFC', async () => {
  expect(await policy('🦦🎻🏔🌊🍉🧭🪁🛶🥨🪴🧩', {})).toMatch(/11 of at least 12/)
  expect(await policy('é'.normalize('NFD').repeat(11), {})).toMatch(/11 of at least 12/)
})

test('the minimum length and the words of the organization are settings, read at each password', async () => {
  const rules = { ...RULES, passwordMinLength: 30 }
  const { policy: strict } = createPasswordPolicy({
    rules,
    serviceWords: [],
    secondFactorRequired: () => false,
    isStolen: async () => false,
  })
  expect(await strict('glass otter harbour violin', {}, newOwner('user'))).toMatch(/26 of at least 30/)
  rules.passwordMinLength = 15
  expect(await strict('glass otter harbour violin', {}, newOwner('user'))).toBeUndefined()
  rules.passwordWords = ['Glass', 'Otter', 'Harbour', 'Violin']
  expect(await strict('glass otter harbour violin', {}, newOwner('user'))).toMatch(/belong to it/)
})

test('where a second factor is required, 8 characters are enough, and common ones are refused all the same', async () => {
  expect(await policy('u8dk2mzq', {})).toMatch(/8 of at least 12/)
  expect(await besideSecondFactor('u8dk2mzq')).toBeUndefined()
  expect(await besideSecondFactor('u8dk2mz')).toMatch(/7 of at least 8/)
  for (const weak of ['Summer26', 'password', 'qwertyui', 'letmein1!', 'dragon2026', 'Latchkey1'])
    expect(await besideSecondFactor(weak)).toMatch(/\.$/)
})

test('beside a second factor a password has to be worth a hundredth of the guesses', async () => {
  const { policy: short } = policyWith({ passwordMinLength: 8 })
  expect(await short('k7home2qz', {}, newOwner('admin'))).toBeUndefined()
  expect(await short('k7home2qz', {}, newOwner('user'))).toMatch(/easy to guess/)
})

test('the length beside a second factor is never more than that of a password alone', async () => {
  const { policy: rules } = policyWith({ passwordMinLength: 10, passwordMinLengthWithSecondFactor: 20 })
  expect(await rules('u8dk2mzqx', {}, newOwner('admin'))).toMatch(/9 of at least 10/)
})

test('a rating says what the policy says, and how far a password is from it', async () => {
  const passwords = [
    'x',
    'u8dk2mz',
    'password1234',
    'margaret hamilton',
    'kestrel aurora 2026',
    'tab\tinside a long one',
  ]
  for (const password of passwords) {
    const { level, weakness } = await rate(password, person, newOwner('user'))
    expect([password, weakness, level < 3]).toEqual([password, await policy(password, person), true])
  }
  expect(await rate('x', {}, newOwner('user'))).toMatchObject({ level: 1 })
  expect(await rate('u8dk2mzqpx9', {}, newOwner('user'))).toMatchObject({ level: 1 })
  expect(await rate('k7home2qz', {}, newOwner('admin'))).toMatchObject({ level: 3, weakness: undefined })
  expect(await rate('k7home2qz', {}, newOwner('user'))).toMatchObject({
    level: 1,
    weakness: expect.any(String),
  })
  expect(await rate('glass otter harbour violin', {}, newOwner('user'))).toEqual({
    level: 4,
    weakness: undefined,
  })
})

test('a rating asks no other server whether a password is stolen', async () => {
  expect(await policy('velvet-canoe-harbour-71', {})).toMatch(/stolen/)
  expect((await rate('velvet-canoe-harbour-71', {}, newOwner('user'))).weakness).toBeUndefined()
})

test('the whole of a password counts: what is strong may stand anywhere, and nothing behind it makes it weaker', async () => {
  const estimate = createStrengthEstimator()
  const { guesses } = await estimate(STRONG_BEGINNING, [], 8)
  expect(guesses).toBeGreaterThan(8)
  for (const more of ['a'.repeat(90), 'password'.repeat(12), ' 2026!!'.repeat(13)]) {
    expect(await policy(`${STRONG_BEGINNING}${more}`, {})).toBeUndefined()
    expect(await policy(`${more} plum cactus violin`.slice(-128), {})).toBeUndefined()
    expect(await policy(more, {})).toMatch(/\.$/)
  }
})

test('other requests come between the pieces of a long password', async () => {
  const estimate = createStrengthEstimator()
  await estimate('loads the dictionaries', [], 8)
  let turns = 0
  let over = false
  const others = (async () => {
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
  })()
  // More than any piece of 32 is worth: each is looked at.
  await estimate(createHash('sha512').update('long').digest('hex'), [], 50)
  over = true
  await others
  expect(turns).toBeGreaterThanOrEqual(6)
})
