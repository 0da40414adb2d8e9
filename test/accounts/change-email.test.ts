import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
let ahead = 0
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + ahead })
})
afterAll(() => latchkey.stop())

test('ASVS 7.5.1: a new email address asks for a recent sign-in, then for its proof, and the old one is told', async () => {
  const user = await latchkey.createUser('movingada')
  const browser = createHttpBrowser()
  const account = await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: user.username,
    password: PASSWORD,
  })

  ahead = 16 * 60_000
  const again = await browser.submit(account, { email: 'new.ada@example.com' }, { button: 'Change email' })
  expect(again.text).toContain('Sign in again')
  ahead = 0
  const confirm = await browser.signIn(again, { identifier: user.username, password: PASSWORD })
  expect(confirm.text).toContain('new.ada@example.com')
  expect((await latchkey.services.accounts.byId(user.id))?.pendingEmail).toBeNull()
  const waiting = await browser.submit(confirm, {}, { button: 'Go on' })
  expect(waiting.url.pathname).toBe('/account')
  expect(waiting.text).toContain('new.ada@example.com')
  expect((await latchkey.services.accounts.byId(user.id))?.email).toBe(user.email)

  const { link } = await latchkey.mailTo('new.ada@example.com')
  await browser.submit(await browser.open(link), {}, { button: 'Verify' })
  expect((await latchkey.services.accounts.byId(user.id))?.email).toBe('new.ada@example.com')
  expect((await latchkey.mailTo(user.email)).text).toContain('new.ada@example.com')
})
