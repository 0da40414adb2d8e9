/** What an administrator who reads German comes to read: each page of the console, area by area. Nothing that an area says in English stands on it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describedTexts } from '../../scripts/checks/described.ts'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { englishOnly, saidOn, type Words } from '../locales/english.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const HEADERS = { 'accept-language': 'de' }

/** What is there for the pages to show. */
interface Things {
  client: string
  /** An older secret of it. */
  secret: string | undefined
  /** A client that registered itself, for devices. */
  open: string
  /** An initial access token. */
  token: string
  /** Refused requests: one of another path, one of another secret. */
  rejections: string[]
  user: string
  group: string
  role: string
  organization: string
  /** To the organization. */
  invitation: string
  administratorRole: string
}

/** What there is none of: the page says so. */
const WITHOUT = /-000000000000$|\/(?:nothing|nowhere|nobody|none|xx|frames\/account)$/

/** The pages of each area, by the name of its catalogue: a row a page, with the things that its address names. */
const PAGES: Readonly<Record<string, readonly ((things: Things) => string)[]>> = {
  access: [
    () => '/admin/groups',
    () => '/admin/groups?search=nothing-has-this',
    () => '/admin/groups/new',
    () => '/admin/groups/00000000-0000-4000-8000-000000000000',
    ({ group }) => `/admin/groups/${group}`,
    ({ group }) => `/admin/groups/${group}/delete`,
    ({ group, user }) => `/admin/groups/${group}/members/remove?user=${user}`,
    ({ group, user }) => `/admin/users/${user}/groups/remove?group=${group}`,
    ({ role, user }) => `/admin/users/${user}/roles/remove?role=${role}`,
    ({ role, group }) => `/admin/groups/${group}/roles/remove?role=${role}`,
    ({ role, user }) => `/admin/roles/${role}/holders/remove?user=${user}`,
    ({ role, group }) => `/admin/roles/${role}/holders/remove?group=${group}`,
    () => '/admin/roles',
    () => '/admin/roles?search=nothing-has-this',
    () => '/admin/roles/new',
    ({ role }) => `/admin/roles/${role}?done=created`,
    ({ role }) => `/admin/roles/${role}/delete`,
    ({ user }) => `/admin/users/${user}`,
  ],
  administrator_roles: [
    () => '/admin/administrator-roles',
    () => '/admin/administrator-roles?done=deleted',
    () => '/admin/administrator-roles/new',
    ({ administratorRole }) => `/admin/administrator-roles/${administratorRole}`,
    ({ administratorRole }) => `/admin/administrator-roles/${administratorRole}/delete`,
  ],
  audit: [
    () => '/admin/audit',
    () => '/admin/audit?text=nothing-has-this',
    () => '/admin/audit?from=broken',
    () => '/admin/audit?actor=ada&action=client.&text=x&target=y&address=z&from=2026-01-01&to=2026-12-31',
    () => '/admin/audit/1',
    ({ user }) => `/admin/audit?target=${user}`,
  ],
  bulk: [
    ({ user }) => `/admin/users/bulk/disable?pick.${user}=on&pick.nobody=on`,
    ({ user }) => `/admin/users/bulk/add-to-group?pick.${user}=on`,
    ({ client }) => `/admin/clients/bulk/enable?pick.${client}=on`,
    () => '/admin/users/bulk/enable',
    () => '/admin/users?did=disable&n=2&left=1',
    () => '/admin/clients?did=enable&n=1&left=0',
  ],
  client_fields: [
    ({ client }) => `/admin/clients/${client}`,
    ({ client }) => `/admin/clients/${client}/edit`,
  ],
  clients: [
    () => '/admin/clients',
    () => '/admin/clients?q=nothing-has-this&done=deleted',
    () => '/admin/clients?kind=fapi&sort=-used',
    () => '/admin/clients/new',
    ...['web', 'spa', 'native', 'fapi', 'device', 'machine', 'mcp'].map(
      (kind) => () => `/admin/clients/new?kind=${kind}`,
    ),
    () => '/admin/clients/new/nothing',
    ({ client }) => `/admin/clients/${client}?done=narrowed`,
    ({ client }) => `/admin/clients/${client}/connect?find=nothing-has-this`,
    ({ client }) => `/admin/clients/${client}/secrets?done=rotated`,
    ({ client, secret }) => `/admin/clients/${client}/secrets/remove?id=${secret}`,
    ({ client }) => `/admin/clients/${client}/access`,
    ({ client }) => `/admin/clients/${client}/activity`,
    ({ client }) => `/admin/clients/${client}/disable`,
    ({ client }) => `/admin/clients/${client}/delete`,
    ({ open }) => `/admin/clients/${open}`,
  ],
  configuration: [() => '/admin/configuration'],
  dashboard: [() => '/admin'],
  keys: [
    () => '/admin/keys',
    () => '/admin/keys?done=rotated',
    () => '/admin/keys?done=replaced',
    () => '/admin/keys?done=retired',
  ],
  languages: [
    () => '/admin/languages',
    () => '/admin/languages/de',
    () => '/admin/languages/de?q=Passwort',
    () => '/admin/languages/de?changed=1&done=saved',
    () => '/admin/languages/xx',
  ],
  permissions: [() => '/admin/administrator-roles/new'],
  registration: [
    () => '/admin/registration',
    () => '/admin/registration?done=revoked',
    ({ token }) => `/admin/registration/tokens/revoke?id=${token}`,
  ],
  rejection_rules: [
    ({ rejections: [of] }) => `/admin/rejections/${of}`,
    ({ rejections: [, of] }) => `/admin/rejections/${of}`,
    ({ client }) => `/admin/clients/${client}/activity`,
  ],
  rejections: [
    () => '/admin/rejections',
    () => '/admin/rejections?error=nothing&reference=none',
    () => '/admin/rejections/none',
    ({ rejections: [of] }) => `/admin/rejections/${of}?done=add`,
    ({ rejections: [of] }) => `/admin/rejections/${of}/fix`,
    ({ rejections: [, of] }) => `/admin/rejections/${of}`,
  ],
  search: [
    () => '/admin/search',
    () => '/admin/search?q=nothing-has-this',
    () => '/admin/search?q=lotse',
    () => '/admin/search?q=%231',
  ],
  branding: [
    () => '/admin/branding',
    () => '/admin/branding?done=published',
    () => '/admin/branding?done=reset',
    ({ client }) => `/admin/branding/clients/${client}`,
    () => '/admin/branding/frames/account',
  ],
  setup: [
    () => '/admin/setup',
    ...['mail', 'address', 'look', 'app', 'nowhere'].map((step) => () => `/admin/setup/${step}`),
    ...['sent', 'address', 'skipped', 'dismissed'].map((done) => () => `/admin/setup?done=${done}`),
  ],
  settings: [
    () => '/admin/settings',
    () => '/admin/settings?done=saved&section=accounts',
    () => '/admin/settings?done=written',
  ],
  // What is pasted stays English, and names places of other programs: an answer without it.
  snippets: [({ client }) => `/admin/clients/${client}/connect?find=nothing-has-this`],
  stacks: [
    () => '/admin/clients/new',
    ...['grafana', 'gitea', 'kubernetes', 'vault'].map((preset) => () => `/admin/clients/new/${preset}`),
  ],
  organizations: [
    () => '/admin/organizations',
    () => '/admin/organizations?search=nothing-has-this',
    () => '/admin/organizations/new',
    ({ organization }) => `/admin/organizations/${organization}?done=invited`,
    ({ organization }) => `/admin/organizations/${organization}/delete`,
    ({ organization, user }) => `/admin/organizations/${organization}/members/${user}`,
    ({ organization }) => `/admin/organizations/${organization}/domains/remove?domain=kontor.example`,
    ({ organization, invitation }) =>
      `/admin/organizations/${organization}/invitations/revoke?invitation=${invitation}`,
    ({ organization, user }) => `/admin/organizations/${organization}/members/remove?user=${user}`,
  ],
  try_it: [({ client }) => `/admin/clients/${client}/try`, ({ open }) => `/admin/clients/${open}/try`],
  users: [
    () => '/admin/users',
    () => '/admin/users?search=nothing-has-this&done=deleted',
    () => '/admin/users?state=unverified',
    () => '/admin/users/new',
    () => '/admin/users/nobody',
    ({ user }) => `/admin/users/${user}?done=unlock`,
    ({ user }) => `/admin/users/${user}/why`,
    ({ user }) => `/admin/users/${user}/why?client=none`,
    ({ user, client }) => `/admin/users/${user}/why?client=${client}`,
    ({ user }) => `/admin/users/${user}/impersonate`,
    ({ user }) => `/admin/users/${user}/reset-factors`,
  ],
}

const read = (area: string, tag: string) =>
  Object.values(
    JSON.parse(readFileSync(`locales/admin/${area}.${tag}.json`, 'utf8')) as Record<string, string>,
  )

/** What an area says in English alone, with what every page of the console says. */
const englishOf = (area: string): Words => {
  const areas = [area, 'common', 'frame']
  const tables = Object.entries(describedTexts()).filter(([key]) =>
    areas.some((each) => key.startsWith(`admin.${each}.`)),
  )
  return englishOnly(
    [...areas.flatMap((each) => read(each, 'en')), ...tables.map(([, english]) => english)],
    areas.flatMap((each) => read(each, 'de')),
  )
}

let latchkey: Latchkey
let things: Things
let german: Awaited<ReturnType<typeof signedIn>>
beforeAll(async () => {
  latchkey = await startLatchkey()
  german = await signedIn(latchkey, 'admin', HEADERS)
  const { client_id: client } = await latchkey.createClient({ client_name: 'Kontor' })
  const { access, administratorRoles, attributes, organizations } = latchkey.services
  await attributes.create({ name: 'kostenstelle', label: 'Kostenstelle', type: 'string' })
  const { id: user } = await latchkey.createUser('lotse')
  const { id: group } = await access.groups.create({ name: 'Entwicklung' })
  const { id: role } = await access.roles.create({ name: 'Kasse' })
  const { id: organization } = await organizations.create({ name: 'Kontor GmbH', slug: 'kontor' })
  const { id: administratorRole } = await administratorRoles.create({
    ...{ name: 'helpdesk', permissions: ['user.read', 'user.unlock'] },
  })
  await access.groups.addMember(group, user)
  await access.groups.setManager(group, user, true)
  await access.roles.assign(role, { account: user })
  await access.roles.assign(role, { group })
  await organizations.members.put(organization, user, [])
  await organizations.domains.add(organization, 'kontor.example')
  const { id: invitation } = await organizations.invitations.create(organization, {
    email: 'neu@kontor.example',
    roles: [],
  })
  const { clients, registration, rejections } = latchkey.services
  await clients.rotateSecret(client, { keepOldSeconds: 3600 })
  const { client_id: open } = await clients.create(
    {
      client_name: 'Fernseher',
      grant_types: [DEVICE_CODE_GRANT],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    { source: 'open', verified: false },
  )
  const { id: token } = await registration.tokens.create({ name: 'Bauserver', uses: 1 })
  const sent = new URLSearchParams({
    client_id: client,
    response_type: 'code',
    redirect_uri: 'http://localhost:4000/anderer',
  })
  await fetch(`${latchkey.issuer}/authorize?${sent}`, { redirect: 'manual' })
  await fetch(`${latchkey.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client}:falsch`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  await rejections.flush()
  const refused = (await rejections.list()).items.map(({ id, endpoint }) => ({ id, endpoint }))
  things = {
    secret: (await clients.get(client)).secrets.at(-1)?.id,
    open,
    token,
    rejections: ['authorization', 'token'].map(
      (endpoint) => refused.find((each) => each.endpoint === endpoint)?.id ?? '',
    ),
    client,
    user,
    group,
    role,
    organization,
    invitation,
    administratorRole,
  }
})
afterAll(() => latchkey?.stop())

test('the comparison finds English', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(`${latchkey.issuer}/admin/audit`)
  expect(saidOn(page, englishOf('audit'))).toEqual(expect.arrayContaining(['Integrity', 'Verify now']))
})

describe.each(Object.entries(PAGES))('%s', (area, pages) => {
  const words = englishOf(area)
  test.each(pages.map((page) => [page]))('%s', async (address) => {
    const page = await german.browser.open(`${latchkey.issuer}${address(things)}`)
    // A row of which a name is mistyped would be read as well: that there is no such thing is said in German too.
    const status = WITHOUT.test(address(things)) ? 404 : address(things).includes('broken') ? 400 : 200
    expect(page.status, page.text).toBe(status)
    expect(page.body).toContain('<html lang="de" dir="ltr">')
    expect(saidOn(page, words), page.url.href).toEqual([])
  })
})
