import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/** The page that is answered decides what a sign-out is about; and pages claim nothing that did not happen. */
const BYE = 'https://app.example/bye'
const EVIL = 'https://evil.example/bye'
const NOBODY = 'Nobody has checked this app'
let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let evil: string
beforeAll(async () => {
  latchkey = await startLatchkey({ clock, env: { DYNAMIC_REGISTRATION: 'open' } })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client({ post_logout_redirect_uris: [BYE], client_name: 'Honest' })
  const registered = await post(
    `${fixture.issuer}/clients/register`,
    JSON.stringify({
      redirect_uris: ['https://evil.example/cb'],
      post_logout_redirect_uris: [EVIL],
      token_endpoint_auth_method: 'none',
      client_name: 'Call 555',
      client_uri: 'https://evil.example/',
    }),
    { 'content-type': 'application/json' },
  )
  evil = String(registered.json.client_id)
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const victim = () => fixture.victim([redirectUri, BYE, EVIL])
const logout = (parameters: Record<string, string>) =>
  `${fixture.issuer}/logout?${new URLSearchParams(parameters)}`
const honest = () => logout({ client_id: web.client_id, post_logout_redirect_uri: BYE, state: 'mine' })
const bad = () => logout({ client_id: evil, post_logout_redirect_uri: EVIL, state: 'theirs' })
const hrefs = (page: { links: { href: string }[] }) => page.links.map(({ href }) => href)

describe('two tabs of one session, the other one sent to /logout by another app', () => {
  test.each([
    ['before', () => [bad(), honest()]],
    ['after', () => [honest(), bad()]],
    ['wrongly', () => [honest(), logout({ client_id: evil, post_logout_redirect_uri: BYE })]],
  ] as const)('%s: “Sign out” leads to the app on the page, with its state', async (_, urls) => {
    const { browser } = await victim()
    const pages = []
    for (const url of urls()) pages.push(await browser.open(url))
    const page = pages.find(({ text }) => text.includes('Honest asks'))
    if (page === undefined) throw new Error('no question')
    const done = await browser.submit(page, {}, { button: 'Sign out' })
    expect(done.url.href).toBe(`${BYE}?state=mine`)
  })

  test('“Stay signed in” tells and offers the app on the page, and ends nothing of the other one', async () => {
    const person = await victim()
    const other = await fixture.client({ post_logout_redirect_uris: [EVIL], client_name: 'Other' })
    const { refresh_token } = await fixture.tokens(person, other)
    const page = await person.browser.open(honest())
    await person.browser.open(logout({ client_id: other.client_id, post_logout_redirect_uri: EVIL }))
    const done = await person.browser.submit(page, {}, { button: 'Stay signed in' })
    expect(done.text).toContain('Honest asked to sign you out here, and you stayed.')
    expect(hrefs(done)).toContain(`${BYE}?state=mine`)
    expect(done.text).not.toContain('Other')
    expect((await fixture.refresh(other, refresh_token)).status).toBe(200)
    // Each page works after that, for the app that is on it.
    const again = await person.browser.submit(page, {}, { button: 'Sign out' })
    expect(again.url.href).toBe(`${BYE}?state=mine`)
  })

  test('a page of another session, or with its word taken out or altered, leads to no app', async () => {
    const [one, two] = [await victim(), await victim()]
    const foreign = await two.browser.open(bad())
    const taken = foreign.forms[0]?.fields.find(({ name }) => name === 'asked')?.value ?? ''
    expect(taken).not.toBe('')
    for (const asked of [taken, '', 'x', undefined]) {
      const own = await one.browser.open(honest())
      const form = one.browser.prepare(own, {}, { button: 'Stay signed in' })
      if (asked === undefined) form.body?.delete('asked')
      else form.body?.set('asked', asked)
      const done = await one.browser.visit(form)
      expect([done.status, done.text]).toEqual([200, expect.stringContaining('You are still signed in')])
      expect(done.text).not.toMatch(/asked to sign you out|Call 555/)
      expect(hrefs(done)).not.toContain(`${EVIL}?state=theirs`)
    }
  })
})

describe('an app that nobody has checked', () => {
  test('is called so wherever a page around the sign-out shows it', async () => {
    const { browser } = await victim()
    const asked = await browser.open(bad())
    const refused = await browser.open(logout({ client_id: evil, post_logout_redirect_uri: BYE }))
    const stayed = await browser.submit(asked, {}, { button: 'Stay signed in' })
    const out = await browser.submit(await browser.open(bad()), {}, { button: 'Sign out' })
    const refusedAgain = await browser.open(logout({ client_id: evil, post_logout_redirect_uri: BYE }))
    for (const page of [asked, refused, stayed, out, refusedAgain]) {
      expect([page.left, page.text]).toEqual([false, expect.stringContaining(NOBODY)])
      // Its text stands nowhere else, as if it were ours.
      expect(page.text.match(/.{17}Call 555./g)).toEqual(['It calls itself “Call 555”'])
    }
    const questions = await browser.open(honest())
    expect(questions.text).not.toContain(NOBODY)
  })

  test('is gone on to by a link that says where, never by itself', async () => {
    const { browser } = await victim()
    const out = await browser.submit(await browser.open(bad()), {}, { button: 'Sign out' })
    const nobody = await get(bad(), { accept: 'text/html' })
    expect([nobody.status, nobody.headers.get('location')]).toEqual([
      303,
      expect.stringMatching(/\/logout\/success\?of=[\w-]+$/),
    ])
    for (const page of [out, await browser.open(bad())]) {
      expect([page.left, page.text]).toEqual([false, expect.stringContaining('Signed out')])
      const link = page.links.find(({ href }) => href === `${EVIL}?state=theirs`)
      expect(link?.text).toBe('Go on to evil.example')
    }
  })
})

describe('/logout/success', () => {
  test.each(['honest', 'evil'])('takes no client and no address from its address (%s)', async (which) => {
    const person = await victim()
    const [client_id, uri] = which === 'honest' ? [web.client_id, BYE] : [evil, EVIL]
    const url = `${fixture.issuer}/logout/success?${new URLSearchParams({ client_id, post_logout_redirect_uri: uri, state: 's' })}`
    for (const page of [await person.browser.open(url), await createHttpBrowser().open(url)]) {
      expect(page.status).toBe(200)
      expect(page.text).not.toMatch(/Honest|Call 555|told to sign you out|asked to sign you out/)
      expect(hrefs(page).filter((href) => /evil|app\.example/.test(href))).toEqual([])
    }
  })

  test('what one person was shown says nothing to another, or once they are signed out', async () => {
    const [one, two] = [await victim(), await victim()]
    const stayed = await one.browser.submit(await one.browser.open(bad()), {}, { button: 'Stay signed in' })
    expect(stayed.text).toContain('Call 555')
    expect((await one.browser.open(stayed.url)).text).toContain('Call 555')
    expect((await two.browser.open(stayed.url)).text).not.toContain('Call 555')
    await one.browser.submit(await one.browser.open(`${fixture.issuer}/logout`), {}, { button: 'Sign out' })
    const later = await one.browser.open(stayed.url)
    expect(later.text).toContain('You are signed out of')
    expect(later.text).not.toContain('Call 555')
  })
})

test('a hint without sid, of one of two sessions that began in the same second: the person is asked', async () => {
  const user = await latchkey.createUser()
  const signedIn = async (): Promise<Victim> => {
    const browser = createHttpBrowser({ stopAt: [redirectUri, BYE] })
    const login = await browser.open(`${fixture.issuer}/login`)
    await browser.signIn(login, { identifier: user.email, password: PASSWORD })
    return { browser, user }
  }
  const hint = async (person: Victim) => String((await fixture.tokens(person, web)).id_token)
  const answer = async ({ browser }: Victim, id_token_hint: string) =>
    (await browser.open(logout({ id_token_hint }))).text
  passTime(0)
  const [here, there] = [await signedIn(), await signedIn()]
  const [ours, theirs] = [await hint(here), await hint(there)]
  expect(await answer(here, theirs)).toContain('Sign out?')
  expect(await answer(there, ours)).toContain('Sign out?')
  // One that began at another moment is told apart.
  passTime(1)
  const later = await signedIn()
  expect(await answer(later, await hint(later))).toContain('Signed out')
})
