import type { FastifyInstance } from 'fastify'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible, prepareForAxe } from '../support/axe.ts'
import { openBrowser, type SharedBrowser } from '../support/browser.ts'
import { buildHttpApp } from './http-app.ts'
import { samples } from './sample-pages.ts'

let app: FastifyInstance
let browser: SharedBrowser
let base: string

beforeAll(async () => {
  app = await buildHttpApp({ rateLimit: false })
  base = await app.listen({ port: 0, host: '127.0.0.1' })
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await app?.close()
})

/** A tab of its own, which notes what its pages do wrong and what the browser refuses them. */
async function open(options: Parameters<SharedBrowser['newContext']>[0]) {
  const context = await browser.newContext(options)
  const complaints: string[] = []
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) complaints.push(message.text())
  })
  return { context, page, complaints }
}

/** Runs in the page: on a narrow one, the words of what is pressed and is not as wide as the page. */
const NARROWER = `(() => {
  const card = document.querySelector('body:not(.wide, .with-console) main > .card')
  if (!card) return []
  const { clientWidth } = card
  return [...card.querySelectorAll('.button, button[type=submit]')]
    .filter((one) => one.checkVisibility() && !one.matches('.link, .who *, .accounts *'))
    .filter((one) => Math.abs(one.getBoundingClientRect().width - clientWidth) > 1)
    .map((one) => one.textContent.trim())
})()`

describe('every page: axe finds nothing, nothing overflows, what leads on from a narrow one is as wide as it', () => {
  let context: BrowserContext
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    const tab = await open({})
    context = tab.context
    page = tab.page
    complaints = tab.complaints
    await prepareForAxe(page)
  })
  afterAll(() => context.close())

  test.each(samples.map((sample) => sample.title))('%s', async (title) => {
    await page.goto(`${base}/sample/${title}`)
    await expectAccessible(page)
    expect(complaints).toEqual([])
    expect(await page.evaluate<string[]>(NARROWER)).toEqual([])
  })
})

describe('axe looks', () => {
  test.each([
    ['a phone', '(width > 600px)'],
    ['a desk', '(width < 600px)'],
  ])('at what %s alone shows', async (_name, hidden) => {
    const { context, page } = await open({})
    await page.setContent(
      `<!doctype html><html lang="en"><title>A page</title><style>@media ${hidden} { button { display: none } }</style>
<main><h1>A page</h1><button type="button"></button></main></html>`,
    )
    await expect(expectAccessible(page)).rejects.toThrow('button-name')
    await context.close()
  })
  test.each([
    ['where it is light', '(prefers-color-scheme: light)'],
    ['where it is dark', '(prefers-color-scheme: dark)'],
    ['that a phone has in the light', '(prefers-color-scheme: light) and (width < 600px)'],
    ['that a desk has in the light', '(prefers-color-scheme: light) and (width > 600px)'],
    ['that a phone has in the dark', '(prefers-color-scheme: dark) and (width < 600px)'],
    ['that a desk has in the dark', '(prefers-color-scheme: dark) and (width > 600px)'],
  ])('at colours %s', async (_name, media) => {
    const { context, page } = await open({})
    await page.setContent(
      `<!doctype html><html lang="en"><title>A page</title><style>@media ${media} { p { color: #888 } }</style>
<main style="background: white; color: black"><h1>A page</h1><p>Words</p></main></html>`,
    )
    await expect(expectAccessible(page)).rejects.toThrow('color-contrast')
    await context.close()
  })
})

describe('a form in the browser', () => {
  test('shows and hides the password, and sends a button once with its value', async () => {
    const { context, page } = await open({})
    await page.goto(`${base}/sample/setup`)
    const password = page.getByLabel('Password', { exact: true })
    await password.fill('correct horse')
    await page.getByRole('button', { name: 'Show password' }).click()
    expect(await password.getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Hide password' }).click()
    expect(await password.getAttribute('type')).toBe('password')

    await page.goto(`${base}/sample/consent`)
    // 204 leaves the page as it is, so that the state of its buttons after sending can be seen.
    await page.route('**/interaction/u1/consent', (route) => route.fulfill({ status: 204 }))
    const sent = page.waitForRequest('**/interaction/u1/consent')
    await page.getByRole('button', { name: 'Deny' }).click()
    expect(new URLSearchParams((await sent).postData() ?? '').get('decision')).toBe('deny')
    await page.locator('button[value=deny]:disabled').waitFor()
    expect(await page.getByRole('button', { name: 'Allow' }).isDisabled()).toBe(true)
    await context.close()
  })

  test('works without JavaScript: no button that does nothing, values and messages come back', async () => {
    const { context, page } = await open({ javaScriptEnabled: false })
    await page.goto(`${base}/login`)
    expect(await page.getByRole('button', { name: 'Show' }).count()).toBe(0)
    await page.getByLabel('Email or username').fill('ada')
    // Past the browser's own check, which would stop the form before the server sees it.
    await page.getByLabel('Password').evaluate((input) => input.removeAttribute('required'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await page.getByText('Enter your password.').isVisible()).toBe(true)
    expect(await page.getByLabel('Email or username').inputValue()).toBe('ada')
    await page.getByLabel('Password').fill('secret words')
    const answer = page.waitForResponse((response) => response.request().method() === 'POST')
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect((await answer).status()).toBe(303)
    await context.close()
  })
})
