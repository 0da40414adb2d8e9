import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withParameters } from '../../src/oidc/authorization/exact-redirects.ts'
import {
  createSecurityFixture,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** Addresses that a parser writes another way. */
const WRITTEN = [
  'https://app.example/cb?a=b%20c',
  'https://app.example/cb?a=b+c&d=%7e~',
  "https://app.example/it's%20here?q='x'&empty=&flag",
  'https://app.example/cb?a=1&a=2&&b=%E2%82%AC',
  'https://app.example',
]

let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim
beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  victim = await fixture.victim(['https://app.example'])
})
afterAll(() => latchkey.stop())

const join = (uri: string) => `${uri}${uri.includes('?') ? '&' : '?'}`
const locationOf = async (url: string, { browser }: Pick<Victim, 'browser'> = victim) => {
  const response = await browser.send({ url: new URL(url), method: 'GET' })
  await response.body?.cancel()
  expect(response.status).toBe(303)
  return String(response.headers.get('location'))
}

describe.each(WRITTEN)('RFC 6749 §3.1.2: %s comes back as it is registered', (uri) => {
  let client: TestClient
  beforeAll(async () => {
    client = await fixture.client({ redirect_uris: [uri], post_logout_redirect_uris: [uri] })
  })

  test('with a code', async () => {
    const location = await locationOf(fixture.authorizeUrl(client))
    expect(location.startsWith(`${join(uri)}code=`)).toBe(true)
    expect(new URL(location).searchParams.get('state')).toBe('the-state')
    expect(new URL(location).searchParams.get('iss')).toBe(latchkey.issuer)
  })

  test('with an error', async () => {
    const stranger = { browser: createHttpBrowser() }
    const location = await locationOf(
      fixture.authorizeUrl(client, { prompt: 'none', state: 's t' }),
      stranger,
    )
    expect(location.startsWith(`${join(uri)}error=login_required&error_description=`)).toBe(true)
    expect(new URL(location).searchParams.get('state')).toBe('s t')
  })

  test('with the answer in the fragment', async () => {
    const location = await locationOf(fixture.authorizeUrl(client, { response_mode: 'fragment' }))
    expect(location.startsWith(`${uri}#code=`)).toBe(true)
    expect(new URLSearchParams(new URL(location).hash.slice(1)).get('state')).toBe('the-state')
  })

  test('with the answer in a JWT (JARM)', async () => {
    const location = await locationOf(fixture.authorizeUrl(client, { response_mode: 'query.jwt' }))
    expect(location.startsWith(`${join(uri)}response=`)).toBe(true)
    const answer = decodeJwt(String(new URL(location).searchParams.get('response')))
    expect(answer).toMatchObject({ state: 'the-state', code: expect.any(String) })
    const inFragment = await locationOf(fixture.authorizeUrl(client, { response_mode: 'fragment.jwt' }))
    expect(inFragment.startsWith(`${uri}#response=`)).toBe(true)
  })

  test('as the action of the form that posts the answer, and of the one that posts an error', async () => {
    for (const [browser, field] of [
      [victim.browser, 'code'],
      [createHttpBrowser(), 'error'],
    ] as const) {
      const page = await browser.open(
        fixture.authorizeUrl(client, { response_mode: 'form_post', prompt: 'none' }),
      )
      expect(page.forms.map(({ action }) => action)).toEqual([uri])
      expect(page.forms[0]?.fields.map(({ name }) => name)).toContain(field)
    }
  })

  test('and the code is redeemed for it', async () => {
    const code = await fixture.code(victim, client)
    expect((await fixture.exchange(client, code)).status).toBe(200)
  })

  test.each([undefined, 's t'])('after signing out, with the state %s', async (state) => {
    const expected = state === undefined ? uri : `${join(uri)}state=s+t`
    const parameters = { client_id: client.client_id, post_logout_redirect_uri: uri, ...(state && { state }) }
    const url = `${fixture.issuer}/logout?${new URLSearchParams(parameters)}`
    expect(await locationOf(url, { browser: createHttpBrowser() })).toBe(expected)
    const person = await fixture.victim()
    await fixture.tokens(person, await fixture.client())
    const page = await person.browser.open(url)
    const stayed = await person.browser.submit(page, {}, { button: 'Stay signed in' })
    expect([stayed.left, stayed.url.pathname]).toEqual([false, '/logout/success'])
    expect(stayed.text).toContain('You are still signed in')
    expect(stayed.links.find(({ text }) => text.startsWith('Back to'))?.href).toBe(expected)
    const again = await person.browser.open(url)
    const response = await person.browser.send(person.browser.prepare(again, {}, { button: 'Sign out' }))
    expect([response.status, response.headers.get('location')]).toEqual([303, expected])
  })
})

test('a parameter of the registered address gives way to one of the answer by the same name (RFC 6749 §3.1: once)', async () => {
  const uri = 'https://app.example/cb?constructor=1&state=old&st%61te=older&a=b%20c'
  const client = await fixture.client({ redirect_uris: [uri] })
  const location = await locationOf(fixture.authorizeUrl(client))
  expect(location.startsWith('https://app.example/cb?constructor=1&a=b%20c&code=')).toBe(true)
  expect(new URL(location).searchParams.getAll('state')).toEqual(['the-state'])
})

test.each([
  ['https://a.example/cb', {}, 'https://a.example/cb'],
  ['https://a.example/cb?', {}, 'https://a.example/cb?'],
  ['https://a.example/cb?', { a: 'x y' }, 'https://a.example/cb?a=x+y'],
  ['https://a.example/cb?a?b=%20', { c: '&' }, 'https://a.example/cb?a?b=%20&c=%26'],
  ['com.example.app:/cb', { code: '1' }, 'com.example.app:/cb?code=1'],
])('parameters join %s %j', (uri, parameters, expected) => {
  expect(withParameters(uri, parameters)).toBe(expected)
})
