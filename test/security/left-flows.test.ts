import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { basic, createSecurityFixture, post, redirectUri } from './attacker.ts'

/** A person who leaves an interaction that was open for too long is not led into it again. */
const TWO_HOURS = 7_200_000
let latchkey: Latchkey
let shift = 0
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + shift })
})
afterEach(() => {
  shift = 0
})
afterAll(() => latchkey?.stop())

async function signInPage() {
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const client = await latchkey.createClient({
    redirect_uris: [redirectUri],
    client_name: 'Harbour Notes',
    client_uri: 'https://app.example/',
  })
  const url = createSecurityFixture(latchkey).authorizeUrl({ ...client, redirect_uri: redirectUri })
  return { browser, page: await browser.open(url) }
}

test('“Cancel” on a sign-in page says that the flow is over, and leads to the app', async () => {
  const { browser, page } = await signInPage()
  shift = TWO_HOURS
  const over = await browser.submit(page, {}, { form: ({ action }) => action.endsWith('/cancel') })
  expect(over.status).toBe(200)
  expect(over.text).not.toContain('Enter your password once more')
  expect(over.text).toContain('You cancelled')
  expect(over.links.find(({ text }) => text === 'Go to Harbour Notes')?.href).toBe('https://app.example/')
})

test('“Deny” on a consent page, too; “Allow” starts again', async () => {
  const { username } = await latchkey.createUser()
  const { browser, page } = await signInPage()
  const consent = await browser.signIn(page, { identifier: username, password: PASSWORD })
  shift = TWO_HOURS
  const over = await browser.deny(consent)
  expect(over.text).toContain('You cancelled')
  expect((await browser.allow(consent)).text).toContain('Allow Harbour Notes?')
})

test('a pushed request does not begin again by itself: sent plain, its client would only get an error', async () => {
  const { username } = await latchkey.createUser()
  const client = await latchkey.createClient({
    redirect_uris: [redirectUri],
    client_name: 'Harbour Notes',
    client_uri: 'https://app.example/',
    require_pushed_authorization_requests: true,
  })
  const fixture = createSecurityFixture(latchkey)
  const { searchParams } = new URL(fixture.authorizeUrl({ ...client, redirect_uri: redirectUri }))
  const pushed = await post(
    `${fixture.issuer}/par`,
    searchParams.toString(),
    basic(client.client_id, String(client.client_secret)),
  )
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const visit = { client_id: client.client_id, request_uri: String(pushed.json.request_uri) }
  const page = await browser.open(`${fixture.issuer}/authorize?${new URLSearchParams(visit)}`)
  shift = TWO_HOURS
  const over = await browser.signIn(page, { identifier: username, password: PASSWORD })
  expect(over.left).toBe(false)
  expect(over.links.map(({ href }) => href)).toContain('https://app.example/')
})
