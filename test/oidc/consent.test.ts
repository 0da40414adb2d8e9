import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { registerParty } from './party.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

test.each([
  ['an app that may refresh says so', ['authorization_code', 'refresh_token'], true],
  ['an app that may not says nothing of it', ['authorization_code'], false],
])('ASVS 10.7.2: the consent page says how long: %s', async (_name, grant_types, says) => {
  const user = await latchkey.createUser()
  const party = await registerParty(latchkey, { grant_types })
  const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
  const consent = await browser.signIn(await browser.open((await party.authorize()).url), {
    identifier: user.username,
    password: PASSWORD,
  })
  expect(consent.text).toContain('Know who you are')
  expect(consent.text.includes('Stay connected')).toBe(says)
})
