import { afterEach, beforeEach, expect, test } from 'vitest'
import { NAMES } from '../../src/settings/table.ts'
import { createInstallation, type Installation } from '../cli/harness.ts'
import { startLatchkey } from '../support/latchkey.ts'

let installation: Installation
beforeEach(async () => {
  installation = await createInstallation({ LOCKOUT_SECONDS: '60' })
})
afterEach(() => installation.remove())

const run = (...argv: string[]) => installation.run(['settings', ...argv])

test('all are listed, with value, default and state', async () => {
  await run('set', 'registration', 'closed')
  const { status, stdout, stderr } = await run('list')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^${name} `, 'm'))
  expect(stdout).toMatch(/^registration +closed +open +changed .* by [\w-]+$/m)
  expect(stdout).toMatch(/^lockout_seconds +60 +900 +set by the environment: LOCKOUT_SECONDS$/m)
  expect(stdout).toMatch(/^email_domains +\(none\) +\(none\) +default$/m)
  const { items } = (await run('list', '--json')).json() as { items: { name: string }[] }
  expect(items.map(({ name }) => name).sort()).toEqual([...NAMES].sort())
})

test('one is changed, shown and reset; a list takes all of its words', async () => {
  expect(await run('set', 'email_domains', 'Example.com', 'bücher.example')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(/email_domains is changed\.[\s\S]*example\.com xn--bcher-kva\.example/),
  })
  const shown = (await run('get', 'email_domains', '--json')).json()
  expect(shown).toEqual({
    name: 'email_domains',
    value: ['example.com', 'xn--bcher-kva.example'],
    default: [],
    pinned_by: null,
    changed_at: expect.any(Number),
    changed_by: expect.any(String),
    problem: null,
  })
  expect((await run('set', 'email_domains', '', '--json')).json()).toMatchObject({ value: [] })
  await run('set', 'lockout_failures', '7')
  expect((await run('get', 'lockout_failures')).stdout).toMatch(/changed .* by [\w-]+$/m)
  expect((await run('get', 'lockout_failures')).stdout).toMatch(/value +7\n +default +5/)
  const reset = await run('reset', 'lockout_failures', 'email_domains')
  expect(reset).toMatchObject({ status: 0, stdout: expect.stringContaining('lockout_failures is 5 again') })
  expect((await run('get', 'email_domains', '--json')).json()).toMatchObject({ changed_at: null })
  const { stdout } = await installation.run(['audit', 'list', '--json'])
  expect(stdout.match(/settings\.updated/g)).toHaveLength(4)
})

test.each([
  [['set', 'registration', 'maybe'], /^error: registration: must be one of open, closed$/m],
  [
    ['set', 'lockout_failures', '1e3'],
    /^error: lockout_failures: must be a whole number from 1 to 100, for example 5$/m,
  ],
  [
    ['set', 'lockout_seconds', '120'],
    /^error: lockout_seconds is set by the environment \(LOCKOUT_SECONDS\)/m,
  ],
  [['reset', 'lockout_seconds'], /LOCKOUT_SECONDS/],
  [['set', 'second_factor', 'sometimes'], /^error: second_factor: must be one of off, /m],
  [['set', 'nonsense', '1'], /^error: nonsense: There is no setting with this name/m],
  [['get', 'nonsense'], /^error: There is no setting nonsense\. This lists them: .*settings list$/m],
])('%j is refused with a way out', async (argv, message) => {
  const { status, stdout, stderr } = await run(...argv)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(message)
})

test('a server that runs follows the command line', async () => {
  let now = Date.now()
  const latchkey = await startLatchkey({ clock: () => now })
  const beside = { env: { DATA_DIR: latchkey.dataDir, ISSUER: latchkey.issuer } }
  const page = async () => (await latchkey.app.inject('/register')).statusCode
  expect(await page()).toBe(200)
  const { stderr } = await installation.run(['settings', 'set', 'registration', 'closed'], beside)
  expect(stderr).toBe('')
  now += 1000
  expect(await page()).toBe(403)
  await latchkey.stop()
})
