import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { get } from '../../security/attacker.ts'
import type { HttpBrowser } from '../../support/flow.ts'
import { engines, PASSWORD } from '../../support/latchkey.ts'
import { codeIn } from '../../support/mailbox.ts'
import { type FederationFixture, openFederation } from '../federation-fixture.ts'
import { createSignInSteps, type SignInSteps } from '../sign-in-steps.ts'

describe.each(engines)('attacks on accounts, tickets and sessions, on %s', (engine) => {
  let federation: FederationFixture
  let steps: SignInSteps
  beforeAll(async () => {
    federation = await openFederation({ engine, clock: () => Date.now() })
    steps = createSignInSteps(federation)
  })
  afterAll(() => federation?.stop())
  afterEach(() => {
    vi.useRealTimers()
    // What was answered well but went wrong inside would be found here.
    expect(federation.latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
  const accounts = () => federation.latchkey.services.accounts

  const passTime = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

  async function resetPassword(email: string) {
    await accounts().forgot(email)
    const { link } = await federation.latchkey.mailTo(email)
    const token = link.searchParams.get('token') ?? ''
    expect(await accounts().reset(token, 'quartz-lantern-31-orbit')).toBeDefined()
  }

  describe('an account made with another person’s address, of which its owner takes the password', () => {
    test('a sign-in elsewhere that the attacker made it with does not get in any more', async () => {
      steps.onGitHub('squatter', { emails: [] })
      const attacker = federation.browser()
      const asks = await steps.byGitHub(attacker, 'squatter')
      await attacker.submit(
        asks,
        { Username: 'squatted', Email: 'squatted@example.com' },
        { button: 'Create account' },
      )
      await resetPassword('squatted@example.com')
      const again = federation.browser()
      await steps.byGitHub(again, 'squatter')
      expect(await steps.signedInAs(again)).toBeUndefined()
      const id = (await accounts().find('squatted'))?.id ?? ''
      expect((await accounts().linked.signInMethods(id)).identities).toEqual([])
    })

    test('a page that waits for the proof, of a sign-in elsewhere or by password, signs nobody in any more', async () => {
      steps.onGitHub('waiter', { emails: [] })
      const elsewhere = federation.browser()
      const asks = await steps.byGitHub(elsewhere, 'waiter')
      await elsewhere.submit(
        asks,
        { Username: 'waited', Email: 'waited@example.com' },
        { button: 'Create account' },
      )
      const registered = federation.browser()
      await registered.submit(
        await registered.open(steps.at('/register')),
        { Username: 'typed', Email: 'typed@example.com', Password: PASSWORD },
        { button: 'Create account' },
      )
      passTime(1)
      for (const [browser, name] of [
        [elsewhere, 'waited'],
        [registered, 'typed'],
      ] as const) {
        await resetPassword(`${name}@example.com`)
        await browser.open(steps.at('/verify-email'))
        expect(await steps.signedInAs(browser)).toBeUndefined()
        expect((await accounts().find(name))?.email).toBe(`${name}@example.com`)
      }
    })

    test('…while one whose address was proven in between, with nothing else changed, goes on', async () => {
      steps.onGitHub('patient', { emails: [] })
      const browser = federation.browser()
      const asks = await steps.byGitHub(browser, 'patient')
      await browser.submit(
        asks,
        { Username: 'patient', Email: 'patient@example.com' },
        { button: 'Create account' },
      )
      const { id = '' } = (await accounts().find('patient')) ?? {}
      passTime(1)
      await accounts().verification.byCode(
        id,
        codeIn(await federation.latchkey.mailTo('patient@example.com')),
      )
      await browser.open(steps.at('/verify-email'))
      expect(await steps.signedInAs(browser)).toBe('patient')
    })
  })

  describe('tickets', () => {
    const newcomer = (name: string, email = `${name}@gmail.example`) => ({
      sub: `g-${engine}-${name}`,
      email,
      email_verified: true,
      name: 'N',
    })

    test('a provider that is switched off lets nobody finish what was begun with it', async () => {
      const { providers } = federation.latchkey.services
      const victim = await federation.latchkey.createUser()
      const begin = async (email: string) => {
        federation.okta.accounts = [{ sub: `o-${email}`, email, email_verified: true, name: 'O' }]
        const browser = federation.browser()
        const page = await browser.submit(
          await browser.open(steps.at('/login')),
          {},
          { button: 'Continue with Okta' },
        )
        const asks = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
        return { browser, asks }
      }
      const finish = await begin('half-way@example.com')
      const link = await begin(victim.email)
      await providers.disable('okta')
      try {
        const finished = await finish.browser.submit(
          finish.asks,
          { Username: 'half-way' },
          { button: 'Create account' },
        )
        expect([finished.status, finished.text]).toEqual([410, expect.stringContaining('switched off')])
        const linked = await link.browser.submit(
          link.asks,
          { Password: PASSWORD },
          { button: 'Sign in and link' },
        )
        expect(linked.status).toBe(410)
        expect(await steps.signedInAs(link.browser)).toBeUndefined()
      } finally {
        await providers.enable('okta')
      }
      expect(await accounts().find('half-way')).toBeUndefined()
      expect((await accounts().linked.signInMethods(victim.id)).identities).toEqual([])
    })

    test('of several at once with different names, one account and one session: the rest get nothing', async () => {
      const browser = federation.browser()
      const asks = await steps.byOpenId(browser, 'Google', newcomer('crowd'))
      const requests = Array.from({ length: 10 }, (_, each) =>
        browser.prepare(asks, { Username: `crowd-${each}` }, { button: 'Create account' }),
      )
      const answers = await Promise.all(requests.map((request) => browser.send(request)))
      const session = (answer: Response) =>
        answer.headers.getSetCookie().some((each) => each.startsWith('latchkey_session='))
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(303))
      expect(answers.filter(session)).toHaveLength(1)
      expect(
        answers.filter((answer) => !session(answer)).map(({ headers }) => headers.get('location')),
      ).toEqual(Array(9).fill(asks.url.pathname))
    })

    test('a ticket for one page does nothing on the other', async () => {
      const victim = await federation.latchkey.createUser()
      // One that has to prove an account, on the page that makes accounts.
      const prover = federation.browser()
      const link = await steps.byOpenId(prover, 'Google', newcomer('prover', victim.email))
      expect(link.text).toContain('You have an account already')
      const swapped = prover.prepare(link, { Password: PASSWORD }, { button: 'Sign in and link' })
      swapped.url.pathname = swapped.url.pathname.replace('/link/', '/finish/')
      swapped.body?.set('username', 'swapped')
      swapped.body?.set('email', 'swapped@example.com')
      const answer = await prover.send(swapped)
      // It is sent back to prove the account.
      expect(answer.headers.get('location')).toMatch(/^\/login\/link\//)
      expect(await accounts().find('swapped')).toBeUndefined()
      expect(await steps.signedInAs(prover)).toBeUndefined()
      // One that has to choose a name, on the page that takes passwords.
      const chooser = federation.browser()
      const finish = await steps.byOpenId(chooser, 'Google', newcomer('chooser'))
      const other = chooser.prepare(finish, { Username: 'chooser' }, { button: 'Create account' })
      other.url.pathname = other.url.pathname.replace('/finish/', '/link/')
      other.body?.set('password', PASSWORD)
      expect((await chooser.visit(other)).status).toBe(410)
      expect(await steps.signedInAs(chooser)).toBeUndefined()
    })

    test('a state, a code and a ticket do not stand in for each other', async () => {
      const browser = federation.browser()
      const asks = await steps.byOpenId(browser, 'Google', newcomer('mixer'))
      const ticket = asks.url.pathname.split('/').at(-1) ?? ''
      const state = (await steps.capture(browser, 'octocat')).searchParams.get('state') ?? ''
      const callback = await browser.open(steps.at(`/api/auth/oauth/google/callback?code=x&state=${ticket}`))
      expect(callback.text).toContain('That sign-in cannot go on')
      for (const path of [`/login/finish/${state}`, `/login/link/${state}`])
        expect((await browser.open(steps.at(path))).status).toBe(410)
      for (const code of [ticket, state]) {
        const body = JSON.stringify({ code, code_verifier: 'v'.repeat(43) })
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(steps.at('/api/auth/oauth/exchange'), { method: 'POST', headers, body })
        expect(answer.status).toBe(401)
      }
      // And nothing of that has used them up.
      expect((await browser.open(asks.url)).status).toBe(200)
    })

    test('another person’s ticket, or one that is over, as what a sign-in is to prove: a sentence, no sign-in', async () => {
      const victim = await federation.latchkey.createUser()
      const owner = federation.browser()
      const page = await steps.byOpenId(owner, 'Google', newcomer('ticketed', victim.email))
      const ticket = page.url.pathname.split('/').at(-1) ?? ''
      steps.onGitHub('ticket-thief')
      await steps.byGitHub(federation.browser(), 'ticket-thief')
      for (const stolen of [ticket, 'x'.repeat(43), '']) {
        const thief = federation.browser()
        const request = thief.prepare(
          await thief.open(steps.at('/login')),
          {},
          { button: 'Continue with GitHub' },
        )
        request.body?.set('ticket', stolen)
        const github = await thief.open((await thief.send(request)).headers.get('location') ?? '')
        const back = await thief.submit(github, {}, { button: 'Continue as ticket-thief' })
        expect([back.status, back.url.pathname]).toEqual([200, '/login'])
        expect(back.text).toContain('That sign-in cannot go on')
        expect(await steps.signedInAs(thief)).toBeUndefined()
      }
      expect((await owner.open(page.url)).status).toBe(200)
    })
  })

  describe('session fixation', () => {
    const session = (browser: HttpBrowser) => browser.cookies.value('latchkey_session')

    test('the session id changes at a sign-in elsewhere, and the old one is dead', async () => {
      steps.onGitHub('fixed')
      const browser = federation.browser()
      await steps.byGitHub(browser, 'fixed')
      const before = session(browser)
      const cookie = browser.cookies.header(new URL(steps.at('/account'))) ?? ''
      await browser.submit(
        await browser.submit(
          await browser.open(steps.at('/login?again=1')),
          {},
          { button: 'Continue with GitHub' },
        ),
        {},
        { button: 'Continue as fixed' },
      )
      expect(session(browser)).not.toBe(before)
      expect(await steps.signedInAs(browser)).toBe('fixed')
      expect(
        (await get(steps.at('/account'), { cookie, accept: 'text/html' })).headers.get('location'),
      ).toContain('/login')
    })

    test('a session id that an attacker has planted is not taken over', async () => {
      steps.onGitHub('planted')
      const browser = federation.browser()
      browser.cookies.store(new URL(steps.at('/')), ['latchkey_session=planted-by-the-attacker; Path=/'])
      await steps.byGitHub(browser, 'planted')
      expect(session(browser)).not.toContain('planted-by')
      expect(await steps.signedInAs(browser)).toBe('planted')
    })

    test('a browser cookie that is forged, empty or huge ties nothing to anybody', async () => {
      steps.onGitHub('forger')
      for (const value of ['x', '', 'A'.repeat(43), 'é', 'x'.repeat(4000), '__proto__']) {
        const browser = federation.browser()
        const callback = await steps.capture(browser, 'forger')
        browser.cookies.store(callback, [`latchkey_upstream=${value}; Path=/`])
        const back = await browser.open(callback)
        expect(back.text).toContain('That sign-in cannot go on')
        expect(await steps.signedInAs(browser)).toBeUndefined()
      }
    })
  })
})
