import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { createScim, directory, ERROR, entraUser, type Scim } from './support.ts'

const DAY = 86_400_000

describe.each(engines)('users by SCIM on %s', (engine) => {
  let latchkey: Latchkey
  let entra: Scim
  let okta: Scim
  let later = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + later })
    entra = await directory(latchkey, 'Entra')
    okta = await directory(latchkey, 'Okta')
  })
  afterAll(() => latchkey?.stop())

  const create = async (changes: object = {}, by = entra) => {
    const made = await by.post('/Users', entraUser(changes))
    expect(made.status, made.text).toBe(201)
    return made.json
  }
  const events = async (id: string) => {
    const { audit } = latchkey.services
    await audit.idle()
    const { items } = await audit.list({ limit: 200 } as never)
    return items.filter(({ target }) => target?.id === id)
  }

  test('a user of Entra is created, found, read and known in the audit log', async () => {
    const body = entraUser()
    const none = await entra.find('Users', `userName eq "${body.userName}"`)
    expect(none.json).toMatchObject({ totalResults: 0, Resources: [], itemsPerPage: 0, startIndex: 1 })
    const made = await entra.post('/Users', body)
    expect(made.status, made.text).toBe(201)
    expect(made.headers.get('content-type')).toMatch(/^application\/scim\+json/)
    const { id, meta } = made.json
    expect(made.headers.get('location')).toBe(`${latchkey.issuer}/scim/v2/Users/${id}`)
    expect(made.headers.get('etag')).toBe(meta.version)
    expect(made.json).toMatchObject({
      externalId: body.externalId,
      userName: body.userName,
      active: true,
      name: { givenName: 'Lee', familyName: 'Person', formatted: 'Lee Person' },
      emails: [{ value: body.userName, type: 'work', primary: true }],
    })
    for (const filter of [
      `userName eq "${body.userName.toUpperCase()}"`,
      `externalId eq "${body.externalId}"`,
      `emails.value eq "${body.userName}"`,
      `emails[type eq "work"].value eq "${body.userName}"`,
      `id eq "${id}"`,
      `urn:ietf:params:scim:schemas:core:2.0:User:userName Eq "${body.userName}" AND id eq "${id}"`,
      `id eq "${id}" and meta.lastModified eq "${meta.lastModified}"`,
    ]) {
      const found = await entra.find('Users', filter)
      expect(
        found.json?.Resources?.map((each: { id: string }) => each.id),
        filter,
      ).toEqual([id])
      expect(found.json.totalResults).toBe(1)
    }
    for (const filter of [
      `id eq "${id}" and userName eq "other"`,
      'userName eq "a" and userName eq "b"',
      'userName eq "\\u0000"',
    ])
      expect((await entra.find('Users', filter)).json.totalResults, filter).toBe(0)
    const account = await latchkey.services.accounts.byId(id)
    // The administrator trusts the directory.
    expect(account).toMatchObject({
      email: body.userName,
      pendingEmail: null,
      givenName: 'Lee',
      role: 'user',
    })
    const [created] = (await events(id)).filter(({ action }) => action === 'account.created')
    expect(created?.actor).toMatchObject({ kind: 'scim', name: 'Entra' })
    expect((await entra.get(`/Users/${id}`, { 'if-none-match': meta.version })).status).toBe(304)
  })

  test('each directory has its own externalId', async () => {
    const user = await create({ externalId: 'one-of-both' })
    expect((await okta.get(`/Users/${user.id}`)).json.externalId).toBeUndefined()
    expect((await okta.find('Users', 'externalId eq "one-of-both"')).json.totalResults).toBe(0)
    const named = await okta.patch(`/Users/${user.id}`, [{ op: 'replace', value: { externalId: 'at-okta' } }])
    expect(named.json.externalId).toBe('at-okta')
    expect((await entra.get(`/Users/${user.id}`)).json.externalId).toBe('one-of-both')
    const other = await entra.post('/Users', entraUser({ externalId: 'one-of-both' }))
    expect([other.status, other.json.scimType]).toEqual([409, 'uniqueness'])
    expect((await entra.find('Users', `userName eq "${other.json.userName}"`)).json.totalResults).toBe(0)
  })

  test('the second token of a directory goes on where the first one was', async () => {
    const user = await create()
    const { scimTokens } = latchkey.services
    const first = (await scimTokens.list()).find(({ name }) => name === 'Entra')
    const second = await directory(latchkey, ' entra')
    expect((await second.get(`/Users/${user.id}`)).json.externalId).toBe(user.externalId)
    await scimTokens.remove(first?.id ?? '')
    expect((await entra.get('/Users')).status).toBe(401)
    entra = second
    expect((await entra.get('/Users?count=1')).status).toBe(200)
  })

  test('PATCH as Entra sends it', async () => {
    const { id, userName } = await create()
    const changed = await entra.patch(`/Users/${id}`, [
      { op: 'Replace', path: 'name.givenName', value: 'Kim' },
      { op: 'Add', path: 'name.familyName', value: 'Park' },
      { op: 'Add', path: 'nickName', value: 'K' },
      { op: 'Replace', path: 'emails[type eq "work"].value', value: `new-${userName}` },
      { op: 'Add', path: 'phoneNumbers[type eq "work"].value', value: '+1 425 555 0100' },
      { op: 'Add', path: 'addresses[type eq "work"].country', value: 'CA' },
      {
        op: 'Add',
        path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
        value: 'X',
      },
      {
        op: 'Add',
        path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager',
        value: { value: id },
      },
    ])
    expect(changed.status, changed.text).toBe(200)
    expect(changed.json).toMatchObject({
      name: { givenName: 'Kim', familyName: 'Park', formatted: 'Kim Park' },
      nickName: 'K',
      emails: [{ value: `new-${userName}` }],
    })
    const off = await entra.patch(`/Users/${id}`, [{ op: 'Replace', path: 'active', value: 'False' }])
    expect(off.json.active).toBe(false)
    const on = await entra.patch(`/Users/${id}`, [{ op: 'Add', path: 'active', value: 'True' }])
    expect(on.json.active).toBe(true)
    const bare = await entra.patch(`/Users/${id}`, [
      { op: 'replace', value: { 'name.givenName': 'Jo', active: 'False', displayName: 'Jo' } },
      { op: 'Remove', path: 'nickName' },
    ])
    expect(bare.json).toMatchObject({ active: false, name: { givenName: 'Jo' } })
    expect(bare.json.nickName).toBeUndefined()
    const types = (await events(id)).map(({ action }) => action)
    for (const type of ['account.profile_changed', 'account.disabled', 'account.enabled'])
      expect(types).toContain(type)
  })

  test('PATCH and PUT as Okta sends them', async () => {
    const { id, userName } = await create({}, okta)
    const off = await okta.patch(`/Users/${id}`, [{ op: 'replace', value: { active: false } }])
    expect(off.json.active).toBe(false)
    const put = await okta.put(`/Users/${id}`, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      id,
      userName,
      name: { givenName: 'Another', familyName: 'Name' },
      emails: [
        { primary: false, value: 'home@example.com', type: 'home' },
        { primary: true, value: userName, type: 'work', display: userName },
      ],
      active: true,
      groups: [],
      password: 'never taken',
      meta: { resourceType: 'User' },
    })
    expect(put.status, put.text).toBe(200)
    expect(put.json).toMatchObject({
      active: true,
      name: { givenName: 'Another' },
      emails: [{ value: userName }],
    })
    // What a replacement leaves out is gone; what the person says of themselves stays.
    expect(put.json.externalId).toBeUndefined()
    const without = await okta.put(`/Users/${id}`, { userName, name: {}, emails: [{ value: userName }] })
    expect([without.json.name, without.json.active]).toEqual([undefined, true])
  })

  test('active: false ends sessions and tokens at once', async () => {
    const user = await latchkey.createUser()
    const login = await fetch(`${latchkey.issuer}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: user.email, password: PASSWORD }),
    })
    const { access_token } = (await login.json()) as { access_token: string }
    const me = () =>
      fetch(`${latchkey.issuer}/api/auth/me`, { headers: { authorization: `Bearer ${access_token}` } })
    expect((await me()).status).toBe(200)
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
      identifier: user.email,
      password: PASSWORD,
    })
    expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/account')
    const off = await entra.patch(`/Users/${user.id}`, [{ op: 'Replace', path: 'active', value: 'False' }])
    expect(off.status).toBe(200)
    expect((await me()).status).toBe(401)
    expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).not.toBe('/account')
  })

  test('an address that a directory sets is verified, and links to the one before work no more', async () => {
    const user = await latchkey.createUser()
    await latchkey.services.accounts.forgot(user.email)
    await latchkey.services.mailer.idle()
    const links = () =>
      latchkey.services.db.prisma.oneTimeToken.count({
        where: { accountId: user.id, usedAt: null, expiresAt: { gt: new Date(Date.now() + later) } },
      })
    await latchkey.services.accounts.sendReset(user.id)
    expect(await links()).toBeGreaterThan(0)
    await entra.patch(`/Users/${user.id}`, [
      { op: 'replace', path: 'emails', value: [{ value: `x-${user.email}` }] },
    ])
    expect(await latchkey.services.accounts.byId(user.id)).toMatchObject({ email: `x-${user.email}` })
    expect(await links()).toBe(0)
  })

  test('of two at once that create one userName, one is told', async () => {
    const body = entraUser()
    const made = await Promise.all(
      [1, 2, 3].map((n) => entra.post('/Users', { ...body, externalId: `at-once-${n}` })),
    )
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const refused = made.find(({ status }) => status === 409)
    expect(refused?.json).toMatchObject({ schemas: [ERROR], status: '409', scimType: 'uniqueness' })
    const externalId = entraUser().externalId
    const same = await Promise.all([1, 2, 3].map(() => entra.post('/Users', entraUser({ externalId }))))
    expect(same.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  })

  test('DELETE is soft, hidden, final for the directory, and the names are free for another person', async () => {
    const user = await create()
    expect((await entra.delete(`/Users/${user.id}`)).status).toBe(204)
    expect((await entra.delete(`/Users/${user.id}`)).status).toBe(404)
    expect((await entra.get(`/Users/${user.id}`)).status).toBe(404)
    expect(
      (await entra.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value: true }])).status,
    ).toBe(404)
    expect((await entra.find('Users', `userName eq "${user.userName}"`)).json.totalResults).toBe(0)
    const account = await latchkey.services.accounts.byId(user.id)
    expect(account?.disabledAt).not.toBeNull()
    // An administrator may take it back; its owner may not.
    expect(
      await latchkey.services.accounts.deletion.keep(user.id, {
        generation: account?.generation ?? 0,
        amr: ['pwd'],
      }),
    ).toBe('over')
    const again = await create({ userName: user.userName, emails: user.emails, externalId: user.externalId })
    expect(again.id).not.toBe(user.id)
    expect(await latchkey.services.accounts.byId(user.id)).toBeUndefined()

    await entra.delete(`/Users/${again.id}`)
    await latchkey.services.accounts.enable(again.id)
    expect((await entra.get(`/Users/${again.id}`)).json.active).toBe(true)
    await entra.delete(`/Users/${again.id}`)
    later += 15 * DAY
    await latchkey.services.accounts.deletion.purge()
    expect(await latchkey.services.accounts.byId(again.id)).toBeUndefined()
    later = 0
  })

  test('an account that its owner wants deleted is not taken over', async () => {
    const user = await latchkey.createUser()
    await latchkey.services.accounts.deletion.request(user.id)
    const refused = await entra.post('/Users', entraUser({ userName: user.username }))
    expect(refused.status).toBe(409)
    expect(await latchkey.services.accounts.byId(user.id)).toBeDefined()
  })

  test('administrators are seen and not changed', async () => {
    for (const role of ['admin', 'auditor'] as const) {
      const user = await latchkey.createUser()
      await latchkey.services.accounts.setRole(user.id, role)
      expect((await entra.get(`/Users/${user.id}`)).status).toBe(200)
      const patch = await entra.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'active', value: false }])
      const put = await entra.put(`/Users/${user.id}`, entraUser())
      const gone = await entra.delete(`/Users/${user.id}`)
      expect([patch.status, put.status, gone.status]).toEqual([403, 403, 403])
      expect(await latchkey.services.accounts.byId(user.id)).toMatchObject({
        email: user.email,
        disabledAt: null,
      })
    }
    const raised = await entra.post('/Users', entraUser({ roles: [{ value: 'admin' }], role: 'admin' }))
    expect(raised.status).toBe(400)
    const plain = await create({ roles: [{ value: 'admin' }] })
    expect(await latchkey.services.accounts.byId(plain.id)).toMatchObject({ role: 'user' })
  })

  test('a change is for the version that was read', async () => {
    const user = await create()
    const first = user.meta.version
    const change = (givenName: string, version: string) =>
      entra.patch(`/Users/${user.id}`, [{ op: 'replace', path: 'name.givenName', value: givenName }], {
        'if-match': version,
      })
    const one = await change('One', first)
    expect(one.status).toBe(200)
    expect(one.json.meta.version).not.toBe(first)
    const late = await change('Two', first)
    expect([late.status, late.json.status]).toEqual([412, '412'])
    expect((await entra.delete(`/Users/${user.id}`, { 'if-match': first })).status).toBe(412)
    const named = await entra.patch(`/Users/${user.id}`, [
      { op: 'replace', path: 'externalId', value: 'x-9' },
    ])
    expect(named.json.meta.version).not.toBe(one.json.meta.version)
    const many = await Promise.all(['A', 'B', 'C'].map((name) => change(name, named.json.meta.version)))
    expect(many.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    // Without If-Match all of them are done, one after the other.
    const free = await Promise.all(
      ['A', 'B', 'C'].map((value) =>
        entra.patch(`/Users/${user.id}`, [{ op: 'add', path: 'nickName', value }]),
      ),
    )
    expect(free.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('pages and chosen attributes', async () => {
    const first = await entra.get('/Users?count=3')
    const page = await entra.get('/Users?startIndex=2&count=2')
    expect(page.json).toMatchObject({ startIndex: 2, itemsPerPage: 2 })
    expect(page.json.totalResults).toBeGreaterThan(4)
    expect(page.json.totalResults).toBe(first.json.totalResults)
    expect(page.json.Resources[0].id).toBe(first.json.Resources[1].id)
    expect((await entra.get('/Users?count=0')).json.Resources).toEqual([])
    expect((await entra.get('/Users?count=100000&startIndex=-5')).json.startIndex).toBe(1)
    expect((await entra.get('/Users?count=many')).json.scimType).toBe('invalidValue')
    const [few] = (await entra.get('/Users?count=1&attributes=userName,emails.value')).json.Resources
    expect(Object.keys(few).sort()).toEqual(['emails', 'id', 'schemas', 'userName'])
    const [less] = (await entra.get('/Users?count=1&excludedAttributes=emails,id')).json.Resources
    expect(Object.keys(less)).not.toContain('emails')
    expect(Object.keys(less)).toContain('id')
  })

  test('what is wrong is said as RFC 7644 says', async () => {
    const user = await create()
    const path = `/Users/${user.id}`
    for (const filter of [
      'userName sw "a"',
      'userName eq "a" or userName eq "b"',
      'not (userName eq "a")',
      'userName',
      '((',
      'userName eq "a',
      'userName eq 5',
      'title eq "x"',
      '__proto__.polluted eq "1"',
      'constructor.prototype.polluted eq "1"',
      'meta.lastModified eq "2026-01-01T00:00:00Z"',
      'active eq true',
      `${'userName eq "a" and '.repeat(9)}userName eq "a"`,
      'x'.repeat(5000),
    ]) {
      const found = await entra.find('Users', filter)
      expect([found.status, found.json?.scimType], filter).toEqual([400, 'invalidFilter'])
    }
    for (const [operations, scimType] of [
      [[{ op: 'remove' }], 'noTarget'],
      [[{ op: 'move', path: 'active', value: true }], 'invalidSyntax'],
      [[], 'invalidSyntax'],
      [[{ op: 'replace', path: 'color', value: 'red' }], 'invalidPath'],
      [[{ op: 'replace', path: '__proto__.polluted', value: 'x' }], 'invalidPath'],
      [[{ op: 'replace', path: 'constructor.prototype.polluted', value: 'x' }], 'invalidPath'],
      [[{ op: 'replace', path: 'name[__proto__.polluted eq 1].givenName', value: 5 }], 'invalidValue'],
      [[{ op: 'replace', path: 'active', value: 'maybe' }], 'invalidValue'],
      [[{ op: 'replace', path: 'userName', value: null }], 'invalidValue'],
      [[{ op: 'replace', path: 'userName', value: { a: 1 } }], 'invalidValue'],
      [[{ op: 'replace', path: 'name.givenName', value: { a: 1 } }], 'invalidValue'],
      [[{ op: 'remove', path: 'userName' }], 'invalidValue'],
      [[{ op: 'remove', path: 'emails' }], 'invalidValue'],
      [[{ op: 'replace', path: 'emails', value: [{ value: 'no address' }] }], 'invalidValue'],
      [[{ op: 'replace', path: 'emails', value: 5 }], 'invalidValue'],
      [[{ op: 'replace', path: 'externalId', value: 'x'.repeat(300) }], 'invalidValue'],
      [[{ op: 'replace', value: 'text' }], 'invalidValue'],
      [[null], 'invalidSyntax'],
    ] as const) {
      const refused = await entra.patch(path, operations as never)
      expect([refused.status, refused.json.scimType], JSON.stringify(operations)).toEqual([400, scimType])
      expect(refused.json.schemas).toEqual([ERROR])
    }
    expect((await entra.post('/Users', entraUser({ userName: undefined }))).json.scimType).toBe(
      'invalidValue',
    )
    expect((await entra.post('/Users', entraUser({ userName: 'x'.repeat(65) }))).json.scimType).toBe(
      'invalidValue',
    )
    const taken = await entra.patch(path, [
      { op: 'replace', path: 'userName', value: (await create()).userName },
    ])
    expect([taken.status, taken.json.scimType]).toEqual([409, 'uniqueness'])
    expect((await entra.get('/Users/nobody')).json).toMatchObject({ schemas: [ERROR], status: '404' })
    expect((await entra.get('/Users/%00')).status).toBe(404)
  })

  test('no body pollutes a prototype, goes deep, or is large', async () => {
    const body = (text: string) => entra.call('POST', '/Users', text)
    for (const text of [
      '{"__proto__": {"polluted": 1}, "userName": "a"}',
      '{"constructor": {"prototype": {"polluted": 1}}, "userName": "a"}',
      '{"userName": "a", "name": {"__proto__": {"polluted": 1}}}',
      `{"userName": "p${Date.now()}@x.example", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:__proto__.polluted": 1}`,
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
      `{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`,
      '{"userName": "a\\u0000b"}',
      '{"userName":',
      'null',
      '[]',
      '"text"',
    ]) {
      const { status } = await body(text)
      expect([400, 201], text.slice(0, 80)).toContain(status)
      expect(({} as { polluted?: unknown }).polluted, text.slice(0, 80)).toBeUndefined()
    }
    expect((await body(JSON.stringify({ userName: 'x'.repeat(300_000) }))).status).toBe(413)
    const wrong = await entra.call('POST', '/Users', '<a/>', { 'content-type': 'application/xml' })
    expect([wrong.status, wrong.json.schemas]).toEqual([415, [ERROR]])
    const plain = await entra.call('POST', '/Users', JSON.stringify(entraUser()), {
      'content-type': 'application/json',
    })
    expect(plain.status).toBe(201)
    // Anything at all as an operation: refused or done, and never a fault of ours.
    const { id } = await create()
    const values: unknown[] = [
      null,
      true,
      5,
      '',
      'x',
      [],
      {},
      [[]],
      [{}],
      [{ value: {} }],
      { value: [] },
      { __proto: 1 },
    ]
    const paths = [
      'userName',
      'name',
      'name.givenName',
      'emails',
      'emails[type eq "work"].value',
      'active',
      'externalId',
      'locale',
      'emails[',
      'a.b.c',
      '.',
      '[]',
      'urn:',
      'toString',
      'hasOwnProperty.x',
    ]
    for (const op of ['add', 'replace', 'remove'])
      for (const path of paths)
        for (const value of values) {
          const { status, text } = await entra.patch(`/Users/${id}`, [{ op, path, value }])
          expect(status, `${op} ${path} ${JSON.stringify(value)}: ${text}`).toBeLessThan(500)
        }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('who has no token of a directory is told so, and nothing else', async () => {
    const made = await latchkey.services.scimTokens.create({ name: 'Gone' })
    await latchkey.services.scimTokens.remove(made.id)
    for (const token of [undefined, '', 'lks_wrong', made.token]) {
      const { status, json, headers } = await createScim(latchkey.issuer, token).get('/Users')
      expect([status, json.status, json.schemas]).toEqual([401, '401', [ERROR]])
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(headers.get('content-type')).toMatch(/^application\/scim\+json/)
    }
  })
})

test('wrong tokens are limited, and right ones go on', async () => {
  const latchkey = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
  try {
    const scim = await directory(latchkey)
    const wrong = createScim(latchkey.issuer, 'lks_wrong')
    const statuses: number[] = []
    for (let n = 0; n < 32; n++) statuses.push((await wrong.get('/Users')).status)
    expect(statuses[0]).toBe(401)
    const limited = await wrong.get('/Users')
    expect([limited.status, limited.json.status]).toEqual([429, '429'])
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await scim.get('/Users')).status).toBe(200)
  } finally {
    await latchkey.stop()
  }
})

test('discovery says what there is', async () => {
  const latchkey = await startLatchkey()
  try {
    const scim = await directory(latchkey)
    const config = (await scim.get('/ServiceProviderConfig')).json
    expect(config).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true, maxResults: 200 },
      etag: { supported: true },
      authenticationSchemes: [{ type: 'oauthbearertoken' }],
    })
    const types = (await scim.get('/ResourceTypes')).json
    expect(types.Resources.map(({ endpoint }: { endpoint: string }) => endpoint)).toEqual([
      '/Users',
      '/Groups',
    ])
    const schemas = (await scim.get('/Schemas')).json
    for (const { id } of schemas.Resources) expect((await scim.get(`/Schemas/${id}`)).json.id).toBe(id)
    const [user] = schemas.Resources
    const names = user.attributes.map(({ name }: { name: string }) => name)
    expect(names).toContain('userName')
    expect(names).not.toContain('password')
    expect((await scim.get('/ResourceTypes/User')).json.id).toBe('User')
    expect((await scim.get('/Schemas?filter=id eq "x"')).status).toBe(403)
    for (const path of ['/Me', '/Bulk']) expect((await scim.get(path)).status).toBe(501)
    expect((await scim.get('/nothing')).json).toMatchObject({ status: '404' })
  } finally {
    await latchkey.stop()
  }
})
