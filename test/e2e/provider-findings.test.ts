import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { press } from './steps.ts'

let e2e: E2eFixture
let organization = ''
const values = new Set<string>()
beforeAll(async () => {
  e2e = await openE2eFixture({ lookUpTxt: async () => ({ values: [...values] }) })
  const { accounts, organizations, ownProvider } = e2e.latchkey.services
  const { id } = await accounts.createByAdmin({
    ...{ username: 'manager', email: 'manager@example.com', password: PASSWORD },
    ...{ verified: true, role: 'admin' as const },
  })
  ;({ id: organization } = await organizations.create({ name: 'Acme' }))
  await organizations.members.put(organization, id, ['admin'])
  values.add((await organizations.domains.add(organization, 'acme.example')).record.value)
  await organizations.domains.verify(organization, 'acme.example')
  await ownProvider.save(id, organization, {
    ...{ issuer: `http://localhost:${await freePort()}`, clientId: 'c', clientSecret: 's' },
    ...{ authMethod: 'client_secret_basic', trustEmail: false, required: false, join: true, roles: [] },
  })
})
afterAll(() => e2e?.close())

/** A picture of the page, where a folder for them is given. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = env.PICTURES
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: false })
}

describe.each([true, false])(
  'what a test of a provider found, on a phone (scripts: %s)',
  (javaScriptEnabled) => {
    async function open(path: string) {
      const page = await e2e.tab({ viewport: { width: 390, height: 600 }, javaScriptEnabled })
      await page.goto(`${e2e.latchkey.issuer}/login?return_to=${encodeURIComponent(path)}`)
      await page.getByLabel('Email or username').fill('manager')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await press(page, 'Sign in')
      await page.waitForURL((url) => url.pathname === path)
      return page
    }

    test.each([
      ['managers', () => `/account/organizations/${organization}/provider`, 'Test', 'Result of the test'],
      [
        'administrators',
        async () => {
          const [provider] = await e2e.latchkey.services.providers.ofOrganization(organization)
          return `/admin/providers/${provider?.id}`
        },
        'Test it',
        'Test again',
      ],
    ] as const)('is in sight and has the focus: of %s', async (who, path, button, after) => {
      const page = await open(await path())
      await press(page, button)
      await page.getByText(after).first().waitFor()
      // Nothing lies over it, as the bar of the console on a phone would.
      const seen = await page.evaluate<{ id: string; over: string }>(`(() => {
      const { id } = document.activeElement
      const { left, top } = document.activeElement.getBoundingClientRect()
      return { id, over: document.elementFromPoint(left + 2, top + 2)?.id ?? '' }
    })()`)
      expect(seen).toEqual({ id: 'test-heading', over: 'test-heading' })
      expect(page.complaints).toEqual([])
      await shoot(page, `tested-${who}-${javaScriptEnabled ? 'script' : 'plain'}`)
    })
  },
)
