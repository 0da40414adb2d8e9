/**
 * Pictures of the pages, taken from a real server in a real browser.
 *
 *   node scripts/screenshots.ts            the ones of the README, into docs/images
 *   node scripts/screenshots.ts FOLDER     every page, light and dark, phone and desktop, to look through
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { scenes } from '../test/e2e/scenes.ts'
import { openStage } from '../test/e2e/stage.ts'

const PORT = '3000'
const folder = process.argv[2]
const schemes = ['light', 'dark'] as const
const viewports = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } }

/** What the README shows: the card and a margin around it, as sharp as good displays are. */
const shown: Record<string, { width: number; height: number }> = {
  'sign-in': { width: 560, height: 720 },
  consent: { width: 560, height: 720 },
  account: { width: 820, height: 1000 },
}

async function everything(page: Page, name: string, into: string): Promise<void> {
  for (const [device, viewport] of Object.entries(viewports)) {
    await page.setViewportSize(viewport)
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.screenshot({ path: join(into, `${name}-${device}-${colorScheme}.png`), fullPage: true })
    }
  }
}

async function forReadme(page: Page, name: string, into: string): Promise<void> {
  const size = shown[name]
  if (!size) return
  await page.setViewportSize(size)
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.screenshot({ path: join(into, `${name}-${colorScheme}.png`) })
  }
}

const into = folder ?? fileURLToPath(new URL('../docs/images', import.meta.url))
mkdirSync(into, { recursive: true })
const stage = await openStage({ env: { PORT, ISSUER: `http://localhost:${PORT}`, RATE_LIMIT: 'on' } })
try {
  for (const scene of scenes) {
    if (folder === undefined && !(scene.name in shown)) continue
    const page = await stage.tab({ deviceScaleFactor: folder === undefined ? 2 : 1 })
    await scene.open(page, stage)
    await (folder === undefined ? forReadme : everything)(page, scene.name, into)
    console.log(scene.name)
    await page.context().close()
  }
} finally {
  await stage.close()
}
