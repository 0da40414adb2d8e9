/**
 * Pictures of the pages, taken from a real server in a real browser.
 *
 *   node scripts/screenshots.ts                the ones of the README and docs/console.md, into docs/images
 *   node scripts/screenshots.ts FOLDER         every mail and page, light and dark, from phone to a wide screen, to look through
 *   node scripts/screenshots.ts FOLDER ar      the mails and the pages in a language; of the console only in one that it speaks
 *   node scripts/screenshots.ts FOLDER --no-console
 *
 * sample-….png are the views with the data of test/http/sample-pages.ts, which has each of them in every state: what that data
 * says stays English.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { createMailTemplates } from '../src/mail/templates.ts'
import { localeOf } from '../src/shared/locales/locales.ts'
import { inLocale } from '../src/shared/locales/texts.ts'
import { consoleViews, openConsole } from '../test/e2e/console/views.ts'
import { type E2eFixture, openE2eFixture } from '../test/e2e/e2e-fixture.ts'
import { openFederatedFixture } from '../test/e2e/federated-fixture.ts'
import { federationScenes } from '../test/e2e/scenes/federation.ts'
import { type Scene, scenes } from '../test/e2e/scenes/scenes.ts'
import { secondFactorScenes } from '../test/e2e/scenes/second-factors.ts'
import { openSmsFixture, smsScenes } from '../test/e2e/scenes/sms.ts'
import { buildHttpApp } from '../test/http/http-app.ts'
import { samples } from '../test/http/sample-pages.ts'
import { SAMPLE_MAILS } from '../test/mail/samples.ts'
import { openBrowser } from '../test/support/browser.ts'
import { freePort } from '../test/support/ports.ts'
import { screenshotOptions } from './screenshots-options.ts'

// Headless, Chromium calls itself something else, and the account page shows what it says.
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'
const schemes = ['light', 'dark'] as const

/** What a scene waits for comes; on a machine with other things to do, it takes its time. In milliseconds. */
const PATIENCE = 600_000

/** What is looked through: the widths of a phone, a tablet, a laptop and a wide screen. */
const WIDTHS = { phone: 390, tablet: 768, desktop: 1280, wide: 1920 }

/** Pages of the console that docs/console.md shows. */
const SHOWN_OF_CONSOLE = ['console-overview', 'console-client']

/** The width of the README's pictures, and how many of their pixels make one of the page's. */
const shown: Record<string, { width: number; scale: number }> = {
  'sign-in': { width: 560, scale: 2 },
  consent: { width: 560, scale: 2 },
  account: { width: 820, scale: 1.5 },
}

/** A page does without the font where it comes late, on a machine with other things to do; a picture never does. */
const withFont = (page: Page): Promise<unknown> =>
  page.context().route(/\.css$/, async (route) => {
    const response = await route.fetch()
    const body = (await response.text()).replaceAll(/font-display:\s*optional/g, 'font-display:block')
    await route.fulfill({ response, body })
  })

async function shoot(page: Page, path: string, viewport: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(viewport)
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate('document.fonts.ready')
    await page.screenshot({ path: `${path}-${colorScheme}.png`, fullPage: true })
  }
}

async function shootWidths(page: Page, path: string): Promise<void> {
  for (const [name, width] of Object.entries(WIDTHS))
    await shoot(page, `${path}-${name}`, { width, height: 844 })
}

const { folder, language, console: withConsole } = screenshotOptions(process.argv.slice(2))
const into = folder ?? fileURLToPath(new URL('../docs/images', import.meta.url))
mkdirSync(into, { recursive: true })
// Pictures of the documentation name the usual ports; others can be taken by several at once.
const port = String(folder === undefined ? 3000 : await freePort())
const options = {
  env: { PORT: port, ISSUER: `http://localhost:${port}`, RATE_LIMIT: 'on' },
  appPort: folder === undefined ? 4000 : await freePort(),
}

async function shootAll<On extends E2eFixture>(scenes: Scene<On>[], e2e: On): Promise<void> {
  try {
    for (const scene of scenes) {
      const picture = shown[scene.name]
      if (folder === undefined && !picture) continue
      const page = await e2e.tab({
        userAgent: USER_AGENT,
        deviceScaleFactor: folder === undefined && picture ? picture.scale : 1,
      })
      page.context().setDefaultTimeout(PATIENCE)
      await withFont(page)
      await scene.open(page, e2e)
      // Scenes press what is written in English; the page that they end on is shown in the language.
      if (language !== undefined) {
        const { origin } = new URL(page.url())
        await page.context().addCookies([{ name: 'locale', value: language, url: origin }])
        await page.reload()
      }
      const path = join(into, scene.name)
      if (folder === undefined && picture) {
        await shoot(page, path, { width: picture.width, height: 600 })
      } else {
        await shootWidths(page, path)
      }
      console.log(scene.name)
      await page.context().close()
    }
  } finally {
    await e2e.close()
  }
}

/** Every mail, as a client shows it that knows both schemes. */
async function shootMails(language: string): Promise<void> {
  const render = createMailTemplates({ issuer: 'https://id.example.com' })
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    for (const mail of SAMPLE_MAILS) {
      await page.setContent(inLocale(language, () => render(mail)).html)
      const path = join(into, `mail-${mail.template}`)
      await shoot(page, `${path}-phone`, { width: 390, height: 600 })
      await shoot(page, `${path}-desktop`, { width: 632, height: 600 })
    }
  } finally {
    await browser.close()
  }
}

/** Every view, in each state that looks different. */
async function shootSamples(language: string): Promise<void> {
  const app = await buildHttpApp({ rateLimit: false })
  const browser = await openBrowser()
  try {
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    const page = await browser.newPage()
    page.setDefaultTimeout(PATIENCE)
    await withFont(page)
    await page.context().addCookies([{ name: 'locale', value: language, url: base }])
    for (const { title } of samples) {
      await page.goto(`${base}/sample/${title}`)
      await shootWidths(page, join(into, `sample-${title}`))
      console.log(title)
    }
  } finally {
    await browser.close()
    await app.close()
  }
}

/** The sign-in page of a brand, for docs/branding.md. */
async function shootBrand(): Promise<void> {
  const e2e = await openE2eFixture(options)
  try {
    await e2e.latchkey.services.branding.set(
      { kind: 'server' },
      {
        ...{ name: 'Lighthouse', accent: '#7c3aed', background: '#f3eefc', radius: 14 },
        ...{ support_url: 'mailto:help@example.com', terms_url: 'https://example.com/terms' },
      },
    )
    const page = await e2e.tab({ userAgent: USER_AGENT, deviceScaleFactor: 1.5 })
    await withFont(page)
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await shoot(page, join(into, 'branded-sign-in'), { width: 820, height: 600 })
    await shoot(page, join(into, 'branded-sign-in-phone'), { width: 390, height: 700 })
    console.log('branded-sign-in')
  } finally {
    await e2e.close()
  }
}

if (folder === undefined) {
  await shootBrand()
} else {
  await shootMails(language ?? 'en')
  await shootSamples(language ?? 'en')
}

await shootAll(scenes, await openE2eFixture(options))
await shootAll(
  secondFactorScenes,
  await openE2eFixture({ ...options, env: { ...options.env, RATE_LIMIT: 'off' } }),
)
await shootAll(smsScenes, await openSmsFixture({ ...options, env: { ...options.env, RATE_LIMIT: 'off' } }))
await shootAll(
  federationScenes,
  await openFederatedFixture({ ...options, env: { ...options.env, RATE_LIMIT: 'off' } }),
)

if (withConsole && (language === undefined || localeOf(language).console)) {
  const e2e = await openConsole(options)
  try {
    for (const view of consoleViews) {
      if (folder === undefined && !SHOWN_OF_CONSOLE.includes(view.name)) continue
      // What is pressed is named in English.
      if (language !== undefined && view.press !== undefined) continue
      const page = await e2e.console(view.path(e2e), { ...(language !== undefined && { locale: language }) })
      page.context().setDefaultTimeout(PATIENCE)
      await withFont(page)
      await page.reload()
      await view.press?.(page)
      const path = join(into, view.name)
      if (folder === undefined) await shoot(page, path, { width: 1180, height: 1100 })
      else await shootWidths(page, path)
      console.log(view.name)
      await page.context().close()
    }
  } finally {
    await e2e.close()
  }
}

// The browser that all of it shares ends with the process.
process.exit()
