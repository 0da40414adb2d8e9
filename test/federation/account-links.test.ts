import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bearer, createApi } from '../api/support.ts'
import type { BrowserPage, HttpBrowser, PreparedRequest } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'
import { createSignInSteps, primaryAddress, type SignInSteps } from './sign-in-steps.ts'

/** The linked sign-ins of an account: adding one, taking one away, and what others make of that. */
let federation: FederationFixture
let steps: SignInSteps
beforeAll(async () => {
  federation = await openFederation({ clock: () => Date.now() })
  steps = createSignInSteps(federation)
})
afterAll(() => federation?.stop())
afterEach(() => void vi.useRealTimers())

const passTime = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
const accounts = () => federation.latchkey.services.accounts
const open = (browser: HttpBrowser, path = '/account/security') => browser.open(steps.at(path))
const providersOf = async (id: string) =>
  (await accounts().linked.signInMethods(id)).identities.map(({ provider }) => provider)
const identityOf = async (id: string, provider: string) =>
  (await accounts().linked.signInMethods(id)).identities.find((each) => each.provider === provider)?.id ?? ''

/** Somebody with a password, signed in by it. */
async function person() {
  const user = await federation.latchkey.createUser()
  const browser = federation.browser()
  await browser.signIn(await open(browser, '/login'), { identifier: user.username, password: PASSWORD })
  return { ...user, browser }
}

/** Somebody who came by GitHub and has no password. */
async function newcomer(login: string) {
  steps.onGitHub(login)
  const browser = federation.browser()
  await steps.byGitHub(browser, login)
  const id = (await accounts().find(login))?.id ?? ''
  return { id, username: login, email: `${login}@example.com`, browser }
}

/** The form “Link GitHub” of the account page, or any other request with that page's token. */
const linkForm = async (browser: HttpBrowser, provider = 'github'): Promise<PreparedRequest> => {
  const page = await open(browser)
  return browser.prepare(page, {}, { form: ({ action }) => action === `/account/links/${provider}` })
}
async function post(browser: HttpBrowser, path: string, fields: Record<string, string>) {
  const page = await open(browser)
  const request = browser.prepare(page, {}, { form: ({ action }) => action === '/account/sign-out' })
  const token = request.body?.get('csrf_token') ?? ''
  const body = new URLSearchParams({ csrf_token: token, ...fields })
  return { ...request, url: new URL(steps.at(path)), body }
}
const unlinkForm = (browser: HttpBrowser, id: string) => post(browser, '/account/unlink', { id })
const unlink = async (browser: HttpBrowser, id: string) => browser.send(await unlinkForm(browser, id))
const locationOf = (answer: Response) => answer.headers.get('location')

/** Presses “Link GitHub”, and stops before GitHub's answer is opened here. */
async function answerOfGitHub(browser: HttpBrowser, login: string): Promise<URL> {
  const page = await browser.open(locationOf(await browser.send(await linkForm(browser))) ?? '')
  const back = await browser.send(browser.prepare(page, {}, { button: `Continue as ${login}` }))
  return new URL(locationOf(back) ?? '')
}
const link = async (browser: HttpBrowser, login: string): Promise<BrowserPage> =>
  browser.open(await answerOfGitHub(browser, login))

describe('linking', () => {
  test('adds a way to sign in, and tells the owner by mail', async () => {
    const { browser, id, username, email } = await person()
    steps.onGitHub('added', { name: 'Ada Lovelace' })
    const page = await link(browser, 'added')
    expect([page.status, page.url.pathname]).toEqual([200, '/account/security'])
    expect(page.text).toContain('you can sign in that way from now on')
    expect((await federation.latchkey.mailTo(email)).subject).toContain('A way to sign in was added')
    expect(await providersOf(id)).toEqual(['github'])
    const elsewhere = federation.browser()
    await steps.byGitHub(elsewhere, 'added')
    expect(await steps.signedInAs(elsewhere)).toBe(username)
    // What was empty is filled, the rest stays.
    expect(await accounts().byId(id)).toMatchObject({ givenName: 'Ada', email })
  })

  test('needs a session that is younger than fifteen minutes, and so does unlinking', async () => {
    const { browser, id } = await person()
    steps.onGitHub('stale')
    await link(browser, 'stale')
    const [linking, unlinking] = [
      await linkForm(browser, 'okta'),
      await post(browser, '/account/unlink', { id: await identityOf(id, 'github') }),
    ]
    passTime(901)
    for (const request of [linking, unlinking]) {
      const answer = await browser.send(request)
      expect([answer.status, locationOf(answer)]).toEqual([
        303,
        expect.stringMatching(/^\/login\?again=1&return_to=%2Fconfirm%2F/),
      ])
    }
    expect(await providersOf(id)).toEqual(['github'])
    // The page that this leads to asks again, though there is a session, and then it works.
    const again = await open(browser, '/login?again=1&return_to=/account')
    expect(again.text).toContain('Sign in again')
    const user = await accounts().byId(id)
    await browser.signIn(again, { identifier: user?.username ?? '', password: PASSWORD })
    expect(locationOf(await unlink(browser, await identityOf(id, 'github')))).toBe(
      '/account/security?done=unlinked',
    )
  })

  test('nobody is linked who is not signed in', async () => {
    const { browser } = await person()
    const request = await linkForm(browser)
    await browser.submit(await open(browser, '/logout'), {}, { button: 'Sign out' })
    const answer = await browser.send(request)
    // The token of the form was of a browser that is still the same: it is the session that is missing.
    expect([answer.status, locationOf(answer)]).toEqual([303, '/login?return_to=/account/security'])
  })

  test('from another site, or without the page’s token, it is refused; so is unlinking', async () => {
    const { browser, id } = await person()
    steps.onGitHub('targeted')
    await link(browser, 'targeted')
    const identity = await identityOf(id, 'github')
    const requests = [
      await linkForm(browser, 'okta'),
      await post(browser, '/account/unlink', { id: identity }),
    ]
    for (const request of requests) {
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
      expect((await browser.send({ ...request, headers: foreign })).status).toBe(403)
      const tokenless = new URLSearchParams({ id: identity })
      expect((await browser.visit({ ...request, headers: {}, body: tokenless })).status).toBe(403)
      const ofAnother = new URLSearchParams({ id: identity, csrf_token: 'another-browsers-token' })
      expect((await browser.visit({ ...request, headers: {}, body: ofAnother })).status).toBe(403)
      // A link cannot do it at all.
      expect((await browser.send({ url: request.url, method: 'GET' })).status).toBe(404)
    }
    expect(await providersOf(id)).toEqual(['github'])
  })

  test('an identity that is another account’s stays there, and the page says why', async () => {
    const owner = await newcomer('owned')
    const { browser, id } = await person()
    const page = await link(browser, 'owned')
    expect([page.status, page.url.pathname]).toEqual([200, '/account/security'])
    expect(page.text).toContain('That account at GitHub signs in to another account here.')
    expect(await providersOf(id)).toEqual([])
    expect(await providersOf(owner.id)).toEqual(['github'])
  })

  test('linking what is linked already changes nothing', async () => {
    const { browser, id } = await newcomer('double')
    const request = await linkForm(browser, 'okta')
    request.url.pathname = '/account/links/github'
    const page = await browser.open(locationOf(await browser.send(request)) ?? '')
    expect((await browser.submit(page, {}, { button: 'Continue as double' })).status).toBe(200)
    expect(await providersOf(id)).toEqual(['github'])
  })

  test('signed out between the click and the answer: nothing is linked', async () => {
    const { browser, id } = await person()
    steps.onGitHub('orphan')
    const callback = await answerOfGitHub(browser, 'orphan')
    await browser.submit(await open(browser, '/logout'), {}, { button: 'Sign out' })
    await browser.open(callback)
    expect(await providersOf(id)).toEqual([])
    expect(await steps.signedInAs(browser)).toBeUndefined()
  })

  test('another person signed in between the click and the answer: linked to neither', async () => {
    const { browser, id } = await person()
    const other = await federation.latchkey.createUser()
    steps.onGitHub('switched')
    const callback = await answerOfGitHub(browser, 'switched')
    await browser.submit(await open(browser, '/logout'), {}, { button: 'Sign out' })
    await browser.signIn(await open(browser, '/login'), { identifier: other.username, password: PASSWORD })
    const page = await browser.open(callback)
    expect(page.text).toContain('That sign-in cannot go on')
    expect([await providersOf(id), await providersOf(other.id)]).toEqual([[], []])
    expect(await steps.signedInAs(browser)).toBe(other.username)
  })

  test('disabled, or with a new password, between the click and the answer: nothing is linked', async () => {
    const disabled = await person()
    const reset = await person()
    steps.onGitHub('too-late')
    const answers = [
      await answerOfGitHub(disabled.browser, 'too-late'),
      await answerOfGitHub(reset.browser, 'too-late'),
    ] as const
    passTime(1)
    await accounts().disable(disabled.id)
    await accounts().forgot(reset.email)
    const { link: resetLink } = await federation.latchkey.mailTo(reset.email)
    await accounts().reset(resetLink.searchParams.get('token') ?? '', 'quartz-lantern-31-orbit')
    await disabled.browser.open(answers[0])
    await reset.browser.open(answers[1])
    expect([await providersOf(disabled.id), await providersOf(reset.id)]).toEqual([[], []])
  })

  test('an attacker’s answer, opened in the victim’s browser, links nothing', async () => {
    const [victim, attacker] = [await person(), await person()]
    steps.onGitHub('mallory')
    const callback = await answerOfGitHub(attacker.browser, 'mallory')
    const lured = await victim.browser.open(callback)
    // Signed in, /login leads on to the account.
    expect(lured.url.pathname).toBe('/account')
    // Also while the victim is linking themselves.
    const own = await answerOfGitHub(victim.browser, 'mallory')
    own.searchParams.set('code', callback.searchParams.get('code') ?? '')
    expect((await victim.browser.open(own)).text).toContain('Signing in with GitHub did not work')
    expect([await providersOf(victim.id), await providersOf(attacker.id)]).toEqual([[], []])
  })

  test('of two accounts that link one identity at once, one has it', async () => {
    const people = [await person(), await person()]
    steps.onGitHub('wanted')
    const callbacks = await Promise.all(people.map(({ browser }) => answerOfGitHub(browser, 'wanted')))
    await Promise.all(people.map(({ browser }, each) => browser.open(callbacks[each] ?? '')))
    const linked = await Promise.all(people.map(({ id }) => providersOf(id)))
    expect(linked.flat()).toEqual(['github'])
  })
})

describe('unlinking', () => {
  test('tells the owner by mail, and what was signed in by it is signed out, but for who asks', async () => {
    const api = createApi(federation.latchkey.issuer)
    const { browser, id, email, username } = await person()
    steps.onGitHub('removed')
    await link(browser, 'removed')
    const [byIt, byPassword] = [federation.browser(), federation.browser()]
    await steps.byGitHub(byIt, 'removed')
    await byPassword.signIn(await open(byPassword, '/login'), { identifier: username, password: PASSWORD })
    const program = federation.browser()
    const start = await program.send({ url: new URL(steps.at('/api/auth/oauth/github')), method: 'GET' })
    const page = await program.open(locationOf(start) ?? '')
    const tokens = JSON.parse((await program.submit(page, {}, { button: 'Continue as removed' })).body)
    const own = (await api.login(username)).json
    expect((await api.me(bearer(tokens.access_token))).status).toBe(200)

    const identity = await identityOf(id, 'github')
    expect(locationOf(await unlink(browser, identity))).toBe('/account/security?done=unlinked')
    expect((await federation.latchkey.mailTo(email)).subject).toContain('A way to sign in was removed')
    expect(await steps.signedInAs(byIt)).toBeUndefined()
    expect(await steps.signedInAs(byPassword)).toBe(username)
    expect(await steps.signedInAs(browser)).toBe(username)
    // Tokens of the API came by it too.
    expect((await api.me(bearer(tokens.access_token))).status).toBe(401)
    expect((await api.post('/refresh', { refresh_token: tokens.refresh_token })).status).toBe(401)
    expect((await api.me(bearer(own.access_token))).status).toBe(200)
    // And it signs in to this account no more.
    const later = federation.browser()
    await steps.byGitHub(later, 'removed')
    expect(await steps.signedInAs(later)).toBe('removed')
    expect(await providersOf(id)).toEqual([])
  })

  test('a change of address that waits is dropped with it, and the page says so', async () => {
    const { browser, id, email } = await person()
    steps.onGitHub('dropping')
    await link(browser, 'dropping')
    const byIt = federation.browser()
    const page = await steps.byGitHub(byIt, 'dropping')
    expect(page.url.pathname).toBe('/account')
    await byIt.submit(page, { email: 'dropped@example.com' }, { button: 'Change email' })
    const token =
      (await federation.latchkey.mailTo('dropped@example.com')).link.searchParams.get('token') ?? ''
    const done = await browser.visit(await unlinkForm(browser, await identityOf(id, 'github')))
    expect(done.text).toContain(
      'That way to sign in is removed. We sent you a message about it. A change of your',
    )
    expect(await accounts().verification.byToken(token)).toEqual({ kind: 'expired' })
    expect(await accounts().byId(id)).toMatchObject({ email, pendingEmail: null })
  })

  test('who asks in the very session that came by it stays signed in', async () => {
    const { browser, id, username } = await person()
    steps.onGitHub('asker')
    await link(browser, 'asker')
    const other = federation.browser()
    await steps.byGitHub(other, 'asker')
    await unlink(other, await identityOf(id, 'github'))
    expect(await steps.signedInAs(other)).toBe(username)
  })

  test('a sign-in elsewhere under way goes on to no account of before', async () => {
    const { browser, id, username } = await person()
    steps.onGitHub('on-the-way')
    await link(browser, 'on-the-way')
    const other = federation.browser()
    const callback = await steps.capture(other, 'on-the-way')
    await unlink(browser, await identityOf(id, 'github'))
    await other.open(callback)
    expect(await steps.signedInAs(other)).not.toBe(username)
  })

  test('the last way to sign in stays', async () => {
    const { browser, id } = await newcomer('lone')
    const page = await open(browser)
    expect(page.text).toContain('The only way to sign in')
    expect(page.forms.map(({ action }) => action)).not.toContain('/account/unlink')
    const answer = await browser.visit(await unlinkForm(browser, await identityOf(id, 'github')))
    expect([answer.status, answer.text]).toEqual([409, expect.stringContaining('only way to sign in')])
    expect(await providersOf(id)).toEqual(['github'])
  })

  test('a provider that is switched off is no other way', async () => {
    const { browser, id } = await newcomer('leaning')
    federation.okta.accounts = [{ sub: 'o-leaning', email: 'leaning@example.com', email_verified: true }]
    const there = await browser.open(locationOf(await browser.send(await linkForm(browser, 'okta'))) ?? '')
    await browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    expect(await providersOf(id)).toEqual(['github', 'okta'])
    await federation.latchkey.services.providers.disable('okta')
    const refused = await browser.visit(await unlinkForm(browser, await identityOf(id, 'github')))
    await federation.latchkey.services.providers.enable('okta')
    expect(refused.status).toBe(409)
    expect(locationOf(await unlink(browser, await identityOf(id, 'github')))).toBe(
      '/account/security?done=unlinked',
    )
  })

  test('two sign-in methods removed at once leave one', async () => {
    const { browser, id } = await newcomer('pair')
    federation.okta.accounts = [{ sub: 'o-pair', email: 'pair@example.com', email_verified: true }]
    const there = await browser.open(locationOf(await browser.send(await linkForm(browser, 'okta'))) ?? '')
    await browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    const requests = [
      await post(browser, '/account/unlink', { id: await identityOf(id, 'github') }),
      await post(browser, '/account/unlink', { id: await identityOf(id, 'okta') }),
    ]
    const answers = await Promise.all(requests.map((request) => browser.send(request)))
    expect(answers.map(locationOf).sort()).toEqual(['/account/security', '/account/security?done=unlinked'])
    expect(await providersOf(id)).toHaveLength(1)
  })

  test('other people’s ids, and ids of nobody, do nothing and are not called done', async () => {
    const victim = await newcomer('unmoved')
    const { browser, email } = await person()
    for (const id of [await identityOf(victim.id, 'github'), 'nobody', '', '__proto__', "' OR 1=1 --"])
      expect(locationOf(await unlink(browser, id))).toBe('/account/security')
    expect((await browser.visit(await unlinkForm(browser, 'x'.repeat(101)))).status).toBe(422)
    expect(await providersOf(victim.id)).toEqual(['github'])
    for (const address of [email, victim.email])
      await expect(federation.latchkey.mailTo(address)).rejects.toThrow()
  })

  test('without a password there is a button that sets one, and then the last provider may go', async () => {
    const { browser, id, email, username } = await newcomer('settler')
    const page = await open(browser)
    expect(page.forms.map(({ action }) => action)).not.toContain('/account/password')
    await browser.submit(page, {}, { form: ({ action }) => action === '/forgot-password' })
    const mailed = await browser.open((await federation.latchkey.mailTo(email)).link)
    await browser.submit(mailed, { 'New password': PASSWORD }, {})
    expect(locationOf(await unlink(browser, await identityOf(id, 'github')))).toBe(
      '/account/security?done=unlinked',
    )
    expect(await providersOf(id)).toEqual([])
    const later = federation.browser()
    await later.signIn(await open(later, '/login'), { identifier: username, password: PASSWORD })
    expect(await steps.signedInAs(later)).toBe(username)
  })

  test('an address change upstream gives nobody the account after unlinking: the address is proven here', async () => {
    const { browser, id, email } = await person()
    const user = steps.onGitHub('mover')
    await link(browser, 'mover')
    await unlink(browser, await identityOf(id, 'github'))
    Object.assign(user, primaryAddress(email))
    const later = federation.browser()
    expect((await steps.byGitHub(later, 'mover')).text).toContain('You have an account already')
    expect(await steps.signedInAs(later)).toBeUndefined()
  })
})
