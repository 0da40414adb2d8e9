import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, givePasskey, passkeyOptions } from '../../support/authenticator.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'

const REFUSED = /That passkey was not accepted/
const isPasskeyForm = ({ action }: { action: string }) => action.includes('/passkey')

describe.each(engines)('signing in with a passkey on %s', (engine) => {
  let latchkey: Latchkey
  let ahead = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead })
  })
  afterAll(() => latchkey.stop())

  async function owner(behaviour = {}) {
    const user = await latchkey.createUser()
    const authenticator = createAuthenticator(latchkey.issuer, behaviour)
    return { user, authenticator, passkey: await givePasskey(latchkey, user, authenticator) }
  }
  const login = (browser: HttpBrowser, path = '/login') => browser.open(`${latchkey.issuer}${path}`)
  const answer = (browser: HttpBrowser, page: BrowserPage, credential: object) =>
    browser.submit(page, { credential: JSON.stringify(credential) }, { form: isPasskeyForm })
  async function enter({ authenticator }: Awaited<ReturnType<typeof owner>>, browser = createHttpBrowser()) {
    const page = await login(browser)
    return answer(browser, page, authenticator.get(passkeyOptions(page)))
  }
  const signInEvents = async (id: string) =>
    (await latchkey.services.audit.list({ action: 'account.sign' }, { limit: 100 })).items.filter(
      ({ target }) => target?.id === id,
    )

  test('without a name or a password being typed; it is recorded, and the browser is known from then on', async () => {
    const person = await owner()
    const browser = createHttpBrowser()
    const page = await enter(person, browser)
    expect(page.url.pathname).toBe('/account')
    expect(page.text).toContain(`Signed in as ${person.user.username}`)
    const account = await latchkey.services.accounts.byId(person.user.id)
    expect(account?.lastSignInAt).toBeGreaterThan(Date.now() - 60_000)
    const [session] = await latchkey.services.artifacts.listByAccount('Session', person.user.id)
    expect(session?.payload).toMatchObject({
      amr: ['hwk', 'user', 'mfa'],
      acr: 'urn:latchkey:acr:phr',
    })
    expect(browser.cookies.header(new URL(latchkey.issuer))).toContain('latchkey_device=')
  })

  test('a removed passkey is refused in a sentence, above the form for a password', async () => {
    const person = await owner()
    await latchkey.services.factors.passkeys.remove(
      { accountId: person.user.id, generation: 0 },
      person.passkey.id,
    )
    const browser = createHttpBrowser()
    const page = await enter(person, browser)
    expect(page.status).toBe(401)
    expect(page.text).toMatch(REFUSED)
    const account = await browser.signIn(page, { identifier: person.user.username, password: PASSWORD })
    expect(account.url.pathname).toBe('/account')
  })

  test('the challenge of another browser, and an answer that was sent before, are refused', async () => {
    const { authenticator } = await owner()
    const [one, other] = [createHttpBrowser(), createHttpBrowser()]
    const credential = authenticator.get(passkeyOptions(await login(one)))
    expect((await answer(other, await login(other), credential)).text).toMatch(REFUSED)
    const page = await login(one)
    expect((await answer(one, page, credential)).url.pathname).toBe('/account')
    const later = createHttpBrowser()
    expect((await answer(later, await login(later), credential)).text).toMatch(REFUSED)
  })

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another host', { rpId: 'evil.example' }],
    ['a user that was not verified', { verifies: false }],
  ])('%s is refused', async (_name, behaviour) => {
    const person = await owner()
    Object.assign(person.authenticator.behaviour, behaviour)
    expect((await enter(person)).text).toMatch(REFUSED)
  })

  test('a disabled account is refused in the same words', async () => {
    const person = await owner()
    await latchkey.services.accounts.disable(person.user.id)
    expect((await enter(person)).text).toMatch(REFUSED)
  })

  test('a lock by wrong passwords does not keep the owner of a passkey out', async () => {
    const person = await owner()
    for (let tries = 0; tries < 5; tries++)
      await latchkey.services.accounts.authenticate({ identifier: person.user.username, password: 'wrong' })
    const account = await latchkey.services.accounts.byId(person.user.id)
    expect(account?.lockedUntil).toBeGreaterThan(Date.now())
    expect((await enter(person)).url.pathname).toBe('/account')
  })

  test('a counter that goes back: refused from then on, and its owner gets a mail', async () => {
    const person = await owner({ counter: 7 })
    await enter(person)
    person.authenticator.behaviour.counter = 3
    expect((await enter(person)).text).toMatch(REFUSED)
    const mail = await latchkey.mailTo(person.user.email)
    expect(mail.subject).toMatch(/passkey .* is refused/)
    expect(mail.text).toContain(person.passkey.name)
    person.authenticator.behaviour.counter = 99
    expect((await enter(person)).text).toMatch(REFUSED)
  })

  test('signing in once more is for the account that is signed in', async () => {
    const [person, other] = [await owner(), await owner()]
    const browser = createHttpBrowser()
    await enter(person, browser)
    ahead = 16 * 60_000
    const page = await login(browser, '/login?again=1&return_to=/account')
    expect(page.text).toContain('Sign in again to confirm that it is you.')
    const refused = await answer(browser, page, other.authenticator.get(passkeyOptions(page)))
    expect(refused.text).toContain('That is another account')
    const own = await answer(browser, refused, person.authenticator.get(passkeyOptions(refused)))
    expect(own.text).toContain(`Signed in as ${person.user.username}`)
    ahead = 0
  })

  test('inside a flow of an app, the flow goes on', async () => {
    const person = await owner()
    const { client_id, redirect_uri } = await latchkey.createClient()
    const browser = createHttpBrowser({ stopAt: [redirect_uri] })
    const address = `/authorize?${new URLSearchParams({
      client_id,
      redirect_uri,
      response_type: 'code',
      scope: 'openid',
      nonce: 'n',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })}`
    const page = await login(browser, address)
    expect(page.url.pathname).toMatch(/^\/interaction\//)
    const wrong = await answer(browser, page, { id: 'nothing' })
    expect(wrong.text).toMatch(REFUSED)
    expect(wrong.url.pathname).toBe(page.url.pathname)
    const consent = await answer(browser, wrong, person.authenticator.get(passkeyOptions(wrong)))
    expect(consent.text).toContain('Allow access?')
    expect((await browser.allow(consent)).url.searchParams.get('code')).toBeTruthy()
  })

  test('new options for a page that was open for long are those of its browser', async () => {
    const person = await owner()
    const browser = createHttpBrowser()
    const page = await login(browser)
    const path = `${latchkey.issuer}/login/passkey`
    // A person is shown no JSON.
    expect((await browser.open(path)).url.pathname).toBe('/login')
    const url = new URL(path)
    const options = JSON.parse(
      await (await browser.send({ url, method: 'GET', headers: { accept: '*/*' } })).text(),
    )
    expect(options.challenge).not.toBe(passkeyOptions(page).challenge)
    expect((await answer(browser, page, person.authenticator.get(options))).url.pathname).toBe('/account')
  })

  test('the audit log says who signed in by a passkey, and what was refused', async () => {
    const person = await owner()
    await enter(person)
    person.authenticator.behaviour.origin = 'https://evil.example'
    await enter(person)
    expect(await signInEvents(person.user.id)).toMatchObject([
      { action: 'account.sign_in_failed', details: { method: 'passkey', reason: 'passkey_invalid' } },
      { action: 'account.signed_in', details: { method: 'passkey' } },
    ])
  })

  test('an issuer at an IP address offers none', async () => {
    const plain = await startLatchkey({ env: { ISSUER: 'http://127.0.0.1:3999' } })
    const { body } = await plain.app.inject('/login')
    expect(body).not.toContain('passkey')
    expect((await plain.app.inject('/login/passkey')).statusCode).toBe(404)
    await plain.stop()
  })

  test('what was wrong is counted by its address, what was right is not', async () => {
    const limited = await startLatchkey({ env: { RATE_LIMIT: 'on', RATE_LIMIT_SIGN_IN: '3' } })
    const user = await limited.createUser()
    const authenticator = createAuthenticator(limited.issuer)
    await givePasskey(limited, user, authenticator)
    const attempt = async (credential?: object) => {
      const browser = createHttpBrowser()
      const page = await browser.open(`${limited.issuer}/login`)
      return answer(browser, page, credential ?? authenticator.get(passkeyOptions(page)))
    }
    for (let count = 0; count < 5; count++) expect((await attempt()).url.pathname).toBe('/account')
    for (let count = 0; count < 3; count++) await attempt({ id: 'nothing' })
    expect((await attempt()).text).toContain('Too many attempts')
    await limited.stop()
  })
})
