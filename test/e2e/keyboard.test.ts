import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../factors/support.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type FederatedFixture, joinGoogle, openFederatedFixture } from './federated-fixture.ts'
import {
  codeFor,
  haveSignedIn,
  heading,
  linkFor,
  newcomer,
  signedInAs,
  startAt,
  tabTo,
  text,
  typeInto,
} from './steps.ts'

let e2e: FederatedFixture
beforeAll(async () => {
  e2e = await openFederatedFixture()
})
afterAll(() => e2e?.close())

test('by the keyboard alone: sign-in, consent, account, sign-out, and back by the list of accounts', async () => {
  const person = await e2e.latchkey.createUser()
  const page = await e2e.tab()
  await startAt(page, e2e.app)
  await typeInto(page, 'Email or username', person.username)
  await page.keyboard.press('Tab')
  await typeInto(page, 'Password', PASSWORD)
  await page.keyboard.press('Enter')
  await heading(page, 'Allow access?')
  await tabTo(page, 'Allow')
  await page.keyboard.press('Enter')
  await heading(page, `Hello, ${person.username}`)
  await page.goto(`${e2e.latchkey.issuer}/account`)
  await heading(page, 'Your account')
  await tabTo(page, 'Sign out')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/logout/success')
  await page.goto(`${e2e.latchkey.issuer}/login`)
  await page.getByRole('link', { name: person.username, exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.getByText(`Signing in as ${person.username}`).waitFor()
  await typeInto(page, 'Password', PASSWORD)
  await page.keyboard.press('Enter')
  await heading(page, 'Your account')
  expect(page.complaints).toEqual([])
})

test('…and into an app over Google and the page that asks for a username', async () => {
  joinGoogle(e2e, 'grace')
  const page = await e2e.tab()
  await startAt(page, e2e.app)
  await tabTo(page, 'Continue with Google')
  await page.keyboard.press('Enter')
  await heading(page, 'Sign in upstream')
  await tabTo(page, 'Continue as grace', '')
  await page.keyboard.press('Enter')
  await heading(page, 'Almost there')
  await page
    .locator(':focus')
    .and(page.getByLabel('Username', { exact: true }))
    .waitFor()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('hopper')
  await page.keyboard.press('Enter')
  await heading(page, 'Allow access?')
  await tabTo(page, 'Allow')
  await page.keyboard.press('Enter')
  await signedInAs(page, 'hopper')
  expect(page.complaints).toEqual([])
})

test('a new account by the keyboard alone: the form, the code, consent, the app', async () => {
  const person = newcomer()
  const page = await e2e.tab()
  await startAt(page, e2e.app)
  await tabTo(page, 'Create account')
  await page.keyboard.press('Enter')
  await typeInto(page, 'Username', person.username)
  await page.keyboard.press('Tab')
  await typeInto(page, 'Email', person.email)
  await page.keyboard.press('Tab')
  await typeInto(page, 'Password', person.password)
  await page.keyboard.press('Enter')
  await heading(page, 'Verify your email')
  await typeInto(page, 'Verification code', await codeFor(e2e.latchkey, person))
  await page.keyboard.press('Enter')
  await heading(page, 'Allow access?')
  await tabTo(page, 'Allow')
  await page.keyboard.press('Space')
  await signedInAs(page, person.username)
  expect(page.complaints).toEqual([])
})

test('a forgotten password by the keyboard alone', async () => {
  const person = await e2e.latchkey.createUser()
  const page = await e2e.tab()
  await startAt(page, e2e.app)
  await tabTo(page, 'Forgot password?')
  await page.keyboard.press('Enter')
  await typeInto(page, 'Email', person.email)
  await page.keyboard.press('Enter')
  await heading(page, 'Check your mail')
  await page.goto(await linkFor(e2e.latchkey, person))
  await typeInto(page, 'New password', 'quiet-lantern-41-meadow')
  await page.keyboard.press('Enter')
  await heading(page, 'Allow access?')
  expect(page.complaints).toEqual([])
})

test('an authenticator app is set up, and another device signed out, by the keyboard alone', async () => {
  const { issuer, createUser } = e2e.latchkey
  const person = await createUser()
  const other = await e2e.tab()
  await haveSignedIn(other, issuer, person)
  const page = await e2e.tab()
  await haveSignedIn(page, issuer, person)
  await page.goto(`${issuer}/account/security`)
  await tabTo(page, 'Skip to content')
  await page.keyboard.press('Enter')
  await tabTo(page, 'Set up an authenticator app')
  await page.keyboard.press('Enter')
  await heading(page, 'Set up an authenticator app')
  const key = (await text(page, '[data-secret]')).replaceAll(/\s/g, '')
  await tabTo(page, 'open it in an app on this device')
  for (const _each of ['Copy', 'Code']) await page.keyboard.press('Tab')
  await typeInto(page, 'Code', codeOf(key, Date.now()))
  await page.keyboard.press('Enter')
  await heading(page, 'Recovery codes')
  await tabTo(page, 'I have kept them')
  await page.keyboard.press('Enter')
  await heading(page, 'Security')
  await tabTo(page, 'Devices')
  await page.keyboard.press('Enter')
  await heading(page, 'Devices')
  await tabTo(page, 'Sign out everywhere else')
  await page.keyboard.press('Enter')
  await page.getByText('All other devices are signed out.').waitFor()
  await other.goto(`${issuer}/account`)
  await heading(other, 'Sign in')
  expect(page.complaints).toEqual([])
})
