import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type E2eFixture, openE2eFixture, type Tab } from './e2e-fixture.ts'
import {
  allow,
  fill,
  follow,
  heading,
  newcomer,
  press,
  signedInAs,
  signIn,
  signInAgain,
  signInAtAccount,
  startAt,
  text,
} from './steps.ts'

const TWO_HOURS = 7_200_000
const TWENTY_MINUTES = 1_200_000

let e2e: E2eFixture
beforeAll(async () => {
  e2e = await openE2eFixture()
})
afterEach(() => e2e.shiftClock(0))
afterAll(() => e2e?.close())

describe.each([true, false])('with JavaScript: %s', (javaScriptEnabled) => {
  const open = () => e2e.tab({ javaScriptEnabled })

  async function administrator(): Promise<{ page: Tab; username: string }> {
    const { id, username } = await e2e.latchkey.createUser()
    await e2e.latchkey.services.accounts.setRole(id, 'admin')
    const page = await open()
    await signInAtAccount(page, e2e.latchkey.issuer, { username })
    return { page, username }
  }

  describe('Back after a sign-in', () => {
    test('in an app’s flow says that it is finished, and leads to the app', async () => {
      const { username } = await e2e.latchkey.createUser()
      const page = await open()
      await startAt(page, e2e.app)
      const signInPage = page.url()
      await signIn(page, username)
      await allow(page)
      await signedInAs(page, username)
      await page.goBack()
      await heading(page, 'This sign-in is finished')
      await page.goto(signInPage)
      await heading(page, 'This sign-in is finished')
      await follow(page, 'Go to Harbour Notes')
      await signedInAs(page, username)
      expect(page.complaints).toEqual([])
    })

    test('on its own goes on to where it led', async () => {
      const { username } = await e2e.latchkey.createUser()
      const page = await open()
      await signInAtAccount(page, e2e.latchkey.issuer, { username })
      await page.goBack()
      await heading(page, 'Your account')
      await page.goto(`${e2e.latchkey.issuer}/login?again=1&return_to=/account`)
      await heading(page, 'Your account')
    })
  })

  describe('a form left open for two hours', () => {
    test('in an app’s flow starts the flow again, with what was typed, and ends at the app', async () => {
      const { username } = await e2e.latchkey.createUser()
      const page = await open()
      await startAt(page, e2e.app)
      e2e.shiftClock(TWO_HOURS)
      await signIn(page, username)
      await page.getByText('The page was open for too long').waitFor()
      expect(await page.getByLabel('Email or username').inputValue()).toBe(username)
      await signIn(page, username)
      await allow(page)
      await signedInAs(page, username)
      expect(page.complaints).toEqual([])
    })

    test('on the consent page, too', async () => {
      const { username } = await e2e.latchkey.createUser()
      const page = await open()
      await startAt(page, e2e.app)
      await signIn(page, username)
      await heading(page, 'Allow access?')
      e2e.shiftClock(TWO_HOURS)
      await press(page, 'Allow')
      await allow(page)
      await signedInAs(page, username)
    })

    test('whose cookie is gone shows the form again with what was typed, and why', async () => {
      const page = await open()
      await page.goto(`${e2e.latchkey.issuer}/register`)
      const person = newcomer()
      await fill(page, 'Username', person.username)
      await fill(page, 'Email', person.email)
      await fill(page, 'Password', person.password)
      await page.context().clearCookies()
      await press(page, 'Create account')
      await page.getByText('Look it over and send it again').waitFor()
      expect(await page.getByLabel('Username').inputValue()).toBe(person.username)
      expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('')
      await fill(page, 'Password', person.password)
      await press(page, 'Create account')
      await heading(page, 'Verify your email')
    })

    test('in the console asks to sign in, and then saves what was typed', async () => {
      const { page, username } = await administrator()
      const { client_id } = await e2e.latchkey.createClient({ client_name: 'Old name' })
      await page.goto(`${e2e.latchkey.issuer}/admin/clients/${client_id}/edit`)
      await fill(page, 'Name', 'New name')
      e2e.shiftClock(TWO_HOURS)
      await press(page, 'Save')
      await heading(page, 'Sign in')
      e2e.shiftClock(0)
      await signInAgain(page, username)
      await heading(page, 'Go on?')
      await press(page, 'Go on')
      await heading(page, 'New name')
      expect(await e2e.latchkey.services.clients.get(client_id)).toMatchObject({ client_name: 'New name' })
    })
  })

  test('a wrong password, then Back: the sign-in page, and never a page that the browser cannot show', async () => {
    const { username } = await e2e.latchkey.createUser()
    const page = await open()
    await startAt(page, e2e.app)
    await signIn(page, username, 'not the password')
    await page.getByText('The email, username or password is not right').waitFor()
    expect(await page.getByLabel('Email or username').inputValue()).toBe(username)
    await follow(page, 'Forgot password?')
    await heading(page, 'Forgot password')
    await page.goBack()
    await heading(page, 'Sign in')
    await page.reload()
    await heading(page, 'Sign in')
    expect(await text(page)).not.toContain('is not right')
    await signIn(page, username)
    await allow(page)
    await signedInAs(page, username)
  })

  describe('an act that a new sign-in interrupts', () => {
    test('is offered again, in words, and done once', async () => {
      const { page, username } = await administrator()
      const name = `Night job ${javaScriptEnabled}`
      const { clients } = e2e.latchkey.services
      await page.goto(`${e2e.latchkey.issuer}/admin/clients/new?kind=machine`)
      await fill(page, 'Name', name)
      await expectInterrupted(page, username, 'Register', 'You are about to register a client.')
      expect(await text(page)).toContain(name)
      expect((await clients.list({ search: name })).items).toEqual([])
      const confirm = page.url()
      await press(page, 'Go on')
      await heading(page, name)
      expect(await text(page)).toContain('The secret, shown this once')
      await page.goto(confirm)
      await page.getByText('was done already').waitFor()
      expect((await clients.list({ search: name })).items).toHaveLength(1)
      await page.goBack()
      await heading(page, name)
    })

    test('on the account page as well', async () => {
      const { username } = await e2e.latchkey.createUser()
      const [page, other] = [await open(), await open()]
      for (const each of [page, other]) await signInAtAccount(each, e2e.latchkey.issuer, { username })
      await follow(page, 'Devices')
      await expectInterrupted(page, username, 'Sign out everywhere else', 'sign out everywhere else')
      await press(page, 'Go on')
      await page.getByText('All other devices are signed out.').waitFor()
      await other.reload()
      await heading(other, 'Sign in')
    })
  })

  /** Twenty minutes after the sign-in; afterwards the person has just signed in again. */
  async function expectInterrupted(page: Tab, username: string, button: string, words: string) {
    e2e.shiftClock(TWENTY_MINUTES)
    await press(page, button)
    await page.getByText('Sign in again to confirm that it is you').waitFor()
    e2e.shiftClock(0)
    await signInAgain(page, username)
    await heading(page, 'Go on?')
    expect(await text(page)).toContain(words)
  }
})
