// Over 400 lines: one server a database engine; each file more would start one anew.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { person, signInAs } from '../accounts/pages/person.ts'
import { basic, createApi } from '../api/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

describe.each(engines)('managers of an organization, on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    const env = {
      ORGANIZATION_ROLES: 'owner,admin,billing,member',
      ORGANIZATION_MANAGER_ROLES: 'owner,admin',
    }
    latchkey = await startLatchkey({ engine, env, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey.stop())

  let made = 0
  /** A manager of a new organization, with a member. */
  async function managed(role = 'admin') {
    const { organizations } = latchkey.services
    const [manager, member] = [await person(latchkey), await latchkey.createUser()]
    const { id, slug } = await organizations.create({ name: `Company ${engine} ${++made}` })
    await organizations.members.put(id, manager.id, [role])
    await organizations.members.put(id, member.id, ['member'])
    return { manager, member, id, slug, path: `/account/organizations/${id}` }
  }
  const at = (browser: HttpBrowser, path: string) => browser.open(`${latchkey.issuer}${path}`)
  const rolesOf = async (id: string, account: string) =>
    (await latchkey.services.organizations.members.membership(account, id))?.roles
  const sends = (method: string) => (path: string, body: unknown, headers: Record<string, string>) =>
    createApi(latchkey.issuer).call(method, path, { body, headers })
  const [put, del] = [sends('PUT'), sends('DELETE')]
  const bearer = async (username: string) => {
    const { json } = await createApi(latchkey.issuer).post('/login', { username, password: PASSWORD })
    return { authorization: `Bearer ${String(json.access_token)}` }
  }

  test('change roles, remove members, invite and revoke on pages, which is audited as theirs', async () => {
    const { manager, member, id, path } = await managed()
    const { browser } = manager
    const list = await at(browser, '/account/organizations')
    const page = await browser.follow(list, `Manage Company ${engine} ${made}`)
    expect(page.text).toContain(member.username)
    expect(page.text, 'addresses are nobody’s but their owner’s').not.toContain('@example.com')
    const one = await browser.follow(page, `Change … ${member.username}`)
    const saved = await browser.submit(one, { billing: true, member: false }, { button: 'Save roles' })
    expect(saved.text).toContain('Saved.')
    expect(await rolesOf(id, member.id)).toEqual(['billing'])

    const wrong = await browser.submit(saved, { 'Email address': 'x' }, { button: 'Send invitation' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('Enter an email address')])
    const sent = await browser.submit(
      wrong,
      { 'Email address': 'guest@acme.example', member: true },
      { button: 'Send invitation' },
    )
    expect(sent.text).toContain('An invitation is on its way.')
    const { items } = await latchkey.services.organizations.invitations.list(id)
    expect(items).toMatchObject([
      { email: 'guest@acme.example', roles: ['member'], invitedBy: manager.username },
    ])
    const again = await browser.submit(sent, {}, { button: 'Send again guest@acme.example' })
    expect(again.text).toContain('The earlier link no longer works')
    const ends = await browser.follow(again, 'Revoke … guest@acme.example')
    expect(ends.text).toContain('Its link no longer works from then on.')
    expect((await latchkey.services.organizations.invitations.list(id)).items).toHaveLength(1)
    const revoked = await browser.submit(ends, {}, { button: 'Revoke invitation' })
    expect(revoked.text).toContain('is revoked')
    expect((await latchkey.services.organizations.invitations.list(id)).items).toEqual([])

    const asked = await at(browser, `${path}/members/${member.id}`)
    const out = await browser.submit(asked, {}, { button: 'Remove from the organization' })
    expect(out.text).toContain('Removed.')
    expect(await rolesOf(id, member.id)).toBeUndefined()
    const { items: entries } = await latchkey.services.audit.list({ target: id })
    const mine = entries.filter(({ actor }) => actor.id === manager.id).map(({ action }) => action)
    expect(mine.sort()).toEqual([
      'organization.invitation_revoked',
      'organization.invitation_sent_again',
      'organization.invited',
      'organization.member_removed',
      'organization.member_roles_changed',
    ])
  })

  test('what is gone already, in another tab or by another manager, is said to be gone, and nothing is audited', async () => {
    const { manager, id, path } = await managed()
    const { browser } = manager
    const { audit, organizations } = latchkey.services
    const { domain } = await organizations.domains.add(id, `gone-${engine}.example`)
    const invitation = await organizations.invitations.create(id, { email: `gone-${engine}@a.example` })
    const page = await at(browser, path)
    const asked = [
      await browser.follow(page, `Remove … ${domain}`),
      await browser.follow(page, `Revoke … ${invitation.email}`),
    ] as const
    await organizations.domains.remove(id, domain)
    await organizations.invitations.revoke(id, invitation.id)
    await audit.idle()
    const before = (await audit.list({ target: id })).items.length
    const [domainGone, invitationGone] = ['The domain is gone already.', 'The invitation is gone already']
    for (const [late, said] of [
      [await browser.open(asked[0].url.href), domainGone],
      [await browser.submit(asked[0], {}, { button: 'Remove domain' }), domainGone],
      [await browser.open(asked[1].url.href), invitationGone],
      [await browser.submit(asked[1], {}, { button: 'Revoke invitation' }), invitationGone],
      [await browser.submit(page, {}, { button: `Send again ${invitation.email}` }), invitationGone],
    ] as const) {
      expect([late.status, late.url.pathname, late.text]).toEqual([200, path, expect.stringContaining(said)])
      expect(late.text).not.toMatch(/is removed|is revoked|on its way/)
    }
    await audit.idle()
    expect((await audit.list({ target: id })).items).toHaveLength(before)
  })

  test('have their own organizations alone, named by the ID in one form', async () => {
    const [mine, theirs] = [await managed(), await managed()]
    const { browser } = mine.manager
    const { organizations } = latchkey.services
    const { id: theirInvitation } = await organizations.invitations.create(theirs.id, {
      email: 'a@acme.example',
    })
    for (const other of [
      theirs.id,
      theirs.slug,
      mine.slug,
      NOBODY,
      '__proto__',
      '%00',
      '..%2f',
      mine.id.toUpperCase(),
    ])
      for (const below of ['', `/members/${theirs.member.id}`, `/members/${mine.member.id}`])
        expect([other, (await at(browser, `/account/organizations/${other}${below}`)).status]).toEqual([
          other,
          404,
        ])
    for (const other of [theirs.member.id, NOBODY, '__proto__', '%00'])
      expect([other, (await at(browser, `${mine.path}/members/${other}`)).status]).toEqual([other, 404])

    // Forms of their own page, sent for the other organization, and for what belongs to it.
    await organizations.invitations.create(mine.id, { email: 'b@acme.example' })
    const page = await at(browser, mine.path)
    const invite = browser.prepare(
      page,
      { 'Email address': 'evil@acme.example' },
      { button: 'Send invitation' },
    )
    const elsewhere = (path: string) => ({ ...invite, url: new URL(`${latchkey.issuer}${path}`) })
    const asks = await browser.follow(page, 'Revoke … b@acme.example')
    const revoke = browser.prepare(asks, {}, { button: 'Revoke invitation' })
    revoke.body?.set('invitation', theirInvitation)
    const tried = [
      await browser.visit(elsewhere(`${theirs.path}/invitations`)),
      await browser.visit(elsewhere(`${theirs.path}/members/${theirs.member.id}`)),
      await browser.visit(elsewhere(`${theirs.path}/members/${theirs.member.id}/remove`)),
      await browser.visit(elsewhere(`${mine.path}/members/${theirs.member.id}`)),
      await browser.visit(revoke),
      await browser.visit({ ...revoke, url: new URL(`${latchkey.issuer}${mine.path}/invitations/send`) }),
    ]
    // An invitation that is not their organization's is none there.
    expect(tried.map(({ status }) => status)).toEqual([404, 404, 404, 404, 200, 200])
    for (const { text } of tried.slice(4)) expect(text).toContain('The invitation is gone already')
    expect((await organizations.invitations.list(theirs.id)).items).toMatchObject([{ id: theirInvitation }])
    expect(await rolesOf(theirs.id, theirs.member.id)).toEqual(['member'])

    // A member who manages nothing, and a disabled organization.
    const plain = await signInAs(latchkey, mine.member.username)
    expect((await at(plain, mine.path)).status).toBe(404)
    expect((await at(plain, '/account/organizations')).text).not.toContain('Manage')
    await organizations.update(mine.id, { disabled: true })
    expect((await at(browser, mine.path)).status).toBe(404)
  })

  test('who is removed, or no manager any more, does nothing by a page that is still open', async () => {
    const { manager, member, id, path } = await managed()
    const { members, invitations } = latchkey.services.organizations
    const open = await at(manager.browser, path)
    const one = await at(manager.browser, `${path}/members/${member.id}`)
    await members.put(id, manager.id, ['member'])
    const form = { 'Email address': 'late@acme.example' }
    expect((await manager.browser.submit(open, form, { button: 'Send invitation' })).status).toBe(404)
    await members.remove(id, manager.id)
    expect((await manager.browser.submit(one, { admin: true }, { button: 'Save roles' })).status).toBe(404)
    expect([(await invitations.list(id)).items, await rolesOf(id, member.id)]).toEqual([[], ['member']])
  })

  test('give and take no more than they have, and leave administrators of the server alone', async () => {
    const { manager, member, id, path } = await managed()
    const { organizations, accounts } = latchkey.services
    const [owner, root] = [await latchkey.createUser(), await latchkey.createUser()]
    await organizations.members.put(id, owner.id, ['owner', 'member'])
    await organizations.members.put(id, root.id, ['member'])
    await accounts.setRole(root.id, 'auditor')
    await organizations.invitations.create(id, { email: 'own@acme.example', roles: ['owner'] })
    const page = await at(manager.browser, path)
    const links = page.links.map(({ text }) => text)
    expect(links).toContain(`Change … ${member.username}`)
    for (const one of [owner, root]) expect(links).not.toContain(`Change … ${one.username}`)
    expect(links).not.toContain('Revoke … own@acme.example')
    const [{ id: owners } = { id: '' }] = (await organizations.invitations.list(id)).items
    const asked = await at(manager.browser, `${path}/invitations/revoke?invitation=${owners}`)
    expect(asked.url.pathname, 'nothing to ask about').toBe(path)
    const api = createApi(latchkey.issuer)
    const headers = await bearer(manager.username)
    const base = `/me/organizations/${id}`
    const proof = { current_password: PASSWORD }
    expect((await api.get(base, headers)).json.givable).toEqual(['admin', 'billing', 'member'])
    for (const { id: other } of [owner, root]) {
      const answer = await put(`${base}/members/${other}`, { roles: [], ...proof }, headers)
      expect(answer).toMatchObject({ status: 403, json: { code: 'not_yours_to_change' } })
      expect((await del(`${base}/members/${other}`, proof, headers)).status).toBe(403)
    }
    for (const roles of [['owner'], ['member', 'owner'], ['__proto__'], ['owner member']]) {
      expect((await put(`${base}/members/${member.id}`, { roles, ...proof }, headers)).status).toBe(422)
      const invited = await api.post(
        `${base}/invitations`,
        { email: 'o@acme.example', roles, ...proof },
        headers,
      )
      expect(invited.status).toBe(422)
    }
    const { items } = (await api.get(`${base}/invitations`, headers)).json as { items: { id: string }[] }
    expect((await del(`${base}/invitations/${items[0]?.id}`, proof, headers)).status).toBe(403)
    expect((await api.post(`${base}/invitations/${items[0]?.id}/send`, proof, headers)).status).toBe(403)
    const forged = manager.browser.prepare(
      await at(manager.browser, `${path}/members/${member.id}`),
      {},
      { button: 'Save roles' },
    )
    forged.body?.set('roles.owner', 'on')
    expect((await manager.browser.visit(forged)).status).toBe(422)
    expect(await rolesOf(id, member.id)).toEqual(['member'])
    expect(await rolesOf(id, owner.id)).toEqual(['owner', 'member'])
  })

  test('the last one stays one, and of two that leave or remove each other at once one does', async () => {
    const { manager, id, path } = await managed()
    const { organizations, accounts } = latchkey.services
    const { managing, members } = organizations
    const asked = await at(manager.browser, `${path}/members/${manager.id}`)
    const refused = await manager.browser.submit(asked, {}, { button: 'Leave the organization' })
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('Nobody would manage')])
    const given = await manager.browser.submit(asked, { admin: false }, { button: 'Save roles' })
    expect(given.status).toBe(409)
    // One whose account is disabled manages nothing.
    const off = await latchkey.createUser()
    await members.put(id, off.id, ['owner'])
    await accounts.disable(off.id)
    await expect(managing.remove(manager.id, id, manager.id)).rejects.toMatchObject({ code: 'last_manager' })

    for (let round = 0; round < 5; round++) {
      const other = await latchkey.createUser()
      const both = [manager.id, other.id]
      const acts: [string, (by: string, of: string) => Promise<void>][] = [
        ['leave', (by) => managing.remove(by, id, by)],
        ['remove each other', (by, of) => managing.remove(by, id, of)],
        ['give it up', (by) => managing.setRoles(by, id, by, ['member'])],
        ['take it from each other', (by, of) => managing.setRoles(by, id, of, ['member'])],
      ]
      for (const [what, act] of acts) {
        for (const one of both) await members.put(id, one, ['admin'])
        const [a = '', b = ''] = both
        const done = await Promise.allSettled([act(a, b), act(b, a)])
        expect([what, done.filter(({ status }) => status === 'fulfilled').length]).toEqual([what, 1])
        const left = (await members.list(id)).items.filter(
          ({ roles, accountId }) => roles.includes('admin') && both.includes(accountId),
        )
        expect([what, left.length]).toEqual([what, 1])
      }
      await members.remove(id, other.id).catch(() => undefined)
      await members.put(id, manager.id, ['admin'])
    }
  })

  test('give a role that manages only while they have it themselves', async () => {
    const { manager, member, id } = await managed('owner')
    const { managing, members } = latchkey.services.organizations
    const get = members.get.bind(members)
    // Between the look at what they may give and the change, it is taken from them.
    vi.spyOn(members, 'get').mockImplementationOnce(async (...asked) => {
      await members.put(id, manager.id, ['admin'])
      return get(...asked)
    })
    const giving = managing.setRoles(manager.id, id, member.id, ['owner'])
    await expect(giving).rejects.toMatchObject({ code: 'organization_not_found' })
    expect(await rolesOf(id, member.id)).toEqual(['member'])
  })

  test('who loses a role keeps no invitation that they could not send any more', async () => {
    const { manager, member, id } = await managed('owner')
    const { managing, members, invitations } = latchkey.services.organizations
    const invite = (name: string, roles: string[]) =>
      managing.invite(manager.id, id, { email: `${name}@${engine}.example`, roles })
    const waiting = async () =>
      (await invitations.list(id)).items.map(({ email }) => email.split('@')[0]).sort()
    await members.put(id, member.id, ['owner'])
    await invite('owner', ['owner'])
    await invite('plain', ['member'])
    await invitations.create(id, { email: `other@${engine}.example`, roles: ['owner'] })
    await members.put(id, manager.id, ['owner', 'billing'])
    expect(await waiting()).toEqual(['other', 'owner', 'plain'])
    await members.put(id, manager.id, ['owner', 'admin'])
    expect(await waiting()).toEqual(['other', 'owner', 'plain'])
    await members.setRole(id, manager.id, 'owner', false)
    expect(await waiting(), 'an admin sends none for owners').toEqual(['other', 'plain'])
    await managing.setRoles(manager.id, id, manager.id, ['member'])
    expect(await waiting(), 'and who is no manager none').toEqual(['other'])
    await members.put(id, manager.id, ['admin'])
    await invite('again', ['admin'])
    await members.put(id, manager.id, ['member'])
    expect(await waiting()).toEqual(['other'])

    // Taken from them while it is being sent.
    await members.put(id, manager.id, ['owner'])
    const create = invitations.create.bind(invitations)
    vi.spyOn(invitations, 'create').mockImplementationOnce(async (...asked) => {
      await members.put(id, manager.id, ['admin'])
      return create(...asked)
    })
    await expect(invite('late', ['owner'])).rejects.toMatchObject({ code: 'invitation_not_found' })
    expect(await waiting()).toEqual(['other'])
  })

  test('prove who they are once more', async () => {
    const { manager, member, id, path } = await managed()
    const api = createApi(latchkey.issuer)
    const headers = await bearer(manager.username)
    const base = `/me/organizations/${id}`
    const one = `${base}/members/${member.id}`
    expect((await api.get('/me/organizations', headers)).json).toMatchObject({
      items: [{ id, roles: ['admin'], manages: true }],
    })
    const page = await at(manager.browser, `${path}/members/${member.id}`)
    ahead += 16 * 60_000
    expect((await put(one, { roles: [] }, headers)).status).toBe(422)
    expect((await put(one, { roles: [], current_password: 'not the password' }, headers)).status).toBe(422)
    expect((await api.get(base, basic(manager.username, PASSWORD))).status).toBe(403)
    expect(await rolesOf(id, member.id)).toEqual(['member'])
    expect((await put(one, { roles: ['billing'], current_password: PASSWORD }, headers)).status).toBe(204)
    expect(await rolesOf(id, member.id)).toEqual(['billing'])
    const theirs = await managed()
    const other = await api.get(`/me/organizations/${theirs.id}/members`, headers)
    expect(other).toMatchObject({ status: 404, json: { code: 'organization_not_found' } })

    const asked = await manager.browser.submit(page, { admin: true }, { button: 'Save roles' })
    expect(asked.text).not.toContain('Saved.')
    expect(await rolesOf(id, member.id)).toEqual(['billing'])
  })

  test('ten thousand members are paged', async () => {
    const { manager, id } = await managed()
    const { prisma } = latchkey.services.db
    const at = new Date(Date.now() - 1000)
    const ids = Array.from({ length: 10_000 }, (_, n) => `m${engine}${String(n).padStart(5, '0')}`)
    for (let from = 0; from < ids.length; from += 1000) {
      const some = ids.slice(from, from + 1000)
      const account = (one: string) => ({
        ...{ id: one, username: one, displayUsername: one, email: `${one}@example.org` },
        ...{ authValidAfter: at, createdAt: at, updatedAt: at },
      })
      await prisma.account.createMany({ data: some.map(account) })
      const member = (accountId: string) => ({
        accountId,
        organizationId: id,
        roles: 'member',
        createdAt: at,
      })
      await prisma.organizationMember.createMany({ data: some.map(member) })
    }
    const { managing } = latchkey.services.organizations
    const seen = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await managing.members(manager.id, id, { limit: 100, cursor })
      for (const { accountId } of page.items) seen.add(accountId)
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(seen.size).toBe(10_002)
    const first = await manager.browser.open(`${latchkey.issuer}/account/organizations/${id}`)
    const second = await manager.browser.follow(first, 'Next page')
    expect(second.status).toBe(200)
    await expect(managing.remove(manager.id, id, manager.id)).rejects.toMatchObject({ code: 'last_manager' })
  })
  test('who is removed, or leaves, leaves no invitation behind; those of others stay', async () => {
    const { organizations } = latchkey.services
    const { manager, member, id } = await managed('owner')
    const { managing, members, invitations } = organizations
    const waiting = async () => (await invitations.list(id)).items.map(({ email }) => email).sort()
    await members.put(id, member.id, ['owner'])
    await managing.invite(manager.id, id, { email: 'mine@acme.example' })
    await managing.invite(member.id, id, { email: 'theirs@acme.example' })
    await invitations.create(id, { email: 'ours@acme.example' })
    await managing.remove(manager.id, id, member.id)
    expect(await waiting()).toEqual(['mine@acme.example', 'ours@acme.example'])
    await members.remove(id, manager.id)
    expect(await waiting()).toEqual(['ours@acme.example'])
    const { items } = await latchkey.services.audit
      .idle()
      .then(() => latchkey.services.audit.list({ action: 'organization.invitation_revoked' }, { limit: 50 }))
    expect(items.filter((entry) => JSON.stringify(entry).includes(id))).toHaveLength(2)
  })
})
