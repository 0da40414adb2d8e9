import { accessSync, constants } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { follow, heading } from '../e2e/steps.ts'
import { openBrowser, type SharedBrowser } from '../support/browser.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { PATIENCE } from '../support/patience.ts'
import { type SnippetOptions, startApi, startSnippet } from './snippet.ts'
import { enterAt, leaveAt, tokenAnswers } from './support.ts'

/** Whether this program can be started here. */
function isThere(tool: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A server and a browser for the tests of one file. */
export function clientFixture(): { latchkey(): Latchkey; browser(): SharedBrowser } {
  let latchkey: Latchkey
  let browser: SharedBrowser
  beforeAll(async () => {
    // Apps that renew when a minute is left do so at each page.
    latchkey = await startLatchkey({ env: { ACCESS_TOKEN_TTL: '60' } })
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await latchkey?.stop()
  })
  return { latchkey: () => latchkey, browser: () => browser }
}

/**
 * A stack that `npm run clients` runs: skipped by name when the machine lacks one of the tools of its `stack.json`.
 * @param run gives the versions that it was run with, by name
 */
export function clientTest(id: string, run: () => Promise<Record<string, string>>): void {
  test(id, { timeout: 900_000 }, async (context) => {
    const stack = allStacks().find((each) => each.id === id)
    if (typeof stack?.run !== 'object') throw new Error(`snippets/${id} names no tools`)
    const missing = stack.run.tools.filter((tool) => !isThere(tool))
    if (missing.length > 0) {
      const why = `${missing.join(', ')}: not on this machine`
      // `npm run clients` is not part of `npm test`: what a machine lacks is named in its table.
      Object.assign(context.task.meta, { skipped: why })
      context.skip(why)
    }
    const versions = await run()
    const file = process.env.LATCHKEY_CLIENTS_RESULTS
    if (file) await appendFile(file, `${JSON.stringify({ id, versions })}\n`)
  })
}

/** The versions of packages of npm that are installed in a folder. */
export async function npmVersions(folder: string, names: readonly string[]): Promise<Record<string, string>> {
  const version = async (name: string) => {
    const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')
    return [name, (JSON.parse(text) as { version: string }).version] as const
  }
  return Object.fromEntries(await Promise.all(names.map(version)))
}

export interface WebWay {
  options?: SnippetOptions
  /** From the app's first page to Latchkey; else by the link “Sign in”. */
  enter?(page: Page): Promise<unknown>
  /** Out of the app; else by the link “Sign out”. False: the library has none. */
  leave?: ((page: Page, folder: string) => Promise<unknown>) | false
  /** Where it calls an API with the token of the sign-in. */
  calls?: string
  /** What has to be so on the page after sign-in, beside that it shows who is signed in. */
  arrive?(page: Page): Promise<void>
  /** False: the library does not refresh by itself. In seconds: so long until it does, where it waits for the end. */
  refreshes?: false | number
  /** It refreshes by a clock of its own for as long as the page stays open; a page that is loaded again begins anew. */
  stays?: true
  /** The versions that it runs with, by name. */
  versions?(folder: string): Promise<Record<string, string>>
}

/** Runs a web app as printed: in, who it is, refreshed twice, out here and at Latchkey. Gives the versions. */
export async function throughWebApp(
  fixture: ReturnType<typeof clientFixture>,
  id: string,
  {
    options,
    enter = (page) => follow(page, 'Sign in'),
    leave = (page) => follow(page, 'Sign out'),
    calls,
    arrive,
    refreshes,
    stays,
    versions,
  }: WebWay,
): Promise<Record<string, string>> {
  const latchkey = fixture.latchkey()
  const answered = tokenAnswers(latchkey)
  const scope = `${id}:call`
  const api = calls ? await startApi(latchkey, 'express-jose', { scope, path: '/books' }) : undefined
  const snippet = await startSnippet(latchkey, id, {
    ...options,
    ...(calls && { metadata: { ...options?.metadata, scope: `openid profile email ${scope}` } }),
  }).catch(async (error) => {
    await api?.stop()
    throw error
  })
  let context: BrowserContext | undefined
  try {
    const person = await latchkey.createUser()
    context = await fixture.browser().newContext()
    const page = await context.newPage()
    await page.goto(`${snippet.url}/`)
    await enter(page)
    await heading(page, 'Sign in')
    await enterAt(page, person)
    await arrive?.(page)
    if (api) {
      await page.goto(`${snippet.url}${calls}`)
      expect(JSON.parse((await page.textContent('body')) ?? '')).toEqual({
        you: person.id,
        by: snippet.clientId,
      })
      await page.goto(`${snippet.url}/`)
    }
    // Twice: the second time with the refresh token that came with the last answer.
    for (let time = 0; refreshes !== false && time < 2; time++) {
      const before = answered()
      if (stays) await page.goto(`${snippet.url}/`)
      const reloaded = async () => {
        if (!stays) await page.goto(`${snippet.url}/`)
        await page.getByText(person.email).first().waitFor()
        return answered()
      }
      await expect
        .poll(reloaded, { timeout: (refreshes ?? 0) * 1000 + PATIENCE, interval: 500 })
        .toBeGreaterThan(before)
    }
    if (leave) {
      const out = leave
      await leaveAt(page, () => out(page, snippet.folder), snippet.url)
      await page.goto(`${latchkey.issuer}/account`)
      await heading(page, 'Sign in')
    }
    return (await versions?.(snippet.folder)) ?? {}
  } catch (error) {
    throw new Error(`${error}\n${snippet.output()}`)
  } finally {
    await context?.close()
    await snippet.stop()
    await api?.stop()
  }
}
