import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { get } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { approve, confirmPage, type Device, type Person, person, registerDevice } from './device-client.ts'

describe.each(engines)('what ends a device that was signed in with a code, on %s', (engine) => {
  let latchkey: Latchkey
  let device: Device
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    device = await registerDevice(latchkey)
  })
  afterAll(() => latchkey.stop())

  const userinfo = (token: unknown) =>
    get(`${latchkey.issuer}/userinfo`, { authorization: `Bearer ${String(token)}` })
  const signIn = async (who: Person) => {
    const asked = await device.ask()
    await approve(latchkey, who, asked.user_code)
    return asked
  }
  const tokensOf = async (who: Person, by = device) => {
    const asked = await by.ask()
    await approve(latchkey, who, asked.user_code)
    const { json, status, text } = await by.poll(asked.device_code)
    if (status !== 200) throw new Error(text)
    return json
  }
  const isOver = async (tokens: Record<string, unknown>) => {
    expect((await userinfo(tokens.access_token)).status).toBe(401)
    expect((await device.refresh(tokens.refresh_token)).json.error).toBe('invalid_grant')
  }
  const lives = async (tokens: Record<string, unknown>) =>
    expect((await userinfo(tokens.access_token)).status).toBe(200)
  /** A page of a person's account, and a button on it beside this text. */
  const press = async ({ browser }: Person, button: string, beside?: string) => {
    const path = button === 'Remove access' ? 'apps' : 'sessions'
    const page = await browser.open(`${latchkey.issuer}/account/${path}`)
    const form = (each: { buttons: { label: string }[] }) =>
      each.buttons.some(({ label }) => label === (beside ? `${button} ${beside}` : button))
    return browser.submit(page, {}, { form })
  }

  test('signing out of the browser does not: the device goes on, also with a code that it has not asked for yet', async () => {
    const who = await person(latchkey)
    const tokens = await tokensOf(who)
    const waiting = await signIn(who)
    await press(who, 'Sign out')
    await lives(tokens)
    expect((await device.poll(waiting.device_code)).status).toBe(200)
    expect((await device.refresh(tokens.refresh_token)).status).toBe(200)
  })

  test('the account page shows the device, and signs out that one alone', async () => {
    const who = await person(latchkey)
    const [first, second] = [
      await tokensOf(who),
      await tokensOf(who, await registerDevice(latchkey, { client_name: 'Kitchen radio' })),
    ]
    const page = await who.browser.open(`${latchkey.issuer}/account/sessions`)
    expect(page.text).toMatch(/Living room TV ?Signed in with a code on .* from (127\.0\.0\.1|::1)/)
    expect((await press(who, 'Sign out', 'Living room TV')).text).toContain('That device is signed out')
    await isOver(first)
    await lives(second)
    expect((await who.browser.open(`${latchkey.issuer}/account/sessions`)).text).not.toContain(
      'Living room TV Signed in',
    )
    const { items } = await latchkey.services.audit.list({ target: device.clientId }, { limit: 10 })
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['device.approved', 'device.ended']),
    )
  })

  test('one device of an app does not end another: its refresh token is revoked', async () => {
    const who = await person(latchkey)
    const [first, second] = [await tokensOf(who), await tokensOf(who)]
    const revoked = await fetch(`${latchkey.issuer}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: device.clientId, token: String(first.refresh_token) }),
    })
    expect(revoked.status).toBe(200)
    await isOver(first)
    await lives(second)
  })

  test('taking back the access of the app ends it', async () => {
    const who = await person(latchkey)
    const tokens = await tokensOf(who)
    const waiting = await signIn(who)
    await press(who, 'Remove access', 'of Living room TV')
    await isOver(tokens)
    expect((await device.poll(waiting.device_code)).json.error).toBe('invalid_grant')
  })

  test('a new password, and “sign out everywhere else”, end it, also before it has asked', async () => {
    const who = await person(latchkey)
    const tokens = await tokensOf(who)
    const waiting = await signIn(who)
    await press(who, 'Sign out everywhere else')
    await isOver(tokens)
    expect((await device.poll(waiting.device_code)).json.error).toBe('invalid_grant')
    const again = await tokensOf(who)
    await latchkey.services.accounts.changePassword({
      accountId: who.user.id,
      currentPassword: PASSWORD,
      newPassword: `${PASSWORD}-new`,
      address: '127.0.0.1',
      devices: [],
    })
    await isOver(again)
  })

  test('ending the browser in which it was approved, from another browser, ends it', async () => {
    const who = await person(latchkey)
    const tokens = await tokensOf(who)
    const elsewhere = {
      user: who.user,
      browser: createHttpBrowser({ headers: { 'user-agent': 'Firefox/150.0 Linux' } }),
    }
    await elsewhere.browser.signIn(await elsewhere.browser.open(`${latchkey.issuer}/login`), {
      identifier: who.user.username,
      password: PASSWORD,
    })
    await press(elsewhere, 'Sign out', 'Unknown device')
    await isOver(tokens)
  })

  test('an account that is disabled before the device has asked gets nothing', async () => {
    const who = await person(latchkey)
    const waiting = await signIn(who)
    await latchkey.services.accounts.disable(who.user.id)
    expect((await device.poll(waiting.device_code)).json.error).toBe('invalid_grant')
  })

  test('an account that is disabled, or signed out everywhere, while its question is open decides nothing', async () => {
    const end: ((who: Person) => Promise<unknown>)[] = [
      ({ user }) => latchkey.services.accounts.disable(user.id),
      ({ user }) =>
        latchkey.services.accounts.changePassword({
          accountId: user.id,
          currentPassword: PASSWORD,
          newPassword: `${PASSWORD}-new`,
          address: '127.0.0.1',
          devices: [],
        }),
    ]
    for (const ended of end) {
      const who = await person(latchkey)
      const asked = await device.ask()
      const page = await confirmPage(latchkey, who, asked.user_code)
      await ended(who)
      const answer = await who.browser.allow(page)
      expect(answer.text).not.toContain('Go back to your device')
      expect(answer.text).toContain('A device asks to sign in to Living room TV')
      expect((await device.poll(asked.device_code)).json.error).toBe('authorization_pending')
      // Nor is the code lost: another person can enter it.
      await approve(latchkey, await person(latchkey), asked.user_code)
      expect((await device.poll(asked.device_code)).status).toBe(200)
    }
  })

  test('a client that is disabled, or loses the grant, in between: the flow, the code and the tokens end', async () => {
    const who = await person(latchkey)
    const other = await registerDevice(latchkey, { client_name: 'Other TV' })
    const asked = await other.ask()
    const page = await confirmPage(latchkey, who, asked.user_code)
    const done = await other.ask()
    await approve(latchkey, await person(latchkey), done.user_code)
    const { clients } = latchkey.services
    await clients.update(other.clientId, {
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/callback'],
    })
    expect((await who.browser.allow(page)).text).toContain('settings of the app have changed')
    expect((await other.poll(done.device_code)).json.error).toBe('invalid_request')
    await clients.update(other.clientId, { grant_types: [DEVICE_CODE_GRANT], redirect_uris: [] })
    // What was decided stands; what was not is still open.
    expect((await other.poll(asked.device_code)).json.error).toBe('authorization_pending')
    const got = await other.poll(done.device_code)
    expect(got.status).toBe(200)
    await clients.disable(other.clientId)
    expect((await other.poll(asked.device_code)).json.error).toBe('invalid_client')
    expect((await userinfo(got.json.access_token)).status).toBe(401)
  })

  test('a scope that the client loses in between is not in the tokens', async () => {
    const who = await person(latchkey)
    const other = await registerDevice(latchkey, { scope: 'openid profile email' })
    const asked = await other.ask()
    await approve(latchkey, who, asked.user_code)
    await latchkey.services.clients.update(other.clientId, { scope: 'openid profile' })
    expect((await other.poll(asked.device_code)).json.scope).toBe('openid profile')
  })
})
