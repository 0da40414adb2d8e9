import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireClassified } from '../../src/admin/access.ts'
import { AUDITOR, type Authority, FULL, may, NONE } from '../../src/shared/administration/authority.ts'
import {
  areaOf,
  GRANTABLE,
  type Limit,
  type Needs,
  needsOf,
  PERMISSIONS,
  type Permission,
} from '../../src/shared/administration/permissions.ts'
import { sessionCookie } from '../api/support.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'
import { machine, person } from './rest/support.ts'

interface Rule {
  method: string
  url: string
  needs: Needs | undefined
  permission: Permission | 'any' | undefined
  also: readonly Permission[]
  alone: readonly Permission[]
  within: Limit | undefined
}

const QUARTER = 900_000
const AUTHORITIES = { user: NONE, auditor: AUDITOR, admin: FULL }
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Every route that the server has, as it is added. */
const rules: Rule[] = []
const needsOfRoute = (method: string, permission: Rule['permission']): Needs | undefined =>
  permission === 'any' || (permission && method === 'GET') ? 'read' : permission && needsOf(permission)
function listen(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat())
      if (each !== 'HEAD')
        rules.push({
          method: each,
          url,
          needs: needsOfRoute(each, config?.admin),
          permission: config?.admin,
          also: config?.adminAlso ?? [],
          alone: config?.adminAlone ?? [],
          within: config?.within,
        })
  })
}

const below = (path: string) =>
  rules
    .filter(({ url }) => url === path || url.startsWith(`${path}/`))
    .sort((a, b) => a.url.localeCompare(b.url) || a.method.localeCompare(b.method))

let latchkey: Latchkey
let now = 0
beforeAll(async () => {
  subscribe('fastify.initialization', listen)
  latchkey = await startLatchkey({ clock: () => Date.now() + now })
  unsubscribe('fastify.initialization', listen)
})
afterAll(() => latchkey.stop())

const send = ({ method, url }: Rule, headers: Record<string, string>) =>
  fetch(`${latchkey.issuer}${url.replaceAll(/:\w+/g, NOBODY)}`, { method, redirect: 'manual', headers })

const opens = (authority: Authority, { permission, within }: Rule): boolean =>
  permission === 'any'
    ? authority.permissions.size > 0
    : permission !== undefined && may(authority, permission, within)

test('every route below /admin and /api/admin says what it needs: this table is documented', async () => {
  const all = [...below('/admin'), ...below('/api/admin')]
  expect(all.length).toBeGreaterThan(40)
  for (const { method, url, permission } of all) expect(permission, `${method} ${url}`).toBeDefined()
  const row = (rule: Rule) => {
    const { method, url, needs, permission, also, alone, within } = rule
    const [user, auditor, admin] = [NONE, AUDITOR, FULL].map((each) => (opens(each, rule) ? 'yes' : 'no'))
    const scope =
      permission && permission !== 'any' && needsOf(permission) === 'read'
        ? 'admin:read'
        : needs === 'read'
          ? 'admin:read'
          : 'admin:write'
    const fresh = url.startsWith('/api/') ? 'a person: fresh sign-in' : 'fresh sign-in'
    const how = [url.startsWith('/api/') && scope, needs === 'dangerous' && fresh].filter(Boolean).join('; ')
    const named = [
      permission,
      ...also.map((each) => `fields: ${each}${alone.includes(each) ? ', alone too' : ''}`),
    ].join('; ')
    return `| \`${method} ${url}\` | ${user} | ${auditor} | ${admin} | ${named} | ${within ?? ''} | ${how} |`
  }
  const permissions = (Object.keys(PERMISSIONS) as Permission[]).map((permission) => {
    const { needs, words, alone, within } = PERMISSIONS[permission]
    const routes = all
      .filter((rule) => rule.permission === permission || rule.also.includes(permission))
      .map(({ method, url }) => `\`${method} ${url}\``)
    const who = alone
      ? 'administrators alone'
      : `any role${within === undefined ? '' : `, also within ${within}`}`
    return `| ${permission} | ${words} | ${needs} | ${who} | ${routes.join('<br>')} |`
  })
  const text = [
    'The permissions of administrators, from `src/shared/administration/permissions.ts`. A dangerous one asks a person for a sign-in of',
    'the last fifteen minutes, in the console and by REST.',
    '',
    '| Permission | is to | needs | may be held by | by |',
    '|---|---|---|---|---|',
    ...permissions,
    '',
    'Every route, and who may call it. A role that is defined opens those of its permissions; one with a limit, of these those alone',
    'whose limit is the same.',
    '',
    '| Route | user | auditor | administrator | permission | limit | besides |',
    '|---|---|---|---|---|---|---|',
    ...all.map(row),
  ]
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('./roles.md')
})

test('every permission of the table has a route, an area, and every limit routes of console and REST that keep to it', () => {
  const all = [...below('/admin'), ...below('/api/admin')]
  for (const permission of Object.keys(PERMISSIONS) as Permission[]) {
    const { within } = PERMISSIONS[permission]
    expect(areaOf(permission), permission).toBeTypeOf('string')
    const routes = all.filter((rule) => rule.permission === permission || rule.also.includes(permission))
    expect(routes, permission).not.toEqual([])
    const limited = routes.filter((rule) => rule.within !== undefined)
    for (const rule of limited) expect(rule.within, `${rule.method} ${rule.url}`).toBe(within)
    if (within === undefined) continue
    for (const root of ['/admin/', '/api/'])
      expect(
        limited.some(({ url }) => url.startsWith(root)),
        `${permission} below ${root}`,
      ).toBe(true)
  }
})

test.each([undefined, 'user.read'] as const)(
  'a route that changes something and says only “%s” does not start',
  async (admin) => {
    const app = fastify()
    requireClassified(app)
    const add = () => app.post('/admin/new', admin ? { config: { admin } } : {}, async () => 'done')
    expect(add).toThrow(/POST \/admin\/new/)
    await app.close()
  },
)

test('a route opens by its permission, and by no other: by REST and in the console', async () => {
  const { administratorRoles } = latchkey.services
  const role = await administratorRoles.create({ name: 'changing', permissions: ['user.read'] })
  const rest = await person(latchkey, role.id)
  const { browser } = await signedIn(latchkey, role.id)
  const guarded = /Your role does not allow this/
  async function tried(rule: Rule): Promise<boolean> {
    if (rule.url.startsWith('/api/')) {
      const { status, code } = await send(rule, { authorization: `Bearer ${rest.tokens.access_token}` }).then(
        async (answer) => ({
          status: answer.status,
          code: (await answer.text()).match(/"code":"forbidden"/),
        }),
      )
      return !(status === 403 && code)
    }
    const page = await browser.visit({
      url: new URL(rule.url.replaceAll(/:\w+/g, NOBODY), latchkey.issuer),
      method: rule.method === 'GET' ? 'GET' : 'POST',
      ...(rule.method !== 'GET' && { body: new URLSearchParams({ csrf_token: '' }) }),
    })
    // The overview leads to the first place that is open.
    if (rule.url === '/admin') return page.url.pathname === '/admin'
    return !(page.status === 403 && guarded.test(page.text))
  }
  for (const rule of [...below('/admin'), ...below('/api/admin')]) {
    const { permission, alone, method, url } = rule
    if (permission === undefined || permission === 'any') continue
    await administratorRoles.update(role.id, {
      permissions: GRANTABLE.filter((each) => ![permission, ...alone].includes(each)),
    })
    expect(await tried(rule), `${method} ${url} without ${permission}`).toBe(false)
    if (PERMISSIONS[permission].alone) continue
    // A form without its token leads back to the page that it stands on.
    const pages = GRANTABLE.filter((each) => each.endsWith('.read'))
    const permissions = method === 'GET' ? [permission] : [permission, ...pages]
    await administratorRoles.update(role.id, { permissions })
    expect(await tried(rule), `${method} ${url} with ${permission} alone`).toBe(true)
  }
})

describe('/api/admin', () => {
  test('answers every role and every token as the table says', async () => {
    const [user, auditor, admin] = await Promise.all(
      (['user', 'auditor', 'admin'] as const).map((role) => person(latchkey, role)),
    )
    const callers = [
      { name: 'user', token: user?.tokens.access_token, may: (rule: Rule) => opens(NONE, rule) },
      {
        name: 'auditor',
        token: auditor?.tokens.access_token,
        may: (rule: Rule) => opens(AUDITOR, rule),
      },
      {
        name: 'machine that reads',
        token: (await machine(latchkey, 'admin:read')).token,
        may: ({ needs, permission }: Rule) =>
          needs === 'read' || (permission && permission !== 'any' && needsOf(permission) === 'read'),
      },
      { name: 'admin', token: admin?.tokens.access_token, may: () => true },
      { name: 'machine that writes', token: (await machine(latchkey)).token, may: () => true },
    ]
    const cookie = await sessionCookie(latchkey, admin?.email ?? '')
    for (const rule of below('/api/admin')) {
      const where = `${rule.method} ${rule.url}`
      expect((await send(rule, {})).status, where).toBe(401)
      expect((await send(rule, { cookie })).status, `${where} by cookie`).toBe(401)
      for (const { name, token, may } of callers) {
        const { status } = await send(rule, { authorization: `Bearer ${token}` })
        if (may(rule)) expect([401, 403], `${where} by ${name}`).not.toContain(status)
        else expect(status, `${where} by ${name}`).toBe(403)
      }
    }
    now = QUARTER
    try {
      for (const rule of below('/api/admin')) {
        const where = `${rule.method} ${rule.url}, a quarter of an hour later`
        const byPerson = await send(rule, { authorization: `Bearer ${admin?.tokens.access_token}` })
        const challenge = byPerson.headers.get('www-authenticate') ?? ''
        const expected = rule.needs === 'dangerous'
        expect(challenge.includes('insufficient_user_authentication'), where).toBe(expected)
        if (expected)
          expect([byPerson.status, challenge]).toEqual([401, expect.stringContaining('max_age="900"')])
        else expect(byPerson.status, where).not.toBe(401)
        const byMachine = await send(rule, { authorization: `Bearer ${callers.at(-1)?.token}` })
        expect(byMachine.status, `${where}, by a machine`).not.toBe(401)
      }
    } finally {
      now = 0
    }
  })
})

describe('/admin', () => {
  const guarded = /Auditors look|This page is for administrators/

  /** @param token the one that forms carry; without it a form is refused behind the guard, and does nothing */
  async function asks({ method, url }: Rule, browser: HttpBrowser, token = '') {
    const page = await browser.visit({
      url: new URL(url.replaceAll(/:\w+/g, NOBODY), latchkey.issuer),
      method: method === 'GET' ? 'GET' : 'POST',
      ...(method !== 'GET' && { body: new URLSearchParams({ csrf_token: token }) }),
    })
    if (page.url.pathname === '/login')
      return page.url.searchParams.has('again') ? 'sign in again' : 'sign in'
    return page.status === 403 && guarded.test(page.text) ? 'refused' : 'let in'
  }

  test('answers every role as the table says, and asks for a fresh sign-in before dangerous permissions', async () => {
    const browsers = {
      user: (await signedIn(latchkey, 'user')).browser,
      auditor: (await signedIn(latchkey, 'auditor')).browser,
      admin: (await signedIn(latchkey, 'admin')).browser,
    }
    const { token } = await machine(latchkey)
    for (const rule of below('/admin')) {
      const where = `${rule.method} ${rule.url}`
      expect(await asks(rule, createHttpBrowser()), where).toBe('sign in')
      const bearer = await send(rule, { authorization: `Bearer ${token}`, accept: 'text/html' })
      expect(bearer.headers.get('location'), `${where} by token`).toMatch(/^\/login\?/)
      for (const role of ['user', 'auditor', 'admin'] as const)
        expect(await asks(rule, browsers[role]), `${where} by ${role}`).toBe(
          opens(AUTHORITIES[role], rule) ? 'let in' : 'refused',
        )
    }
    const account = await browsers.admin.open(`${latchkey.issuer}/account`)
    const csrf = account.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value
    now = QUARTER
    for (const rule of below('/admin')) {
      const where = `${rule.method} ${rule.url}, a quarter of an hour later`
      const expected = rule.needs === 'dangerous' ? 'sign in again' : 'let in'
      expect(await asks(rule, browsers.admin, csrf), where).toBe(expected)
    }
  })
})
