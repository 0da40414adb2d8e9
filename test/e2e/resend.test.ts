import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { heading, signIn } from './steps.ts'

let e2e: E2eFixture
beforeAll(async () => {
  e2e = await openE2eFixture()
})
afterAll(() => e2e?.close())

test.each(['on', 'off'])(
  'how long a message may be on its way is counted down by a script, and no clock stands still without one (JavaScript %s)',
  async (scripts) => {
    const username = `waits-${scripts}`
    const email = `${username}@example.com`
    await e2e.latchkey.services.accounts.register({ username, email, password: PASSWORD })
    const page = await e2e.tab({ javaScriptEnabled: scripts === 'on' })
    await page.goto(`${e2e.latchkey.issuer}/login`)
    await signIn(page, username)
    await heading(page, 'Verify your email')
    await page.getByRole('button', { name: 'Send a new code' }).click()
    const said = page.getByText('If nothing comes, have another one sent.')
    const clock = page.getByText(/\b\d:\d\d\b/)
    await (scripts === 'on' ? clock : said).waitFor()
    expect([await said.isVisible(), await clock.isVisible()]).toEqual(
      scripts === 'on' ? [false, true] : [true, false],
    )
    expect(await page.getByRole('timer').count()).toBe(scripts === 'on' ? 1 : 0)
    expect(page.complaints).toEqual([])
    await page.context().close()
  },
)
