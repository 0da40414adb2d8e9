import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { createScim, directory, ERROR, type Scim } from './support.ts'

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

describe.each(engines)('the directory of an organization, on %s', (engine) => {
  let latchkey: Latchkey
  let id: string
  let scim: Scim
  let foreign: Scim
  const values = new Set<string>()
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, lookUpTxt: async () => ({ values: [...values] }) })
    const { organizations } = latchkey.services
    const company = async (slug: string) => {
      const one = await organizations.create({ name: slug, slug })
      values.add((await organizations.domains.add(one.id, `${slug}.example`)).record.value)
      await organizations.domains.verify(one.id, `${slug}.example`)
      return one.id
    }
    id = await company('corp')
    await company('rival')
    scim = await directory(latchkey, 'Entra', 'corp')
    foreign = await directory(latchkey, 'Entra', 'rival')
  })
  afterAll(() => latchkey.stop())

  const members = () => latchkey.services.organizations.members
  let people = 0
  const body = (userName: string, email: string, more: object = {}) => ({
    ...{ schemas: [USER], userName, emails: [{ value: email, primary: true }], ...more },
  })
  const create = async (at = scim, domain = 'corp.example', more: object = {}) => {
    const name = `p${++people}-${engine}`
    const made = await at.post('/Users', body(name, `${name}@${domain}`, more))
    expect(made.status, made.text).toBe(201)
    return made.json as { id: string; userName: string; meta: { version: string } }
  }
  /** A person with a private address, who is a member. */
  const guest = async () => {
    const user = await latchkey.createUser()
    await members().put(id, user.id, ['member'])
    return user
  }

  test('creates accounts for addresses of its verified domains alone, and they are members', async () => {
    const made = await create(scim, 'corp.example', { externalId: 'e1' })
    expect((await members().membership(made.id, id))?.roles).toEqual([])
    for (const [name, email] of [
      ['x1', 'x@example.com'],
      ['x2', 'x@rival.example'],
      ['x3', 'x@sub.corp.example'],
      ['x4', 'x@corp.example.evil.example'],
      ['x@evil.example', undefined],
      ['x5', ''],
    ] as const) {
      const refused = await scim.post(
        '/Users',
        email === undefined ? { schemas: [USER], userName: name } : body(name, email),
      )
      expect([refused.status, refused.json.schemas], String(email)).toEqual([403, [ERROR]])
    }
    expect((await scim.post('/Users', body('X6', `${made.userName}@CORP.example`))).status, 'taken').toBe(409)
    expect(
      (await foreign.post('/Users', body('other', 'other@rival.example', { externalId: 'e1' }))).status,
      'its own external IDs',
    ).toBe(201)
  })

  test('a name that is an address is of its verified domains too: nobody is taken for another by it', async () => {
    const made = await create()
    const email = `named-${engine}@corp.example`
    for (const name of [`boss-${engine}@example.com`, 'boss@rival.example', 'boss@sub.corp.example']) {
      expect((await scim.post('/Users', body(name, email))).status, name).toBe(403)
      const renamed = await scim.patch(`/Users/${made.id}`, [
        { op: 'replace', path: 'userName', value: name },
      ])
      expect(renamed.status, name).toBe(403)
      expect((await scim.put(`/Users/${made.id}`, body(name, `${made.userName}@corp.example`))).status).toBe(
        403,
      )
    }
    expect((await scim.post('/Users', body(`Boss-${engine}@CORP.example`, email))).status).toBe(201)
  })

  test('sees its members alone, by whatever it asks for; others are not there', async () => {
    const [mine, theirs] = [await create(), await create(foreign, 'rival.example', { externalId: 'x-1' })]
    const outsider = await latchkey.createUser()
    const ids = async (path: string) =>
      ((await scim.get(path)).json.Resources as { id: string }[]).map((one) => one.id)
    const all = await ids('/Users')
    expect(all).toContain(mine.id)
    for (const other of [theirs, outsider]) expect(all).not.toContain(other.id)
    const { totalResults } = (await scim.get('/Users?count=0')).json
    expect(totalResults).toBe((await ids('/Users?count=200')).length)
    for (const filter of [
      `id eq "${theirs.id}"`,
      `userName eq "${theirs.userName}"`,
      `emails.value eq "${theirs.userName}@rival.example"`,
      'externalId eq "x-1"',
      `userName eq "${outsider.username}"`,
    ])
      expect((await scim.find('Users', filter)).json, filter).toMatchObject({
        totalResults: 0,
        Resources: [],
      })
    expect((await scim.find('Users', `userName eq "${mine.userName}"`)).json.totalResults).toBe(1)
    for (const other of [theirs.id, outsider.id, '__proto__', id, '00000000-0000-4000-8000-000000000000']) {
      const path = `/Users/${other}`
      const answers = [
        await scim.get(path),
        await scim.put(path, body('stolen', 'stolen@corp.example')),
        await scim.patch(path, [{ op: 'replace', path: 'active', value: false }]),
        await scim.patch(path, [
          { op: 'replace', path: 'emails[type eq "work"].value', value: 'a@corp.example' },
        ]),
        await scim.delete(path),
      ]
      expect(
        answers.map(({ status }) => status),
        other,
      ).toEqual([404, 404, 404, 404, 404])
    }
    expect(await latchkey.services.accounts.byId(theirs.id)).toMatchObject({
      disabledAt: null,
      email: `${theirs.userName}@rival.example`,
    })
  })

  test('changes accounts of its domains; of a guest it ends the membership and nothing else', async () => {
    const mine = await create()
    const path = `/Users/${mine.id}`
    const renamed = await scim.patch(path, [{ op: 'replace', path: 'name.givenName', value: 'Ada' }])
    expect(renamed).toMatchObject({ status: 200, json: { name: { givenName: 'Ada' } } })
    const away = await scim.patch(path, [
      { op: 'replace', path: 'emails', value: [{ value: 'ada@evil.example', primary: true }] },
    ])
    expect(away.status, 'no address beyond its domains').toBe(403)
    const off = await scim.patch(path, [{ op: 'replace', path: 'active', value: 'False' }])
    expect(off).toMatchObject({ status: 200, json: { active: false } })
    expect((await latchkey.services.accounts.byId(mine.id))?.disabledAt).not.toBeNull()
    expect(await scim.patch(path, [{ op: 'replace', path: 'active', value: true }])).toMatchObject({
      json: { active: true },
    })

    const private_ = await guest()
    const theirs = `/Users/${private_.id}`
    for (const operation of [
      { op: 'replace', path: 'userName', value: 'mine' },
      { op: 'replace', path: 'emails', value: [{ value: 'mine@corp.example', primary: true }] },
      { op: 'replace', path: 'name.givenName', value: 'X' },
      { op: 'replace', value: { active: true, userName: 'mine' } },
    ])
      expect((await scim.patch(theirs, [operation])).status, operation.path).toBe(403)
    expect((await scim.put(theirs, body('mine', 'mine@corp.example'))).status).toBe(403)
    expect(await scim.patch(theirs, [{ op: 'replace', path: 'active', value: false }])).toMatchObject({
      json: { active: false },
    })
    expect(await members().membership(private_.id, id)).toBeUndefined()
    expect(await latchkey.services.accounts.byId(private_.id)).toMatchObject({
      disabledAt: null,
      email: private_.email,
    })
    expect((await scim.get(theirs)).status).toBe(404)

    const [kept, gone] = [await guest(), await create()]
    expect((await scim.delete(`/Users/${kept.id}`)).status).toBe(204)
    expect(await latchkey.services.accounts.byId(kept.id)).toMatchObject({
      disabledAt: null,
      deletionAt: null,
    })
    expect((await scim.delete(`/Users/${gone.id}`)).status).toBe(204)
    expect((await latchkey.services.accounts.byId(gone.id))?.deletionAt).not.toBeNull()
  })

  test('does nothing to who administers this server', async () => {
    const { accounts } = latchkey.services
    const [inside, outside] = [await create(), await guest()]
    for (const { id: accountId } of [inside, outside]) await accounts.setRole(accountId, 'auditor')
    for (const { id: accountId } of [inside, outside]) {
      expect(
        (await scim.patch(`/Users/${accountId}`, [{ op: 'replace', path: 'active', value: false }])).status,
      ).toBe(403)
      expect((await scim.delete(`/Users/${accountId}`)).status).toBe(403)
      const operation = { op: 'add', path: 'members', value: [{ value: accountId }] }
      expect((await scim.patch('/Groups/admin', [operation])).status).toBe(403)
      expect(await members().membership(accountId, id)).toBeDefined()
    }
  })

  test('an account that another directory has deleted is not deleted for good by a name', async () => {
    const name = `phoenix-${engine}`
    const made = await foreign.post('/Users', body(name, `${name}@rival.example`))
    await foreign.delete(`/Users/${made.json.id}`)
    expect((await scim.post('/Users', body(name, `${name}@corp.example`))).status).toBe(409)
    expect(await latchkey.services.accounts.byId(made.json.id)).toBeDefined()
    expect(
      (await foreign.post('/Users', body(name, `${name}@rival.example`))).status,
      'its own directory may',
    ).toBe(201)
  })

  test('its groups are the roles of the template, whose members it changes, and no group of the server', async () => {
    const { access } = latchkey.services
    const server = await access.groups.create({ name: `Server ${engine}` })
    const [one, two] = [await create(), await create()]
    const rival = await create(foreign, 'rival.example')
    const names = ((await scim.get('/Groups')).json.Resources as { displayName: string }[]).map(
      (each) => each.displayName,
    )
    expect(names).toEqual(['admin', 'member'])
    expect((await scim.find('Groups', 'displayName eq "ADMIN"')).json.Resources).toMatchObject([
      { id: 'admin' },
    ])
    expect((await scim.find('Groups', `displayName eq "Server ${engine}"`)).json.totalResults).toBe(0)
    for (const path of [`/Groups/${server.id}`, '/Groups/__proto__', '/Groups/owner']) {
      expect((await scim.get(path)).status, path).toBe(404)
      expect((await scim.delete(path)).status, path).toBe(404)
      expect(
        (await scim.patch(path, [{ op: 'add', path: 'members', value: [{ value: one.id }] }])).status,
      ).toBe(404)
    }
    const add = (role: string, ...ids: string[]) =>
      scim.patch(`/Groups/${role}`, [{ op: 'add', path: 'members', value: ids.map((value) => ({ value })) }])
    expect(await add('member', one.id, two.id)).toMatchObject({ status: 200 })
    const roles = await Promise.all([
      add('admin', one.id),
      scim.patch('/Groups/member', [{ op: 'remove', path: `members[value eq "${one.id}"]` }]),
    ])
    expect(roles.map(({ status }) => status)).toEqual([200, 200])
    expect((await members().membership(one.id, id))?.roles, 'at once, and neither is lost').toEqual(['admin'])
    expect((await scim.get(`/Users/${one.id}`)).json.groups).toMatchObject([
      { value: 'admin', display: 'admin' },
    ])
    expect((await add('admin', rival.id)).status, 'no member').toBe(400)
    expect((await add('admin', '__proto__')).status).toBe(400)
    const replaced = await scim.put('/Groups/admin', {
      schemas: [GROUP],
      displayName: 'admin',
      members: [{ value: two.id }],
    })
    expect((replaced.json.members as { value: string }[]).map((each) => each.value)).toContain(two.id)
    expect((await members().membership(one.id, id))?.roles).toEqual([])
    expect(
      (await scim.patch('/Groups/admin', [{ op: 'replace', path: 'displayName', value: 'owner' }])).status,
    ).toBe(403)
    expect((await scim.post('/Groups', { schemas: [GROUP], displayName: 'owner' })).status).toBe(403)
    expect((await scim.post('/Groups', { schemas: [GROUP], displayName: 'admin' })).status).toBe(409)
    expect((await scim.delete('/Groups/admin')).status).toBe(403)
    expect(
      await scim.patch('/Groups/admin', [{ op: 'remove', path: 'members' }], { 'if-match': 'W/"x"' }),
    ).toMatchObject({ status: 412 })
    expect((await foreign.get('/Groups/admin')).json.members).toEqual([])
  })

  test('its token is one of its organization, which exists, and ends with it', async () => {
    const { organizations, scimTokens } = latchkey.services
    for (const organization of ['none', '__proto__', 'x'.repeat(300), 7])
      await expect(scimTokens.create({ name: 'X', organization })).rejects.toMatchObject({
        errors: { organization: [expect.any(String)] },
      })
    const short = await organizations.create({ name: 'Short' })
    const { token, organization } = await scimTokens.create({ name: 'Okta', organization: 'short' })
    expect(organization).toBe(short.id)
    const status = async () => (await createScim(latchkey.issuer, token).get('/Users')).status
    expect(await status()).toBe(200)
    await organizations.update(short.id, { disabled: true })
    expect(await status()).toBe(401)
    await organizations.update(short.id, { disabled: false })
    expect(await status()).toBe(200)
    await organizations.remove(short.id)
    expect(await status()).toBe(401)
  })
})
