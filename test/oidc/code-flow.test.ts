import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { registerParty } from './party.ts'

describe.each(engines)('code flow on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  test('an app signs a user in: sign-in, consent, code with PKCE, tokens, userinfo, refresh, sign-out', async () => {
    const { issuer } = latchkey
    const user = await latchkey.createUser()
    const party = await registerParty(latchkey, { post_logout_redirect_uris: ['http://127.0.0.1:9/bye'] })
    const browser = createHttpBrowser({ stopAt: [party.redirectUri, 'http://127.0.0.1:9/bye'] })

    const request = await party.authorize({ scope: 'openid profile email' })
    const signIn = await browser.open(request.url)
    expect(signIn.text).toContain('Test app')
    const consent = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
    expect(consent.text).toContain('Test app')
    const back = await browser.allow(consent)
    expect(back.left).toBe(true)

    const tokens = await party.callback(back.url, request)
    const claims = tokens.claims()
    expect(claims).toMatchObject({ iss: issuer, sub: user.id, aud: party.clientId, amr: ['pwd'] })
    expect(claims?.auth_time).toBeTypeOf('number')
    expect(tokens.refresh_token).toBeTypeOf('string')

    const info = await party.userinfo(tokens.access_token, user.id)
    expect(info).toMatchObject({
      sub: user.id,
      email: user.email,
      email_verified: true,
      preferred_username: user.username,
    })

    const refreshed = await party.refresh(String(tokens.refresh_token))
    expect(refreshed.access_token).not.toBe(tokens.access_token)
    expect(await party.introspect(refreshed.access_token)).toMatchObject({ active: true, sub: user.id })

    const again = await party.authorize({ scope: 'openid profile email' })
    const silent = await browser.open(again.url)
    expect(silent.left).toBe(true)
    await party.callback(silent.url, again)

    const bye = await browser.open(
      party.endSessionUrl({
        id_token_hint: String(tokens.id_token),
        post_logout_redirect_uri: 'http://127.0.0.1:9/bye',
      }),
    )
    expect(bye.url.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/bye/)
    expect(await party.introspect(refreshed.access_token)).toEqual({ active: false })
    await expect(party.refresh(String(refreshed.refresh_token))).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})
