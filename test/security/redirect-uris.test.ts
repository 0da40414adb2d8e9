import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, get, post, type SecurityFixture, type TestClient } from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let native: TestClient

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client({
    redirect_uris: ['https://app.example/callback', 'https://app.example/other?x=1'],
  })
  native = await fixture.publicClient({
    redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
  })
})
afterAll(() => latchkey.stop())

/** The answer to a browser that is sent to the authorization endpoint by a link and by a form. */
async function asked(client: TestClient, redirect_uri: string) {
  const url = new URL(fixture.authorizeUrl(client, { redirect_uri }))
  const browser = { accept: 'text/html' }
  const byForm = await post(`${fixture.issuer}/authorize`, url.search.slice(1), browser)
  expect(byForm.status).toBe(303)
  const next = new URL(byForm.headers.get('location') ?? '', fixture.issuer)
  expect(next.href.split('?')[0]).toBe(`${fixture.issuer}/authorize`)
  return [await get(url.href, browser), await get(next.href, browser)]
}

describe('RFC 9700 §2.1: redirect_uri is compared as an exact string; anything else is a page, never a redirect', () => {
  test.each([
    ['case of the path', 'https://app.example/Callback'],
    ['case of the host', 'https://APP.example/callback'],
    ['case of the scheme', 'HTTPS://app.example/callback'],
    ['trailing slash', 'https://app.example/callback/'],
    ['extra query', 'https://app.example/callback?x=1'],
    ['empty query', 'https://app.example/callback?'],
    ['extra path', 'https://app.example/callback/evil'],
    ['dot segments', 'https://app.example/callback/../evil'],
    ['encoded dot segments', 'https://app.example/callback/..%2fevil'],
    ['path that resolves to the same', 'https://app.example/x/../callback'],
    ['user info', 'https://app.example@evil.example/callback'],
    ['user info before the right host', 'https://evil.example@app.example/callback'],
    ['encoded dot in the host', 'https://app%2eexample/callback'],
    ['double encoding', 'https://app.example/%2563allback'],
    ['encoded letter', 'https://app.example/%63allback'],
    ['fragment', 'https://app.example/callback#f'],
    ['empty fragment', 'https://app.example/callback#'],
    ['another port', 'https://app.example:8443/callback'],
    ['the default port written out', 'https://app.example:443/callback'],
    ['http instead of https', 'http://app.example/callback'],
    ['a sub-domain', 'https://a.app.example/callback'],
    ['a longer host', 'https://app.example.evil.example/callback'],
    ['trailing dot', 'https://app.example./callback'],
    ['backslash', 'https://app.example\\@evil.example/callback'],
    ['leading space', ' https://app.example/callback'],
    ['trailing newline', 'https://app.example/callback\n'],
    ['NUL at the end', 'https://app.example/callback\0'],
    ['a part of a registered one', 'https://app.example/other'],
    ['a registered one with its query changed', 'https://app.example/other?x=2'],
    ['javascript:', 'javascript:alert(1)'],
    ['data:', 'data:text/html,x'],
    ['relative', '/callback'],
    ['protocol-relative', '//app.example/callback'],
    ['no URI at all', 'callback'],
    ['empty', ''],
  ])('%s', async (_, sent) => {
    for (const answer of await asked(web, sent)) {
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
      expect(answer.headers.get('content-type')).toContain('text/html')
      // RFC 6749 §4.1.2.1: what was refused is not a link on the page either.
      expect(answer.text).not.toContain('evil.example')
      expect(answer.text).not.toContain('href="javascript:')
    }
  })

  test('each registered one is accepted as it stands', async () => {
    for (const sent of ['https://app.example/callback', 'https://app.example/other?x=1'])
      for (const answer of await asked(web, sent))
        expect(answer.headers.get('location')).toMatch(/^(http:\/\/localhost:\d+)?\/interaction\//)
  })

  test('it may not be left out, even where only one is registered', async () => {
    const one = await fixture.client()
    const url = new URL(fixture.authorizeUrl(one))
    url.searchParams.delete('redirect_uri')
    const answer = await get(url.href, { accept: 'text/html' })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })

  test('an unknown client is never redirected, whatever it sends', async () => {
    for (const id of ['nobody', '', '__proto__', `${web.client_id} `, web.client_id.toUpperCase()]) {
      const answer = await get(fixture.authorizeUrl({ ...web, client_id: id }), { accept: 'text/html' })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
    }
  })
})

describe('RFC 9700 §2.1: only a native client’s loopback redirect may differ, and in its port alone (RFC 8252 §7.3)', () => {
  test.each(['http://127.0.0.1:51004/callback', 'http://[::1]:61023/callback', 'http://127.0.0.1/callback'])(
    'accepted: %s',
    async (sent) => {
      for (const answer of await asked(native, sent)) expect(answer.status).toBe(303)
    },
  )

  test.each([
    'http://localhost:51004/callback',
    'http://127.0.0.2:51004/callback',
    'http://127.1:51004/callback',
    'http://2130706433:51004/callback',
    'http://[::ffff:127.0.0.1]:51004/callback',
    'https://127.0.0.1:51004/callback',
    'http://127.0.0.1:51004/Callback',
    'http://127.0.0.1:51004/callback/',
    'http://127.0.0.1:51004/callback?x=1',
    'http://x@127.0.0.1:51004/callback',
    'http://127.0.0.1:51004@evil.example/callback',
    'http://127.0.0.1.evil.example:51004/callback',
    'http://127.0.0.1:99999/callback',
  ])('refused: %s', async (sent) => {
    for (const answer of await asked(native, sent)) {
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
    }
  })

  test('a web client on loopback gets no such freedom', async () => {
    const development = await fixture.client({ redirect_uris: ['http://127.0.0.1:5173/callback'] })
    for (const answer of await asked(development, 'http://127.0.0.1:5174/callback'))
      expect(answer.status).toBe(400)
  })

  test('the port of the code is the port of the exchange', async () => {
    const victim = await fixture.victim(['http://127.0.0.1:51004/callback'])
    const one = await fixture.client({
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
    })
    const sent = { ...one, redirect_uri: 'http://127.0.0.1:51004/callback' }
    const consent = await victim.browser.open(fixture.authorizeUrl(sent))
    const back = await victim.browser.allow(consent)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: '',
    }
    const other = await fixture.exchange(one, code, { redirect_uri: 'http://127.0.0.1:51005/callback' })
    expect(other).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    const right = await fixture.exchange(one, code, { redirect_uri: sent.redirect_uri })
    expect(right.status).toBe(200)
  })
})
