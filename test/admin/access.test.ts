import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const API = 'https://orders.example'

describe.each(engines)('groups and roles in the console, on %s', (engine) => {
  let latchkey: Latchkey
  let browser: HttpBrowser
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    browser = (await signedIn(latchkey)).browser
    await latchkey.services.resources.add({
      identifier: API,
      name: 'Orders',
      scope: 'orders:read orders:write',
    })
  })
  afterAll(() => latchkey.stop())
  const at = (path: string) => browser.open(`${latchkey.issuer}${path}`)

  test('a group is created, given members and managers, renamed and deleted, and each act says so', async () => {
    const { groups } = latchkey.services.access
    const refused = await browser.submit(
      await at('/admin/groups/new'),
      { Name: 'a,b' },
      { button: 'Create group' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('Leave out commas')
    const made = await browser.submit(
      refused,
      { Name: 'Crew', Description: 'Who sails' },
      { button: 'Create group' },
    )
    expect(made.text).toContain('The group is created')
    const { id } = await groups.find('crew')
    const user = await latchkey.createUser()

    const nobody = await browser.submit(made, { 'Add a member': 'nobody at all' }, { button: 'Add' })
    expect([nobody.status, nobody.text]).toEqual([422, expect.stringContaining('There is no user')])
    const added = await browser.submit(nobody, { 'Add a member': user.email }, { button: 'Add' })
    expect(added.text).toContain(user.username)
    const managed = await browser.submit(added, {}, { button: `Make manager ${user.username}` })
    expect(managed.text).toContain('They are a manager of the group now')
    expect((await groups.managedBy(user.id)).items).toMatchObject([{ id }])
    const person = await at(`/admin/users/${user.id}`)
    expect(person.text).toContain('Crew')

    const edit = { Name: 'Crew of ours' }
    const stale = await at(`/admin/groups/${id}`)
    await browser.submit(await at(`/admin/groups/${id}`), edit, { button: 'Save' })
    const conflict = await browser.submit(stale, { Description: 'Mine' }, { button: 'Save' })
    expect([conflict.status, conflict.text]).toEqual([409, expect.stringContaining('Crew of ours')])
    const saved = await browser.submit(conflict, { Description: 'Mine' }, { button: 'Save' })
    expect(saved.text).toContain('Saved')

    const asked = await browser.follow(saved, `Remove … ${user.username}`)
    expect(asked.text).toContain(`Remove ${user.username} from Crew?`)
    const out = await browser.submit(asked, {}, { button: 'Remove from the group' })
    expect(out.text).toContain('What they had by this group has ended')
    await groups.addMember(id, user.id)
    await latchkey.createClient({
      client_name: 'Ship log',
      redirect_uris: ['https://a.example/cb'],
      access: { groups: ['CREW'] },
    })
    const question = await at(`/admin/groups/${id}/delete`)
    expect(question.text).toMatch(/Members\s*1/)
    expect(question.text).toContain('Ship log')
    await groups.update(id, { description: 'Newer' })
    const stays = await browser.submit(question, {}, { button: 'Delete group' })
    expect(stays.status).toBe(409)
    expect(stays.text).toContain('It is not deleted.')
    const again = await at(`/admin/groups/${id}/delete`)
    const gone = await browser.submit(again, {}, { button: 'Delete group' })
    expect(gone.text).toContain('The group is deleted')
    expect((await at(`/admin/groups/${id}`)).status).toBe(404)
  })

  test('a role has boxes for the scopes of its API, and is given to people and groups', async () => {
    const { groups, roles, membershipsOf } = latchkey.services.access
    const made = await browser.submit(
      await at('/admin/roles/new'),
      { Name: 'Clerk', API },
      { button: 'Create role' },
    )
    const [role] = await roles.find('Clerk')
    const id = role?.id ?? ''
    const saved = await browser.submit(made, { 'orders:write': true }, { button: 'Save' })
    expect(saved.text).toContain('Saved')
    expect(await roles.get(id)).toMatchObject({ resource: API, scope: 'orders:write' })
    await browser.submit(saved, { 'orders:write': false }, { button: 'Save' })
    expect(await roles.get(id)).not.toHaveProperty('scope')

    const user = await latchkey.createUser()
    const group = await groups.create({ name: 'Till' })
    await groups.addMember(group.id, user.id)
    const given = await browser.submit(
      await at(`/admin/roles/${id}`),
      { 'Give it to a group': group.id },
      { button: 'Give to group' },
    )
    expect(given.text).toContain('Till')
    const person = await at(`/admin/users/${user.id}`)
    expect(person.text).toContain('by the group Till')
    const both = await browser.submit(person, { 'Give a role': id }, { button: 'Give role' })
    expect(both.text).toContain('given to them')
    const asking = await browser.follow(both, 'Take away … Clerk')
    expect(asking.text).toContain('What a group of theirs gives stays.')
    expect((await membershipsOf(user.id)).roles).toHaveLength(1)
    expect(await roles.ofAccount(user.id)).toHaveLength(1)
    const taken = await browser.submit(asking, {}, { button: 'Take the role away' })
    // In another tab it is gone already.
    expect((await browser.open(String(asking.url))).text).toContain(
      'is taken away. What a group gives stays.',
    )
    expect(taken.text).not.toContain('given to them')
    expect((await membershipsOf(user.id)).roles).toHaveLength(1)
    const asked = await browser.follow(taken, 'Remove … Till')
    const out = await browser.submit(asked, {}, { button: 'Remove from the group' })
    expect(out.text).toContain('they are out of the group'.replace('they', 'They'))
    expect((await membershipsOf(user.id)).roles).toEqual([])
    const question = await at(`/admin/roles/${id}/delete`)
    expect(question.text).toContain('Till')
    await roles.update(id, { description: 'Newer' })
    const stays = await browser.submit(question, {}, { button: 'Delete role' })
    expect(stays.status).toBe(409)
    expect(stays.text).toContain('It is not deleted.')
    const again = await at(`/admin/roles/${id}/delete`)
    expect((await browser.submit(again, {}, { button: 'Delete role' })).text).toContain('The role is deleted')
  })

  test('lists are searched and paged, and an auditor sees no form', async () => {
    const { groups } = latchkey.services.access
    for (let n = 0; n < 30; n++) await groups.create({ name: `Page ${String(n).padStart(2, '0')}` })
    const first = await at('/admin/groups?search=page')
    expect(first.text).toContain('Page 00')
    const second = await browser.follow(first, 'Next page')
    expect(second.text).toContain('Page 29')
    expect(second.text).not.toContain('Page 00')
    expect((await at('/admin/groups?search=zzz')).text).toContain('No group has that in its name')
    expect((await at('/admin/groups?cursor=%00')).status).toBe(400)
    const auditor = await signedIn(latchkey, 'auditor')
    const { id } = await groups.find('page 03')
    for (const path of [`/admin/groups/${id}`, '/admin/groups', '/admin/roles']) {
      const page = await auditor.browser.open(`${latchkey.issuer}${path}`)
      expect([path, page.status]).toEqual([path, 200])
      expect(
        page.forms.filter(({ method, action }) => method === 'post' && action.includes('/admin/')),
      ).toEqual([])
    }
    expect((await auditor.browser.open(`${latchkey.issuer}/admin/groups/new`)).status).toBe(403)
  })

  test('more groups than apps are told are listed as far as they are, and the page says that apps are told less', async () => {
    const { prisma } = latchkey.services.db
    const user = await latchkey.createUser()
    const createdAt = new Date()
    const rows = Array.from({ length: 205 }, (_, n) => ({
      id: `many-${n}`,
      name: `Many ${n}`,
      nameKey: `many ${n}`,
      createdAt,
    }))
    await prisma.group.createMany({ data: rows })
    await prisma.groupMember.createMany({
      data: rows.map(({ id }) => ({ groupId: id, accountId: user.id, createdAt })),
    })
    const page = await at(`/admin/users/${user.id}`)
    expect(page.text).toContain('Apps are told 200 of these 205 groups at most')
    expect(page.text).toContain('And 5 more')
    const typed = await browser.submit(
      page,
      { 'Add to a group': 'none like that' },
      { button: 'Add to group' },
    )
    expect([typed.status, typed.text]).toEqual([404, expect.stringContaining('There is no group')])
  })
})
