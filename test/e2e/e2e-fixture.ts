import type { BrowserContextOptions, Page } from 'playwright-core'
import { startWebApp } from '../../examples/web-app/server.ts'
import type { LookUpTxt } from '../../src/organizations/domains/dns.ts'
import { prepareForAxe } from '../support/axe.ts'
import { openBrowser } from '../support/browser.ts'
import { type Engine, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'

/** The example app, running and registered. */
export interface ExampleApp {
  url: string
  clientId: string
}

/** A browser tab in a profile of its own. */
export interface Tab extends Page {
  /** What went wrong unseen: scripts that failed, what the Content-Security-Policy refused, requests to strangers. */
  complaints: string[]
}

/** A real browser, a whole server, and the example app as its relying party. */
export interface E2eFixture {
  latchkey: Latchkey
  app: ExampleApp
  /** Opens a browser of its own: no cookies shared with another one. */
  tab(options?: BrowserContextOptions): Promise<Tab>
  /**
   * The one tab in which many pages are looked at, one after the other, on a phone, without cookies each time. It saves
   * a browser of its own for each, and axe is compiled in it once.
   */
  sharedTab(): Promise<Tab>
  /** Starts the example app once more, under a host of its own, so that its cookie is its own too. */
  startApp(host: string, metadata?: Record<string, unknown>): Promise<ExampleApp>
  /** Moves the server's clock, in milliseconds from now. */
  shiftClock(milliseconds: number): void
  close(): Promise<void>
}

export interface E2eOptions {
  engine?: Engine
  /** Settings of the server. */
  env?: Record<string, string>
  /** Where the example app listens; any free port unless given. */
  appPort?: number
  /** What DNS says of domains. */
  lookUpTxt?: LookUpTxt
}

export async function openE2eFixture(options: E2eOptions = {}): Promise<E2eFixture> {
  let shift = 0
  const latchkey = await startLatchkey({ ...options, clock: () => Date.now() + shift })
  const browser = await openBrowser()
  const closing: (() => Promise<void>)[] = []

  async function startApp(
    host: string,
    metadata: Record<string, unknown> = {},
    port?: number,
  ): Promise<ExampleApp> {
    port ??= await freePort()
    const url = `http://${host}:${port}`
    const client = await latchkey.createClient({
      client_name: 'Harbour Notes',
      redirect_uris: [`${url}/callback`],
      post_logout_redirect_uris: [`${url}/signed-out`],
      ...metadata,
    })
    const app = await startWebApp({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      clientSecret: client.client_secret,
      port,
      baseUrl: url,
    })
    closing.push(() => app.close())
    return { url, clientId: client.client_id }
  }

  async function tab(contextOptions: BrowserContextOptions = {}): Promise<Tab> {
    const context = await browser.newContext(contextOptions)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // A page with status 422 is noted by the browser as a failed load; that one is meant.
      const meant = /^Failed to load resource: the server responded with a status of 4\d\d/.test(
        message.text(),
      )
      if (message.type() === 'error' && !meant) complaints.push(message.text())
    })
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) complaints.push(`asked ${request.url()}`)
    })
    page.on('response', (response) => {
      const failed = response.status() >= 500 || (response.url().includes('/assets/') && !response.ok())
      if (failed) complaints.push(`${response.status()} ${response.url()}`)
    })
    return Object.assign(page, { complaints })
  }

  let shared: Promise<Tab> | undefined

  async function sharedTab(): Promise<Tab> {
    shared ??= tab().then(async (page) => {
      await prepareForAxe(page)
      return page
    })
    const page = await shared
    await page.context().clearCookies()
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    page.complaints.length = 0
    return page
  }

  return {
    latchkey,
    app: await startApp('localhost', {}, options.appPort),
    startApp,
    shiftClock(milliseconds) {
      shift = milliseconds
    },
    tab,
    sharedTab,
    async close() {
      await browser.close()
      await Promise.all(closing.map((close) => close()))
      await latchkey.stop()
    },
  }
}
