import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

const STOLEN = 'velvet-canoe-harbour-71'
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()

let latchkey: Installation
let file: string
beforeAll(async () => {
  latchkey = await createInstallation({ ISSUER: 'https://id.example' })
  file = join(latchkey.dataDir, 'pwned.txt')
  writeFileSync(file, `${sha1('other')}:3\r\n${sha1(STOLEN)}:12\r\n`)
})
afterAll(() => latchkey.remove())

const create = (username: string) =>
  latchkey.run(
    ['users', 'create', '--username', username, '--email', `${username}@example.com`, '--password-stdin'],
    {
      stdin: STOLEN,
    },
  )
async function stolenPasswords() {
  const { checks } = (await latchkey.run(['doctor', '--json'])).json() as { checks: { name: string }[] }
  return checks.find(({ name }) => name === 'stolen passwords')
}

test('a list that is missing is told by the doctor with the way out, and keeps nobody out', async () => {
  await latchkey.run(['settings', 'set', 'breach_check', 'file'])
  expect(await stolenPasswords()).toEqual({
    name: 'stolen passwords',
    status: 'fail',
    message: expect.stringMatching(/^there is no .*stolen-passwords\.bin$/),
    remedy: expect.stringMatching(/passwords import FILE; until then new passwords are not looked up$/),
  })
  expect((await create('early')).status).toBe(0)
  await latchkey.run(['settings', 'reset', 'breach_check'])
})

test('passwords import makes the list, and says how to have it looked at', async () => {
  const text = await latchkey.run(['passwords', 'import', file])
  expect([text.status, text.stderr]).toEqual([0, ''])
  expect(text.stdout).toMatch(
    /^2 stolen passwords are in .*stolen-passwords\.bin \(0 MB\)\.\n.*set breach_check file\n$/,
  )
  await latchkey.run(['settings', 'set', 'breach_check', 'file'])
  const piped = await latchkey.run(['passwords', 'import', '-', '--json'], {
    stdin: `${sha1(STOLEN)}\n${sha1(STOLEN)}\n`,
  })
  expect(piped.json()).toEqual({
    read: 2,
    count: 1,
    size: 24,
    path: join(latchkey.dataDir, 'stolen-passwords.bin'),
    in_use: true,
  })
  expect(await stolenPasswords()).toMatchObject({ status: 'ok', message: expect.stringMatching(/^1 in /) })
  const listed = await latchkey.run(['audit', 'list', '--action', 'passwords.imported', '--json'])
  expect((listed.json() as { items: object[] }).items).toMatchObject([
    { actor_kind: 'command_line', details: { lines: 2, passwords: 1 } },
    { actor_kind: 'command_line', details: { lines: 2, passwords: 2 } },
  ])
  const refused = await create('robin')
  expect([refused.status, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/stolen passwords/)
})

test.each([
  ['a file that is not there', ['no-such-file'], /no-such-file cannot be read/],
  ['a folder', ['.'], /\. cannot be read/],
])('%s is refused, and nothing is left behind', async (_, argv, message) => {
  const outcome = await latchkey.run(['passwords', 'import', ...argv])
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toMatch(message)
  expect(readdirSync(latchkey.dataDir).filter((name) => name.startsWith('stolen'))).toEqual([
    'stolen-passwords.bin',
  ])
})

test('a file that is no list is refused by its first wrong line, which is not shown', async () => {
  writeFileSync(file, `${sha1('one')}\nhunter2\n`)
  const outcome = await latchkey.run(['passwords', 'import', file])
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toMatch(/Line 2 must be a SHA-1 hash/)
  expect(outcome.stderr).not.toContain('hunter2')
})
