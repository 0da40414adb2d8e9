import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addAuthenticator, givePasskeyIn } from '../support/passkeys.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { allow, heading, press, signedInAs, signIn, startAt, text } from './steps.ts'

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
    const authenticator = await addAuthenticator(page)
    const person = await owner(page)
    await authenticator.setPresent(false)
    await startAt(page, e2e.app)
    expect(await page.getByLabel('Email or username').getAttribute('autocomplete')).toBe('username webauthn')
    await authenticator.setPresent(true)
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
    await heading(page, 'Your account')
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
    await e2e.latchkey.services.factors.passkeys.remove(person.id, person.passkey.id)
    await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await press(page, button)
    await page.getByText('That passkey was not accepted.').waitFor()
    await signIn(page, person.username)
    await heading(page, 'Your account')
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

  test('a page that was open for long gets new options by itself', async () => {
    const page = await e2e.tab()
    const authenticator = await addAuthenticator(page)
    await owner(page)
    await authenticator.setPresent(false)
    await page.clock.install()
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await page.getByRole('button', { name: button }).waitFor()
    await authenticator.setPresent(true)
    const asked = page.waitForResponse(`${e2e.latchkey.issuer}/login/passkey`)
    await page.clock.runFor(4 * 60_000 + 1000)
    expect((await asked).status()).toBe(200)
    await heading(page, 'Your account')
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
