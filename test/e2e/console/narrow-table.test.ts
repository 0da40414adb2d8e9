import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../../support/browser.ts'

let browser: Awaited<ReturnType<typeof openBrowser>>
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

test('on a phone a row of a table is as tall as the label of its cell', async () => {
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } })
  const css = ['tokens', 'base', 'parts', 'console']
    .map((name) => readFileSync(new URL(`../../../public/css/${name}.css`, import.meta.url), 'utf8'))
    .join('')
  await page.setContent(`<style>${css}</style><main class="console"><div class="table"><table>
<tbody><tr><td data-label="Registered at that time">–</td></tr></tbody></table></div></main>`)
  const heights = await page.evaluate<{ inside: number; label: number }>(`(() => {
    const cell = document.querySelector('td')
    const label = Number.parseFloat(getComputedStyle(cell, '::before').height)
    return { inside: cell.getBoundingClientRect().height, label }
  })()`)
  expect(heights.label).toBeGreaterThan(30)
  expect(heights.inside).toBeGreaterThanOrEqual(heights.label)
  await page.close()
})
