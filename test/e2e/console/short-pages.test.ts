import { afterAll, beforeAll, expect, test } from 'vitest'
import { press } from '../steps.ts'
import { type ConsoleFixture, consoleViews, openConsole } from './views.ts'

let e2e: ConsoleFixture
beforeAll(async () => {
  e2e = await openConsole()
  const { accounts, organizations, access } = e2e.latchkey.services
  for (let each = 0; each < 30; each++) {
    const username = `member${each}`
    const email = `${username}@acme.example`
    const { id } = await accounts.createByAdmin({ username, email, verified: true })
    await organizations.members.put(e2e.seen.organization, id, ['member'])
    await access.groups.addMember(e2e.seen.group, id)
    await access.groups.create({ name: `Crew ${each}`, description: 'Who keeps the lights on the pier' })
  }
  await e2e.latchkey.services.audit.idle()
})
afterAll(() => e2e?.close())

const PHONE = { width: 390, height: 844 }

/** Of a page with much on it, in the pixels of a phone: three times what is in sight at once. */
const MOST = 2_600

test.each<[name: string, path: () => string]>([
  ['overview', () => '/admin'],
  ['audit log', () => '/admin/audit'],
  ['users', () => '/admin/users'],
  ['groups', () => '/admin/groups'],
  ['organization', () => `/admin/organizations/${e2e.seen.organization}`],
  ['group', () => `/admin/groups/${e2e.seen.group}`],
  ['claim', () => `/admin/claims/${e2e.seen.claim}?user=grace.hopper&client=${e2e.seen.client}`],
  ['administrator role', () => `/admin/administrator-roles/${e2e.seen.administratorRole}`],
])('on a phone the page is no longer than three screens, however much there is: %s', async (_, path) => {
  const page = await e2e.console(path(), { viewport: PHONE })
  expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBeLessThan(MOST)
  await page.context().close()
})

test.each(['settings-refused', 'organization-refused'])(
  'a refused form is as short, and the field that is wrong is in sight with its part open: %s',
  async (name) => {
    const view = consoleViews.find((each) => each.name === `console-${name}`)
    const page = await e2e.console(view?.path(e2e) ?? '', { viewport: PHONE })
    await view?.press?.(page)
    expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBeLessThan(MOST)
    const wrong = page.locator('[aria-invalid]:focus')
    await wrong.waitFor()
    const box = await wrong.boundingBox()
    expect(box?.y).toBeGreaterThan(0)
    expect(box?.y).toBeLessThan(PHONE.height)
    await page.context().close()
  },
)

test.each([true, false])(
  'what is folded on a phone stands open on a wide screen, under headings that press nothing (JavaScript: %s)',
  async (javaScriptEnabled) => {
    const page = await e2e.console(`/admin/users/${e2e.seen.user}`, { javaScriptEnabled, viewport: PHONE })
    const said = page.getByText('Not signed in anywhere.')
    const summaries = page.locator('details.unfolds > summary:visible')
    expect([await said.isVisible(), await summaries.count()]).toEqual([false, 10])
    await page.setViewportSize({ width: 1024, height: 844 })
    expect([await said.isVisible(), await summaries.count()]).toEqual([true, 0])
    expect(await page.getByRole('heading', { name: 'Signed-in devices' }).count()).toBe(1)
    await page.getByLabel('First name').fill('Amazing')
    await press(page, 'Save')
    await page.getByText('Saved', { exact: false }).first().waitFor()
    await page.context().close()
  },
)

test('an entry of the audit log is two lines: who and when, what was done and from where', async () => {
  const page = await e2e.console('/admin/audit?actor=ada', { viewport: PHONE })
  const row = page.locator('.log tbody tr').first()
  expect((await row.boundingBox())?.height).toBeLessThan(64)
  expect(await row.locator('td').nth(2).textContent()).toMatch(/127\.0\.0\.1|::1/)
  await page.context().close()
})
