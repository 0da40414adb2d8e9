import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

describe.each(engines)('the page behind a verification link on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  /** Somebody registers with an address; the browser of its owner opens the link. */
  const linkFor = async (username: string) => {
    const email = `${username}@example.com`
    const { accountId } = await latchkey.services.accounts.register({ username, email, password: PASSWORD })
    const { link } = await latchkey.mailTo(email)
    return { email, accountId, link }
  }

  test('names the account that will own the address, and how to refuse', async () => {
    const { link, email } = await linkFor('mallory')
    const page = await createHttpBrowser().open(link)
    expect(page.text).toContain(email)
    expect(page.text).toMatch(/belongs to the account mallory, created on \d+ \w+ \d{4}\./)
    expect(page.text).toContain('If it was not you, refuse, or close this page')
  })

  test('whoever refuses ends every link and code that was sent to the address for that account', async () => {
    const { link, email, accountId } = await linkFor('intruder')
    const { accounts } = latchkey.services
    await accounts.verification.send(accountId)
    const newer = (await latchkey.mailTo(email)).link
    const code = /^\s*(\d{6})\s*$/m.exec((await latchkey.mailTo(email)).text)?.[1] ?? ''
    const browser = createHttpBrowser()
    const refused = await browser.submit(await browser.open(link), {}, { button: 'Refuse' })
    expect(refused.status).toBe(200)
    expect(refused.text).toContain(`The account intruder does not get ${email}.`)
    for (const old of [link, newer]) expect((await browser.open(old)).status).toBe(410)
    expect(await accounts.verification.byCode(accountId, code)).toEqual({ kind: 'expired' })
    expect(await accounts.byId(accountId)).toMatchObject({ email: null, pendingEmail: null })
    // Nor is another message sent there, whoever asks for it.
    await accounts.verification.sendTo(email)
    await accounts.verification.send(accountId)
    expect((await latchkey.mailTo(email)).link.href).toBe(newer.href)
  })

  test('proving the address of a new account signs it in, which its last sign-in says', async () => {
    const browser = createHttpBrowser()
    const email = 'newcomer@example.com'
    const asked = await browser.submit(await browser.open(`${latchkey.issuer}/register`), {
      ...{ Username: 'newcomer', Email: email, Password: PASSWORD },
    })
    expect(asked.url.pathname).toBe('/verify-email')
    const found = async () => latchkey.services.accounts.find('newcomer')
    expect((await found())?.lastSignInAt).toBeNull()
    const code = /^\s*(\d{6})\s*$/m.exec((await latchkey.mailTo(email)).text)?.[1] ?? ''
    const done = await browser.submit(asked, { 'Verification code': code }, { button: 'Verify' })
    expect(done.url.pathname).toBe('/account')
    expect((await found())?.lastSignInAt).toBeGreaterThan(Date.now() - 120_000)
  })

  test('opened once more, a link says that its address is verified already, and leads on', async () => {
    const { link, accountId } = await linkFor('again')
    const browser = createHttpBrowser()
    await browser.submit(await browser.open(link), {}, { button: 'Verify' })
    const { email, lastSignInAt } = (await latchkey.services.accounts.byId(accountId)) ?? {}
    // In a browser that had not signed in, this was no sign-in.
    expect([email, lastSignInAt]).toEqual(['again@example.com', null])
    const page = await createHttpBrowser().open(link)
    expect([page.status, page.text.includes('is verified already')]).toEqual([200, true])
    expect(page.links.map(({ text }) => text)).toContain('Sign in')
  })

  test('its button pressed twice, in two tabs, says so too, with what to do next', async () => {
    const { link } = await linkFor('pressed')
    const browser = createHttpBrowser()
    const [first, second] = [await browser.open(link), await browser.open(link)]
    await browser.submit(first, {}, { button: 'Verify' })
    const page = await browser.submit(second, {}, { button: 'Verify' })
    expect([page.status, page.text.includes('is verified already')]).toEqual([200, true])
    expect(page.links.map(({ text }) => text)).toContain('Sign in')
  })

  test('a refusal twice, or with a link of nobody, changes nothing', async () => {
    const { link } = await linkFor('twice')
    const browser = createHttpBrowser()
    const request = browser.prepare(await browser.open(link), {}, { button: 'Refuse' })
    const other = createHttpBrowser()
    const again = other.prepare(await other.open(link), {}, { button: 'Refuse' })
    expect((await browser.visit(request)).status).toBe(200)
    expect((await other.visit(again)).status).toBe(410)
    again.body?.set('token', 'x'.repeat(43))
    expect((await other.visit(again)).status).toBe(410)
  })

  test('the page of a reset link, which proves an address too, names its account', async () => {
    const { email } = await linkFor('forgetful')
    await latchkey.services.accounts.forgot(email)
    const page = await createHttpBrowser().open((await latchkey.mailTo(email)).link)
    expect(page.text).toContain('For the account forgetful.')
  })

  describe('for somebody who is signed in', () => {
    const changing = async () => {
      const { id, username } = await latchkey.createUser()
      const browser = createHttpBrowser()
      await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
        identifier: username,
        password: PASSWORD,
      })
      const email = `${username}@new.example`
      await latchkey.services.accounts.changeEmail(id, email)
      return { browser, email, link: (await latchkey.mailTo(email)).link }
    }

    test('says that the new address is verified', async () => {
      const { browser, link } = await changing()
      const done = await browser.submit(await browser.open(link), {}, { button: 'Verify' })
      expect(done).toMatchObject({ status: 200 })
      expect(done.text).toContain('Email verified')
    })

    test('says that it refused, and that a link is used up', async () => {
      const { browser, link } = await changing()
      const page = await browser.open(link)
      const late = browser.prepare(await browser.open(link), {}, { button: 'Verify' })
      const refused = await browser.submit(page, {}, { button: 'Refuse' })
      expect(refused.text).toContain('does not get')
      const spent = await browser.visit(late)
      expect(spent.status).toBe(410)
      expect(spent.text).toContain('has been used already')
      for (const path of ['/verify-email?token=wrong', '/verify-email']) {
        const stranger = await createHttpBrowser().open(`${latchkey.issuer}${path}`)
        expect(stranger.body).toContain('<a class="button" href="/login">Sign in, and get a new code</a>')
      }
    })

    test('a form whose page leads elsewhere is answered there', async () => {
      const { browser } = await changing()
      const account = await browser.open(`${latchkey.issuer}/account`)
      const form = browser.prepare(account, {}, { button: 'Sign out' })
      const sent = { ...form, url: new URL(`${latchkey.issuer}/verify-email/resend`) }
      const answer = await browser.visit(sent)
      expect(answer.url.pathname).toBe('/account')
      expect(answer.text).toContain('Open the link in the message that we sent')
      expect((await browser.open(`${latchkey.issuer}/account`)).text).not.toContain('Open the link in')
    })
  })

  test('the answer to a link is no try at another one', async () => {
    const { link } = await linkFor('once')
    const browser = createHttpBrowser()
    const sent = await browser.send(browser.prepare(await browser.open(link), {}, { button: 'Verify' }))
    const before = latchkey.log.length
    const shown = await browser.open(new URL(sent.headers.get('location') ?? '', latchkey.issuer))
    expect(shown.text).toContain('Email verified')
    expect(latchkey.log.slice(before).join()).not.toContain('link_expired')
  })
})
