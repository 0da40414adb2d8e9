import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInstallation, type Installation } from '../cli/harness.ts'

let installation: Installation
beforeEach(async () => {
  installation = await createInstallation({ DYNAMIC_REGISTRATION: 'token' })
})
afterEach(() => installation.remove())

test('registration-tokens: made, shown once, listed, revoked', async () => {
  const made = await installation.run([
    ...['registration-tokens', 'create', '--name', 'Build server', '--uses', 'any', '--expires-in', 'never'],
    ...['--scope', 'books:read', '--redirect-host', 'app.example', '--redirect-host', 'b.example'],
    ...['--client-credentials', '--unverified', '--json'],
  ])
  expect(made).toMatchObject({ status: 0, stderr: '' })
  const { id, token } = made.json() as { id: string; token: string }
  expect(made.json()).toMatchObject({
    name: 'Build server',
    state: 'active',
    uses_left: null,
    expires_at: null,
    policy: {
      scope: ['books:read'],
      redirect_hosts: ['app.example', 'b.example'],
      client_credentials: true,
      verified: false,
    },
  })
  const listed = await installation.run(['registration-tokens', 'list'])
  expect(listed.stdout).toContain('Build server')
  expect(listed.stdout).not.toContain(token)
  expect((await installation.run(['registration-tokens', 'revoke', id])).status).toBe(0)
  const again = await installation.run(['registration-tokens', 'revoke', id])
  expect(again.status).toBe(1)
  expect(again.stderr).toContain('revoked already')
  const items = (await installation.run(['registration-tokens', 'list', '--json'])).json()
  expect(items).toMatchObject({ items: [{ id, state: 'revoked' }] })
})

test('registration-tokens: one use and a week, unless told otherwise', async () => {
  const made = await installation.run(['registration-tokens', 'create', '--name', 'x', '--json'])
  const { created_at: from, expires_at: to, ...rest } = made.json() as Record<string, number>
  expect(rest.uses_left).toBe(1)
  expect(Number(to) - Number(from)).toBe(604_800)
})

test('registration-tokens: what is wrong is told by the option, all at once', async () => {
  const { status, stderr } = await installation.run([
    ...[
      'registration-tokens',
      'create',
      '--uses',
      'many',
      '--expires-in',
      '1e3',
      '--redirect-host',
      'https://x',
    ],
  ])
  expect(status).toBe(1)
  for (const option of ['--name', '--uses', '--expires-in', '--redirect-host'])
    expect(stderr).toContain(option)
})

test('registration-tokens: while registration is off, it says so', async () => {
  const off = await createInstallation()
  try {
    const { stdout } = await off.run(['registration-tokens', 'create', '--name', 'x'])
    expect(stdout).toContain('settings set dynamic_registration token')
  } finally {
    await off.remove()
  }
})
