import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSetup } from '../../../src/welcome.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

test('password managers are led to where the password is changed', async () => {
  const answer = await fetch(`${latchkey.issuer}/.well-known/change-password`, { redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/security'])
})

// W3C “Detecting the reliability of HTTP status codes”: else they do not trust the redirect.
test('what is unknown below /.well-known is not found', async () => {
  const unknown = 'resource-that-should-not-exist-whose-status-code-should-not-be-200'
  for (const name of [unknown, 'nothing', 'change-password/more'])
    expect((await fetch(`${latchkey.issuer}/.well-known/${name}`)).status).toBe(404)
})

test('the set-up of the first administrator is their first sign-in', async () => {
  const browser = createHttpBrowser()
  const page = await browser.open(String(await openSetup(latchkey.services)))
  await browser.submit(page, { Username: 'root', Email: 'root@example.com', Password: PASSWORD })
  expect((await latchkey.services.accounts.find('root'))?.lastSignInAt).not.toBeNull()
})
