import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import {
  atGitHub,
  atGoogle,
  type FederatedFixture,
  joinGitHub,
  joinGoogle,
  openFederatedFixture,
  throughGitHub,
  throughGoogle,
} from './federated-fixture.ts'
import {
  allow,
  codeFor,
  fill,
  follow,
  heading,
  press,
  signedInAs,
  signIn,
  signInAgain,
  signInAtAccount,
  startAt,
  text,
} from './steps.ts'

describe.each(['on', 'off'])('signing in elsewhere (JavaScript %s)', (scripts) => {
  let e2e: FederatedFixture
  const tab = () => e2e.tab({ javaScriptEnabled: scripts === 'on' })
  const linked = '[aria-labelledby=linked-heading]'
  beforeAll(async () => {
    e2e = await openFederatedFixture()
  })
  afterAll(() => e2e?.close())

  test('from the app to GitHub and back: a new account, asked for consent once', async () => {
    joinGitHub(e2e, 'mona', { name: 'Mona Lisa Octocat' })
    const page = await tab()
    await startAt(page, e2e.app)
    await throughGitHub(page, 'mona')
    await heading(page, 'Allow access?')
    expect(await text(page)).toContain('mona@example.com')
    await allow(page)
    await signedInAs(page, 'Mona Lisa Octocat')

    await press(page, 'Sign out')
    await heading(page, 'You are signed out')
    await follow(page, 'Sign in again')
    await throughGitHub(page, 'mona')
    await signedInAs(page, 'Mona Lisa Octocat')
    expect(page.complaints).toEqual([])
  })

  test('Google tells no username: one is suggested, a taken one refused, a double click does no harm', async () => {
    const { username } = await e2e.latchkey.createUser()
    joinGoogle(e2e, 'grace', { given_name: 'Grace', family_name: 'Hopper' })
    const page = await tab()
    await startAt(page, e2e.app)
    await throughGoogle(page, 'grace')
    await heading(page, 'Almost there')
    expect(await page.getByLabel('Username').inputValue()).toBe('grace')
    await fill(page, 'Username', username)
    await press(page, 'Create account')
    await page.getByText('This username is taken.').waitFor()
    await fill(page, 'Username', 'hopper')
    await page.getByRole('button', { name: 'Create account' }).dblclick()
    await allow(page)
    await signedInAs(page, 'Grace Hopper')
    expect(page.complaints).toEqual([])
  })

  test('no address from GitHub: one is typed, mended, and verified on the way into the app', async () => {
    joinGitHub(e2e, 'shy', { emails: [], emailsForbidden: true })
    const page = await tab()
    await startAt(page, e2e.app)
    await throughGitHub(page, 'shy')
    await heading(page, 'Almost there')
    await fill(page, 'Email', 'typo@example.com')
    await press(page, 'Create account')
    await heading(page, 'Verify your email')
    await page.getByText('Use another address').click()
    await fill(page, 'Email', 'shy@example.com')
    await press(page, 'Change address')
    await page.getByText('A message is on its way to shy@example.com.').waitFor()
    await fill(page, 'Verification code', await codeFor(e2e.latchkey, { email: 'shy@example.com' }))
    await press(page, 'Verify')
    await allow(page)
    await signedInAs(page, 'shy')
    expect(page.complaints).toEqual([])
  })

  test('the address of an account proves nothing; its password does, once', async () => {
    const person = await e2e.latchkey.createUser()
    joinGitHub(e2e, 'work', {
      emails: [{ email: person.email, primary: true, verified: true, visibility: null }],
    })
    const page = await tab()
    await startAt(page, e2e.app)
    await throughGitHub(page, 'work')
    await heading(page, 'You have an account already')
    await fill(page, 'Password', 'not-the-password')
    await press(page, 'Sign in and link')
    await page.getByRole('alert').waitFor()
    await fill(page, 'Password', PASSWORD)
    await press(page, 'Sign in and link')
    await allow(page)
    await signedInAs(page, person.username)

    const other = await tab()
    await startAt(other, e2e.app)
    await throughGitHub(other, 'work')
    await signedInAs(other, person.username)
    expect([...page.complaints, ...other.complaints]).toEqual([])
  })

  test('linked on the account page after a fresh sign-in, and unlinked, which signs it out elsewhere', async () => {
    const { latchkey } = e2e
    const person = await latchkey.createUser()
    joinGitHub(e2e, 'second')
    const page = await tab()
    await signInAtAccount(page, latchkey.issuer, person)
    await follow(page, 'Security')
    e2e.shiftClock(16 * 60_000)
    try {
      await press(page, 'Link GitHub')
      await page.getByText('Sign in again to confirm that it is you.').waitFor()
    } finally {
      e2e.shiftClock(0)
    }
    await signInAgain(page, person.username)
    await page.getByText('You are about to link github to your account.').waitFor()
    await press(page, 'Go on')
    await atGitHub(page, 'second')
    await page.getByText('you can sign in that way from now on').waitFor()
    expect(await text(page, linked)).toMatch(/GitHub\s*second · linked on/)
    expect((await latchkey.mailTo(person.email)).subject).toContain('A way to sign in was added')

    const phone = await tab()
    await phone.goto(`${latchkey.issuer}/account`)
    await throughGitHub(phone, 'second')
    await phone.getByText(`Signed in as ${person.username}`).waitFor()

    await press(page, 'Unlink GitHub')
    await page.getByText('That way to sign in is removed.').waitFor()
    expect(await text(page, linked)).toMatch(/GitHub\s*Not linked/)
    await phone.reload()
    await heading(phone, 'Sign in')
    expect([...page.complaints, ...phone.complaints]).toEqual([])
  })

  test('the last way in stays', async () => {
    joinGitHub(e2e, 'lonely')
    joinGoogle(e2e, 'lonely')
    const page = await tab()
    await page.goto(`${e2e.latchkey.issuer}/account/security`)
    await throughGitHub(page, 'lonely')
    await page.getByText('The only way to sign in to your account').waitFor()
    expect(await page.getByRole('button', { name: 'Unlink GitHub' }).count()).toBe(0)
    await press(page, 'Link Google')
    await atGoogle(page, 'lonely')
    await page.getByText('you can sign in that way from now on').waitFor()

    const stale = await page.context().newPage()
    await stale.goto(`${e2e.latchkey.issuer}/account/security`)
    await press(page, 'Unlink Google')
    await page.getByText('That way to sign in is removed.').waitFor()
    await press(stale, 'Unlink GitHub')
    await stale.getByRole('alert').getByText('This is the only way to sign in to your account.').waitFor()
    await heading(stale, 'Security')
    expect(await text(stale, linked)).toContain('The only way to sign in to your account')
    expect(await stale.getByRole('button', { name: 'Unlink GitHub' }).count()).toBe(0)
    expect(page.complaints).toEqual([])
  })

  test('several tabs at once, whichever comes back first', async () => {
    joinGitHub(e2e, 'tabs')
    const one = await tab()
    const two = await one.context().newPage()
    await startAt(one, e2e.app)
    await startAt(two, e2e.app)
    await press(one, 'Continue with GitHub')
    await press(two, 'Continue with GitHub')
    await atGitHub(two, 'tabs')
    await allow(two)
    await signedInAs(two, 'tabs')
    await atGitHub(one, 'tabs')
    await signedInAs(one, 'tabs')
    expect(one.complaints).toEqual([])
  })

  test('cancelled at GitHub: the sign-in page says so, and the password still works', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await tab()
    await startAt(page, e2e.app)
    await press(page, 'Continue with GitHub')
    await heading(page, 'Sign in to GitHub')
    await press(page, 'Cancel')
    await page.getByText('GitHub did not sign you in: it was cancelled there.').waitFor()
    await signIn(page, person.username)
    await allow(page)
    await signedInAs(page, person.username)
    expect(page.complaints).toEqual([])
  })

  test('back to GitHub, and the callback again: each time a page that leads on', async () => {
    joinGitHub(e2e, 'back')
    const page = await tab()
    const callbacks: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/oauth/github/callback')) callbacks.push(request.url())
    })
    await startAt(page, e2e.app)
    await throughGitHub(page, 'back')
    await allow(page)
    await signedInAs(page, 'back')
    await page.goBack()
    await heading(page, 'This sign-in is finished')
    await page.goBack()
    await atGitHub(page, 'back')
    await heading(page, 'This sign-in is finished')
    await page.goto(callbacks[0] ?? '')
    await heading(page, 'This sign-in is finished')
    await follow(page, 'Go to Harbour Notes')
    await signedInAs(page, 'back')

    const account = await tab()
    await account.goto(`${e2e.latchkey.issuer}/account`)
    await throughGitHub(account, 'back')
    await heading(account, 'Your account')
    await account.goBack()
    await atGitHub(account, 'back')
    await heading(account, 'Your account')

    const stranger = await tab()
    await stranger.goto(callbacks[0] ?? '')
    await stranger.getByText('That sign-in cannot go on').waitFor()
    await throughGitHub(stranger, 'back')
    await heading(stranger, 'Your account')
    expect([...page.complaints, ...account.complaints, ...stranger.complaints]).toEqual([])
  })

  test('back to the page that asked for a username: it says that this is done, and leads on', async () => {
    joinGoogle(e2e, 'finished')
    const page = await tab()
    await startAt(page, e2e.app)
    await throughGoogle(page, 'finished')
    await heading(page, 'Almost there')
    await press(page, 'Create account')
    await heading(page, 'Allow access?')
    await page.goBack()
    await page.getByText('This step was finished already').waitFor()
    await page.goForward()
    await allow(page)
    await signedInAs(page, 'finished')
    expect(page.complaints).toEqual([])
  })
})
