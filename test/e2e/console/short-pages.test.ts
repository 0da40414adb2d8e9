import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConsoleFixture, openConsole } from './views.ts'

let e2e: ConsoleFixture
beforeAll(async () => {
  e2e = await openConsole()
  const { accounts, organizations, access } = e2e.latchkey.services
  for (let each = 0; each < 30; each++) {
    const username = `member${each}`
    const email = `${username}@acme.example`
    const { id } = await accounts.createByAdmin({ username, email, verified: true })
    await organizations.members.put(e2e.seen.organization, id, ['member'])
    await access.groups.create({ name: `Crew ${each}`, description: 'Who keeps the lights on the pier' })
  }
  await e2e.latchkey.services.audit.idle()
})
afterAll(() => e2e?.close())

/** Of a page with much on it, in the pixels of a phone: three times what is in sight at once. */
const MOST = 2_600

test.each<[name: string, path: () => string]>([
  ['overview', () => '/admin'],
  ['audit log', () => '/admin/audit'],
  ['users', () => '/admin/users'],
  ['groups', () => '/admin/groups'],
  ['organization', () => `/admin/organizations/${e2e.seen.organization}`],
])('on a phone the page is no longer than three screens, however much there is: %s', async (_, path) => {
  const page = await e2e.console(path(), { viewport: { width: 390, height: 844 } })
  expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBeLessThan(MOST)
  await page.context().close()
})

test('an entry of the audit log is two lines: who and when, what was done and from where', async () => {
  const page = await e2e.console('/admin/audit?actor=ada', { viewport: { width: 390, height: 844 } })
  const row = page.locator('.log tbody tr').first()
  expect((await row.boundingBox())?.height).toBeLessThan(64)
  expect(await row.locator('td').nth(2).textContent()).toMatch(/127\.0\.0\.1|::1/)
  await page.context().close()
})
