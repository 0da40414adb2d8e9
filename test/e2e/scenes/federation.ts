import type { Page } from 'playwright-core'
import {
  type FederatedFixture,
  joinGitHub,
  joinGoogle,
  throughGitHub,
  throughGoogle,
} from '../federated-fixture.ts'
import { fill, follow, haveSignedIn, heading, press, startAt } from '../steps.ts'
import {
  accountLinks,
  at,
  cancel,
  passwordFields,
  registerFields,
  type Scene,
  signInFields,
} from './scenes.ts'

const providerButtons = ['Continue with GitHub', 'Continue with Google']
const signInLinks = ['Forgot password?', 'Create account']
const accountButtons = ['Sign out', 'Change password', 'Set up an authenticator app']
const securityLinks = [...accountLinks, 'Forgot password?']

/** To the page that asks for the little that Google does not tell. */
async function finishGoogle(page: Page, e2e: FederatedFixture, name: string) {
  joinGoogle(e2e, name, { name: 'Grace Hopper', given_name: 'Grace', family_name: 'Hopper' })
  await startAt(page, e2e.app)
  await throughGoogle(page, name)
  await heading(page, 'Almost there')
}

/** To the page that asks for the password of the account that has the address. */
async function linkToPassword(page: Page, e2e: FederatedFixture, login: string) {
  const person = await e2e.latchkey.createUser()
  joinGitHub(e2e, login, {
    emails: [{ email: person.email, primary: true, verified: true, visibility: null }],
  })
  await startAt(page, e2e.app)
  await throughGitHub(page, login)
  await heading(page, 'You have an account already')
}

/** To the account page of somebody who signs in with GitHub alone. */
async function accountOfGitHub(page: Page, e2e: FederatedFixture, login: string) {
  joinGitHub(e2e, login, { name: 'Mona Lisa Octocat' })
  await at('/account')(page, e2e)
  await throughGitHub(page, login)
  await heading(page, 'Your account')
}

/** Links without the way there and back. */
const link = ({ latchkey }: FederatedFixture, accountId: string, provider: string, label: string) =>
  latchkey.services.accounts.linked.link(
    { accountId, generation: 0 },
    { issuer: `https://${provider}.example`, subject: accountId, provider, label, sealedTokens: null },
    { givenName: null, familyName: null, picture: null },
    provider,
  )

/** Pages of signing in at a provider, on a fixture with providers. */
export const federationScenes: Scene<FederatedFixture>[] = [
  {
    name: 'sign-in-providers',
    open: (page, { app }) => startAt(page, app),
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in', ...providerButtons, cancel],
    links: signInLinks,
    focus: 'Email or username',
  },
  {
    name: 'sign-in-cancelled',
    async open(page, { app }) {
      await startAt(page, app)
      await press(page, 'Continue with GitHub')
      await press(page, 'Cancel')
      await page.getByRole('alert').waitFor()
    },
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in', ...providerButtons, cancel],
    links: signInLinks,
    focus: 'Email or username',
  },
  {
    name: 'sign-in-again',
    open: at('/login?again=1&return_to=/account'),
    title: 'Sign in',
    fields: signInFields,
    buttons: ['Sign in', ...providerButtons],
    links: ['Forgot password?', 'Cancel'],
    focus: 'Email or username',
  },
  {
    name: 'register-providers',
    async open(page, { app }) {
      await startAt(page, app)
      await follow(page, 'Create account')
      await heading(page, 'Create account')
    },
    title: 'Create account',
    fields: registerFields,
    buttons: ['Create account', ...providerButtons],
    links: ['Sign in', 'Back to signing in to Harbour Notes'],
    focus: 'Username',
  },
  {
    name: 'finish-username',
    open: (page, e2e) => finishGoogle(page, e2e, 'grace'),
    title: 'Almost there',
    fields: { Username: 'username' },
    buttons: ['Create account'],
    links: ['Sign in'],
    focus: 'Username',
  },
  {
    name: 'finish-email',
    async open(page, e2e) {
      joinGitHub(e2e, 'shy', { emails: [], emailsForbidden: true })
      await startAt(page, e2e.app)
      await throughGitHub(page, 'shy')
      await heading(page, 'Almost there')
    },
    title: 'Almost there',
    fields: { Username: 'username', Email: 'email' },
    buttons: ['Create account'],
    links: ['Sign in'],
    focus: 'Username',
  },
  {
    name: 'finish-refused',
    async open(page, e2e) {
      const { username } = await e2e.latchkey.createUser()
      await finishGoogle(page, e2e, 'hopper')
      await fill(page, 'Username', username)
      await press(page, 'Create account')
      await page.locator('small.error').waitFor()
    },
    title: 'Almost there',
    fields: { Username: 'username' },
    buttons: ['Create account'],
    links: ['Sign in'],
    focus: 'Username',
  },
  {
    name: 'link-password',
    open: (page, e2e) => linkToPassword(page, e2e, 'work'),
    title: 'You have an account already',
    fields: { Password: 'current-password' },
    buttons: ['Sign in and link'],
    links: ['Forgot password?', 'Back to sign-in'],
    focus: 'Password',
  },
  {
    name: 'link-refused',
    async open(page, e2e) {
      await linkToPassword(page, e2e, 'work-again')
      await fill(page, 'Password', 'not-the-password')
      await press(page, 'Sign in and link')
      await page.getByRole('alert').waitFor()
    },
    title: 'You have an account already',
    fields: { Password: 'current-password' },
    buttons: ['Sign in and link'],
    links: ['Forgot password?', 'Back to sign-in'],
    focus: 'Password',
  },
  {
    name: 'link-linked',
    async open(page, e2e) {
      await accountOfGitHub(page, e2e, 'monalisa')
      await page.context().clearCookies()
      joinGoogle(e2e, 'mona', { email: 'monalisa@example.com' })
      await startAt(page, e2e.app)
      await throughGoogle(page, 'mona')
      await heading(page, 'You have an account already')
    },
    title: 'You have an account already',
    buttons: ['Continue with GitHub'],
    links: ['Back to sign-in'],
  },
  {
    name: 'link-both',
    async open(page, e2e) {
      const person = await e2e.latchkey.createUser()
      await link(e2e, person.id, 'google', person.email)
      joinGitHub(e2e, 'both', {
        emails: [{ email: person.email, primary: true, verified: true, visibility: null }],
      })
      await startAt(page, e2e.app)
      await throughGitHub(page, 'both')
      await heading(page, 'You have an account already')
    },
    title: 'You have an account already',
    fields: { Password: 'current-password' },
    buttons: ['Sign in and link', 'Continue with Google'],
    links: ['Forgot password?', 'Back to sign-in'],
    focus: 'Password',
  },
  {
    name: 'link-by-mail',
    async open(page, e2e) {
      const { latchkey } = e2e
      const outcome = await latchkey.services.accounts.linked.register(
        { username: 'left', email: { address: 'left@example.com', verified: true } },
        { givenName: null, familyName: null, picture: null },
        { issuer: 'https://gone.example', subject: '1', provider: 'gone', label: null, sealedTokens: null },
      )
      if (outcome.kind !== 'ok') throw new Error(outcome.kind)
      joinGitHub(e2e, 'left')
      await startAt(page, e2e.app)
      await throughGitHub(page, 'left')
      await heading(page, 'You have an account already')
    },
    title: 'You have an account already',
    links: ['Set a password by mail', 'Back to sign-in'],
  },
  {
    name: 'code',
    async open(page, e2e) {
      joinGitHub(e2e, 'terminal')
      await at(`/api/auth/oauth/github?code_challenge_method=S256&code_challenge=${'c'.repeat(43)}`)(
        page,
        e2e,
      )
      await press(page, 'Continue as terminal')
      await heading(page, 'Copy this code')
    },
    title: 'Copy this code',
  },
  {
    name: 'account-linked',
    async open(page, e2e) {
      const person = await e2e.latchkey.createUser()
      await link(e2e, person.id, 'github', 'monalisa')
      await link(e2e, person.id, 'google', 'mona.lisa.octocat@gmail.example')
      await haveSignedIn(page, e2e.latchkey.issuer, person)
      await at('/account/security')(page, e2e)
      await heading(page, 'Security')
    },
    title: 'Security',
    fields: passwordFields,
    buttons: [...accountButtons, 'Unlink GitHub', 'Unlink Google'],
    links: securityLinks,
  },
  {
    name: 'account-just-linked',
    async open(page, e2e) {
      const person = await e2e.latchkey.createUser()
      joinGitHub(e2e, 'just-linked')
      await haveSignedIn(page, e2e.latchkey.issuer, person)
      await at('/account/security')(page, e2e)
      await press(page, 'Link GitHub')
      await press(page, 'Continue as just-linked')
      await page.getByText('you can sign in that way').waitFor()
    },
    title: 'Security',
    fields: passwordFields,
    buttons: [...accountButtons, 'Unlink GitHub', 'Link Google'],
    links: securityLinks,
  },
  {
    name: 'account-provider-off',
    async open(page, e2e) {
      const person = await e2e.latchkey.createUser()
      await link(e2e, person.id, 'acme', 'ada.lovelace')
      await haveSignedIn(page, e2e.latchkey.issuer, person)
      await at('/account/security')(page, e2e)
      await heading(page, 'Security')
    },
    title: 'Security',
    fields: passwordFields,
    buttons: [...accountButtons, 'Unlink acme', 'Link GitHub', 'Link Google'],
    links: securityLinks,
  },
  {
    name: 'account-without-password',
    async open(page, e2e) {
      await accountOfGitHub(page, e2e, 'octocat')
      await follow(page, 'Security')
      await heading(page, 'Security')
    },
    title: 'Security',
    buttons: ['Sign out', 'Send me a link to set one', 'Set up an authenticator app', 'Link Google'],
    links: accountLinks,
  },
  {
    name: 'account-identity-taken',
    async open(page, e2e) {
      await accountOfGitHub(page, e2e, 'taken')
      await page.context().clearCookies()
      const person = await e2e.latchkey.createUser()
      await haveSignedIn(page, e2e.latchkey.issuer, person)
      await at('/account/security')(page, e2e)
      await press(page, 'Link GitHub')
      await press(page, 'Continue as taken')
      await page.getByRole('alert').waitFor()
    },
    title: 'Security',
    fields: passwordFields,
    buttons: [...accountButtons, 'Link GitHub', 'Link Google'],
    links: securityLinks,
  },
  {
    name: 'finish-expired',
    async open(page, e2e) {
      await finishGoogle(page, e2e, 'patient')
      await page.context().clearCookies()
      await page.reload()
    },
    title: 'This is gone',
    buttons: ['Details for support'],
    links: ['Go to the start page'],
  },
]
