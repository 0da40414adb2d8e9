import { expect, test } from 'vitest'
import { forEachDatabase, otherPassword, password } from './support.ts'

forEachDatabase('administration', (fixture) => {
  test('an account made as verified can sign in; one that is not gets a verification mail', async () => {
    const { accounts } = fixture()
    const input = { username: 'Made', email: 'made@example.org', password }
    const made = await accounts.createByAdmin({ ...input, verified: true, role: 'auditor' })
    expect(made).toMatchObject({ username: 'made', email: 'made@example.org', role: 'auditor' })
    expect(await accounts.authenticate({ identifier: 'made', password })).toMatchObject({ kind: 'ok' })
    expect(await fixture().mailsTo('made@example.org')).toEqual([])
    await accounts.createByAdmin({ username: 'unmade', email: 'unmade@example.org', password })
    expect((await fixture().lastMailTo('unmade@example.org')).subject).toMatch(/Verify/)
  })

  test('taken names, taken addresses and weak passwords are refused by field', async () => {
    const { accounts } = fixture()
    await fixture().verified('first')
    const fields = { username: 'second', email: 'second@example.org', password, verified: true }
    await expect(accounts.createByAdmin({ ...fields, username: 'FIRST' })).rejects.toMatchObject({
      status: 409,
      sentences: { username: expect.any(String) },
    })
    await expect(accounts.createByAdmin({ ...fields, email: 'first@example.org' })).rejects.toMatchObject({
      status: 409,
      sentences: { email: expect.any(String) },
    })
    await expect(accounts.createByAdmin({ ...fields, password: 'second-second' })).rejects.toMatchObject({
      status: 422,
      sentences: { password: expect.any(String) },
    })
  })

  test('an account is found by id, username or address', async () => {
    const id = await fixture().verified('findable')
    for (const which of [id, 'Findable', 'FINDABLE@example.org']) {
      const account = await fixture().accounts.find(which)
      expect(account, which).toMatchObject({ id })
      expect(account).not.toHaveProperty('passwordHash')
    }
    expect(await fixture().accounts.find('nobody-here')).toBeUndefined()
  })

  test('disabling ends sessions and sign-in at once, and voids links; enabling brings sign-in back', async () => {
    const { accounts } = fixture()
    const id = await fixture().verified('suspended')
    await accounts.forgot('suspended@example.org')
    const mail = await fixture().lastMailTo('suspended@example.org')
    const token = /token=([\w-]+)/.exec(mail.text)?.[1] ?? ''
    fixture().later(5)
    expect(await accounts.disable(id)).toMatchObject({ disabledAt: fixture().now })
    expect(fixture().ended.at(-1)).toEqual({ accountId: id, except: undefined })
    expect(await accounts.authenticate({ identifier: 'suspended', password })).toMatchObject({
      reason: 'disabled',
    })
    expect(await accounts.enable(id)).toMatchObject({ disabledAt: null, generation: 1 })
    expect(await accounts.reset(token, otherPassword)).toBeUndefined()
    expect(await accounts.authenticate({ identifier: 'suspended', password })).toMatchObject({ kind: 'ok' })
  })

  test('the last administrator who can sign in stays one, whoever else was only invited or has proven no address', async () => {
    const { accounts } = fixture()
    const admins = (await accounts.list({ limit: 500 })).items.filter(({ role }) => role === 'admin')
    const id = await fixture().verified('only-admin')
    await accounts.setRole(id, 'admin')
    for (const admin of admins) await accounts.setRole(admin.id, 'user')
    await accounts.createByAdmin({ username: 'ghost', email: 'ghost@example.org', role: 'admin' })
    await accounts.createByAdmin({
      username: 'unverified',
      email: 'unverified@example.org',
      password,
      role: 'admin',
    })
    await expect(accounts.disable(id)).rejects.toMatchObject({ code: 'last_administrator' })
    await expect(accounts.setRole(id, 'user')).rejects.toMatchObject({ code: 'last_administrator' })
    await expect(accounts.delete(id)).rejects.toMatchObject({ code: 'last_administrator' })
  })

  test('an address and a role in one change: both count; a role that stays ends no change of address', async () => {
    const { accounts } = fixture()
    const id = await fixture().verified('both')
    await accounts.setRole(id, 'auditor')
    const changed = await accounts.updateByAdmin(id, { email: 'both-new@example.org', role: 'user' })
    expect(changed).toMatchObject({ role: 'user', pendingEmail: 'both-new@example.org' })
    expect(await accounts.updateByAdmin(id, { role: 'user' })).toMatchObject({
      pendingEmail: 'both-new@example.org',
    })
    await expect(accounts.updateByAdmin(id, { role: 'user' }, { ifVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
    expect(await accounts.byId(id)).toMatchObject({ pendingEmail: 'both-new@example.org' })
  })

  test('deleting ends sessions and forgets consents first, and takes the links along', async () => {
    const id = await fixture().register('leaver')
    await fixture().mailer.idle()
    await fixture().accounts.delete(id)
    expect(fixture().ended.slice(-2)).toEqual([
      { accountId: id, except: undefined },
      { accountId: id, forgotten: true },
    ])
    expect(await fixture().accounts.byId(id)).toBeUndefined()
    expect(await fixture().db.prisma.oneTimeToken.count({ where: { accountId: id } })).toBe(0)
    expect(await fixture().register('leaver')).not.toBe(id)
  })

  test('acts on an account that does not exist are a 404', async () => {
    const { accounts } = fixture()
    const nobody = '00000000-0000-4000-8000-000000000000'
    for (const act of [accounts.disable, accounts.enable, accounts.unlock, accounts.delete]) {
      await expect(act(nobody)).rejects.toMatchObject({ code: 'account_not_found', status: 404 })
    }
  })

  test('the list pages through every account once, newest first', async () => {
    for (let i = 0; i < 5; i++) {
      fixture().later(1)
      await fixture().verified(`listed-${i}`)
    }
    const names: string[] = []
    let cursor: string | undefined
    do {
      const page = await fixture().accounts.list({ limit: 2, cursor })
      expect(page.items.length).toBeLessThanOrEqual(2)
      names.push(...page.items.map(({ username }) => username))
      cursor = page.next_cursor
    } while (cursor)
    expect(names.slice(0, 5)).toEqual(['listed-4', 'listed-3', 'listed-2', 'listed-1', 'listed-0'])
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(await fixture().db.prisma.account.count())
    await expect(fixture().accounts.list({ cursor: 'made-up' })).rejects.toMatchObject({
      code: 'invalid_page',
    })
  })

  test('a profile changes field by field; what is left out stays, empty is none', async () => {
    const { accounts } = fixture()
    const id = await fixture().verified('profiled')
    await accounts.updateProfile(id, {
      givenName: '  Ada ',
      familyName: 'Lovelace',
      locale: 'en-GB',
      zoneinfo: 'Europe/London',
      phoneNumber: '+44 (20) 7946-0958',
      address: { street_address: '12 Square\r\nFlat 3', locality: 'London', country: '' },
    })
    expect(await accounts.updateProfile(id, { familyName: '', locale: null })).toMatchObject({
      givenName: 'Ada',
      familyName: null,
      locale: null,
      zoneinfo: 'Europe/London',
      phoneNumber: '+442079460958',
      phoneVerified: false,
      address: { street_address: '12 Square\nFlat 3', locality: 'London' },
    })
    expect(await accounts.updateProfile(id, { address: {} })).toMatchObject({ address: null })
    await expect(
      accounts.updateProfile(id, {
        locale: '!!',
        zoneinfo: 'Mars/Olympus',
        phoneNumber: '123',
        givenName: 'a\u202Eb',
      }),
    ).rejects.toMatchObject({
      sentences: {
        locale: expect.any(String),
        zoneinfo: expect.any(String),
        phoneNumber: expect.any(String),
        givenName: expect.any(String),
      },
    })
  })

  test('accounts that never proved an address go after seven days, others stay', async () => {
    const kept = await fixture().verified('kept')
    const changing = await fixture().verified('changing')
    await fixture().accounts.changeEmail(changing, 'changed@example.org')
    const gone = [await fixture().register('gone-1'), await fixture().register('gone-2')]
    fixture().later(6 * 86_400)
    const recent = await fixture().register('recent')
    fixture().later(86_401)
    expect(await fixture().accounts.purgeUnverified(undefined, 1)).toBe(1)
    while ((await fixture().accounts.purgeUnverified()) > 0);
    for (const id of gone) expect(await fixture().accounts.byId(id)).toBeUndefined()
    for (const id of [kept, changing, recent]) expect(await fixture().accounts.byId(id)).toBeDefined()
    expect(fixture().events).toContainEqual({ type: 'account.purged', count: 1 })
  })

  test('expired one-time tokens go, live ones stay', async () => {
    await fixture().mailer.idle()
    fixture().later(2 * 86_400)
    await fixture().register('living')
    await fixture().mailer.idle()
    while ((await fixture().accounts.purgeTokens(2)) > 0);
    const { oneTimeToken } = fixture().db.prisma
    expect(await oneTimeToken.count({ where: { expiresAt: { lt: new Date(fixture().now) } } })).toBe(0)
    expect(await oneTimeToken.count({ where: { purpose: 'verify_email' } })).toBeGreaterThan(0)
  })
})

forEachDatabase('the first administrator', (fixture) => {
  const fields = { username: 'admin', email: 'admin@example.org', password }
  const removeAll = () => fixture().db.prisma.account.deleteMany()

  test('comes from one link, once, however many use it at the same time', async () => {
    const { setup } = fixture().accounts
    const token = (await setup.open()) ?? ''
    expect(await setup.isOpen(token)).toBe(true)
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        setup.createFirstAdministrator(token, {
          ...fields,
          username: `admin${i}`,
          email: `admin${i}@example.org`,
        }),
      ),
    )
    const made = results.filter((result) => result.status === 'fulfilled' && result.value !== undefined)
    expect(made).toHaveLength(1)
    expect(await fixture().db.prisma.account.count()).toBe(1)
    expect(await fixture().db.prisma.account.count({ where: { role: 'admin', email: { not: null } } })).toBe(
      1,
    )
    expect(await setup.isOpen(token)).toBe(false)
    expect(await setup.open()).toBeUndefined()
    await removeAll()
  })

  test('a mistake in a field leaves the link usable', async () => {
    const { setup } = fixture().accounts
    const token = (await setup.open()) ?? ''
    await expect(
      setup.createFirstAdministrator(token, { ...fields, password: 'admin-admin-admin' }),
    ).rejects.toMatchObject({ sentences: { password: expect.any(String) } })
    await expect(
      setup.createFirstAdministrator(token, { username: 'a b', email: 'nothing', password: 'short' }),
    ).rejects.toMatchObject({
      sentences: { username: expect.any(String), email: expect.any(String), password: expect.any(String) },
    })
    expect(await setup.createFirstAdministrator(token, fields)).toBeDefined()
    await removeAll()
  })

  test('a new start replaces the link, and it ends after a day', async () => {
    const { setup } = fixture().accounts
    const first = (await setup.open()) ?? ''
    const second = (await setup.open()) ?? ''
    expect(await setup.createFirstAdministrator(first, fields)).toBeUndefined()
    expect(await setup.isOpen(second)).toBe(true)
    fixture().later(86_400)
    expect(await setup.createFirstAdministrator(second, fields)).toBeUndefined()
    expect(await setup.isOpen('x'.repeat(43))).toBe(false)
  })

  test('comes from the environment when there is none, with processes starting together', async () => {
    const settings = { email: 'Root.Person+x@example.org', password }
    await fixture().verified('root.personx')
    await Promise.all(
      [fixture().accounts, fixture().neighbour()].map(({ setup }) => setup.ensureFromEnvironment(settings)),
    )
    const admins = await fixture().db.prisma.account.findMany({ where: { role: 'admin' } })
    expect(admins).toMatchObject([{ username: 'root.personx2', email: 'root.person+x@example.org' }])
    await fixture().accounts.setup.ensureFromEnvironment({ ...settings, password: otherPassword })
    expect(await fixture().accounts.authenticate({ identifier: settings.email, password })).toMatchObject({
      kind: 'ok',
    })
    await removeAll()
  })

  test('an ordinary account with that address is not overwritten; the operator is told', async () => {
    const id = await fixture().verified('plain')
    await expect(
      fixture().accounts.setup.ensureFromEnvironment({ email: 'plain@example.org', password: otherPassword }),
    ).rejects.toMatchObject({
      code: 'first_administrator_refused',
      publicMessage: expect.stringMatching(/^ADMIN_EMAIL:/),
    })
    expect(await fixture().accounts.byId(id)).toMatchObject({ role: 'user' })
    await expect(
      fixture().accounts.setup.ensureFromEnvironment({ email: 'other@example.org', password: 'short' }),
    ).rejects.toMatchObject({ publicMessage: expect.stringMatching(/^ADMIN_PASSWORD:/) })
    await removeAll()
  })

  test('the last administrator cannot be disabled, deleted or demoted', async () => {
    const { accounts } = fixture()
    const only = await accounts.createByAdmin({ ...fields, verified: true, role: 'admin' })
    const refused = { code: 'last_administrator', status: 409 }
    await expect(accounts.disable(only.id)).rejects.toMatchObject(refused)
    await expect(accounts.delete(only.id)).rejects.toMatchObject(refused)
    await expect(accounts.setRole(only.id, 'user')).rejects.toMatchObject(refused)
    const second = await accounts.createByAdmin({
      ...fields,
      username: 'vice',
      email: 'vice@example.org',
      verified: true,
    })
    await accounts.setRole(second.id, 'admin')
    expect(await accounts.setRole(only.id, 'user')).toMatchObject({ role: 'user' })
  })

  test('administrators who remove each other at the same time leave one', async () => {
    const { accounts } = fixture()
    const { disable, setRole, delete: remove } = accounts
    const demote = (id: string) => setRole(id, 'user')
    const acts = [disable, demote, remove, disable, demote, remove]
    for (const round of ['a', 'b', 'c']) {
      const ids = await Promise.all(
        acts.map(async (_, i) => {
          const person = { username: `chief-${round}${i}`, email: `chief-${round}${i}@example.org` }
          return (await accounts.createByAdmin({ ...person, verified: true, role: 'admin' })).id
        }),
      )
      const others = await fixture().db.prisma.account.findMany({
        where: { id: { notIn: ids }, role: 'admin' },
      })
      for (const { id } of others) await setRole(id, 'user')
      const results = await Promise.allSettled(ids.map((id, i) => acts[i]?.(id)))
      const refused = results.filter((result) => result.status === 'rejected')
      expect(refused).toMatchObject([{ reason: { code: 'last_administrator' } }])
      expect(await fixture().db.prisma.account.count({ where: { role: 'admin', disabledAt: null } })).toBe(1)
    }
  })
})
