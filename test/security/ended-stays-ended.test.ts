import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { basic } from '../api/support.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  get,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

/*
 * Whatever ends the sign-ins of an account ends all of them, in whatever state they are: a session, a sign-in that was
 * done but not yet resumed, one whose password is just being checked, a code, a token. Everything here happens within the
 * same second or two: time decides nothing.
 */

const OTHER_PASSWORD = 'other-otter-73-harbour'

describe.each(engines)('what was ended stays ended, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let asking: TestClient

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    web = await fixture.client()
    asking = await fixture.client({ first_party: false, client_name: 'Asking app' })
  })
  afterAll(() => latchkey?.stop())

  const accounts = () => latchkey.services.accounts
  const newBrowser = () => createHttpBrowser({ stopAt: [redirectUri] })
  const signedIn = async (user: Victim['user'], password = PASSWORD): Promise<HttpBrowser> => {
    const browser = newBrowser()
    const page = await browser.open(`${fixture.issuer}/login`)
    await browser.signIn(page, { identifier: user.email, password })
    return browser
  }
  const isSignedIn = async (browser: HttpBrowser) => {
    const response = await browser.send({ url: new URL('/account', fixture.issuer), method: 'GET' })
    await response.body?.cancel()
    return response.status === 200
  }
  const apiTokens = async (user: Victim['user']) => {
    const body = JSON.stringify({ email: user.email, password: PASSWORD })
    return (await post(`${fixture.issuer}/api/auth/login`, body, { 'content-type': 'application/json' })).json
  }
  const me = (headers: Record<string, string>) => get(`${fixture.issuer}/api/auth/me`, headers)
  const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` })

  async function resetPassword({ email }: Victim['user']): Promise<void> {
    await accounts().forgot(email)
    const token = (await latchkey.mailTo(email)).link.searchParams.get('token') ?? ''
    if (!(await accounts().reset(token, OTHER_PASSWORD))) throw new Error('the link did not work')
  }

  /** Everything that ends the sign-ins of an account; each gives the password that counts afterwards. */
  const endings: Record<string, (user: Victim['user']) => Promise<string>> = {
    async 'the password is changed on the account page'(user) {
      const browser = await signedIn(user)
      const page = await browser.open(`${fixture.issuer}/account/security`)
      const typed = { 'Current password': PASSWORD, 'New password': OTHER_PASSWORD }
      const done = await browser.submit(page, typed, { button: 'Change password' })
      expect(done.text).toContain('Your password is changed')
      return OTHER_PASSWORD
    },
    async 'the password is changed by PATCH /api/auth/me'(user) {
      const answer = await fetch(`${fixture.issuer}/api/auth/me`, {
        method: 'PATCH',
        headers: { ...basic(user.email, PASSWORD), 'content-type': 'application/json' },
        body: JSON.stringify({ current_password: PASSWORD, new_password: OTHER_PASSWORD }),
      })
      expect(answer.status).toBe(200)
      return OTHER_PASSWORD
    },
    async 'the password is reset'(user) {
      await resetPassword(user)
      return OTHER_PASSWORD
    },
    async 'the other devices are signed out'(user) {
      const browser = await signedIn(user)
      await signedIn(user)
      const page = await browser.open(`${fixture.issuer}/account/sessions`)
      const done = await browser.submit(page, {}, { form: ({ action }) => action.endsWith('/end-others') })
      expect(done.text).toContain('All other devices are signed out')
      return PASSWORD
    },
    async 'an administrator ends the sessions'(user) {
      await accounts().endSessions(user.id)
      return PASSWORD
    },
    async 'the account is disabled and enabled again'(user) {
      await accounts().disable(user.id)
      await accounts().enable(user.id)
      return PASSWORD
    },
    async 'a role is taken away'(user) {
      await accounts().setRole(user.id, 'auditor')
      return PASSWORD
    },
  }
  const waysToEnd = Object.entries(endings)

  /** A person who has a role that can be taken away, and is not the only one. */
  async function administrator(): Promise<Victim> {
    const victim = await fixture.victim()
    const other = await latchkey.createUser()
    await accounts().setRole(other.id, 'admin')
    await accounts().setRole(victim.user.id, 'admin')
    return victim
  }

  /** Puts back what an account had in the artefact store: saves that were under way when everything was ended. */
  async function landLate(accountId: string, end: () => Promise<unknown>): Promise<void> {
    const sql = latchkey.services.db.artifacts
    const rows = await sql.all<Record<string, string | number | null>>(
      'SELECT * FROM artifacts WHERE account_id = ?',
      [accountId],
    )
    expect(rows.length).toBeGreaterThan(0)
    await end()
    for (const row of rows) {
      await sql.run('DELETE FROM artifacts WHERE model = ? AND id_hash = ?', [
        row.model ?? '',
        row.id_hash ?? '',
      ])
      const names = Object.keys(row)
      const marks = names.map(() => '?').join(', ')
      await sql.run(`INSERT INTO artifacts (${names.join(', ')}) VALUES (${marks})`, Object.values(row))
    }
  }

  describe.each(waysToEnd)('%s', (_name, end) => {
    test('a sign-in that was done but not yet resumed leads to the sign-in page', async () => {
      const { user } = await administrator()
      const browser = newBrowser()
      const page = await browser.open(fixture.authorizeUrl(web))
      const typed = { 'Email or username': user.email, Password: PASSWORD }
      const done = await browser.send(browser.prepare(page, typed, { button: 'Sign in' }))
      expect(done.status).toBe(303)
      const password = await end(user)
      const resumed = await browser.open(new URL(done.headers.get('location') ?? '', fixture.issuer))
      expect(resumed.left).toBe(false)
      expect(resumed.text).toContain('Email or username')
      expect(await isSignedIn(browser)).toBe(false)
      // From there the flow goes on with the password that counts now.
      const back = await browser.signIn(resumed, { identifier: user.email, password })
      expect(back.url.searchParams.get('code')).toBeTruthy()
    })

    test('sessions, codes and tokens that are saved a moment later count for nothing', async () => {
      const person = await administrator()
      const { user } = person
      const [browser, tokens, api] = [
        person.browser,
        await fixture.tokens(person, web),
        await apiTokens(user),
      ]
      const code = await fixture.code(person, web)
      expect((await me(basic(user.email, PASSWORD))).status).toBe(200)
      expect((await me(bearer(api.access_token))).status).toBe(200)
      let password = PASSWORD
      await landLate(user.id, async () => {
        password = await end(user)
      })
      expect(await isSignedIn(browser)).toBe(false)
      const silent = await browser.open(fixture.authorizeUrl(web, { prompt: 'none' }))
      expect(silent.url.searchParams.get('error')).toBe('login_required')
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await fixture.introspect(web, tokens.access_token)).json).toEqual({ active: false })
      expect((await fixture.introspect(web, tokens.refresh_token)).json).toEqual({ active: false })
      expect((await fixture.refresh(web, tokens.refresh_token)).json.error).toBe('invalid_grant')
      expect((await fixture.exchange(web, code)).json.error).toBe('invalid_grant')
      expect((await me(bearer(api.access_token))).status).toBe(401)
      const refreshed = await post(
        `${fixture.issuer}/api/auth/refresh`,
        JSON.stringify({ refresh_token: api.refresh_token }),
        { 'content-type': 'application/json' },
      )
      expect(refreshed.status).toBe(401)
      expect((await me(basic(user.email, PASSWORD))).status).toBe(password === PASSWORD ? 200 : 401)
      // Signing in again in the same browser begins afresh: nothing of before comes back with it.
      const page = await browser.open(`${fixture.issuer}/login`)
      await browser.signIn(page, { identifier: user.email, password })
      expect(await isSignedIn(browser)).toBe(true)
      expect((await fixture.tokens(person, web)).access_token).toBeTruthy()
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await fixture.refresh(web, tokens.refresh_token)).json.error).toBe('invalid_grant')
    })

    test('a password that was right a moment before opens no session', async () => {
      const { user } = await administrator()
      const authenticate = accounts().authenticate
      const checked = vi.spyOn(accounts(), 'authenticate').mockImplementationOnce(async (attempt) => {
        const outcome = await authenticate(attempt)
        await end(user)
        return outcome
      })
      const browser = newBrowser()
      const page = await browser.open(`${fixture.issuer}/login`)
      await browser.signIn(page, { identifier: user.email, password: PASSWORD })
      expect(checked).toHaveBeenCalled()
      checked.mockRestore()
      expect(await isSignedIn(browser)).toBe(false)
    })

    test('an address that was asked for before is not proven any more, and the one in use stays', async () => {
      const { user } = await administrator()
      const elsewhere = `elsewhere-${user.username}-${engine}@example.com`
      await accounts().changeEmail(user.id, elsewhere)
      const token = (await latchkey.mailTo(elsewhere)).link.searchParams.get('token') ?? ''
      await end(user)
      expect(await accounts().verification.byToken(token)).toEqual({ kind: 'expired' })
      expect(await accounts().byId(user.id)).toMatchObject({ email: user.email, pendingEmail: null })
    })

    test('consent is not given by a person whose session has ended', async () => {
      const { browser, user } = await administrator()
      const question = await browser.open(fixture.authorizeUrl(asking))
      expect(question.text).toContain('Asking app')
      await landLate(user.id, () => end(user))
      const answered = await browser.allow(question)
      expect(answered.left).toBe(false)
      expect(answered.text).toContain('Email or username')
      expect(await latchkey.services.consents.find(user.id, asking.client_id)).toBeUndefined()
    })
  })

  test('“sign out other devices” carries the session that asked over, with its tokens', async () => {
    const here = await fixture.victim()
    const there = await signedIn(here.user)
    const [own, others] = [
      await fixture.tokens(here, web),
      await fixture.tokens({ ...here, browser: there }, web),
    ]
    const page = await here.browser.open(`${fixture.issuer}/account/sessions`)
    const done = await here.browser.submit(page, {}, { form: ({ action }) => action.endsWith('/end-others') })
    expect(done.text).toContain('All other devices are signed out')
    expect(done.text.match(/This device/g)).toHaveLength(1)
    expect(await isSignedIn(here.browser)).toBe(true)
    expect(await isSignedIn(there)).toBe(false)
    expect((await fixture.userinfo(own.access_token)).status).toBe(200)
    expect((await fixture.refresh(web, own.refresh_token)).status).toBe(200)
    expect((await fixture.userinfo(others.access_token)).status).toBe(401)
    expect((await fixture.tokens(here, web)).access_token).toBeTruthy()
  })

  describe('a flow that a sign-in in another tab has answered, and that is resumed after that session has ended', () => {
    const endSession: Record<string, (browser: HttpBrowser, user: Victim['user']) => Promise<unknown>> = {
      'by signing out': async (browser) =>
        browser.submit(await browser.open(`${fixture.issuer}/logout`), {}, { button: 'Sign out' }),
      'by the JSON API': (browser) =>
        browser.send({
          url: new URL('/api/auth/session/logout', fixture.issuer),
          method: 'POST',
          headers: { 'content-type': 'application/json' },
        }),
      async 'from another device'(_browser, user) {
        const [session] = await latchkey.services.artifacts.listByAccount('Session', user.id)
        await latchkey.services.artifacts.revokeSession(user.id, String(session?.payload.uid))
      },
    }
    test.each(Object.entries(endSession))('%s, leads to the sign-in page', async (_how, end) => {
      const user = await latchkey.createUser()
      const browser = newBrowser()
      const waiting = await browser.open(fixture.authorizeUrl(web))
      const page = await browser.open(`${fixture.issuer}/login`)
      await browser.signIn(page, { identifier: user.email, password: PASSWORD })
      const answered = await browser.send({ url: waiting.url, method: 'GET' })
      expect(answered.status).toBe(303)
      await end(browser, user)
      expect(await isSignedIn(browser)).toBe(false)
      const resumed = await browser.open(new URL(answered.headers.get('location') ?? '', fixture.issuer))
      expect(resumed.left).toBe(false)
      expect(resumed.text).toContain('Email or username')
      expect(await isSignedIn(browser)).toBe(false)
      const back = await browser.signIn(resumed, { identifier: user.email, password: PASSWORD })
      expect(back.url.searchParams.get('code')).toBeTruthy()
    })

    test('a consent that was given but not resumed begins at the sign-in page again', async () => {
      const { browser, user } = await fixture.victim()
      const question = await browser.open(fixture.authorizeUrl(asking))
      const allowed = await browser.send(browser.prepare(question, {}, { button: 'Allow' }))
      await accounts().endSessions(user.id)
      const resumed = await browser.open(new URL(allowed.headers.get('location') ?? '', fixture.issuer))
      expect(resumed.left).toBe(false)
      expect(resumed.text).toContain('Email or username')
      const back = await browser.signIn(resumed, { identifier: user.email, password: PASSWORD })
      expect(back.url.searchParams.get('code')).toBeTruthy()
    })

    test('a consent page that was left open leads to the sign-in page, and allows nothing', async () => {
      const { browser, user } = await fixture.victim()
      const client = await fixture.client({ first_party: false })
      const question = await browser.open(fixture.authorizeUrl(client))
      await accounts().endSessions(user.id)
      const answered = await browser.allow(question)
      expect(answered.left).toBe(false)
      expect(answered.text).toContain('Email or username')
      expect(await latchkey.services.consents.find(user.id, client.client_id)).toBeUndefined()
    })
  })

  test('apps of the session that signs the others out lose nothing at that moment', async () => {
    const here = await fixture.victim()
    await signedIn(here.user)
    const tokens = await fixture.tokens(here, web)
    const page = await here.browser.open(`${fixture.issuer}/account/sessions`)
    const request = here.browser.prepare(page, {}, { form: ({ action }) => action.endsWith('/end-others') })
    const asked: Promise<number>[] = []
    const ending = here.browser.send(request)
    for (let n = 0; n < 15; n++) {
      asked.push(fixture.userinfo(tokens.access_token).then(({ status }) => status))
      await new Promise(setImmediate)
    }
    expect((await ending).status).toBe(303)
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]))
  })

  test('a person who registered with another’s address is not signed in when its owner proves it by a reset', async () => {
    const email = `owner-${engine}@example.com`
    const stranger = newBrowser()
    await stranger.submit(
      await stranger.open(`${fixture.issuer}/register`),
      { Username: `squatter-${engine}`, Email: email, Password: PASSWORD },
      { button: 'Create account' },
    )
    await latchkey.services.mailer.idle()
    await resetPassword({ id: '', username: '', email })
    const page = await stranger.open(`${fixture.issuer}/verify-email`)
    expect(page.text).not.toContain('Signed in')
    expect(await isSignedIn(stranger)).toBe(false)
  })

  test('an account that waits for its first address goes on waiting when its sessions are ended', async () => {
    const email = `first-${engine}@example.com`
    const { accountId } = await accounts().register({
      username: `first-${engine}`,
      email,
      password: PASSWORD,
    })
    const token = (await latchkey.mailTo(email)).link.searchParams.get('token') ?? ''
    await accounts().endSessions(accountId)
    expect(await accounts().verification.byToken(token)).toEqual({ kind: 'verified', accountId })
  })

  test('a way to sign in is not added by a sign-in that has ended in between', async () => {
    const { user } = await fixture.victim()
    const identity = {
      issuer: 'https://github.com',
      subject: user.id,
      provider: 'github',
      label: null,
      sealedTokens: null,
    }
    const nothing = { givenName: null, familyName: null, picture: null }
    const { generation = -1 } = (await accounts().byId(user.id)) ?? {}
    await accounts().endSessions(user.id)
    const proven = { accountId: user.id, generation }
    expect(await accounts().linked.link(proven, identity, nothing, 'GitHub')).toBe('no_account')
  })

  test('a role that is given, or stays, ends nothing', async () => {
    const { browser, user } = await fixture.victim()
    await accounts().setRole(user.id, 'auditor')
    await accounts().setRole(user.id, 'auditor')
    await accounts().updateByAdmin(user.id, { role: 'auditor', givenName: 'Ada' })
    expect(await isSignedIn(browser)).toBe(true)
  })
})
