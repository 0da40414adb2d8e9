import type { Page } from 'playwright-core'
import { startTwilioLike, TWILIO_SECRET, twilioSettings } from '../../support/sms-gateway.ts'
import { type E2eFixture, openE2eFixture } from '../e2e-fixture.ts'
import { fill, follow, haveSignedIn, heading, press, signIn } from '../steps.ts'
import { accountLinks, type Scene } from './scenes.ts'

let numbers = 0
const freshNumber = () => `+49151${30_000_000 + ++numbers}`

/** A server whose codes go to a gateway. */
export async function openSmsFixture(
  options: Parameters<typeof openE2eFixture>[0] = {},
): Promise<E2eFixture> {
  const e2e = await openE2eFixture({
    ...options,
    env: { ...options.env, SMS_SECRET: TWILIO_SECRET, SMS_HOST: '127.0.0.1' },
  })
  const limits = { sms_per_address: 10_000, sms_per_prefix: 10_000, sms_per_day: 10_000 }
  await e2e.latchkey.services.settings.change({ ...twilioSettings(await startTwilioLike()), ...limits })
  return e2e
}

async function numberPage(page: Page, { latchkey }: E2eFixture, query = '') {
  const person = await latchkey.createUser()
  await haveSignedIn(page, latchkey.issuer, person)
  await page.goto(`${latchkey.issuer}/account/security/phone${query}`)
  await heading(page, query === '' ? 'Set up codes by SMS' : 'Verify your phone number')
  return person
}

async function codePage(page: Page, e2e: E2eFixture) {
  const person = await numberPage(page, e2e)
  await fill(page, 'Phone number', freshNumber())
  await press(page, 'Send a code')
  await page.getByText('We sent a message to').waitFor()
  return person
}

/** An account with a phone as its second factor; its code is the one that the gateway was given. */
async function withPhone({ latchkey }: E2eFixture) {
  const person = await latchkey.createUser()
  const number = freshNumber()
  const at = new Date()
  const { prisma } = latchkey.services.db
  await prisma.phoneFactor.create({ data: { id: person.id, accountId: person.id, number, createdAt: at } })
  await prisma.account.update({ where: { id: person.id }, data: { secondFactors: 'phone' } })
  return person
}

/** The pages of codes by SMS, which are there where the server has a gateway. */
export const smsScenes: Scene[] = [
  {
    name: 'phone-number',
    open: async (page, e2e) => void (await numberPage(page, e2e)),
    title: 'Set up codes by SMS',
    fields: { 'Phone number': 'tel' },
    buttons: ['Sign out', 'Send a code'],
    links: [...accountLinks, 'Not now'],
  },
  {
    name: 'phone-number-refused',
    async open(page, e2e) {
      await numberPage(page, e2e, '?for=number')
      await fill(page, 'Phone number', '+1 900 555 1234')
      await press(page, 'Send a code')
      await page.getByText('numbers of this kind').first().waitFor()
    },
    title: 'Verify your phone number',
    fields: { 'Phone number': 'tel' },
    focus: 'Phone number',
    buttons: ['Sign out', 'Send a code'],
    links: [...accountLinks, 'Not now'],
  },
  {
    name: 'phone-code',
    open: async (page, e2e) => void (await codePage(page, e2e)),
    title: 'Set up codes by SMS',
    fields: { Code: 'one-time-code' },
    focus: 'Code',
    buttons: ['Sign out', 'Turn on'],
    links: [...accountLinks, 'Not now', 'Another number, or a new code'],
  },
  {
    name: 'second-step-sms',
    async open(page, e2e) {
      const { username } = await withPhone(e2e)
      await page.goto(`${e2e.latchkey.issuer}/login`)
      await signIn(page, username)
      await heading(page, 'Second factor')
      await press(page, 'Send a code')
      await page.getByText('on its way to your phone').waitFor()
    },
    title: 'Second factor',
    fields: {
      Code: 'one-time-code',
      'Remember this device For 30 days: only the password is asked for here': '',
    },
    focus: 'Code',
    buttons: ['Not you?', 'Send a new code', 'Continue'],
    links: ['I have lost all of these'],
  },
  {
    name: 'set-up-sms',
    async open(page, e2e) {
      const person = await e2e.latchkey.createUser()
      await haveSignedIn(page, e2e.latchkey.issuer, person)
      await page.goto(`${e2e.latchkey.issuer}/login/set-up?return_to=/account`)
      await follow(page, 'Use codes by SMS instead')
      await heading(page, 'Set up codes by SMS')
    },
    title: 'Set up codes by SMS',
    fields: { 'Phone number': 'tel' },
    buttons: ['Send a code'],
    links: ['Another way'],
  },
]
