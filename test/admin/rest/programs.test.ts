import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GRANTABLE } from '../../../src/shared/administration/permissions.ts'
import { documentOf } from '../../api/support.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { machine, person, type Rest, type RestAnswer } from './support.ts'

/** What a program, a client that acts for itself, is refused of an operation; for those that it may do whatever it is about, why. */
type Row = { may: string } | { not: (rest: Rest, world: World) => Promise<RestAnswer>[] }

interface World {
  /** An administrator. */
  admin: string
  /** A person of whom a second factor is required. */
  required: string
  /** A client with admin:write. */
  console: string
  consoleSecret: string
  /** A client whose sign-ins are guarded. */
  guarded: string
  /** With the administrator in it. */
  group: string
  plainGroup: string
  /** Given to that group. */
  role: string
  plainRole: string
  /** An organization with the administrator in it. */
  company: string
  /** One that asks much of sign-ins. */
  guardedCompany: string
  /** A program that is asked. */
  hook: string
  /** An administrator role. */
  helpDesk: string
  own: string
}

/** An API with a role that the administrator has, and its scopes. */
const ORDERS = 'https://orders.example'
const ORDERS_SCOPE = 'orders:read orders:write'

/** Whoever signs in by the provider is put into the group, administrators too. */
const RULES = [{ claim: 'login', value: '*', group: 'Staff' }]

const PROVIDER = 'a provider is asked for what an administrator named; a split one is refused on the way in'
const WEBHOOK = 'what happened, by IDs, which it can read by the API anyway; nothing comes back'
const API = 'what tokens are for; whom they are about stays'
const MAIL = 'a message to the owner of a mailbox, or the end of sign-ins: nobody gets in by it'
const file = (yaml: string) => ({ yaml: `version: 1\n${yaml}` })

/** By `operationId`. */
const OPERATIONS: Record<string, Row> = {
  createClient: {
    not: (rest) => [
      rest.post('/clients', { client_name: 'x', grant_types: ['client_credentials'], scope: 'admin:write' }),
      rest.post('/clients', { client_name: 'x', redirect_uris: ['https://a.example/'], first_party: true }),
    ],
  },
  changeClient: {
    not: (rest, { console, guarded }) => [
      rest.patch(`/clients/${console}`, { client_name: 'x' }),
      rest.patch(`/clients/${guarded}`, { second_factor: 'required' }),
      rest.patch(`/clients/${guarded}`, { second_factor: 'any' }),
      rest.patch(`/clients/${guarded}`, { second_factor: null }),
      rest.patch(`/clients/${guarded}`, { max_auth_age: 601 }),
      rest.patch(`/clients/${guarded}`, { max_auth_age: null }),
    ],
  },
  deleteClient: { not: (rest, { console }) => [rest.delete(`/clients/${console}`)] },
  disableClient: { not: (rest, { console }) => [rest.post(`/clients/${console}/disable`)] },
  enableClient: { not: (rest, { console }) => [rest.post(`/clients/${console}/enable`)] },
  verifyClient: { not: (rest, { console }) => [rest.post(`/clients/${console}/verify`)] },
  rotateClientSecret: { not: (rest, { console }) => [rest.post(`/clients/${console}/secrets`)] },
  removeClientSecret: {
    not: (rest, { console, consoleSecret }) => [rest.delete(`/clients/${console}/secrets/${consoleSecret}`)],
  },
  createUser: {
    not: (rest) => [rest.post('/users', { username: 'x', email: 'x@example.com', role: 'admin' })],
  },
  changeUser: {
    not: (rest, { admin, required }) => [
      rest.patch(`/users/${admin}`, { first_name: 'x' }),
      rest.patch(`/users/${required}`, { role: 'auditor' }),
      rest.patch(`/users/${required}`, { second_factor_required: false }),
    ],
  },
  deleteUser: { not: (rest, { admin }) => [rest.delete(`/users/${admin}`)] },
  disableUser: { not: (rest, { admin }) => [rest.post(`/users/${admin}/disable`)] },
  enableUser: { not: (rest, { admin }) => [rest.post(`/users/${admin}/enable`)] },
  unlockUser: { not: (rest, { admin }) => [rest.post(`/users/${admin}/unlock`)] },
  withdrawUserInvitation: { not: (rest, { admin }) => [rest.post(`/users/${admin}/withdraw-invitation`)] },
  resetUserFactors: { not: (rest, { admin }) => [rest.delete(`/users/${admin}/factors`)] },
  stopUserRecovery: { not: (rest, { admin }) => [rest.delete(`/users/${admin}/recovery`)] },
  sendUserReset: { may: MAIL },
  sendUserInvitation: { may: MAIL },
  endUserSession: { may: MAIL },
  endUserSessions: { may: MAIL },
  createGroup: { may: 'nobody is in it' },
  changeGroup: { not: (rest, { group }) => [rest.patch(`/groups/${group}`, { name: 'Owners' })] },
  deleteGroup: { not: (rest, { group }) => [rest.delete(`/groups/${group}`)] },
  addGroupMember: {
    not: (rest, { plainGroup, admin }) => [rest.put(`/groups/${plainGroup}/members/${admin}`)],
  },
  removeGroupMember: { not: (rest, { group, admin }) => [rest.delete(`/groups/${group}/members/${admin}`)] },
  addGroupManager: {
    not: (rest, { group, plainGroup, admin, required }) => [
      rest.put(`/groups/${group}/managers/${required}`),
      rest.put(`/groups/${plainGroup}/managers/${admin}`),
    ],
  },
  removeGroupManager: {
    not: (rest, { group, admin }) => [rest.delete(`/groups/${group}/managers/${admin}`)],
  },
  createRole: { may: 'nobody has it' },
  changeRole: { not: (rest, { role }) => [rest.patch(`/roles/${role}`, { name: 'Owner' })] },
  deleteRole: { not: (rest, { role }) => [rest.delete(`/roles/${role}`)] },
  assignUserRole: { not: (rest, { admin, plainRole }) => [rest.put(`/users/${admin}/roles/${plainRole}`)] },
  unassignUserRole: { not: (rest, { admin, role }) => [rest.delete(`/users/${admin}/roles/${role}`)] },
  assignGroupRole: { not: (rest, { group, plainRole }) => [rest.put(`/groups/${group}/roles/${plainRole}`)] },
  unassignGroupRole: { not: (rest, { group, role }) => [rest.delete(`/groups/${group}/roles/${role}`)] },
  createOrganization: { may: 'nobody is in it' },
  changeOrganization: {
    not: (rest, { company, guardedCompany }) => [
      rest.patch(`/organizations/${company}`, { name: 'Owners' }),
      rest.patch(`/organizations/${guardedCompany}`, { second_factor_required: false }),
      rest.patch(`/organizations/${guardedCompany}`, { second_factor_required: null }),
      rest.patch(`/organizations/${guardedCompany}`, { session_max_age: 601 }),
      rest.patch(`/organizations/${guardedCompany}`, { session_max_age: null }),
      rest.patch(`/organizations/${guardedCompany}`, { provider_required: false }),
    ],
  },
  deleteOrganization: { not: (rest, { company }) => [rest.delete(`/organizations/${company}`)] },
  putOrganizationMember: {
    not: (rest, { admin, guardedCompany }) => [
      rest.put(`/organizations/${guardedCompany}/members/${admin}`, {}),
    ],
  },
  removeOrganizationMember: {
    not: (rest, { admin, company }) => [rest.delete(`/organizations/${company}/members/${admin}`)],
  },
  inviteToOrganization: { may: 'a message to the owner of a mailbox, who has to accept' },
  sendOrganizationInvitation: { may: 'as inviteToOrganization' },
  revokeOrganizationInvitation: { may: 'closes a door' },
  addOrganizationDomain: {
    not: (rest, { company }) => [rest.post(`/organizations/${company}/domains`, { domain: 'x.example' })],
  },
  verifyOrganizationDomain: {
    not: (rest, { company }) => [rest.post(`/organizations/${company}/domains/x.example/verify`)],
  },
  removeOrganizationDomain: {
    not: (rest, { company, guardedCompany }) => [
      rest.delete(`/organizations/${company}/domains/x.example`),
      rest.delete(`/organizations/${guardedCompany}/domains/guarded.example`),
    ],
  },
  addResource: { may: API },
  changeResource: { may: API },
  removeResource: { not: (rest) => [rest.delete(`/resources/${encodeURIComponent(ORDERS)}`)] },
  addResourceCredential: { may: API },
  removeResourceCredentials: { may: API },
  removeResourceCredential: { may: API },
  addProvider: {
    not: (rest) => [
      rest.post('/providers', {
        ...{ id: 'split', kind: 'github', client_id: 'x', client_secret: 'y' },
        settings: { url: 'https://ghe.example', api_url: 'https://elsewhere.example/api/v3' },
      }),
      rest.post('/providers', {
        ...{ id: 'ruled', kind: 'github', client_id: 'x', client_secret: 'y' },
        membership_rules: RULES,
      }),
      rest.post('/providers', {
        ...{ id: 'own', kind: 'github', client_id: 'x', client_secret: 'y', organization: 'guarded' },
      }),
    ],
  },
  changeProvider: {
    not: (rest) => [
      rest.patch('/providers/hub', { membership_rules: RULES }),
      rest.patch('/providers/hub', { membership_mode: 'sync' }),
      rest.patch('/providers/hub', { organization: 'guarded' }),
      rest.patch('/providers/theirs', { organization: null }),
      rest.patch('/providers/theirs', { name: 'x' }),
    ],
  },
  removeProvider: { not: (rest) => [rest.delete('/providers/theirs')] },
  disableProvider: { not: (rest) => [rest.post('/providers/theirs/disable')] },
  enableProvider: { not: (rest) => [rest.post('/providers/theirs/enable')] },
  testProvider: { may: PROVIDER },
  createAttribute: { may: 'what is known of people, which lets nobody in' },
  changeAttribute: { may: 'as createAttribute' },
  deleteAttribute: { may: 'as createAttribute' },
  createClaim: { may: 'what apps are told, which lets nobody in here' },
  changeClaim: { may: 'as createClaim' },
  deleteClaim: { may: 'as createClaim' },
  createScimToken: { not: (rest) => [rest.post('/scim-tokens', { name: 'Directory' })] },
  changeScimToken: { may: 'a name, which lets nobody in' },
  deleteScimToken: { may: 'closes a door' },
  rotateKeys: { may: 'keys of the server’s own making' },
  retireKey: { may: 'as rotateKeys' },
  createRegistrationToken: {
    may: 'clients whose people are asked for consent, as those that it may register',
  },
  revokeRegistrationToken: { may: 'closes a door' },
  createHook: {
    not: (rest) => [rest.post('/hooks', { name: 'x', at: 'sign_in', url: 'https://a.example/' })],
  },
  changeHook: { not: (rest, { hook }) => [rest.patch(`/hooks/${hook}`, { state: 'disabled' })] },
  deleteHook: { not: (rest, { hook }) => [rest.delete(`/hooks/${hook}`)] },
  rotateHookSecret: { not: (rest, { hook }) => [rest.post(`/hooks/${hook}/rotate-secret`)] },
  testHook: { not: (rest, { hook }) => [rest.post(`/hooks/${hook}/test`)] },
  createAdministratorRole: {
    not: (rest) => [rest.post('/administrator-roles', { name: 'x', permissions: ['user.read'] })],
  },
  changeAdministratorRole: {
    not: (rest, { helpDesk }) => [
      rest.patch(`/administrator-roles/${helpDesk}`, { permissions: ['audit.read'] }),
    ],
  },
  deleteAdministratorRole: { not: (rest, { helpDesk }) => [rest.delete(`/administrator-roles/${helpDesk}`)] },
  createWebhook: { may: WEBHOOK },
  changeWebhook: { may: WEBHOOK },
  deleteWebhook: { may: WEBHOOK },
  rotateWebhookSecret: { may: WEBHOOK },
  testWebhook: { may: WEBHOOK },
  replayWebhookDelivery: { may: WEBHOOK },
  verifyAudit: { may: 'it reads' },
  sendTestMail: { may: 'a program has no address: it is answered so' },
  endImpersonation: { may: 'closes a door' },
  replaceBranding: { not: (rest) => [rest.put('/branding', { name: 'Bank' })] },
  replaceClientBranding: {
    not: (rest, { guarded }) => [rest.put(`/clients/${guarded}/branding`, { name: 'Bank' })],
  },
  replaceOrganizationBranding: {
    not: (rest, { company }) => [rest.put(`/organizations/${company}/branding`, { name: 'Bank' })],
  },
  replaceTexts: { not: (rest) => [rest.put('/texts/en', { 'signIn.title': 'Enter' })] },
  changeSettings: { not: (rest) => [rest.patch('/settings', { second_factor: 'off' })] },
  planConfiguration: { may: 'it reads' },
  applyConfiguration: {
    not(rest, { guarded }) {
      const client = `{client_id: ${guarded}, client_name: Guarded, redirect_uris: ["https://guarded.example/cb"], second_factor: required, max_auth_age: 600}`
      const files = [
        'settings: {second_factor: "off"}',
        `clients: [${client}]`,
        'groups: [{name: STAFF, description: x}]',
        'groups: [{name: Staff, roles: [Clerk, Plain]}]',
        'groups: [{name: Staff, roles: []}]',
        'prune: {groups: true}\ngroups: []\nroles: [{name: Clerk}, {name: Plain}]',
        'roles: [{name: Clerk, description: x}]',
        'organizations: [{name: Owners, slug: company}]',
        'prune: {organizations: true}\norganizations: [{name: Guarded, second_factor_required: true, session_max_age: 600, provider_required: true}]',
        'organizations: [{name: Guarded, second_factor_required: true}]',
        'organizations: [{name: Guarded, second_factor_required: true, session_max_age: 600, provider_required: true, domains: []}]',
        'prune: {providers: true}\nproviders: [{id: hub, kind: github, name: Hub, client_id: x, client_secret_env: HUB_SECRET}]',
        'organizations: [{name: Guarded, session_max_age: 600}]',
        `roles: [{name: Buyer, resource: "${ORDERS}", scope: "${ORDERS_SCOPE}"}]`,
        'prune: {roles: true}\nroles: [{name: Plain}]\ngroups: [{name: Staff, roles: []}]',
        'prune: {resources: true}\nresources: []',
        'hooks: [{name: x, at: sign_in, url: "https://a.example/"}]',
        'prune: {hooks: true}\nhooks: []',
        'administrator_roles: [{name: x, permissions: [user.read]}]',
        'prune: {administrator_roles: true}\nadministrator_roles: []',
        'providers: [{id: hub, kind: github, name: Hub, client_id: x, client_secret_env: HUB_SECRET, membership_rules: [{claim: login, value: "*", group: Staff}]}]',
      ]
      // One file at a time is applied.
      const answers: Promise<RestAnswer>[] = []
      for (const each of files)
        answers.push(
          Promise.resolve(answers.at(-1)).then(() => rest.post('/configuration/apply', file(each))),
        )
      return answers
    },
  },
}

describe.each(engines)('what programs may do by the administration API, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let world: World
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    const caller = await machine(latchkey)
    rest = caller.rest
    const { accounts, access, clients, resources } = latchkey.services
    await resources.add({ identifier: ORDERS, scope: ORDERS_SCOPE })
    const [admin, required] = [await latchkey.createUser(), await latchkey.createUser()]
    await accounts.setRole(admin.id, 'admin')
    await accounts.updateByAdmin(required.id, { secondFactorRequired: true })
    const console = await latchkey.createClient({ scope: 'openid admin:write', first_party: true })
    const guarded = await clients.create({
      ...{ client_name: 'Guarded', redirect_uris: ['https://guarded.example/cb'], first_party: false },
      ...{ second_factor: 'phishing_resistant', max_auth_age: 600 },
    })
    await latchkey.services.providers.add({
      ...{ id: 'hub', kind: 'github', client_id: 'x', client_secret: 'y' },
    })
    const group = await access.groups.create({ name: 'Staff' })
    const role = await access.roles.create({ name: 'Clerk' })
    await access.groups.addMember(group.id, admin.id)
    const { organizations } = latchkey.services
    const company = await organizations.create({ name: 'Company' })
    await organizations.members.put(company.id, admin.id, [])
    const guardedCompany = await organizations.create({
      ...{ name: 'Guarded', second_factor_required: true, session_max_age: 600, provider_required: true },
    })
    await organizations.domains.add(guardedCompany.id, 'guarded.example')
    await latchkey.services.providers.add({
      ...{ id: 'theirs', kind: 'github', client_id: 'x', client_secret: 'y', organization: 'guarded' },
    })
    await access.roles.assign(role.id, { group: group.id })
    const buyer = await access.roles.create({ name: 'Buyer', resource: ORDERS, scope: 'orders:read' })
    await access.roles.assign(buyer.id, { account: admin.id })
    world = {
      ...{ admin: admin.id, required: required.id, console: console.client_id },
      consoleSecret: (await clients.get(console.client_id)).secrets[0]?.id ?? '',
      ...{ guarded: guarded.client_id, group: group.id, role: role.id, own: caller.client_id },
      ...{ company: company.id, guardedCompany: guardedCompany.id },
      hook: (
        await latchkey.services.hooks.create({
          ...{ name: 'gate', at: 'sign_in', url: 'http://127.0.0.1:9/', state: 'disabled' },
        })
      ).id,
      helpDesk: (
        await latchkey.services.administratorRoles.create({ name: 'help-desk', permissions: ['user.read'] })
      ).id,
      plainGroup: (await access.groups.create({ name: 'Plain' })).id,
      plainRole: (await access.roles.create({ name: 'Plain' })).id,
    }
  })
  afterAll(() => latchkey.stop())

  const state = async () => {
    const { accounts, access, clients, organizations } = latchkey.services
    return {
      company: await organizations.get(world.company),
      guardedCompany: await organizations.get(world.guardedCompany),
      companies: await organizations.members.ofAccount(world.admin),
      admin: await accounts.byId(world.admin),
      required: (await accounts.byId(world.required))?.secondFactorRequired,
      console: await clients.get(world.console),
      guarded: await clients.get(world.guarded),
      groups: await access.groups.ofAccount(world.admin),
      memberships: await access.membershipsOf(world.admin),
    }
  }

  test('every operation that changes something is decided here', async () => {
    const { paths } = await documentOf(latchkey.issuer)
    const operations = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/admin/'))
      .flatMap(([, methods]) => Object.entries(methods))
      .filter(([method]) => method !== 'get')
      .map(([, { operationId }]) => operationId)
    expect(operations.sort()).toEqual(Object.keys(OPERATIONS).sort())
  })

  test.each(
    Object.entries(OPERATIONS).flatMap(([id, row]) => ('not' in row ? [[id, row.not] as const] : [])),
  )('%s is refused where it guards accounts, and nothing is changed', async (_id, tries) => {
    const before = await state()
    for (const answer of await Promise.all(tries(rest, world)))
      expect(answer).toMatchObject({ status: 403, json: { code: 'administration_not_granted' } })
    expect(await state()).toEqual(before)
  })

  test('a person whose role has every permission that roles can have is refused the same', async () => {
    const role = await latchkey.services.administratorRoles.create({
      name: 'nearly-all',
      permissions: GRANTABLE,
    })
    const caller = await person(latchkey, role.id)
    expect((await caller.rest.get('/users')).status).toBe(200)
    const before = await state()
    // What is left of these rows is theirs to do: organizations they are in, and roles that allow less than theirs.
    const theirs = new Set(['changeOrganization', 'changeUser'])
    for (const [id, row] of Object.entries(OPERATIONS)) {
      if (!('not' in row) || theirs.has(id)) continue
      for (const { status, json } of await Promise.all(row.not(caller.rest, world)))
        expect([id, status, ['administration_not_granted', 'forbidden', 'role_not_yours']]).toEqual([
          id,
          403,
          expect.arrayContaining([json.code]),
        ])
    }
    expect(await state()).toEqual(before)
  })

  test('what makes sign-ins stronger, and what is about ordinary people, is allowed', async () => {
    const user = await latchkey.createUser()
    const client = `/clients/${(await latchkey.createClient({ max_auth_age: 600 })).client_id}`
    const { plainGroup, plainRole } = world
    for (const [answer, status] of [
      [await rest.patch(client, { second_factor: 'required', max_auth_age: 300 }), 200],
      [await rest.patch(client, { client_name: 'Renamed', max_auth_age: 300 }), 200],
      [await rest.patch(`/users/${user.id}`, { second_factor_required: true }), 200],
      [await rest.put(`/groups/${plainGroup}/members/${user.id}`), 204],
      [await rest.put(`/groups/${plainGroup}/roles/${plainRole}`), 204],
      [await rest.put(`/users/${user.id}/roles/${plainRole}`), 204],
      [await rest.patch(`/roles/${plainRole}`, { description: 'x' }), 200],
      [await rest.patch(`/groups/${plainGroup}`, { description: 'x' }), 200],
      [await rest.delete(`/users/${user.id}/roles/${plainRole}`), 204],
      [await rest.patch(`/organizations/${world.guardedCompany}`, { session_max_age: 300 }), 200],
      [await rest.put(`/organizations/${world.company}/members/${user.id}`, { roles: ['member'] }), 200],
    ] as const)
      expect(answer).toMatchObject({ status })
  })

  test('people with the role may do all of it', async () => {
    const { rest: admin } = await person(latchkey, 'admin')
    for (const [answer, status] of [
      [await admin.patch(`/clients/${world.guarded}`, { second_factor: 'any', max_auth_age: null }), 200],
      [await admin.patch(`/users/${world.required}`, { second_factor_required: false }), 200],
      [await admin.put(`/groups/${world.plainGroup}/members/${world.admin}`), 204],
      [await admin.put(`/users/${world.admin}/roles/${world.plainRole}`), 204],
      [await admin.patch(`/groups/${world.group}`, { name: 'Owners' }), 200],
    ] as const)
      expect(answer).toMatchObject({ status })
  })
})
