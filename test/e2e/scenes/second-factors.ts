import type { Page } from 'playwright-core'
import { codeOf } from '../../factors/support.ts'
import { movableClock, withAuthenticatorApp } from '../../support/second-factor.ts'
import type { E2eFixture } from '../e2e-fixture.ts'
import { fill, follow, haveSignedIn, heading, linkFor, press, signIn, text } from '../steps.ts'
import { accountLinks, passwordFields, type Scene } from './scenes.ts'

async function security(page: Page, { latchkey }: E2eFixture) {
  const person = await latchkey.createUser()
  await haveSignedIn(page, latchkey.issuer, person)
  await page.goto(`${latchkey.issuer}/account/security`)
  await heading(page, 'Security')
  return person
}

async function setup(page: Page, e2e: E2eFixture) {
  const person = await security(page, e2e)
  await press(page, 'Set up an authenticator app')
  await heading(page, 'Set up an authenticator app')
  return person
}

async function turnedOn(page: Page, e2e: E2eFixture) {
  const person = await setup(page, e2e)
  const key = (await text(page, '[data-secret]')).replaceAll(/\s/g, '')
  await fill(page, 'Code', codeOf(key, Date.now()))
  await press(page, 'Turn on')
  await heading(page, 'Recovery codes')
  return person
}

/** The second factor of a sign-in to an account that has an authenticator app. */
async function secondStep(page: Page, { latchkey }: E2eFixture) {
  const person = await latchkey.createUser()
  await withAuthenticatorApp(latchkey, person.id, movableClock())
  await page.goto(`${latchkey.issuer}/login`)
  await signIn(page, person.username)
  await heading(page, 'Second factor')
  return person
}

async function recovering(page: Page, e2e: E2eFixture) {
  const person = await secondStep(page, e2e)
  await follow(page, 'I have lost all of these')
  await press(page, 'Start recovery')
  await page.getByText('It is ready on').waitFor()
  return person
}

/** The pages of second factors: below the security page of an account, the second factor, and the way back without them. */
export const secondFactorScenes: Scene[] = [
  {
    name: 'totp-setup',
    open: async (page, e2e) => void (await setup(page, e2e)),
    title: 'Set up an authenticator app',
    fields: { Code: 'one-time-code' },
    buttons: ['Sign out', 'Turn on'],
    links: [...accountLinks, 'open it in an app on this device', 'Not now'],
  },
  {
    name: 'recovery-codes',
    open: async (page, e2e) => void (await turnedOn(page, e2e)),
    title: 'Recovery codes',
    buttons: ['Sign out'],
    links: [...accountLinks, 'Download them as text', 'I have kept them'],
  },
  {
    name: 'account-second-factors',
    async open(page, e2e) {
      const { id } = await turnedOn(page, e2e)
      const { factors } = e2e.latchkey.services
      await factors.appPasswords.create({ accountId: id, generation: 0 }, 'Backup script')
      const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
      await factors.rememberedBrowsers.remember({ id, generation: 0 }, { userAgent, address: '192.0.2.1' })
      await follow(page, 'Security')
      await heading(page, 'Security')
    },
    title: 'Security',
    fields: passwordFields,
    buttons: ['Sign out', 'Change password', 'Set up a new one', 'Forget Firefox on Linux'],
    links: [
      ...accountLinks,
      'Forgot password?',
      'Remove … the authenticator app',
      'Recovery codes',
      'App passwords',
    ],
  },
  {
    name: 'app-passwords',
    async open(page, e2e) {
      await turnedOn(page, e2e)
      await follow(page, 'Security')
      await follow(page, 'App passwords')
      await fill(page, 'Name', 'Backup script')
      await press(page, 'Create an app password')
      await page.getByText('is created').waitFor()
    },
    title: 'App passwords',
    fields: { Name: 'off' },
    buttons: ['Sign out', 'Create an app password'],
    links: [...accountLinks, 'Remove … Backup script', 'Back to security'],
  },
  {
    name: 'remove-factor',
    async open(page, e2e) {
      await turnedOn(page, e2e)
      await follow(page, 'Security')
      await page.getByText('Remove …').click()
      await heading(page, 'Remove a second factor')
    },
    title: 'Remove a second factor',
    buttons: ['Sign out', 'Remove'],
    links: [...accountLinks, 'Keep it'],
  },
  {
    name: 'second-step',
    open: async (page, e2e) => void (await secondStep(page, e2e)),
    title: 'Second factor',
    fields: {
      Code: 'one-time-code',
      'Remember this device For 30 days: only the password is asked for here': '',
    },
    buttons: ['Not you?', 'Continue'],
    links: ['Use a recovery code', 'I have lost all of these'],
    focus: 'Code',
  },
  {
    name: 'recover',
    async open(page, e2e) {
      await secondStep(page, e2e)
      await follow(page, 'I have lost all of these')
      await heading(page, 'Recover your account')
    },
    title: 'Recover your account',
    buttons: ['Start recovery'],
    links: ['Back to the second factor'],
  },
  {
    name: 'recovery-stop',
    async open(page, e2e) {
      await page.goto(await linkFor(e2e.latchkey, await recovering(page, e2e)))
      await heading(page, 'Stop the recovery')
    },
    title: 'Stop the recovery',
    buttons: ['Stop the recovery'],
  },
  {
    name: 'recovery-finish',
    async open(page, e2e) {
      const person = await recovering(page, e2e)
      const { db, factors } = e2e.latchkey.services
      const data = { readyAt: new Date(Date.now() - 1000) }
      await db.prisma.accountRecovery.updateMany({ where: { accountId: person.id }, data })
      await factors.recovery.advance()
      await page.goto(await linkFor(e2e.latchkey, person))
      await heading(page, 'Remove your second factors')
    },
    title: 'Remove your second factors',
    buttons: ['Remove my second factors'],
    links: ['Use a second factor instead'],
  },
  {
    name: 'account-being-recovered',
    async open(page, e2e) {
      const { id } = await turnedOn(page, e2e)
      await e2e.latchkey.services.factors.recovery.start(id, { kind: 'administrator' })
      await follow(page, 'Devices')
      await heading(page, 'Devices')
    },
    title: 'Devices',
    buttons: ['Sign out', 'Stop it', '*', '*'],
    links: [...accountLinks, 'set a new password', 'Enter it here'],
  },
]
