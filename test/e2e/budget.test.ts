import type { CDPSession } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type E2eFixture, openE2eFixture, type Tab } from './e2e-fixture.ts'
import { allow, heading, signIn, startAt } from './steps.ts'

/** What a first visit to the sign-in page may weigh, in bytes as they are sent: page, style sheets, scripts, font, icon. */
const BUDGET = 60_000

/** Before any page: whatever moves by itself is added up. */
const WATCH = `window.shifted = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value
}).observe({ type: 'layout-shift', buffered: true })`

/** Runs in the page: after the fonts, two frames on, so that a move that comes with them has been seen. */
const SETTLED = `document.fonts.ready.then(() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifted)))))`

let e2e: E2eFixture
beforeAll(async () => {
  e2e = await openE2eFixture()
})
afterAll(() => e2e?.close())

/** A tab that says what it was sent, by address. */
async function weighing(viewport: { width: number; height: number }) {
  const page = await e2e.tab({ viewport })
  await page.addInitScript(WATCH)
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const addresses = new Map<string, string>()
  const sent = new Map<string, number>()
  session.on('Network.responseReceived', ({ requestId, response }) => addresses.set(requestId, response.url))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    sent.set(addresses.get(requestId) ?? requestId, encodedDataLength),
  )
  return { page, sent }
}

describe.each([390, 1280])('the sign-in page, %i px wide', (width) => {
  test('weighs less than 60 KB with all that it loads, from here alone, and nothing in it moves', async () => {
    const { page, sent } = await weighing({ width, height: 800 })
    await page.goto(`${e2e.latchkey.issuer}/login`, { waitUntil: 'networkidle' })
    expect(await page.evaluate(SETTLED)).toBe(0)
    const pieces = Object.fromEntries([...sent].map(([address, bytes]) => [new URL(address).pathname, bytes]))
    for (const piece of [
      '/login',
      '/assets/latchkey.css',
      '/assets/latchkey.js',
      '/assets/figtree-latin.woff2',
    ])
      expect(pieces[piece], piece).toBeGreaterThan(1000)
    const all = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(all, JSON.stringify(pieces)).toBeLessThan(BUDGET)
    expect([...sent.keys()].filter((address) => !address.startsWith(e2e.latchkey.issuer))).toEqual([])
    expect(page.complaints).toEqual([])
  })
})

test('nothing moves on the pages of an app’s sign-in, from the form to the account', async () => {
  const person = await e2e.latchkey.createUser()
  const { page } = await weighing({ width: 390, height: 800 })
  const still = async (at: Tab) => expect(await at.evaluate(SETTLED), at.url()).toBe(0)
  await startAt(page, e2e.app)
  await still(page)
  await signIn(page, person.username, 'not-the-password')
  await page.getByRole('alert').waitFor()
  await still(page)
  await signIn(page, person.username)
  await heading(page, 'Allow access?')
  await still(page)
  await allow(page)
  await page.goto(`${e2e.latchkey.issuer}/account`)
  await still(page)
})
