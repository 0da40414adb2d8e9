import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture, type Tab } from './e2e-fixture.ts'
import { fill, heading, signIn } from './steps.ts'

const STRONG = 'glass otter harbour violin'

let e2e: E2eFixture
beforeAll(async () => {
  e2e = await openE2eFixture()
})
afterAll(() => e2e?.close())

/** Before any page: where each element was that moved, be it after a key or not. */
const WATCH = `window.shifted = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.value > 0) window.shifted.push(entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80)))
}).observe({ type: 'layout-shift', buffered: true })`

const level = (page: Tab) =>
  page.getByRole('meter', { name: 'Strength of the password' }).getAttribute('value')
const said = (page: Tab, words: string | RegExp) =>
  page.getByRole('status').filter({ hasText: words }).waitFor()

test.each([390, 1280])(
  'a meter and the reason come while a password is typed, and nothing moves, %i px wide',
  async (width) => {
    const page = await e2e.tab({ viewport: { width, height: 900 } })
    await page.addInitScript(WATCH)
    await page.goto(`${e2e.latchkey.issuer}/register`, { waitUntil: 'networkidle' })
    await fill(page, 'Username', 'guillemot')
    const below = page.getByRole('button', { name: 'Create account' })
    const before = await below.boundingBox()
    const field = page.getByLabel('Password', { exact: true })
    await field.pressSequentially('short')
    await said(page, 'This password has 5 of at least 15 characters')
    expect(await page.getByText('A few unrelated words make').isVisible()).toBe(false)
    await field.fill('guillemot-2026-guillemot')
    await said(page, 'This password is made of your name')
    await field.fill(STRONG)
    await said(page, 'This is a strong password.')
    expect(await level(page)).toBe('4')
    // What is typed into another field may make it weak.
    await fill(page, 'Email', 'otter.harbour@glass.example')
    await fill(page, 'Last name', STRONG)
    await said(page, 'This password is made of your name')
    await field.fill('')
    await page.getByText('A few unrelated words make').waitFor()
    expect(await level(page)).toBe('0')
    expect(await below.boundingBox()).toEqual(before)
    expect(await page.evaluate('window.shifted')).toEqual([])
    expect(page.complaints).toEqual([])
  },
)

test('the current password is not sent, shown or hidden', async () => {
  const person = await e2e.latchkey.createUser()
  const page = await e2e.tab()
  await page.goto(`${e2e.latchkey.issuer}/login`)
  await signIn(page, person.username)
  await heading(page, 'Your account')
  await page.goto(`${e2e.latchkey.issuer}/account/security`)
  const bodies: string[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/password-strength')) bodies.push(request.postData() ?? '')
  })
  await fill(page, 'Current password', PASSWORD)
  await page.getByRole('button', { name: 'Show Current password' }).click()
  await fill(page, 'New password', STRONG)
  await said(page, 'This is a strong password.')
  expect(bodies.length).toBeGreaterThan(0)
  expect(bodies.join()).not.toContain(PASSWORD)
  expect(page.complaints).toEqual([])
})

test('without JavaScript there is the hint alone', async () => {
  const page = await e2e.tab({ javaScriptEnabled: false })
  await page.goto(`${e2e.latchkey.issuer}/register`)
  expect(await page.getByText('A few unrelated words make').isVisible()).toBe(true)
  expect(await page.locator('meter').isVisible()).toBe(false)
})
