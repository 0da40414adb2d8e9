import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/**
 * Puts axe within reach of every document of a tab, as a function that is compiled once: to send and to compile its half a
 * megabyte costs more than to run it. For tabs in which many pages are looked at.
 */
export const prepareForAxe = (page: Page): Promise<unknown> =>
  page.addInitScript({ content: `globalThis.loadAxe = function () {${axe}\n}` })

interface Finding {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 800 }

/** Rules whose outcome hangs on colours: in the dark only these can answer otherwise. */
const COLOURS = ['color-contrast', 'link-in-text-block']
/** And on where things are: in another width only these can, of what was seen before. */
const LAYOUT = [...COLOURS, 'target-size', 'scrollable-region-focusable']

/** Runs in the page: how many rules are broken by what nobody has seen yet, and remembers that it was seen. */
const LOOK_AT_NEW = `(() => {
  const known = (globalThis.seenByAxe ??= new WeakSet())
  const visible = [...document.querySelectorAll('html, html *')].filter((element) => element.checkVisibility())
  const fresh = visible.filter((element) => !known.has(element))
  for (const element of visible) known.add(element)
  const all = fresh.includes(document.documentElement)
  const include = all ? [document.documentElement] : fresh.filter((element) => !fresh.includes(element.parentElement))
  return include.length === 0 ? [] : axe.run(all ? document : { include }).then((result) => result.violations)
})()`
const lookAgain = (rules: readonly string[]) =>
  `axe.run({ runOnly: ${JSON.stringify(rules)} }).then((result) => result.violations)`

/** Runs in the page: all that a rule can see of its layout and colours. Where it is the same in two widths, so are the answers. */
const APPEARANCE = `JSON.stringify([...document.body.querySelectorAll('*')].map((element) => {
  const { display, visibility, color, backgroundColor, fontSize, fontWeight, position } = getComputedStyle(element)
  return [display, visibility, color, backgroundColor, fontSize, fontWeight, position]
}))`

/** Expects that axe finds nothing in a page and that it does not run off the side: phone and desk, light and dark. */
export async function expectAccessible(page: Page): Promise<void> {
  // By the debugger, which the page's Content-Security-Policy does not bind.
  if (!(await page.evaluate("typeof loadAxe === 'function' && (loadAxe(), true)"))) await page.evaluate(axe)
  const seen = new Set<string>()
  for (const viewport of [DESK, PHONE])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const said = `${colorScheme}, ${viewport.width} px`
      expect(
        await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
        `runs off the side, ${said}`,
      ).toBe(0)
      const appearance = colorScheme + (await page.evaluate<string>(APPEARANCE))
      if (seen.has(appearance)) continue
      seen.add(appearance)
      const looks =
        colorScheme === 'dark'
          ? [lookAgain(COLOURS)]
          : [LOOK_AT_NEW, ...(viewport === PHONE ? [lookAgain(LAYOUT)] : [])]
      const findings: Finding[] = []
      for (const look of looks) findings.push(...(await page.evaluate<Finding[]>(look)))
      const found = findings.map(({ id, nodes }) => ({
        id,
        html: nodes.map((node) => node.html),
        why: nodes[0]?.failureSummary,
      }))
      expect(found, said).toEqual([])
    }
}
