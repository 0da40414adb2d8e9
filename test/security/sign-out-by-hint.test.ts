import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/** RP-Initiated Logout §2: a good hint of this session signs out without a question; nothing else does. */
const BYE = 'https://app.example/bye'
let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client({ post_logout_redirect_uris: [BYE, `${BYE}?a=b%20c`] })
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const victim = () => fixture.victim([redirectUri, BYE])
const hintOf = async (person: Victim, client = web, parameters: Record<string, string> = {}) =>
  String((await fixture.tokens(person, client, parameters)).id_token)
const logout = (parameters: Record<string, string>) =>
  `${fixture.issuer}/logout?${new URLSearchParams(parameters)}`
const isSignedIn = async (person: Victim) =>
  (await fixture.authorize(person, web, { prompt: 'none' })).get('code') !== null
const asks = async (person: Victim, parameters: Record<string, string>) => {
  const page = await person.browser.open(logout(parameters))
  expect([page.left, page.status, page.text]).toEqual([false, 200, expect.stringContaining('Sign out?')])
  expect(await isSignedIn(person)).toBe(true)
}

describe('a hint of this session', () => {
  test('signs out at once and leads back to the app, exactly where it said, with its state', async () => {
    const person = await victim()
    const bye = await person.browser.open(
      logout({
        id_token_hint: await hintOf(person),
        post_logout_redirect_uri: `${BYE}?a=b%20c`,
        state: 's&=#',
      }),
    )
    expect(bye.url.href).toBe(`${BYE}?a=b%20c&state=s%26%3D%23`)
    expect(await isSignedIn(person)).toBe(false)
    expect(person.browser.cookies.header(new URL(fixture.issuer))).not.toContain('latchkey_session=')
  })

  test('by POST as well; without an address it ends at our page', async () => {
    const person = await victim()
    const body = new URLSearchParams({ id_token_hint: await hintOf(person) })
    const page = await person.browser.visit({
      url: new URL(`${fixture.issuer}/logout`),
      method: 'POST',
      body,
    })
    expect([page.url.pathname, page.text]).toEqual(['/logout/success', expect.stringContaining('Signed out')])
    expect(await isSignedIn(person)).toBe(false)
  })

  test('ends all that the question ends: tokens, other apps, what waits for an address; and the log has it', async () => {
    const told = Promise.withResolvers<string>()
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      response.end()
      told.resolve(String(new URLSearchParams(body).get('logout_token')))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const other = await fixture.client({ backchannel_logout_uri: uri })
    const person = await victim()
    const tokens = await fixture.tokens(person, other)
    const hint = await hintOf(person)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
    await person.browser.open(logout({ id_token_hint: hint }))
    expect(decodeJwt(await told.promise)).toMatchObject({ sub: person.user.id, aud: other.client_id })
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await fixture.refresh(other, tokens.refresh_token)).status).toBe(400)
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list({ action: 'session.ended' })
    expect(items.filter(({ actor }) => actor.id === person.user.id)).toHaveLength(1)
    server.close()
  })

  test('expired it is good, and after signing in again in the same session', async () => {
    const person = await victim()
    const hint = await hintOf(person)
    passTime(3 * 3600)
    const again = await person.browser.open(fixture.authorizeUrl(web, { prompt: 'login' }))
    await person.browser.signIn(again, { identifier: person.user.email, password: PASSWORD })
    await person.browser.open(logout({ id_token_hint: hint }))
    expect(await isSignedIn(person)).toBe(false)
  })

  test('with a sid as well', async () => {
    const client = await fixture.client({
      backchannel_logout_uri: 'http://127.0.0.1:9/',
      backchannel_logout_session_required: true,
    })
    const person = await victim()
    await person.browser.open(logout({ id_token_hint: await hintOf(person, client) }))
    expect(await isSignedIn(person)).toBe(false)
  })
})

describe('the person is asked when the hint is', () => {
  test('of another person (login CSRF), beside any address', async () => {
    const [person, attacker] = [await victim(), await victim()]
    await fixture.tokens(person, web)
    await asks(person, { id_token_hint: await hintOf(attacker), post_logout_redirect_uri: BYE })
  })

  test.each([true, false])('of a session of theirs that has ended (sid: %s)', async (sid) => {
    const client = await fixture.client({
      ...(sid && {
        backchannel_logout_uri: 'http://127.0.0.1:9/',
        backchannel_logout_session_required: true,
      }),
    })
    const person = await victim()
    const old = await hintOf(person, client)
    await person.browser.open(logout({ id_token_hint: old }))
    passTime(2)
    const { browser, user } = person
    await browser.signIn(await browser.open(`${fixture.issuer}/login`), {
      identifier: user.email,
      password: PASSWORD,
    })
    await fixture.tokens(person, client)
    await asks(person, { id_token_hint: old })
  })

  test('of an app that this session has not been used at', async () => {
    const one = await victim()
    const hint = await hintOf(one)
    const { browser, user } = await fixture.victim([redirectUri, BYE])
    const other = { browser, user }
    expect((await other.browser.open(logout({ id_token_hint: hint }))).text).toContain('Sign out?')
    expect(await isSignedIn(other)).toBe(true)
  })

  test('good, but of an app that nobody has checked', async () => {
    const person = await victim()
    const client = await fixture.client()
    const id_token_hint = await hintOf(person, client)
    await latchkey.services.clients.setVerified(client.client_id, false)
    await asks(person, { id_token_hint })
  })

  test('good, but fetched ahead or only looked at', async () => {
    const person = await victim()
    const url = new URL(logout({ id_token_hint: await hintOf(person) }))
    for (const headers of [{ 'sec-purpose': 'prefetch;prerender' }, { 'x-moz': 'prefetch' }]) {
      const answer = await person.browser.send({ url, method: 'GET', headers })
      expect(await answer.text()).toContain('Sign out?')
    }
    await person.browser.send({ url, method: 'HEAD' as 'GET' })
    expect(await isSignedIn(person)).toBe(true)
  })

  test('good, but wanted by a picture, a frame or a script of some page', async () => {
    const person = await victim()
    const url = new URL(logout({ id_token_hint: await hintOf(person) }))
    const wanted = (dest: string) =>
      person.browser.send({ url, method: 'GET', headers: { 'sec-fetch-dest': dest } })
    for (const dest of ['image', 'iframe', 'script', 'empty'])
      expect(await (await wanted(dest)).text()).toContain('Sign out?')
    expect(await isSignedIn(person)).toBe(true)
    await wanted('document')
    expect(await isSignedIn(person)).toBe(false)
  })

  test('one that cannot be checked, beside a valid client_id: as if there were none', async () => {
    const person = await victim()
    const { privateKey } = await generateKeyPair('RS256')
    const forged = await new SignJWT({ sub: person.user.id })
      .setProtectedHeader({ alg: 'RS256' })
      .setAudience(web.client_id)
      .setIssuer(fixture.issuer)
      .sign(privateKey)
    for (const id_token_hint of [forged, 'x', 'a.b.c', '\u0000'])
      await asks(person, { id_token_hint, client_id: web.client_id, post_logout_redirect_uri: BYE })
    const page = await person.browser.open(
      logout({ id_token_hint: forged, client_id: web.client_id, post_logout_redirect_uri: BYE }),
    )
    const bye = await person.browser.submit(page, {}, { button: 'Sign out' })
    expect(bye.url.href).toBe(BYE)
  })
})

test('SIGN_OUT_CONFIRMATION=always asks whatever was sent', async () => {
  const strict = await startLatchkey({ env: { SIGN_OUT_CONFIRMATION: 'always' } })
  try {
    const there = createSecurityFixture(strict)
    const client = await there.client()
    const person = await there.victim()
    const { id_token } = await there.tokens(person, client)
    const page = await person.browser.open(
      `${strict.issuer}/logout?${new URLSearchParams({ id_token_hint: String(id_token) })}`,
    )
    expect(page.text).toContain('Sign out?')
  } finally {
    await strict.stop()
  }
})

describe('a sign-out that was asked for wrongly', () => {
  const wrong = async (): Promise<Record<string, string>[]> => {
    const gone = await fixture.client()
    await latchkey.services.clients.disable(gone.client_id)
    const stranger = await victim()
    return [
      { client_id: web.client_id, post_logout_redirect_uri: 'https://evil.example/' },
      { id_token_hint: 'x', post_logout_redirect_uri: BYE },
      { id_token_hint: await hintOf(stranger), client_id: gone.client_id },
      { client_id: gone.client_id },
      { client_id: 'no-such-client' },
    ]
  }

  test('says that the person is signed in still, and lets them sign out; it leads nowhere by itself', async () => {
    for (const parameters of await wrong()) {
      const person = await victim()
      // A request that was in order before leaves nothing behind for this one.
      await person.browser.open(logout({ client_id: web.client_id, post_logout_redirect_uri: BYE }))
      const page = await person.browser.open(logout(parameters))
      expect(page.status).toBeGreaterThanOrEqual(400)
      expect(page.text).toContain('You are still signed in')
      expect(page.text).toContain(
        `still signed in at ${new URL(fixture.issuer).host} as ${person.user.username}`,
      )
      expect(await isSignedIn(person)).toBe(true)
      const done = await person.browser.submit(page, {}, { button: 'Sign out' })
      expect([done.left, done.url.pathname]).toEqual([false, '/logout/success'])
      expect(await isSignedIn(person)).toBe(false)
    }
  })

  test('says so when nobody is signed in', async () => {
    for (const parameters of await wrong()) {
      const answer = await get(logout(parameters), { accept: 'text/html' })
      expect(answer.text).toContain('You are not signed in')
      expect(answer.text).not.toContain('<form')
    }
  })

  test('a session that was ended in another browser is none', async () => {
    const person = await victim()
    await latchkey.services.accounts.endOtherSessions(person.user.id, 'none')
    const page = await person.browser.open(logout({ client_id: 'no-such-client' }))
    expect(page.text).toContain('You are not signed in')
  })
})

test('no dead end: opening the address of the form leads to the question; staying signed in is called so', async () => {
  const person = await victim()
  await fixture.tokens(person, web)
  const page = await person.browser.open(`${fixture.issuer}/logout/confirm`)
  expect([page.url.pathname, page.text]).toEqual(['/logout', expect.stringContaining('Sign out?')])
  const stayed = await person.browser.submit(page, {}, { button: 'Stay signed in' })
  expect(stayed.text).toContain('You are still signed in')
  const asked = await person.browser.open(logout({ client_id: web.client_id }))
  const app = await person.browser.submit(asked, {}, { button: 'Stay signed in' })
  expect(app.text).toContain('Test app asked to sign you out here, and you stayed')
})
