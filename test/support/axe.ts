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

/** Four modes, each one change away from the one before it: to lay a page out and to paint it anew costs what a quarter of the rules do. */
const MODES = [
  { viewport: DESK, colorScheme: 'light' },
  { viewport: DESK, colorScheme: 'dark' },
  { viewport: PHONE, colorScheme: 'dark' },
  { viewport: PHONE, colorScheme: 'light' },
] as const

/** Rules whose outcome hangs on colours: in the dark only these can answer otherwise. */
const COLOURS = ['color-contrast', 'link-in-text-block']
/** And on where things are: in another width only these can, of what was seen before. */
const LAYOUT = [...COLOURS, 'target-size', 'scrollable-region-focusable']

interface Look {
  /** Pixels by which the page is wider than the window. */
  over: number
  findings: Finding[]
}

/**
 * Runs in the page: what runs off its side, and which rules are broken by what was not seen before. In the light it looks by all rules at elements
 * that no look has met yet, and at the whole page by `again`. Where all that a rule can see of layout and colours was seen in the
 * other width, so were the answers.
 */
const look = (scheme: string, again: readonly string[]) => `(async () => {
  const known = globalThis.seenByAxe
  const over = document.documentElement.scrollWidth - innerWidth
  const appearance = '${scheme}' + JSON.stringify([...document.body.querySelectorAll('*')].map((element) => {
    const { display, visibility, color, backgroundColor, fontSize, fontWeight, position } = getComputedStyle(element)
    return [display, visibility, color, backgroundColor, fontSize, fontWeight, position]
  }))
  if (known.appearances.has(appearance)) return { over, findings: [] }
  known.appearances.add(appearance)
  const findings = []
  const run = async (...how) => findings.push(...(await axe.run(...how)).violations)
  let all = false
  if (${scheme === 'light'}) {
    const visible = [...document.querySelectorAll('html, html *')].filter((element) => element.checkVisibility())
    const fresh = new Set(visible.filter((element) => !known.elements.has(element)))
    for (const element of fresh) known.elements.add(element)
    all = fresh.has(document.documentElement)
    const include = [...fresh].filter((element) => !fresh.has(element.parentElement))
    if (all) await run(document)
    else if (include.length > 0) await run({ include })
  }
  if (!all) await run({ runOnly: ${JSON.stringify(again)} })
  return { over, findings }
})()`

const looks = Object.fromEntries(
  MODES.map(({ colorScheme }) => [colorScheme, look(colorScheme, colorScheme === 'dark' ? COLOURS : LAYOUT)]),
)

/** Runs in the page, before the looks: what they have seen of it, and whether axe could be had there. */
const PREPARE = `(() => {
  globalThis.seenByAxe = { elements: globalThis.seenByAxe?.elements ?? new WeakSet(), appearances: new Set() }
  return typeof loadAxe === 'function' && (loadAxe(), true)
})()`

/** Expects that axe finds nothing in a page and that it does not run off the side: phone and desk, light and dark. Leaves the page as a phone shows it. */
export async function expectAccessible(page: Page): Promise<void> {
  // By the debugger, which the page's Content-Security-Policy does not bind.
  if (!(await page.evaluate<boolean>(PREPARE))) await page.evaluate(axe)
  for (const { viewport, colorScheme } of MODES) {
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { over, findings } = await page.evaluate<Look>(looks[colorScheme] ?? '')
    const said = `${colorScheme}, ${viewport.width} px`
    expect(over, `runs off the side, ${said}`).toBe(0)
    const found = findings.map(({ id, nodes }) => ({
      id,
      html: nodes.map((node) => node.html),
      why: nodes[0]?.failureSummary,
    }))
    expect(found, said).toEqual([])
  }
}
