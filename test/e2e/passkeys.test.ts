import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addAuthenticator, givePasskeyIn } from '../support/passkeys.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { allow, fill, heading, press, signedInAs, signIn, signInAgain, startAt, text } from './steps.ts'

// Headless, Chromium calls itself something else.
const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'

/** What a browser answers that offers no passkeys in a field: only the button asks for one. */
const NO_AUTOFILL = 'PublicKeyCredential.isConditionalMediationAvailable = async () => false'

describe('passkeys in a browser', () => {
  let e2e: E2eFixture
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  async function owner(page: Page) {
    const person = await e2e.latchkey.createUser()
    const passkey = await givePasskeyIn(page, e2e.latchkey, person)
    return { ...person, passkey }
  }
  const button = 'Sign in with a passkey'

  test('the sign-in page offers a passkey in the field of the name, and it signs in', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page)
    const person = await owner(page)
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await heading(page, 'Your account')
    await page.getByText(`Signed in as ${person.username}`).waitFor()
    expect(page.complaints).toEqual([])
  })

  test('by the button, in the flow of an app', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page)
    const person = await owner(page)
    await page.addInitScript(NO_AUTOFILL)
    await startAt(page, e2e.app)
    expect(await page.getByLabel('Email or username').getAttribute('autocomplete')).toBe('username webauthn')
    await press(page, button)
    await allow(page)
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('without a passkey the button says so, and the password works', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page)
    const person = await e2e.latchkey.createUser()
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await press(page, button)
    await page.getByText('No passkey was used. Try again, or sign in with your password.').waitFor()
    await signIn(page, person.username)
    await heading(page, 'Sign in faster next time')
  })

  test('an authenticator that cannot verify its user does not sign in alone', async () => {
    const page = await e2e.tab()
    const authenticator = await addAuthenticator(page)
    await owner(page)
    await authenticator.setVerifies(false)
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await press(page, button)
    await page.getByText('No passkey was used.').waitFor()
  })

  test('a passkey that was removed is refused, and what was asked for can still be done', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page)
    const person = await owner(page)
    await e2e.latchkey.services.factors.passkeys.remove(
      { accountId: person.id, generation: 0 },
      person.passkey.id,
    )
    await page.addInitScript(NO_AUTOFILL)
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await press(page, button)
    await page.getByText('That passkey was not accepted.').waitFor()
    await signIn(page, person.username)
    // No passkey is offered: the password alone sets none up again.
    await heading(page, 'Your account')
  })

  test('after a password, as its second factor, also on a page that was open for long', async () => {
    const page = await e2e.tab()
    const authenticator = await addAuthenticator(page)
    const person = await owner(page)
    await authenticator.setPresent(false)
    const secondStep = async () => {
      await page.goto(`${e2e.latchkey.issuer}/login`)
      await signIn(page, person.username)
      await heading(page, 'Second factor')
      await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
      await authenticator.setPresent(true)
    }
    await secondStep()
    await press(page, 'Use a passkey')
    await heading(page, 'Your account')

    await page.context().clearCookies()
    await authenticator.setPresent(false)
    await page.clock.install()
    await secondStep()
    await page.clock.runFor(6 * 60_000)
    await press(page, 'Use a passkey')
    await heading(page, 'Your account')
    expect(page.complaints).toEqual([])
  })

  test('a browser without the methods for JSON signs in all the same', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page)
    await owner(page)
    await page.addInitScript(`
      delete PublicKeyCredential.parseRequestOptionsFromJSON
      delete PublicKeyCredential.prototype.toJSON
    `)
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await heading(page, 'Your account')
    expect(page.complaints).toEqual([])
  })

  test.each([
    ['the field of the name', ''],
    ['the button', NO_AUTOFILL],
  ])('a page that was open for long gets new options by itself, for %s', async (_what, script) => {
    const page = await e2e.tab()
    const authenticator = await addAuthenticator(page)
    const person = await owner(page)
    if (script === '') await authenticator.setPresent(false)
    await page.addInitScript(script)
    await page.clock.install()
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await page.getByRole('button', { name: button }).waitFor()
    const asked = page.waitForResponse(`${e2e.latchkey.issuer}/login/passkey`)
    await page.clock.runFor(4 * 60_000 + 1000)
    if (script !== '') await press(page, button)
    expect((await asked).status()).toBe(200)
    if (script !== '') await page.getByText(`Signed in as ${person.username}`).waitFor()
  })

  test('without JavaScript the page says what is missing, and the password works', async () => {
    const page = await e2e.tab({ javaScriptEnabled: false })
    const person = await e2e.latchkey.createUser()
    await page.goto(`${e2e.latchkey.issuer}/login`)
    expect(await page.getByRole('button', { name: button }).isVisible()).toBe(false)
    expect(await text(page, 'noscript')).toContain('Signing in with a passkey needs JavaScript')
    expect(await page.locator('noscript p').isVisible()).toBe(true)
    await signIn(page, person.username)
    await heading(page, 'Your account')
  })
})

describe('passkeys of an account', () => {
  let e2e: E2eFixture
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  const section = '[aria-labelledby=passkeys-heading]'
  const security = (page: Page) => page.goto(`${e2e.latchkey.issuer}/account/security`)
  async function signedIn(options: Parameters<typeof addAuthenticator>[1] = {}) {
    const page = await e2e.tab({ userAgent: CHROME })
    const person = await e2e.latchkey.createUser()
    await page.goto(`${e2e.latchkey.issuer}/login?return_to=/account/security`)
    await signIn(page, person.username)
    await heading(page, 'Security')
    return { page, person, authenticator: await addAuthenticator(page, options) }
  }

  test('the first one brings recovery codes; then it is listed, renamed and removed', async () => {
    const { page, person } = await signedIn({ synced: true })
    await press(page, 'Add a passkey')
    await heading(page, 'Recovery codes')
    expect(await page.locator('[data-recovery-code]').count()).toBe(10)
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await heading(page, 'Security')
    expect(await text(page, section)).toMatch(/Chrome on Linux\s*Synced/)
    const mail = await e2e.latchkey.mailTo(person.email)
    expect(mail.text).toContain('A passkey')

    await page.getByRole('link', { name: 'Rename Chrome on Linux' }).click()
    await fill(page, 'Name', ' ')
    await press(page, 'Save name')
    await page.getByText('Enter a name.').first().waitFor()
    await fill(page, 'Name', 'My laptop')
    await press(page, 'Save name')
    await page.getByText('The passkey has its new name.').waitFor()

    await page.getByRole('link', { name: 'Remove My laptop' }).click()
    await page.getByText('It is your only second factor').waitFor()
    await press(page, 'Remove')
    await page.getByText('It is removed.').waitFor()
    expect(await text(page, section)).not.toContain('My laptop')
    expect(page.complaints).toEqual([])
  })

  test('an authenticator that keeps one already makes no second one, and the page says so', async () => {
    const { page } = await signedIn()
    await press(page, 'Add a passkey')
    await heading(page, 'Recovery codes')
    await security(page)
    await press(page, 'Add a passkey')
    await page.getByText('This device or password manager has a passkey for your account already.').waitFor()
  })

  test('a page that was open for long makes one by new options, also in a browser without the methods for JSON', async () => {
    const { page } = await signedIn()
    await page.clock.install()
    await page.addInitScript(`
      delete PublicKeyCredential.parseCreationOptionsFromJSON
      delete PublicKeyCredential.prototype.toJSON
    `)
    await security(page)
    await page.getByRole('button', { name: 'Add a passkey' }).waitFor()
    await page.clock.runFor(6 * 60_000)
    await press(page, 'Add a passkey')
    await heading(page, 'Recovery codes')
    expect(page.complaints).toEqual([])
  })

  test('a sign-in of more than a quarter of an hour ago has to be done again first', async () => {
    const { page, person } = await signedIn()
    e2e.shiftClock(16 * 60_000)
    await security(page)
    await press(page, 'Add a passkey')
    await heading(page, 'Sign in')
    await page.getByText('Sign in again to confirm that it is you.').waitFor()
    e2e.shiftClock(0)
    await signInAgain(page, person.username)
    await heading(page, 'Add a passkey')
    await press(page, 'Add a passkey')
    await heading(page, 'Recovery codes')
  })

  test('without JavaScript the page says what is missing', async () => {
    const page = await e2e.tab({ javaScriptEnabled: false })
    const person = await e2e.latchkey.createUser()
    await page.goto(`${e2e.latchkey.issuer}/login?return_to=/account/security`)
    await signIn(page, person.username)
    await heading(page, 'Security')
    expect(await text(page, `${section} noscript`)).toContain('Adding a passkey needs JavaScript')
    expect(await page.getByRole('button', { name: 'Add a passkey' }).isVisible()).toBe(false)
    // Where a fresh sign-in is asked for first, the button would lead to nothing all the same.
    e2e.shiftClock(16 * 60_000)
    await security(page)
    expect(await text(page, `${section} noscript`)).toContain('Adding a passkey needs JavaScript')
    expect(await page.getByRole('button', { name: 'Add a passkey' }).isVisible()).toBe(false)
    e2e.shiftClock(0)
  })

  test('offered once, after a password, in a browser that keeps passkeys', async () => {
    const page = await e2e.tab()
    await addAuthenticator(page, { present: false })
    const person = await e2e.latchkey.createUser()
    const able = () => page.locator('input[name=can_passkey]').waitFor({ state: 'attached' })
    await page.goto(`${e2e.latchkey.issuer}/login?return_to=/account/sessions`)
    await able()
    await signIn(page, person.username)
    await heading(page, 'Sign in faster next time')
    await press(page, 'Skip')
    await heading(page, 'Devices')
    await page.context().clearCookies()
    await page.goto(`${e2e.latchkey.issuer}/login?return_to=/account/sessions`)
    await able()
    await signIn(page, person.username)
    await heading(page, 'Devices')
    expect(page.complaints).toEqual([])
  })

  test('the one that is offered is added, and leads on', async () => {
    const page = await e2e.tab()
    const authenticator = await addAuthenticator(page, { present: false })
    const person = await e2e.latchkey.createUser()
    await page.goto(`${e2e.latchkey.issuer}/login?return_to=/account/sessions`)
    await page.locator('input[name=can_passkey]').waitFor({ state: 'attached' })
    await signIn(page, person.username)
    await heading(page, 'Sign in faster next time')
    await authenticator.setPresent(true)
    await press(page, 'Add a passkey')
    await heading(page, 'Recovery codes')
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await heading(page, 'Devices')
    expect(await e2e.latchkey.services.factors.passkeys.list(person.id)).toHaveLength(1)
  })
})
