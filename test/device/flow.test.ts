import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { approve, confirmPage, person, registerDevice } from './device-client.ts'

describe.each(engines)('device flow (RFC 8628) on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  test('openid-client signs a person in on a device: asked, approved, polled, refreshed', async () => {
    const device = await registerDevice(latchkey)
    const who = await person(latchkey, false)
    expect(device.config.serverMetadata()).toMatchObject({
      device_authorization_endpoint: `${latchkey.issuer}/device_authorization`,
      grant_types_supported: expect.arrayContaining(['urn:ietf:params:oauth:grant-type:device_code']),
    })
    const asked = await oidc.initiateDeviceAuthorization(device.config, { scope: 'openid profile email' })
    expect(asked).toMatchObject({
      verification_uri: `${latchkey.issuer}/device`,
      verification_uri_complete: `${latchkey.issuer}/device?user_code=${asked.user_code}`,
      expires_in: 900,
      interval: 5,
    })
    expect(asked.user_code).toMatch(/^[B-Z]{4}-[B-Z]{4}$/)
    const polling = oidc.pollDeviceAuthorizationGrant(device.config, { ...asked, interval: 1 })
    const done = await approve(latchkey, who, asked.user_code)
    expect(done.text).toContain('Go back to your device')
    expect(done.text).toContain('Living room TV')
    expect((await who.browser.open(done.url)).text).toContain('Go back to your device')
    const tokens = await polling
    expect(tokens.claims()?.sub).toBe(who.user.id)
    expect(tokens.scope).toBe('openid profile email')
    expect(await oidc.fetchUserInfo(device.config, tokens.access_token, who.user.id)).toMatchObject({
      email: who.user.email,
    })
    const refreshed = await oidc.refreshTokenGrant(device.config, String(tokens.refresh_token))
    expect(refreshed.claims()?.sub).toBe(who.user.id)
  })

  test('“Deny” is final, and the device hears access_denied as often as it asks', async () => {
    const device = await registerDevice(latchkey)
    const who = await person(latchkey)
    const asked = await device.ask()
    const page = await confirmPage(latchkey, who, asked.user_code)
    const done = await who.browser.deny(page)
    expect(done.text).toContain('The device was refused')
    expect(done.text).toContain('The device was not signed in to Living room TV')
    const back = await who.browser.open(page.url.href)
    expect(back.text).toContain('the device was not signed in to Living room TV')
    expect(back.text).not.toContain('went on')
    for (let poll = 0; poll < 3; poll++)
      expect((await device.poll(asked.device_code)).json.error).toBe('access_denied')
    expect((await confirmPage(latchkey, who, asked.user_code)).text).toContain(
      'you refused Living room TV on',
    )
  })
})
