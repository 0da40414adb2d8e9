import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback, type Registrar, registrar } from './support.ts'

let latchkey: Latchkey
let at: Registrar
let url: string
beforeAll(async () => {
  latchkey = await startLatchkey({
    env: { DYNAMIC_REGISTRATION: 'open', UNVERIFIED_CLIENT_SCOPES: 'books:read' },
  })
  at = registrar(latchkey)
  url = `${latchkey.issuer}/admin/registration`
})
afterAll(() => latchkey.stop())

test('scopes that are none are told of in words', async () => {
  const { browser } = await signedIn(latchkey)
  const typed = { 'Who or what it is for': 'X', 'Scopes of your APIs that its clients may ask for': 'a"b' }
  const sent = await browser.submit(await browser.open(url), typed, { button: 'Create token' })
  expect(sent.body).toMatch(/id="field-scope-error">must be scope values separated by spaces/)
})

test('a token is made, shown once to who made it, registers a client, and is revoked', async () => {
  const { browser } = await signedIn(latchkey)
  const empty = await browser.open(url)
  expect(empty.text).toContain('Anybody.')
  expect(empty.text).toContain('books:read')
  const made = await browser.submit(
    empty,
    {
      'Who or what it is for': 'Build server',
      'How many clients': '2',
      'Hosts of their redirect URIs': 'app.example, b.example',
      'They may act for themselves': true,
    },
    { button: 'Create token' },
  )
  const token = /Bearer ([\w-]{43})'/.exec(made.text)?.[1]
  expect(made.text).toContain('shown this once')
  expect((await browser.open(made.url)).text).not.toContain(token)
  const other = await signedIn(latchkey)
  expect((await other.browser.open(made.url)).text).not.toContain(token)

  expect((await at.register({ client_name: 'Made', redirect_uris: [callback] }, token)).status).toBe(201)
  const listed = await browser.open(url)
  expect(listed.text).toContain('1 left')
  expect(listed.text).toContain('only at app.example, b.example')
  expect(listed.text).toContain('acting for themselves')
  const ask = await browser.follow(listed, 'Revoke Build server')
  expect(ask.text).toMatch(
    /Revoke the token for Build server\? .*Nobody can register a client with it any more/,
  )
  const revoked = await browser.submit(ask, {}, { button: 'Revoke' })
  expect(revoked.text).toContain('The token is revoked')
  expect((await at.register({ redirect_uris: [callback] }, token)).status).toBe(401)
  expect((await browser.open(ask.url.href)).url.href).toBe(url)
})

test('a client that its developer changes while an administrator looks at it does not count as checked', async () => {
  const { browser } = await signedIn(latchkey)
  const { json } = await at.register({ client_name: 'Harmless', redirect_uris: [callback] })
  const { client_id: id, registration_client_uri: own, registration_access_token: token } = json
  const pages = [
    [await browser.open(url), 'Mark as checked Harmless'],
    [await browser.open(`${latchkey.issuer}/admin/clients/${id}`), 'I have checked it'],
  ] as const
  const other = { client_id: id, client_name: 'Harmless', redirect_uris: ['https://elsewhere.example/'] }
  expect((await at.call('PUT', String(own), String(token), other)).status).toBe(200)
  for (const [page, button] of pages)
    expect(await browser.submit(page, {}, { button })).toMatchObject({ status: 409 })
  expect(await latchkey.services.clients.get(String(id))).toMatchObject({ verified: false })
  const again = await browser.open(`${latchkey.issuer}/admin/clients/${id}`)
  expect((await browser.submit(again, {}, { button: 'I have checked it' })).text).toContain(
    'counts as checked',
  )
})

test('what is wrong stands beside its field, with what was typed', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(url)
  const wrong = {
    'Who or what it is for': ' ',
    'How many clients': 'many',
    'Hosts of their redirect URIs': 'https://x',
  }
  const refused = await browser.submit(page, wrong, { button: 'Create token' })
  expect(refused.status).toBe(422)
  expect(refused.text).toContain('must be a whole number from 1 to 10000')
  expect(refused.text).toContain('must be host names')
  expect(refused.body).toContain('value="https://x"')
})

test('a client that registered itself is marked as checked', async () => {
  const { json } = await at.register({ client_name: 'Wild app', redirect_uris: [callback] })
  const id = String(json.client_id)
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(url)
  expect(page.text).toContain('Wild app')
  const done = await browser.submit(page, {}, { button: 'Mark as checked Wild app' })
  expect(done.text).toContain('marked as checked')
  expect((await latchkey.services.clients.get(id)).verified).toBe(true)
})

test('an auditor looks and changes nothing', async () => {
  const { browser } = await signedIn(latchkey, 'auditor')
  const page = await browser.open(url)
  expect(page.status).toBe(200)
  expect(page.forms.filter(({ action }) => action !== '/admin/search')).toEqual([])
  expect(page.text).not.toContain('Create an initial access token')
})

test('while it is off, the page says how to switch it on', async () => {
  const off = await startLatchkey()
  try {
    const { browser } = await signedIn(off)
    const page = await browser.open(`${off.issuer}/admin/registration`)
    expect(page.text).toContain('Administrators only.')
    expect(page.text).toContain('the setting to “token”')
  } finally {
    await off.stop()
  }
})
