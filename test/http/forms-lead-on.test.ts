import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { artifactsOf } from '../support/artifacts.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Called by programs, whatever they accept: the protocol answers them, not a form of ours. */
const PROGRAMS: ReadonlySet<string> = new Set([
  '/token',
  '/introspect',
  '/revoke',
  '/par',
  '/userinfo',
  '/device_authorization',
  '/clients/register',
])

/** Leads to a file. */
const DOWNLOAD = '/account/data/download'

/** Every address that takes a POST, as it is added. */
const posts = new Set<string>()
function listen(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    if ([method].flat().includes('POST')) posts.add(url)
  })
}

let latchkey: Latchkey
beforeAll(async () => {
  subscribe('fastify.initialization', listen)
  latchkey = await startLatchkey()
  unsubscribe('fastify.initialization', listen)
})
afterAll(() => latchkey?.stop())

async function csrfOf(browser: HttpBrowser): Promise<string> {
  const page = await browser.open(`${latchkey.issuer}/forgot-password`)
  return page.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value ?? ''
}

const BODIES: Record<string, (csrf: string) => Record<string, string>> = {
  'without its token': () => ({ name: 'x' }),
  'with nothing in it': (csrf_token) => ({ csrf_token }),
  'with nonsense in it': (csrf_token) => ({
    csrf_token,
    identifier: 'nobody',
    password: 'x',
    email: 'no address',
    token: 'x',
    code: 'x',
    id: 'x',
    name: 'x',
    decision: 'perhaps',
    version: 'x',
    kind: 'web',
    redirect_uris: 'nonsense',
    resume: 'x',
  }),
  'that resumes nothing': (csrf_token) => ({ csrf_token, resume: 'A'.repeat(32) }),
}

describe.each(Object.keys(BODIES))('a form %s', (what) => {
  test.each(['admin', 'nobody'])(
    'is answered with no page, but leads to one: sent by %s',
    async (who) => {
      expect(posts.size).toBeGreaterThan(50)
      for (const url of posts) {
        if (PROGRAMS.has(url)) continue
        const browser = who === 'admin' ? (await signedInOnce()).browser : createHttpBrowser()
        const csrf = await csrfOf(browser)
        const address = new URL(url.replaceAll(/:\w+/g, NOBODY), latchkey.issuer)
        const answer = await browser.send({
          url: address,
          method: 'POST',
          body: new URLSearchParams(BODIES[what]?.(csrf)),
          headers: { 'sec-fetch-site': 'same-origin' },
        })
        const type = answer.headers.get('content-type') ?? ''
        if (answer.status !== 303) {
          expect(type, `${url} answered ${answer.status} with a page`).not.toContain('text/html')
          continue
        }
        const page = await browser.open(new URL(answer.headers.get('location') ?? '', address))
        expect(page.status, `where ${url} leads`).toBeLessThan(500)
        if (url === DOWNLOAD) continue
        expect(page.headers.get('content-type'), `where ${url} leads`).toContain('text/html')
      }
    },
    120_000,
  )
})

let admin: ReturnType<typeof signedIn> | undefined
/** The account that is signed in may end its own session on the way. */
async function signedInOnce() {
  const known = admin && (await admin)
  if (known && (await known.browser.open(`${latchkey.issuer}/account`)).url.pathname === '/account')
    return known
  admin = signedIn(latchkey)
  return admin
}

test('what is too large for a cookie is kept, sealed, for the page that shows it once', async () => {
  const { browser } = await signedIn(latchkey)
  const { client_id } = await latchkey.createClient()
  const form = await browser.open(`${latchkey.issuer}/admin/clients/${client_id}/edit`)
  const uris = Array.from(
    { length: 120 },
    (_, n) => `https://*.shop.example/a-long-callback-address/${n}`,
  ).join('\n')
  const sent = browser.prepare(form, { 'Redirect URIs': uris }, { button: 'Save' })
  expect(String(sent.body).length).toBeGreaterThan(7000)
  const answer = await browser.send(sent)
  expect(answer.status).toBe(303)
  for (const cookie of answer.headers.getSetCookie()) expect(cookie.length).toBeLessThan(4096)
  const dump = JSON.stringify(await artifactsOf(latchkey, client_id))
  expect(dump).not.toContain('a-long-callback-address')
  const shown = await browser.open(new URL(answer.headers.get('location') ?? '', latchkey.issuer))
  expect(shown.status).toBe(422)
  expect(shown.body).toContain('id="field-redirect_uris-error"')
  const typed = shown.forms[0]?.fields.find(({ name }) => name === 'redirect_uris')?.value
  expect(typed?.trim().replaceAll('\r', '')).toBe(uris)
  const again = await browser.open(`${latchkey.issuer}/admin/clients/${client_id}/edit`)
  expect([again.status, again.body.includes('field-redirect_uris-error')]).toEqual([200, false])
})

test('a page of one person is not shown to the next one in the same browser', async () => {
  const { browser } = await signedIn(latchkey)
  const { client_id } = await latchkey.createClient()
  const edit = `${latchkey.issuer}/admin/clients/${client_id}/edit`
  const form = await browser.open(edit)
  await browser.send(
    browser.prepare(form, { Name: '', 'Home page': 'https://typed.example' }, { button: 'Save' }),
  )
  const other = await signedIn(latchkey)
  for (const [name, value] of Object.entries(flashCookies(browser)))
    other.browser.cookies.store(new URL(latchkey.issuer), [`${name}=${value}; Path=/`])
  expect((await other.browser.open(edit)).body).not.toContain('typed.example')
})

const flashCookies = (browser: HttpBrowser): Record<string, string> =>
  Object.fromEntries(
    (browser.cookies.header(new URL(latchkey.issuer)) ?? '')
      .split('; ')
      .filter((pair) => pair.startsWith('latchkey_flash_'))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
