import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import {
  clicksIn,
  enter,
  fill,
  follow,
  heading,
  linkFor,
  press,
  signIn,
  signInAtAccount,
  text,
} from './steps.ts'

const NEW_PASSWORD = 'quiet-lantern-41-meadow'
// Headless, Chromium calls itself something else.
const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe.each(['on', 'off'])('the account page (JavaScript %s)', (scripts) => {
  let e2e: E2eFixture
  const tab = (options = {}) => e2e.tab({ javaScriptEnabled: scripts === 'on', ...options })
  const devices = '[aria-labelledby=devices-heading]'
  const apps = '[aria-labelledby=apps-heading]'
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  test('name and email: the name counts at once, a new address once it is verified', async () => {
    const { latchkey } = e2e
    const person = await latchkey.createUser()
    const page = await tab()
    await signInAtAccount(page, latchkey.issuer, person)
    await fill(page, 'First name', 'Ada')
    await fill(page, 'Last name', 'Lovelace')
    await press(page, 'Save profile')
    await page.getByText('Your profile is saved.').waitFor()
    expect(await page.getByLabel('First name').inputValue()).toBe('Ada')

    const email = `new-${person.email}`
    await page.getByText('Change your address').click()
    await fill(page, 'New email', email)
    await press(page, 'Change email')
    await page.getByText('We sent a message to the new address').waitFor()
    expect((await latchkey.services.accounts.byId(person.id))?.email).toBe(person.email)
    await page.goto(await linkFor(latchkey, { email }))
    await press(page, 'Verify')
    await heading(page, 'Email verified')
    expect((await latchkey.services.accounts.byId(person.id))?.email).toBe(email)
    await latchkey.services.mailer.idle()
    const told = (await readOutbox(join(latchkey.dataDir, 'outbox'))).filter(
      (mail) => mail.to === person.email,
    )
    expect(told.map((mail) => mail.text).join()).toContain(email)

    const other = await tab()
    await signInAtAccount(other, latchkey.issuer, { username: email })
    expect([...page.complaints, ...other.complaints]).toEqual([])
  })

  test('a new password signs every other browser out, and this one stays', async () => {
    const { issuer, createUser } = e2e.latchkey
    const person = await createUser()
    const [page, other] = [await tab(), await tab()]
    await enter(other, e2e.app, person)
    await signInAtAccount(page, issuer, person)
    await follow(page, 'Security')

    await fill(page, 'Current password', 'not-the-password')
    await fill(page, 'New password', NEW_PASSWORD)
    await press(page, 'Change password')
    await page.locator('small.error').first().waitFor()
    await fill(page, 'Current password', PASSWORD)
    await fill(page, 'New password', NEW_PASSWORD)
    await press(page, 'Change password')
    await page.getByText('Your password is changed. Other devices are signed out.').waitFor()
    await page.reload()
    await heading(page, 'Security')

    await press(other, 'Refresh now')
    await heading(other, 'Your session has ended')
    await other.goto(`${issuer}/account`)
    await heading(other, 'Sign in')
    await signIn(other, person.username, PASSWORD)
    await other.getByRole('alert').waitFor()
    await signIn(other, person.username, NEW_PASSWORD)
    await heading(other, 'Your account')
    expect([...page.complaints, ...other.complaints]).toEqual([])
  })

  test('signed-in devices: seen, and signed out one by one or all at once', async () => {
    const { issuer, createUser } = e2e.latchkey
    const person = await createUser()
    const page = await tab({ userAgent: CHROME })
    const office = await tab({ userAgent: FIREFOX })
    const phone = await tab()
    await signInAtAccount(office, issuer, person)
    await signInAtAccount(phone, issuer, person)
    await signInAtAccount(page, issuer, person)
    const before = clicksIn(page)
    await follow(page, 'Devices')
    await heading(page, 'Devices')
    expect(await page.locator(`${devices} li`).count()).toBe(3)
    expect(await text(page, devices)).toMatch(/Chrome on Linux\s*This device/)
    expect(await text(page, devices)).toMatch(/Firefox on Windows/)

    await press(page, 'Sign out Firefox on Windows')
    await page.getByText('That device is signed out.').waitFor()
    expect(clicksIn(page) - before).toBe(2)
    await office.reload()
    await heading(office, 'Sign in')
    await phone.reload()
    await heading(phone, 'Your account')

    await press(page, 'Sign out everywhere else')
    await page.getByText('All other devices are signed out.').waitFor()
    await phone.reload()
    await heading(phone, 'Sign in')
    expect(await page.locator(`${devices} li`).count()).toBe(1)

    await page.locator('.who').getByRole('button', { name: 'Sign out' }).click()
    await heading(page, 'Signed out')
    await page.goto(`${issuer}/account`)
    await heading(page, 'Sign in')
    expect([...page.complaints, ...office.complaints, ...phone.complaints]).toEqual([])
  })

  test('a connected app loses its access at once, and has to ask again', async () => {
    const { issuer, createUser } = e2e.latchkey
    const person = await createUser()
    const page = await tab()
    const account = await page.context().newPage()
    await enter(page, e2e.app, person)
    await account.goto(`${issuer}/account/apps`)
    expect(await text(account, apps)).toContain('Harbour Notes')
    await press(account, 'Remove access of Harbour Notes')
    await account.getByText('The app has no access any more.').waitFor()
    expect(await text(account, apps)).toContain('No app has access to your account.')

    await page.reload()
    await page.getByText('The access token is not accepted').waitFor()
    await press(page, 'Refresh now')
    await heading(page, 'Your session has ended')
    await follow(page, 'Try again')
    await heading(page, 'Allow access?')
    expect(page.complaints).toEqual([])
  })
})
