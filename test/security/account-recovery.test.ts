import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, givePasskey } from '../support/authenticator.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type AuthenticatorApp, movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

/*
 * An account whose second factors are lost: they are removed by its mailbox and its password together, after a delay, and by
 * neither alone.
 */

const HOUR = 3_600_000

describe.each(engines)('the recovery of an account, on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  let people = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
  })
  afterAll(() => latchkey?.stop())

  interface Person {
    id: string
    email: string
    username: string
    app: AuthenticatorApp
  }
  const newPerson = async (): Promise<Person> => {
    const user = await latchkey.createUser(`lost${++people}`)
    return { ...user, app: await withAuthenticatorApp(latchkey, user.id, clock) }
  }
  const at = (path: string) => `${latchkey.issuer}${path}`
  const login = async ({ email }: { email: string }, browser = createHttpBrowser()) => {
    const page = await browser.signIn(await browser.open(at('/login')), {
      identifier: email,
      password: PASSWORD,
    })
    expect(page.url.pathname).toBe('/login/verify')
    return { browser, page }
  }
  const signedIn = async (person: Person) => {
    const { browser, page } = await login(person)
    await browser.submit(page, { Code: person.app.code() }, { button: 'Continue' })
    return browser
  }
  const start = async (person: Person) => {
    const { browser, page } = await login(person)
    const explained = await browser.follow(page, 'I have lost all of these')
    expect(explained.url.pathname).toBe('/login/recover')
    const waiting = await browser.submit(explained, {}, { button: 'Start recovery' })
    expect(waiting.text).toContain('It is ready on')
    return browser
  }
  const stopLink = async ({ email }: Person) => (await latchkey.mailTo(email)).link
  /** The time passes, as far as this recovery goes: sessions know the real time alone. */
  const ready = async ({ id, email }: Person) => {
    const sooner = new Date(clock.now() - HOUR)
    await latchkey.services.db.prisma.accountRecovery.updateMany({
      where: { accountId: id, outcome: null },
      data: { readyAt: sooner },
    })
    await latchkey.services.factors.recovery.advance()
    return (await latchkey.mailTo(email)).link
  }
  const factorsOf = async ({ id }: Person) =>
    (await latchkey.services.accounts.byId(id))?.secondFactors.join(' ')
  const finishWith = async (browser: HttpBrowser, person: Person, link: URL) => {
    const asked = await browser.open(link)
    const page =
      asked.url.pathname === '/login/recover/finish'
        ? asked
        : await browser.signIn(asked, { identifier: person.email, password: PASSWORD })
    expect([page.url.pathname, page.url.search]).toEqual(['/login/recover/finish', ''])
    return browser.submit(page, {}, { button: 'Remove my second factors' })
  }

  test('begun on the way to an app it leads back there, names the app and can be cancelled', async () => {
    const person = await newPerson()
    const redirectUri = 'https://app.example/cb'
    const client = await latchkey.createClient({ client_name: 'Harbour Notes', redirect_uris: [redirectUri] })
    const request = new URL(at('/authorize'))
    request.search = String(
      new URLSearchParams({
        ...{ client_id: client.client_id, redirect_uri: redirectUri, response_type: 'code', scope: 'openid' },
        ...{ state: 's', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' },
      }),
    )
    const browser = createHttpBrowser({ stopAt: [redirectUri] })
    const step = await browser.signIn(await browser.open(request), {
      identifier: person.email,
      password: PASSWORD,
    })
    const lost = await browser.follow(step, 'I have lost all of these')
    expect([lost.url.pathname, lost.text.includes('Harbour Notes')]).toEqual(['/login/recover', true])
    const started = await browser.submit(lost, {}, { button: 'Start recovery' })
    expect([started.text.includes('It is ready on'), started.text.includes('Harbour Notes')]).toEqual([
      true,
      true,
    ])
    const back = await browser.follow(started, 'Back to the second factor')
    expect(back.url.pathname).toBe(step.url.pathname)
    const cancelled = await browser.submit(started, {}, { form: ({ action }) => action.endsWith('/cancel') })
    expect([cancelled.left, cancelled.url.searchParams.get('error')]).toEqual([true, 'access_denied'])
  })

  test('keeps the page that the sign-in was for', async () => {
    const person = await newPerson()
    const browser = createHttpBrowser()
    const page = await browser.signIn(await browser.open(at('/login?return_to=/account/data')), {
      identifier: person.email,
      password: PASSWORD,
    })
    const lost = await browser.follow(page, 'I have lost all of these')
    const back = await browser.follow(lost, 'Back to the second factor')
    const done = await browser.submit(back, { Code: person.app.code() }, { button: 'Continue' })
    expect(done.url.pathname).toBe('/account/data')
  })

  test('is started by who has shown the password, and finished by the link in the mail and the password', async () => {
    const person = await newPerson()
    await start(person)
    const mail = await latchkey.mailTo(person.email)
    expect(mail.subject).toContain('is to be removed')
    expect(mail.text).toMatch(/Device: Unknown device\s+Time: .+\s+Network address: (127\.0\.0\.1|::1)/)
    const link = await ready(person)
    const owner = await signedIn(await newPerson()).then(() => createHttpBrowser())
    const done = await finishWith(owner, person, link)
    expect(done.text).toContain('Your second factors are removed')
    expect(await factorsOf(person)).toBe('')
    expect((await latchkey.mailTo(person.email)).subject).toContain('was removed')
    const page = await owner.signIn(await owner.follow(done, 'Sign in'), {
      identifier: person.email,
      password: PASSWORD,
    })
    expect(page.url.pathname).toBe('/account/security')
  })

  test('is not to be had without a sign-in, nor by who is signed in with a second factor', async () => {
    const person = await newPerson()
    const stranger = await createHttpBrowser().open(at('/login/recover'))
    expect(stranger.url.pathname).toBe('/login')
    const browser = await signedIn(person)
    expect((await browser.open(at('/login/recover'))).url.pathname).toBe('/account/security')
    const page = await browser.open(at('/account'))
    const prepared = browser.prepare(page, {}, { button: 'Sign out' })
    await browser.send({ ...prepared, url: new URL(at('/login/recover')) })
    expect(await latchkey.services.db.prisma.accountRecovery.count({ where: { accountId: person.id } })).toBe(
      0,
    )
  })

  test('started again says when it is ready, and sends no second mail', async () => {
    const person = await newPerson()
    await start(person)
    const link = await stopLink(person)
    const { browser } = await login(person)
    const page = await browser.open(at('/login/recover'))
    expect(page.text).toContain('It is ready on')
    expect(page.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))).not.toContain(
      'Start recovery',
    )
    expect((await stopLink(person)).href).toBe(link.href)
  })

  test('is stopped by the link in the first mail: opening it does nothing, its button does, once, without a sign-in', async () => {
    const person = await newPerson()
    await start(person)
    const link = await stopLink(person)
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    await browser.open(link)
    const { factors } = latchkey.services
    const waits = () => factors.recovery.waiting({ id: person.id, secondFactors: ['totp'] })
    expect(await waits()).toBeDefined()
    const done = await browser.submit(page, {}, { button: 'Stop the recovery' })
    expect(done.text).toContain('The recovery is stopped')
    expect(await waits()).toBeUndefined()
    expect((await browser.open(link)).status).toBe(410)
  })

  test('is told on every page of a signed-in owner, who stops it there', async () => {
    const person = await newPerson()
    const browser = await signedIn(person)
    await start(person)
    for (const path of ['/account', '/account/security', '/account/sessions', '/account/apps'])
      expect((await browser.open(at(path))).text).toContain('about to be removed')
    const page = await browser.open(at('/account/security'))
    const done = await browser.submit(page, {}, { button: 'Stop it' })
    expect(done.text).toContain('The recovery is stopped')
    expect(done.text).not.toContain('about to be removed')
    expect((await latchkey.mailTo(person.email)).subject).toContain('stays')
  })

  test('is stopped by a sign-in with the second factor', async () => {
    const person = await newPerson()
    await start(person)
    const browser = await signedIn(person)
    expect((await browser.open(at('/account'))).text).not.toContain('about to be removed')
    expect((await latchkey.mailTo(person.email)).text).toContain('was used')
  })

  test('is stopped by a passkey, as the second factor and alone; not by one that is refused', async () => {
    const person = await newPerson()
    const authenticator = createAuthenticator(latchkey.issuer)
    await givePasskey(latchkey, person, authenticator)
    const { passkeys, recovery } = latchkey.services.factors
    const waits = async () =>
      (await recovery.waiting({ id: person.id, secondFactors: ['totp', 'passkey'] })) !== undefined
    for (const accountId of [person.id, undefined]) {
      await start(person)
      const options = await passkeys.signInOptions('here', accountId)
      const credential = authenticator.get(options)
      expect((await passkeys.verifySignIn(credential, 'elsewhere', accountId)).kind).toBe('wrong')
      expect(await waits()).toBe(true)
      const again = authenticator.get(await passkeys.signInOptions('here', accountId))
      expect((await passkeys.verifySignIn(again, 'here', accountId)).kind).toBe('verified')
      expect(await waits()).toBe(false)
    }
  })

  describe('the link that finishes', () => {
    test('does nothing by itself: it asks for the password', async () => {
      const person = await newPerson()
      await start(person)
      const link = await ready(person)
      const page = await createHttpBrowser().open(link)
      expect(page.url.pathname).toBe('/login')
      expect(page.url.href).not.toContain(link.searchParams.get('token'))
      expect(await factorsOf(person)).toBe('totp')
    })

    test('does nothing for a sign-in to another account, with or without its second factor', async () => {
      const [person, other] = [await newPerson(), await newPerson()]
      await start(person)
      const link = await ready(person)
      for (const browser of [(await login(other)).browser, await signedIn(other)]) {
        const page = await browser.open(link)
        expect(page.text).toContain(`This link is of the account ${person.username}`)
        const csrf = browser.prepare(page, {}, { button: `Sign in as ${person.username}` })
        await browser.send({ ...csrf, url: new URL(at('/login/recover/finish')) })
        expect([await factorsOf(person), await factorsOf(other)]).toEqual(['totp', 'totp'])
      }
    })

    test('leads who is signed in to another account to a sign-in to the right one', async () => {
      const [person, other] = [await newPerson(), await newPerson()]
      await start(person)
      const link = await ready(person)
      const { browser } = await login(other)
      const sent = await browser.open(link)
      const page = await browser.submit(sent, {}, { button: `Sign in as ${person.username}` })
      expect(page.url.pathname).toBe('/login')
      const confirm = await browser.signIn(page, { identifier: person.email, password: PASSWORD })
      await browser.submit(confirm, {}, { button: 'Remove my second factors' })
      expect([await factorsOf(person), await factorsOf(other)]).toEqual(['', 'totp'])
    })

    test('is not of a session with the second factor: that one stops it instead', async () => {
      const person = await newPerson()
      const browser = await signedIn(person)
      await start(person)
      const link = await ready(person)
      const page = await browser.open(link)
      expect(page.text).toContain('so it is not lost')
      const csrf = browser.prepare(page, {}, { button: 'Stop the recovery' })
      await browser.send({ ...csrf, url: new URL(at('/login/recover/finish')) })
      expect(await factorsOf(person)).toBe('totp')
      await browser.submit(page, {}, { button: 'Stop the recovery' })
      expect((await browser.open(link)).status).toBe(410)
    })

    test('asks a browser that is remembered for the password again: no second factor was shown there', async () => {
      const person = await newPerson()
      const { browser, page } = await login(person)
      await browser.submit(page, { Code: person.app.code(), remember: true }, { button: 'Continue' })
      await browser.submit(await browser.open(at('/logout')), {}, { button: 'Sign out' })
      await browser.signIn(await browser.open(at('/login')), { identifier: person.email, password: PASSWORD })
      expect((await browser.open(at('/account'))).url.pathname).toBe('/account')
      const again = await browser.open(at('/login/recover'))
      const explained = await browser.signIn(again, { identifier: person.email, password: PASSWORD })
      await browser.submit(explained, {}, { button: 'Start recovery' })
      const link = await ready(person)
      await finishWith(browser, person, link)
      expect(await factorsOf(person)).toBe('')
    })

    test('leaves what requires a second factor as it is: a new one is set up on the way', async () => {
      const person = await newPerson()
      const { accounts, settings } = latchkey.services
      await accounts.setRole(person.id, 'admin')
      await start(person)
      const link = await ready(person)
      await settings.change({ second_factor: 'admins' })
      try {
        const browser = createHttpBrowser()
        await finishWith(browser, person, link)
        const login = await browser.open(at('/login?return_to=/admin'))
        const page = await browser.signIn(login, { identifier: person.email, password: PASSWORD })
        expect(page.url.pathname).toBe('/login/set-up')
        expect(page.text).toContain('Set up an authenticator app')
      } finally {
        await settings.change({ second_factor: 'optional' })
      }
    })

    test('pressed twice at once finishes once, and ends every session', async () => {
      const person = await newPerson()
      const elsewhere = await signedIn(person)
      await start(person)
      const link = await ready(person)
      const { browser } = await login(person)
      const page = await browser.open(link)
      const press = browser.prepare(page, {}, { button: 'Remove my second factors' })
      const generation = async () => (await latchkey.services.accounts.byId(person.id))?.generation ?? 0
      const before = await generation()
      await Promise.all([browser.send(press), browser.send(press)])
      expect([await factorsOf(person), await generation()]).toEqual(['', before + 1])
      expect((await elsewhere.open(at('/account'))).url.pathname).toBe('/login')
      expect((await browser.open(link)).status).toBe(410)
    })

    test('works no more once the password was reset, which removes no factor and skips none', async () => {
      const person = await newPerson()
      await start(person)
      const link = await ready(person)
      await latchkey.services.accounts.sendReset(person.id)
      const browser = createHttpBrowser()
      const reset = await browser.open((await latchkey.mailTo(person.email)).link)
      const password = 'otters-in-a-glass-harbour-81'
      await browser.submit(reset, { 'New password': password }, { button: 'Set new password' })
      expect((await browser.open(at('/account'))).url.pathname).toBe('/login/verify')
      expect((await browser.open(link)).status).toBe(410)
      expect(await factorsOf(person)).toBe('totp')
    })

    test('works no more for an account that is disabled', async () => {
      const person = await newPerson()
      await start(person)
      const link = await ready(person)
      const { browser } = await login(person)
      const page = await browser.open(link)
      await latchkey.services.accounts.disable(person.id)
      await browser.submit(page, {}, { button: 'Remove my second factors' })
      expect(await factorsOf(person)).toBe('totp')
      await latchkey.services.accounts.enable(person.id)
      expect(await factorsOf(person)).toBe('totp')
    })

    test('is sent again to who waits for it, and the one before works no more', async () => {
      const person = await newPerson()
      await start(person)
      const link = await ready(person)
      const { browser } = await login(person)
      const page = await browser.open(at('/login/recover'))
      const sent = await browser.submit(page, {}, { button: 'Send the link again' })
      expect(sent.text).toContain('A new link is on its way')
      expect((await browser.open(link)).status).toBe(410)
      await finishWith(browser, person, (await latchkey.mailTo(person.email)).link)
      expect(await factorsOf(person)).toBe('')
    })
  })

  test('has the account as its actor in the audit log, and no token in log or audit', async () => {
    const person = await newPerson()
    await start(person)
    const link = await ready(person)
    await finishWith(createHttpBrowser(), person, link)
    const entries = await latchkey.services.db.prisma.auditEntry.findMany({
      where: { targetId: person.id, action: { startsWith: 'account.recovery_' } },
      orderBy: { seq: 'asc' },
    })
    expect(entries.map(({ action, actorKind, actorId }) => [action, actorKind, actorId])).toEqual([
      ['account.recovery_started', 'account', person.id],
      ['account.recovery_finished', 'account', person.id],
    ])
    const token = link.searchParams.get('token') ?? 'none'
    expect(JSON.stringify(entries)).not.toContain(token)
    expect(latchkey.log.join('')).not.toContain(token)
  })
})
