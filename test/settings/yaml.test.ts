import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInstallation, type Installation } from '../cli/harness.ts'

let installation: Installation
beforeEach(async () => {
  installation = await createInstallation({ LOCKOUT_SECONDS: '60' })
})
afterEach(() => installation.remove())

async function file(text: string): Promise<string> {
  const path = join(installation.dataDir, 'latchkey.yaml')
  await writeFile(path, text)
  return path
}
const plan = async (text: string) => installation.run(['plan', await file(text)])
const apply = async (text: string) => installation.run(['apply', await file(text)])
const stored = async (name: string) =>
  (await installation.run(['settings', 'get', name, '--json'])).json() as {
    value: unknown
    changed_at: unknown
  }

const FILE = `version: 1
settings:
  registration: closed
  email_domains: [example.com, bücher.example]
  rate_limit: off
  rate_limit_mail: 10
  lockout_seconds: 60
`

test('a file is planned, applied, exported and applied again, which does nothing', async () => {
  const planned = await plan(FILE)
  expect(planned.status).toBe(2)
  expect(planned.stdout).toContain('+ setting registration\n    value: closed')
  expect(planned.stdout).toContain('4 to add')
  expect((await stored('registration')).value).toBe('open')
  expect(await apply(FILE)).toMatchObject({ status: 0, stderr: '' })
  expect((await stored('registration')).value).toBe('closed')
  expect((await stored('email_domains')).value).toEqual(['example.com', 'xn--bcher-kva.example'])
  expect((await plan(FILE)).stdout).toContain('Nothing to do')

  const { stdout: exported } = await installation.run(['export'])
  expect(exported).toContain(
    'settings:\n  email_domains:\n    - example.com\n    - xn--bcher-kva.example\n  rate_limit: off\n  rate_limit_mail: 10\n  registration: closed\n',
  )
  expect((await plan(exported)).stdout).toContain('Nothing to do')
  const other = await createInstallation()
  const copy = join(installation.dataDir, 'copy.yaml')
  await writeFile(copy, exported)
  expect((await other.run(['apply', copy])).status).toBe(0)
  expect((await other.run(['export'])).stdout).toBe(exported)
  await other.remove()
})

test('what the file does not name stays, unless it is to be pruned', async () => {
  await installation.run(['settings', 'set', 'reset_ttl', '600'])
  await installation.run(['settings', 'set', 'registration', 'closed'])
  const changed = await plan('version: 1\nsettings:\n  registration: open\n')
  expect(changed.stdout).toContain('~ setting registration\n    ~ value: closed → open')
  expect(changed.stdout).toContain('left alone: 1 setting')
  const pruned = 'version: 1\nsettings:\n  registration: open\nprune:\n  settings: true\n'
  expect((await plan(pruned)).stdout).toContain('- setting reset_ttl')
  expect((await apply(pruned)).status).toBe(0)
  expect(await stored('reset_ttl')).toMatchObject({ value: 3600, changed_at: null })
  const careless = await plan('version: 1\nprune:\n  settings: true\n')
  expect(careless).toMatchObject({ status: 1, stderr: expect.stringContaining('write settings: {}') })
})

test('everything that is wrong is told at once, by line', async () => {
  const { status, stderr } = await plan(
    'version: 1\nsettings:\n  registration: maybe\n  nothing: 1\n  lockout_failures: "5"\n  lockout_seconds: 120\n',
  )
  expect(status).toBe(1)
  expect(stderr).toMatch(/line 3: settings\.registration: must be one of open, closed/)
  expect(stderr).toMatch(/line 4: settings\.nothing: There is no setting with this name/)
  expect(stderr).toMatch(/line 5: settings\.lockout_failures: must be a whole number/)
  const pinned = await plan('version: 1\nsettings:\n  lockout_seconds: 120\n')
  expect(pinned.stderr).toMatch(/lockout_seconds is set by environment variables/)
  expect((await plan('version: 1\nsettings: [registration]\n')).stderr).toMatch(
    /line \d: settings: must be a map/,
  )
})

test('a client is judged by the settings of its own file, which count before it is made', async () => {
  const needy = (settings: string) => `version: 1
settings: ${settings}
clients:
  - key: panel
    client_name: Panel
    redirect_uris: [http://panel.internal/callback]
`
  const allowed = needy('{ redirect_hosts: [panel.internal] }')
  expect(await plan(needy('{}'))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('redirect_hosts'),
  })
  expect((await plan(allowed)).stdout).toContain('2 to add')
  expect(await apply(allowed)).toMatchObject({ status: 0, stderr: '' })
  expect((await plan(allowed)).stdout).toContain('Nothing to do')
  // And the other way: the file takes back what its client needs.
  const takesBack = await plan(`${needy('{}')}prune:\n  settings: true\n`)
  expect(takesBack).toMatchObject({ status: 1, stderr: expect.stringContaining('redirect_hosts') })
})
