import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AUDITOR, type Authority, may } from '../../src/shared/administration/authority.ts'
import {
  GRANTABLE,
  type Limit,
  needsOf,
  PERMISSIONS,
  type Permission,
} from '../../src/shared/administration/permissions.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

interface Route {
  method: string
  pattern: RegExp
  url: string
  permission: Permission | 'any'
  within: Limit | undefined
}

let latchkey: Latchkey
/** Every route of the console, as it is added: those without a parameter first. */
const routes: Route[] = []
function listen(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (config?.admin === undefined || !/^\/admin(\/|$)/.test(url)) return
    for (const each of [method].flat())
      routes.push({
        ...{ method: each, url, permission: config.admin, within: config.within },
        pattern: new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`),
      })
    routes.sort((one, other) => Number(one.url.includes(':')) - Number(other.url.includes(':')))
  })
}
const routeOf = (method: string, path: string) =>
  routes.find((each) => each.method === method && each.pattern.test(path))

const opens = (authority: Authority, { permission, within }: Route): boolean =>
  permission === 'any' ? authority.permissions.size > 0 : may(authority, permission, within)

const API = 'https://orders.example'
/** Whom and what a role with a limit reaches. */
let organization = ''
let client = ''
/** The addresses of pages, of each route one at least. */
let pages: string[] = []

beforeAll(async () => {
  subscribe('fastify.initialization', listen)
  latchkey = await startLatchkey()
  unsubscribe('fastify.initialization', listen)
  await fill()
  pages = await crawl((await signedIn(latchkey)).browser)
})
afterAll(() => latchkey?.stop())

/** One of each thing that a page has a form for. */
async function fill() {
  const { services } = latchkey
  const { accounts, access, clients, organizations, resources, webhooks } = services
  await services.settings.change({ impersonation: 'on', dynamic_registration: 'open' })
  await resources.add({ identifier: API, scope: 'orders:read' })
  await services.resourceCredentials.add(API)
  const web = await clients.create({
    ...{ client_name: 'Shop', redirect_uris: ['https://shop.example/cb'], scope: 'openid' },
    token_endpoint_auth_method: 'client_secret_basic',
  })
  client = web.client_id
  await clients.rotateSecret(client)
  await clients.create(
    { client_name: 'Unchecked', redirect_uris: ['https://open.example/cb'] },
    { source: 'open', verified: false },
  )
  const group = await access.groups.create({ name: 'Crew' })
  await access.groups.addMember(group.id, (await latchkey.createUser('member')).id)
  await clients.disable((await latchkey.createClient({ client_name: 'Off' })).client_id)
  const role = await access.roles.create({ name: 'Clerk', resource: API, scope: 'orders:read' })
  const company = await organizations.create({ name: 'Acme' })
  organization = company.id
  await organizations.domains.add(organization, 'acme.example')
  await organizations.invitations.create(organization, { email: 'jo@acme.example', roles: ['member'] })
  const user = await latchkey.createUser('grace')
  await access.groups.addMember(group.id, user.id)
  await access.groups.setManager(group.id, user.id, true)
  await access.roles.assign(role.id, { account: user.id })
  await access.roles.assign(role.id, { group: group.id })
  await organizations.members.put(organization, user.id, ['member'])
  await accounts.createByAdmin({ username: 'invited', email: 'invited@example.com' })
  const disabled = await latchkey.createUser('disabled')
  await accounts.disable(disabled.id)
  const { id: locked } = await latchkey.createUser('locked')
  for (let i = 0; i < 5; i++) await accounts.authenticate({ identifier: 'locked', password: 'wrong' })
  await organizations.members.put(organization, locked, [])
  await services.attributes.create({ name: 'level' })
  await services.customClaims.create({ name: 'team', source: 'attribute', value: 'level', in: ['userinfo'] })
  await services.providers.add({ id: 'hub', kind: 'github', client_id: 'x', client_secret: 'y' })
  await services.providers.add({ id: 'off', kind: 'github', client_id: 'x', client_secret: 'y' })
  await services.providers.disable('off')
  await services.administratorRoles.create({ name: 'help-desk', permissions: ['user.read'] })
  await services.hooks.create({ name: 'gate', at: 'sign_in', url: 'http://127.0.0.1:9/', state: 'disabled' })
  const off = await webhooks.create({ url: 'http://127.0.0.1:9/off', events: ['session.ended'] })
  await webhooks.update(off.id, { disabled: true })
  const on = await webhooks.create({ url: 'http://127.0.0.1:9/on', events: ['session.ended'] })
  await webhooks.test(on.id)
  await services.queue.run()
  await services.scimTokens.create({ name: 'Entra' })
  await services.registration.tokens.create({ name: 'Partner' })
  await services.keys.rotate({ now: true })
  const query = new URLSearchParams({
    ...{
      client_id: client,
      redirect_uri: 'https://shop.example/cb/',
      response_type: 'code',
      scope: 'openid',
    },
  })
  await fetch(`${latchkey.issuer}/authorize?${query}`).then((answer) => answer.text())
}

const visit = (browser: HttpBrowser, path: string) => browser.open(`${latchkey.issuer}${path}`)

/** What a page of the console links to there, and the forms that look. */
const linksOf = (page: BrowserPage): string[] =>
  [...page.body.matchAll(/href="(\/admin[^"#]*)/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))

/** Every page that an administrator comes to by links, three of a route. */
async function crawl(browser: HttpBrowser): Promise<string[]> {
  const found = new Set(['/admin'])
  const seen = new Map<string, number>()
  for (const path of found) {
    const page = await visit(browser, path)
    for (const href of linksOf(page)) {
      const route = routeOf('GET', new URL(href, latchkey.issuer).pathname)
      const count = seen.get(route?.url ?? '') ?? 0
      // Files to keep are no pages.
      if (found.has(href) || count >= 8 || route === undefined || /export/.test(href)) continue
      seen.set(route.url, count + 1)
      found.add(href)
    }
  }
  return [...found, '/admin/languages/en?q=sign']
}

const postsOf = (page: BrowserPage): string[] =>
  page.forms.filter(({ method }) => method === 'post').map(({ action }) => new URL(action, page.url).pathname)

/** What is wrong: forms of a page that would be refused. */
async function refused(
  browser: HttpBrowser,
  authority: Authority,
  paths: readonly string[],
): Promise<string[]> {
  const wrong: string[] = []
  for (const path of paths) {
    const page = await visit(browser, path)
    // Of another organization, or another client.
    if (page.status === 404 && authority.scope !== undefined) continue
    if (page.status !== 200 || !page.url.pathname.startsWith('/admin'))
      wrong.push(`${path} is answered with ${page.status} at ${page.url.pathname}`)
    for (const action of postsOf(page)) {
      const route = action.startsWith('/admin') ? routeOf('POST', action) : undefined
      if (action.startsWith('/admin') && (route === undefined || !opens(authority, route)))
        wrong.push(`${path}: ${action}`)
    }
  }
  return wrong
}

const readable = (authority: Authority) =>
  pages.filter((path) => {
    const route = routeOf('GET', new URL(path, latchkey.issuer).pathname)
    return route !== undefined && opens(authority, route)
  })

test('an administrator comes to a form for nearly every route that takes one', async () => {
  const { browser } = await signedIn(latchkey)
  const sent = new Set<string>()
  for (const path of pages)
    for (const action of postsOf(await visit(browser, path))) {
      const route = routeOf('POST', action)
      if (route) sent.add(route.url)
    }
  const missing = routes
    .filter(({ method, url }) => method === 'POST' && !sent.has(url))
    .map(({ url }) => url)
  expect(missing.sort()).toMatchInlineSnapshot(`
    [
      "/admin/branding/clients/:id/publish",
      "/admin/branding/clients/:id/reset",
      "/admin/branding/organizations/:id/publish",
      "/admin/branding/organizations/:id/reset",
      "/admin/branding/publish",
      "/admin/branding/reset",
      "/admin/clients/:id/pkce",
      "/admin/clients/bulk/disable",
      "/admin/clients/bulk/enable",
      "/admin/groups/:id/roles",
      "/admin/groups/bulk/delete",
      "/admin/groups/bulk/give-role",
      "/admin/keys/retire",
      "/admin/organizations/bulk/disable",
      "/admin/organizations/bulk/enable",
      "/admin/roles/bulk/delete",
      "/admin/setup/resume",
      "/admin/users/:id/reset-factors",
      "/admin/users/:id/stop-recovery",
      "/admin/users/bulk/add-to-group",
      "/admin/users/bulk/disable",
      "/admin/users/bulk/enable",
    ]
  `)
})

test('no page has a form that an auditor may not send', async () => {
  const { browser } = await signedIn(latchkey, 'auditor')
  expect(await refused(browser, AUDITOR, readable(AUDITOR))).toEqual([])
})

test('no page has a form that a role which sees everything and may do one thing may not send', async () => {
  const { administratorRoles } = latchkey.services
  const reads = GRANTABLE.filter((name) => needsOf(name) === 'read')
  const role = await administratorRoles.create({ name: 'one-thing', permissions: reads })
  const { browser } = await signedIn(latchkey, role.id)
  const { browser: admin } = await signedIn(latchkey)
  // Of pages with the same forms, one, with the areas of these.
  const areaOf = (name: string) => name.split('.')[0] ?? ''
  const withForms = new Map<string, { path: string; areas: Set<string> }>()
  for (const path of pages) {
    const forms = postsOf(await visit(admin, path)).flatMap((action) => routeOf('POST', action) ?? [])
    const areas = new Set(forms.map(({ permission }) => areaOf(permission)))
    withForms.set([...new Set(forms.map(({ url }) => url))].sort().join(), { path, areas })
  }
  for (const permission of GRANTABLE.filter((name) => needsOf(name) !== 'read')) {
    const permissions = [...reads, permission]
    await administratorRoles.update(role.id, { permissions })
    const authority: Authority = { full: false, permissions: new Set(permissions) }
    const open = readable(authority)
    const paths = [...withForms.values()]
      .filter(({ path, areas }) => areas.has(areaOf(permission)) && open.includes(path))
      .map(({ path }) => path)
    expect([permission, await refused(browser, authority, paths)]).toEqual([permission, []])
  }
})

test('a role with one permission alone, limited where it can be, has no form that it may not send', async () => {
  const { administratorRoles } = latchkey.services
  const bare = await administratorRoles.create({ name: 'alone', permissions: ['user.read'] })
  const inside = await administratorRoles.create({ name: 'inside', permissions: ['user.read'], organization })
  const some = await administratorRoles.create({
    name: 'some',
    permissions: ['client.read'],
    clients: [client],
  })
  const browsers = {
    none: (await signedIn(latchkey, bare.id)).browser,
    organization: (await signedIn(latchkey, inside.id)).browser,
    clients: (await signedIn(latchkey, some.id)).browser,
  }
  for (const permission of GRANTABLE) {
    await administratorRoles.update(bare.id, { permissions: [permission] })
    const authority: Authority = { full: false, permissions: new Set([permission]) }
    const wrong = await refused(browsers.none, authority, readable(authority))
    expect([permission, wrong]).toEqual([permission, []])
    const { within } = PERMISSIONS[permission]
    if (within === undefined || needsOf(permission) === 'read') continue
    const all = GRANTABLE.filter((name) => PERMISSIONS[name].within === within && needsOf(name) === 'read')
    const { id } = within === 'clients' ? some : inside
    await administratorRoles.update(id, { permissions: [...all, permission] })
    const limited: Authority = {
      full: false,
      permissions: new Set([...all, permission]),
      scope: within === 'clients' ? { kind: within, ids: [client] } : { kind: within, id: organization },
    }
    const forms = await refused(browsers[within], limited, readable(limited))
    expect([permission, within, forms]).toEqual([permission, within, []])
  }
})
