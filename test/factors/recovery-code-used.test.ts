import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

describe.each(engines)('a sign-in by a recovery code when few are left, on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
  })
  afterAll(() => latchkey.stop())

  /** A person who has used some of ten codes. */
  async function person(used: number) {
    const { id, username } = await latchkey.createUser()
    const { recoveryCodes } = await withAuthenticatorApp(latchkey, id, clock)
    for (const code of recoveryCodes.slice(0, used))
      await latchkey.services.factors.verify({ accountId: id, method: 'recovery_code', code })
    const credentials = { identifier: username, password: PASSWORD }
    return { credentials, code: recoveryCodes[used] ?? '' }
  }
  async function shownAfter(used: number, path: string, stopAt?: string) {
    const { credentials, code } = await person(used)
    const browser = createHttpBrowser({ stopAt: stopAt === undefined ? [] : [stopAt] })
    const factor = await browser.signIn(await browser.open(`${latchkey.issuer}${path}`), credentials)
    const form = await browser.follow(factor, 'Use a recovery code')
    return { browser, page: await browser.submit(form, { Code: code }, { button: 'Continue' }) }
  }

  test('with seven left it goes on at once', async () => {
    const { page } = await shownAfter(2, '/login')
    expect(page.url.pathname).toBe('/account')
  })

  test.each([
    [8, '1 code is left.'],
    [9, 'That was the last one.'],
  ])('after the code behind %i others it says so, and leads to new ones', async (used, said) => {
    const { browser, page } = await shownAfter(used, '/login?return_to=/account/sessions')
    expect(page.text).toContain(said)
    const renew = await browser.follow(page, 'Create new recovery codes')
    expect(renew.url.pathname).toBe('/account/security/recovery-codes')
    expect((await browser.follow(page, 'Continue')).url.pathname).toBe('/account/sessions')
  })

  test('on the way to an app it says so, and goes on to the app', async () => {
    const client = await latchkey.createClient({ first_party: true, scope: 'openid' })
    const request = new URLSearchParams({
      ...{
        client_id: client.client_id,
        redirect_uri: client.redirect_uri,
        response_type: 'code',
        scope: 'openid',
      },
      ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
    })
    const { browser, page } = await shownAfter(8, `/authorize?${request}`, client.redirect_uri)
    expect(page.text).toContain('1 code is left.')
    expect(page.text).toContain('under “Security”')
    const app = await browser.follow(page, 'Continue')
    expect(app.url.href).toContain(`${client.redirect_uri}?code=`)
  })
})
