import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'
import { person } from './rest/support.ts'

const VALUES = [
  ...[
    'a\0b',
    '\r\nx-evil: 1',
    '"><script>alert(1)</script>\u202E😀',
    '__proto__',
    'constructor',
    '../../x',
    '-1',
  ],
  ...['9'.repeat(300), 'x'.repeat(3000), '', '+275760-09-13', 'WzEsIlx1MDAwMCJd'],
]

const NAMES = [
  ...'q search cursor limit role status client client_id error endpoint reference kind done made format id ids name'.split(
    ' ',
  ),
  ...'action actor target address from to text email username first_name last_name given_name family_name'.split(
    ' ',
  ),
  ...'version mode keep confirm kid alg now identifier scope lifetime resource redirect_uri redirect_uris'.split(
    ' ',
  ),
  ...'client_name grant_types client_secret settings email_domains keep_tokens uses expires_in redirect_hosts'.split(
    ' ',
  ),
  ...'verified first_party pkce jwks contacts issuer url api_url keep_old_seconds __proto__ constructor'.split(
    ' ',
  ),
]
const every = (value: string) => new URLSearchParams(NAMES.map((name): [string, string] => [name, value]))

const PARAMETERS =
  'q search cursor limit role client error endpoint reference action actor target address from to text'.split(
    ' ',
  )

interface Route {
  method: string
  url: string
}
/** What does the same whatever is sent. */
const HEEDLESS = /\/keys\/rotate$/

/** PostgreSQL refuses more than SQLite does. A failure on our side is an answer of 500 and more. */
describe('whatever is sent, nothing breaks', () => {
  const routes: Route[] = []
  let latchkey: Latchkey
  beforeAll(async () => {
    const listen = (message: unknown) => {
      const { fastify } = message as { fastify: FastifyInstance }
      fastify.addHook('onRoute', ({ method, url, config }) => {
        for (const each of [method].flat())
          if (each !== 'HEAD' && config?.admin !== undefined && !HEEDLESS.test(url))
            routes.push({ method: each, url })
      })
    }
    subscribe('fastify.initialization', listen)
    latchkey = await startLatchkey({ engine: 'postgresql' })
    unsubscribe('fastify.initialization', listen)
  })
  afterAll(() => latchkey.stop())

  const pathOf = ({ url }: Route, value: string) =>
    url.replaceAll(/:\w+/g, () => encodeURIComponent(value) || '%20')

  test.each(VALUES)('in the console: %#', async (value) => {
    const { browser } = await signedIn(latchkey)
    const { forms } = await browser.open(`${latchkey.issuer}/admin/clients/new?kind=web`)
    const token = forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf_token')?.value ?? ''
    expect(token).not.toBe('')
    const broken: unknown[] = []
    for (const route of routes.filter(({ url }) => url.startsWith('/admin'))) {
      const url = new URL(`${latchkey.issuer}${pathOf(route, value)}?${every(value)}`)
      const body = new URLSearchParams([['csrf_token', token], ...every(value)])
      const { status } = await browser.visit(
        route.method === 'GET' ? { url, method: 'GET' } : { url, method: 'POST', body },
      )
      if (status >= 500 || status === 403) broken.push([route.method, route.url, status])
    }
    expect(broken).toEqual([])
  })

  test.each(VALUES)('by the administration API: %#', async (value) => {
    const { tokens } = await person(latchkey, 'admin')
    const broken: unknown[] = []
    for (const route of routes.filter(({ url }) => url.startsWith('/api/admin'))) {
      const bodies = [
        JSON.stringify(Object.fromEntries(every(value))),
        JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, [value]]))),
        `{"__proto__": {"scope": ${JSON.stringify(value)}}}`,
      ]
      for (const body of route.method === 'GET' ? [undefined] : bodies) {
        // Straight to the router: Node's parser, through which all others go, treats those of any route alike.
        const { statusCode } = await latchkey.app.inject({
          url: `${pathOf(route, value)}?${every(value)}`,
          method: route.method as HTTPMethods,
          headers: {
            host: new URL(latchkey.issuer).host,
            authorization: `Bearer ${tokens.access_token}`,
            'if-match': '"x"',
            ...(body && { 'content-type': 'application/json' }),
          },
          ...(body && { payload: body }),
        })
        if (statusCode >= 500) broken.push([route.method, route.url, statusCode])
      }
    }
    expect(broken).toEqual([])
  })

  const LISTS = ['audit', 'clients', 'users', 'rejections', 'resources', 'registration']
  test.each(['/admin', '/api/admin'])('by one parameter of a list below %s', async (root) => {
    const { browser, tokens } = await person(latchkey, 'admin')
    const headers = root === '/admin' ? {} : { authorization: `Bearer ${tokens.access_token}` }
    const broken: unknown[] = []
    for (const list of LISTS)
      for (const name of PARAMETERS)
        for (const value of ['a\0b', '+275760-09-13T00:00Z', 'WzEsIlx1MDAwMCJd', '999999999']) {
          const url = new URL(`${latchkey.issuer}${root}/${list}?${new URLSearchParams({ [name]: value })}`)
          const { status } = await browser.send({ url, method: 'GET', headers })
          if (status >= 500) broken.push([url.href, status])
        }
    expect(broken).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString'])('by a provider of the kind %s', async (kind) => {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/providers/new?kind=oidc`)
    const [form] = page.forms.filter(({ action }) => action.includes('kind=oidc'))
    if (form) form.action = form.action.replace('kind=oidc', `kind=${kind}`)
    expect(await browser.submit(page, {}, { button: 'Add provider' })).toMatchObject({ status: 404 })
  })
})
