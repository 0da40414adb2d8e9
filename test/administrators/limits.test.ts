import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { person, type Rest } from '../admin/rest/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const ORGANIZATION = [
  ...['organization.read', 'organization.update', 'organization.add_member', 'organization.remove_member'],
  ...['organization.invite', 'organization.revoke_invitation', 'user.read', 'user.disable', 'user.enable'],
  ...['user.unlock', 'user.send_reset', 'user.end_sessions'],
]
const CLIENTS = [
  ...['client.read', 'client.update', 'client.disable', 'client.enable'],
  ...['client.rotate_secret', 'client.remove_secret'],
]

describe.each(engines)('roles with a limit, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  describe('to one organization', () => {
    let rest: Rest
    let browser: HttpBrowser
    let ours: string
    let theirs: string
    let member: { id: string; username: string }
    let stranger: { id: string; username: string }
    beforeAll(async () => {
      const { organizations, administratorRoles } = latchkey.services
      ours = (await organizations.create({ name: 'Ours', slug: 'ours' })).id
      theirs = (await organizations.create({ name: 'Their secret', slug: 'theirs' })).id
      member = await latchkey.createUser()
      stranger = await latchkey.createUser()
      await organizations.members.put(ours, member.id, [])
      await organizations.members.put(theirs, member.id, [])
      await organizations.members.put(theirs, stranger.id, [])
      const role = await administratorRoles.create({
        ...{ name: 'ours-only', permissions: ORGANIZATION, organization: 'ours' },
      })
      expect(role.organization).toBe(ours)
      ;({ rest } = await person(latchkey, role.id))
      ;({ browser } = await signedIn(latchkey, role.id))
    })
    const open = (path: string) => browser.open(`${latchkey.issuer}/admin${path}`)

    test('lists, searches and pages have what is within it, and nothing else', async () => {
      const ids = async (path: string) => (await rest.get(path)).json.items?.map(({ id }) => id)
      expect(await ids('/users')).toEqual([member.id])
      for (const search of [
        stranger.username,
        `${stranger.username}@`,
        stranger.id,
        stranger.username.slice(0, 4),
      ])
        expect([search, await ids(`/users?search=${search}`)]).toEqual([
          search,
          search === stranger.username.slice(0, 4) && member.username.startsWith(search) ? [member.id] : [],
        ])
      expect(await ids('/users?role=admin')).toEqual([])
      expect(await ids('/organizations')).toEqual([ours])
      expect(await ids('/organizations?search=secret')).toEqual([])
      for (const path of [
        '/users',
        `/users?search=${stranger.username}`,
        `/search?q=${stranger.username}`,
        '/search?q=theirs',
      ])
        expect((await open(path)).text.replaceAll(/value="[^"]*"/g, ''), path).not.toMatch(
          new RegExp(`/admin/users/${stranger.id}|Their secret`),
        )
      const page = await open(`/users/${member.id}`)
      expect(page.text).toContain('Ours')
      for (const hidden of [
        'Their secret',
        'Connected apps',
        'History',
        'Groups and roles',
        'Danger zone',
        'Signed-in devices',
        'Ways to sign in',
        'Second factors',
      ])
        expect(page.text).not.toContain(hidden)
      expect((await open('')).url.pathname).toBe('/admin/users')
    })

    test('how members sign in is neither told nor filtered by', async () => {
      const listed = await rest.get('/users')
      expect(listed.json.items).toHaveLength(1)
      expect(JSON.stringify(listed.json)).not.toContain('second_factors')
      expect(JSON.stringify((await rest.get(`/users/${member.id}`)).json)).not.toContain('second_factors')
      expect((await open('/users')).body).not.toContain('name="second_factor"')
      for (const filter of ['none', 'any', 'passkey']) {
        expect((await rest.get(`/users?second_factor=${filter}`)).status, filter).toBe(422)
        // As if it were not said: the member is there whatever is asked.
        expect((await open(`/users?second_factor=${filter}`)).body, filter).toContain(
          `/admin/users/${member.id}`,
        )
      }
    })

    test('what is beyond it is answered as what does not exist, and nothing changes', async () => {
      const { accounts, organizations } = latchkey.services
      const nobody = '00000000-0000-4000-8000-000000000000'
      const before = [await accounts.byId(stranger.id), await organizations.get(theirs)]
      const tries = (user: string, organization: string) => [
        rest.get(`/users/${user}`),
        rest.post(`/users/${user}/disable`),
        rest.post(`/users/${user}/enable`),
        rest.post(`/users/${user}/unlock`),
        rest.post(`/users/${user}/send-reset`),
        rest.post(`/users/${user}/end-sessions`),
        rest.get(`/organizations/${organization}`),
        rest.patch(`/organizations/${organization}`, { name: 'x' }),
        rest.get(`/organizations/${organization}/members`),
        rest.get(`/organizations/${organization}/invitations`),
        rest.post(`/organizations/${organization}/invitations`, { email: 'a@example.com' }),
        rest.put(`/organizations/${organization}/members/${user}`, { roles: [] }),
        rest.put(`/organizations/${ours}/members/${user}`, { roles: [] }),
        rest.delete(`/organizations/${organization}/members/${user}`),
      ]
      const told = async (answers: Promise<{ status: number; json: Record<string, unknown> }>[]) =>
        (await Promise.all(answers)).map(({ status, json }) => [status, json.code, json.detail])
      const unknown = await told(tries(nobody, nobody))
      expect(await told(tries(stranger.id, theirs))).toEqual(unknown)
      for (const [status] of unknown) expect(status).toBe(404)
      for (const path of [
        `/users/${stranger.id}`,
        `/organizations/${theirs}`,
        `/organizations/${theirs}/members/${member.id}`,
      ])
        expect([path, (await open(path)).status]).toEqual([path, 404])
      expect([await accounts.byId(stranger.id), await organizations.get(theirs)]).toEqual(before)
      expect(await organizations.members.has(ours, stranger.id)).toBe(false)
    })

    test('a member with more rights is neither signed out nor sent a link; one who may as much is', async () => {
      const { accounts, administratorRoles, organizations } = latchkey.services
      const weak = await administratorRoles.create({
        ...{ name: 'ours-unlock', permissions: ['user.unlock'], organization: 'ours' },
      })
      const heads: [role: string, status: number][] = [
        ['admin', 403],
        ['auditor', 403],
        [weak.id, 200],
      ]
      for (const [role, status] of heads) {
        const { id } = await latchkey.createUser()
        await organizations.members.put(ours, id, [])
        await accounts.setRole(id, role)
        const before = await accounts.byId(id)
        for (const verb of ['send-reset', 'end-sessions']) {
          const answer = await rest.post(`/users/${id}/${verb}`)
          expect([role, verb, answer.status, answer.json.code]).toEqual([
            ...[role, verb, status],
            status === 403 ? 'administration_not_granted' : undefined,
          ])
          const page = await open(`/users/${id}`)
          const done = await browser.submit(
            page,
            {},
            { form: ({ action }) => action.endsWith(`/${id}/${verb}`) },
          )
          expect([role, verb, done.status]).toEqual([role, verb, status])
        }
        if (status === 403) expect(await accounts.byId(id)).toEqual(before)
      }
    })

    test('everything that shows more is closed', async () => {
      for (const path of [
        '/audit',
        '/overview',
        '/clients',
        '/groups',
        '/settings',
        '/configuration',
        '/webhooks',
        '/impersonations',
      ])
        expect([path, (await rest.get(path)).status]).toEqual([path, 403])
      for (const path of [
        `/users/${member.id}/sessions`,
        `/users/${member.id}/consents`,
        `/users/${member.id}/roles`,
      ])
        expect([path, (await rest.get(path)).status]).toEqual([path, 403])
      const page = await open(`/organizations/${ours}`)
      expect(page.text).not.toContain('Add a member')
      expect(page.text).toContain('Invite by email')
    })

    test('domains, providers, tokens of directories and configuration are closed, with whichever id in whichever field', async () => {
      const { organizations, providers, scimTokens, administratorRoles } = latchkey.services
      await organizations.domains.add(theirs, 'their-secret.example')
      await organizations.domains.add(ours, 'ours.example')
      const invited = await organizations.invitations.create(theirs, { email: 'guest@their-secret.example' })
      const settings = { issuer: 'https://login.theirs.example' }
      const provider = { kind: 'oidc', client_id: 'latchkey', client_secret: 'given-out', settings }
      await providers.add({ ...provider, id: 'their-login', organization: 'theirs' })
      const { id: token } = await scimTokens.create({ name: 'Theirs', organization: 'theirs' })
      const state = async () => ({
        organizations: [await organizations.get(ours), await organizations.get(theirs)],
        domains: [await organizations.domains.list(ours), await organizations.domains.list(theirs)],
        invitations: [
          await organizations.invitations.list(ours),
          await organizations.invitations.list(theirs),
        ],
        providers: await providers.list(),
        tokens: await scimTokens.list(),
        roles: await administratorRoles.list(),
      })
      const before = await state()

      // What is another organization's, by the path of the own one and of the other, by ID and by short name.
      const beyond: [string, Promise<{ status: number; text: string }>][] = [
        ...[theirs, 'theirs', theirs.toUpperCase()].flatMap((id): typeof beyond => [
          [`${id} domains`, rest.get(`/organizations/${id}/domains`)],
          [`${id} branding`, rest.get(`/organizations/${id}/branding`)],
          [`${id} update`, rest.patch(`/organizations/${id}`, { provider_required: true })],
          [`${id} again`, rest.post(`/organizations/${id}/invitations/${invited.id}/send`)],
          [`${id} revoke`, rest.delete(`/organizations/${id}/invitations/${invited.id}`)],
        ]),
        ['own again', rest.post(`/organizations/${ours}/invitations/${invited.id}/send`)],
        ['own revoke', rest.delete(`/organizations/${ours}/invitations/${invited.id}`)],
        ['own with an id', rest.patch(`/organizations/${ours}`, { id: theirs, name: 'Taken' })],
        ['own with a short name', rest.patch(`/organizations/${ours}`, { slug: 'theirs' })],
        ['own with domains', rest.patch(`/organizations/${ours}`, { domains: ['their-secret.example'] })],
        ['any branding', rest.get(`/organizations/${ours}/branding`)],
        ['providers', rest.get('/providers')],
        ['a provider', rest.get('/providers/their-login')],
        ['test', rest.post('/providers/their-login/test')],
        ['take', rest.patch('/providers/their-login', { organization: ours })],
        ['tokens', rest.get('/scim-tokens')],
        ['a token', rest.get(`/scim-tokens/${token}`)],
        ['delete a token', rest.delete(`/scim-tokens/${token}`)],
        ['administrator roles', rest.get('/administrator-roles')],
        ['export', rest.get('/configuration')],
        ['drift', rest.get('/configuration/drift')],
        ...['ours', ours, 'theirs', theirs].flatMap((organization): typeof beyond => [
          ['add a provider', rest.post('/providers', { ...provider, id: 'mine', organization })],
          ['create a token', rest.post('/scim-tokens', { name: 'Mine', organization })],
          [
            'define a role',
            rest.post('/administrator-roles', { name: 'Mine', permissions: ['user.read'], organization }),
          ],
          ['plan', rest.post('/configuration/plan', { organizations: [{ slug: organization, name: 'x' }] })],
          [
            'apply',
            rest.post('/configuration/apply', { organizations: [{ slug: organization, name: 'x' }] }),
          ],
        ]),
        ...[ours, theirs].flatMap((id): typeof beyond => [
          ['add a domain', rest.post(`/organizations/${id}/domains`, { domain: 'mine.example' })],
          ['verify', rest.post(`/organizations/${id}/domains/their-secret.example/verify`)],
          ['remove', rest.delete(`/organizations/${id}/domains/ours.example`)],
        ]),
      ]
      for (const [what, answer] of beyond) {
        const { status, text } = await answer
        expect([what, [403, 404, 422].includes(status), status]).toEqual([what, true, status])
        expect([what, /their-secret|Their secret|login\.theirs|guest@/.exec(text)?.[0]]).toEqual([
          what,
          undefined,
        ])
      }
      for (const path of ['/providers', '/providers/their-login', '/scim', `/scim/${token}/delete`])
        expect([path, (await open(path)).status]).toEqual([path, 403])
      expect(await state()).toEqual(before)
      expect((await rest.get(`/organizations/${ours}/domains`)).text).toContain('ours.example')

      // No role with a limit holds a permission that does not keep to it.
      for (const permission of [
        ...[
          'organization.create',
          'organization.delete',
          'organization.add_domain',
          'organization.verify_domain',
        ],
        ...['provider.read', 'provider.update', 'provider.test', 'scim_token.read', 'scim_token.create'],
        ...['user.impersonate', 'administrator_role.create'],
      ])
        await expect(
          administratorRoles.create({ name: permission, permissions: [permission], organization: 'ours' }),
          permission,
        ).rejects.toMatchObject({ status: 422 })
    })

    test('within it, members are changed, disabled and enabled; who left is out of reach at once', async () => {
      const { organizations, accounts } = latchkey.services
      expect((await rest.put(`/organizations/${ours}/members/${member.id}`, { roles: [] })).status).toBe(200)
      expect((await rest.post(`/users/${member.id}/disable`)).status).toBe(200)
      expect((await rest.post(`/users/${member.id}/enable`)).status).toBe(200)
      expect((await rest.patch(`/organizations/${ours}`, { name: 'Ours still' })).status).toBe(200)
      // Who would come by its provider would be a member, with the roles of somebody's choice.
      for (const opened of [{ provider_join: true }, { provider_roles: ['admin'] }])
        expect([opened, (await rest.patch(`/organizations/${ours}`, opened)).json.code]).toEqual([
          opened,
          'administration_not_granted',
        ])
      await organizations.update(ours, { provider_join: true, provider_roles: ['admin', 'member'] })
      const fewer = { provider_join: false, provider_roles: ['member'] }
      expect((await rest.patch(`/organizations/${ours}`, fewer)).status).toBe(200)
      const colleague = await latchkey.createUser()
      await accounts.setRole(colleague.id, 'admin')
      await organizations.members.put(ours, colleague.id, [])
      expect((await rest.post(`/users/${colleague.id}/disable`)).json.code).toBe('administration_not_granted')
      await organizations.members.remove(ours, member.id)
      expect((await rest.get(`/users/${member.id}`)).status).toBe(404)
    })
  })

  describe('to some clients', () => {
    test('these are listed and changed, others are as if they did not exist, and none gains a scope', async () => {
      const { administratorRoles, resources, clients } = latchkey.services
      await resources.add({ identifier: 'https://orders.example', scope: 'orders:read orders:write' })
      const mine = await latchkey.createClient({ client_name: 'Mine', scope: 'openid orders:read' })
      const other = await latchkey.createClient({ client_name: 'Other secret' })
      const powerful = await latchkey.createClient({ scope: 'openid admin:write', first_party: true })
      const role = await administratorRoles.create({
        ...{ name: 'mine-only', permissions: CLIENTS, clients: [mine.client_id, powerful.client_id] },
      })
      const { rest } = await person(latchkey, role.id)
      const { browser } = await signedIn(latchkey, role.id)
      const listed = async (path: string) =>
        (await rest.get(path)).json.items?.map((each) => each.client_id).toSorted()
      expect(await listed('/clients')).toEqual([mine.client_id, powerful.client_id].toSorted())
      expect(await listed('/clients?limit=1')).toHaveLength(1)
      for (const search of ['secret', other.client_id])
        expect([search, await listed(`/clients?search=${search}`)]).toEqual([search, []])
      expect(await listed('/clients?search=Mine')).toEqual([mine.client_id])
      const path = `/clients/${mine.client_id}`
      expect((await rest.patch(path, { client_name: 'Mine too' })).status).toBe(200)
      expect((await rest.post(`${path}/secrets`)).status).toBe(201)
      for (const wider of [
        { scope: 'openid orders:read orders:write' },
        { scope: 'admin:write' },
        { scope: null },
        { grant_types: ['authorization_code', 'client_credentials'] },
        { first_party: true },
        { software_id: 'x' },
      ])
        expect([wider, (await rest.patch(path, wider)).json.code]).toEqual([
          wider,
          'administration_not_granted',
        ])
      // Left out, the grants are what RFC 7591 §2 has: a way to sign people in.
      const job = await latchkey.createClient({ grant_types: ['client_credentials'], redirect_uris: [] })
      await administratorRoles.update(role.id, {
        clients: [mine.client_id, powerful.client_id, job.client_id],
      })
      const unset = { grant_types: null, redirect_uris: ['https://job.example/callback'] }
      expect((await rest.patch(`/clients/${job.client_id}`, unset)).json.code).toBe(
        'administration_not_granted',
      )
      await administratorRoles.update(role.id, { clients: [mine.client_id, powerful.client_id] })
      expect((await rest.post(`/clients/${powerful.client_id}/secrets`)).json.code).toBe(
        'administration_not_granted',
      )
      for (const id of [other.client_id, 'lk_nothing']) {
        expect((await rest.get(`/clients/${id}`)).json).toMatchObject({
          status: 404,
          code: 'client_not_found',
        })
        expect((await rest.patch(`/clients/${id}`, { client_name: 'x' })).status).toBe(404)
        expect((await rest.post(`/clients/${id}/disable`)).status).toBe(404)
        const page = await browser.open(`${latchkey.issuer}/admin/clients/${id}`)
        expect(page.status).toBe(404)
      }
      expect((await rest.post('/clients', { client_name: 'x' })).status).toBe(403)
      expect((await rest.delete(path)).status).toBe(403)
      for (const at of ['/clients', '/search?q=secret', `/search?q=${other.client_id}`])
        expect((await browser.open(`${latchkey.issuer}/admin${at}`)).text).not.toContain('Other secret')
      const edit = await browser.open(`${latchkey.issuer}/admin/clients/${mine.client_id}/edit`)
      expect([edit.status, edit.text.includes('orders:write')]).toEqual([200, false])
      const saved = await browser.submit(edit, {}, { button: 'Save' })
      expect(saved.status).toBe(200)
      const taken = await browser.open(`${latchkey.issuer}/admin/clients/${powerful.client_id}`)
      expect(taken.status).toBe(200)
      expect((await clients.get(mine.client_id)).scope).toBe('openid orders:read')
    })
  })
})
