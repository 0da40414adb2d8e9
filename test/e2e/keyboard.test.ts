import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { type FederatedStage, joinGoogle, openFederatedStage } from './federated-stage.ts'
import { heading, signedInAs, startAt } from './steps.ts'

/** Runs in the page: what has the focus, and the ring around it. */
const FOCUS = `(() => {
  const active = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(active)
  return [active.textContent.trim(), outlineStyle + ' ' + outlineWidth]
})()`

/** Presses Tab until what has these words is reached. @param ring ours; another site's is its own affair */
async function tabTo(page: Page, words: string, ring = 'solid 3px'): Promise<void> {
  for (let presses = 0; presses < 15; presses++) {
    await page.keyboard.press('Tab')
    const [name, outline] = await page.evaluate<[string, string]>(FOCUS)
    expect(outline).toMatch(ring)
    if (name === words) return
  }
  throw new Error(`Tab does not reach “${words}”`)
}

/** Types into the field that has the focus. Before a page gives it the focus, what is typed is lost. */
async function typeInto(page: Page, label: string, text: string): Promise<void> {
  await page
    .locator(':focus')
    .and(page.getByLabel(label, { exact: true }))
    .waitFor()
  await page.keyboard.type(text)
}

let stage: FederatedStage
beforeAll(async () => {
  stage = await openFederatedStage()
})
afterAll(() => stage?.close())

test('the whole way into an app by the keyboard alone, with the focus always to be seen', async () => {
  const person = await stage.latchkey.createUser()
  const page = await stage.tab()
  await startAt(page, stage.app)
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
  joinGoogle(stage, 'grace')
  const page = await stage.tab()
  await startAt(page, stage.app)
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
