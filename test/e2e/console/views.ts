import type { BrowserContext, Page } from 'playwright-core'
import { PASSWORD } from '../../support/latchkey.ts'
import { type E2eFixture, type E2eOptions, openE2eFixture } from '../e2e-fixture.ts'
import { heading, press, signIn } from '../steps.ts'

/** The fixture of e2e tests with something to look after, and an administrator who is signed in. */
export interface ConsoleFixture extends E2eFixture {
  admin: { id: string; username: string }
  /** The ids of what there is to look at. */
  seen: {
    client: string
    machine: string
    user: string
    locked: string
    rejection: string
    credential: string
    webhook: string
    group: string
    organization: string
    role: string
    attribute: string
    claim: string
    administratorRole: string
  }
  /** The cookies of the administrator's session. */
  cookies: Awaited<ReturnType<BrowserContext['cookies']>>
  /** A tab of the administrator, at a path. */
  console(
    path: string,
    options?: Parameters<E2eFixture['tab']>[0],
  ): Promise<Awaited<ReturnType<E2eFixture['tab']>>>
}

/** A page of the console, and the way there. */
export interface ConsoleView {
  name: string
  path(e2e: ConsoleFixture): string
  /** What the tab is called, where that is looked at. */
  title?: string
  /** What is pressed there, if the page is an answer. */
  press?(page: Page): Promise<void>
}

/** A request that no client registered: its reference stands on the error page. */
async function refuse(e2e: E2eFixture, clientId: string): Promise<string> {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: 'https://notes.example.com/callback/',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  const answer = await fetch(`${e2e.latchkey.issuer}/authorize?${query}`, {
    headers: { accept: 'text/html' },
  })
  const id = answer.headers.get('x-request-id') ?? ''
  await answer.text()
  return id
}

export async function openConsole(options: E2eOptions = {}): Promise<ConsoleFixture> {
  const e2e = await openE2eFixture(options)
  const { accounts, clients, resources, resourceCredentials, providers } = e2e.latchkey.services
  const admin = await accounts.createByAdmin({
    username: 'ada',
    email: 'ada@example.com',
    password: PASSWORD,
    verified: true,
    role: 'admin',
  })
  await resources.add({
    identifier: 'https://orders.example',
    name: 'Orders',
    scope: 'orders:read orders:write',
  })
  const credential = await resourceCredentials.add('https://orders.example')
  const { webhooks, queue } = e2e.latchkey.services
  // Nobody listens there: its deliveries fail.
  const webhook = await webhooks.create({ url: 'http://127.0.0.1:9/hooks', events: ['session.ended'] })
  await webhooks.test(webhook.id)
  await queue.run()
  const { groups, roles } = e2e.latchkey.services.access
  const group = await groups.create({ name: 'Harbour crew', description: 'Who sails' })
  const role = await roles.create({ name: 'Clerk', resource: 'https://orders.example', scope: 'orders:read' })
  await roles.assign(role.id, { group: group.id })
  const { organizations } = e2e.latchkey.services
  const organization = await organizations.create({ name: 'Acme Ltd', session_max_age: 43_200 })
  await organizations.create({ name: 'Closed Ltd', disabled: true })
  await organizations.invitations.create(organization.id, { email: 'jo@acme.example', roles: ['member'] })
  const { attributes, customClaims } = e2e.latchkey.services
  const attribute = await attributes.create({
    ...{ name: 'department', label: 'Department', type: 'one_of', options: ['R&D', 'Sales'] },
  })
  const claim = await customClaims.create({
    ...{ name: 'team', source: 'attribute', value: 'department', in: ['id_token', 'userinfo'] },
  })
  const administratorRole = await e2e.latchkey.services.administratorRoles.create({
    ...{ name: 'help-desk', description: 'Helps people who cannot sign in' },
    permissions: ['user.read', 'user.unlock', 'user.send_reset'],
  })
  await resources.add({
    identifier: 'https://films.example',
    name: 'Films',
    scope: 'films:read',
    tokens: 'opaque',
  })
  const client = await clients.create({
    client_name: 'Notes for the harbour',
    redirect_uris: ['https://notes.example.com/callback'],
    post_logout_redirect_uris: ['https://notes.example.com/'],
    grant_types: ['authorization_code', 'refresh_token'],
    client_uri: 'https://notes.example.com/',
  })
  const machine = await clients.create({
    client_name: 'Nightly report',
    grant_types: ['client_credentials'],
    scope: 'orders:read',
  })
  const user = await accounts.createByAdmin({
    username: 'grace.hopper',
    email: 'grace@example.com',
    password: PASSWORD,
    verified: true,
    givenName: 'Grace',
    familyName: 'Hopper',
  })
  for (const name of ['joan', 'katherine', 'margaret'])
    await accounts.createByAdmin({
      username: name,
      email: `${name}@example.com`,
      verified: name !== 'joan',
      password: PASSWORD,
    })
  await accounts.linked.link(
    { accountId: user.id, generation: 0 },
    { issuer: 'https://github.com', subject: '1', provider: 'github', label: 'grace', sealedTokens: null },
    { givenName: null, familyName: null, picture: null },
    'GitHub',
  )
  await groups.addMember(group.id, user.id)
  await groups.setManager(group.id, user.id, true)
  await roles.assign(role.id, { account: user.id })
  await organizations.members.put(organization.id, user.id, ['admin', 'member'])
  await accounts.setRole((await accounts.find('joan'))?.id ?? '', administratorRole.id)
  await accounts.disable((await accounts.find('margaret'))?.id ?? '')
  const locked = await accounts.find('katherine')
  for (let i = 0; i < 5; i++)
    await accounts.authenticate({ identifier: 'katherine', password: 'not-her-password' })
  await accounts.authenticate({ identifier: 'grace.hopper', password: 'not-her-password' })
  await providers.add({
    id: 'okta',
    kind: 'oidc',
    name: 'Okta',
    client_id: '0oa1b2c3',
    client_secret: 'secret-of-okta',
    settings: { issuer: 'http://127.0.0.1:9' },
    membership_mode: 'sync',
    membership_rules: ['groups=eng-* group:Harbour crew', 'email_domain=example.com role:Clerk'],
  })
  const rejection = await refuse(e2e, client.client_id)
  const seen = {
    client: client.client_id,
    machine: machine.client_id,
    user: user.id,
    locked: locked?.id ?? '',
    rejection,
    credential: credential.client_id,
    webhook: webhook.id,
    group: group.id,
    organization: organization.id,
    role: role.id,
    attribute: attribute.id,
    claim: claim.id,
    administratorRole: administratorRole.id,
  }
  const first = await e2e.tab()
  await first.goto(`${e2e.latchkey.issuer}/login?return_to=/admin`)
  await signIn(first, admin.username)
  await heading(first, 'Overview')
  const storageState = await first.context().storageState()
  await first.context().close()
  return {
    ...e2e,
    admin,
    seen,
    cookies: storageState.cookies,
    async console(path, tabOptions = {}) {
      const page = await e2e.tab({ ...tabOptions, storageState })
      await page.goto(`${e2e.latchkey.issuer}${path}`)
      return page
    },
  }
}

const at = (name: string, path: string | ((e2e: ConsoleFixture) => string), title?: string): ConsoleView => ({
  name: `console-${name}`,
  path: typeof path === 'string' ? () => path : path,
  ...(title !== undefined && { title }),
})

/** Every page of the console, in a state worth looking at. */
export const consoleViews: ConsoleView[] = [
  at('overview', '/admin'),
  at('setup', '/admin/setup', 'Set up'),
  at('setup-mail', '/admin/setup/mail', 'Mail'),
  at('setup-address', '/admin/setup/address', 'Public address'),
  at('setup-look', '/admin/setup/look', 'Name and colours'),
  at('setup-app', '/admin/setup/app', 'First app'),
  at('search-empty', '/admin/search', 'Search'),
  at('search', '/admin/search?q=o', 'Search'),
  at('search-exact', '/admin/search?q=grace.hopper', 'Search'),
  at('search-nothing', '/admin/search?q=qqqq', 'Search'),
  at('branding', '/admin/branding', 'Branding'),
  at('branding-client', (e2e) => `/admin/branding/clients/${e2e.seen.client}`),
  at('clients', '/admin/clients', 'Clients'),
  at('clients-none-found', '/admin/clients?q=nothing', 'Clients'),
  at('clients-new', '/admin/clients/new', 'What are you building?'),
  ...['web', 'spa', 'native', 'fapi', 'machine', 'mcp'].map((kind) =>
    at(
      `clients-new-${kind}`,
      `/admin/clients/new?kind=${kind}`,
      kind === 'machine' ? 'New machine' : undefined,
    ),
  ),
  at('clients-new-grafana', '/admin/clients/new/grafana', 'New client: Grafana'),
  at('clients-new-kubernetes', '/admin/clients/new/kubernetes'),
  at('client-with-settings', ({ seen }) => `/admin/clients/${seen.client}?preset=grafana`),
  at('client', ({ seen }) => `/admin/clients/${seen.client}`),
  ...['connect', 'secrets', 'access', 'activity'].map((tab) =>
    at(`client-${tab}`, ({ seen }) => `/admin/clients/${seen.client}/${tab}`),
  ),
  at('client-machine-access', ({ seen }) => `/admin/clients/${seen.machine}/access`),
  at('client-edit', ({ seen }) => `/admin/clients/${seen.client}/edit`, 'Edit Notes for the harbour'),
  at('client-delete', ({ seen }) => `/admin/clients/${seen.client}/delete`, 'Delete Notes for the harbour?'),
  at('client-try', ({ seen }) => `/admin/clients/${seen.client}/try`, 'Try Notes for the harbour'),
  at('client-machine', ({ seen }) => `/admin/clients/${seen.machine}`),
  at('attributes', '/admin/attributes', 'Attributes'),
  at('attributes-new', '/admin/attributes/new', 'Define an attribute'),
  at('attribute', ({ seen }) => `/admin/attributes/${seen.attribute}`, 'department'),
  at('attribute-delete', ({ seen }) => `/admin/attributes/${seen.attribute}/delete`, 'Delete department?'),
  at('claims', '/admin/claims', 'Claims'),
  at('claims-new', '/admin/claims/new', 'Define a claim'),
  at('claim', ({ seen }) => `/admin/claims/${seen.claim}?user=grace.hopper&client=${seen.client}`, 'team'),
  at('claim-wrong', ({ seen }) => `/admin/claims/${seen.claim}?user=nobody&client=x`),
  at('administrator-roles', '/admin/administrator-roles', 'Administrator roles'),
  at('administrator-roles-new', '/admin/administrator-roles/new', 'Define an administrator role'),
  {
    ...at('administrator-roles-new-refused', '/admin/administrator-roles/new'),
    async press(page) {
      await page.getByRole('textbox', { name: 'Name' }).fill('Help Desk')
      await press(page, 'Define administrator role')
      await page.getByText('Choose at least one.').first().waitFor()
    },
  },
  at('administrator-role', ({ seen }) => `/admin/administrator-roles/${seen.administratorRole}`, 'help-desk'),
  at(
    'administrator-role-delete',
    ({ seen }) => `/admin/administrator-roles/${seen.administratorRole}/delete`,
    'Delete help-desk?',
  ),
  at('users', '/admin/users'),
  at('users-none-found', '/admin/users?search=nothing'),
  at('users-new', '/admin/users/new'),
  {
    ...at('users-new-refused', '/admin/users/new'),
    async press(page) {
      await page.getByLabel('Username').fill('x')
      await page.getByLabel('Email').fill('ada@example')
      await press(page, 'Add user')
      await page.getByText('Use at least 3 characters.').first().waitFor()
    },
  },
  at('user', ({ seen }) => `/admin/users/${seen.user}`),
  at(
    'users-bulk',
    ({ seen }) => `/admin/users/bulk/disable?pick.${seen.user}=on&pick.${seen.locked}=on&pick.none=on`,
  ),
  at('users-bulk-group', ({ seen }) => `/admin/users/bulk/add-to-group?pick.${seen.user}=on`),
  at('user-why', ({ seen }) => `/admin/users/${seen.user}/why`),
  at('user-why-no-client', ({ seen }) => `/admin/users/${seen.user}/why?client=none`),
  at('user-locked', ({ seen }) => `/admin/users/${seen.locked}`),
  at('user-why-locked', ({ seen }) => `/admin/users/${seen.locked}/why`),
  at('groups', '/admin/groups', 'Groups'),
  at('groups-none-found', '/admin/groups?search=nothing', 'Groups'),
  at('groups-new', '/admin/groups/new', 'Create a group'),
  {
    ...at('groups-new-refused', '/admin/groups/new'),
    async press(page) {
      await page.getByLabel('Name').fill('a,b')
      await press(page, 'Create group')
      await page.getByText('Leave out commas').first().waitFor()
    },
  },
  at('group', ({ seen }) => `/admin/groups/${seen.group}`, 'Harbour crew'),
  at('group-delete', ({ seen }) => `/admin/groups/${seen.group}/delete`, 'Delete Harbour crew?'),
  at('organizations', '/admin/organizations', 'Organizations'),
  at(
    'organizations-bulk',
    ({ seen }) => `/admin/organizations/bulk/disable?pick.${seen.organization}=on&pick.none=on`,
  ),
  at('organizations-new', '/admin/organizations/new', 'Create an organization'),
  at('organization', ({ seen }) => `/admin/organizations/${seen.organization}`, 'Acme Ltd'),
  {
    ...at('organization-refused', ({ seen }) => `/admin/organizations/${seen.organization}`),
    async press(page) {
      await page.locator('summary', { hasText: 'Add member' }).click()
      await page.getByLabel('Add a member').fill('nobody')
      await press(page, 'Add member')
      await page.getByText('There is no user').first().waitFor()
    },
  },
  at('organization-member', ({ seen }) => `/admin/organizations/${seen.organization}/members/${seen.user}`),
  at(
    'organization-delete',
    ({ seen }) => `/admin/organizations/${seen.organization}/delete`,
    'Delete Acme Ltd?',
  ),
  at('roles', '/admin/roles', 'Roles'),
  at('roles-new', '/admin/roles/new', 'Create a role'),
  at('role', ({ seen }) => `/admin/roles/${seen.role}`, 'Clerk'),
  at('role-delete', ({ seen }) => `/admin/roles/${seen.role}/delete`, 'Delete Clerk?'),
  at('apis', '/admin/resources'),
  at('api', '/admin/resources/api?identifier=https%3A%2F%2Forders.example'),
  at('api-remove', '/admin/resources/remove?identifier=https%3A%2F%2Forders.example'),
  at(
    'api-remove-credential',
    ({ seen }) =>
      `/admin/resources/credentials/remove?${new URLSearchParams({ identifier: 'https://orders.example', id: seen.credential })}`,
  ),
  {
    ...at('api-new-credential', '/admin/resources/api?identifier=https%3A%2F%2Ffilms.example'),
    async press(page) {
      await press(page, 'New credential')
      await page.getByText('The credential, shown this once').waitFor()
    },
  },
  at('scim', '/admin/scim'),
  at('webhooks', '/admin/webhooks'),
  at('webhook', ({ seen }) => `/admin/webhooks/${seen.webhook}`),
  at('webhook-delete', ({ seen }) => `/admin/webhooks/${seen.webhook}/delete`),
  at('providers', '/admin/providers'),
  ...['oidc', 'github', 'google'].map((kind) =>
    at(`providers-new-${kind}`, `/admin/providers/new?kind=${kind}`),
  ),
  {
    ...at('provider-tested', '/admin/providers/okta'),
    async press(page) {
      await press(page, 'Test it')
      await page.getByRole('button', { name: 'Test again' }).waitFor()
    },
  },
  at('keys', '/admin/keys'),
  at('registration', '/admin/registration'),
  at('rejections', '/admin/rejections'),
  at('rejection', ({ seen }) => `/admin/rejections/${seen.rejection}`, 'Refused request'),
  at('rejection-fix', ({ seen }) => `/admin/rejections/${seen.rejection}/fix`),
  at('audit', '/admin/audit'),
  at('audit-filtered', '/admin/audit?action=account.&target=grace.hopper'),
  at('audit-refused', '/admin/audit?from=yesterday&to=2026-02-30'),
  at('audit-entry', '/admin/audit/5'),
  at('configuration', '/admin/configuration'),
  at('settings', '/admin/settings'),
  at('settings-open', '/admin/settings?section=operation#operation'),
  {
    ...at('settings-refused', '/admin/settings?section=passwords'),
    async press(page) {
      await page.getByLabel('Wrong passwords that lock an account').fill('many')
      await page.getByLabel('Words that passwords may not consist of').fill('ab')
      await press(page, 'Save Passwords')
      await page.getByText('must be a whole number from 1 to 100').first().waitFor()
    },
  },
]
