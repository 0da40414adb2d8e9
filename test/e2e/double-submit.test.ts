import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSetup } from '../../src/welcome.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import {
  codeFor,
  fill,
  follow,
  heading,
  linkFor,
  newcomer,
  signedInAs,
  signInAtAccount,
  startAt,
} from './steps.ts'

const NEW_PASSWORD = 'quiet-lantern-41-meadow'

type PressTwice = (page: Page, name: string, next: () => Promise<unknown>) => Promise<void>

const doubleClick: PressTwice = async (page, name, next) => {
  await page.getByRole('button', { name, exact: true }).dblclick()
  await next()
}

/** Presses, loses the answer of the server on the way, and presses again. */
const pressAgain: PressTwice = async (page, name, next) => {
  let sent = 0
  const answered = Promise.withResolvers<void>()
  await page.route('**', async (route) => {
    if (route.request().method() !== 'POST' || ++sent > 1) return route.continue()
    await route.fetch({ maxRedirects: 0 })
    // The page stays as it is.
    await route.fulfill({ status: 204 })
    answered.resolve()
  })
  const button = page.getByRole('button', { name, exact: true })
  await button.click({ noWaitAfter: true })
  await answered.promise
  await button.click()
  await next()
  await page.unroute('**')
  expect(sent).toBe(2)
}

describe.each([
  ['on', doubleClick],
  ['off', doubleClick],
  ['off, the first answer lost', pressAgain],
] as const)('pressing a button twice (JavaScript %s)', (scripts, pressTwice) => {
  let e2e: E2eFixture
  const tab = () => e2e.tab({ javaScriptEnabled: scripts === 'on' })
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  test('on the whole way into an app', async () => {
    const person = newcomer()
    const page = await tab()
    await startAt(page, e2e.app)
    await follow(page, 'Create account')
    await fill(page, 'Username', person.username)
    await fill(page, 'Email', person.email)
    await fill(page, 'Password', person.password)
    await pressTwice(page, 'Create account', () => heading(page, 'Verify your email'))
    await fill(page, 'Verification code', await codeFor(e2e.latchkey, person))
    await pressTwice(page, 'Verify', () => heading(page, 'Allow access?'))
    await pressTwice(page, 'Allow', () => signedInAs(page, person.username))
    await page.goto(`${e2e.latchkey.issuer}/logout?client_id=${e2e.app.clientId}`)
    await heading(page, 'Sign out?')
    // The way back to the app was in the answer that got lost.
    await pressTwice(page, 'Sign out', () => heading(page, /signed out$/i))
    await page.goto(`${e2e.app.url}/signed-out`)

    await follow(page, 'Sign in again')
    await fill(page, 'Email or username', person.username)
    await fill(page, 'Password', person.password)
    await pressTwice(page, 'Sign in', () => signedInAs(page, person.username))
    expect(page.complaints).toEqual([])
  })

  test('when a password is forgotten, and when it is changed', async () => {
    const { latchkey } = e2e
    const person = await latchkey.createUser()
    const page = await tab()
    await page.goto(`${latchkey.issuer}/forgot-password`)
    await fill(page, 'Email', person.email)
    await pressTwice(page, 'Send reset link', () => heading(page, 'Check your mail'))
    await page.goto(await linkFor(latchkey, person))
    await fill(page, 'New password', NEW_PASSWORD)
    await pressTwice(page, 'Set new password', () => heading(page, 'Password changed'))
    await follow(page, 'Go to your account')
    await follow(page, 'Security')

    await fill(page, 'Current password', NEW_PASSWORD)
    await fill(page, 'New password', PASSWORD)
    const changed = () => page.getByText('Your password is changed.').waitFor()
    await pressTwice(page, 'Change password', changed)
    const other = await tab()
    await signInAtAccount(other, latchkey.issuer, person)
    expect([...page.complaints, ...other.complaints]).toEqual([])
  })

  test('at the set-up of the first administrator', async () => {
    const page = await tab()
    await page.goto(String(await openSetup(e2e.latchkey.services)))
    await fill(page, 'Username', 'root')
    await fill(page, 'Email', 'root@example.com')
    await fill(page, 'Password', PASSWORD)
    await pressTwice(page, 'Create administrator', () => heading(page, 'Set up'))
    expect(page.complaints).toEqual([])
  })
})
