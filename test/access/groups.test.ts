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

  test('a deletion is of the version that is meant, and of two that mean one, one is done', async () => {
    const kinds = [
      [access.groups, await access.groups.create({ name: 'Night watch' })],
      [access.roles, await access.roles.create({ name: 'Night watch' })],
    ] as const
    for (const [kind, { id, version }] of kinds) {
      await kind.update(id, { description: 'Newer' })
      await expect(kind.remove(id, { ifVersion: version })).rejects.toMatchObject({
        code: 'version_conflict',
      })
      expect(await kind.get(id)).toMatchObject({ description: 'Newer' })
      const given = { ifVersion: version + 1 }
      const both = await Promise.allSettled([
        kind.remove(id, given),
        kind.update(id, { description: 'Newest' }, given),
        kind.remove(id, given),
      ])
      expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }
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

  test('a removal that is interrupted counts from its first statement on, and a job finishes it', async () => {
    const at = new Date(now)
    const many = Array.from({ length: 1200 }, (_, n) => `member-${n}`)
    await db.prisma.account.createMany({
      data: many.map((id) => ({
        ...{ id, username: id, displayUsername: id, email: `${id}@example.org`, role: 'admin' },
        ...{ authValidAfter: at, createdAt: at, updatedAt: at },
      })),
    })
    const group = await access.groups.create({ name: 'Crowd' })
    const role = await access.roles.create({ name: 'walker' })
    const inherited = await access.roles.create({ name: 'guest' })
    await db.prisma.groupMember.createMany({
      data: many.map((accountId) => ({ accountId, groupId: group.id, createdAt: at, manager: true })),
    })
    await db.prisma.accountRole.createMany({
      data: many.map((accountId) => ({ accountId, roleId: role.id, createdAt: at })),
    })
    await access.roles.assign(inherited.id, { group: group.id })
    await access.roles.assign(role.id, { group: group.id })
    const [one = ''] = many
    expect((await access.membershipsOf(one)).roles.map(({ name }) => name)).toEqual(['guest', 'walker'])

    /** A process that dies after the first batch: nothing that it asks of these tables is done any more. */
    let batches = 0
    const dying = (table: 'groupMember' | 'accountRole') =>
      new Proxy(db.prisma[table], {
        get(target, name, receiver) {
          if (name === 'deleteMany' && ++batches > 1) throw new Error('the process has died')
          return Reflect.get(target, name, receiver)
        },
      })
    const interrupted = (table: 'groupMember' | 'accountRole') => {
      batches = 0
      const prisma = new Proxy(db.prisma, {
        get: (target, name, receiver) =>
          name === table ? dying(table) : Reflect.get(target, name, receiver),
      })
      const scopeOf = async () => undefined
      return createAccess({
        db: { ...db, prisma },
        clock: () => now,
        events: (event) => void events.push(event),
        scopeOf,
        findPerson: async () => undefined,
        ofAdministration: () => false,
      })
    }
    await interrupted('groupMember').groups.remove(group.id)
    expect(await db.prisma.groupMember.count({ where: { groupId: group.id } }), 'members').toBe(700)
    await interrupted('accountRole').roles.remove(role.id)
    expect(await db.prisma.accountRole.count({ where: { roleId: role.id } }), 'holders').toBe(700)
    for (const type of ['group.deleted', 'role.deleted'])
      expect(
        events.filter((event) => (event as { type: string }).type === type).length,
        type,
      ).toBeGreaterThan(0)

    const { groups, roles, membershipsOf, ofAdministrators } = access
    for (const id of many.filter((_, n) => n % 100 === 0)) {
      expect(await membershipsOf(id)).toEqual({ groups: [], roles: [] })
      expect([await groups.ofAccount(id), await groups.managedBy(id)]).toEqual([[], { items: [] }])
      expect(await groups.manages(id)).toBe(false)
      expect([await roles.ofAccount(id), await roles.byGroups(id)]).toEqual([[], []])
      await expect(groups.asManager(group.id, id)).rejects.toMatchObject({ code: 'group_not_found' })
    }
    expect((await groups.list({ search: 'crowd' })).items).toEqual([])
    expect((await groups.list({ search: group.id })).items).toEqual([])
    expect((await roles.list({ search: 'walker' })).items).toEqual([])
    expect(await roles.groups(inherited.id)).toEqual([])
    expect((await roles.givenToGroups()).has(group.id)).toBe(false)
    expect(await ofAdministrators.role(inherited.id), 'held by the group that is gone').toBe(false)
    const gone = { group: { code: 'group_not_found' }, role: { code: 'role_not_found' } }
    for (const asked of [
      () => groups.get(group.id),
      () => groups.find('crowd'),
      () => groups.find(`REMOVED ${group.id}`),
      () => groups.update(group.id, { description: 'x' }),
      () => groups.addMember(group.id, one),
      () => groups.removeMember(group.id, one),
      () => groups.members(group.id),
      () => groups.setManager(group.id, one, false),
      () => groups.remove(group.id),
    ])
      await expect(asked()).rejects.toMatchObject(gone.group)
    for (const asked of [
      () => roles.get(role.id),
      () => roles.update(role.id, { description: 'x' }),
      () => roles.assign(role.id, { account: one }),
      () => roles.accounts(role.id),
      () => roles.remove(role.id),
    ])
      await expect(asked()).rejects.toMatchObject(gone.role)
    await expect(roles.assign(inherited.id, { group: group.id })).rejects.toMatchObject(gone.group)
    expect(await roles.find('walker')).toEqual([])

    const again = await groups.create({ name: 'Crowd' })
    await roles.create({ name: 'walker' })
    expect((await groups.find('crowd')).id).toBe(again.id)

    while ((await groups.purge()) + (await roles.purge()) > 0);
    expect(await db.prisma.groupMember.count({ where: { groupId: group.id } })).toBe(0)
    expect(await db.prisma.accountRole.count({ where: { roleId: role.id } })).toBe(0)
    expect(await db.prisma.group.count({ where: { id: group.id } })).toBe(0)
    expect(await db.prisma.role.count({ where: { id: role.id } })).toBe(0)
    expect(await groups.get(again.id)).toMatchObject({ name: 'Crowd' })
  })

  test('of several removals at once one is done', async () => {
    const { id } = await access.groups.create({ name: 'Once' })
    const removals = await Promise.allSettled([1, 2, 3, 4].map(() => access.groups.remove(id)))
    expect(removals.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const told = events.filter(
      (event) =>
        (event as { type: string; id: string }).type === 'group.deleted' &&
        (event as { id: string }).id === id,
    )
    expect(told).toHaveLength(1)
  })
})
