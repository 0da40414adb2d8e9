import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { clock, createSecurityFixture, passTime, redirectUri, type SecurityFixture } from './attacker.ts'

/*
 * Between a right password and a proven address a browser holds a cookie that says who waits. It counts as long as that
 * sign-in does, signs in once, and makes nothing younger than the password was.
 */

const COOKIE = 'latchkey_pending'
let people = 0

describe.each(engines)('a sign-in that waits for its address, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
  })
  afterAll(() => latchkey?.stop())
  afterEach(() => void vi.useRealTimers())

  const accounts = () => latchkey.services.accounts
  const at = (path: string) => `${fixture.issuer}${path}`
  const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })
  const isSignedIn = async (browser: HttpBrowser) => {
    const response = await browser.send({ url: new URL(at('/account')), method: 'GET' })
    await response.body?.cancel()
    return response.status === 200
  }
  const signIn = async (browser: HttpBrowser, identifier: string) =>
    browser.signIn(await browser.open(at('/login')), { identifier, password: PASSWORD })
  const json = async (browser: HttpBrowser, path: string, body: object) => {
    const url = new URL(at(path))
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: fixture.issuer,
        'sec-fetch-site': 'same-origin',
        cookie: browser.cookies.header(url) ?? '',
      },
      body: JSON.stringify(body),
    })
    browser.cookies.store(url, response.headers.getSetCookie())
    await response.body?.cancel()
    expect(response.ok).toBe(true)
  }
  /** Another browser with nothing but what was copied from this one. */
  const copyOf = (browser: HttpBrowser): HttpBrowser => {
    const copy = newBrowser()
    copy.cookies.store(new URL(fixture.issuer), [`${COOKIE}=${browser.cookies.value(COOKIE) ?? ''}; Path=/`])
    return copy
  }

  /** A person who has registered here and not opened the message yet; `page` asks for its code. */
  async function newcomer(browser = newBrowser()) {
    const username = `newcomer${++people}-${engine}`
    const email = `${username}@example.com`
    const page = await browser.submit(
      await browser.open(at('/register')),
      { Username: username, Email: email, Password: PASSWORD },
      { button: 'Create account' },
    )
    const id = (await accounts().find(username))?.id ?? ''
    const mail = await latchkey.mailTo(email)
    return { id, username, email, browser, page, mail }
  }
  const onPhone = async (link: URL) => {
    const phone = newBrowser()
    await phone.submit(await phone.open(link), {}, { button: 'Verify' })
  }
  const copied = async () => {
    const person = await newcomer()
    return { ...person, copy: copyOf(person.browser) }
  }

  describe('of a generation that has passed', () => {
    const endings: [string, (id: string) => Promise<unknown>][] = [
      ['the account is disabled', (id) => accounts().disable(id)],
      [
        'the account was disabled and is enabled again',
        async (id) => {
          await accounts().disable(id)
          await accounts().enable(id)
        },
      ],
      ['an administrator has ended the sessions', (id) => accounts().endSessions(id)],
    ]
    const forms: [string, (code: string) => [action: string, values: Record<string, string>]][] = [
      ['a code', (code) => ['/verify-email', { code }]],
      ['another message', () => ['/verify-email/resend', {}]],
      ['another address', () => ['/verify-email/address', { email: `thief-${engine}@example.com` }]],
    ]
    test.each(endings.flatMap(([when, end]) => forms.map(([what, form]) => ({ when, end, what, form }))))(
      'has nothing to verify: $when, $what',
      async ({ end, form }) => {
        const { id, email, browser, page, mail } = await newcomer()
        const messages = async () => (await latchkey.mailTo(email)).text
        const code = /\b\d{6}\b/.exec(mail.text)?.[0] ?? ''
        const [action, values] = form(code)
        const request = browser.prepare(page, values, { form: (each) => each.action === action })
        await end(id)
        const answer = await browser.visit(request)
        expect(answer.text).toContain('Open the link in the message that we sent, or sign in')
        expect(browser.cookies.value(COOKIE)).toBeUndefined()
        expect(await accounts().byId(id)).toMatchObject({ email: null, pendingEmail: email })
        expect(await messages()).toBe(mail.text)
        expect(await isSignedIn(browser)).toBe(false)
      },
    )

    test('shows no address on the page, and is forgotten by the browser', async () => {
      const { id, email, browser } = await newcomer()
      await accounts().endSessions(id)
      const page = await browser.open(at('/verify-email'))
      expect([page.status, page.text]).toEqual([400, expect.not.stringContaining(email)])
      expect(browser.cookies.value(COOKIE)).toBeUndefined()
    })

    test('changes no address when it ends between the check and the change', async () => {
      const { id, email, browser, page } = await newcomer()
      const changeEmail = accounts().changeEmail
      const asked = vi.spyOn(accounts(), 'changeEmail').mockImplementationOnce(async (...given) => {
        await accounts().endSessions(id)
        return changeEmail(...given)
      })
      const typed = { email: `late-${engine}@example.com` }
      await browser.submit(page, typed, { form: ({ action }) => action === '/verify-email/address' })
      expect(asked).toHaveBeenCalled()
      asked.mockRestore()
      expect(await accounts().byId(id)).toMatchObject({ email: null, pendingEmail: email })
    })
  })

  describe('signs in once', () => {
    test('and a copy of its cookie no more, neither after that nor after the sign-out', async () => {
      const { browser, copy, mail } = await copied()
      await browser.submit(await browser.open(mail.link), {}, { button: 'Verify' })
      expect(await isSignedIn(browser)).toBe(true)
      await copy.open(at('/verify-email'))
      expect(await isSignedIn(copy)).toBe(false)
      await json(browser, '/api/auth/session/logout', {})
      await copy.open(at('/verify-email'))
      expect(await isSignedIn(copy)).toBe(false)
    })

    test('however many come at once', async () => {
      const { browser, mail } = await newcomer()
      const copies = [1, 2, 3, 4].map(() => copyOf(browser))
      await onPhone(mail.link)
      await Promise.all(copies.map((copy) => copy.open(at('/verify-email'))))
      const signedIn = await Promise.all(copies.map(isSignedIn))
      expect(signedIn.filter(Boolean)).toHaveLength(1)
    })

    const signIns: [string, (browser: HttpBrowser, username: string) => Promise<unknown>][] = [
      ['the sign-in page', signIn],
      [
        'the JSON API',
        (browser, identifier) =>
          json(browser, '/api/auth/session/login', { email: identifier, password: PASSWORD }),
      ],
      [
        'the sign-in page of an app',
        async (browser, identifier) => {
          const page = await browser.open(fixture.authorizeUrl(await fixture.client()))
          await browser.signIn(page, { identifier, password: PASSWORD })
        },
      ],
      [
        'a new password',
        async (browser, username) => {
          const { email } = (await accounts().find(username)) ?? {}
          await accounts().forgot(email ?? '')
          const { link } = await latchkey.mailTo(email ?? '')
          const button = { button: 'Set new password' }
          await browser.submit(await browser.open(link), { password: 'other-otter-73-harbour' }, button)
        },
      ],
    ]
    test.each(signIns)('unless there was a sign-in in between, by %s', async (_name, enter) => {
      const { browser, copy, username, mail } = await copied()
      await onPhone(mail.link)
      await enter(browser, username)
      expect(await isSignedIn(browser)).toBe(true)
      expect(browser.cookies.value(COOKIE)).toBeUndefined()
      await copy.open(at('/verify-email'))
      expect(await isSignedIn(copy)).toBe(false)
    })

    const signOuts: [string, (browser: HttpBrowser) => Promise<unknown>][] = [
      ['the JSON API', (browser) => json(browser, '/api/auth/session/logout', {})],
      [
        'the sign-out page',
        async (browser) => {
          const page = await browser.open(at('/logout'))
          await browser.submit(page, {}, { form: ({ action }) => action.endsWith('/logout/confirm') })
        },
      ],
      [
        'the list of devices',
        async (browser) => {
          const page = await browser.open(at('/account/sessions'))
          await browser.submit(page, {}, { form: ({ action }) => action === '/account/sessions/end' })
        },
      ],
    ]
    test.each(signOuts)('unless a person signed out here in between, by %s', async (_name, leave) => {
      // A person is signed in, and another person registers in the same browser.
      const browser = newBrowser()
      await signIn(browser, (await latchkey.createUser()).username)
      const { mail } = await newcomer(browser)
      await onPhone(mail.link)
      const copy = copyOf(browser)
      await leave(browser)
      expect(await isSignedIn(browser)).toBe(false)
      for (const each of [browser, copy]) {
        await each.open(at('/verify-email'))
        expect(await isSignedIn(each)).toBe(false)
      }
    })
  })

  describe('is as old as its password', () => {
    test('the session begins when the password was checked, not when the address was proven', async () => {
      const { browser, mail } = await newcomer()
      passTime(1000)
      await browser.submit(await browser.open(mail.link), {}, { button: 'Verify' })
      expect(await isSignedIn(browser)).toBe(true)
      // Fifteen minutes are over: what is dangerous asks for the password.
      const page = await browser.open(at('/account'))
      const typed = { email: `aged-${engine}@example.com` }
      const again = await browser.submit(page, typed, { button: 'Change email' })
      expect(again.text).toContain('Sign in again')
      // And so does an app that wants a younger sign-in, whatever its answer is (OpenID Connect Core §3.1.2.1).
      const asked = await browser.open(fixture.authorizeUrl(await fixture.client(), { max_age: '900' }))
      expect(asked.text).toContain('Email or username')
    })

    test('and changing the address makes it no younger', async () => {
      const { browser, page } = await newcomer()
      passTime(1000)
      const email = `moved${++people}-${engine}@example.com`
      await browser.submit(page, { email }, { form: ({ action }) => action === '/verify-email/address' })
      const { link } = await latchkey.mailTo(email)
      passTime(2700)
      await browser.submit(await browser.open(link), {}, { button: 'Verify' })
      expect(await isSignedIn(browser)).toBe(false)
    })
  })

  describe('a change of address that waits', () => {
    async function asked() {
      const user = await latchkey.createUser(`owner${++people}-${engine}`)
      const [owner, thief] = [newBrowser(), newBrowser()]
      const elsewhere = `elsewhere${people}-${engine}@example.com`
      const uid = await enter(owner, user)
      const page = await signIn(thief, user.username)
      await thief.submit(page, { email: elsewhere }, { button: 'Change email' })
      const token = (await latchkey.mailTo(elsewhere)).link.searchParams.get('token') ?? ''
      return { user, owner, uid, thief, elsewhere, token }
    }
    /** @returns the uid of the session, the only one yet */
    async function enter(browser: HttpBrowser, { id, username }: { id: string; username: string }) {
      await signIn(browser, username)
      const [session] = await latchkey.services.artifacts.listByAccount('Session', id)
      return session?.payload.uid
    }
    const endOther = async (owner: HttpBrowser, uid: unknown) => {
      const page = await owner.open(at('/account/sessions'))
      const form = ({ action, fields }: (typeof page.forms)[number]) =>
        action === '/account/sessions/end' && fields.every(({ value }) => value !== uid)
      return owner.submit(page, {}, { form })
    }

    test('is dropped when its device is ended, and the page says so', async () => {
      const { user, owner, uid, token } = await asked()
      const done = await endOther(owner, uid)
      expect(done.text).toContain('That device is signed out. A change of your address')
      expect(await accounts().verification.byToken(token)).toEqual({ kind: 'expired' })
      expect(await accounts().byId(user.id)).toMatchObject({ email: user.email, pendingEmail: null })
      expect(await isSignedIn(owner)).toBe(true)
    })

    test('stays when the person who asked signs out', async () => {
      const { user, thief, elsewhere, token } = await asked()
      await json(thief, '/api/auth/session/logout', {})
      expect(await accounts().verification.byToken(token)).toEqual({ kind: 'verified', accountId: user.id })
      expect((await accounts().byId(user.id))?.email).toBe(elsewhere)
    })

    test('is not spoken of where there was none', async () => {
      const user = await latchkey.createUser()
      const [owner, other] = [newBrowser(), newBrowser()]
      const uid = await enter(owner, user)
      await signIn(other, user.username)
      const done = await endOther(owner, uid)
      expect(done.text).toContain('That device is signed out.')
      expect(done.text).not.toContain('A change of your address')
    })
  })
})
