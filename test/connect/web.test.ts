import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { follow, heading, press } from '../e2e/steps.ts'
import { launchBrowser } from '../support/browser.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { enterAt, leaveAt, type SnippetOptions, startSnippet, tokenAnswers } from './support.ts'

/** Each snippet as the console shows it, for a client with nothing but redirect URIs, driven by a real browser. */

let latchkey: Latchkey
let browser: Browser
let answered: () => number
beforeAll(async () => {
  // Apps renew when a minute is left: at each page.
  latchkey = await startLatchkey({ env: { ACCESS_TOKEN_TTL: '60' } })
  answered = tokenAnswers(latchkey)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await latchkey?.stop()
})

interface Way {
  stack: string
  options?: SnippetOptions
  enter?(page: Page): Promise<unknown>
  leave?(page: Page): Promise<unknown>
}

const link = (name: string) => (page: Page) => follow(page, name)
const button = (name: string) => (page: Page) => press(page, name)

const WAYS: Way[] = [
  { stack: 'openid-client', leave: (page) => page.goto(new URL('/logout', page.url()).href) },
  {
    stack: 'openid-client',
    options: { metadata: { token_endpoint_auth_method: 'client_secret_post' }, path: '/login' },
    leave: (page) => page.goto(new URL('/logout', page.url()).href),
  },
  { stack: 'express-passport', options: { metadata: { token_endpoint_auth_method: 'client_secret_post' } } },
  { stack: 'express-openid-connect' },
  { stack: 'auth-js-express', enter: button('Sign in'), leave: button('Sign out') },
  // Each page renews the tokens, not each quarter of an hour.
  { stack: 'hono', options: { env: { OIDC_AUTH_REFRESH_INTERVAL: '-1' } } },
  {
    stack: 'sveltekit',
    // What `sv create` makes.
    options: {
      files: {
        'vite.config.js':
          "import { sveltekit } from '@sveltejs/kit/vite'\nexport default { plugins: [sveltekit()] }\n",
        'src/app.html':
          '<!doctype html><html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n',
      },
    },
    enter: button('Sign in'),
    leave: button('Sign out'),
  },
  {
    stack: 'oidc-client-ts',
    options: { metadata: { token_endpoint_auth_method: 'none' } },
    enter: button('Sign in'),
    leave: button('Sign out'),
  },
]

describe('connected with issuer, id and secret only', () => {
  test.each(WAYS)(
    '$stack signs in, shows who it is, refreshes, signs out',
    async (way) => {
      const { stack, options, enter = link('Sign in'), leave = link('Sign out') } = way
      const snippet = await startSnippet(latchkey, stack, options)
      const person = await latchkey.createUser()
      const context = await browser.newContext()
      context.setDefaultTimeout(8000)
      try {
        const page = await context.newPage()
        await page.goto(`${snippet.url}/`)
        await enter(page)
        await heading(page, 'Sign in')
        await enterAt(page, person)

        const before = answered()
        await page.goto(`${snippet.url}/`)
        await page.getByText(person.email).waitFor()
        await expect.poll(answered, { timeout: 8000 }).toBeGreaterThan(before)
        // And once more, with the refresh token that came with the last answer.
        const again = answered()
        await page.goto(`${snippet.url}/`)
        await page.getByText(person.email).waitFor()
        await expect.poll(answered, { timeout: 8000 }).toBeGreaterThan(again)

        await leaveAt(page, () => leave(page), snippet.url)
        await page.goto(`${latchkey.issuer}/account`)
        await heading(page, 'Sign in')
      } catch (error) {
        throw new Error(`${error}\n${snippet.output()}`)
      } finally {
        await context.close()
        await snippet.stop()
      }
    },
    60_000,
  )
})
