import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOrganizations, type Organizations } from '../../src/organizations/organizations.ts'
import { engines, type OpenedDatabase, openOn } from '../clients/engines.ts'

const DAY = 86_400_000

describe.each(engines)('organizations on %s', (engine) => {
  let db: OpenedDatabase
  let organizations: Organizations
  let now = Date.UTC(2026, 10, 30)
  let markers = 0
  const settings = { organizationRoles: ['admin', 'billing', 'member'], organizationManagerRoles: ['admin'] }
  const events: { type: string }[] = []
  const mails: { to: string; data: { link: string } }[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    const at = new Date(now)
    const account = (id: string) => ({
      ...{ id, username: id, displayUsername: id, email: `${id}@example.org` },
      ...{ authValidAfter: at, createdAt: at, updatedAt: at },
    })
    await db.prisma.account.createMany({ data: ['ada', 'bob', 'cyd', 'dan'].map(account) })
    const marker = { version: 0 }
    organizations = createOrganizations({
      db,
      marker: {
        current: () => marker,
        read: async () => marker,
        replace: async () => {
          markers++
          marker.version = 1
          return true
        },
      },
      settings,
      lookUpTxt: async () => 'none',
      clock: () => now++,
      issuer: 'https://id.example',
      mail: { send: (mail) => void mails.push(mail) },
      canonicalEmail: (typed) => (/^\S+@\S+$/.test(typed.trim()) ? typed.trim().toLowerCase() : undefined),
      inviterName: async () => 'Ada',
      events: (event) => void events.push(event),
    })
  })
  afterAll(() => db.close())

  const refused = (fields: Record<string, unknown>) => ({ code: 'invalid_fields', errors: fields })
  const tokenOf = (mail: (typeof mails)[number] | undefined) =>
    new URL(mail?.data.link ?? '').searchParams.get('token') ?? ''
  const lastToken = () => tokenOf(mails.at(-1))
  let made = 0
  const company = () => organizations.create({ name: `Company ${++made}` })

  test('one is created with a short name out of its name, and what is wrong is said at once', async () => {
    expect(organizations.exist()).toBe(false)
    const acme = await organizations.create({ name: ' Ácme & Sons  GmbH ' })
    expect(acme).toMatchObject({
      ...{ name: 'Ácme & Sons  GmbH', slug: 'acme-sons-gmbh', version: 0 },
      ...{ second_factor_required: false, session_max_age: null, disabled: false },
    })
    expect(organizations.exist()).toBe(true)
    await organizations.create({ name: '株式会社', slug: 'kk', second_factor_required: true })
    expect(markers, 'said once').toBe(1)
    expect(events).toContainEqual({ type: 'organization.created', id: acme.id, name: acme.name })
    await expect(organizations.create({ name: '株式会社' })).rejects.toMatchObject(
      refused({ slug: [expect.stringContaining('lower-case')] }),
    )
    await expect(
      organizations.create({
        ...{ name: '', slug: 'No Slug', second_factor_required: 'x', session_max_age: 1, owner: 'me' },
      }),
    ).rejects.toMatchObject(
      refused({
        ...{ name: [expect.any(String)], slug: [expect.any(String)], owner: ['is not known'] },
        ...{ second_factor_required: [expect.any(String)], session_max_age: [expect.any(String)] },
      }),
    )
    await expect(organizations.create({ name: 'x', slug: acme.id })).rejects.toMatchObject(
      refused({ slug: [expect.stringContaining('looks like an ID')] }),
    )
    const twins = await Promise.allSettled([1, 2].map(() => organizations.create({ name: 'Twins' })))
    expect(twins.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await organizations.find('kk')).toEqual(
      await organizations.find((await organizations.find('kk')).id),
    )
    for (const none of ['none', 'a\0b', '', '__proto__'])
      await expect(organizations.find(none)).rejects.toMatchObject({ code: 'organization_not_found' })
  })

  test('a change is meant for one version, and fields that are left out stay', async () => {
    const { id, slug } = await company()
    const changed = await organizations.update(id, { session_max_age: 600 }, { ifVersion: 0 })
    expect(changed).toMatchObject({ slug, session_max_age: 600, version: 1 })
    expect(events.at(-1)).toMatchObject({ type: 'organization.updated', after: { session_max_age: 600 } })
    await expect(organizations.update(id, { name: 'x' }, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
    const both = await Promise.allSettled(
      ['a', 'b'].map((name) => organizations.update(id, { name }, { ifVersion: 1 })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await organizations.update(id, { session_max_age: null })).toMatchObject({
      session_max_age: null,
      slug,
    })
    await expect(organizations.update(id, { slug: 'kk' })).rejects.toMatchObject(
      refused({ slug: [expect.any(String)] }),
    )
  })

  test('lists are by short name, in pages, and found by a part of either name', async () => {
    for (const slug of ['zz-1', 'aa-2', 'mm-3']) await organizations.create({ name: `Läden_${slug}`, slug })
    const slugs: string[] = []
    let cursor: string | undefined
    do {
      const page = await organizations.list({ limit: 2, cursor })
      slugs.push(...page.items.map(({ slug }) => slug))
      cursor = page.next_cursor
    } while (cursor)
    expect(slugs).toEqual([...slugs].sort())
    const found = async (search: string) =>
      (await organizations.list({ search })).items.map(({ slug }) => slug)
    expect(await found('LÄDEN_')).toEqual(['aa-2', 'mm-3', 'zz-1'])
    expect(await found('m-3')).toEqual(['mm-3'])
    await expect(organizations.list({ cursor: '' })).rejects.toMatchObject({ code: 'invalid_page' })
  })

  test('members have roles of the template, and only those that are still in it', async () => {
    const { id, slug } = await company()
    const { members } = organizations
    await Promise.all(['ada', 'ada', 'bob'].map((each) => members.put(id, each, ['member'])))
    const added = events.filter((event) => event.type === 'organization.member_added')
    expect(added.filter((event) => 'id' in event && event.id === id)).toHaveLength(2)
    expect(await members.put(id, 'ada', ['billing', 'admin', 'admin'])).toMatchObject({
      ...{ username: 'ada', email: 'ada@example.org', roles: ['admin', 'billing'] },
    })
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'organization.member_roles_changed', accountId: 'ada' },
      ...{ before: { roles: ['member'] }, after: { roles: ['admin', 'billing'] } },
    })
    const before = events.length
    await members.put(id, 'ada', ['admin', 'billing'])
    expect(events, 'nothing was changed').toHaveLength(before)
    expect(await members.membership('ada', slug)).toMatchObject({ id, manages: true })
    expect(await members.membership('bob', id)).toMatchObject({ roles: ['member'], manages: false })
    expect(await members.membership('cyd', id)).toBeUndefined()
    for (const wrong of [['owner'], 'owner', [1], { 0: 'admin' }, [['admin']]])
      await expect(members.put(id, 'ada', wrong)).rejects.toMatchObject(
        refused({ roles: ['Choose among admin, billing, member.'] }),
      )
    for (const nobody of ['nobody', 'a\0b', ''])
      await expect(members.put(id, nobody, [])).rejects.toMatchObject({ code: 'user_not_found' })
    settings.organizationRoles = ['billing', 'member']
    expect(await members.membership('ada', id)).toMatchObject({ roles: ['billing'], manages: false })
    settings.organizationRoles = ['admin', 'billing', 'member']
    await members.put(id, 'cyd', [])
    const first = await members.list(id, { limit: 2 })
    const second = await members.list(id, { limit: 2, cursor: first.next_cursor })
    expect([...first.items, ...second.items].map(({ username }) => username).sort()).toEqual([
      ...['ada', 'bob', 'cyd'],
    ])
    expect(await members.count(id)).toBe(3)
    await members.remove(id, 'cyd')
    await expect(members.remove(id, 'cyd')).rejects.toMatchObject({ code: 'not_a_member', status: 404 })
  })

  test('one invitation of an address waits in each organization, whoever asks at once', async () => {
    const [one, other] = [await company(), await company()]
    const { invitations } = organizations
    const both = await Promise.allSettled(
      ['New@Example.org', 'new@example.org'].map((email) => invitations.create(one.id, { email })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { ...refused({ email: [expect.stringContaining('waits already')] }), status: 409 },
    })
    await invitations.create(other.id, { email: 'new@example.org', roles: ['billing'] })
    expect((await invitations.list(other.id)).items).toMatchObject([
      { email: 'new@example.org', roles: ['billing'], invitedBy: 'Ada', expired: false },
    ])
    await organizations.members.put(one.id, 'dan', [])
    await expect(invitations.create(one.id, { email: 'dan@example.org' })).rejects.toMatchObject({
      status: 409,
    })
    for (const email of ['no address', undefined, 5, `${'a'.repeat(300)}@example.org`])
      await expect(invitations.create(one.id, { email })).rejects.toMatchObject({ code: 'invalid_fields' })
    const stored = await db.prisma.organizationInvitation.findMany()
    expect(JSON.stringify(stored)).not.toContain(lastToken())
  })

  test('of several who accept at once one does, and only the invited address', async () => {
    const { id } = await company()
    const { invitations, members } = organizations
    await invitations.create(id, { email: 'ada@example.org', roles: ['admin'] })
    const token = lastToken()
    expect(await invitations.peek(token)).toMatchObject({ organizationId: id, email: 'ada@example.org' })
    const accept = (account: string, email: string | null = `${account}@example.org`) =>
      invitations.accept(token, { id: account, email })
    await expect(accept('bob')).rejects.toMatchObject({ code: 'another_address', status: 403 })
    await expect(accept('ada', null)).rejects.toMatchObject({ code: 'another_address' })
    const done = await Promise.all(Array.from({ length: 8 }, () => accept('ada')))
    expect(done.filter((each) => each !== undefined)).toHaveLength(1)
    expect(await members.membership('ada', id)).toMatchObject({ roles: ['admin'], manages: true })
    const told = events.filter((event) => 'id' in event && event.id === id).map(({ type }) => type)
    expect(told.filter((type) => type === 'organization.invitation_accepted')).toHaveLength(1)
    expect(await invitations.peek(token)).toBeUndefined()
    expect(await accept('bob'), 'the link leads nowhere, for anybody').toBeUndefined()
    expect(await invitations.peek('x')).toBeUndefined()
  })

  test('who was made a member in between keeps those roles, beside the invited ones', async () => {
    const { id } = await company()
    const { invitations, members } = organizations
    await invitations.create(id, { email: 'ada@example.org', roles: ['member'] })
    await members.put(id, 'ada', ['billing'])
    await invitations.accept(lastToken(), { id: 'ada', email: 'ada@example.org' })
    expect((await members.get(id, 'ada')).roles.sort()).toEqual(['billing', 'member'])
    await members.remove(id, 'ada')
    await invitations.create(id, { email: 'ada@example.org' })
    const token = lastToken()
    await Promise.all([
      members.put(id, 'ada', ['billing']),
      invitations.accept(token, { id: 'ada', email: 'ada@example.org' }),
    ])
    expect((await members.get(id, 'ada')).roles).toEqual(['billing'])
  })

  test('sent again the link before leads nowhere; revoked or after seven days neither does', async () => {
    const { id } = await company()
    const { invitations } = organizations
    const ada = { id: 'ada', email: 'ada@example.org' }
    const { id: invitation } = await invitations.create(id, { email: ada.email })
    const first = lastToken()
    now += 6 * DAY
    await invitations.sendAgain(id, invitation)
    const second = lastToken()
    expect(second).not.toBe(first)
    expect(await invitations.accept(first, ada)).toBeUndefined()
    now += 2 * DAY
    expect(await invitations.peek(second), 'seven days begin anew').toBeDefined()
    now += 6 * DAY
    expect(await invitations.accept(second, ada)).toBeUndefined()
    expect((await invitations.list(id)).items).toMatchObject([{ expired: true }])
    await invitations.sendAgain(id, invitation)
    const third = lastToken()
    await invitations.revoke(id, invitation)
    expect(await invitations.accept(third, ada)).toBeUndefined()
    expect((await invitations.list(id)).items).toEqual([])
    for (const act of [invitations.revoke, invitations.sendAgain])
      await expect(act(id, invitation)).rejects.toMatchObject({ code: 'invitation_not_found' })
    const [other, again] = [await company(), await invitations.create(id, { email: ada.email })]
    await expect(invitations.revoke(other.id, again.id)).rejects.toMatchObject({
      code: 'invitation_not_found',
    })
  })

  test('nobody’s mailbox is flooded, whichever organization invites', async () => {
    const { invitations } = organizations
    for (let sent = 0; sent < 5; sent++)
      await invitations.create((await company()).id, { email: 'flood@example.org' })
    const { id } = await company()
    const one = invitations.create(id, { email: 'flood@example.org' })
    await expect(one).rejects.toMatchObject({ code: 'too_many_mails', status: 429 })
    now += 3_700_000
    await invitations.create(id, { email: 'flood@example.org' })
  })

  test('of many invitations to one address at the same moment five are sent, and none is counted that was not', async () => {
    const { invitations } = organizations
    const companies = await Promise.all(Array.from({ length: 12 }, company))
    const before = mails.length
    const email = 'parallel@example.org'
    const done = await Promise.allSettled(companies.map(({ id }) => invitations.create(id, { email })))
    expect(done.filter(({ status }) => status === 'fulfilled').length).toBe(5)
    expect(mails.length - before).toBe(5)
    now += 3_700_000
    const [first] = companies.filter((_, n) => done[n]?.status === 'fulfilled')
    const { id = '' } = first ?? {}
    const waiting = (await invitations.list(id)).items.find((one) => one.email === email)
    await expect(invitations.create(id, { email }), 'one waits: no mail').rejects.toMatchObject({
      status: 409,
    })
    const again = Array.from({ length: 12 }, () => invitations.sendAgain(id, waiting?.id ?? ''))
    const sent = (await Promise.allSettled(again)).filter(({ status }) => status === 'fulfilled')
    expect([sent.length, mails.length - before]).toEqual([5, 10])
    now += 3_700_000
    while ((await organizations.purge()) > 0);
    expect(await db.prisma.organizationMailCount.count()).toBe(0)
  })

  test('a removed one is gone at once, with its invitations, and its short name is free', async () => {
    const { id, slug } = await company()
    const { invitations, members } = organizations
    await members.put(id, 'bob', ['admin'])
    await invitations.create(id, { email: 'ada@example.org' })
    await organizations.remove(id)
    expect(await members.membership('bob', id)).toBeUndefined()
    expect((await members.ofAccount('bob')).some((each) => each.id === id)).toBe(false)
    expect(await invitations.accept(lastToken(), { id: 'ada', email: 'ada@example.org' })).toBeUndefined()
    await expect(organizations.remove(id)).rejects.toMatchObject({ code: 'organization_not_found' })
    await organizations.create({ name: 'Successor', slug })
    while ((await organizations.purge()) > 0);
    expect(await db.prisma.organizationMember.count({ where: { organizationId: id } })).toBe(0)
    expect(await db.prisma.organizationInvitation.count({ where: { organizationId: id } })).toBe(0)
    expect(await db.prisma.organization.count({ where: { id } })).toBe(0)
  })

  test('a disabled one takes no one in, and says so of its members', async () => {
    const { id } = await company()
    const { invitations, members } = organizations
    await members.put(id, 'bob', [])
    await invitations.create(id, { email: 'cyd@example.org' })
    await organizations.update(id, { disabled: true })
    expect(await members.membership('bob', id)).toMatchObject({ disabled: true })
    expect(await invitations.accept(lastToken(), { id: 'cyd', email: 'cyd@example.org' })).toBeUndefined()
    await organizations.update(id, { disabled: false })
    expect(await invitations.accept(lastToken(), { id: 'cyd', email: 'cyd@example.org' })).toBeDefined()
  })

  test('invitations that are over are forgotten after a month', async () => {
    const { id } = await company()
    await organizations.invitations.create(id, { email: 'late@example.org' })
    now += 38 * DAY
    while ((await organizations.purge()) > 0);
    expect(await db.prisma.organizationInvitation.count()).toBe(0)
  })
  test('is deleted in the version that is meant, and of two that mean one, one is', async () => {
    const { id } = await company()
    await organizations.update(id, { name: 'Newer' })
    await expect(organizations.remove(id, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
    const both = await Promise.allSettled([
      organizations.remove(id, { ifVersion: 1 }),
      organizations.update(id, { name: 'x' }, { ifVersion: 1 }),
    ])
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
