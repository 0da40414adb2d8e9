import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'

import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { assemble } from './signer.ts'

/** The Form Post plan of the conformance suite: an app that listens at the form gets every answer there, errors too. */
let latchkey: Latchkey
let fixture: SecurityFixture
let client: TestClient
let asked: TestClient
let victim: Victim
beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  client = await fixture.client({ pkce: 'optional' })
  asked = await fixture.client({ first_party: false })
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())

/** What the form of a page would send, and where to. */
function formOf(page: Awaited<ReturnType<HttpBrowser['open']>>): Record<string, string> {
  expect(page.forms.map(({ action, method }) => [action, method])).toEqual([[redirectUri, 'post']])
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-/)
  return Object.fromEntries((page.forms[0]?.fields ?? []).map(({ name, value }) => [name, value]))
}
const ask = (parameters: Record<string, string>, by = client) =>
  victim.browser.open(fixture.authorizeUrl(by, { response_mode: 'form_post', ...parameters }))

test('a code, with state and iss', async () => {
  expect(formOf(await ask({}))).toEqual({ code: expect.any(String), state: 'the-state', iss: fixture.issuer })
})

describe('an error', () => {
  test.each<[string, Record<string, string>, string]>([
    ['of a scope', { scope: 'openid "' }, 'invalid_scope'],
    ['of a response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['of a missing response_type', { response_type: '' }, 'invalid_request'],
    ['of a prompt', { prompt: 'none login' }, 'invalid_request'],
    ['of a max_age', { max_age: 'x' }, 'invalid_request'],
    [
      'of an unsigned request object that asks for the form itself',
      {
        response_mode: '',
        request: assemble({ alg: 'none' }, { response_mode: 'form_post', state: 'the-state' }),
      },
      'invalid_request_object',
    ],
    ['of a request_uri', { request_uri: 'https://app.example/r' }, 'request_uri_not_supported'],
    ['of an id_token_hint', { id_token_hint: 'x' }, 'invalid_request'],
  ])('%s', async (_, parameters, error) => {
    const form = formOf(await ask(parameters))
    expect(form).toMatchObject({ error, state: 'the-state', iss: fixture.issuer })
  })

  test('of nobody signed in, silently', async () => {
    const stranger = createHttpBrowser({ stopAt: [redirectUri] })
    const page = await stranger.open(
      fixture.authorizeUrl(client, { response_mode: 'form_post', prompt: 'none' }),
    )
    expect(formOf(page)).toMatchObject({ error: 'login_required', state: 'the-state' })
  })

  test('of a person who says no, and who goes back from the sign-in page', async () => {
    const denied = await victim.browser.submit(await ask({}, asked), {}, { button: 'Deny' })
    expect(formOf(denied)).toMatchObject({ error: 'access_denied', state: 'the-state' })
    const stranger = createHttpBrowser({ stopAt: [redirectUri] })
    const signIn = await stranger.open(fixture.authorizeUrl(asked, { response_mode: 'form_post' }))
    const back = await stranger.submit(signIn, {}, { button: 'Cancel and return to Test app' })
    expect(formOf(back)).toMatchObject({ error: 'access_denied', state: 'the-state' })
  })

  test('that came by POST to the authorization endpoint', async () => {
    const url = new URL(fixture.authorizeUrl(client, { response_mode: 'form_post', max_age: 'x' }))
    const page = await victim.browser.open(url)
    expect(formOf(page)).toMatchObject({ error: 'invalid_request' })
    const sent = await fetch(`${url.origin}${url.pathname}`, {
      method: 'POST',
      body: url.searchParams,
      redirect: 'manual',
    })
    expect([sent.status, new URL(String(sent.headers.get('location')), url).search]).toEqual([
      303,
      url.search,
    ])
  })

  test('is never sent to an address that is not registered', async () => {
    const page = await ask({ redirect_uri: 'https://evil.example/', max_age: 'x' })
    expect(page.forms.map(({ action }) => action)).not.toContain('https://evil.example/')
    expect(page.status).toBe(400)
  })
})
