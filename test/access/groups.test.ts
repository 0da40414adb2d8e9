import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Access, createAccess } from '../../src/access/access.ts'
import { engines, type OpenedDatabase, openOn } from '../clients/engines.ts'

const ADMINISTRATION = 'https://id.example/api/admin'
const API = 'https://orders.example'

describe.each(engines)('groups and roles on %s', (engine) => {
  let db: OpenedDatabase
  let access: Access
  let now = Date.UTC(2026, 10, 30)
  const events: object[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    const at = new Date(now)
    const account = (id: string) => ({
      ...{ id, username: id, displayUsername: id, email: `${id}@example.org` },
      ...{ authValidAfter: at, createdAt: at, updatedAt: at },
    })
    await db.prisma.account.createMany({ data: ['ada', 'bob', 'cyd'].map(account) })
    await db.prisma.resource.create({ data: { id: API, name: 'Orders', scope: 'read write' } })
    access = createAccess({
      db,
      clock: () => now++,
      events: (event) => void events.push(event),
      async scopeOf(id) {
        return (await db.prisma.resource.findUnique({ where: { id } }))?.scope
      },
      findPerson: async (id) => (await db.prisma.account.findUnique({ where: { id } })) as never,
      ofAdministration: (identifier) => identifier === ADMINISTRATION,
    })
  })
  afterAll(() => db.close())

  const refused = (fields: Record<string, unknown>) => ({ code: 'invalid_fields', errors: fields })

  test('a name is unique however it is written, and what is wrong is said at once', async () => {
    const { groups } = access
    const group = await groups.create({ name: ' Engineers ', description: 'Who builds it' })
    expect(group).toMatchObject({ name: 'Engineers', description: 'Who builds it', version: 0 })
    expect(events).toContainEqual({ type: 'group.created', id: group.id, name: 'Engineers' })
    await expect(groups.create({ name: 'ｅｎｇｉｎｅｅｒｓ' })).rejects.toMatchObject(
      refused({ name: ['There is a group with this name already.'] }),
    )
    await expect(groups.create({ name: 'a,b', members: [] })).rejects.toMatchObject(
      refused({ name: [expect.stringContaining('commas')], members: ['is not known'] }),
    )
    await expect(groups.create({ name: 'x'.repeat(65) })).rejects.toMatchObject(
      refused({ name: [expect.any(String)] }),
    )
    const both = await Promise.allSettled(['Twins', 'TWINS'].map((name) => groups.create({ name })))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('a change is meant for one version, and fields that are left out stay', async () => {
    const { groups } = access
    const { id } = await groups.create({ name: 'Support' })
    const changed = await groups.update(id, { description: 'By phone' }, { ifVersion: 0 })
    expect(changed).toMatchObject({ name: 'Support', description: 'By phone', version: 1 })
    await expect(groups.update(id, { name: 'Help' }, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
    const at = await Promise.allSettled(
      [1, 2].map((n) => groups.update(id, { name: `Help ${n}` }, { ifVersion: 1 })),
    )
    expect(at.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(groups.update('none', { name: 'x' })).rejects.toMatchObject({ code: 'group_not_found' })
    await expect(groups.update(id, { name: 'Engineers' })).rejects.toMatchObject(
      refused({ name: [expect.any(String)] }),
    )
  })

  test('members come and go, once each, and are listed page by page', async () => {
    const { groups } = access
    const { id, name } = await groups.create({ name: 'Choir' })
    await Promise.all(['ada', 'ada', 'bob', 'bob'].map((each) => groups.addMember(id, each)))
    await groups.addMember(id, 'cyd')
    const told = events.filter((event) => 'type' in event && event.type === 'group.member_added')
    expect(told).toHaveLength(3)
    expect(told).toContainEqual({ type: 'group.member_added', id, name, accountId: 'cyd' })
    const first = await groups.members(id, { limit: 2 })
    const second = await groups.members(id, { limit: 2, cursor: first.next_cursor })
    const all = [...first.items, ...second.items]
    expect(all.map(({ username }) => username).sort()).toEqual(['ada', 'bob', 'cyd'])
    expect(all[0]).toMatchObject({ accountId: 'cyd', email: 'cyd@example.org' })
    expect(second.next_cursor).toBeUndefined()
    expect(await groups.countMembers(id)).toBe(3)
    await groups.removeMember(id, 'cyd')
    await expect(groups.removeMember(id, 'cyd')).rejects.toMatchObject({ code: 'not_a_member', status: 404 })
    for (const nobody of ['nobody', 'a\0b', ''])
      await expect(groups.addMember(id, nobody)).rejects.toMatchObject({ code: 'user_not_found' })
    await expect(groups.addMember('none', 'ada')).rejects.toMatchObject({ code: 'group_not_found' })
  })

  test('lists are by name, in pages, and found by a part of it', async () => {
    const { groups } = access
    for (const name of ['zeta', 'Alpha', 'beta_1', 'betaX1']) await groups.create({ name })
    const names: string[] = []
    let cursor: string | undefined
    do {
      const page = await groups.list({ limit: 2, cursor })
      names.push(...page.items.map(({ name }) => name))
      cursor = page.next_cursor
    } while (cursor)
    expect(names).toEqual([...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)))
    expect(names).toEqual(expect.arrayContaining(['Alpha', 'beta_1', 'betaX1', 'zeta']))
    const found = await groups.list({ search: 'BETA_' })
    expect(
      found.items.map(({ name }) => name),
      'an underscore is itself',
    ).toEqual(['beta_1'])
    await expect(groups.list({ cursor: '%' })).rejects.toMatchObject({ code: 'invalid_page' })
  })

  test('a role is of scopes that its API has, and is told once however it is held', async () => {
    const { groups, roles, membershipsOf } = access
    await expect(roles.create({ name: 'r', resource: 'https://none.example' })).rejects.toMatchObject(
      refused({ resource: [expect.stringContaining('Add it first')] }),
    )
    await expect(roles.create({ name: 'r', resource: API, scope: 'read fly' })).rejects.toMatchObject(
      refused({ scope: [expect.stringContaining('fly')] }),
    )
    await expect(roles.create({ name: 'r', scope: 'read' })).rejects.toMatchObject(
      refused({ scope: [expect.stringContaining('name the API')] }),
    )
    const clerk = await roles.create({ name: 'Clerk', resource: API, scope: 'read read' })
    expect(clerk).toMatchObject({ resource: API, scope: 'read' })
    const viewer = await roles.create({ name: 'Clerk' })
    await expect(roles.create({ name: 'clerk', resource: API })).rejects.toMatchObject(
      refused({ name: [expect.any(String)] }),
    )
    await expect(roles.update(clerk.id, { resource: null })).rejects.toMatchObject(
      refused({ resource: [expect.stringContaining('cannot be changed')] }),
    )
    const group = await groups.create({ name: 'Till' })
    await groups.addMember(group.id, 'ada')
    await roles.assign(clerk.id, { group: group.id })
    await roles.assign(clerk.id, { account: 'ada' })
    await roles.assign(clerk.id, { account: 'ada' })
    await roles.assign(viewer.id, { account: 'bob' })
    const held = { id: clerk.id, name: 'Clerk', resource: API, scope: 'read' }
    expect(await membershipsOf('ada')).toEqual({
      groups: expect.arrayContaining([{ id: group.id, name: 'Till' }]),
      roles: [held],
    })
    expect((await membershipsOf('bob')).roles).toEqual([
      { id: viewer.id, name: 'Clerk', resource: '', scope: '' },
    ])
    await roles.unassign(clerk.id, { account: 'ada' })
    expect((await membershipsOf('ada')).roles, 'by the group').toEqual([held])
    expect(await roles.groups(clerk.id)).toMatchObject([{ id: group.id, name: 'Till' }])
    await groups.removeMember(group.id, 'ada')
    expect((await membershipsOf('ada')).roles).toEqual([])
    await expect(roles.unassign(clerk.id, { account: 'ada' })).rejects.toMatchObject({ code: 'not_assigned' })
    await expect(roles.assign(clerk.id, { group: 'none' })).rejects.toMatchObject({ code: 'group_not_found' })
  })

  test('a group with a role in the administration is no manager’s', async () => {
    const { groups, managing, roles } = access
    const group = await groups.create({ name: 'Staff' })
    await groups.addMember(group.id, 'ada')
    await groups.setManager(group.id, 'ada', true)
    expect(await managing.group('ada', group.id)).toMatchObject({ name: 'Staff', roles: [] })
    const { id } = await roles.create({ name: 'Overseer' })
    await roles.assign(id, { group: group.id })
    // No API of this identifier can be added; a row may have come from elsewhere.
    await db.prisma.role.update({ where: { id }, data: { resource: ADMINISTRATION } })
    for (const act of [
      () => managing.add('ada', group.id, 'bob'),
      () => managing.remove('ada', group.id, 'ada'),
      () => managing.members('ada', group.id),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'group_of_administration', status: 403 })
    expect(await groups.countMembers(group.id)).toBe(1)
  })

  test('what is removed takes what was given with it, and nothing comes back under its name', async () => {
    const { groups, roles, membershipsOf } = access
    const id = 'https://short.example'
    await db.prisma.resource.create({ data: { id, name: 'Short', scope: 'read' } })
    const role = await roles.create({ name: 'reader', resource: id, scope: 'read' })
    const group = await groups.create({ name: 'Passing' })
    await groups.addMember(group.id, 'cyd')
    await roles.assign(role.id, { account: 'cyd' })
    expect((await membershipsOf('cyd')).roles).toHaveLength(1)
    await db.prisma.resource.delete({ where: { id } })
    await db.prisma.resource.create({ data: { id, name: 'Again', scope: 'read' } })
    expect((await membershipsOf('cyd')).roles, 'the API is another').toEqual([])
    await groups.remove(group.id)
    await groups.create({ name: 'Passing' })
    expect((await membershipsOf('cyd')).groups).not.toContainEqual(
      expect.objectContaining({ name: 'Passing' }),
    )
    await expect(groups.remove(group.id)).rejects.toMatchObject({ code: 'group_not_found' })
    await groups.addMember((await groups.create({ name: 'Last' })).id, 'cyd')
    await db.prisma.account.delete({ where: { id: 'cyd' } })
    expect(await membershipsOf('cyd')).toEqual({ groups: [], roles: [] })
  })
})
