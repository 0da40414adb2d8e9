import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'
import { githubUser } from '../support/upstream/github.ts'
import {
  createSecurityFixture,
  pkce,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/** OpenID Connect Core §3.1.2.1: who is asked for by id_token_hint signs in, or nobody does. */
let federation: FederationFixture
let latchkey: Latchkey
let fixture: SecurityFixture
let client: TestClient
let asked: Victim
let hint: string
let other: { id: string; username: string; email: string }

beforeAll(async () => {
  federation = await openFederation()
  latchkey = federation.latchkey
  fixture = createSecurityFixture(latchkey)
  client = await fixture.client()
  asked = await fixture.victim()
  hint = String((await fixture.tokens(asked, client)).id_token)
  other = await latchkey.createUser()
})
afterAll(() => federation.stop())

const fresh = () => createHttpBrowser({ stopAt: [redirectUri] })
const hinted = (parameters: Record<string, string> = {}) =>
  fixture.authorizeUrl(client, { id_token_hint: hint, ...parameters })
const as = (user: { email: string }) => ({ identifier: user.email, password: PASSWORD })
const signedInAs = async (browser: HttpBrowser, user: { email: string }) =>
  browser.signIn(await browser.open(`${fixture.issuer}/login`), as(user))

async function subject(url: URL): Promise<unknown> {
  const code = {
    code: String(url.searchParams.get('code')),
    verifier: 'v'.repeat(43),
    redirect_uri: redirectUri,
  }
  const { json } = await fixture.exchange(client, code)
  return (await fixture.userinfo(json.access_token)).json.sub
}

describe('another person signs in on the page', () => {
  test('gets no code and no session, sees why and the way out; who is asked for goes on', async () => {
    const browser = fresh()
    const page = await browser.open(hinted())
    expect(page.text).toContain('asks for the account that you used there before')
    const refused = await browser.signIn(page, as(other))
    expect(refused).toMatchObject({ left: false, status: 403 })
    expect(refused.text).toContain('another account than the one that Test app asks for')
    expect((await browser.open(`${fixture.issuer}/account`)).url.pathname).toBe('/login')
    const back = await browser.signIn(refused, as(asked.user))
    expect(await subject(back.url)).toBe(asked.user.id)
  })

  test('and can go back to the app with an error', async () => {
    const browser = fresh()
    const refused = await browser.signIn(await browser.open(hinted()), as(other))
    const back = await browser.submit(refused, {}, { button: 'Cancel and return to Test app' })
    expect(back.url.searchParams.get('error')).toBe('access_denied')
  })

  test('a wrong password says nothing of whose account is asked for', async () => {
    const browser = fresh()
    const page = await browser.open(hinted())
    for (const user of [other, asked.user]) {
      const wrong = await browser.signIn(page, { identifier: user.email, password: 'not the password' })
      expect(wrong.status).toBe(401)
      expect(wrong.text).not.toContain('another account')
    }
  })

  test('the page names nobody to whom holds a hint, and offers no new account', async () => {
    const page = await fresh().open(hinted())
    expect(page.body).not.toContain(asked.user.email)
    expect(page.body).not.toContain(asked.user.username)
    expect(page.body).not.toContain(asked.user.id)
    expect(page.text).not.toContain('Create account')
  })
})

describe('another person is signed in already', () => {
  test('the page says so, and only who is asked for goes on', async () => {
    const browser = fresh()
    await signedInAs(browser, other)
    const page = await browser.open(hinted())
    expect(page.text).toContain(`You are signed in as ${other.username}, but Test app asks for the account`)
    expect((await browser.signIn(page, as(other))).status).toBe(403)
    const back = await browser.signIn(page, as(asked.user))
    expect(await subject(back.url)).toBe(asked.user.id)
  })

  test('prompt=none answers login_required; with nobody signed in as well; with the right one a code', async () => {
    const browser = fresh()
    const none = async () => (await browser.open(hinted({ prompt: 'none' }))).url.searchParams
    expect((await none()).get('error')).toBe('login_required')
    await signedInAs(browser, other)
    expect((await none()).get('error')).toBe('login_required')
    const right = await asked.browser.open(hinted({ prompt: 'none' }))
    expect(await subject(right.url)).toBe(asked.user.id)
  })

  test('a new sign-in that was asked for has to be of the same account', async () => {
    const page = await asked.browser.open(hinted({ prompt: 'login' }))
    const refused = await asked.browser.signIn(page, as(other))
    expect(refused.status).toBe(403)
    const back = await asked.browser.signIn(refused, as(asked.user))
    expect(await subject(back.url)).toBe(asked.user.id)
  })
})

describe('on the way back into the flow', () => {
  test('a sign-in in another tab by another person does not end it', async () => {
    const browser = fresh()
    const flow = await browser.open(hinted())
    await signedInAs(browser, other)
    const page = await browser.open(flow.url)
    expect(page.left).toBe(false)
    expect(page.text).toContain('another account than the one that Test app asks for')
    const back = await browser.signIn(page, as(asked.user))
    expect(await subject(back.url)).toBe(asked.user.id)
  })

  test('a password reset of another account does not end it', async () => {
    const browser = fresh()
    const flow = await browser.open(hinted())
    const forgot = await browser.follow(flow, 'Forgot password?')
    await browser.submit(forgot, { Email: other.email }, { button: 'Send reset link' })
    const reset = await browser.open((await latchkey.mailTo(other.email)).link)
    const done = await browser.submit(reset, { 'New password': `${PASSWORD} anew` })
    expect(done.left).toBe(false)
    const page = await browser.open(flow.url)
    expect(page.left).toBe(false)
    expect(page.text).toMatch(/asks for/)
    other = await latchkey.createUser()
  })

  test('a sign-in at a provider by another person does not end it', async () => {
    federation.github.users.set('stranger', githubUser(77, 'stranger', { name: 'Some Stranger' }))
    const browser = fresh()
    const flow = await browser.open(hinted())
    const provider = await browser.submit(flow, {}, { button: 'Continue with GitHub' })
    const page = await browser.submit(provider, {}, { button: 'Continue as stranger' })
    expect(page.left).toBe(false)
    expect(page.text).toContain('another account than the one that Test app asks for')
  })

  test('a result of another person that is stored with the flow gives no code at resume', async () => {
    const browser = fresh()
    const plain = await browser.open(fixture.authorizeUrl(client))
    const sent = browser.prepare(plain, { 'Email or username': other.email, Password: PASSWORD })
    const resume = await browser.send(sent)
    // As if the page had not compared: the hint is added to the flow that is about to go on.
    const uid = plain.url.pathname.split('/').at(-1) ?? ''
    const { artifacts } = latchkey.services
    const stored = await artifacts.find('Interaction', uid)
    const params = { ...(stored?.params as object), id_token_hint: hint }
    await artifacts.upsert('Interaction', uid, { ...stored, params }, 600)
    const end = await browser.open(String(resume.headers.get('location')))
    expect(end.left).toBe(false)
    expect(end.text).toContain('Test app asks for the account')
  })
})

describe('pushed requests (RFC 9126)', () => {
  const pushed = async (parameters: Record<string, string> = {}) => {
    const par = await fetch(`${fixture.issuer}/par`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`,
      },
      body: new URLSearchParams({
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid',
        code_challenge: pkce('v'.repeat(43)).challenge,
        code_challenge_method: 'S256',
        id_token_hint: hint,
        ...parameters,
      }),
    })
    const { request_uri } = (await par.json()) as { request_uri: string }
    return `${fixture.issuer}/authorize?${new URLSearchParams({ client_id: client.client_id, request_uri })}`
  }

  test('carry the hint through', async () => {
    const browser = fresh()
    const refused = await browser.signIn(await browser.open(await pushed()), as(other))
    expect(refused.status).toBe(403)
    const back = await browser.signIn(refused, as(asked.user))
    expect(await subject(back.url)).toBe(asked.user.id)
    const none = fresh()
    await signedInAs(none, other)
    const end = await none.open(await pushed({ prompt: 'none' }))
    expect(end.url.searchParams.get('error')).toBe('login_required')
  })
})

test('the consent page of a hinted flow offers no change of account', async () => {
  const third = await fixture.client({ first_party: false })
  const page = await asked.browser.open(fixture.authorizeUrl(third))
  expect(page.text).toContain('Use another account')
  const back = await asked.browser.allow(page)
  const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
  const { json } = await fixture.exchange(third, { ...code, redirect_uri: redirectUri })
  const again = await asked.browser.open(
    fixture.authorizeUrl(third, { id_token_hint: String(json.id_token), prompt: 'consent' }),
  )
  expect(again.text).toContain('Allow access?')
  expect(again.text).not.toContain('Use another account')
})
