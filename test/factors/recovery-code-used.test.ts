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
  /** The form of a recovery code, filled in, behind some that were used. */
  async function filledIn(used: number, path: string, stopAt?: string) {
    const { credentials, code } = await person(used)
    const browser = createHttpBrowser({ stopAt: stopAt === undefined ? [] : [stopAt] })
    const factor = await browser.signIn(await browser.open(`${latchkey.issuer}${path}`), credentials)
    const form = await browser.follow(factor, 'Use a recovery code')
    return { browser, form, request: browser.prepare(form, { Code: code }, { button: 'Continue' }) }
  }
  async function shownAfter(...sent: Parameters<typeof filledIn>) {
    const { browser, form, request } = await filledIn(...sent)
    return { browser, form, request, page: await browser.visit(request) }
  }
  /** An authorization request of an app that asks for no consent. */
  async function app() {
    const client = await latchkey.createClient({ first_party: true, scope: 'openid' })
    const request = new URLSearchParams({
      ...{ client_id: client.client_id, redirect_uri: client.redirect_uri, scope: 'openid' },
      ...{ response_type: 'code', code_challenge_method: 'S256' },
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    })
    return [`/authorize?${request}`, client.redirect_uri] as const
  }

  test('with four left it goes on at once', async () => {
    const { page } = await shownAfter(5, '/login')
    expect(page.url.pathname).toBe('/account')
    const [path, redirectUri] = await app()
    const { page: last } = await shownAfter(5, path, redirectUri)
    expect(last.url.href).toContain(`${redirectUri}?code=`)
  })

  test.each([
    [6, '3 codes are left.'],
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
    const [path, redirectUri] = await app()
    const { browser, page } = await shownAfter(8, path, redirectUri)
    expect(page.text).toContain('1 code is left.')
    expect(page.text).toContain('under “Security”')
    expect((await browser.follow(page, 'Continue')).url.href).toContain(`${redirectUri}?code=`)
  })

  test.each(['/login', 'an app'])(
    'the page can be loaded again, and seen by nobody else: %s',
    async (where) => {
      const [path, redirectUri] = where === 'an app' ? await app() : [where]
      const { browser, page } = await shownAfter(8, path, redirectUri)
      expect(page.url.pathname).toMatch(/\/recovery-codes$/)
      const again = await browser.open(page.url)
      expect([again.url.href, again.text]).toEqual([page.url.href, page.text])
      expect((await createHttpBrowser().open(page.url)).text).not.toContain('1 code is left.')
    },
  )

  test('it is not shown before the code', async () => {
    const [path, redirectUri] = await app()
    for (const [from, page] of [
      [path, (form: URL) => `${form.pathname}/recovery-codes`],
      ['/login', () => '/login/recovery-codes'],
    ] as const) {
      const { browser, form } = await filledIn(8, from, redirectUri)
      const early = await browser.open(new URL(page(form.url), form.url))
      expect(early.url.pathname).toBe(form.url.pathname)
      expect(early.text).not.toContain('1 code is left.')
    }
  })

  test.each(['/login?return_to=/account/sessions', 'an app'])(
    'the form sent again says the same, and Back goes on: %s',
    async (where) => {
      const [path, redirectUri] = where === 'an app' ? await app() : [where]
      const { browser, form, request, page } = await shownAfter(8, path, redirectUri)
      const again = await browser.visit(request)
      expect([again.url.href, again.text]).toEqual([page.url.href, page.text])
      const back = await browser.open(form.url)
      expect(back.url.href).toContain(redirectUri ? `${redirectUri}?code=` : '/account/sessions')
    },
  )

  test('on the way to an app a form that was open in another tab goes on too, whatever is typed there', async () => {
    const [path, redirectUri] = await app()
    const { browser, form, request } = await filledIn(8, path, redirectUri)
    const other = browser.prepare(await browser.open(form.url), { Code: 'late' }, { button: 'Continue' })
    await browser.visit(request)
    expect((await browser.visit(other)).url.href).toContain(`${redirectUri}?code=`)
  })
})
