import { afterAll, beforeAll, expect, test } from 'vitest'
import { shownAgain } from '../../src/http/forms/forms.ts'
import { pageText } from '../../src/http/pages/views.ts'
import { signedIn } from '../admin/console.ts'
import { parseHtml } from '../support/html.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { buildHttpApp } from './http-app.ts'
import { samples } from './sample-pages.ts'

/** What a form asks for that is not shown again after an error: passwords, one-time codes and tokens, client secrets. */
const SECRET = [
  'client_secret',
  'code',
  'credential',
  'csrf_token',
  'current_password',
  'new_password',
  'password',
  'token',
  'xsrf',
]

/** Where the console has a form; links lead to those of one client, API or provider. */
const CONSOLE = [
  '/admin',
  ...['web', 'machine', 'fapi'].map((kind) => `/admin/clients/new?kind=${kind}`),
  ...['oidc', 'github', 'google'].map((kind) => `/admin/providers/new?kind=${kind}`),
]

let latchkey: Latchkey
/** The type of every control that a form posts, by its name. */
const controls = new Map<string, Set<string>>()

function collect(body: string): string[] {
  const { forms, links } = parseHtml(body)
  for (const { name, type } of forms.filter(({ method }) => method === 'post').flatMap((form) => form.fields))
    controls.set(name, (controls.get(name) ?? new Set()).add(type))
  return links.map(({ href }) => href)
}

beforeAll(async () => {
  const app = await buildHttpApp()
  for (const { view, data } of samples) collect(await pageText(app, view, data))
  await app.close()

  latchkey = await startLatchkey({ env: { CLIENT_REGISTRATION: 'open' } })
  const { browser } = await signedIn(latchkey)
  await latchkey.createClient()
  await latchkey.services.resources.add({
    identifier: 'https://api.example',
    name: 'API',
    scope: 'a:read',
  })
  const settings = { issuer: 'https://login.example' }
  await latchkey.services.providers.add({
    id: 'corp',
    kind: 'oidc',
    client_id: 'x',
    client_secret: 'y',
    settings,
  })
  const shape = (path: string) => path.replace(/[\w-]*\d[\w-]*/g, ':id')
  const seen = new Set<string>()
  const waiting = CONSOLE.map((path) => new URL(path, latchkey.issuer).href)
  for (let at = waiting.shift(); at !== undefined && seen.size < 200; at = waiting.shift()) {
    const { body, url } = await browser.open(at)
    for (const href of collect(body)) {
      const to = new URL(href, url)
      if (to.origin !== new URL(latchkey.issuer).origin || !/^\/(admin|account)/.test(to.pathname)) continue
      const known = `${shape(to.pathname)}?${to.searchParams.get('kind') ?? ''}`
      if (seen.has(known) || to.pathname.startsWith('/admin/audit')) continue
      seen.add(known)
      waiting.push(to.href)
    }
  }
})
afterAll(() => latchkey?.stop())

test('after an error every field of every form has what was typed, but for secrets', () => {
  expect(controls.size).toBeGreaterThan(100)
  const kept = new Set(
    Object.keys(shownAgain(Object.fromEntries([...controls.keys()].map((name) => [name, 'x'])))),
  )
  expect([...controls.keys()].filter((name) => !kept.has(name)).sort()).toEqual(SECRET)
  const passwords = [...controls].filter(([, types]) => types.has('password')).map(([name]) => name)
  expect(passwords.sort()).toEqual(['client_secret', 'current_password', 'new_password', 'password'])
})

test.each([
  'tokens',
  'keep_tokens',
  'password_min_length',
  'access_token_ttl',
  'rate_limit_token',
  'token_endpoint_auth_method',
])('%s is no secret, whatever its name', (name) =>
  expect(controls.has(name) && shownAgain({ [name]: 'x' })).toEqual({ [name]: 'x' }),
)
