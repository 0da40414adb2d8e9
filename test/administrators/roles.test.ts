import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { signedIn } from '../admin/console.ts'
import { machine, person } from '../admin/rest/support.ts'
import { createInstallation } from '../cli/harness.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('administrator roles, on %s', (engine) => {
  let latchkey: Latchkey
  let names = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  const define = (content: Readonly<Record<string, unknown>>) =>
    latchkey.services.administratorRoles.create({ name: `role-${++names}`, ...content })
  const audited = async (action: string) => {
    await latchkey.services.audit.idle()
    return (await latchkey.services.audit.list({ action }, { limit: 50 })).items
  }

  test('by REST one is defined, changed under its ETag, given and deleted; who had it is a user then', async () => {
    const { rest } = await person(latchkey, 'admin')
    const made = await rest.post('/administrator-roles', {
      ...{ name: 'desk', description: 'Helps', permissions: ['user.unlock', 'user.read'] },
    })
    expect([made.status, made.json]).toEqual([
      201,
      expect.objectContaining({ permissions: ['user.read', 'user.unlock'], organization: '', clients: [] }),
    ])
    const path = `/administrator-roles/${made.json.id}`
    const tag = { 'if-match': (await rest.get(path)).headers.get('etag') ?? '' }
    const wanted = { permissions: ['user.read', 'user.unlock', 'user.disable'] }
    expect((await rest.patch(path, wanted, tag)).status).toBe(200)
    expect((await rest.patch(path, wanted, tag)).status).toBe(412)
    for (const wrong of [
      { permissions: [] },
      { permissions: ['user.fly'] },
      { permissions: ['configuration.apply'] },
      { permissions: ['administrator_role.update'] },
      { name: 'other' },
      { organization: 'nowhere' },
      { clients: ['a'], organization: 'b' },
      { clients: ['a'] },
      { full: true },
    ])
      expect([wrong, (await rest.patch(path, wrong)).status]).toEqual([wrong, 422])
    expect(
      (await rest.post('/administrator-roles', { name: 'admin', permissions: ['user.read'] })).status,
    ).toBe(422)
    const { id } = await latchkey.createUser()
    expect((await rest.patch(`/users/${id}`, { role: 'desk' })).json.role).toBe('desk')
    expect((await rest.get('/users?role=desk')).json.items?.map((each) => each.id)).toEqual([id])
    expect((await rest.patch(`/users/${id}`, { role: 'nobody' })).status).toBe(422)
    expect((await rest.delete(path)).status).toBe(204)
    expect((await latchkey.services.accounts.byId(id))?.role).toBe('user')
    const [changed] = await audited('administrator_role.updated')
    expect(JSON.stringify(changed)).toContain('user.disable')
    expect(await audited('administrator_role.deleted')).toHaveLength(1)
  })

  test('what a role allows counts at the next request, and taking it away signs out', async () => {
    const { administratorRoles, accounts } = latchkey.services
    const role = await define({ permissions: ['user.read', 'client.read'] })
    const { rest, id } = await person(latchkey, role.id)
    expect((await rest.get('/clients')).status).toBe(200)
    expect((await rest.get('/audit')).status).toBe(403)
    await administratorRoles.update(role.id, { permissions: ['user.read'] })
    expect((await rest.get('/clients')).status).toBe(403)
    expect((await rest.get('/users')).status).toBe(200)
    await accounts.setRole(id, 'user')
    expect((await rest.get('/users')).status).toBe(401)
  })

  test('whether a second factor is required of a person takes its own permission by REST too', async () => {
    const { accounts } = latchkey.services
    const user = await latchkey.createUser()
    const permissions = ['user.read', 'user.update']
    const without = await person(latchkey, (await define({ permissions })).id)
    const body = { second_factor_required: true }
    expect(await without.rest.patch(`/users/${user.id}`, body)).toMatchObject({
      ...{ status: 403, json: { code: 'forbidden' } },
    })
    expect(await accounts.byId(user.id)).toMatchObject({ secondFactorRequired: false })
    const same = { second_factor_required: false }
    expect((await without.rest.patch(`/users/${user.id}`, same)).status).toBe(200)
    const whole = await define({ permissions: [...permissions, 'user.require_factor'] })
    const given = await person(latchkey, whole.id)
    expect((await given.rest.patch(`/users/${user.id}`, body)).status).toBe(200)
    expect(await accounts.byId(user.id)).toMatchObject({ secondFactorRequired: true })
  })

  test('the permission to require a second factor changes that by REST, and nothing beside it', async () => {
    const { accounts } = latchkey.services
    const user = await latchkey.createUser()
    const { rest } = await person(latchkey, (await define({ permissions: ['user.require_factor'] })).id)
    const body = { second_factor_required: true }
    for (const more of [
      { ...body, first_name: 'Eve' },
      { ...body, role: 'admin' },
      { first_name: 'Eve' },
      { role: 'user' },
      {},
    ])
      expect(await rest.patch(`/users/${user.id}`, more)).toMatchObject({
        ...{ status: 403, json: { code: 'forbidden' } },
      })
    expect((await rest.patch(`/users/${user.id}`, { ...body, attributes: {} })).status).not.toBe(200)
    expect(await accounts.byId(user.id)).toMatchObject({ secondFactorRequired: false, givenName: null })
    expect(await rest.patch(`/users/${user.id}`, body)).toMatchObject({ status: 200 })
    expect(await accounts.byId(user.id)).toMatchObject({ secondFactorRequired: true })
    const admin = await latchkey.createUser()
    await accounts.setRole(admin.id, 'admin')
    expect((await rest.patch(`/users/${admin.id}`, body)).status).toBe(403)
    expect((await rest.get(`/users/${user.id}`)).status).toBe(403)
  })

  test('a role that is gone allows nothing, also where an account was given it at that moment', async () => {
    const { administratorRoles } = latchkey.services
    const role = await define({ permissions: ['user.read'] })
    const { rest, id } = await person(latchkey, role.id)
    await administratorRoles.remove(role.id)
    const { prisma } = latchkey.services.db
    await prisma.account.updateMany({ where: { id }, data: { role: role.id } })
    expect((await rest.get('/users')).status).toBe(401)
    expect(await administratorRoles.authorityOf(role.id)).toMatchObject({
      full: false,
      permissions: new Set(),
    })
  })

  test('nobody gives what they do not hold, takes what they do not hold, or changes their own role', async () => {
    const { accounts } = latchkey.services
    const lead = await define({ permissions: ['user.read', 'user.update', 'user.set_role', 'user.unlock'] })
    const desk = await define({ permissions: ['user.read', 'user.unlock'] })
    const other = await define({ permissions: ['user.read', 'audit.read'] })
    const leader = await person(latchkey, lead.id)
    const [user, admin, auditor] = [
      await latchkey.createUser(),
      await latchkey.createUser(),
      await latchkey.createUser(),
    ]
    await accounts.setRole(admin.id, 'admin')
    await accounts.setRole(auditor.id, 'auditor')
    const give = async (id: string, role: string) => {
      const { status, json } = await leader.rest.patch(`/users/${id}`, { role })
      return status === 200 ? json.role : json.code
    }
    expect(await give(user.id, desk.name)).toBe(desk.name)
    expect(await give(user.id, lead.name)).toBe(lead.name)
    for (const role of ['admin', 'auditor', other.name])
      expect(await give(user.id, role)).toBe('role_not_yours')
    expect(await give(admin.id, 'user')).toBe('role_not_yours')
    expect(await give(auditor.id, desk.name)).toBe('role_not_yours')
    expect(await give(user.id, 'user')).toBe('user')
    expect(await give(leader.id, desk.name)).toBe('own_role')
    const { browser } = await signedIn(latchkey, lead.id)
    // Nor does a page name the roles that others have defined.
    const offered = async (path: string) => {
      const page = await browser.open(`${latchkey.issuer}${path}`)
      expect(page.body, path).not.toContain(other.name)
      const [select] = /<select[^>]* name="role"[\s\S]*?<\/select>/.exec(page.body) ?? []
      return select && [...select.matchAll(/<option value="([^"]*)"/g)].map(([, value]) => value)
    }
    const giving = await offered(`/admin/users/${user.id}`)
    expect(giving).toEqual(expect.arrayContaining(['user', desk.id, lead.id]))
    for (const role of ['admin', 'auditor', other.id]) expect(giving).not.toContain(role)
    expect(await offered(`/admin/users/${admin.id}`), 'nothing that they could change').toBeUndefined()
    for (const id of [admin.id, auditor.id]) {
      const page = await browser.open(`${latchkey.issuer}/admin/users/${id}`)
      const refused = await browser.submit(page, { Email: 'mine@example.com' }, { button: 'Save' })
      expect([id, refused.status]).toEqual([id, 403])
    }
    expect((await accounts.byId(admin.id))?.pendingEmail).toBeNull()
    expect(
      (
        await leader.rest.post('/users', {
          username: 'fresh-admin',
          email: 'fresh@example.com',
          role: 'admin',
        })
      ).status,
    ).toBe(403)
    const boss = await person(latchkey, 'admin')
    expect((await boss.rest.patch(`/users/${boss.id}`, { role: 'user' })).json.code).toBe('own_role')
    expect((await boss.rest.patch(`/users/${user.id}`, { role: 'user' })).status).toBe(200)
  })

  test.each(['demote', 'disable', 'delete'] as const)(
    'two administrators that %s each other at the same moment: the last one stays',
    async (act) => {
      const { prisma } = latchkey.services.db
      for (let round = 0; round < 4; round++) {
        await prisma.account.updateMany({ where: { role: 'admin' }, data: { role: 'user' } })
        const [one, other] = [await person(latchkey, 'admin'), await person(latchkey, 'admin')]
        const ends = (by: typeof one, id: string) =>
          act === 'demote'
            ? by.rest.patch(`/users/${id}`, { role: 'user' })
            : act === 'disable'
              ? by.rest.post(`/users/${id}/disable`)
              : by.rest.delete(`/users/${id}`)
        const answers = await Promise.all([ends(one, other.id), ends(other, one.id)])
        const done = answers.filter(({ status }) => status < 300)
        expect(done, JSON.stringify(answers.map(({ json }) => json))).toHaveLength(1)
        const [refused] = answers.filter(({ status }) => status >= 300)
        expect([401, 403, 409]).toContain(refused?.status)
        const left = await prisma.account.findMany({ where: { role: 'admin', disabledAt: null } })
        expect(left.map(({ id }) => id)).toEqual([done[0] === answers[0] ? one.id : other.id])
      }
    },
  )

  test('two with a role that is defined take it of each other at the same moment: each is refused or done, and nothing in between', async () => {
    const { accounts } = latchkey.services
    const lead = await define({ permissions: ['user.read', 'user.update', 'user.set_role'] })
    const boss = await person(latchkey, 'admin')
    for (let round = 0; round < 4; round++) {
      const [one, other] = [await person(latchkey, lead.id), await person(latchkey, lead.id)]
      const answers = await Promise.all([
        one.rest.patch(`/users/${other.id}`, { role: 'user' }),
        other.rest.patch(`/users/${one.id}`, { role: 'user' }),
      ])
      expect(answers.some(({ status }) => status === 200)).toBe(true)
      for (const [index, { id }] of [other, one].entries()) {
        const status = answers[index]?.status
        expect([200, 401, 403, 409]).toContain(status)
        expect((await accounts.byId(id))?.role).toBe(status === 200 ? 'user' : lead.id)
      }
    }
    expect((await accounts.byId(boss.id))?.role).toBe('admin')
  })

  test('a program defines no role and gives none', async () => {
    const { rest } = await machine(latchkey)
    const role = await define({ permissions: ['user.read'] })
    const { id } = await latchkey.createUser()
    expect((await rest.patch(`/users/${id}`, { role: role.name })).json.code).toBe(
      'administration_not_granted',
    )
    expect((await rest.get('/administrator-roles')).status).toBe(200)
  })

  test('in the console one is defined with boxes by area, given on the page of a person, and deleted by a page that names them', async () => {
    const { browser } = await signedIn(latchkey)
    const open = (path: string) => browser.open(`${latchkey.issuer}/admin${path}`)
    const form = await open('/administrator-roles/new')
    expect(form.text).toMatch(/Users 0\/18 See people.*Audit log 0\/2 See and export/)
    const refused = await browser.submit(
      form,
      { Name: 'front-desk' },
      { button: 'Define administrator role' },
    )
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('Choose at least one.')])
    const box = 'End the lock of a user'
    const page = await browser.submit(refused, { [box]: 'on' }, { button: 'Define administrator role' })
    expect(page.text).toContain('The role is defined')
    const [role] = (await latchkey.services.administratorRoles.list()).filter(
      ({ name }) => name === 'front-desk',
    )
    expect(role?.permissions).toEqual(['user.unlock'])
    const user = await latchkey.createUser()
    const given = await browser.submit(
      await open(`/users/${user.id}`),
      { Role: role?.id ?? '' },
      { button: 'Save' },
    )
    expect(given.text).toContain('Role: front-desk')
    const leaving = await open(`/administrator-roles/${role?.id}/delete`)
    expect(leaving.text).toContain((await latchkey.services.accounts.byId(user.id))?.displayUsername)
    expect((await browser.submit(leaving, {}, { button: 'Delete administrator role' })).text).toContain(
      'is a user now',
    )
    expect((await latchkey.services.accounts.byId(user.id))?.role).toBe('user')
  })

  test('a configuration file plans, applies, exports and prunes them', async () => {
    const { configuration, administratorRoles } = latchkey.services
    for (const each of await administratorRoles.list()) await administratorRoles.remove(each.id)
    const role = { name: 'filed', permissions: ['user.read', 'user.unlock'] }
    const file = (content: object) => stringify({ version: 1, ...content })
    const noSecrets = () => undefined
    const told = ({ done }: { done: readonly { kind: string; action: string; name: string }[] }) =>
      done.map(({ kind, action, name }) => `${action} ${kind} ${name}`)
    const whole = file({ administrator_roles: [role] })
    expect(told(await configuration.apply(whole, noSecrets))).toEqual(['create administrator_role filed'])
    expect((await configuration.plan(whole, noSecrets)).changes).toEqual([])
    const exported = parse(await configuration.export()) as { administrator_roles: object[] }
    expect(exported.administrator_roles).toEqual([role])
    const none = file({ administrator_roles: [], prune: { administrator_roles: true } })
    expect(told(await configuration.apply(none, noSecrets))).toEqual(['delete administrator_role filed'])
  })

  test('a configuration file names the organization of one by its short name, of before and after it is renamed', async () => {
    const { configuration, administratorRoles, organizations } = latchkey.services
    const role = { name: 'branch', permissions: ['user.read'], organization: 'branch-office' }
    const file = (slug: string) =>
      stringify({
        version: 1,
        organizations: [{ name: 'Branch office', slug }],
        administrator_roles: [{ ...role, organization: slug }],
      })
    const noSecrets = () => undefined
    const { failed } = await configuration.apply(file('branch-office'), noSecrets)
    expect(failed).toBeUndefined()
    const { id } = await organizations.find('branch-office')
    const [{ version } = { version: -1 }] = (await administratorRoles.list()).filter(
      ({ name, organization }) => name === 'branch' && organization === id,
    )
    expect(version).toBe(0)
    expect((await configuration.plan(file('branch-office'), noSecrets)).changes).toEqual([])
    const exported = async () =>
      (parse(await configuration.export()) as { administrator_roles: object[] }).administrator_roles
    expect(await exported()).toContainEqual(role)
    await organizations.update(id, { slug: 'harbour' })
    expect(await exported()).toContainEqual({ ...role, organization: 'harbour' })
    expect((await configuration.plan(file('harbour'), noSecrets)).changes).toEqual([])
    await organizations.remove(id)
    const whole = await configuration.export()
    expect((await configuration.plan(whole, noSecrets)).changes).toEqual([])
  })

  test('who is invited with one reads its name on the page and in the mail, at once and after it is gone', async () => {
    const { accounts, administratorRoles } = latchkey.services
    const { name, id } = await define({ permissions: ['user.read'] })
    const invite = async (username: string, role: string) => {
      const email = `${username}@example.com`
      await accounts.createByAdmin({ username, email, role })
      const mail = await latchkey.mailTo(email)
      const [link = ''] = /http\S+\/invitation\?token=[\w-]+/.exec(mail.text) ?? []
      return { mail: mail.text, page: async () => (await createHttpBrowser().open(link)).text }
    }
    const desk = await invite(`desk-${engine}`, name)
    expect(desk.mail).toContain(`role in the administration of`)
    for (const text of [desk.mail, await desk.page()]) {
      expect(text).toContain(`: ${name}.`)
      expect(text).not.toMatch(/an administrator/)
    }
    const auditor = await invite(`auditor-${engine}`, 'auditor')
    for (const text of [auditor.mail, await auditor.page()]) expect(text).toContain(': auditor.')
    const nobody = await invite(`plain-${engine}`, 'user')
    for (const text of [nobody.mail, await nobody.page()]) expect(text).not.toMatch(/role in/)
    await administratorRoles.remove(id)
    expect(await desk.page()).not.toMatch(/role in/)
  })
})

test('by command line', async () => {
  const installation = await createInstallation()
  const run = async (...argv: string[]) => {
    const outcome = await installation.run(argv)
    expect(outcome.status, outcome.stderr).toBe(0)
    return outcome.stdout
  }
  await run(
    'administrator-roles',
    'create',
    '--name',
    'desk',
    '--permission',
    'user.read',
    '--permission',
    'user.unlock',
  )
  expect(await run('administrator-roles', 'list')).toContain('user.unlock')
  const invited = JSON.parse(
    await run('users', 'invite', '--email', 'ada@example.com', '--role', 'desk', '--json'),
  )
  expect(invited.role).toBe('desk')
  expect(await run('administrator-roles', 'show', 'desk')).toContain(invited.username)
  expect(await run('users', 'set-role', 'ada@example.com', 'user')).toContain('has the role user')
  expect(await run('administrator-roles', 'delete', 'desk')).toContain('deleted')
  await installation.remove()
})
