import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleStage, consoleViews, openConsole } from './console-views.ts'
import { clientScenes } from './scenes-clients.ts'
import { rejectionScenes } from './scenes-rejections.ts'
import { openStage, type Stage } from './stage.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

interface Finding {
  id: string
  nodes: { html: string }[]
}

/** Runs in the page: what of its tables a narrow page cuts off, and cells that do not say which column they are of. */
const CUT_OFF = `[...document.querySelectorAll('.table')].flatMap((frame) => {
  const heads = [...frame.querySelectorAll('thead th')].map((head) => head.textContent.trim())
  const unnamed = [...frame.querySelectorAll('tbody td:not(.act, [colspan])')]
    .filter((cell) => !heads.includes(cell.dataset.label))
    .map((cell) => 'unnamed: ' + cell.textContent.trim())
  return frame.scrollWidth > frame.clientWidth ? ['cut off: ' + heads.join(', '), ...unnamed] : unnamed
})`

/** Runs in the page: what its summary of errors says of fields that it does not have, or without their names. */
const UNNAMED_ERRORS = `[...document.querySelectorAll('.alert a[href^="#field-"]')]
  .filter((link) => !document.getElementById(link.hash.slice(1)) || !link.querySelector('b'))
  .map((link) => link.outerHTML)`

/** Opens each in a tab, and looks at it in both widths and both colours. */
async function lookAt(page: Page & { complaints: string[] }): Promise<void> {
  expect(await page.locator('main h1').count()).toBe(1)
  expect(await page.evaluate<string[]>(UNNAMED_ERRORS)).toEqual([])
  await page.evaluate(axe)
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 844 })
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBe(0)
    if (width === 390) expect(await page.evaluate<string[]>(CUT_OFF)).toEqual([])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const findings = await page.evaluate<Finding[]>('axe.run().then((result) => result.violations)')
      const said = findings.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])
      expect(said, `${colorScheme}, ${width} px`).toEqual([])
    }
  }
  expect(page.complaints).toEqual([])
  await page.context().close()
}

describe('every page of the console: axe finds nothing, nothing runs off the side, no script is missed', () => {
  let stage: ConsoleStage
  beforeAll(async () => {
    stage = await openConsole()
  })
  afterAll(() => stage?.close())

  test.each(consoleViews.map((view) => [view.name, view] as const))('%s', async (_name, view) => {
    const page = await stage.console(view.path(stage), { viewport: { width: 390, height: 844 } })
    await view.press?.(page)
    await lookAt(page)
  })
})

describe('and its pages after an act', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage?.close())

  test.each([...rejectionScenes, ...clientScenes].map((scene) => [scene.name, scene] as const))(
    '%s',
    async (_name, scene) => {
      const page = await stage.tab({ viewport: { width: 390, height: 844 } })
      await scene.open(page, stage)
      expect((await page.title()).replace(' · Latchkey', '')).toBe(scene.title)
      await lookAt(page)
    },
  )
})
