/** What an administrator who reads German is told by each form of the console that was filled in wrongly. No sentence of it is English, wherever it comes from. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHookReceiver } from '../hooks/receiver.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

/** Words that are English, and no German ones; names of what is shown have none of them. */
const ENGLISH =
  /(?<![\p{L}\d_./:-])(?:the|must|with|and|of|that|this|is|are|has|have|there|from|give|use|only|which|cannot|should|too|expected|received|invalid|unknown|your|not|for)(?![\p{L}\d_/:-])/giu

/** What is said on a page, without what was typed, code, and what is pasted. */
const saidOn = (body: string): string =>
  body
    .replaceAll(/<(script|style|pre|code|textarea|datalist|footer)\b[\s\S]*?<\/\1>/g, ' ')
    // What the protocol tells a client is in English.
    .replaceAll(/den Fehler \w+ \([^)]*\)/g, ' ')
    .replaceAll(/<[^>]*>/g, '\n')
    .split('\n')
    .map((line) => line.replaceAll('&#39;', '’').replaceAll(/\s+/g, ' ').trim())
    .filter(Boolean)
    .join('\n')

const englishIn = (body: string): string[] => [
  ...new Set(
    saidOn(body)
      .split('\n')
      .filter((line) => line.match(ENGLISH) !== null),
  ),
]

/** What is typed into every field of a form at once. */
const WRONG: Readonly<Record<string, string>> = {
  nothing: '',
  'no value of anything': 'ä b!',
  'a number below all': '-1',
  'what nobody sees': 'x\u202ey',
  'far too much': 'x'.repeat(3000),
  'an address of nothing': 'http://[',
  'plain http': 'http://orders.example/a#b',
  'a small RSA key': JSON.stringify({ keys: [{ kty: 'RSA', e: 'AQAB', n: '_'.repeat(171) }] }),
}

/** Pages with forms; what a name in braces is, is made before. */
const PAGES = [
  '/admin/groups/new',
  '/admin/groups/{group}',
  '/admin/roles/new',
  '/admin/roles/{role}',
  '/admin/clients/new?kind=web',
  '/admin/clients/new?kind=spa',
  '/admin/clients/new?kind=native',
  '/admin/clients/new?kind=fapi',
  '/admin/clients/new?kind=device',
  '/admin/clients/new?kind=machine',
  '/admin/clients/new?kind=mcp',
  '/admin/clients/new/grafana',
  '/admin/clients/new/kubernetes',
  '/admin/clients/{client}/edit',
  '/admin/clients/{client}/connect',
  '/admin/clients/{client}/delete',
  '/admin/clients/{client}/try',
  '/admin/resources',
  '/admin/resources/api?identifier=https%3A%2F%2Fbestellungen.example',
  '/admin/resources/scope?identifier=https%3A%2F%2Fbestellungen.example&scope=bestellungen%3Alesen',
  '/admin/providers/new?kind=oidc',
  '/admin/providers/new?kind=github',
  '/admin/providers/new?kind=google',
  '/admin/providers/firma',
  '/admin/webhooks',
  '/admin/webhooks/{webhook}',
  '/admin/scim',
  '/admin/settings',
  '/admin/registration',
  '/admin/users/new',
  '/admin/users/{user}',
  '/admin/users/{user}/impersonate',
  '/admin/attributes/new',
  '/admin/attributes/{attribute}',
  '/admin/claims/new',
  '/admin/claims/{claim}',
  '/admin/hooks/new',
  '/admin/hooks/{hook}',
  '/admin/administrator-roles/new',
  '/admin/administrator-roles/{administratorRole}',
  '/admin/organizations/new',
  '/admin/organizations/{organization}',
  '/admin/organizations/{organization}/members/{user}',
  '/admin/branding',
  '/admin/keys',
  '/admin/setup/mail',
  '/admin/setup/address',
  '/admin/setup/look',
  '/admin/setup/app',
  '/admin/audit',
]

/** What ends what the pages are of, or sends people away; each asks on a page of its own or has no field. */
const LEFT_OUT = /\/(?:locale|logout|end|remove|revoke|disable|retire|rotate|export|bulk\/[\w-]+)$|^\/locale$/

const isTyped = ({ type, name }: { type: string; name?: string | undefined }): boolean =>
  name !== undefined && !/^(?:hidden|checkbox|radio|submit|file|select)/.test(type)

const isChosen = ({ type }: { type: string }): boolean => type.startsWith('select')

let latchkey: Latchkey
/** IDs, by what they are of. */
let things: Readonly<Record<string, string>>
let german: Awaited<ReturnType<typeof signedIn>>
beforeAll(async () => {
  latchkey = await startLatchkey()
  german = await signedIn(latchkey, 'admin', { 'accept-language': 'de' })
  const { services } = latchkey
  const { access, attributes, customClaims, organizations } = services
  await services.settings.change({ impersonation: 'on' })
  await services.resources.add({
    ...{ identifier: 'https://bestellungen.example', name: 'Bestellungen', scope: 'bestellungen:lesen' },
  })
  await services.providers.add({
    ...{ id: 'firma', kind: 'oidc', name: 'Firma', client_id: 'latchkey' },
    ...{ settings: { issuer: 'http://localhost:9', auth_method: 'none' } },
  })
  const { client_id: client } = await latchkey.createClient({ client_name: 'Kontor' })
  const { id: user } = await latchkey.createUser('lotse')
  const { id: group } = await access.groups.create({ name: 'Entwicklung' })
  const { id: role } = await access.roles.create({ name: 'Kasse', resource: 'https://bestellungen.example' })
  const { id: organization } = await organizations.create({ name: 'Kontor GmbH', slug: 'kontor' })
  await organizations.members.put(organization, user, [])
  const { id: attribute } = await attributes.create({ name: 'kst', label: 'Kostenstelle', type: 'string' })
  const { id: claim } = await customClaims.create({
    ...{ name: 'kst', source: 'attribute', value: 'kst', in: ['id_token'] },
  })
  const { url } = await startHookReceiver()
  const { id: hook } = await services.hooks.create({
    name: 'pruefung',
    at: 'sign_in',
    url,
    state: 'disabled',
  })
  const { id: webhook } = await services.webhooks.create({ url: 'http://127.0.0.1:9/a', events: ['user.*'] })
  const { id: administratorRole } = await services.administratorRoles.create({
    ...{ name: 'helpdesk', permissions: ['user.read'] },
  })
  things = { client, group, role, organization, user, webhook, hook, claim, attribute, administratorRole }
})
afterAll(() => latchkey?.stop())

test('the comparison finds English that stands in no catalogue', () => {
  expect(englishIn('<p>must be a URL</p><p>ist <code>the code</code></p>')).toEqual(['must be a URL'])
})

test('what is wrong with the file that was applied', async () => {
  const { configuration, clients } = latchkey.services
  const { client_id: id } = await latchkey.createClient({ client_name: 'Fähre' })
  const client = `{ client_id: ${id}, client_name: Fähre, redirect_uris: [https://faehre.example/zurueck] }`
  await configuration.apply(`version: 1\nclients: [${client}]\n`, () => undefined)
  await clients.delete(id)
  const page = await german.browser.open(`${latchkey.issuer}/admin/configuration`)
  expect(page.text).toContain(`es gibt hier keinen Client ${id}`)
  expect(page.text).toContain('vom Server angewendet')
  expect(englishIn(page.body.replaceAll('Fähre', ''))).toEqual([])
})

test('who changed a setting that no person has changed', async () => {
  const page = await german.browser.open(`${latchkey.issuer}/admin/settings`)
  expect(page.text).toContain('vom Server. Standard: off')
})

describe('whatever is typed, German is said', () => {
  test.each(PAGES)('%s', async (address) => {
    const path = address.replaceAll(/\{(\w+)\}/g, (_, name: string) => things[name] ?? '')
    const page = await german.browser.open(`${latchkey.issuer}${path}`)
    expect(page.status, page.url.href).toBe(200)
    expect.soft(englishIn(page.body), page.url.href).toEqual([])
    const forms = page.forms.filter(({ action, fields, method }) => {
      const { pathname } = new URL(action, page.url)
      const sent = method === 'post' || pathname === '/admin/audit'
      return sent && !LEFT_OUT.test(pathname) && fields.some(isTyped)
    })
    for (const form of forms) {
      const where = new URL(form.action, page.url).pathname
      const wrong = Object.entries(WRONG).map(([what, value]) => [what, value, isTyped] as const)
      // An address does not hold more.
      const sent = wrong.filter(([, value]) => form.method === 'post' || value.length < 1000)
      for (const [what, value, isWrong] of [...sent, ['no choice of any', 'unfug', isChosen] as const]) {
        const values = Object.fromEntries(form.fields.filter(isWrong).map(({ name }) => [name, value]))
        const answer = await german.browser.submit(page, values, { form: (each) => each === form })
        expect.soft(answer.status, `${what} in ${where}`).toBeLessThan(500)
        expect.soft(englishIn(answer.body), `${what} in ${where}`).toEqual([])
      }
    }
  })
})

// Last: all of the above is in it.
test('every entry of the audit log, with its details', async () => {
  const { items } = await latchkey.services.audit.list({}, { limit: 100 })
  expect(items.length).toBeGreaterThan(50)
  const unsaid: string[] = []
  for (const { seq, action } of items) {
    const page = await german.browser.open(`${latchkey.issuer}/admin/audit/${seq}`)
    expect(page.status).toBe(200)
    expect.soft(englishIn(page.body), `${seq} ${action}`).toEqual([])
    // A detail without words is called as the log has it, in small letters; a field of a change stands there with nothing but its name.
    unsaid.push(
      ...[...page.body.matchAll(/<dt>([a-z][^<]*)<\/dt>/g)].map(([, field]) => `${action}: ${field}`),
    )
    unsaid.push(
      ...[...page.body.matchAll(/<th scope="row"><code>([^<]*)</g)].map(([, field]) => `${action}: ${field}`),
    )
  }
  expect([...new Set(unsaid)]).toEqual([])
})
