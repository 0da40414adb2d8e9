import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../../support/flow.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

/** Asks for a link in a browser of its own. */
async function asked(typed: string) {
  const browser = createHttpBrowser()
  return browser.submit(await browser.open(`${latchkey.issuer}/forgot-password`), { Email: typed })
}

test('an address and a username are answered alike, whether there is an account or none', async () => {
  const { username, email } = await latchkey.createUser()
  const seen = await Promise.all(
    [username, email, 'nobody', 'nobody@example.com'].map(async (typed) => {
      const { status, text } = await asked(typed)
      expect(text).toContain(typed)
      return [status, text.replaceAll(typed, '…')]
    }),
  )
  expect(seen[0]).toEqual([200, expect.stringContaining('Check your mail')])
  for (const each of seen) expect(each).toEqual(seen[0])
  expect((await latchkey.mailTo(email)).link.pathname).toBe('/reset-password')
})

test('nothing, and an address with a mistake in it, is told so at once', async () => {
  for (const [typed, said] of [
    ['  ', 'Enter your email or username.'],
    ['ada@', 'like'],
    ['ada@exa mple.com', 'like'],
    [`${'a'.repeat(321)}`, 'too long'],
  ] as const) {
    const page = await asked(typed)
    expect([page.status, page.text.includes(said)], typed).toEqual([422, true])
  }
})
