import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allows, type Needs } from '../../src/admin/access.ts'
import { sessionCookie } from '../api/support.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { machine, person } from './rest-support.ts'

interface Rule {
  method: string
  url: string
  needs: Needs | undefined
}

const QUARTER = 900_000
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Every route that the server has, as it is added. */
const rules: Rule[] = []
function listen(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat())
      if (each !== 'HEAD') rules.push({ method: each, url, needs: config?.admin })
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
  const row = ({ method, url, needs }: Rule) => {
    const cells = (['user', 'auditor', 'admin'] as const).map((role) => allows(role, needs ?? 'dangerous'))
    const scope = needs === 'read' ? 'admin:read' : 'admin:write'
    const [user, auditor, admin] = cells.map((may) => (may ? 'yes' : 'no'))
    const how = url.startsWith('/api/') ? scope : needs === 'dangerous' ? 'fresh sign-in' : ''
    return `| \`${method} ${url}\` | ${user} | ${auditor} | ${admin} | ${how} |`
  }
  const table = [
    '| Route | user | auditor | administrator | besides |',
    '|---|---|---|---|---|',
    ...all.map(row),
  ]
  await expect(`${table.join('\n')}\n`).toMatchFileSnapshot('./roles.md')
})

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
  }, 120_000)
})

describe('/admin', () => {
  const guarded = /Auditors look|This page is for administrators/

  async function asks(rule: Rule, cookie?: string) {
    const answer = await send(rule, { accept: 'text/html', ...(cookie !== undefined && { cookie }) })
    const location = answer.headers.get('location') ?? ''
    const text = await answer.text()
    if (location.startsWith('/login?again=1')) return 'sign in again'
    if (location.startsWith('/login')) return 'sign in'
    // A form without its CSRF token is refused too, but behind the guard.
    return answer.status === 403 && guarded.test(text) ? 'refused' : 'let in'
  }

  test('answers every role as the table says, and asks for a fresh sign-in before dangerous acts', async () => {
    const cookies: Record<string, string> = {}
    for (const role of ['user', 'auditor', 'admin'] as const) {
      const { id, email } = await latchkey.createUser()
      await latchkey.services.accounts.setRole(id, role)
      cookies[role] = await sessionCookie(latchkey, email)
    }
    const { token } = await machine(latchkey)
    for (const rule of below('/admin')) {
      const where = `${rule.method} ${rule.url}`
      expect(await asks(rule), where).toBe('sign in')
      const bearer = await send(rule, { authorization: `Bearer ${token}`, accept: 'text/html' })
      expect(bearer.headers.get('location'), `${where} by token`).toMatch(/^\/login\?/)
      for (const role of ['user', 'auditor', 'admin'])
        expect(await asks(rule, cookies[role]), `${where} by ${role}`).toBe(
          allows(role, rule.needs ?? 'dangerous') ? 'let in' : 'refused',
        )
    }
    now = QUARTER
    for (const rule of below('/admin')) {
      const where = `${rule.method} ${rule.url}, a quarter of an hour later`
      const expected = rule.needs === 'dangerous' ? 'sign in again' : 'let in'
      expect(await asks(rule, cookies.admin), where).toBe(expected)
    }
  }, 120_000)
})
