import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

describe.each(['sqlite', 'postgresql'] as const)('groups and roles on the command line on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { engine })
    const stdin = 'marmot-lantern-31-orbit\n'
    const user = ['--username', 'ada', '--email', 'ada@example.org', '--verified', '--password-stdin']
    expect((await latchkey.run(['users', 'create', ...user], { stdin })).status).toBe(0)
    await latchkey.run(['resources', 'add', '--identifier', 'https://a.example', '--scope', 'read write'])
  })
  afterAll(() => latchkey.remove())
  const json = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const outcome = await latchkey.run([...argv, '--json'])
    expect(outcome.stderr).toBe('')
    return outcome.json() as Record<string, unknown>
  }
  const refusal = async (...argv: string[]) => {
    const { status, stderr } = await latchkey.run(argv)
    return { status, stderr }
  }

  test('a group is created, found by its name, given members, changed and deleted', async () => {
    const created = await json('groups', 'create', '--name', 'Engineers', '--description', 'Who builds it')
    expect(created).toMatchObject({ name: 'Engineers', description: 'Who builds it' })
    expect(await json('groups', 'add-member', 'engineers', 'ada')).toMatchObject({
      group_id: created.id,
    })
    expect(await json('groups', 'members', 'ENGINEERS')).toMatchObject({
      items: [{ username: 'ada', email: 'ada@example.org', since: expect.any(String) }],
    })
    expect((await latchkey.run(['groups', 'show', 'Engineers'])).stdout).toMatch(/members +1/)
    const renamed = await json('groups', 'update', 'Engineers', '--name', 'Builders', '--description', '')
    expect(renamed).toMatchObject({ id: created.id, name: 'Builders', description: '' })
    expect(await json('groups', 'list', '--search', 'build')).toMatchObject({ items: [{ name: 'Builders' }] })
    await json('groups', 'remove-member', 'Builders', 'ada@example.org')
    expect(await refusal('groups', 'remove-member', 'Builders', 'ada')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('not in this group'),
    })
    expect(await json('groups', 'delete', 'Builders')).toEqual({ id: created.id, deleted: true })
    expect(await refusal('groups', 'show', 'Builders')).toMatchObject({ status: 1 })
    expect(await refusal('groups', 'create', '--name', 'a,b')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/--name: .*commas/),
    })
    expect(await refusal('groups', 'update', 'x')).toMatchObject({ status: 2 })
  })

  test('a role is given to users and groups, and one name in several APIs is told apart', async () => {
    const role = await json(
      ...['roles', 'create', '--name', 'Clerk', '--resource', 'https://a.example', '--scope', 'read'],
    )
    expect(role).toMatchObject({ resource: 'https://a.example', scope: 'read' })
    await json('groups', 'create', '--name', 'Till')
    expect(await json('roles', 'assign', 'clerk', '--user', 'ada')).toMatchObject({ role_id: role.id })
    await json('roles', 'assign', 'clerk', '--group', 'Till')
    expect(await json('roles', 'show', 'Clerk')).toMatchObject({ groups: [{ name: 'Till' }] })
    expect(await json('groups', 'show', 'Till')).toMatchObject({ roles: [{ name: 'Clerk' }] })
    await json('roles', 'unassign', 'Clerk', '--user', 'ada')
    expect(await refusal('roles', 'unassign', 'Clerk', '--user', 'ada')).toMatchObject({ status: 1 })
    expect(await refusal('roles', 'assign', 'Clerk')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('either --user'),
    })
    await json('roles', 'create', '--name', 'Clerk')
    expect(await refusal('roles', 'show', 'Clerk')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(String(role.id)),
    })
    expect(await json('roles', 'update', String(role.id), '--scope', '')).not.toHaveProperty('scope')
    expect(await json('roles', 'list', '--resource', 'https://a.example')).toMatchObject({
      items: [{ id: role.id }],
    })
    expect(await json('roles', 'delete', String(role.id))).toEqual({ id: role.id, deleted: true })
    expect(await refusal('roles', 'create', '--name', 'r', '--resource', 'https://b.example')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/--resource: .*Add it first/),
    })
  })
})
