import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get } from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { approve, confirmPage, person, registerDevice } from './device-client.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({
    identifier: 'https://books.example',
    name: 'Books API',
    scope: 'books:read books:write',
  })
})
afterAll(() => latchkey.stop())

test('a device asks for scopes of an API: they are on the page, and in its JWT', async () => {
  const device = await registerDevice(latchkey, { scope: 'openid profile books:read' })
  const who = await person(latchkey)
  const asked = await device.ask({ scope: 'openid books:read', resource: 'https://books.example' })
  const page = await confirmPage(latchkey, who, asked.user_code)
  expect(page.text).toContain('books:read')
  await who.browser.allow(page)
  const { json } = await device.poll(asked.device_code)
  expect(decodeJwt(String(json.access_token))).toMatchObject({
    aud: 'https://books.example',
    scope: 'books:read',
    sub: who.user.id,
    auth_time: expect.any(Number),
  })
  const foreign = await device.askRaw({ scope: 'openid', resource: 'https://other.example' })
  expect(foreign.json.error).toBe('invalid_target')
})

test('audience, and the one API of a scope, are taken as in the other flows', async () => {
  const device = await registerDevice(latchkey, { scope: 'openid books:read' })
  for (const parameters of [
    { scope: 'openid books:read', audience: 'https://books.example' },
    { scope: 'books:read' },
  ]) {
    const who = await person(latchkey)
    const asked = await device.ask(parameters)
    await approve(latchkey, who, asked.user_code)
    const { json } = await device.poll(asked.device_code)
    expect([decodeJwt(String(json.access_token)).aud].flat()).toContain('https://books.example')
  }
})

test('a confidential client has to show its secret, when it asks and when it polls', async () => {
  const device = await registerDevice(latchkey, { token_endpoint_auth_method: 'client_secret_basic' })
  const who = await person(latchkey)
  const asked = await device.ask()
  await approve(latchkey, who, asked.user_code)
  const body = new URLSearchParams({
    client_id: device.clientId,
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: asked.device_code,
  })
  expect((await fetch(`${latchkey.issuer}/token`, { method: 'POST', body })).status).toBe(401)
  expect((await fetch(`${latchkey.issuer}/device_authorization`, { method: 'POST', body })).status).toBe(401)
  expect((await device.poll(asked.device_code)).status).toBe(200)
})

test('DPoP: what a device gets is bound to the key that it polls with', async () => {
  const device = await registerDevice(latchkey, { dpop_bound_access_tokens: true })
  const who = await person(latchkey)
  const asked = await device.ask()
  await approve(latchkey, who, asked.user_code)
  expect((await device.poll(asked.device_code)).json.error).toBe('invalid_grant')
  const prover = await createProver()
  const proof = (nonce?: string) => prove(prover, 'POST', `${latchkey.issuer}/token`, { claims: { nonce } })
  const first = await device.poll(asked.device_code, { dpop: await proof() })
  const got = await device.poll(asked.device_code, {
    dpop: await proof(first.headers.get('dpop-nonce') ?? undefined),
  })
  const { json } = first.status === 200 ? first : got
  expect(json.token_type).toBe('DPoP')
  const bearer = await get(`${latchkey.issuer}/userinfo`, {
    authorization: `Bearer ${String(json.access_token)}`,
  })
  expect(bearer.status).toBe(401)
})

test('a person is asked each time, for an application of your own too', async () => {
  const device = await registerDevice(latchkey, { first_party: true })
  const who = await person(latchkey)
  for (let time = 0; time < 2; time++) {
    const asked = await device.ask()
    const page = await confirmPage(latchkey, who, asked.user_code)
    expect(page.text).toContain('Is this device in front of you?')
    expect(page.text).toMatch(/Calls itself .*(127\.0\.0\.1|::1).* just now/)
    expect(page.text).toContain('See your email address')
    expect((await device.poll(asked.device_code)).json.error).toBe('authorization_pending')
    await who.browser.allow(page)
    expect((await device.poll(asked.device_code)).status).toBe(200)
  }
})

test('registering inside the flow leads back to the device', async () => {
  const device = await registerDevice(latchkey)
  const browser = createHttpBrowser()
  const asked = await device.ask()
  const signIn = await browser.submit(
    await browser.open(asked.verification_uri_complete),
    {},
    { button: 'Continue' },
  )
  const form = await browser.follow(signIn, 'Create account')
  const email = 'new-at-the-tv@example.com'
  await browser.submit(
    form,
    { Username: 'new-at-the-tv', Email: email, Password: PASSWORD },
    { button: 'Create account' },
  )
  const { link } = await latchkey.mailTo(email)
  const page = await browser.submit(await browser.open(link), {}, { button: 'Verify' })
  expect(page.text).toContain('Sign in on the other device?')
  expect((await browser.allow(page)).text).toContain('Go back to your device')
  expect((await device.poll(asked.device_code)).status).toBe(200)
})

test('“Use another account” and “Cancel” lead where they should', async () => {
  const device = await registerDevice(latchkey)
  const [who, other] = [await person(latchkey), await person(latchkey)]
  const asked = await device.ask()
  const page = await confirmPage(latchkey, who, asked.user_code)
  const signIn = await who.browser.submit(page, {}, { button: 'Use another account' })
  const again = await who.browser.signIn(signIn, { identifier: other.user.username, password: PASSWORD })
  expect(again.text).toContain(other.user.username)
  await who.browser.allow(again)
  const tokens = await device.poll(asked.device_code)
  expect(decodeJwt(String(tokens.json.id_token)).sub).toBe(other.user.id)

  const next = await device.ask()
  const somebody = await person(latchkey, false)
  const open = await somebody.browser.submit(
    await somebody.browser.open(next.verification_uri_complete),
    {},
    { button: 'Continue' },
  )
  const cancelled = await somebody.browser.submit(
    open,
    {},
    {
      form: ({ action }) => action.endsWith('/cancel'),
    },
  )
  expect(cancelled.text).toContain('You cancelled, and nothing was done')
  expect((await device.poll(next.device_code)).json.error).toBe('authorization_pending')
})

test('two tabs and Back: the page that was answered leads on, and the other one is told', async () => {
  const device = await registerDevice(latchkey)
  const who = await person(latchkey)
  const asked = await device.ask()
  const [one, two] = [
    await confirmPage(latchkey, who, asked.user_code),
    await confirmPage(latchkey, who, asked.user_code),
  ]
  expect((await who.browser.allow(one)).text).toContain('Go back to your device')
  expect((await who.browser.allow(two)).text).toMatch(
    /you allowed Living room TV on .* If your device still waits/,
  )
  expect((await who.browser.open(one.url)).status).toBeLessThan(500)
  // Nothing of a flow, and nothing that the library would take from a form of its own.
  for (const path of ['/device/no-such-flow', `/device/${'x'.repeat(3000)}`])
    expect((await createHttpBrowser().open(`${latchkey.issuer}${path}`)).status).toBeLessThan(500)
  const forged = await fetch(`${latchkey.issuer}/device`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ user_code: (await device.ask()).user_code, confirm: 'yes', xsrf: '' }),
  })
  expect(forged.headers.get('location') ?? '').not.toContain('/interaction/')
})

test('no code is in clear in any row', async () => {
  const device = await registerDevice(latchkey)
  const who = await person(latchkey)
  const asked = await device.ask()
  await confirmPage(latchkey, who, asked.user_code)
  await oidc.initiateDeviceAuthorization(device.config, { scope: 'openid' })
  const rows = await latchkey.services.db.artifacts.all('SELECT * FROM artifacts', [])
  const text = JSON.stringify(rows)
  expect(text).toContain('DeviceCode')
  expect(text).toContain('Interaction')
  for (const secret of [asked.device_code, asked.user_code, asked.user_code.replace('-', '')])
    expect(text).not.toContain(secret)
  // Nor is what the user code is found by made of it alone: a thief of the database could try all of them.
  const { createHash } = await import('node:crypto')
  const plain = createHash('sha256').update(asked.user_code.replace('-', '')).digest('base64url')
  expect(text).not.toContain(plain)
  expect(latchkey.log.join('\n')).not.toContain(asked.user_code)
})
