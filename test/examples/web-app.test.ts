import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BareProvider, startBare } from '../../bench/bare.ts'
import { startWebApp, type WebApp, type WebAppOptions } from '../../examples/web-app/server.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { freePort } from '../support/ports.ts'

const ada = { identifier: 'ada', password: 'does not matter here' }
const client = { clientId: 'web', clientSecret: 'a secret of the tests' }
let provider: BareProvider
let app: WebApp
let closeLater: { close(): Promise<void> }[] = []

const clientFor = (port: number) => ({
  client_id: client.clientId,
  client_secret: client.clientSecret,
  redirect_uris: [`http://localhost:${port}/callback`],
  post_logout_redirect_uris: [`http://localhost:${port}/signed-out`],
  grant_types: ['authorization_code', 'refresh_token'],
})

beforeAll(async () => {
  const port = await freePort()
  provider = await startBare({ port: 0, clients: [clientFor(port)] })
  app = await startWebApp({ issuer: provider.issuer, ...client, port })
})
afterAll(() => Promise.all([app.close(), provider.close()]))
afterEach(async () => {
  await Promise.all(closeLater.map((each) => each.close()))
  closeLater = []
})

/** An app and a provider of their own, for tests that stop one of them. */
async function startPair(options: Partial<WebAppOptions> = {}) {
  const port = await freePort()
  const own = await startBare({ port: await freePort(), clients: [clientFor(port)] })
  const web = await startWebApp({ issuer: own.issuer, ...client, port, ...options })
  closeLater.push(web, own)
  return { provider: own, app: web }
}

async function signIn(browser: HttpBrowser, url = app.url) {
  const form = await browser.follow(await browser.open(url), 'Sign in')
  return browser.signIn(form, ada)
}

const refreshTokenHint = (body: string) => /refresh_token <small>(\S+)…/.exec(body)?.[1]

test('signs in and shows claims, userinfo and decoded tokens, but no whole token', async () => {
  const browser = createHttpBrowser()
  const page = await signIn(browser)
  expect(page.url.href).toBe(`${app.url}/`)
  expect(page.text).toContain('Hello, User ada')
  expect(page.text).toContain('ada@example.com')
  expect(page.text).toMatch(
    /The access token expires in (60 min 0|59 min \d+) s\. It is renewed in 5[45] min \d+ s\./,
  )
  expect(page.text).toContain('"alg": "RS256"')
  expect(page.body).not.toMatch(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20}/)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.headers.get('cache-control')).toBe('no-store')
})

test('the session cookie is new after signing in, and out of the reach of scripts', async () => {
  const browser = createHttpBrowser({ stopAt: [provider.issuer] })
  const started = await browser.follow(await browser.open(app.url), 'Sign in')
  expect(started.left).toBe(true)
  const before = browser.cookies.value('web_app_session')
  const flow = createHttpBrowser()
  await signIn(flow)
  expect(flow.cookies.value('web_app_session')).not.toBe(before)
  const response = await fetch(`${app.url}/login`, { redirect: 'manual' })
  expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/)
  const url = new URL(response.headers.get('location') ?? '')
  expect(url.searchParams.get('code_challenge_method')).toBe('S256')
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(url.searchParams.get(name)?.length).toBeGreaterThan(40)
  }
})

test('“Refresh now” gets new tokens, also when pressed five times at once', async () => {
  const browser = createHttpBrowser()
  const page = await signIn(browser)
  const pressed = browser.prepare(page, {}, { button: 'Refresh now' })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => browser.send(pressed)))
  expect(answers.map((answer) => answer.status)).toEqual([303, 303, 303, 303, 303])
  const after = await browser.open(app.url)
  expect(after.text).toContain('The tokens were renewed.')
  expect(refreshTokenHint(after.body)).not.toBe(refreshTokenHint(page.body))
  const once = await browser.submit(after, {}, { button: 'Refresh now' })
  expect(once.text).toContain('The tokens were renewed.')
})

test('signs out here and at the provider', async () => {
  const browser = createHttpBrowser()
  const asked = await browser.submit(await signIn(browser), {}, { button: 'Sign out' })
  expect(asked.url.origin).toBe(provider.issuer)
  const done = await browser.submit(asked, {}, { form: (form) => form.method === 'post' })
  expect(done.url.href).toBe(`${app.url}/signed-out`)
  expect((await browser.open(app.url)).text).toContain('Welcome')
  const again = await browser.follow(await browser.open(app.url), 'Sign in')
  expect(again.url.pathname).toMatch(/^\/interaction\//)
})

test('a declined sign-in is explained and can be tried again', async () => {
  const browser = createHttpBrowser()
  const form = await browser.follow(await browser.open(app.url), 'Sign in')
  const page = await browser.deny(form)
  expect(page.status).toBe(403)
  expect(page.text).toContain('You were not signed in')
  expect((await browser.signIn(await browser.follow(page, 'Try again'), ada)).text).toContain(
    'Hello, User ada',
  )
})

test('an answer that another browser asked for is refused', async () => {
  const browser = createHttpBrowser({ stopAt: [`${app.url}/callback`] })
  const back = await signIn(browser)
  const other = await createHttpBrowser().open(back.url)
  expect(other.status).toBe(400)
  expect(other.text).toContain('This sign-in is no longer valid')
  const victim = createHttpBrowser({ stopAt: [provider.issuer] })
  await victim.open(`${app.url}/login`)
  expect((await victim.open(back.url)).status).toBe(400)
})

test('an answer in the name of another issuer is refused (RFC 9207)', async () => {
  const browser = createHttpBrowser({ stopAt: [`${app.url}/callback`] })
  const back = await signIn(browser)
  back.url.searchParams.set('iss', 'https://attacker.example')
  const page = await createHttpBrowserWith(browser).open(back.url)
  expect(page.status).toBe(500)
  expect((await createHttpBrowserWith(browser).open(app.url)).text).toContain('Welcome')
})

/** The same cookies, but nothing stops at the callback. */
function createHttpBrowserWith(browser: HttpBrowser): HttpBrowser {
  const next = createHttpBrowser()
  next.cookies.store(new URL(app.url), [
    `web_app_session=${browser.cookies.value('web_app_session')}; Path=/`,
  ])
  return next
}

test('without the provider: a clear page, and tokens in hand are kept', async () => {
  const errors: string[] = []
  const pair = await startPair({ onError: (message) => errors.push(message) })
  const browser = createHttpBrowser()
  const page = await signIn(browser, pair.app.url)
  await pair.provider.close()
  const refreshed = await browser.submit(page, {}, { button: 'Refresh now' })
  expect(refreshed.text).toContain('The tokens could not be renewed. The sign-in service cannot be reached.')
  expect(refreshed.text).toContain('Hello, ada')
  expect(errors).not.toEqual([])
})

test('a provider that is down at the first sign-in is asked again at the next', async () => {
  const [port, providerPort] = [await freePort(), await freePort()]
  const web = await startWebApp({ issuer: `http://127.0.0.1:${providerPort}`, ...client, port })
  closeLater.push(web)
  const browser = createHttpBrowser()
  const page = await browser.open(`${web.url}/login`)
  expect(page.status).toBe(503)
  expect(page.text).toContain('The sign-in service cannot be reached')
  closeLater.push(await startBare({ port: providerPort, clients: [clientFor(port)] }))
  expect((await browser.signIn(await browser.follow(page, 'Try again'), ada)).text).toContain(
    'Hello, User ada',
  )
})

test('a session that the provider ended is over here too', async () => {
  const pair = await startPair()
  const browser = createHttpBrowser()
  const page = await signIn(browser, pair.app.url)
  await pair.provider.close()
  // The same address and client, but it has never issued that refresh token.
  const clients = [clientFor(Number(new URL(pair.app.url).port))]
  closeLater.push(await startBare({ port: Number(new URL(pair.provider.issuer).port), clients }))
  const over = await browser.submit(page, {}, { button: 'Refresh now' })
  expect(over.status).toBe(401)
  expect(over.text).toContain('Your session has ended')
  expect((await browser.open(pair.app.url)).text).toContain('Welcome')
})

test('a form sent from another site does nothing', async () => {
  const browser = createHttpBrowser()
  const page = await signIn(browser)
  const forged = browser.prepare(page, {}, { button: 'Sign out' })
  const answer = await browser.send({ ...forged, headers: { 'sec-fetch-site': 'cross-site' } })
  expect(answer.status).toBe(403)
  expect((await browser.open(app.url)).text).toContain('Hello, User ada')
})

test('plain http is for this machine only', async () => {
  const remote = startWebApp({ issuer: 'http://id.example.com', ...client, port: await freePort() })
  await expect(remote).rejects.toThrow(/https/)
})

test('an unknown address is a page too', async () => {
  const page = await createHttpBrowser().open(`${app.url}/nowhere`)
  expect(page.status).toBe(404)
  expect(page.text).toContain('There is no such page')
})
