import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
} from '../../security/attacker.ts'
import { createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { statementsOf } from '../../support/statements.ts'

let shift = 0
let latchkey: Latchkey
let fixture: SecurityFixture
let client: TestClient
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + shift, background: false })
  fixture = createSecurityFixture(latchkey)
  client = await fixture.client({ client_name: 'Harbour Notes' })
})
afterAll(() => latchkey?.stop())

const login = () => `${latchkey.issuer}/login`
/** Signed in, and out again by losing the session. */
async function wasHere(browser: HttpBrowser, { username }: { username: string }) {
  await browser.signIn(await browser.open(login()), { identifier: username, password: PASSWORD })
  await signOut(browser)
}
async function signOut(browser: HttpBrowser) {
  const account = await browser.open(`${latchkey.issuer}/account`)
  await browser.submit(account, {}, { button: 'Sign out' })
}
const names = (page: Awaited<ReturnType<HttpBrowser['open']>>) =>
  [...page.body.matchAll(/Remove (\S+) from this list<\/span>/g)].map(([, name]) => name)
const open = () => createHttpBrowser({ stopAt: [redirectUri] })

test('a browser names who has signed in in it, the last first and five at most; a stranger’s names nobody', async () => {
  const browser = open()
  const users = []
  for (let n = 0; n < 6; n++) {
    const user = await latchkey.createUser()
    users.unshift(user.username)
    await wasHere(browser, user)
  }
  expect(names(await browser.open(login()))).toEqual(users.slice(0, 5))
  expect(names(await browser.open(fixture.authorizeUrl(client)))).toEqual(users.slice(0, 5))
  expect(names(await open().open(login()))).toEqual([])
  shift = 91 * 86_400_000
  expect(names(await browser.open(login()))).toEqual([])
  shift = 0
})

test('who is chosen is asked for the password, for an app too; nothing is looked up', async () => {
  const user = await latchkey.createUser()
  const browser = open()
  await wasHere(browser, user)
  const page = await browser.open(fixture.authorizeUrl(client))
  const link = page.links.find(({ text }) => text.includes(user.username))
  const chosen = await browser.open(new URL(String(link?.href), page.url))
  expect(chosen.text).toContain(`Signing in as ${user.username}`)
  const list = await statementsOf(() => browser.open(login()))
  expect(list.length).toBeGreaterThan(0)
  expect(list.join()).not.toMatch(/(FROM|JOIN) "?accounts"?/)
})

test('is taken off the list, there and back, and signed in to what it was', async () => {
  const [ada, grace] = [await latchkey.createUser(), await latchkey.createUser()]
  const browser = open()
  await wasHere(browser, ada)
  await wasHere(browser, grace)
  const page = await browser.open(fixture.authorizeUrl(client))
  const after = await browser.submit(page, {}, { button: `✕Remove ${ada.username} from this list` })
  expect(after.url.pathname).toBe(page.url.pathname)
  expect(after.text).toContain('This browser does not name the account any more')
  expect(names(after)).toEqual([grace.username])
  const cookie = browser.cookies.list().find(({ name }) => name.endsWith('latchkey_accounts'))
  expect(cookie?.value).not.toContain(grace.username)
})

test('prompt=select_account offers the others; an app that asks for one account, none', async () => {
  const [ada, grace] = [await latchkey.createUser(), await latchkey.createUser()]
  const browser = open()
  await wasHere(browser, ada)
  await browser.signIn(await browser.open(login()), { identifier: grace.username, password: PASSWORD })
  const choice = await browser.open(fixture.authorizeUrl(client, { prompt: 'select_account' }))
  expect(names(choice)).toEqual([ada.username])
  const link = choice.links.find(({ text }) => text.includes(ada.username))
  const chosen = await browser.open(new URL(String(link?.href), choice.url))
  const back = await browser.submit(chosen, { Password: PASSWORD }, { button: 'Sign in' })
  expect(back.left).toBe(true)
})

test('off: nobody is named, and nobody is kept', async () => {
  const user = await latchkey.createUser()
  const browser = open()
  await wasHere(browser, user)
  await latchkey.services.settings.change({ remembered_accounts: 'off' })
  expect(names(await browser.open(login()))).toEqual([])
  const other = open()
  await wasHere(other, user)
  expect(other.cookies.list().some(({ name }) => name.endsWith('latchkey_accounts'))).toBe(false)
  await latchkey.services.settings.change({ remembered_accounts: null })
  expect(names(await browser.open(login()))).toEqual([user.username])
})
