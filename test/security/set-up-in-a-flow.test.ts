import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { createSecurityFixture, type TestClient } from './attacker.ts'

/*
 * The setting `second_factor` is `optional`, and a client alone asks for a second factor: a person who has none sets one up on the way. A
 * stranger who knows the password must not, in any state of an account that has one.
 */

const SET_UP = ['/login/set-up', '/login/set-up/phone', '/login/set-up/codes']
const HOUR = 3_600_000

describe.each(engines)('a second factor that a client alone asks for, on %s', (engine) => {
  let latchkey: Latchkey
  let client: TestClient
  let authorize: () => string
  const clock = movableClock()
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
    const fixture = createSecurityFixture(latchkey)
    await latchkey.services.settings.change({ second_factor: 'optional' })
    client = await fixture.client({ second_factor: 'required' })
    authorize = () => fixture.authorizeUrl(client, { scope: 'openid' })
  })
  afterAll(() => latchkey?.stop())

  /** The page that a stranger with the password comes to, on the way to the client. */
  async function byPassword({ email }: { email: string }) {
    const browser = createHttpBrowser()
    const page = await browser.signIn(await browser.open(authorize()), {
      identifier: email,
      password: PASSWORD,
    })
    return { browser, page }
  }
  const opened = async (browser: HttpBrowser) => {
    const pages: string[] = []
    for (const path of [...SET_UP, '/account', '/account/security'])
      pages.push((await browser.open(`${latchkey.issuer}${path}`)).url.pathname)
    return new Set(pages)
  }
  const kindsOf = async (id: string) => (await latchkey.services.accounts.byId(id))?.secondFactors
  async function withApp() {
    const user = await latchkey.createUser()
    return { ...user, app: await withAuthenticatorApp(latchkey, user.id, clock) }
  }
  const recoveryOf = () => latchkey.services.factors.recovery
  /** The time passes, as far as a recovery goes. */
  async function becomeReady({ id, email }: { id: string; email: string }): Promise<string> {
    await latchkey.services.db.prisma.accountRecovery.updateMany({
      where: { accountId: id, outcome: null },
      data: { readyAt: new Date(clock.now() - HOUR) },
    })
    await recoveryOf().advance()
    return (await latchkey.mailTo(email)).link.searchParams.get('token') ?? ''
  }

  const states: Record<string, (who: Awaited<ReturnType<typeof withApp>>) => Promise<unknown>> = {
    'has one': async () => undefined,
    'has one, and a recovery waits': ({ id }) => recoveryOf().start(id, { kind: 'administrator' }),
    async 'has one, and a recovery is ready'(who) {
      await recoveryOf().start(who.id, { kind: 'administrator' })
      await becomeReady(who)
    },
    async 'has one, and a recovery was stopped'({ id }) {
      await recoveryOf().start(id, { kind: 'administrator' })
      await recoveryOf().stop(id, 'administrator')
    },
    async 'had another one, which was replaced'({ id }) {
      await withAuthenticatorApp(latchkey, id, clock)
    },
  }

  test.each(Object.entries(states))(
    'an account that %s: the password sets nothing up',
    async (_state, arrange) => {
      const who = await withApp()
      await arrange(who)
      const { browser, page } = await byPassword(who)
      expect([page.url.pathname.replace(/\/[\w-]{20,}$/, '/:uid'), page.left]).toEqual([
        '/interaction/:uid',
        false,
      ])
      expect(page.body).not.toContain('set-up')
      expect(await opened(browser)).toEqual(new Set(['/login/verify']))
      expect(await kindsOf(who.id)).toEqual(['totp'])
    },
  )

  /** What takes the last one away asks for it, or for the mailbox; the account is one without then. */
  const gone: Record<string, (who: Awaited<ReturnType<typeof withApp>>) => Promise<unknown>> = {
    async 'its owner removed it'({ id }) {
      const [factor] = (await latchkey.services.factors.list(id)).factors
      const { generation = 0 } = (await latchkey.services.accounts.byId(id)) ?? {}
      await latchkey.services.factors.remove({ accountId: id, generation }, factor?.id ?? '')
    },
    async 'a recovery was finished'(who) {
      await recoveryOf().start(who.id, { kind: 'administrator' })
      expect(await recoveryOf().finish({ accountId: who.id, token: await becomeReady(who) })).toBe(true)
    },
  }

  test.each(Object.entries(gone))(
    'after %s codes by email come first, in a flow of before too',
    async (_way, end) => {
      const who = await withApp()
      const before = await byPassword(who)
      await end(who)
      expect(await kindsOf(who.id)).toEqual([])
      try {
        await latchkey.services.settings.change({ email_codes: 'on' })
        const { browser, page } = await byPassword(who)
        expect(page.text).toContain('Send a code')
        expect(page.body).not.toContain('set-up')
        expect((await browser.open(authorize())).left).toBe(false)
        // A recovery ends the sign-ins of before; who removes a factor has shown it, and has an account whose password is enough.
        const went = await before.browser.open(authorize())
        expect(went.body).not.toContain('set-up')
        expect(went.left).toBe(false)
        expect(await kindsOf(who.id)).toEqual([])
      } finally {
        await latchkey.services.settings.change({ email_codes: null })
      }
    },
  )

  test('an account that never had one sets one up on the way', async () => {
    const { page } = await byPassword(await latchkey.createUser())
    expect(page.url.pathname).toBe('/login/set-up')
  })
})
