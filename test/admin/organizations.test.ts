import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

describe.each(engines)('organizations in the console, on %s', (engine) => {
  let latchkey: Latchkey
  let browser: HttpBrowser
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    browser = (await signedIn(latchkey)).browser
  })
  afterAll(() => latchkey.stop())
  const at = (path: string) => browser.open(`${latchkey.issuer}${path}`)

  test('one is created, changed and deleted, and a stale tab is told what is stored', async () => {
    const { organizations } = latchkey.services
    expect((await at('/admin/organizations')).text).toContain('There is no organization yet')
    const refused = await browser.submit(
      await at('/admin/organizations/new'),
      { Name: 'Acme Ltd', 'Short name': 'Not a slug', 'How long a sign-in is good, in seconds': 'a day' },
      { button: 'Create organization' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('lower-case letters')
    expect(refused.text).toContain('whole number of seconds')
    const made = await browser.submit(
      refused,
      { 'Short name': '', 'How long a sign-in is good, in seconds': '', 'Asks for a second factor': true },
      { button: 'Create organization' },
    )
    expect(made.text).toContain('The organization is created')
    const { id } = await organizations.find('acme-ltd')
    expect(await organizations.get(id)).toMatchObject({
      ...{ second_factor_required: true, session_max_age: null },
    })

    const stale = await at(`/admin/organizations/${id}`)
    await browser.submit(
      await at(`/admin/organizations/${id}`),
      { Name: 'Acme & Sons', 'Asks for a second factor': false },
      { button: 'Save' },
    )
    const conflict = await browser.submit(stale, { 'Short name': 'mine' }, { button: 'Save' })
    expect([conflict.status, conflict.text]).toEqual([409, expect.stringContaining('Name Acme & Sons')])
    expect(await organizations.get(id)).toMatchObject({ slug: 'acme-ltd', second_factor_required: false })
    const saved = await browser.submit(conflict, {}, { button: 'Save' })
    expect(saved.text).toContain('Saved')
    expect(await organizations.get(id)).toMatchObject({ slug: 'mine', name: 'Acme Ltd' })

    const question = await at(`/admin/organizations/${id}/delete`)
    expect(question.text).toContain('Links of invitations lead nowhere')
    await organizations.update(id, { name: 'Acme' })
    const stays = await browser.submit(question, {}, { button: 'Delete organization' })
    expect(stays.status).toBe(409)
    expect(stays.text).toContain('It is not deleted.')
    const again = await at(`/admin/organizations/${id}/delete`)
    const gone = await browser.submit(again, {}, { button: 'Delete organization' })
    expect(gone.text).toContain('The organization is deleted')
    expect((await at(`/admin/organizations/${id}`)).status).toBe(404)
  })

  test('members are added with roles, changed and removed; two tabs do not make a removed one a member again', async () => {
    const { organizations } = latchkey.services
    const { id } = await organizations.create({ name: 'Crew' })
    const user = await latchkey.createUser()
    const page = await at(`/admin/organizations/${id}`)
    const nobody = await browser.submit(
      page,
      { 'Add a member': 'nobody', 'roles.member': true },
      { button: 'Add member' },
    )
    expect([nobody.status, nobody.text]).toEqual([422, expect.stringContaining('There is no user')])
    // A reload, Back and a bookmark lead to this organization.
    expect(new URL(nobody.url).pathname).toBe(`/admin/organizations/${id}`)
    const added = await browser.submit(nobody, { 'Add a member': user.email }, { button: 'Add member' })
    expect(added.text).toContain('Added.')
    // What was ticked before the refusal is ticked still.
    expect((await organizations.members.get(id, user.id)).roles).toEqual(['member'])
    const again = await browser.submit(added, { 'Add a member': user.email }, { button: 'Add member' })
    expect([again.status, again.text]).toEqual([409, expect.stringContaining('a member already')])
    expect((await organizations.members.get(id, user.id)).roles).toEqual(['member'])

    const person = await at(`/admin/users/${user.id}`)
    const own = await browser.follow(person, 'Crew')
    const changed = await browser.submit(own, { admin: true, member: false }, { button: 'Save' })
    expect(changed.text).toContain('Manager')
    expect((await organizations.members.get(id, user.id)).roles).toEqual(['admin'])

    const asked = await browser.follow(changed, `Remove … ${user.username}`)
    expect(asked.text).toContain('Their refresh and opaque tokens of it end at once.')
    const removed = await browser.submit(asked, {}, { button: 'Remove from the organization' })
    expect(removed.text).toContain('Nobody is in it')
    expect((await browser.submit(own, {}, { button: 'Save' })).status).toBe(404)
    expect((await browser.submit(asked, {}, { button: 'Remove from the organization' })).status).toBe(200)
    expect(await organizations.members.count(id)).toBe(0)
    const other = await organizations.create({ name: 'Other' })
    await organizations.members.put(other.id, user.id, [])
    for (const path of [
      `${id}/members/${user.id}`,
      `${NOBODY}/members/${user.id}`,
      `${other.id}/members/%00`,
    ])
      expect([path, (await at(`/admin/organizations/${path}`)).status]).toEqual([path, 404])
  })

  test('a person is invited, once more, and not any more; what was accepted meanwhile is not revoked', async () => {
    const { organizations } = latchkey.services
    const { id } = await organizations.create({ name: 'Guests' })
    const page = await at(`/admin/organizations/${id}`)
    const wrong = await browser.submit(page, { 'Invite by email': 'x' }, { button: 'Send invitation' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('Enter an email address')])
    const sent = await browser.submit(
      wrong,
      { 'Invite by email': 'grace@acme.example', 'invited.member': true },
      { button: 'Send invitation' },
    )
    expect(sent.text).toContain('An invitation is on its way.')
    const [waiting] = (await organizations.invitations.list(id)).items
    expect(waiting).toMatchObject({ email: 'grace@acme.example', roles: ['member'] })
    const twice = await browser.submit(
      sent,
      { 'Invite by email': 'GRACE@acme.example' },
      { button: 'Send invitation' },
    )
    expect([twice.status, twice.text]).toEqual([409, expect.stringContaining('waits already')])
    const resent = await browser.submit(twice, {}, { button: 'Send again grace@acme.example' })
    expect(resent.text).toContain('on its way again')
    const asked = await browser.follow(resent, 'Revoke … grace@acme.example')
    expect(asked.text).toContain('Its link no longer works from then on.')
    expect((await organizations.invitations.list(id)).items).toHaveLength(1)
    const revoked = await browser.submit(asked, {}, { button: 'Revoke invitation' })
    expect(revoked.text).toContain('its link no longer works')
    const next = await organizations.invitations.create(id, { email: 'linus@acme.example' })
    const open = await at(`/admin/organizations/${id}`)
    await organizations.invitations.revoke(id, next.id)
    const late = await browser.follow(open, 'Revoke … linus@acme.example')
    expect([late.status, late.text]).toEqual([200, expect.stringContaining('The invitation is gone already')])
  })

  test('a domain is removed once it was asked for; gone in another tab, it is gone', async () => {
    const { organizations } = latchkey.services
    const { id } = await organizations.create({ name: 'Domains' })
    await organizations.domains.add(id, 'domains.example')
    const asked = await browser.follow(await at(`/admin/organizations/${id}`), 'Remove … domains.example')
    expect(asked.text).toContain('Remove domains.example from Domains?')
    expect(await organizations.domains.list(id)).toHaveLength(1)
    const other = await browser.open(String(asked.url))
    const removed = await browser.submit(asked, {}, { button: 'Remove domain' })
    expect(removed.text).toContain('The domain is removed.')
    expect(await organizations.domains.list(id)).toEqual([])
    for (const late of [
      await browser.open(String(asked.url)),
      await browser.submit(other, {}, { button: 'Remove domain' }),
    ]) {
      expect(late.text).toContain('The domain is gone already.')
      expect(late.text).not.toContain('The domain is removed.')
    }
    for (const domain of ['other.example', '%00', encodeURIComponent('<b>')])
      expect((await at(`/admin/organizations/${id}/domains/remove?domain=${domain}`)).status).toBe(200)
    expect((await at(`/admin/organizations/${NOBODY}/domains/remove?domain=a.example`)).status).toBe(404)
  })

  test('lists are searched and paged, and an auditor sees no form', async () => {
    const { organizations } = latchkey.services
    for (let n = 0; n < 30; n++)
      await organizations.create({ name: `Page ${String(n).padStart(2, '0')}`, disabled: n === 3 })
    const first = await at('/admin/organizations?search=page')
    expect(first.text).toContain('Page 00')
    const second = await browser.follow(first, 'Next page')
    expect(second.text).toContain('Page 29')
    expect(second.text).not.toContain('Page 00')
    expect((await at('/admin/organizations?search=zzz')).text).toContain('No organization has that')
    expect((await at('/admin/organizations?cursor=%00')).status).toBe(400)
    const { id } = await organizations.find('page-03')
    const user = await latchkey.createUser()
    await organizations.members.put(id, user.id, ['member'])
    for (let n = 0; n < 12; n++)
      await organizations.invitations.create(id, { email: `guest${n}@acme.example`, roles: [] })
    const one = await at(`/admin/organizations/${id}`)
    const more = await browser.follow(one, 'Next page')
    expect(more.text).toContain('guest0@acme.example')
    expect(more.text).toContain(user.username)
    expect((await at(`/admin/organizations/${id}?invitations=%00`)).status).toBe(400)

    const auditor = await signedIn(latchkey, 'auditor')
    for (const path of ['', `/${id}`, `/${id}/members/${user.id}`, `/${id}/delete`]) {
      const page = await auditor.browser.open(`${latchkey.issuer}/admin/organizations${path}`)
      expect([path, page.status]).toEqual([path, 200])
      expect(
        page.forms.filter(({ method, action }) => method === 'post' && action.includes('/admin/')),
      ).toEqual([])
    }
    expect((await auditor.browser.open(`${latchkey.issuer}/admin/organizations/new`)).status).toBe(403)
  })
})
