import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, type SharedBrowser } from '../support/browser.ts'
import { buildHttpApp } from './http-app.ts'

let app: FastifyInstance
let browser: SharedBrowser
let base: string
let page: Page

beforeAll(async () => {
  app = await buildHttpApp({ rateLimit: false })
  base = await app.listen({ port: 0, host: '127.0.0.1' })
  browser = await openBrowser()
  page = await browser.newPage({ viewport: { width: 390, height: 844 } })
})

afterAll(async () => {
  await browser?.close()
  await app?.close()
})

test('buttons of providers stand as far apart as their grid says', async () => {
  await page.goto(`${base}/sample/sign-in`)
  const [gap, ...apart] = await page.evaluate<number[]>(`(() => {
    const grid = document.querySelector('.providers')
    const buttons = [...grid.querySelectorAll('button')].map((button) => button.getBoundingClientRect())
    return [parseFloat(getComputedStyle(grid).rowGap), ...buttons.slice(1).map((each, at) => Math.round(each.top - buttons[at].bottom))]
  })()`)
  expect(apart).toEqual([gap, gap])
})

test('the places of an account are one row on a phone', async () => {
  await page.goto(`${base}/sample/account-security`)
  const tops = await page.evaluate<number[]>(
    `[...document.querySelectorAll('.account-nav a')].map((link) => link.getBoundingClientRect().top)`,
  )
  expect(tops).toHaveLength(5)
  expect(new Set(tops).size).toBe(1)
})

test('what is typed and code keep the direction of their own words on a page from right to left', async () => {
  await page.context().addCookies([{ name: 'locale', value: 'ar', url: base }])
  const look = (path: string, selectors: string[]) =>
    page.goto(`${base}/sample/${path}`).then(() =>
      page.evaluate<string[][]>(`${JSON.stringify(selectors)}.map((selector) => {
        const { direction, textAlign, unicodeBidi } = getComputedStyle(document.querySelector(selector))
        return [direction, textAlign, unicodeBidi]
      })`),
    )
  expect(await look('totp-setup', ['html', 'input[name=code]', 'main code'])).toEqual([
    ['rtl', 'start', 'isolate'],
    ['rtl', 'right', 'plaintext'],
    ['ltr', 'start', 'isolate'],
  ])
  expect(await look('account', ['input[type=tel]', 'input[type=file]'])).toEqual([
    ['ltr', 'right', 'plaintext'],
    ['rtl', 'start', expect.not.stringMatching('plaintext')],
  ])
})
