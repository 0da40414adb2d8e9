import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible } from '../../support/axe.ts'
import { type E2eFixture, openE2eFixture } from '../e2e-fixture.ts'
import { clientScenes } from '../scenes/clients.ts'
import { rejectionScenes } from '../scenes/rejections.ts'
import { type ConsoleFixture, consoleViews, openConsole } from './views.ts'

/** Runs in the page: what of its tables a narrow page cuts off, and cells that do not say which column they are of. */
const CUT_OFF = `[...document.querySelectorAll('.table')].flatMap((frame) => {
  const heads = [...frame.querySelectorAll('thead th')].map((head) => (head.querySelector('a') ?? head).textContent.trim())
  const unnamed = [...frame.querySelectorAll('tbody td:not(.act, [colspan])')]
    .filter((cell) => !heads.includes(cell.dataset.label))
    .map((cell) => 'unnamed: ' + cell.textContent.trim())
  return frame.scrollWidth > frame.clientWidth ? ['cut off: ' + heads.join(', '), ...unnamed] : unnamed
})`

/** Runs in the page: what its summary of errors says of fields that it does not have, or without their names. */
const UNNAMED_ERRORS = `[...document.querySelectorAll('.alert a[href^="#field-"]')]
  .filter((link) => !document.getElementById(link.hash.slice(1)) || !link.querySelector('b'))
  .map((link) => link.outerHTML)`

const expectTitle = async (page: Page, title: string): Promise<void> =>
  expect((await page.title()).replace(' · Latchkey', '')).toBe(title)

/** Looks at a page in both widths and both colours. */
async function lookAt(page: Page & { complaints: string[] }): Promise<void> {
  expect(await page.locator('main h1').count()).toBe(1)
  expect(await page.evaluate<string[]>(UNNAMED_ERRORS)).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate<string[]>(CUT_OFF)).toEqual([])
  await expectAccessible(page)
  expect(page.complaints).toEqual([])
}

describe('every page of the console: axe finds nothing, nothing runs off the side, no script is missed', () => {
  let e2e: ConsoleFixture
  beforeAll(async () => {
    e2e = await openConsole()
  })
  afterAll(() => e2e?.close())

  test.each(consoleViews.map((view) => [view.name, view] as const))('%s', async (_name, view) => {
    const page = await e2e.sharedTab()
    await page.context().addCookies(e2e.cookies)
    await page.goto(`${e2e.latchkey.issuer}${view.path(e2e)}`)
    await view.press?.(page)
    if (view.title !== undefined) await expectTitle(page, view.title)
    await lookAt(page)
  })
})

describe('and its pages after an act', () => {
  let e2e: E2eFixture
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  test.each([...rejectionScenes, ...clientScenes].map((scene) => [scene.name, scene] as const))(
    '%s',
    async (_name, scene) => {
      const page = await e2e.sharedTab()
      await scene.open(page, e2e)
      await expectTitle(page, scene.title)
      await lookAt(page)
    },
  )
})
