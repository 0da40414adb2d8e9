import type { Page } from 'playwright-core'
import { codeOf } from '../../factors/support.ts'
import type { E2eFixture } from '../e2e-fixture.ts'
import { fill, follow, heading, press, signInAtAccount, text } from '../steps.ts'
import { accountLinks, passwordFields, type Scene } from './scenes.ts'

async function security(page: Page, { latchkey }: E2eFixture) {
  const person = await latchkey.createUser()
  await signInAtAccount(page, latchkey.issuer, person)
  await follow(page, 'Security')
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

/** The pages below the security page of an account. */
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
      await factors.appPasswords.create(id, 'Backup script')
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
      await press(page, 'Make an app password')
      await page.getByText('is made').waitFor()
    },
    title: 'App passwords',
    fields: { Name: 'off' },
    buttons: ['Sign out', 'Remove Backup script', 'Make an app password'],
    links: [...accountLinks, 'Back to security'],
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
]
