import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, get, redirectUri, type SecurityFixture, type TestClient } from './attacker.ts'

/** `prompt=select_account` (OpenID Connect Core §3.1.2.1). */
let latchkey: Latchkey
let fixture: SecurityFixture
let client: TestClient
beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  client = await fixture.client()
})
afterAll(() => latchkey.stop())

const asking = (prompt = 'select_account', more: Record<string, string> = {}) =>
  fixture.authorizeUrl(client, { prompt, ...more })
const as = (user: { email: string }) => ({ identifier: user.email, password: PASSWORD })
async function subject(url: URL): Promise<unknown> {
  const code = {
    code: String(url.searchParams.get('code')),
    verifier: 'v'.repeat(43),
    redirect_uri: redirectUri,
  }
  return (await fixture.userinfo((await fixture.exchange(client, code)).json.access_token)).json.sub
}
const isSignedIn = async (browser: HttpBrowser) =>
  (await browser.open(`${fixture.issuer}/account`)).url.pathname === '/account'

test('who is signed in is shown, and goes on by one button, once', async () => {
  const { browser, user } = await fixture.victim()
  const page = await browser.open(asking())
  expect([page.left, page.text]).toEqual([false, expect.stringContaining('Choose an account')])
  const sent = browser.prepare(page, {}, { button: `Continue as ${user.username}` })
  const back = await browser.visit(sent)
  expect([back.left, await subject(back.url)]).toEqual([true, user.id])
  const again = await browser.visit(sent)
  expect([again.left, again.text]).toEqual([false, expect.stringContaining('finished already')])
})

test('“Use another account” signs in another person, and nothing of the first session is left', async () => {
  const one = await fixture.victim()
  const other = await latchkey.createUser()
  const tokens = await fixture.tokens(one, client)
  const page = await one.browser.open(asking())
  const form = await one.browser.submit(page, {}, { button: 'Use another account' })
  expect(form.text).toContain('Email or username')
  const back = await one.browser.signIn(form, as(other))
  expect(await subject(back.url)).toBe(other.id)
  expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
})

test('nobody is signed in: the sign-in page, and no second question', async () => {
  const user = await latchkey.createUser()
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const page = await browser.open(asking())
  expect(page.text).not.toContain('Choose an account')
  expect(await subject((await browser.signIn(page, as(user))).url)).toBe(user.id)
})

test('beside login and consent each is asked once', async () => {
  const { browser, user } = await fixture.victim()
  const button = { button: `Continue as ${user.username}` }
  const login = await browser.submit(await browser.open(asking('select_account login')), {}, button)
  expect([login.left, login.text]).toEqual([false, expect.stringContaining('Email or username')])
  expect(await subject((await browser.signIn(login, as(user))).url)).toBe(user.id)
  const consent = await browser.submit(await browser.open(asking('select_account consent')), {}, button)
  expect(consent.text).toContain('Allow access?')
  expect(await subject((await browser.allow(consent)).url)).toBe(user.id)
})

test('prompt=none beside it is refused (Core §3.1.2.1)', async () => {
  const { browser } = await fixture.victim()
  const back = await browser.open(asking('none select_account'))
  expect(back.url.searchParams.get('error')).toBe('invalid_request')
})

test('answered by a session that has ended in between: the sign-in page', async () => {
  const { browser, user } = await fixture.victim()
  const page = await browser.open(asking())
  await latchkey.services.accounts.endOtherSessions(user.id, 'none')
  const form = await browser.submit(page, {}, { button: `Continue as ${user.username}` })
  expect([form.left, form.text]).toEqual([false, expect.stringContaining('Email or username')])
  expect(await isSignedIn(browser)).toBe(false)
})

test('two tabs are answered each for itself', async () => {
  const { browser, user } = await fixture.victim()
  const tabs = [await browser.open(asking()), await browser.open(asking())]
  for (const tab of tabs) {
    const back = await browser.submit(tab, {}, { button: `Continue as ${user.username}` })
    expect(await subject(back.url)).toBe(user.id)
  }
})

test('an account that the app asks for is not changed there', async () => {
  const person = await fixture.victim()
  const { id_token } = await fixture.tokens(person, client)
  const page = await person.browser.open(asking('select_account', { id_token_hint: String(id_token) }))
  expect(page.text).toContain(`Continue as ${person.user.username}`)
  expect(page.text).not.toContain('Use another account')
})

test('discovery names what is taken', async () => {
  const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
  expect(json.prompt_values_supported).toEqual(['none', 'login', 'consent', 'select_account'])
})
