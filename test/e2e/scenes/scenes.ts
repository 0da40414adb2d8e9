import type { Page } from 'playwright-core'
import { openSetup } from '../../../src/welcome.ts'
import type { E2eFixture } from '../e2e-fixture.ts'
import {
  fill,
  follow,
  haveEntered,
  haveSignedIn,
  heading,
  linkFor,
  newcomer,
  press,
  register,
  signIn,
  startAt,
} from '../steps.ts'

/** A page in one of its states, the way there, and what has to be on it. */
export interface Scene<On extends E2eFixture = E2eFixture> {
  name: string
  /** Brings a tab without cookies there. */
  open(page: Page, e2e: On): Promise<void>
  title: string
  /** Labels of the fields, in order, each with its autocomplete attribute. */
  fields?: Record<string, string>
  /** What can be pressed, in order: buttons, and what folds out. */
  buttons?: string[]
  links?: string[]
  /** The label or words of what has the focus; nothing unless given. */
  focus?: string
}

export const signInFields = { 'Email or username': 'username webauthn', Password: 'current-password' }
export const registerFields = {
  Username: 'username',
  Email: 'email',
  Password: 'new-password',
  'First name': 'given-name',
  'Last name': 'family-name',
}
export const profileFields = {
  'Upload a picture': '',
  'First name': 'given-name',
  'Last name': 'family-name',
  'Middle name': 'additional-name',
  Nickname: 'nickname',
  'Phone number': 'tel',
  Website: 'url',
  'Profile page': 'off',
}
export const passwordFields = {
  'Current password': 'current-password',
  'New password': 'new-password',
}
/** Those of every page of an account. */
export const accountLinks = ['Profile', 'Security', 'Devices', 'Apps', 'Data']
export const cancel = 'Cancel and return to Harbour Notes'

/** @param path on the server */
export const at =
  (path: string) =>
  async (page: Page, { latchkey }: E2eFixture): Promise<void> => {
    await page.goto(`${latchkey.issuer}${path}`)
  }

async function waitForCode(page: Page, e2e: E2eFixture) {
  const person = newcomer()
  await at('/register')(page, e2e)
  await register(page, person)
  return person
}

async function askForReset(page: Page, e2e: E2eFixture) {
  const person = await e2e.latchkey.createUser()
  await at('/forgot-password')(page, e2e)
  await fill(page, 'Email', person.email)
  await press(page, 'Send reset link')
  await heading(page, 'Check your mail')
  return person
}

async function setNewPassword(page: Page, e2e: E2eFixture) {
  const link = await linkFor(e2e.latchkey, await askForReset(page, e2e))
  await page.goto(link)
  await fill(page, 'New password', 'quiet-lantern-41-meadow')
  await press(page, 'Set new password')
  await heading(page, 'Password changed')
  return link
}

export const scenes: Scene[] = [
  { name: 'home', open: at('/'), title: 'Welcome', links: ['Sign in', 'Create account'] },
  {
    name: 'sign-in',
    open: (page, { app }) => startAt(page, app),
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in', cancel],
    links: ['Forgot password?', 'Create account'],
    focus: 'Email or username',
  },
  {
    name: 'sign-in-refused',
    async open(page, { app }) {
      await startAt(page, app)
      await signIn(page, 'nobody@example.com', 'not-the-password')
      await page.getByRole('alert').waitFor()
    },
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in', cancel],
    links: ['Forgot password?', 'Create account'],
    focus: 'Password',
  },
  {
    name: 'login',
    open: at('/account'),
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in'],
    links: ['Forgot password?', 'Create account'],
    focus: 'Email or username',
  },
  {
    name: 'consent',
    async open(page, { app, latchkey }) {
      const person = await latchkey.createUser('ada.lovelace')
      await startAt(page, app)
      await signIn(page, person.username)
      await heading(page, 'Allow access?')
    },
    title: 'Allow Harbour Notes?',
    buttons: ['Use another account', 'Allow', 'Deny'],
  },
  {
    name: 'register',
    async open(page, { app }) {
      await startAt(page, app)
      await follow(page, 'Create account')
      await heading(page, 'Create account')
    },
    title: 'Create account',
    fields: registerFields,
    buttons: ['Create account'],
    links: ['Sign in', 'Back to signing in to Harbour Notes'],
    focus: 'Username',
  },
  {
    name: 'register-refused',
    async open(page, { latchkey }) {
      await page.goto(`${latchkey.issuer}/register`)
      await fill(page, 'Username', 'a b')
      await fill(page, 'Email', 'ada@example.com')
      await fill(page, 'Password', 'password12345678')
      await press(page, 'Create account')
      await page.getByRole('alert').waitFor()
    },
    title: 'Create account',
    fields: registerFields,
    buttons: ['Create account'],
    links: ['Username: Use only *', 'Password: *', 'Sign in'],
    focus: 'Username',
  },
  {
    name: 'verify-email',
    open: async (page, e2e) => void (await waitForCode(page, e2e)),
    title: 'Verify your email',
    fields: { 'Verification code': 'one-time-code' },
    buttons: ['Verify', 'Send a new code', 'Use another address'],
    focus: 'Verification code',
  },
  {
    name: 'verify-email-wrong',
    async open(page, e2e) {
      await waitForCode(page, e2e)
      await fill(page, 'Verification code', '12345')
      await press(page, 'Verify')
      await page.getByText('Enter the 6 digits').waitFor()
    },
    title: 'Verify your email',
    fields: { 'Verification code': 'one-time-code' },
    buttons: ['Verify', 'Send a new code', 'Use another address'],
    focus: 'Verification code',
  },
  {
    name: 'verify-email-address',
    async open(page, e2e) {
      await waitForCode(page, e2e)
      await page.getByText('Use another address').click()
      await fill(page, 'Email', 'ada.@example.com')
      await press(page, 'Change address')
      await page.locator('small.error').waitFor()
    },
    title: 'Verify your email',
    fields: { 'Verification code': 'one-time-code', Email: 'email' },
    buttons: ['Verify', 'Send a new code', 'Use another address', 'Change address'],
    focus: 'Email',
  },
  {
    name: 'verify-email-link',
    async open(page, e2e) {
      const person = await waitForCode(page, e2e)
      await page.goto(await linkFor(e2e.latchkey, person))
    },
    title: 'Verify your email',
    buttons: ['Verify', 'Refuse'],
    focus: 'Verify',
  },
  {
    name: 'email-verified',
    async open(page, e2e) {
      const person = await waitForCode(page, e2e)
      await page.context().clearCookies()
      await page.goto(await linkFor(e2e.latchkey, person))
      await press(page, 'Verify')
      await heading(page, 'Email verified')
    },
    title: 'Email verified',
    links: ['Sign in'],
  },
  {
    name: 'forgot-password',
    open: at('/forgot-password'),
    title: 'Forgot password',
    fields: { Email: 'username' },
    buttons: ['Send reset link'],
    links: ['Back to sign in'],
    focus: 'Email',
  },
  {
    name: 'forgot-sent',
    open: async (page, e2e) => void (await askForReset(page, e2e)),
    title: 'Check your mail',
    links: ['try another email or username', 'Back to sign in'],
  },
  {
    name: 'reset-password',
    async open(page, e2e) {
      await page.goto(await linkFor(e2e.latchkey, await askForReset(page, e2e)))
    },
    title: 'Set a new password',
    fields: { 'New password': 'new-password' },
    buttons: ['Set new password'],
    focus: 'New password',
  },
  {
    name: 'reset-done',
    open: async (page, e2e) => void (await setNewPassword(page, e2e)),
    title: 'Password changed',
    links: ['Go to your account'],
  },
  {
    name: 'reset-expired',
    async open(page, e2e) {
      await page.goto(await setNewPassword(page, e2e))
    },
    title: 'This link no longer works',
    links: ['Get a new link', 'Back to sign in'],
  },
  {
    name: 'setup',
    async open(page, { latchkey }) {
      await page.goto(String(await openSetup(latchkey.services)))
    },
    title: 'Set up',
    fields: { Username: 'username', Email: 'email', Password: 'new-password' },
    buttons: ['Create administrator'],
    focus: 'Username',
  },
  {
    name: 'account',
    async open(page, { app, latchkey }) {
      const person = await latchkey.createUser('grace')
      await latchkey.services.accounts.updateProfile(person.id, { givenName: 'Grace', familyName: 'Hopper' })
      await haveEntered(page, app, person)
      await page.goto(`${latchkey.issuer}/account`)
    },
    title: 'Your account',
    fields: profileFields,
    buttons: [
      'Sign out',
      'Change your address',
      'Change your username',
      'Upload',
      'Use a picture that is elsewhere',
      'More about you',
      'Postal address',
      'Save profile',
    ],
    links: accountLinks,
  },
  {
    name: 'account-security',
    async open(page, { latchkey }) {
      await haveSignedIn(page, latchkey.issuer, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/security`)
      await heading(page, 'Security')
    },
    title: 'Security',
    fields: passwordFields,
    buttons: ['Sign out', 'Change password', 'Set up an authenticator app'],
    links: [...accountLinks, 'Forgot password?'],
  },
  {
    name: 'account-sessions',
    async open(page, { latchkey }) {
      await haveSignedIn(page, latchkey.issuer, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/sessions`)
      await heading(page, 'Devices')
    },
    title: 'Devices',
    buttons: ['Sign out', 'Sign out *', 'Sign out everywhere'],
    links: [...accountLinks, 'Enter it here'],
  },
  {
    name: 'account-apps',
    async open(page, { app, latchkey }) {
      await haveEntered(page, app, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/apps`)
    },
    title: 'Connected apps',
    buttons: ['Sign out', 'Remove access of Harbour Notes', 'Take something back from Harbour Notes'],
    links: accountLinks,
  },
  {
    name: 'account-apps-launcher',
    async open(page, { latchkey }) {
      await latchkey.createClient({ client_name: 'Sea charts', client_uri: 'https://charts.example/' })
      await haveSignedIn(page, latchkey.issuer, await latchkey.createUser())
      await latchkey.services.settings.change({ app_launcher: 'on' })
      await page.goto(`${latchkey.issuer}/account/apps`)
      await latchkey.services.settings.change({ app_launcher: null })
    },
    title: 'Connected apps',
    buttons: ['Sign out'],
    links: [...accountLinks, 'S*Sea charts'],
  },
  {
    name: 'account-data',
    async open(page, { latchkey }) {
      await haveSignedIn(page, latchkey.issuer, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/data`)
      await heading(page, 'Your data')
    },
    title: 'Your data',
    buttons: ['Sign out', 'Download my data'],
    links: [...accountLinks, 'Delete my account'],
  },
  {
    name: 'account-delete',
    async open(page, { app, latchkey }) {
      await haveEntered(page, app, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/data`)
      await follow(page, 'Delete my account')
      await heading(page, 'Delete your account?')
    },
    title: 'Delete your account?',
    buttons: ['Sign out', 'Delete my account'],
    links: [...accountLinks, 'Keep it'],
  },
  {
    name: 'account-leaving',
    async open(page, { latchkey }) {
      const person = await latchkey.createUser()
      await latchkey.services.accounts.deletion.request(person.id)
      await page.goto(`${latchkey.issuer}/login`)
      await signIn(page, person.username)
      await heading(page, /^Your account will be deleted on/)
    },
    title: 'Keep your account?',
    buttons: ['Keep my account', 'Sign out'],
  },
  {
    name: 'account-refused',
    async open(page, { latchkey }) {
      await haveSignedIn(page, latchkey.issuer, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/account/security`)
      await fill(page, 'Current password', 'not-the-password')
      await fill(page, 'New password', 'quiet-lantern-41-meadow')
      await press(page, 'Change password')
      await page.locator('small.error').first().waitFor()
    },
    title: 'Security',
    fields: passwordFields,
    buttons: ['Sign out', 'Change password', 'Set up an authenticator app'],
    links: [...accountLinks, 'Forgot password?'],
    focus: 'Current password',
  },
  {
    name: 'logout',
    async open(page, { app, latchkey }) {
      await haveEntered(page, app, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/logout?client_id=${app.clientId}`)
      await heading(page, 'Sign out?')
    },
    title: 'Sign out',
    buttons: ['Sign out', 'Stay signed in'],
  },
  {
    name: 'still-signed-in',
    async open(page, { app, latchkey }) {
      await haveEntered(page, app, await latchkey.createUser())
      await page.goto(`${latchkey.issuer}/logout?client_id=${app.clientId}`)
      await press(page, 'Stay signed in')
      await heading(page, 'You are still signed in')
    },
    title: 'Still signed in',
    links: ['Your account', 'Sign out of *'],
  },
  {
    name: 'sign-out-refused',
    async open(page, { app, latchkey }) {
      await haveEntered(page, app, await latchkey.createUser())
      await page.goto(
        `${latchkey.issuer}/logout?client_id=${app.clientId}&post_logout_redirect_uri=https://x.example/`,
      )
      await heading(page, 'You are still signed in')
    },
    title: 'Still signed in',
    buttons: ['Sign out', 'Details for support'],
    links: ['Your account'],
  },
  {
    name: 'logged-out',
    async open(page, e2e) {
      await haveSignedIn(page, e2e.latchkey.issuer, await e2e.latchkey.createUser())
      await at('/logout')(page, e2e)
      await press(page, 'Sign out')
      await heading(page, 'Signed out')
    },
    title: 'Signed out',
    links: ['Sign in again'],
  },
  {
    name: 'protocol-error',
    open: at('/authorize?client_id=unknown&response_type=code'),
    title: 'Sign-in could not go on',
    buttons: ['Details for support'],
    links: ['Your account'],
  },
  {
    name: 'flow-expired',
    open: at('/interaction/V1StGXR8_Z5jdHi6B-myT'),
    title: 'That did not work',
    buttons: ['Details for support'],
    links: ['Go to the start page'],
  },
  {
    name: 'not-found',
    open: at('/no/such/page'),
    title: 'Page not found',
    buttons: ['Details for support'],
    links: ['Go to the start page'],
  },
  {
    name: 'form-expired',
    async open(page, e2e) {
      await at('/login')(page, e2e)
      await page.context().clearCookies()
      await signIn(page, 'somebody')
      await page.getByRole('alert').waitFor()
    },
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in'],
    links: ['Forgot password?', 'Create account'],
    focus: 'Password',
  },
  {
    name: 'refused',
    async open(page, e2e) {
      await haveSignedIn(page, e2e.latchkey.issuer, await e2e.latchkey.createUser())
      await at('/admin')(page, e2e)
    },
    title: 'This was refused',
    buttons: ['Details for support'],
    links: ['Go to the start page'],
  },
  {
    // The last one: it uses up what this address may do in a minute.
    name: 'too-many',
    async open(page, e2e) {
      const path = `${e2e.latchkey.issuer}/verify-email?token=guess`
      for (let count = 0; count < 30; count++) await fetch(path)
      await page.goto(path)
    },
    title: 'Too many attempts',
    buttons: ['Details for support'],
    links: ['Go to the start page'],
  },
]
