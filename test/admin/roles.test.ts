import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allows, requireClassified } from '../../src/admin/access.ts'
import {
  type Needs,
  needsOf,
  PERMISSIONS,
  permissionOf,
  type RouteNeeds,
} from '../../src/admin/permissions.ts'
import { sessionCookie } from '../api/support.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'
import { machine, person } from './rest/support.ts'

interface Rule {
  method: string
  url: string
  needs: Needs | undefined
  permission: string | undefined
}

const QUARTER = 900_000
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Every route that the server has, as it is added. */
const rules: Rule[] = []
const classOf = (admin: RouteNeeds | undefined) => ({
  needs: admin && needsOf(admin),
  permission: permissionOf(admin),
})
function listen(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat())
      if (each !== 'HEAD') rules.push({ method: each, url, ...classOf(config?.admin) })
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

test('every route below /admin and /api/admin says what it needs: this table is documented', async () => {
  const all = [...below('/admin'), ...below('/api/admin')]
  expect(all.length).toBeGreaterThan(40)
  for (const { method, url, needs } of all)
    expect(['read', 'write', 'dangerous'], `${method} ${url}`).toContain(needs)
  const row = ({ method, url, needs, permission }: Rule) => {
    const cells = (['user', 'auditor', 'admin'] as const).map((role) => allows(role, needs ?? 'dangerous'))
    const scope = needs === 'read' ? 'admin:read' : 'admin:write'
    const [user, auditor, admin] = cells.map((may) => (may ? 'yes' : 'no'))
    const fresh = url.startsWith('/api/') ? 'a person: fresh sign-in' : 'fresh sign-in'
    const how = [url.startsWith('/api/') && scope, needs === 'dangerous' && fresh].filter(Boolean).join('; ')
    return `| \`${method} ${url}\` | ${user} | ${auditor} | ${admin} | ${how} | ${permission ?? ''} |`
  }
  const permissions = Object.entries(PERMISSIONS).map(([permission, { needs, words }]) => {
    const routes = all
      .filter((rule) => rule.permission === permission)
      .map(({ method, url }) => `\`${method} ${url}\``)
    return `| ${permission} | ${words} | ${needs} | ${routes.join('<br>')} |`
  })
  const text = [
    'The permissions of administrators, from `src/admin/permissions.ts`. A dangerous one asks a person for a sign-in of the last fifteen',
    'minutes, in the console and by REST.',
    '',
    '| Permission | is to | needs | by |',
    '|---|---|---|---|',
    ...permissions,
    '',
    'Every route, and who may call it.',
    '',
    '| Route | user | auditor | administrator | besides | permission |',
    '|---|---|---|---|---|---|',
    ...all.map(row),
  ]
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('./roles.md')
})

test('every permission of the table has a route, and every route that changes something is in the table', () => {
  const all = [...below('/admin'), ...below('/api/admin')]
  for (const permission of Object.keys(PERMISSIONS))
    expect(
      all.map((rule) => rule.permission),
      permission,
    ).toContain(permission)
  for (const { method, url, permission } of all)
    if (method !== 'GET') expect(permission, `${method} ${url}`).toBeDefined()
})

test.each([undefined, 'read', 'write'] as const)(
  'a route that changes something and says only “%s” does not start',
  async (admin) => {
    const app = fastify()
    requireClassified(app)
    const add = () => app.post('/admin/new', admin ? { config: { admin } } : {}, async () => 'done')
    expect(add).toThrow(/POST \/admin\/new/)
    await app.close()
  },
)

describe('/api/admin', () => {
  test('answers every role and every token as the table says', async () => {
    const [user, auditor, admin] = await Promise.all(
      (['user', 'auditor', 'admin'] as const).map((role) => person(latchkey, role)),
    )
    const callers = [
      { name: 'user', token: user?.tokens.access_token, may: (needs: Needs) => allows('user', needs) },
      {
        name: 'auditor',
        token: auditor?.tokens.access_token,
        may: (needs: Needs) => allows('auditor', needs),
      },
      {
        name: 'machine that reads',
        token: (await machine(latchkey, 'admin:read')).token,
        may: (needs: Needs) => needs === 'read',
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
        if (may(rule.needs ?? 'dangerous')) expect([401, 403], `${where} by ${name}`).not.toContain(status)
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
          allows(role, rule.needs ?? 'dangerous') ? 'let in' : 'refused',
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
