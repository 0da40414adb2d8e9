import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import {
  allow,
  codeFor,
  enter,
  fill,
  follow,
  heading,
  linkFor,
  newcomer,
  press,
  register,
  signedInAs,
  signIn,
  startAt,
} from './steps.ts'

const NEW_PASSWORD = 'quiet-lantern-41-meadow'

describe.each(['on', 'off'])('ways round (JavaScript %s)', (scripts) => {
  let e2e: E2eFixture
  const tab = () => e2e.tab({ javaScriptEnabled: scripts === 'on' })
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  test('the link in the message, in the browser that registered', async () => {
    const person = newcomer()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Create account')
    await register(page, person)
    await page.goto(await linkFor(e2e.latchkey, person))
    await press(page, 'Verify')
    await allow(page)
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('the link in the message on another device, then the first one goes on by itself', async () => {
    const person = newcomer()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Create account')
    await register(page, person)

    const phone = await tab()
    await phone.goto(await linkFor(e2e.latchkey, person))
    await press(phone, 'Verify')
    await heading(phone, 'Email verified')

    await page.reload()
    await allow(page)
    await signedInAs(page, person.username)
    expect([...page.complaints, ...phone.complaints]).toEqual([])
  })

  test('a forgotten password, by the link in the message, ends at the app', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Forgot password?')
    await fill(page, 'Email', person.email)
    await press(page, 'Send reset link')
    await heading(page, 'Check your mail')
    await page.goto(await linkFor(e2e.latchkey, person))
    await fill(page, 'New password', NEW_PASSWORD)
    await press(page, 'Set new password')
    await allow(page)
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('a forgotten password, the link opened on another device: that one is signed in, the first one can', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Forgot password?')
    await fill(page, 'Email', person.email)
    await press(page, 'Send reset link')
    await heading(page, 'Check your mail')

    const phone = await tab()
    await phone.goto(await linkFor(e2e.latchkey, person))
    await fill(phone, 'New password', NEW_PASSWORD)
    await press(phone, 'Set new password')
    await heading(phone, 'Password changed')
    await follow(phone, 'Go to your account')
    await heading(phone, 'Your account')

    await follow(page, 'Back to sign in')
    await signIn(page, person.username, NEW_PASSWORD)
    await allow(page)
    await signedInAs(page, person.username)
    expect([...page.complaints, ...phone.complaints]).toEqual([])
  })

  test('a new account signs in before its address is verified', async () => {
    const person = newcomer()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Create account')
    await register(page, person)

    const other = await tab()
    await startAt(other, e2e.app)
    await signIn(other, person.username)
    await heading(other, 'Verify your email')
    await press(other, 'Send a new code')
    await other.getByText('A new message is on its way.').waitFor()
    await fill(other, 'Verification code', await codeFor(e2e.latchkey, person))
    await press(other, 'Verify')
    await allow(other)
    await signedInAs(other, person.username)
    expect(other.complaints).toEqual([])
  })

  test('“Deny” and “Cancel” lead back to the app, which says so', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    await page.getByRole('button', { name: 'Cancel and return to Harbour Notes' }).click()
    await heading(page, 'You were not signed in')

    await follow(page, 'Try again')
    await signIn(page, person.username)
    await heading(page, 'Allow access?')
    await press(page, 'Deny')
    await heading(page, 'You were not signed in')
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
    expect(page.complaints).toEqual([])
  })

  test('a wrong password, then the right one; by username and by email', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    await signIn(page, person.email, 'not-the-password')
    await page.getByRole('alert').waitFor()
    expect(await page.getByLabel('Email or username').inputValue()).toBe(person.email)
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('')
    await signIn(page, person.username.toUpperCase())
    await allow(page)
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('“Use another account” on the consent page', async () => {
    const [one, other] = [await e2e.latchkey.createUser(), await e2e.latchkey.createUser()]
    const page = await tab()
    await startAt(page, e2e.app)
    await signIn(page, one.username)
    await heading(page, 'Allow access?')
    await press(page, 'Use another account')
    await signIn(page, other.username)
    await page.getByText(other.email).waitFor()
    await allow(page)
    await signedInAs(page, other.username)
    await page.goto(`${e2e.latchkey.issuer}/account`)
    await page.getByText(`Signed in as ${other.username}`).waitFor()
    expect(page.complaints).toEqual([])
  })

  test('“Stay signed in” signs out of the app alone', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await enter(page, e2e.app, person)
    await page.goto(`${e2e.latchkey.issuer}/logout?client_id=${e2e.app.clientId}`)
    await heading(page, 'Sign out?')
    await press(page, 'Stay signed in')
    await heading(page, 'You are still signed in')
    await page.goto(`${e2e.latchkey.issuer}/account`)
    await page.getByText(`Signed in as ${person.username}`).waitFor()
    expect(page.complaints).toEqual([])
  })

  test('a sign-in page that was left open too long, and the back button after a sign-in', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    e2e.shiftClock(2 * 3600_000)
    try {
      await signIn(page, person.username)
      await page.getByText('open for too long').waitFor()
    } finally {
      e2e.shiftClock(0)
    }
    await enter(page, e2e.app, person)
    await page.goBack()
    await heading(page, 'This sign-in is finished')
    await page.goForward()
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('two tabs of one browser sign in side by side', async () => {
    const person = await e2e.latchkey.createUser()
    const one = await tab()
    const other = await one.context().newPage()
    await startAt(one, e2e.app)
    await startAt(other, e2e.app)
    await signIn(one, person.username)
    await allow(one)
    await signedInAs(one, person.username)
    await signIn(other, person.username)
    await signedInAs(other, person.username)

    // And where the other tab only looks again: the sign-in of the first one answers it.
    const third = await e2e.tab({ javaScriptEnabled: scripts === 'on' })
    const fourth = await third.context().newPage()
    await startAt(third, e2e.app)
    await startAt(fourth, e2e.app)
    await signIn(third, person.username)
    await signedInAs(third, person.username)
    await fourth.reload()
    await signedInAs(fourth, person.username)
    expect([...one.complaints, ...third.complaints]).toEqual([])
  })
})
