import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { person, signInAs } from '../accounts/pages/person.ts'
import { basic, createApi } from '../api/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('managers of a group, on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    const env = { RATE_LIMIT: 'on', RATE_LIMIT_SIGN_IN: '1000', RATE_LIMIT_ACCOUNT: '1000' }
    latchkey = await startLatchkey({ engine, env, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey.stop())

  /** A manager of a new group, with somebody who is in it. */
  async function managed(role?: string) {
    const { groups, roles } = latchkey.services.access
    const [manager, member] = [await person(latchkey), await latchkey.createUser()]
    const group = await groups.create({ name: `Group of ${manager.username}` })
    for (const id of [manager.id, member.id]) await groups.addMember(group.id, id)
    await groups.setManager(group.id, manager.id, true)
    if (role) await roles.assign((await roles.create({ name: role })).id, { group: group.id })
    return { manager, member, group, path: `/account/groups/${group.id}` }
  }
  const at = (browser: HttpBrowser, path: string) => browser.open(`${latchkey.issuer}${path}`)
  const add = async (browser: HttpBrowser, path: string, login: string) =>
    browser.submit(await at(browser, path), { 'Username or email address': login }, { button: 'Add' })
  const isIn = async (group: string, account: string) =>
    (await latchkey.services.access.membershipsOf(account)).groups.some(({ id }) => id === group)
  const token = async (username: string) => {
    const body = { username, password: PASSWORD }
    const { json } = await createApi(latchkey.issuer).post('/login', body)
    return { authorization: `Bearer ${String(json.access_token)}` }
  }

  test('add and remove members by name and address, which is audited as theirs', async () => {
    const { manager, member, group, path } = await managed()
    const [one, two] = [await latchkey.createUser(), await latchkey.createUser()]
    const home = await at(manager.browser, '/account')
    expect(home.links.map(({ href }) => href)).toContain('/account/groups')
    expect((await at(manager.browser, '/account/groups')).text).toContain(group.name)
    expect((await add(manager.browser, path, one.username.toUpperCase())).text).toContain('Added.')
    const second = await add(manager.browser, path, two.email)
    expect(second.text).toContain(two.username)
    expect(second.text, 'addresses are nobody’s but their owner’s').not.toContain('@example.com')
    expect([await isIn(group.id, one.id), await isIn(group.id, two.id)]).toEqual([true, true])
    const asked = await at(manager.browser, `${path}/remove/${member.id}`)
    const removed = await manager.browser.submit(asked, {}, { button: 'Remove' })
    expect(removed.text).toContain('Removed.')
    expect(await isIn(group.id, member.id)).toBe(false)
    // A second tab with the same page.
    expect((await manager.browser.submit(asked, {}, { button: 'Remove' })).text).toContain('Removed.')
    const { items } = await latchkey.services.audit.list({ action: 'group.member_added', target: group.id })
    expect(items.filter(({ actor }) => actor.id === manager.id)).toHaveLength(2)
  })

  test('are told the same of everybody whom they cannot add', async () => {
    const { manager, group, path } = await managed()
    const { accounts } = latchkey.services
    const [admin, disabled] = [await latchkey.createUser(), await latchkey.createUser()]
    await accounts.setRole(admin.id, 'admin')
    await accounts.disable(disabled.id)
    const claimed = 'not-theirs@example.org'
    await accounts.register({ username: `claims-${engine}`, email: claimed, password: PASSWORD })
    const answers = new Set<string>()
    for (const login of ['nobody-at-all', 'nobody@example.org', admin.username, disabled.email, claimed]) {
      const { status, text } = await add(manager.browser, path, login)
      const error = /There is nobody of[^.]*\./.exec(text)?.[0] ?? text
      answers.add(`${status} ${error.replaceAll(login, 'X')}`)
    }
    expect([...answers]).toEqual(['422 There is nobody of this username or address whom you can add.'])
    expect((await latchkey.services.access.groups.members(group.id)).items).toHaveLength(2)
    const tries = Array.from({ length: 21 }, (_, n) => add(manager.browser, path, `guess-${n}`))
    expect((await Promise.all(tries)).map(({ status }) => status)).toContain(429)
  })

  test('have their own groups alone, and nothing else of them', async () => {
    const [mine, theirs, stranger] = [await managed(), await managed(), await latchkey.createUser()]
    const { browser } = mine.manager
    expect((await at(browser, theirs.path)).status).toBe(404)
    const page = await at(browser, mine.path)
    const request = browser.prepare(
      page,
      { 'Username or email address': stranger.username },
      { button: 'Add' },
    )
    const theirForm = { ...request, url: new URL(`${latchkey.issuer}${theirs.path}/members`) }
    await (await browser.send(theirForm)).body?.cancel()
    expect(await isIn(theirs.group.id, stranger.id)).toBe(false)
    const member = await signInAs(latchkey, mine.member.username)
    expect((await at(member, mine.path)).status).toBe(404)
    expect((await at(member, '/account')).links.map(({ href }) => href)).not.toContain('/account/groups')
    expect((await at(member, '/account/groups')).text).toContain('You manage no group')
    await latchkey.services.access.groups.setManager(mine.group.id, mine.manager.id, false)
    await (await browser.send(request)).body?.cancel()
    expect(await isIn(mine.group.id, stranger.id)).toBe(false)
  })

  test('remove neither administrators nor each other, and may leave', async () => {
    const { manager, group, path } = await managed()
    const { accounts, access } = latchkey.services
    const [admin, other] = [await latchkey.createUser(), await latchkey.createUser()]
    await accounts.setRole(admin.id, 'auditor')
    for (const { id } of [admin, other]) await access.groups.addMember(group.id, id)
    await access.groups.setManager(group.id, other.id, true)
    for (const { id } of [admin, other]) {
      const asked = await at(manager.browser, `${path}/remove/${id}`)
      const refused = await manager.browser.submit(asked, {}, { button: 'Remove' })
      expect([refused.status, await isIn(group.id, id)]).toEqual([403, true])
    }
    const own = await at(manager.browser, `${path}/remove/${manager.id}`)
    expect(own.text).toContain('do not manage it any more')
    const left = await manager.browser.submit(own, {}, { button: 'Leave the group' })
    expect(left.text).toContain('You are not in that group any more')
    expect((await at(manager.browser, path)).status).toBe(404)
  })

  test('prove who they are once more where the group has roles', async () => {
    const { manager, member, group, path } = await managed(`Clerk of ${engine}`)
    const user = await latchkey.createUser()
    const authorization = await token(manager.username)
    ahead = 16 * 60_000
    try {
      const asked = await add(manager.browser, path, user.username)
      expect([asked.url.pathname, await isIn(group.id, user.id)]).toEqual(['/login', false])
      // Sessions begin by the clock of the protocol library.
      ahead = 0
      const confirm = await manager.browser.signIn(asked, {
        identifier: manager.username,
        password: PASSWORD,
      })
      expect(confirm.text).toContain(`add “${user.username}” to ${group.name}`)
      const done = await manager.browser.submit(confirm, {}, { button: 'Go on' })
      expect([done.url.pathname, await isIn(group.id, user.id)]).toEqual([path, true])
      const api = createApi(latchkey.issuer)
      const one = `/me/groups/${group.id}/members/${member.id}`
      ahead = 16 * 60_000
      const bare = await api.call('DELETE', one, { headers: authorization })
      expect([bare.status, await isIn(group.id, member.id)]).toEqual([422, true])
      const proven = await api.call('DELETE', one, {
        headers: authorization,
        body: { current_password: PASSWORD },
      })
      expect([proven.status, await isIn(group.id, member.id)]).toEqual([204, false])
    } finally {
      ahead = 0
    }
  })

  test('by JSON: lists, members, adding and removing, in the same bounds', async () => {
    const { manager, member, group } = await managed()
    const api = createApi(latchkey.issuer)
    const headers = await token(manager.username)
    const user = await latchkey.createUser()
    const path = `/me/groups/${group.id}`
    expect((await api.get('/me/groups', headers)).json).toEqual({
      items: [{ id: group.id, name: group.name, description: '' }],
    })
    expect((await api.get(path, headers)).json).toMatchObject({ name: group.name, roles: [] })
    expect((await api.post(`${path}/members`, { user: user.email }, headers)).status).toBe(204)
    const first = await api.get(`${path}/members?limit=2`, headers)
    const next = await api.get(`${path}/members?limit=2&cursor=${String(first.json.next_cursor)}`, headers)
    const all = [...(first.json.items as object[]), ...(next.json.items as object[])]
    expect(all).toContainEqual({
      user_id: user.id,
      username: user.username,
      manager: false,
      removable: true,
      since: expect.any(String),
    })
    expect(all).toHaveLength(3)
    const nobody = await api.post(`${path}/members`, { user: 'nobody-at-all' }, headers)
    expect(nobody).toMatchObject({ status: 422, json: { errors: { user: [expect.any(String)] } } })
    const stranger = await token(member.username)
    for (const answer of [
      await api.get(path, stranger),
      await api.get(`${path}/members`, stranger),
      await api.post(`${path}/members`, { user: member.username }, stranger),
      await api.call('DELETE', `${path}/members/${manager.id}`, { headers: stranger }),
    ])
      expect(answer).toMatchObject({ status: 404, json: { code: 'group_not_found' } })
    const script = basic(manager.username, PASSWORD)
    expect((await api.get('/me/groups', script)).status).toBe(403)
    expect((await api.call('DELETE', `${path}/members/${user.id}`, { headers })).status).toBe(204)
    const again = await api.call('DELETE', `${path}/members/${user.id}`, { headers })
    expect(again).toMatchObject({ status: 404, json: { code: 'not_a_member' } })
  })

  test('of very many groups see them page by page', async () => {
    const { groups } = latchkey.services.access
    const manager = await person(latchkey)
    for (let n = 0; n < 51; n++) {
      const { id } = await groups.create({ name: `Many ${engine} ${n}` })
      await groups.addMember(id, manager.id)
      await groups.setManager(id, manager.id, true)
    }
    const first = await at(manager.browser, '/account/groups')
    const second = await manager.browser.follow(first, 'Next page')
    const shown = ({ links }: { links: { href: string }[] }) =>
      links.filter(({ href }) => /^\/account\/groups\/[\w-]+$/.test(href))
    expect([shown(first).length, shown(second).length]).toEqual([50, 1])
    expect((await at(manager.browser, '/account/groups?cursor=%25')).status).toBe(400)
  })
})
