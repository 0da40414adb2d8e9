import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { registerParty } from './party.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

/** Where a person ends after signing in to this client: its consent page, or the app itself. */
async function afterSignIn(metadata: Record<string, unknown>, redirectUri: string) {
  const user = await latchkey.createUser()
  const party = await registerParty(latchkey, { redirect_uris: [redirectUri], ...metadata })
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const page = await browser.signIn(await browser.open((await party.authorize()).url), {
    identifier: user.username,
    password: PASSWORD,
  })
  return page.left ? 'app' : 'consent'
}

const native = { token_endpoint_auth_method: 'none', application_type: 'native', first_party: true }

test.each([
  ['a first-party web app', { first_party: true }, 'http://127.0.0.1:9/cb', 'app'],
  ['any other web app', {}, 'http://127.0.0.1:9/cb', 'consent'],
  ['a first-party native app on https', native, 'https://app.example/cb', 'app'],
  [
    'a first-party native app on loopback, which any program can claim (RFC 8252 §8.6)',
    native,
    'http://127.0.0.1/cb',
    'consent',
  ],
  ['a first-party native app on a private-use scheme', native, 'com.example.app:/cb', 'consent'],
])('%s', async (_name, metadata, redirectUri, end) => {
  expect(await afterSignIn(metadata, redirectUri)).toBe(end)
})
