import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { type FederatedFixture, joinGoogle, openFederatedFixture } from './federated-fixture.ts'
import { heading, signedInAs, startAt, tabTo, typeInto } from './steps.ts'

let e2e: FederatedFixture
beforeAll(async () => {
  e2e = await openFederatedFixture()
})
afterAll(() => e2e?.close())

test('the whole way into an app by the keyboard alone, with the focus always to be seen', async () => {
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
  await signedInAs(page, person.username)
  expect(page.complaints).toEqual([])
})

test('…and over Google and the page that asks for a username', async () => {
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
