import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startWebApp, type WebApp } from '../../examples/web-app/server.ts'
import { passTime } from '../security/attacker.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'
import { type AuthenticatorApp, withAuthenticatorApp } from '../support/second-factor.ts'
import { type BooksFixture, form, photo, startBooks } from './books.ts'

/** The whole of RFC 9470: an app, its API and the server, as their READMEs start them. */
const clock = {
  now: () => Date.now(),
  later: (milliseconds: number) => passTime(milliseconds / 1000),
}
const ACR_VALUES = 'urn:latchkey:acr:mfa urn:latchkey:acr:phr'

let books: BooksFixture
let web: WebApp
/** Another app of the same people, which puts books on their shelves. */
let party: RelyingParty
const redirectUri = 'http://127.0.0.1:9/callback'
const stopAt = [redirectUri]
beforeAll(async () => {
  books = await startBooks({ clock: clock.now })
  const port = await freePort()
  const { client_id, client_secret } = await books.latchkey.createClient({
    redirect_uris: [`http://localhost:${port}/callback`],
    first_party: true,
    scope: 'openid profile email offline_access books:read books:write',
  })
  web = await startWebApp({
    issuer: books.latchkey.issuer,
    clientId: client_id,
    clientSecret: client_secret,
    port,
    scope: 'openid profile email offline_access books:read books:write',
    booksApi: books.url,
  })
  const other = await books.latchkey.createClient({
    first_party: true,
    scope: 'openid books:read books:write',
  })
  party = await discover({
    issuer: books.latchkey.issuer,
    clientId: other.client_id,
    auth: { method: 'client_secret_basic', secret: other.client_secret ?? '' },
    redirectUri,
  })
})
afterAll(async () => {
  await web.close()
  await books.stop()
})
afterEach(() => void vi.useRealTimers())

interface Reader {
  id: string
  browser: HttpBrowser
  entry: { identifier: string; password: string }
  app?: AuthenticatorApp
}

async function reader(): Promise<Reader> {
  const user = await books.latchkey.createUser()
  return {
    id: user.id,
    browser: createHttpBrowser({ stopAt }),
    entry: { identifier: user.email, password: PASSWORD },
  }
}
async function withApp(): Promise<Reader> {
  const who = await reader()
  return { ...who, app: await withAuthenticatorApp(books.latchkey, who.id, clock) }
}
const isSecondStep = ({ text }: BrowserPage) => text.includes('Second factor')
/** From the sign-in page on: the password, and a code where one is asked for. */
async function signIn({ browser, entry, app }: Reader, page: BrowserPage) {
  const next = await browser.signIn(page, entry)
  return app && isSecondStep(next) ? browser.submit(next, { Code: app.code() }, { button: 'Continue' }) : next
}
/** An access token of the API by another app, in the browser's session. */
async function tokenOf(who: Reader, parameters: Record<string, string> = {}) {
  const request = await party.authorize({ scope: 'openid books:read books:write', parameters })
  const opened = await who.browser.open(request.url)
  const { url } = opened.left ? opened : await signIn(who, opened)
  return (await party.callback(url, request)).access_token
}
const shelf = async (who: Reader) =>
  (await books.call('GET', '/books', await tokenOf(who))).json.items.map(
    ({ title }: { title: string }) => title,
  )
const put = async (who: Reader, title: string) =>
  books.call('POST', '/books', await tokenOf(who), { title, author: 'Jane Austen' })
const openBooks = async (who: Reader) => {
  // The other app has signed the person in already.
  await who.browser.open(`${web.url}/login`)
  return who.browser.open(`${web.url}/books`)
}
const deleteAll = (who: Reader, page: BrowserPage) =>
  who.browser.submit(page, {}, { button: 'Delete all books' })

test('the API deletes all books of a person who has shown a second factor just now, and of nobody else', async () => {
  const [ada, bob] = [await withApp(), await reader()]
  await put(bob, 'Emma')
  const token = await tokenOf(ada)
  const covers = join(books.dataDir, 'covers')
  const before = readdirSync(covers).length
  await books.call('POST', '/books', token, form({ title: 'Emma', author: 'J' }, { bytes: await photo() }))
  expect(readdirSync(covers)).toHaveLength(before + 2)
  expect((await books.call('DELETE', '/books', token)).status).toBe(204)
  expect(readdirSync(covers)).toHaveLength(before)
  expect(await shelf(ada)).toEqual([])
  expect(await shelf(bob)).toEqual(['Emma'])
})

test('the API refuses a password alone, and a second factor that was shown long ago, and says what it wants', async () => {
  const [ada, bob] = [await withApp(), await reader()]
  const refused = async (token: string) => {
    const answer = await books.call('DELETE', '/books', token)
    expect(answer.status).toBe(401)
    expect(answer.json).toMatchObject({
      code: 'insufficient_user_authentication',
      acr_values: ACR_VALUES,
      max_age: 300,
    })
    expect(answer.headers.get('www-authenticate')).toMatch(
      /Bearer realm="Books", scope="books:write", error="insufficient_user_authentication", .*acr_values="urn:latchkey:acr:mfa urn:latchkey:acr:phr", max_age="300"/,
    )
  }
  await refused(await tokenOf(bob))
  const token = await tokenOf(ada)
  passTime(400)
  await refused(token)
  expect((await books.call('GET', '/books', token)).status).toBe(200)
})

test('the app sends a person whose sign-in is too old for both steps, and goes on where it was', async () => {
  const ada = await withApp()
  await put(ada, 'Persuasion')
  const page = await openBooks(ada)
  expect(page.text).toContain('Persuasion')
  passTime(400)
  const again = await deleteAll(ada, page)
  expect(again.url.origin).toBe(books.latchkey.issuer)
  const second = await ada.browser.signIn(again, ada.entry)
  expect(isSecondStep(second)).toBe(true)
  const done = await ada.browser.submit(second, { Code: ada.app?.code() ?? '' }, { button: 'Continue' })
  expect(done.url.href).toBe(`${web.url}/books`)
  expect(done.text).toContain('All your books are deleted.')
  expect(done.text).not.toContain('Persuasion')
  expect(await shelf(ada)).toEqual([])
})

test('the app looks at the answer itself: who has no second factor comes back without one, and nothing is deleted', async () => {
  const bob = await reader()
  await put(bob, 'Emma')
  const page = await openBooks(bob)
  const refused = await deleteAll(bob, page)
  expect(refused.status).toBe(403)
  expect(refused.text).toContain('This needs a stronger sign-in')
  expect(await shelf(bob)).toEqual(['Emma'])
  // Still signed in; and with a second factor it goes on.
  bob.app = await withAuthenticatorApp(books.latchkey, bob.id, clock)
  const second = await deleteAll(bob, await bob.browser.open(`${web.url}/books`))
  expect(isSecondStep(second)).toBe(true)
  const done = await bob.browser.submit(second, { Code: bob.app.code() }, { button: 'Continue' })
  expect(done.text).toContain('All your books are deleted.')
})

test('another person who signs in at the step deletes nothing, of neither', async () => {
  const [ada, eve] = [await withApp(), await withApp()]
  await put(ada, 'Emma')
  await put(eve, 'Persuasion')
  const page = await openBooks(ada)
  passTime(400)
  const again = await deleteAll(ada, page)
  const theirs = await signIn({ ...eve, browser: ada.browser }, again)
  expect(theirs.text).toContain('This needs a stronger sign-in')
  eve.browser = createHttpBrowser({ stopAt })
  expect(await shelf(eve)).toEqual(['Persuasion'])
  ada.browser = createHttpBrowser({ stopAt })
  expect(await shelf(ada)).toEqual(['Emma'])
})

test('the answer of a step is of no use in another browser', async () => {
  const ada = await withApp()
  await put(ada, 'Emma')
  const page = await openBooks(ada)
  passTime(400)
  const again = await deleteAll(ada, page)
  const { location } = await callbackOf(ada, again)
  const other = await createHttpBrowser().open(location)
  expect(other.text).toContain('no longer valid')
  expect(await shelf(ada)).toEqual(['Emma'])
})

/** Signs in, and stops before the app is told. */
async function callbackOf(who: Reader, page: BrowserPage) {
  const second = await who.browser.signIn(page, who.entry)
  let next = who.browser.prepare(second, { Code: who.app?.code() ?? '' }, { button: 'Continue' })
  for (;;) {
    const response = await who.browser.send(next)
    const location = new URL(String(response.headers.get('location')), next.url)
    if (location.href.startsWith(`${web.url}/callback`)) return { location }
    next = { url: location, method: 'GET' }
  }
}
