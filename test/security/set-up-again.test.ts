import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, totpCode, withAuthenticatorApp } from '../support/second-factor.ts'
import { createSecurityFixture } from './attacker.ts'

/*
 * An account that had a second factor gets its first one again by a proof from its mailbox, in every state and by every way. Who knows the
 * password alone gets none, whatever `email_codes` says: it is off here.
 */

type Asked = 'nothing' | 'mailbox' | 'factor'

describe.each(engines)('setting a second factor up, on %s', (engine) => {
  let latchkey: Latchkey
  let authorize: () => string
  const clock = movableClock()
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
    const fixture = createSecurityFixture(latchkey)
    await latchkey.services.settings.change({ second_factor: 'admins' })
    const client = await fixture.client({ second_factor: 'required' })
    authorize = () => fixture.authorizeUrl(client, { scope: 'openid' })
  })
  afterAll(() => latchkey?.stop())

  type User = Awaited<ReturnType<Latchkey['createUser']>>
  const kindsOf = async ({ id }: User) => (await latchkey.services.accounts.byId(id))?.secondFactors
  const at = (path: string) => `${latchkey.issuer}${path}`

  async function remove({ id }: User) {
    const [factor] = (await latchkey.services.factors.list(id)).factors
    const { generation = 0 } = (await latchkey.services.accounts.byId(id)) ?? {}
    expect(await latchkey.services.factors.remove({ accountId: id, generation }, factor?.id ?? '')).toBe(true)
  }
  /** Has one that is ready, and gives the path of the link. */
  async function recover({ id, email }: User): Promise<URL> {
    await latchkey.services.factors.recovery.start(id, { kind: 'administrator' })
    await latchkey.services.db.prisma.accountRecovery.updateMany({
      where: { accountId: id, outcome: null },
      data: { readyAt: new Date(clock.now() - 3_600_000) },
    })
    await latchkey.services.factors.recovery.advance()
    return (await latchkey.mailTo(email)).link
  }
  const codeTo = async ({ email }: User) => /\b(\d{6})\b/.exec((await latchkey.mailTo(email)).text)?.[1] ?? ''

  const states: Record<string, { asked: Asked; arrange(who: User): Promise<unknown> }> = {
    'never had one': { asked: 'nothing', arrange: async () => undefined },
    'had one, which its owner removed': {
      asked: 'mailbox',
      async arrange(who) {
        await withAuthenticatorApp(latchkey, who.id, clock)
        await remove(who)
      },
    },
    'had one, which a recovery removed': {
      asked: 'mailbox',
      async arrange(who) {
        await withAuthenticatorApp(latchkey, who.id, clock)
        const token = (await recover(who)).searchParams.get('token') ?? ''
        expect(await latchkey.services.factors.recovery.finish({ accountId: who.id, token })).toBe(true)
      },
    },
    'has one': { asked: 'factor', arrange: ({ id }) => withAuthenticatorApp(latchkey, id, clock) },
  }

  const signIn = async ({ email }: User, from: string, browser = createHttpBrowser()) => ({
    browser,
    page: await browser.signIn(await browser.open(from), { identifier: email, password: PASSWORD }),
  })
  const askedBy = ({ url, body }: BrowserPage): Asked | string => {
    if (url.pathname === '/login/set-up/mailbox') return 'mailbox'
    if (url.pathname === '/login/verify' || /^\/interaction\/[\w-]+$/.test(url.pathname)) return 'factor'
    const begun =
      url.pathname === '/login/set-up' || /^\/account\/security\/(app\/|passkeys\/new)/.test(url.pathname)
    return begun && /data-secret|data-passkey|authenticator app/.test(body) ? 'nothing' : url.pathname
  }
  const json = async (path: string, body: object, token?: string) => {
    const response = await fetch(at(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    return { status: response.status, json: (await response.json()) as Record<string, string> }
  }
  const tokenOf = async ({ email }: User) => json('/api/auth/login', { email, password: PASSWORD })

  const ways: Record<string, (who: User) => Promise<Asked | string>> = {
    'in a flow': async (who) => askedBy((await signIn(who, authorize())).page),
    async 'at /account/security'(who) {
      const { browser, page } = await signIn(who, at('/login?return_to=/account/security'))
      if (askedBy(page) === 'factor') return 'factor'
      return askedBy(await browser.submit(page, {}, { button: 'Set up an authenticator app' }))
    },
    'by a passkey of /account/security': async (who) =>
      askedBy((await signIn(who, at('/login?return_to=/account/security/passkeys/new'))).page),
    async 'by JSON'(who) {
      const { json: signedIn } = await tokenOf(who)
      if (signedIn.code === 'mfa_required') return 'factor'
      const body = { method: 'totp', current_password: PASSWORD }
      const begun = await json('/api/auth/me/factors', body, signedIn.access_token)
      if (begun.status === 201) return 'nothing'
      return begun.json.code === 'email_proof_required' ? 'mailbox' : String(begun.json.code)
    },
    async 'on the first visit of the console'(who) {
      await latchkey.services.accounts.setRole(who.id, 'admin')
      return askedBy((await signIn(who, at('/admin'))).page)
    },
  }

  const table = Object.entries(states).flatMap(([state, { asked, arrange }]) =>
    Object.entries(ways).map(([way, walk]) => ({ state, way, asked, arrange, walk })),
  )
  test.each(table)('$way, an account that $state is asked for $asked', async ({ asked, arrange, walk }) => {
    const who = await latchkey.createUser()
    await arrange(who)
    expect(await walk(who)).toBe(asked)
  })

  async function withOneRemoved() {
    const who = await latchkey.createUser()
    await withAuthenticatorApp(latchkey, who.id, clock)
    await remove(who)
    return who
  }
  /** The code of the mailbox, typed into its page. */
  async function prove(browser: HttpBrowser, page: BrowserPage, who: User) {
    const sent = await browser.submit(page, {}, { button: 'Send a code' })
    expect(sent.text).toContain('A code is on its way')
    return browser.submit(sent, { Code: await codeTo(who) }, { button: 'Continue' })
  }
  async function turnOn(browser: HttpBrowser, page: BrowserPage) {
    const secret = /data-secret[^>]*>([^<]+)</.exec(page.body)?.[1]?.replaceAll(/\s/g, '') ?? ''
    return browser.submit(page, { Code: totpCode(secret, clock.now()) }, { button: 'Turn on' })
  }

  test('forms that are sent without their pages begin nothing', async () => {
    const who = await withOneRemoved()
    const { browser, page } = await signIn(who, at('/login?return_to=/account/security'))
    const form = browser.prepare(page, {}, { button: 'Set up an authenticator app' })
    for (const path of [
      '/account/security/app',
      '/account/security/passkeys',
      '/login/set-up/app',
      '/login/set-up/phone',
    ]) {
      const went = await browser.visit({ ...form, url: new URL(at(path)) })
      const opened = went.url.pathname === '/account/security/app/' ? went : await browser.open(went.url)
      expect([path, askedBy(opened)]).toEqual([path, 'mailbox'])
    }
    expect(await kindsOf(who)).toEqual([])
  })

  test('the code of the mailbox leads on, in that browser alone, and says no mfa', async () => {
    const who = await withOneRemoved()
    const { browser, page } = await signIn(who, authorize())
    expect(page.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))).toContain('Cancel')
    const other = await signIn(who, authorize())
    const setUp = await prove(browser, page, who)
    expect(setUp.url.pathname).toBe('/login/set-up')
    expect(askedBy(await other.browser.open(other.page.url))).toBe('mailbox')
    // It stands in for no factor: the app asks for one still.
    expect((await browser.open(authorize())).left).toBe(false)
    const app = await browser.submit(setUp, {}, { button: 'Set up an authenticator app' })
    expect((await turnOn(browser, app)).body).toContain('data-recovery-code')
    expect(await kindsOf(who)).toEqual(['totp'])
  })

  test('the code is for this alone, once, and its newest one', async () => {
    const who = await withOneRemoved()
    const { emailCodes } = latchkey.services.factors
    await emailCodes.send(who.id, 'enrolment')
    const first = await codeTo(who)
    await latchkey.services.settings.change({ email_codes: 'on' })
    try {
      expect(await emailCodes.verify(who.id, first, 'sign_in')).toMatchObject({ kind: 'wrong' })
      await emailCodes.send(who.id, 'sign_in')
      expect(await emailCodes.verify(who.id, await codeTo(who), 'enrolment')).toMatchObject({ kind: 'wrong' })
    } finally {
      await latchkey.services.settings.change({ email_codes: null })
    }
    await emailCodes.send(who.id, 'enrolment')
    const newest = await codeTo(who)
    const tries = Array.from({ length: 5 }, () => emailCodes.verify(who.id, newest, 'enrolment'))
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'verified')).toHaveLength(1)
  })

  test('none is sent to who has a factor, or never had one', async () => {
    const never = await latchkey.createUser()
    const has = await latchkey.createUser()
    await withAuthenticatorApp(latchkey, has.id, clock)
    for (const { id } of [never, has])
      expect(await latchkey.services.factors.emailCodes.send(id, 'enrolment')).toEqual({ kind: 'off' })
  })

  test('by JSON the code goes along, and a wrong one begins nothing', async () => {
    const who = await withOneRemoved()
    const { access_token } = (await tokenOf(who)).json
    const body = { method: 'totp', current_password: PASSWORD }
    expect((await json('/api/auth/me/factors/challenge', { method: 'email' }, access_token)).status).toBe(200)
    const email_code = await codeTo(who)
    const wrong = email_code === '000000' ? '111111' : '000000'
    const refused = await json('/api/auth/me/factors', { ...body, email_code: wrong }, access_token)
    expect([refused.status, refused.json.code]).toEqual([401, 'invalid_code'])
    const begun = await json('/api/auth/me/factors', { ...body, email_code }, access_token)
    expect(begun.status).toBe(201)
    expect((await json('/api/auth/me/factors', { ...body, email_code }, access_token)).status).toBe(401)
    const { id, secret = '' } = begun.json
    const code = totpCode(secret, clock.now())
    expect((await json(`/api/auth/me/factors/${id}/verify`, { code }, access_token)).status).toBe(200)
    expect(await kindsOf(who)).toEqual(['totp'])
  })

  test('what the password had begun, before there was one, ends with the last', async () => {
    const who = await latchkey.createUser()
    const { access_token } = (await tokenOf(who)).json
    const own = await withAuthenticatorApp(latchkey, who.id, clock)
    expect(own.secret).not.toBe('')
    const begun = await latchkey.services.factors.totp.begin(who.id)
    await remove(who)
    const code = totpCode(begun.secret, clock.now())
    const answer = await json(`/api/auth/me/factors/${begun.id}/verify`, { code }, access_token)
    expect(answer.status).toBe(404)
    expect(await kindsOf(who)).toEqual([])
  })

  test('the browser that finished a recovery by its link is not asked, and another one is', async () => {
    const who = await latchkey.createUser()
    await withAuthenticatorApp(latchkey, who.id, clock)
    const browser = createHttpBrowser()
    const signedIn = await signIn(who, (await recover(who)).href, browser)
    const page =
      signedIn.page.url.pathname === '/login/recover/finish'
        ? signedIn.page
        : await browser.open(at('/login/recover/finish'))
    const over = await browser.submit(page, {}, { button: 'Remove my second factors' })
    expect(over.text).toContain('Your second factors are removed')
    expect(askedBy((await signIn(who, authorize())).page)).toBe('mailbox')
    expect(askedBy((await signIn(who, authorize(), browser)).page)).toBe('nothing')
  })

  test('who has shown the one that is removed, in the same sign-in, is not asked', async () => {
    const who = await latchkey.createUser()
    const app = await withAuthenticatorApp(latchkey, who.id, clock)
    const { browser, page } = await signIn(who, at('/login?return_to=/account/security'))
    const shown = await browser.submit(page, { Code: app.code() }, { button: 'Continue' })
    await remove(who)
    expect(
      askedBy(
        await browser.submit(await browser.open(shown.url), {}, { button: 'Set up an authenticator app' }),
      ),
    ).toBe('nothing')
  })

  test('without a verified address the page says whom to ask, and no code is offered', async () => {
    const who = await withOneRemoved()
    const { browser } = await signIn(who, at('/login?return_to=/account/security'))
    await latchkey.services.db.prisma.account.update({ where: { id: who.id }, data: { email: null } })
    const page = await browser.open(at('/account/security/passkeys/new'))
    expect(page.text).toContain('Ask an administrator')
    expect(page.body).not.toContain('Send a code')
  })
})
