import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { REJECTION_ORDERS } from '../../src/shared/orders.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

describe.each(engines)('lists of the console on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  let now = Date.now()
  const API = 'https://a.example'
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => now })
    const { access, organizations, resources } = latchkey.services
    const { groups, roles } = access
    const soon = () => {
      now += 1000
    }
    await resources.add({ identifier: API, name: 'Ärmel', scope: 'a' })
    soon()
    await resources.add({ identifier: 'https://b.example', name: 'boats', scope: 'b', tokens: 'opaque' })
    soon()
    await resources.add({ identifier: 'https://c.example', name: 'Anchors', scope: 'c' })
    const crew = await groups.create({ name: 'Crew' })
    soon()
    await groups.create({ name: 'bosun' })
    soon()
    await groups.create({ name: 'Anglers' })
    await groups.addMember(crew.id, (await latchkey.createUser()).id)
    const clerk = await roles.create({ name: 'Clerk', resource: API, scope: 'a' })
    soon()
    await roles.create({ name: 'pilot' })
    soon()
    await roles.create({ name: 'admiral', resource: 'https://b.example', scope: 'b' })
    await roles.assign(clerk.id, { group: crew.id })
    await organizations.create({ name: 'Zeta', slug: 'alpha' })
    soon()
    await organizations.create({ name: 'eta', slug: 'omega', disabled: true })
    soon()
    await organizations.create({ name: 'Beta', slug: 'kappa', second_factor_required: true })
    admin = await signedIn(latchkey)
  })
  afterAll(() => latchkey?.stop())

  const open = (path: string) => admin.browser.open(`${latchkey.issuer}/admin/${path}`)
  /** The names of the rows, in their order. */
  const named = async (path: string) =>
    [...(await open(path)).body.matchAll(/<th scope="row"><a href="[^"]*">([^<]*)</g)].map(([, name]) => name)
  const lines = (body: string) => body.trimEnd().split('\r\n')

  test.each<[list: string, orders: Record<string, string[]>]>([
    [
      'groups',
      {
        '': ['Anglers', 'bosun', 'Crew'],
        '?sort=-name': ['Crew', 'bosun', 'Anglers'],
        '?sort=-created': ['Anglers', 'bosun', 'Crew'],
        '?sort=created': ['Crew', 'bosun', 'Anglers'],
      },
    ],
    [
      'roles',
      {
        // By API; of none first.
        '': ['pilot', 'Clerk', 'admiral'],
        '?sort=-api': ['admiral', 'Clerk', 'pilot'],
        '?sort=name': ['admiral', 'Clerk', 'pilot'],
        '?sort=created': ['Clerk', 'pilot', 'admiral'],
      },
    ],
    [
      'organizations',
      {
        '': ['Zeta', 'Beta', 'eta'],
        '?sort=name': ['Beta', 'eta', 'Zeta'],
        '?sort=-created': ['Beta', 'eta', 'Zeta'],
        '?sort=created': ['Zeta', 'eta', 'Beta'],
      },
    ],
    ['resources', { '': ['Anchors', 'boats', 'Ärmel'], '?sort=created': ['Ärmel', 'boats', 'Anchors'] }],
  ])('%s are sorted by each head, either way', async (list, orders) => {
    for (const [query, rows] of Object.entries(orders)) expect(await named(`${list}${query}`)).toEqual(rows)
    // What the address says wrongly is as if it were not said.
    expect(await named(`${list}?sort=shoe`)).toEqual(orders[''])
  })

  test('APIs are found by any part of their name as it is written', async () => {
    for (const part of ['Ärmel', 'rmel', 'MEL'])
      expect(await named(`resources?search=${encodeURIComponent(part)}`), part).toEqual(['Ärmel'])
  })

  test('a sorted list goes on from page to page without losing what is alike', async () => {
    const { groupListing, roleListing, organizationListing, resourceListing } = latchkey.services
    const paged = async <Query extends object>(
      list: { page(query: Query): Promise<{ items: { name: string }[]; next_cursor?: string }> },
      query: Query,
    ) => {
      const names: string[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await list.page({ ...query, limit: 1, cursor })
        names.push(...page.items.map(({ name }) => name))
        cursor = page.next_cursor
        if (cursor === undefined) return names
      }
    }
    expect(await paged(groupListing, { order: '-name' })).toEqual(['Crew', 'bosun', 'Anglers'])
    expect(await paged(groupListing, { order: 'created' })).toEqual(['Crew', 'bosun', 'Anglers'])
    expect(await paged(roleListing, { order: '-api' })).toEqual(['admiral', 'Clerk', 'pilot'])
    expect(await paged(roleListing, { order: 'name' })).toEqual(['admiral', 'Clerk', 'pilot'])
    expect(await paged(organizationListing, { order: '-slug' })).toEqual(['eta', 'Beta', 'Zeta'])
    expect(await paged(organizationListing, { order: 'name' })).toEqual(['Beta', 'eta', 'Zeta'])
    expect(await paged(resourceListing, { order: '-created' })).toEqual(['Anchors', 'boats', 'Ärmel'])
    expect(await paged(resourceListing, { order: 'name' })).toHaveLength(3)
  })

  test.each<[chip: string, address: string, count: string, rows: string[]]>([
    ['Without members', '/admin/groups?members=none', '2', ['Anglers', 'bosun']],
    ['With roles', '/admin/groups?roles=some', '1', ['Crew']],
    ['Given to nobody', '/admin/roles?given=none', '2', ['pilot', 'admiral']],
    ['Without an API', '/admin/roles?api=none', '1', ['pilot']],
    ['Disabled', '/admin/organizations?state=disabled', '1', ['eta']],
    ['Second factor required', '/admin/organizations?factor=required', '1', ['Beta']],
    ['revocable at once', '/admin/resources?tokens=opaque', '1', ['boats']],
    ['verified locally', '/admin/resources?tokens=jwt', '2', ['Anchors', 'Ärmel']],
  ])('the chip “%s” counts, narrows, and is taken off by itself', async (label, address, count, rows) => {
    const { pathname, search } = new URL(address, 'https://x.example')
    const { body } = await open(`${pathname.slice('/admin/'.length)}`)
    expect(body).toContain(`<a href="${address}">${label} <small>${count}</small></a>`)
    const path = `${pathname.slice('/admin/'.length)}${search}`
    expect(await named(path)).toEqual(rows)
    expect((await open(path)).body).toContain(`<a href="${pathname}" aria-current="true">${label} <small>`)
  })

  test('what is listed is a file, audited; formulas in names are none there', async () => {
    await latchkey.services.access.groups.create({ name: '=cmd', description: 'so, "so"' })
    const page = await open('groups?members=none&sort=-name')
    expect(page.body).toContain('href="/admin/groups/export.csv?members=none&amp;sort=-name"')
    const file = await open('groups/export.csv?members=none&sort=-name')
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(file.headers.get('content-disposition')).toMatch(
      /^attachment; filename="groups-20\d\d-\d\d-\d\d\.csv"$/,
    )
    const [head, ...rows] = lines(file.body)
    expect(head).toBe('id,name,description,created_at')
    expect(rows.map((row) => row.split(',')[1])).toEqual(['bosun', 'Anglers', `"'=cmd"`])
    expect(file.body).toContain('"so, ""so"""')
    await latchkey.services.audit.idle()
    expect((await latchkey.services.audit.list({ action: 'lists.exported' })).items[0]).toMatchObject({
      actor: { name: admin.username },
      details: { list: 'groups', filters: { filters: ['empty'], order: '-name' } },
    })
    for (const [list, first] of [
      ['roles', 'id,name,resource,scope,description,created_at'],
      ['organizations', 'id,name,slug,disabled,second_factor_required,provider_required,created_at'],
      ['resources', 'identifier,name,scope,access_token_ttl,tokens,scopes_by_role,created_at'],
    ])
      expect(lines((await open(`${list}/export.csv`)).body)).toEqual([
        first,
        ...Array(3).fill(expect.any(String)),
      ])
  })

  test('refused requests are a file, as they are filtered', async () => {
    const refuse = (client: string) =>
      fetch(
        `${latchkey.issuer}/authorize?client_id=${client}&response_type=code&redirect_uri=https://x.example`,
      )
    await (await refuse('nobody-1')).text()
    now += 1000
    await (await refuse('nobody-2')).text()
    const page = await open('rejections?endpoint=authorization')
    expect(page.body).toContain('href="/admin/rejections/export.csv?endpoint=authorization"')
    const [head, ...rows] = lines((await open('rejections/export.csv?endpoint=authorization')).body)
    expect(head).toBe('reference,at,endpoint,client_id,error,error_description,mistake')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatch(/^[0-9a-f-]{36},20[^,]+Z,authorization,nobody-2,invalid_client,/)
    expect(lines((await open('rejections/export.csv?endpoint=token')).body)).toEqual([head])
    await latchkey.services.audit.idle()
    const entries = await latchkey.services.audit.list({ action: 'lists.exported' })
    expect(entries.items.slice(0, 2).map(({ details }) => details)).toEqual([
      expect.objectContaining({ list: 'rejections', filters: { endpoint: 'token', order: '-at' } }),
      expect.objectContaining({ list: 'rejections', filters: { endpoint: 'authorization', order: '-at' } }),
    ])
  })

  test('refused requests are sorted: upwards the newest first within what is the same, downwards the other way round, page by page too', async () => {
    const { listing } = latchkey.services.rejections
    const token = (client: string) =>
      fetch(`${latchkey.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client }),
      })
    for (const client of ['nobody-3', 'nobody-4']) {
      now += 1000
      await (await token(client)).text()
    }
    const ordered = async (order: (typeof REJECTION_ORDERS)[number]) => {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await listing.page({ order, limit: 1, cursor })
        seen.push(...page.items.map(({ clientId, details }) => clientId ?? details.claimed_client_id ?? ''))
        cursor = page.next_cursor
      } while (cursor !== undefined)
      return seen
    }
    expect(await ordered('at')).toEqual(['nobody-1', 'nobody-2', 'nobody-3', 'nobody-4'])
    expect(await ordered('-at')).toEqual(['nobody-4', 'nobody-3', 'nobody-2', 'nobody-1'])
    // authorization before token; the newest of each first.
    expect(await ordered('endpoint')).toEqual(['nobody-2', 'nobody-1', 'nobody-4', 'nobody-3'])
    expect(await ordered('-endpoint')).toEqual(['nobody-3', 'nobody-4', 'nobody-1', 'nobody-2'])
    expect(await ordered('error')).toHaveLength(4)
    const page = await open('rejections?sort=endpoint')
    expect(page.body).toMatch(/aria-sort="ascending"><a href="\/admin\/rejections\?sort=-endpoint">/)
    expect(page.body).toContain('href="/admin/rejections/export.csv?sort=endpoint"')
    expect(page.body).toContain('<input type="hidden" name="sort" value="endpoint">')
    const narrowed = await open('rejections?sort=endpoint&endpoint=token')
    expect(narrowed.body.match(/<th scope="row">/g)).toHaveLength(2)
  })

  test.each(['users', 'clients', 'groups', 'roles', 'organizations', 'resources', 'rejections'])(
    'each order of the list of %s is reached from a wide screen as from a phone',
    async (list) => {
      await latchkey.createClient()
      const { body } = await open(list)
      const links = (within: RegExp) =>
        [...(within.exec(body)?.[0] ?? '').matchAll(/href="([^"]+)"/g)].map(([, href]) => href).sort()
      const phone = links(/<nav class="sorts"[\s\S]*?<\/nav>/)
      expect(phone.length).toBeGreaterThan(1)
      expect(links(/<thead>[\s\S]*?<\/thead>/)).toEqual(phone)
    },
  )

  const choose = (list: string, act: string, ids: readonly string[]) =>
    open(
      `${list}/bulk/${act}?${new URLSearchParams(Object.fromEntries(ids.map((id) => [`pick.${id}`, 'on'])))}`,
    )

  test('several groups get a role, and are deleted, with what ends said first', async () => {
    const { groups, roles } = latchkey.services.access
    const first = await groups.create({ name: 'First' })
    const second = await groups.create({ name: 'Second' })
    await groups.addMember(first.id, (await latchkey.createUser()).id)
    const role = await roles.create({ name: 'Watch' })
    const ids = [first.id, second.id]
    const give = await choose('groups', 'give-role', ids)
    expect(give.text).toContain('First: 1 member')
    expect(give.text).toContain('Second: no members')
    const given = await admin.browser.submit(give, { Role: role.id }, { button: 'Give 2 groups the role' })
    expect(given.text).toContain('2 groups have the role.')
    expect((await roles.groups(role.id)).map(({ name }) => name)).toEqual(['First', 'Second'])
    const end = await choose('groups', 'delete', [...ids, 'nobody'])
    expect(end.text).toContain('nobody: gone')
    expect(end.text).toContain('cannot be undone')
    const ended = await admin.browser.submit(end, {}, { button: 'Delete 2 groups' })
    expect(ended.text).toContain('2 groups deleted.')
    expect((await groups.list({ search: 'first' })).items).toEqual([])
  })

  test('several roles are deleted, with who has them said first', async () => {
    const { roles } = latchkey.services.access
    const one = await roles.create({ name: 'One', resource: API })
    const two = await roles.create({ name: 'Two' })
    await roles.assign(one.id, { account: (await latchkey.createUser()).id })
    const end = await choose('roles', 'delete', [one.id, two.id])
    expect(end.text).toContain(`One (${API}): 1 person`)
    expect(end.text).toContain('Two: given to nobody')
    const crew = await latchkey.services.access.groups.create({ name: 'Three hold it' })
    await roles.assign(two.id, { group: crew.id })
    expect((await choose('roles', 'delete', [two.id])).text).toContain('Two: 1 group')
    const ended = await admin.browser.submit(end, {}, { button: 'Delete 2 roles' })
    expect(ended.text).toContain('2 roles deleted.')
    expect(await roles.find('Two')).toEqual([])
  })

  test('an auditor sorts and saves, and is offered nothing to do with several', async () => {
    const { browser } = await signedIn(latchkey, 'auditor')
    const page = await browser.open(`${latchkey.issuer}/admin/groups`)
    expect(page.body).toContain('/admin/groups/export.csv')
    expect(page.body).not.toContain('pick.')
    expect((await browser.open(`${latchkey.issuer}/admin/groups/bulk/delete`)).status).toBe(403)
  })

  test('a role with a limit sees its organization alone, without counts and file', async () => {
    const { organizations, administratorRoles, accounts } = latchkey.services
    const { id: organization } = await organizations.find('kappa')
    const role = await administratorRoles.create({
      ...{ name: `keeper-${engine}`, permissions: ['organization.read'], organization },
    })
    const { browser, id } = await signedIn(latchkey, 'user')
    await accounts.setRole(id, role.id)
    const page = await browser.open(`${latchkey.issuer}/admin/organizations`)
    expect(page.text).toContain('Beta')
    expect(page.text).not.toContain('Zeta')
    expect(page.body).not.toContain('export.csv')
    expect(page.body).not.toContain('class="chips"')
    expect((await browser.open(`${latchkey.issuer}/admin/organizations/export.csv`)).status).toBe(403)
  })
})
