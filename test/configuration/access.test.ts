import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const API = 'https://orders.example'
const noSecrets = () => undefined

describe.each(engines)('groups and roles in a configuration file, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  const file = (more: object = {}) => ({
    version: 1,
    resources: [
      { identifier: API, scope: 'orders:read orders:write', scopes_by_role: true, token_claims: 'roles' },
    ],
    roles: [
      { name: 'Clerk', resource: API, scope: 'orders:read' },
      { name: 'Clerk', description: 'A name alone' },
    ],
    groups: [{ name: 'Till', description: 'Who sells', roles: [`${API} Clerk`] }, { name: 'Crew' }],
    ...more,
  })
  const plan = (content: object) => latchkey.services.configuration.plan(stringify(content), noSecrets)
  const apply = (content: object) => latchkey.services.configuration.apply(stringify(content), noSecrets)
  const told = (changes: readonly { kind: string; action: string; name: string }[]) =>
    changes.map(({ kind, action, name }) => `${action} ${kind} ${name}`)

  test('are applied once, leave members alone, are exported, and drift is seen', async () => {
    const { configuration, access } = latchkey.services
    const done = await apply(file())
    expect(told(done.done)).toEqual([
      `create resource ${API}`,
      `create role ${API} Clerk`,
      'create role Clerk',
      'create group Till',
      'create group Crew',
    ])
    expect(done.failed).toBeUndefined()
    expect((await plan(file())).changes).toEqual([])
    const till = await access.groups.find('Till')
    expect(await access.roles.ofGroup(till.id)).toMatchObject([{ name: 'Clerk', resource: API }])

    const user = await latchkey.createUser()
    await access.groups.addMember(till.id, user.id)
    const changed = file({
      roles: [{ name: 'clerk', resource: API, scope: 'orders:write' }, { name: 'Clerk' }],
      groups: [{ name: 'TILL', roles: ['Clerk'] }],
    })
    const again = await apply(changed)
    expect(again.failed).toBeUndefined()
    expect(told(again.done)).toEqual([`update role ${API} clerk`, 'update role Clerk', 'update group TILL'])
    expect((await plan(changed)).changes).toEqual([])
    expect(await access.groups.get(till.id)).toMatchObject({ name: 'TILL', description: '' })
    expect(await access.roles.ofGroup(till.id)).toEqual([expect.not.objectContaining({ resource: API })])
    expect(await access.groups.countMembers(till.id)).toBe(1)
    expect((await plan(changed)).unnamed.groups).toBe(1)

    const exported = parse(await configuration.export()) as { roles: object[]; groups: object[] }
    expect(exported.groups).toEqual([{ name: 'Crew' }, { name: 'TILL', roles: ['Clerk'] }])
    expect(exported.roles).toEqual(
      expect.arrayContaining([{ name: 'clerk', resource: API, scope: 'orders:write' }]),
    )
    expect((await plan(exported)).changes).toEqual([])

    await access.groups.update(till.id, { description: 'By hand' })
    const drift = await configuration.drift()
    expect(told(drift?.plan?.changes ?? [])).toEqual(['update group TILL'])
    const pruned = await apply({ ...changed, prune: { groups: true, roles: true }, groups: [], roles: [] })
    expect(told(pruned.done)).toEqual(
      expect.arrayContaining(['delete group TILL', 'delete group Crew', 'delete role Clerk']),
    )
    expect((await access.groups.list()).items).toEqual([])
  })

  test.each([
    { groups: [{ name: 'a,b' }] },
    { groups: [{ name: 'One' }, { name: 'ONE' }] },
    { groups: [{ name: 'One', members: ['ada'] }] },
    { groups: [{ name: 'One', roles: 'Clerk' }] },
    { roles: [{ description: 'nameless' }] },
    { roles: [{ name: 'r', scope: 7 }] },
    { prune: { groups: true } },
  ])('a file with %j is refused before anything is changed', async (content) => {
    await expect(plan({ version: 1, ...content })).rejects.toMatchObject({ code: 'invalid_configuration' })
  })

  test('a group whose role there is not stops there, and is not made', async () => {
    const stopped = await apply({ version: 1, groups: [{ name: 'Lone', roles: ['No such role'] }] })
    expect(stopped.failed?.error).toMatchObject({ code: 'role_not_found' })
    await expect(latchkey.services.access.groups.find('Lone')).rejects.toMatchObject({
      code: 'group_not_found',
    })
  })
})
