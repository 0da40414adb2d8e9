import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { registerDevice } from '../device/device-client.ts'
import { createSecurityFixture, type SecurityFixture, type TestClient } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type AuthenticatorApp, movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

/**
 * A second factor that is asked for only after people have signed in: it counts with the next refresh, and with a code that was not exchanged. Every rule and every sign-in:
 * test/security/every-way-in.test.ts.
 */
const PWD = 'urn:latchkey:acr:pwd'

const clock = movableClock()
let latchkey: Latchkey
let fixture: SecurityFixture
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: clock.now })
  fixture = createSecurityFixture(latchkey)
})
afterAll(() => latchkey.stop())
afterEach(() => latchkey.services.settings.change({ second_factor: null }))

type User = Awaited<ReturnType<Latchkey['createUser']>>
interface Signed {
  user: User
  client: TestClient
  refresh: unknown
}

/** A code of a new person for a new client, signed in with an authenticator app or without. */
async function withCode({ factor = false, parameters = {}, metadata = {} } = {}) {
  const user = await latchkey.createUser()
  const app: AuthenticatorApp | undefined = factor
    ? await withAuthenticatorApp(latchkey, user.id, clock)
    : undefined
  const client = await fixture.client(metadata)
  const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
  let page = await browser.signIn(await browser.open(fixture.authorizeUrl(client, parameters)), {
    identifier: user.email,
    password: PASSWORD,
  })
  if (app && !page.left) page = await browser.submit(page, { Code: app.code() }, { button: 'Continue' })
  const code = { code: String(page.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
  return {
    user,
    client,
    exchange: () => fixture.exchange(client, { ...code, redirect_uri: client.redirect_uri }),
  }
}

/** As `withCode`, and the code is exchanged. */
async function signedIn(how: Parameters<typeof withCode>[0] = {}): Promise<Signed> {
  const { user, client, exchange } = await withCode(how)
  return { user, client, refresh: (await exchange()).json.refresh_token }
}

const refreshed = async ({ client, refresh }: Signed) => {
  const { status, json } = await fixture.refresh(client, refresh)
  return status === 200 ? decodeJwt(String(json.id_token)).acr : json.error
}

test('max_auth_age is of sign-ins: a refresh token goes on', async () => {
  const signed = await signedIn()
  await latchkey.services.clients.update(signed.client.client_id, { max_auth_age: 0 })
  expect(await refreshed(signed)).toBe(PWD)
})

test('a sign-in that had shown it goes on, also where the client asked to be told the class of a password', async () => {
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: PWD } } })
  const signed = await signedIn({
    factor: true,
    parameters: { claims },
    metadata: { second_factor: 'required' },
  })
  expect(await refreshed(signed)).toBe(PWD)
})

test('a code that was got by a password alone is invalid_grant, whichever rule came before its exchange', async () => {
  const { settings, clients } = latchkey.services
  const rules: ((signed: { client: TestClient }) => Promise<unknown>)[] = [
    () => settings.change({ second_factor: 'everyone' }),
    ({ client }) => clients.update(client.client_id, { second_factor: 'required' }),
  ]
  for (const rule of rules) {
    const [before, shown] = [await withCode(), await withCode({ factor: true })]
    for (const each of [before, shown]) await rule(each)
    expect((await before.exchange()).json.error).toBe('invalid_grant')
    expect((await shown.exchange()).status).toBe(200)
    await settings.change({ second_factor: null })
  }
})

test.each(['its code', 'its refresh token'])(
  'a device that was approved by a password alone: %s is invalid_grant, too',
  async (what) => {
    const device = await registerDevice(latchkey)
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const { device_code, user_code } = await device.ask()
    const entered = await browser.submit(
      await browser.open(`${latchkey.issuer}/device`),
      { Code: user_code },
      { button: 'Continue' },
    )
    await browser.allow(await browser.signIn(entered, { identifier: user.email, password: PASSWORD }))
    const require = () => latchkey.services.settings.change({ second_factor: 'everyone' })
    if (what === 'its code') {
      await require()
      return expect((await device.poll(device_code)).json.error).toBe('invalid_grant')
    }
    const { json } = await device.poll(device_code)
    await require()
    expect((await device.refresh(json.refresh_token)).json.error).toBe('invalid_grant')
  },
)
