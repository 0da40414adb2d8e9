/** What an administrator who reads German comes to read: each page of the console, area by area. Nothing that an area says in English stands on it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describedTexts } from '../../scripts/checks/described.ts'
import { englishOnly, saidOn, type Words } from '../locales/english.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const HEADERS = { 'accept-language': 'de' }

/** What is there for the pages to show. */
interface Things {
  client: string
  user: string
  group: string
  role: string
  organization: string
  administratorRole: string
}

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
  organizations: [
    () => '/admin/organizations',
    () => '/admin/organizations?search=nothing-has-this',
    () => '/admin/organizations/new',
    ({ organization }) => `/admin/organizations/${organization}?done=invited`,
    ({ organization }) => `/admin/organizations/${organization}/delete`,
    ({ organization, user }) => `/admin/organizations/${organization}/members/${user}`,
    ({ organization, user }) => `/admin/organizations/${organization}/members/remove?user=${user}`,
  ],
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
  await organizations.invitations.create(organization, { email: 'neu@kontor.example', roles: [] })
  things = { client, user, group, role, organization, administratorRole }
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
    expect(page.status, page.text).toBeLessThan(500)
    expect(page.body).toContain('<html lang="de" dir="ltr">')
    expect(saidOn(page, words), page.url.href).toEqual([])
  })
})
