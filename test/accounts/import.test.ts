import { hash as digest } from 'node:crypto'
import { Readable } from 'node:stream'
import { hash as argon2, argon2i } from 'argon2'
import { hashSync } from 'bcrypt'
import { expect, test } from 'vitest'
import type { ImportOptions, ImportProblem } from '../../src/accounts/import/import.ts'
import { createHasher } from '../../src/accounts/passwords/hashing.ts'
import { linkIn } from '../support/mailbox.ts'
import { statementsOf } from '../support/statements.ts'
import { type AccountsFixture, forEachDatabase, password } from './support.ts'

/** Imports a text and gives the report with its problems. */
async function load(
  fixture: AccountsFixture,
  text: string | readonly object[],
  options: Partial<Omit<ImportOptions, 'tell'>> & { chunk?: number } = {},
) {
  const content = Buffer.from(
    typeof text === 'string' ? text : text.map((row) => JSON.stringify(row)).join('\n'),
  )
  const { chunk = content.length, ...rest } = options
  const chunks = Array.from({ length: Math.ceil(content.length / chunk) }, (_, index) =>
    content.subarray(index * chunk, (index + 1) * chunk),
  )
  const problems: ImportProblem[] = []
  const report = await fixture.accounts.importUsers(Readable.from(chunks), {
    format: 'jsonl',
    tell: (problem) => problems.push(problem),
    ...rest,
  })
  return { report, problems }
}

const person = (username: string, more: object = {}) => ({
  username,
  email: `${username}@example.org`,
  email_verified: true,
  ...more,
})

const bcryptHash = hashSync(password, 4)

forEachDatabase(
  'users import',
  (fixture) => {
    test('a person with everything that a file can say', async () => {
      const { report, problems } = await load(fixture(), [
        person('Ada.Lovelace', {
          given_name: 'Ada',
          family_name: 'Lovelace',
          picture: 'https://img.example/ada.png',
          role: 'user',
          password_hash: bcryptHash,
          created_at: '2019-05-31T12:00:00+02:00',
        }),
        person('off', { disabled: true, created_at: 1_500_000_000 }),
      ])
      expect(problems).toEqual([])
      expect(report).toEqual({ rows: 2, imported: 2, existing: 0, refused: 0 })
      expect(await fixture().accounts.find('ada.lovelace')).toMatchObject({
        displayUsername: 'Ada.Lovelace',
        email: 'ada.lovelace@example.org',
        pendingEmail: null,
        givenName: 'Ada',
        familyName: 'Lovelace',
        picture: 'https://img.example/ada.png',
        role: 'user',
        disabledAt: null,
        createdAt: Date.UTC(2019, 4, 31, 10),
      })
      const off = await fixture().accounts.find('off')
      expect(off).toMatchObject({ createdAt: 1_500_000_000_000 })
      expect(off?.disabledAt).toBe(fixture().now)
    })

    test('a username keeps what the old system allowed: its case, its length, its script, the shape of an address', async () => {
      const names = [
        'A',
        'x'.repeat(64),
        'Eve.O@Old.example',
        'two words',
        'Новый',
        'Admin',
        '-dash-',
        'o’brien',
      ]
      const { problems } = await load(
        fixture(),
        names.map((username, i) => ({
          username,
          email: `kept${i}@example.org`,
          email_verified: true,
          password_hash: bcryptHash,
        })),
      )
      expect(problems).toEqual([])
      for (const username of names)
        for (const identifier of [username, ` ${username.toUpperCase()} `]) {
          const outcome = await fixture().accounts.authenticate({ identifier, password })
          expect(outcome, identifier).toMatchObject({ kind: 'ok', account: { displayUsername: username } })
        }
      await expect(
        fixture().accounts.register({ username: 'new@old.example', email: 'new@example.org', password }),
      ).rejects.toMatchObject({ sentences: { username: expect.stringContaining('not an email address') } })
    })

    test('a username that is an address never stands in for the owner of that address, nor gives way to who only claims it', async () => {
      await fixture().verified('owner')
      const shadow = { username: 'Owner@Example.org', email: 'shadow@example.org', email_verified: true }
      expect((await load(fixture(), [shadow])).problems).toEqual([
        { line: 1, kind: 'existing', messages: ['username: Owner@Example.org is the address of an account'] },
      ])

      await load(fixture(), [
        {
          username: 'later@example.org',
          email: 'imported@example.org',
          email_verified: true,
          password_hash: bcryptHash,
        },
      ])
      const signIn = () => fixture().accounts.authenticate({ identifier: 'Later@example.org', password })
      // Somebody registers with that address: until they have proven it, the name means whom it always meant.
      await fixture().register('claimant', 'later@example.org')
      expect(await signIn()).toMatchObject({ kind: 'ok', account: { email: 'imported@example.org' } })
      expect(await fixture().accounts.find('later@example.org')).toMatchObject({
        email: 'imported@example.org',
      })
      const link = linkIn(await fixture().lastMailTo('later@example.org'))
      await fixture().accounts.verification.byToken(link.searchParams.get('token') ?? '')
      expect(await signIn()).toMatchObject({ kind: 'ok', account: { displayUsername: 'claimant' } })
      expect(
        await fixture().accounts.authenticate({ identifier: 'imported@example.org', password }),
      ).toMatchObject({ kind: 'ok', account: { displayUsername: 'later@example.org' } })
    })

    test('within a file, a username is no other row’s address', async () => {
      const { problems } = await load(fixture(), [
        { username: 'first@example.org', email: 'one@example.org' },
        { username: 'second', email: 'First@example.org' },
        { username: 'One@example.org', email: 'three@example.org' },
        { username: 'own@example.org', email: 'own@example.org' },
      ])
      expect(problems.map(({ line, messages }) => [line, ...messages])).toEqual([
        [2, 'email: is the username of line 1'],
        [3, 'username: is the address of line 1'],
      ])
    })

    test('an account is looked for by one statement, whatever was typed, known or not', async () => {
      await fixture().verified('counted')
      const { accounts } = fixture()
      for (const identifier of ['counted@example.org', 'counted', 'unheard@example.org', 'unheard']) {
        const told = await statementsOf(() => accounts.authenticate({ identifier, password: 'wrong one' }))
        expect(
          told.filter((statement) => /^SELECT .* FROM accounts/.test(statement)),
          identifier,
        ).toHaveLength(1)
      }
    })

    test('the first sign-in checks the old hash and stores argon2id; the second is by that', async () => {
      const hashes: Record<string, object> = {
        bcrypt: { password_hash: bcryptHash },
        phpbcrypt: { password_hash: bcryptHash.replace('$2b$', '$2y$') },
        argon2i: { password_hash: await argon2(password, { type: argon2i, memoryCost: 1024, timeCost: 2 }) },
        plainsha: { password_hash: digest('sha256', password) },
        saltedsha: {
          password_hash: digest('sha256', `seasalt${password}`),
          password_salt: 'seasalt',
          password_salt_position: 'prefix',
        },
      }
      await load(
        fixture(),
        Object.entries(hashes).map(([name, hash]) => person(name, hash)),
      )
      for (const identifier of Object.keys(hashes)) {
        const read = async () =>
          (await fixture().db.prisma.account.findUnique({ where: { username: identifier } }))?.passwordHash
        const before = await read()
        expect((await fixture().accounts.authenticate({ identifier, password: `${password}?` })).kind).toBe(
          'refused',
        )
        expect(await read()).toBe(before)
        expect((await fixture().accounts.authenticate({ identifier, password })).kind).toBe('ok')
        const after = await read()
        expect(after).toMatch(/^\$argon2id\$v=19\$m=19456,/)
        fixture().hashing.clear()
        expect((await fixture().accounts.authenticate({ identifier, password })).kind).toBe('ok')
        expect(fixture().hashing).toMatchObject({ verify: 1, hash: 0 })
        expect(await read()).toBe(after)
      }
    })

    test('bcrypt forgives what is behind 72 bytes once; the new hash is of the whole password', async () => {
      const long = `${'glass otter harbour '.repeat(4)}the end`
      await load(fixture(), [person('long', { password_hash: hashSync(long, 4) })])
      const signIn = async (typed: string) =>
        (await fixture().accounts.authenticate({ identifier: 'long', password: typed })).kind
      expect(await signIn(long)).toBe('ok')
      expect(await signIn(`${long}, or not`)).toBe('refused')
      expect(await signIn(long)).toBe('ok')
    })

    test('guessing at a weak hash locks like any other (ASVS 6.3.1), and costs an argon2 each', async () => {
      await load(fixture(), [person('weak', { password_hash: digest('sha256', password) })])
      for (let attempt = 0; attempt < 5; attempt++)
        expect(
          await fixture().accounts.authenticate({ identifier: 'weak', password: `no ${attempt}` }),
        ).toEqual({
          kind: 'refused',
          reason: 'wrong',
        })
      expect(await fixture().accounts.authenticate({ identifier: 'weak', password })).toEqual({
        kind: 'refused',
        reason: 'locked',
      })
    })

    test('a stored hash that is damaged is a wrong password', async () => {
      await load(fixture(), [person('damaged', { password_hash: bcryptHash })])
      const passwordHash = 'scrypt:9:9:9$x$00'
      await fixture().db.prisma.account.update({ where: { username: 'damaged' }, data: { passwordHash } })
      expect(await fixture().accounts.authenticate({ identifier: 'damaged', password })).toEqual({
        kind: 'refused',
        reason: 'wrong',
      })
    })

    test('nobody gets a mail; an unverified address proves nothing, and its account is not cleaned away', async () => {
      await load(fixture(), [
        {
          ...person('unsure', { password_hash: bcryptHash, created_at: 1_000_000_000 }),
          email_verified: false,
        },
        person('sure'),
      ])
      expect(await fixture().mailsTo('unsure@example.org')).toEqual([])
      expect(await fixture().mailsTo('sure@example.org')).toEqual([])
      await fixture().accounts.purgeUnverified()
      expect(await fixture().accounts.find('unsure')).toMatchObject({
        email: null,
        pendingEmail: 'unsure@example.org',
      })
      const outcome = await fixture().accounts.authenticate({ identifier: 'unsure', password })
      expect(outcome.kind).toBe('unverified')
      fixture().later(30 * 86_400)
      await fixture().accounts.purgeUnverified()
      expect(await fixture().accounts.find('unsure')).toBeDefined()
    })

    test('every problem of every row, with its line; the others are imported', async () => {
      const text = [
        JSON.stringify(person('good1')),
        '{"username":"broken',
        '',
        '[1]',
        JSON.stringify({ username: ' ', email: 'no address', email_verified: 'yes', role: 'admin' }),
        JSON.stringify(person('secret1', { password: 'hunter2', password_hash: 'hunter2-in-clear' })),
        JSON.stringify(person('future', { created_at: '2999-01-01T00:00:00Z' })),
        JSON.stringify(person('turned', { username: 'turned\u202eround' })),
        JSON.stringify(person('plainpic', { picture: 'http://img.example/x.png', __proto__x: 1 })),
        JSON.stringify(person('good1', { email: 'other@example.org' })),
        JSON.stringify(person('good2', { email: 'GOOD1@example.org' })),
        JSON.stringify(person('huge', { given_name: 'x'.repeat(70_000) })),
        JSON.stringify(person('good3')),
      ].join('\r\n')
      const { report, problems } = await load(fixture(), text, { chunk: 7 })
      expect(report).toEqual({ rows: 12, imported: 2, existing: 0, refused: 10 })
      expect(Object.fromEntries(problems.map(({ line, messages }) => [line, messages]))).toEqual({
        2: ['is not JSON'],
        4: ['is not a JSON object'],
        5: [
          'username: Use at least 1 character.',
          'email: Enter an email address like name@example.com.',
          'email_verified: Write true or false.',
          'role: Only “user” can be imported; make administrators one by one.',
        ],
        6: [
          'password: Passwords in clear are not imported. Give a hash, or leave it out.',
          expect.stringMatching(/^password_hash: is in no form that is known/),
        ],
        7: ['created_at: is in the future'],
        8: ['username: Leave out invisible characters and line breaks.'],
        9: ['picture: Give an https URL.', expect.stringMatching(/^__proto__x: is not known/)],
        10: ['username: is that of line 1 too'],
        11: ['email: is that of line 1 too'],
        12: ['is longer than 65536 bytes'],
      })
      expect(JSON.stringify(problems)).not.toContain('hunter2')
    })

    test('who exists already is told and left alone, so that a file can be run again', async () => {
      const before = await fixture().verified('earlier')
      await fixture().verified('another')
      const rows = [
        person('earlier', { given_name: 'Changed' }),
        person('fresh', { email: 'another@example.org' }),
      ]
      const { report, problems } = await load(fixture(), [...rows, person('newcomer')])
      expect(report).toEqual({ rows: 3, imported: 1, existing: 2, refused: 0 })
      expect(problems.map(({ line, kind }) => [line, kind])).toEqual([
        [1, 'existing'],
        [2, 'existing'],
      ])
      expect(await fixture().accounts.find('earlier')).toMatchObject({ id: before, givenName: null })
      expect((await load(fixture(), [...rows, person('newcomer')])).report).toMatchObject({
        imported: 0,
        existing: 3,
      })
    })

    test('a dry run tells the same and stores nothing', async () => {
      const rows = [person('dry1'), person('dry2', { email: 'nothing' })]
      const { report } = await load(fixture(), rows, { dryRun: true })
      expect(report).toEqual({ rows: 2, imported: 1, existing: 0, refused: 1 })
      expect(await fixture().accounts.find('dry1')).toBeUndefined()
    })

    test('all or nothing: one bad row, or one that exists, and none is stored', async () => {
      const many = Array.from({ length: 700 }, (_, index) => person(`whole${index}`))
      const last = { ...person('bad'), email: 'nothing' }
      const events = fixture().events.length
      const bad = await load(fixture(), [...many, last], { allOrNothing: true })
      expect(bad.report).toEqual({ rows: 701, imported: 0, existing: 0, refused: 1 })
      expect(await fixture().accounts.find('whole0')).toBeUndefined()
      expect(fixture().events.length).toBe(events)
      const good = await load(fixture(), many, { allOrNothing: true })
      expect(good.report).toEqual({ rows: 700, imported: 700, existing: 0, refused: 0 })
      expect(fixture().events.at(-1)).toEqual({ type: 'account.created', reason: 'import', count: 700 })
    })

    test('CSV: quotes, commas, line ends and lines of the wrong length', async () => {
      const text = [
        '\ufeffusername,email,email_verified,given_name,family_name,password_hash,created_at',
        `quoted,quoted@example.org,true,"Ada ""A"", of",Lovelace,${bcryptHash},1500000000`,
        'folded,folded@example.org,1,"two',
        'lines",,,',
        'short,short@example.org',
        'bad,bad@example.org,perhaps,,,,',
        'stray,stray@example.org,true,a"b,,,',
        'plain,plain@example.org,FALSE,,,,',
        'open,open@example.org,true,"never',
        '',
      ].join('\n')
      const { report, problems } = await load(fixture(), text, { format: 'csv', chunk: 11 })
      expect(report).toEqual({ rows: 7, imported: 2, existing: 0, refused: 5 })
      expect(Object.fromEntries(problems.map(({ line, messages }) => [line, messages]))).toEqual({
        3: ['given_name: Leave out invisible characters and line breaks.'],
        5: ['has 2 fields, and the first line names 7'],
        6: ['email_verified: Write true or false.'],
        7: [expect.stringMatching(/quote in the middle/)],
        9: ['has a quote that is not closed'],
      })
      expect(await fixture().accounts.find('quoted')).toMatchObject({ givenName: 'Ada "A", of' })
      expect(await fixture().accounts.find('plain')).toMatchObject({ email: null })
    })

    test.each([
      ['username,email,shoe_size', /“shoe_size” is none of username, email/],
      ['username,email,email', /names email twice/],
      ['username,"email', /quote that is not closed/],
    ])('a CSV file whose first line will not do is refused: %s', async (text, message) => {
      await expect(load(fixture(), `${text}\n`, { format: 'csv' })).rejects.toMatchObject({
        code: 'import_unreadable',
        publicMessage: expect.stringMatching(message),
      })
    })

    test('bytes that are not UTF-8 spoil their line only', async () => {
      const text = Buffer.concat([
        Buffer.from(`${JSON.stringify(person('before'))}\n{"username":"`),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(`"}\n${JSON.stringify(person('after1'))}`),
      ])
      const problems: ImportProblem[] = []
      const options: ImportOptions = { format: 'jsonl', tell: (problem) => problems.push(problem) }
      const report = await fixture().accounts.importUsers(Readable.from([text]), options)
      expect(report).toMatchObject({ imported: 2, refused: 1 })
      expect(problems).toEqual([{ line: 2, kind: 'refused', messages: ['is not in UTF-8'] }])
    })

    test('20,000 rows go in by batches, and are told of by batches', async () => {
      const { db, events } = fixture()
      const before = await db.prisma.account.count()
      events.length = 0
      async function* rows() {
        for (let index = 0; index < 20_000; index++)
          yield Buffer.from(`${JSON.stringify(person(`many${index}`, { password_hash: bcryptHash }))}\n`)
      }
      const report = await fixture().accounts.importUsers(rows(), { format: 'jsonl', tell: () => undefined })
      expect(report).toEqual({ rows: 20_000, imported: 20_000, existing: 0, refused: 0 })
      expect(await db.prisma.account.count()).toBe(before + 20_000)
      expect(events).toHaveLength(40)
    })
  },
  { hasher: createHasher({ clock: Date.now }) },
)
