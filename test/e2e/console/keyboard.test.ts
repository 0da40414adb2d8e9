import { afterAll, beforeAll, expect, test } from 'vitest'
import { heading, tabTo } from '../steps.ts'
import { type ConsoleFixture, openConsole } from './views.ts'

let e2e: ConsoleFixture
beforeAll(async () => {
  e2e = await openConsole()
})
afterAll(() => e2e?.close())

test('a place, a person and a search by the keyboard alone', async () => {
  const page = await e2e.console('/admin')
  await tabTo(page, 'Groups')
  await page.keyboard.press('Enter')
  await heading(page, 'Groups')
  await page.keyboard.press('ControlOrMeta+K')
  await page.keyboard.type('grace.hop')
  await page.keyboard.press('Enter')
  await heading(page, 'Search')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await tabTo(page, 'grace.hopper')
  await page.keyboard.press('Enter')
  await heading(page, 'grace.hopper')
  expect(page.complaints).toEqual([])
})

test('the skip link leads past the navigation', async () => {
  const page = await e2e.console('/admin/users')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  const inside = await page.evaluate<boolean>(`document.activeElement.closest('main') !== null`)
  expect(inside).toBe(true)
})

test('on a phone the menu opens by its button, without a script, and Ctrl K leads to the search', async () => {
  const phone = { viewport: { width: 390, height: 844 } }
  const plain = await e2e.console('/admin/users', { ...phone, javaScriptEnabled: false })
  await plain.getByRole('button', { name: 'Menu' }).click()
  await plain.getByRole('link', { name: 'Keys', exact: true }).click()
  await heading(plain, 'Keys')
  const page = await e2e.console('/admin/users', phone)
  await page.keyboard.press('ControlOrMeta+K')
  await heading(page, 'Search')
})

test('several users are chosen in the list and disabled, without a script', async () => {
  const page = await e2e.console('/admin/users', { javaScriptEnabled: false })
  for (const name of ['joan', 'katherine']) await page.getByLabel(`Choose ${name}`).check()
  await page.getByRole('button', { name: 'Disable …' }).click()
  await heading(page, 'Disable 2 users?')
  await page.getByRole('button', { name: 'Disable 2 users' }).click()
  await heading(page, 'Users')
  await page.getByText('2 users disabled.').waitFor()
})

test.each(['on', 'off'])(
  'on a phone a list is sorted by links above its rows, and what is folded opens by the keyboard (JavaScript %s)',
  async (scripts) => {
    const page = await e2e.console('/admin/users', {
      viewport: { width: 390, height: 844 },
      javaScriptEnabled: scripts === 'on',
    })
    const names = () => page.locator('tbody th a').allTextContents()
    await page.getByRole('navigation', { name: 'Sort by' }).getByRole('link', { name: 'User' }).click()
    await page.waitForURL(/sort=name/)
    const sorted = await names()
    expect(sorted).toEqual(sorted.toSorted())
    // No link out of sight takes the focus.
    expect(await page.locator('thead a').first().isVisible()).toBe(false)
    await page.getByRole('navigation', { name: 'Sort by' }).getByRole('link').first().focus()
    await tabTo(page, 'Last sign-in')
    await page.keyboard.press('Enter')
    await page.waitForURL(/sort=-signed_in/)
    expect((await names())[0]).toBe(e2e.admin.username)
    await page.goto(`${e2e.latchkey.issuer}/admin/users/${e2e.seen.user}`)
    const factors = page.locator('#factors > summary')
    expect(await page.locator('#factors li').first().isVisible()).toBe(false)
    await factors.focus()
    await page.keyboard.press('Enter')
    await page.locator('#factors li').first().waitFor()
    expect(page.complaints).toEqual([])
    await page.context().close()
  },
)

test.each(['on', 'off'])(
  'a link to a folded field leads to it, and Save is in sight (JavaScript %s)',
  async (scripts) => {
    const page = await e2e.console(`/admin/clients/${e2e.seen.client}/access`, {
      viewport: { width: 390, height: 844 },
      javaScriptEnabled: scripts === 'on',
    })
    await page.locator('a[href$="#field-scope"]').click()
    await page.locator('#field-scope').waitFor()
    const inside = `(() => {
      const at = (selector) => document.querySelector(selector).getBoundingClientRect()
      return [at('#field-scope').top >= 0 && at('#field-scope').bottom <= innerHeight, at('.stays button').bottom <= innerHeight]
    })()`
    expect(await page.evaluate(inside)).toEqual([true, true])
    await page.context().close()
  },
)
