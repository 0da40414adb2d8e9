import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

interface Finding {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 800 }

/** Rules whose outcome hangs on colours. */
const COLOURS = ['color-contrast', 'link-in-text-block']

/** Every rule in both widths, whose trees differ (tables become rows); in the dark only those about colours can answer otherwise. */
const modes = [
  { viewport: PHONE, colorScheme: 'light', rules: undefined },
  { viewport: PHONE, colorScheme: 'dark', rules: COLOURS },
  { viewport: DESK, colorScheme: 'light', rules: undefined },
  { viewport: DESK, colorScheme: 'dark', rules: COLOURS },
] as const

/** Expects that axe finds nothing in a page and that it does not run off the side: phone and desk, light and dark. */
export async function expectAccessible(page: Page): Promise<void> {
  // By the debugger, which the page's Content-Security-Policy does not bind.
  await page.evaluate(axe)
  for (const { viewport, colorScheme, rules } of modes) {
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const options = rules ? { runOnly: rules } : {}
    const findings = await page.evaluate<Finding[]>(
      `axe.run(${JSON.stringify(options)}).then((result) => result.violations)`,
    )
    const said = findings.map(({ id, nodes }) => ({
      id,
      html: nodes.map((node) => node.html),
      why: nodes[0]?.failureSummary,
    }))
    expect(said, `${colorScheme}, ${viewport.width} px`).toEqual([])
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
      `runs off the side, ${viewport.width} px`,
    ).toBe(0)
  }
}
