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

test('what was allowed before is marked, in the page that asks for more', async () => {
  const user = await latchkey.createUser()
  const party = await registerParty(latchkey, { scope: 'openid profile email' })
  const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
  const ask = async (scope: string) => browser.open((await party.authorize({ scope })).url)
  const credentials = { identifier: user.username, password: PASSWORD }
  const first = await browser.signIn(await ask('openid profile'), credentials)
  expect(first.text).not.toContain('Allowed before')
  await browser.allow(first)
  const second = await ask('openid profile email')
  expect(second.text.match(/Allowed before/g)).toHaveLength(2)
  expect(second.text).toMatch(/Know who you are Allowed before/)
  expect(second.text).toMatch(/See your email address(?! Allowed before)/)
})

test('scopes of APIs in their own words, by API, on every page where they are allowed or taken back', async () => {
  const user = await latchkey.createUser()
  const [bank, books] = ['https://bank.example', 'https://books.example']
  const { resources } = latchkey.services
  await resources.add({
    ...{ identifier: bank, name: 'Bank of the Harbour', scope: 'bank:see bank:pay' },
    scope_descriptions: {
      'bank:see': { title: 'See what is in your accounts' },
      'bank:pay': { title: 'Pay bills', description: 'Up to <your> limit.', sensitive: true },
    },
  })
  await resources.add({ identifier: books, name: 'Books', scope: 'books:read' })
  const party = await registerParty(latchkey, {
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid bank:see bank:pay books:read',
  })
  const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
  const ask = async (resource: string, scope: string) =>
    browser.open((await party.authorize({ scope, parameters: { resource } })).url)
  const consent = await browser.signIn(await ask(bank, 'openid bank:see bank:pay'), {
    identifier: user.username,
    password: PASSWORD,
  })
  expect(consent.text).toMatch(
    /Know who you are .*Stay connected.* Bank of the Harbour See what is in your accounts Pay bills Sensitive ?Up to <your> limit\./,
  )
  expect(consent.text).not.toContain('bank:pay')
  await browser.allow(consent)
  const second = await ask(books, 'openid books:read')
  expect(second.text).toContain('Books Use Books for what it calls “books:read”')
  await browser.allow(second)

  const apps = `${latchkey.issuer}/account/apps`
  const page = await browser.open(apps)
  expect(page.text).toContain('Know who you are · Stay connected')
  expect(page.text).toContain('Bank of the Harbour: See what is in your accounts · Pay bills Sensitive')
  expect(page.text).toContain('Books: Use Books for what it calls “books:read”')
  const button = page.forms
    .flatMap(({ buttons }) => buttons.map(({ label }) => label))
    .find((each) => each.includes('Pay bills'))
  expect(button).toContain('“Pay bills (Bank of the Harbour)”')
  const less = await browser.submit(page, {}, { button: button ?? '' })
  expect(less.text).not.toContain('Pay bills')
  expect(less.text).toContain('Bank of the Harbour: See what is in your accounts')
})
