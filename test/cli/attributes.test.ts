import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { createInstallation, type Installation } from './harness.ts'

describe.each(engines)('attributes and claims on the command line, on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
  })
  afterAll(() => latchkey?.remove())

  const json = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const outcome = await latchkey.run([...argv, '--json'])
    expect(outcome.status, outcome.stderr).toBe(0)
    return outcome.json() as Record<string, unknown>
  }
  const refused = async (...argv: string[]) => {
    const { status, stderr, stdout } = await latchkey.run(argv)
    expect([status, stdout]).toEqual([1, ''])
    return stderr
  }

  test('attributes are defined, given to people, changed and deleted', async () => {
    expect((await latchkey.run(['attributes', 'list'])).stdout).toContain('There is no attribute yet')
    const made = await json(
      ...[
        'attributes',
        'create',
        '--name',
        'team',
        '--type',
        'one_of',
        '--option',
        'red',
        '--option',
        'blue',
      ],
      ...['--visible-to', 'user'],
    )
    expect(made).toMatchObject({
      options: ['red', 'blue'],
      visible_to: 'user',
      editable_by: 'administrators',
    })
    await json('attributes', 'create', '--name', 'skills', '--type', 'strings')
    const wrong = await refused('attributes', 'create', '--name', 'Team X', '--type', 'blob')
    expect(wrong).toContain('--name')
    expect(wrong).toContain('--type')

    await latchkey.run(
      ['users', 'create', '--username', 'ada', '--email', 'ada@example.com', '--password-stdin'],
      {
        stdin: 'marmot ladder quartz ninety',
      },
    )
    expect(
      await json('users', 'update', 'ada', '--attribute', 'team=red', '--attribute', 'skills=a, b'),
    ).toMatchObject({ attributes: { team: 'red', skills: ['a', 'b'] } })
    expect(await refused('users', 'update', 'ada', '--attribute', 'team=green')).toContain(
      'Choose one of red, blue.',
    )
    expect((await json('users', 'list', '--attribute', 'team=RED')).items).toHaveLength(1)
    expect(await json('attributes', 'show', 'team')).toMatchObject({ people_with_a_value: '1' })
    expect((await latchkey.run(['attributes', 'list'])).stdout).toMatch(
      /team\s+one_of\s+administrators\s+user/,
    )

    expect(await json('attributes', 'update', 'team', '--label', 'Team')).toMatchObject({ label: 'Team' })
    expect((await latchkey.run(['attributes', 'update', 'team'])).status).toBe(2)
    expect((await latchkey.run(['attributes', 'update', 'team', '--type', 'number'])).status).toBe(2)
    expect(await json('attributes', 'delete', 'team')).toEqual({ id: made.id, deleted: true })
    expect(await json('users', 'show', 'ada')).toMatchObject({ attributes: { skills: ['a', 'b'] } })
    expect(await refused('attributes', 'create', '--name', 'team')).toContain('being deleted still')
    expect(await refused('attributes', 'show', 'team')).toContain(
      'There is no attribute with this ID or name',
    )
  })

  test('claims are defined, changed and deleted', async () => {
    const made = await json(
      ...[
        'claims',
        'create',
        '--name',
        'app_role',
        '--source',
        'roles',
        '--filter',
        'app-*',
        '--shape',
        'first',
      ],
      ...['--rename', 'app-admin=Admin', '--rename', 'app-user=User', '--scope', 'openid'],
      ...['--in', 'id_token', '--in', 'userinfo'],
    )
    expect(made).toMatchObject({
      ...{ rename: { 'app-admin': 'Admin', 'app-user': 'User' }, in: ['id_token', 'userinfo'] },
    })
    const { stdout } = await latchkey.run(['claims', 'show', 'app_role'])
    expect(stdout).toContain('app-admin = Admin, app-user = User')
    expect(await json('claims', 'update', 'app_role', '--in', 'access_token', '--filter', '')).toMatchObject({
      in: ['access_token'],
      filter: '',
    })
    const base = ['claims', 'create', '--in', 'userinfo', '--source']
    expect(await refused(...base, 'attribute', '--name', 'x', '--value', 'nothing')).toContain('--value')
    for (const name of ['sub', 'EMAIL', '__proto__'])
      expect(await refused(...base, 'constant', '--value', 'v', '--name', name)).toContain('--name')
    expect(await json('claims', 'delete', 'app_role')).toEqual({ id: made.id, deleted: true })
    expect((await json('claims', 'list')).items).toEqual([])
  })
})
