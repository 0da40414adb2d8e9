import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { directory, entraUser, type Scim } from './support.ts'

const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

describe.each(engines)('groups by SCIM on %s', (engine) => {
  let latchkey: Latchkey
  let scim: Scim
  let ada: string
  let bob: string
  let cy: string
  let groups = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    scim = await directory(latchkey)
    ;[ada, bob, cy] = (await Promise.all([1, 2, 3].map(() => scim.post('/Users', entraUser())))).map(
      ({ json }) => json.id,
    ) as [string, string, string]
  })
  afterAll(() => latchkey?.stop())

  const create = async (more: object = {}) => {
    const displayName = `Crew ${++groups}`
    const made = await scim.post('/Groups', {
      schemas: [GROUP],
      externalId: `crew-${groups}`,
      displayName,
      ...more,
    })
    expect(made.status, made.text).toBe(201)
    return made.json
  }
  const membersOf = async (id: string): Promise<string[]> =>
    ((await scim.get(`/Groups/${id}`)).json.members ?? []).map(({ value }: { value: string }) => value).sort()
  const value = (...ids: string[]) => ids.map((each) => ({ value: each }))

  test('a group is created, found, listed and told to its members', async () => {
    const group = await create({ members: value(ada, bob) })
    expect(await membersOf(group.id)).toEqual([ada, bob].sort())
    for (const filter of [
      `displayName eq "${group.displayName.toUpperCase()}"`,
      `externalId eq "${group.externalId}"`,
      `id eq "${group.id}"`,
    ]) {
      const found = await scim.call(
        'GET',
        `/Groups?excludedAttributes=members&${new URLSearchParams({ filter })}`,
      )
      expect(found.json.Resources, filter).toMatchObject([{ id: group.id }])
      expect(found.json.Resources[0].members).toBeUndefined()
    }
    expect((await scim.find('Groups', 'members eq "x"')).json.scimType).toBe('invalidFilter')
    const listed = await scim.get('/Groups?count=200')
    expect(listed.json.Resources.find(({ id }: { id: string }) => id === group.id).members).toHaveLength(2)
    expect((await scim.get(`/Users/${ada}`)).json.groups).toMatchObject([
      { value: group.id, display: group.displayName },
    ])
    expect((await latchkey.services.access.groups.ofAccount(ada)).map(({ id }) => id)).toContain(group.id)
    const { audit } = latchkey.services
    await audit.idle()
    const { items } = await audit.list({ limit: 50 } as never)
    expect(
      items.find(({ action, target }) => action === 'group.created' && target?.id === group.id)?.actor,
    ).toMatchObject({
      kind: 'scim',
      name: 'Entra',
    })
  })

  test('members come and go as Entra and Okta say it', async () => {
    const { id } = await create()
    const path = `/Groups/${id}`
    const patch = async (...operations: unknown[]) => {
      const done = await scim.patch(path, operations)
      expect(done.status, done.text).toBe(200)
      return membersOf(id)
    }
    expect(await patch({ op: 'Add', path: 'members', value: value(ada, bob) })).toEqual([ada, bob].sort())
    expect(await patch({ op: 'Add', path: 'members', value: value(bob, cy) })).toEqual([ada, bob, cy].sort())
    expect(await patch({ op: 'Remove', path: 'members', value: value(ada) })).toEqual([bob, cy].sort())
    expect(await patch({ op: 'remove', path: `members[value eq "${bob}"]` })).toEqual([cy])
    expect(await patch({ op: 'remove', path: `members[value eq "${bob}"]` })).toEqual([cy])
    expect(await patch({ op: 'replace', path: 'members', value: value(ada) })).toEqual([ada])
    expect(await patch({ op: 'add', value: { members: value(bob) } })).toEqual([ada, bob].sort())
    expect(
      await patch({ op: 'remove', path: 'members' }, { op: 'add', path: 'members', value: value(cy) }),
    ).toEqual([cy])
    expect(await patch({ op: 'remove', path: 'members' })).toEqual([])
    const renamed = await scim.patch(path, [
      { op: 'replace', value: { id, displayName: `Renamed ${groups}` } },
    ])
    expect(renamed.json.displayName).toBe(`Renamed ${groups}`)
    const put = await scim.put(path, {
      schemas: [GROUP],
      displayName: `Put ${groups}`,
      members: value(ada, cy),
    })
    expect(put.json).toMatchObject({ displayName: `Put ${groups}` })
    expect(await membersOf(id)).toEqual([ada, cy].sort())
  })

  test('a change is for the version that was read, and members are part of it', async () => {
    const group = await create({ members: value(ada) })
    const headers = { 'if-match': group.meta.version }
    const add = (id: string) =>
      scim.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: value(id) }], headers)
    expect((await add(bob)).status).toBe(200)
    expect((await add(cy)).status).toBe(412)
    expect((await scim.delete(`/Groups/${group.id}`, headers)).status).toBe(412)
    expect((await scim.delete(`/Groups/${group.id}`)).status).toBe(204)
    expect((await scim.get(`/Groups/${group.id}`)).status).toBe(404)
  })

  test('names and externalIds are unique, also of several at once', async () => {
    const group = await create()
    const same = await scim.post('/Groups', { displayName: group.displayName.toUpperCase() })
    expect([same.status, same.json.scimType]).toEqual([409, 'uniqueness'])
    const external = await scim.post('/Groups', {
      displayName: `Other ${++groups}`,
      externalId: group.externalId,
    })
    expect([external.status, external.json.scimType]).toEqual([409, 'uniqueness'])
    const displayName = `At once ${++groups}`
    const many = await Promise.all([1, 2, 3].map(() => scim.post('/Groups', { displayName })))
    expect(many.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const other = await create()
    const taken = await scim.patch(`/Groups/${other.id}`, [
      { op: 'replace', path: 'displayName', value: displayName },
    ])
    expect([taken.status, taken.json.scimType]).toEqual([409, 'uniqueness'])
  })

  test('administrators are not added, removed or renamed away', async () => {
    const admin = await latchkey.createUser()
    await latchkey.services.accounts.setRole(admin.id, 'admin')
    const { id } = await create({ members: value(ada) })
    const add = await scim.patch(`/Groups/${id}`, [{ op: 'add', path: 'members', value: value(admin.id) }])
    expect(add.status).toBe(403)
    expect(
      (await scim.post('/Groups', { displayName: `Own ${++groups}`, members: value(admin.id) })).status,
    ).toBe(403)
    await latchkey.services.access.groups.addMember(id, admin.id)
    for (const operation of [
      { op: 'remove', path: 'members', value: value(admin.id) },
      { op: 'remove', path: 'members' },
      { op: 'replace', path: 'displayName', value: 'Mine now' },
    ])
      expect((await scim.patch(`/Groups/${id}`, [operation])).status, JSON.stringify(operation)).toBe(403)
    expect((await scim.delete(`/Groups/${id}`)).status).toBe(403)
    expect(await membersOf(id)).toEqual([ada, admin.id].sort())
  })

  test('what is wrong is said, and nothing is done', async () => {
    const { id } = await create()
    for (const [body, scimType] of [
      [{}, 'invalidValue'],
      [{ displayName: 'a,b' }, 'invalidValue'],
      [{ displayName: { a: 1 } }, 'invalidValue'],
      [{ displayName: `G ${++groups}`, members: [{ value: 'nobody' }] }, 'invalidValue'],
      [{ displayName: `G ${++groups}`, members: [{}] }, 'invalidValue'],
      [{ displayName: `G ${++groups}`, members: 'x' }, 'invalidValue'],
      [{ displayName: `G ${++groups}`, color: 1 }, 'invalidPath'],
    ] as const) {
      const refused = await scim.post('/Groups', body)
      expect([refused.status, refused.json.scimType], JSON.stringify(body)).toEqual([400, scimType])
    }
    for (const operation of [
      { op: 'remove', path: 'members[__proto__.x eq 1]' },
      { op: 'add', path: 'members[value eq "x"]', value: [] },
      { op: 'replace', path: 'members.value', value: 'x' },
      { op: 'remove', path: 'displayName' },
      { op: 'add', path: 'members', value: [{ value: 'nobody' }] },
    ])
      expect((await scim.patch(`/Groups/${id}`, [operation])).status, JSON.stringify(operation)).toBe(400)
    expect((await scim.get('/Groups?count=1')).json.totalResults).toBe(
      await latchkey.services.db.prisma.group.count(),
    )
  })
})
