import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { TIMEOUT } from '../../src/hooks/call.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'
import { confirmPage, deviceOf } from '../device/device-client.ts'
import {
  createSecurityFixture,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createAuthenticator, givePasskey, passkeyOptions } from '../support/authenticator.ts'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { ANSWERS, type AnswerName, FAILURES, startHookReceiver } from './receiver.ts'

const GRANTS = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']

/**
 * No answer comes, and the second that a hook has for one would be waited for on each way: here it is a moment. That “silence is a failure”
 * waits for the whole one.
 */
async function inAMoment<Result>(work: () => Promise<Result>): Promise<Result> {
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  const spy = vi
    .spyOn(AbortSignal, 'timeout')
    .mockImplementation((milliseconds) => timeout(milliseconds === TIMEOUT ? 20 : milliseconds))
  try {
    return await work()
  } finally {
    spy.mockRestore()
  }
}

/** What becomes of a way in: in, denied, or asked for a second factor. */
type Outcome = 'in' | 'denied' | 'factor'

describe.each(engines)('hooks of sign-ins on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let receiver: Awaited<ReturnType<typeof startHookReceiver>>
  let secret = ''
  let hook = ''
  let names = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    receiver = await startHookReceiver()
    web = await fixture.client({ grant_types: GRANTS })
    const made = await latchkey.services.hooks.createWithSecret({
      name: 'gate',
      at: 'sign_in',
      url: receiver.url,
    })
    hook = made.id
    secret = made.secret
  })
  beforeEach(() => {
    receiver.answer = ANSWERS.allow
    receiver.asked.length = 0
  })
  afterAll(() => latchkey?.stop())

  const set = (on_failure: 'allow' | 'deny', answer: AnswerName) => {
    receiver.answer = ANSWERS[answer]
    return latchkey.services.hooks.update(hook, { on_failure })
  }
  const at = (path: string) => `${latchkey.issuer}${path}`
  const sendJson = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(at(path), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const byJson = async (response: Response): Promise<Outcome> => {
    const { code } = (await response
      .clone()
      .json()
      .catch(() => ({}))) as { code?: string }
    if (response.ok) return 'in'
    expect(response.status).toBe(403)
    if (code === 'sign_in_denied') return 'denied'
    expect(code).toMatch(/^(mfa_required|second_factor_required)$/)
    return 'factor'
  }

  /** Signs in by each way; who is let in has got what the way gives. */
  const ways: Record<string, (who: Victim) => Promise<Outcome>> = {
    async 'a password for an app'({ user }) {
      const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
      const page = await browser.signIn(await browser.open(fixture.authorizeUrl(web)), {
        identifier: user.email,
        password: PASSWORD,
      })
      if (page.left) return page.url.searchParams.has('code') ? 'in' : 'denied'
      if (page.text.includes('This sign-in was not allowed')) {
        const back = await browser.submit(page, {}, { button: 'Back to Test app' })
        expect(Object.fromEntries(back.url.searchParams)).toMatchObject({
          error: 'access_denied',
          state: 'the-state',
        })
        return 'denied'
      }
      expect(page.url.pathname).toBe('/login/set-up')
      return 'factor'
    },
    async 'a session for an app'(who) {
      const answer = await fixture.authorize(who, web, { prompt: 'none' })
      if (answer.has('code')) return 'in'
      return answer.get('error') === 'access_denied' ? 'denied' : 'factor'
    },
    async 'a password for our own pages'({ user }) {
      const browser = createHttpBrowser()
      const page = await browser.signIn(await browser.open(at('/login')), {
        identifier: user.email,
        password: PASSWORD,
      })
      if (page.status === 403) return 'denied'
      const account = await browser.open(at('/account'))
      if (account.url.pathname === '/account') return 'in'
      expect(account.url.pathname).toBe('/login/set-up')
      return 'factor'
    },
    async 'a passkey for our own pages'({ user }) {
      const authenticator = createAuthenticator(latchkey.issuer)
      await givePasskey(latchkey, user, authenticator)
      const browser = createHttpBrowser()
      const page = await browser.open(at('/login'))
      const credential = JSON.stringify(authenticator.get(passkeyOptions(page)))
      const form = ({ fields }: { fields: { name: string }[] }) =>
        fields.some(({ name }) => name === 'credential')
      const next = await browser.submit(page, { credential }, { form })
      return next.status === 403 ? 'denied' : 'in'
    },
    async 'tokens of the JSON API'({ user }) {
      return byJson(await sendJson('/api/auth/login', { email: user.email, password: PASSWORD }))
    },
    async 'a session by the JSON API'({ user }) {
      return byJson(await sendJson('/api/auth/session/login', { email: user.email, password: PASSWORD }))
    },
    async 'HTTP Basic'({ user }) {
      const authorization = `Basic ${Buffer.from(`${user.email}:${PASSWORD}`).toString('base64')}`
      return byJson(await fetch(at('/api/auth/me'), { headers: { authorization } }))
    },
    async 'a device'(who) {
      const device = deviceOf(fixture.issuer, web.client_id, web.client_secret, undefined as never)
      const asked = await device.ask({ scope: 'openid' })
      const page = await who.browser.submit(
        await confirmPage(latchkey, who, asked.user_code),
        {},
        { button: 'Allow' },
      )
      const tokens = await device.poll(asked.device_code)
      if ('access_token' in tokens.json) return 'in'
      return page.text.includes('This sign-in was not allowed') ? 'denied' : 'factor'
    },
  }

  const expected = (way: string, answer: AnswerName, onFailure: 'allow' | 'deny'): Outcome => {
    if (answer === 'allow') return 'in'
    // A passkey is two factors.
    if (answer === 'require a factor') return way.startsWith('a passkey') ? 'in' : 'factor'
    return answer.startsWith('deny') || onFailure === 'deny' ? 'denied' : 'in'
  }

  test.each(Object.keys(ways))('%s: each answer counts', async (way) => {
    const who = await fixture.victim()
    for (const answer of ['allow', 'deny', 'deny without words', 'require a factor'] as const) {
      await set('allow', answer)
      receiver.asked.length = 0
      expect([answer, await ways[way]?.(who)]).toEqual([answer, expected(way, answer, 'allow')])
      expect(receiver.asked.length).toBeGreaterThan(0)
      for (const { body, question } of receiver.asked) {
        expect(question).toMatchObject({ type: 'sign_in', user: { id: who.user.id, email: who.user.email } })
        expect(body).not.toContain(PASSWORD)
      }
    }
  })

  test.each(Object.keys(ways))('%s: a failure counts as the hook says', async (way) => {
    const who = await fixture.victim()
    for (const onFailure of ['deny', 'allow'] as const)
      for (const answer of ['silence', 'HTTP 500', 'broken JSON', 'too large', 'another type'] as const) {
        await set(onFailure, answer)
        const go = async () => ways[way]?.(who)
        expect([answer, onFailure, answer === 'silence' ? await inAMoment(go) : await go()]).toEqual([
          answer,
          onFailure,
          expected(way, answer, onFailure),
        ])
      }
  })

  test.each(FAILURES)('%s is a failure', async (answer) => {
    for (const onFailure of ['deny', 'allow'] as const) {
      await set(onFailure, answer)
      const { denied } = await latchkey.services.hooks.ask('sign_in', {})
      expect(denied).toEqual(onFailure === 'deny' ? expect.stringContaining('cannot be checked') : undefined)
    }
  })

  test('without words of a hook a person is told in their language', async () => {
    await set('deny', 'HTTP 500')
    const { denied } = await inLocale('de', () => latchkey.services.hooks.ask('sign_in', {}))
    expect(denied).toContain('nicht geprüft werden')
  })

  test('a question is signed, names who and what, and holds no secret', async () => {
    await set('deny', 'allow')
    const who = await fixture.victim()
    const group = await latchkey.services.access.groups.create({ name: `Group ${++names}` })
    await latchkey.services.access.groups.addMember(group.id, who.user.id)
    receiver.asked.length = 0
    await fixture.authorize(who, web, { scope: 'openid email' })
    expect(receiver.asked).toHaveLength(1)
    const [asked] = receiver.asked
    expect(new Webhook(secret).verify(asked?.body ?? '', asked?.headers ?? {})).toEqual(asked?.question)
    expect(() => new Webhook(secret).verify(`${asked?.body} `, asked?.headers ?? {})).toThrow()
    expect(asked?.question).toEqual({
      id: asked?.headers['webhook-id'],
      type: 'sign_in',
      time: expect.any(String),
      user: { id: who.user.id, username: who.user.username, email: who.user.email },
      groups: [`Group ${names}`],
      client_id: web.client_id,
      address: expect.stringMatching(/127\.0\.0\.1|::1/),
      scopes: ['openid', 'email'],
      amr: ['pwd'],
    })
  })

  test('for a day after a new secret both sign', async () => {
    const rotated = await latchkey.services.hooks.rotateSecret(hook)
    await latchkey.services.hooks.test(hook)
    const { body = '', headers = {}, question } = receiver.asked.at(-1) ?? {}
    for (const each of [secret, rotated.secret])
      expect(new Webhook(each).verify(body, headers)).toEqual(question)
    expect(question).toMatchObject({ test: true })
    expect(rotated.secret).not.toBe(secret)
  })

  test('the words of a hook are shown as text', async () => {
    receiver.answers({ action: 'deny', message: '<b>No</b> & never' })
    const who = await fixture.victim().catch(() => undefined)
    expect(who?.user).toBeDefined()
    const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
    const page = await browser.signIn(await browser.open(fixture.authorizeUrl(web)), {
      identifier: who?.user.email ?? '',
      password: PASSWORD,
    })
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('<b>No</b> & never')])
    expect(page.body).not.toContain('<b>No</b>')
  })

  test('a session that began on the way to an app counts nowhere before its hook has allowed it', async () => {
    await set('deny', 'allow')
    const asking = await fixture.client({ first_party: false })
    for (const [client, answer] of [
      [web, 'deny'],
      [asking, 'deny'],
      [web, 'allow'],
    ] as const) {
      const user = await latchkey.createUser()
      receiver.answer = ANSWERS[answer]
      const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
      await browser.signIn(await browser.open(fixture.authorizeUrl(client)), {
        identifier: user.email,
        password: PASSWORD,
      })
      const account = await browser.open(at('/account'))
      expect([answer, account.url.pathname]).toEqual([answer, answer === 'allow' ? '/account' : '/login'])
      const cookie = browser.cookies.header(new URL(latchkey.issuer)) ?? ''
      const me = await fetch(at('/api/auth/me'), { headers: { cookie } })
      expect([answer, me.status]).toEqual([answer, answer === 'allow' ? 200 : 401])
    }
  })

  test('a hook of other clients, a disabled one and one of another moment are not asked', async () => {
    const { hooks } = latchkey.services
    receiver.answer = ANSWERS.deny
    await hooks.update(hook, { clients: ['another'] })
    const who = await fixture.victim()
    expect((await fixture.authorize(who, web)).has('code')).toBe(true)
    await hooks.update(hook, { clients: [web.client_id] })
    expect((await fixture.authorize(who, web, { prompt: 'none' })).get('error')).toBe('access_denied')
    // Our own pages are no client.
    await fixture.victim()
    await hooks.update(hook, { clients: [], state: 'disabled' })
    expect((await fixture.authorize(who, web)).has('code')).toBe(true)
    expect(receiver.asked).toHaveLength(1)
    await hooks.update(hook, { state: 'enabled' })
  })

  test('who shows the second factor that a hook wants is in', async () => {
    await latchkey.services.settings.change({ email_codes: 'on' })
    const { user } = await fixture.victim()
    await set('deny', 'require a factor')
    const browser = createHttpBrowser({ stopAt: [web.redirect_uri] })
    const page = await browser.signIn(await browser.open(fixture.authorizeUrl(web)), {
      identifier: user.email,
      password: PASSWORD,
    })
    expect(page.url.pathname).toMatch(/^\/interaction\//)
    const sent = await browser.submit(page, {}, { button: 'Send a code' })
    const code = /\b(\d{6})\b/.exec((await eventually(() => latchkey.mailTo(user.email))).text)?.[1] ?? ''
    const done = await browser.submit(sent, { Code: code }, { button: 'Continue' })
    expect(done.url.searchParams.has('code')).toBe(true)
    expect(receiver.asked.at(-1)?.question.amr).toContain('mfa')
    await latchkey.services.settings.change({ email_codes: 'off' })
  })

  test('registration waits for its hooks, by pages and JSON alike', async () => {
    const { hooks, settings, accounts } = latchkey.services
    await set('allow', 'allow')
    await settings.change({ registration: 'open' }).catch(() => undefined)
    const registers = await hooks.create({ name: 'register', at: 'registration', url: receiver.url })
    receiver.answer = ANSWERS.deny
    const body = { username: `new${engine}`, email: `new-${engine}@example.com`, password: PASSWORD }
    const denied = await sendJson('/api/auth/register', body)
    expect([denied.status, await denied.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'registration_denied', detail: 'Not from there.' }),
    ])
    expect(await accounts.find(body.username)).toBeUndefined()
    expect(receiver.asked.at(-1)?.question).toMatchObject({
      type: 'registration',
      user: { id: null, username: body.username },
    })
    const browser = createHttpBrowser()
    const page = await browser.submit(await browser.open(at('/register')), {
      Username: body.username,
      Email: body.email,
      Password: PASSWORD,
    })
    expect(page.text).toContain('Not from there.')
    expect(await accounts.find(body.username)).toBeUndefined()
    receiver.answer = ANSWERS.allow
    expect((await sendJson('/api/auth/register', body)).status).toBe(201)
    await hooks.remove(registers.id)
  })
})
