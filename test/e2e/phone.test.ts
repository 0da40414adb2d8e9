import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { signInAtAccount } from './steps.ts'

/** Runs in the page: how many rows the places of an account take. */
const ROWS = `new Set([...document.querySelectorAll('.account-nav a')]
  .map((link) => link.getBoundingClientRect().top)).size`

let e2e: E2eFixture
beforeAll(async () => {
  e2e = await openE2eFixture()
})
afterAll(() => e2e?.close())

test('the places of an account stand in one row, in every language, from 360 px', async () => {
  const { issuer, createUser } = e2e.latchkey
  const page = await e2e.tab({ viewport: { width: 360, height: 780 } })
  await signInAtAccount(page, issuer, await createUser())
  for (const { tag } of LOCALES) {
    await page.context().addCookies([{ name: 'locale', value: tag, url: issuer }])
    await page.goto(`${issuer}/account/security`)
    expect([await page.locator('html').getAttribute('lang'), await page.evaluate(ROWS)]).toEqual([tag, 1])
  }
})
