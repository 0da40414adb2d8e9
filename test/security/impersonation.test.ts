import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WHILE_IMPERSONATED } from '../../src/oidc/sessions/while-impersonated.ts'
import { machine } from '../admin/rest/support.ts'
import { registerParty } from '../oidc/party.ts'
import { latchkey as command } from '../operations/server-process.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { type AuthenticatorApp, movableClock, withAuthenticatorApp } from '../support/second-factor.ts'

const API = 'https://orders.example'
const REASON = 'Request 4711: orders are missing'
const MINUTE = 60_000

/** Every route, as it is mounted. */
function routesOf({ app }: Latchkey): { method: string; path: string }[] {
  const above: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', segment = '', methods = ''] = /^(.*?── )(\S*)(?: \((.*)\))?/.exec(line) ?? []
      const depth = indent.length / 4
      above.length = depth
      above[depth - 1] = segment
      const path = above.join('')
      return methods === '' ? [] : methods.split(', ').map((method) => ({ method, path }))
    })
}

describe.each(engines)('an administrator signed in as another person, on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  let party: Awaited<ReturnType<typeof registerParty>>
  /** Takes the fast paths, or leaves every request to the library. */
  let fast = true
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now, fastPaths: () => fast })
    await latchkey.services.settings.change({ impersonation: 'on' })
    await latchkey.services.resources.add({ identifier: API, scope: 'orders:read' })
    party = await registerParty(latchkey, {
      first_party: true,
      scope: 'openid profile email offline_access orders:read',
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_identity_claims: true,
    })
  })
  afterAll(() => latchkey?.stop())

  let made = 0
  interface Admin {
    id: string
    username: string
    browser: HttpBrowser
    app: AuthenticatorApp
  }
  /** Signed in to the console with a second factor. */
  async function administrator(): Promise<Admin> {
    const username = `boss${engine}${++made}`
    const { id } = await latchkey.services.accounts.createByAdmin({
      ...{ username, email: `${username}@example.com`, password: PASSWORD },
      ...{ verified: true, role: 'admin' as const },
    })
    const app = await withAuthenticatorApp(latchkey, id, clock)
    const browser = createHttpBrowser({ stopAt: [party.redirectUri] })
    const login = await browser.open(`${latchkey.issuer}/login?return_to=/admin`)
    const asked = await browser.signIn(login, { identifier: username, password: PASSWORD })
    await browser.submit(asked, { Code: app.code() }, { button: 'Continue' })
    // Sign-ins are of the time of the machine.
    clock.later(-30_000)
    return { id, username, browser, app }
  }
  const at = (browser: HttpBrowser, path: string) => browser.open(`${latchkey.issuer}${path}`)
  const formOf = async ({ browser }: Admin, id: string) =>
    browser.follow(await at(browser, `/admin/users/${id}`), 'Sign in as them')
  const start = async (admin: Admin, { id, username }: { id: string; username: string }) =>
    admin.browser.submit(await formOf(admin, id), { Reason: REASON }, { button: `Sign in as ${username}` })
  async function helping() {
    const [admin, person] = [await administrator(), await latchkey.createUser()]
    const page = await start(admin, person)
    expect(page.text).toContain(`You are signed in as ${person.username}, for support, until`)
    return { admin, person, browser: admin.browser, page }
  }
  const entriesOf = async (id: string, action: string) =>
    (await latchkey.services.audit.list({ target: id, action })).items
  /** Tokens by a code, for the API or for userinfo. */
  async function tokens(browser: HttpBrowser, options: { resource?: string; scope?: string } = {}) {
    const request = await party.authorize({ scope: 'openid profile offline_access', ...options })
    const page = await browser.open(request.url)
    return party.callback(page.url, request)
  }
  const problem = (page: BrowserPage) => page.url.searchParams.get('error')

  test('tells the person at once, shows a banner everywhere, names both in the log, and leads back', async () => {
    const { admin, person, browser, page } = await helping()
    expect(page.url.pathname).toBe('/account')
    for (const path of [
      '/',
      '/account/security',
      '/account/sessions',
      '/nowhere',
      '/logout',
      '/forgot-password',
    ])
      expect((await at(browser, path)).text, path).toContain(`You are signed in as ${person.username}`)
    await latchkey.services.mailer.idle()
    const outbox = await readOutbox(join(latchkey.dataDir, 'outbox'))
    const mails = outbox.filter(({ to }) => to === person.email)
    expect(mails.at(-1)?.text).toContain(REASON)
    expect(mails.at(-1)?.text).toContain(admin.username)
    expect(mails.filter(({ subject }) => subject.includes('new device'))).toEqual([])
    const [entry] = await entriesOf(person.id, 'account.impersonated')
    expect(entry).toMatchObject({
      actor: { id: admin.id },
      target: { id: person.id },
      details: { reason: REASON },
    })
    expect((await latchkey.services.accounts.byId(person.id))?.lastSignInAt).toBeNull()
    const back = await browser.submit(page, {}, { button: 'End' })
    expect(back.url.pathname).toBe(`/admin/users/${person.id}`)
    expect(back.text).not.toContain('for support, until')
    const [ended] = await entriesOf(person.id, 'account.impersonation_ended')
    expect(ended).toMatchObject({ actor: { id: admin.id }, target: { id: person.id } })
    expect((await at(browser, '/account')).text).toContain(admin.username)
    const { items } = await latchkey.services.activity.list(person.id)
    expect(items.map(({ text }) => text)).toContain(
      `An administrator signed in as you, for support: ${REASON}`,
    )
  })

  test('is refused without a reason, while switched off, and for people that nobody may be', async () => {
    const admin = await administrator()
    const person = await latchkey.createUser()
    const form = await formOf(admin, person.id)
    const short = await admin.browser.submit(
      form,
      { Reason: 'because' },
      { button: `Sign in as ${person.username}` },
    )
    expect([short.status, short.text]).toEqual([422, expect.stringContaining('in 10 to 300 characters')])
    const { accounts, settings } = latchkey.services
    const other = await administrator()
    const disabled = await latchkey.createUser()
    await accounts.disable(disabled.id)
    for (const { id } of [other, admin, disabled]) {
      expect((await at(admin.browser, `/admin/users/${id}`)).text).not.toContain('Sign in as them')
      const prepared = admin.browser.prepare(form, { Reason: REASON })
      prepared.url = new URL(`${latchkey.issuer}/admin/users/${id}/impersonate`)
      const refused = await admin.browser.visit(prepared)
      expect(refused.text).toMatch(/nobody signs in/)
      expect(await entriesOf(id, 'account.impersonated')).toEqual([])
    }
    await settings.change({ impersonation: 'off' })
    const off = await admin.browser.submit(
      form,
      { Reason: REASON },
      { button: `Sign in as ${person.username}` },
    )
    await settings.change({ impersonation: 'on' })
    expect(off.text).toContain('switched off')
    expect(await entriesOf(person.id, 'account.impersonated')).toEqual([])
  })

  test('an organization forbids it for its members: it does not begin, and does not go on', async () => {
    const { organizations } = latchkey.services
    const { id } = await organizations.create({ name: `Closed ${engine}` })
    const { person, browser } = await helping()
    const { access_token } = await tokens(browser, { scope: 'openid' })
    const info = async () =>
      (await fetch(`${latchkey.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } }))
        .status
    await organizations.members.put(id, person.id, ['member'])
    expect((await at(browser, '/account')).text).toContain(`You are signed in as ${person.username}`)
    expect(await info()).toBe(200)
    // Another organization of the person lets it.
    const { id: open } = await organizations.create({ name: `Open ${engine}` })
    await organizations.members.put(open, person.id, ['member'])
    await organizations.update(id, { impersonation_forbidden: true })
    for (fast of [true, false]) expect(await info()).toBe(401)
    fast = true
    const over = await at(browser, '/account')
    expect(over.url.pathname, 'the session is over; the way back is there').toBe('/login')
    expect(over.text).toContain(`Being signed in as ${person.username} is over.`)
    expect(
      (await latchkey.services.impersonations.running()).map(({ accountId }) => accountId),
    ).not.toContain(person.id)

    const other = await administrator()
    const page = await at(other.browser, `/admin/users/${person.id}`)
    expect(page.links.map(({ text }) => text)).not.toContain('Sign in as them')
    const asked = await at(other.browser, `/admin/users/${person.id}/impersonate`)
    expect(asked.text).toContain('An organization that they are a member of forbids it')
    const { impersonations } = latchkey.services
    const by = { id: other.id, sessionUid: 'any' }
    const refused = { code: 'impersonation_refused', status: 409 }
    await expect(impersonations.begin(person.id, by, REASON)).rejects.toMatchObject(refused)
    // A disabled one protects its people still; one that is gone has none.
    await organizations.update(id, { disabled: true })
    await expect(impersonations.begin(person.id, by, REASON)).rejects.toMatchObject(refused)
    await organizations.remove(id)
    await expect(impersonations.begin(person.id, by, REASON)).resolves.toBeDefined()
  })

  test('needs a fresh second factor and a form of ours', async () => {
    const admin = await administrator()
    const person = await latchkey.createUser()
    const form = await formOf(admin, person.id)
    const forged = admin.browser.prepare(form, { Reason: REASON })
    forged.body?.delete('_csrf')
    for (const name of [...(forged.body?.keys() ?? [])]) if (name !== 'reason') forged.body?.delete(name)
    expect((await admin.browser.send(forged)).status).toBeGreaterThanOrEqual(303)
    expect(await entriesOf(person.id, 'account.impersonated')).toEqual([])
    clock.later(16 * MINUTE)
    const again = await admin.browser.submit(
      form,
      { Reason: REASON },
      { button: `Sign in as ${person.username}` },
    )
    clock.later(-16 * MINUTE)
    expect(again.url.pathname).toMatch(/^\/login/)
    expect(await entriesOf(person.id, 'account.impersonated')).toEqual([])
  })

  test('without a second factor of their own, an administrator cannot', async () => {
    const username = `plain${engine}`
    await latchkey.services.accounts.createByAdmin({
      ...{ username, email: `${username}@example.com`, password: PASSWORD },
      ...{ verified: true, role: 'admin' as const },
    })
    const person = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await at(browser, '/login?return_to=/admin'), {
      identifier: username,
      password: PASSWORD,
    })
    const form = await at(browser, `/admin/users/${person.id}/impersonate`)
    const page = await browser.submit(form, { Reason: REASON }, { button: `Sign in as ${person.username}` })
    expect(page.text).toContain('needs a second factor')
    expect(await entriesOf(person.id, 'account.impersonated')).toEqual([])
  })

  test('every route that asks who is signed in refuses, but those of the list', async () => {
    const { admin, person, browser } = await helping()
    const before = await latchkey.services.accounts.byId(person.id)
    for (const path of ['/admin', '/admin/users', `/admin/users/${admin.id}`, '/account/deletion', '/login'])
      expect((await at(browser, path)).status, path).toBe(403)
    // A form of the person's own pages, as it stands there.
    const account = await at(browser, '/account')
    for (const form of account.forms.filter(
      ({ method, action }) =>
        method === 'post' && action.startsWith('/account') && action !== '/account/sign-out',
    )) {
      const [button] = form.buttons
      const request = browser.prepare(account, {}, { form: (each) => each === form })
      const answer = await browser.visit(request)
      expect([form.action, button?.label, answer.status]).toEqual([form.action, button?.label, 403])
    }
    for (const [method, path] of [
      ['PATCH', '/api/auth/me'],
      ['DELETE', '/api/auth/me'],
      ['POST', '/api/auth/tokens'],
      ['GET', '/api/auth/me/export'],
      ['GET', '/api/auth/me/factors'],
      ['POST', '/api/auth/me/factors'],
      ['POST', '/api/auth/me/app-passwords'],
      ['POST', '/api/auth/me/recovery-codes'],
    ] as const) {
      const cookie = browser.cookies.header(new URL(latchkey.issuer)) ?? ''
      const answer = await fetch(`${latchkey.issuer}${path}`, {
        method,
        headers: { cookie, 'content-type': 'application/json' },
        ...(method !== 'GET' && { body: '{}' }),
      })
      expect([path, answer.status]).toEqual([path, 403])
      expect(await answer.json()).toMatchObject({ code: 'impersonated' })
    }
    // Every changing route of accounts, as it is mounted: with the token of a form of ours, and as JSON.
    const token = account.forms.flatMap(({ fields }) => fields).find(({ name }) => name?.includes('csrf'))
    expect(token?.value).toBeTruthy()
    const changing = routesOf(latchkey).filter(
      ({ method, path }) =>
        !['GET', 'HEAD', 'OPTIONS'].includes(method) &&
        !WHILE_IMPERSONATED.has(`${method} ${path}`) &&
        /^\/(account|admin|api\/auth\/me)(\/|$)/.test(path),
    )
    expect(changing.length).toBeGreaterThan(100)
    const refusals = []
    for (const { method, path } of changing) {
      const json = path.startsWith('/api')
      const url = new URL(`${latchkey.issuer}${path.replaceAll(/:\w+/g, person.id)}`)
      const cookie = browser.cookies.header(url) ?? ''
      const answer = json
        ? await fetch(url, { method, headers: { cookie, 'content-type': 'application/json' }, body: '{}' })
        : await browser.visit({
            ...{ url, method: 'POST' },
            body: new URLSearchParams({ [token?.name ?? '']: token?.value ?? '' }),
            headers: { origin: latchkey.issuer, 'sec-fetch-site': 'same-origin' },
          })
      refusals.push([`${method} ${path}`, answer.status])
    }
    // These act by a cookie of their own, which is not there, and on no session.
    const others = ['POST /account/security/passkeys/skip', 'POST /account/deletion/sign-out']
    expect(refusals.filter(([name, status]) => status !== 403 && !others.includes(String(name)))).toEqual([])
    expect(await latchkey.services.accounts.byId(person.id)).toEqual(before)
    expect([...WHILE_IMPERSONATED].filter((name) => !name.startsWith('GET '))).toEqual([
      'POST /support/end',
      'POST /account/sign-out',
    ])
  })

  test.each([true, false])(
    'tokens say who acts, and no refresh token is given (fast paths: %s)',
    async (on) => {
      fast = on
      const { admin, person, browser, page } = await helping()
      const act = { sub: admin.id }
      const own = await tokens(browser)
      expect(own.refresh_token).toBeUndefined()
      expect(decodeJwt(own.id_token ?? '')).toMatchObject({
        sub: person.id,
        act,
        acr: 'urn:latchkey:acr:mfa',
      })
      expect(own.expires_in).toBeLessThanOrEqual(1800)
      expect(await party.introspect(own.access_token)).toMatchObject({ active: true, sub: person.id, act })
      expect(await party.userinfo(own.access_token, person.id)).toMatchObject({ sub: person.id })
      const forApi = await tokens(browser, { resource: API, scope: 'openid orders:read' })
      expect(decodeJwt(forApi.access_token)).toMatchObject({ sub: person.id, act, aud: API })
      expect(await party.introspect(forApi.access_token)).toMatchObject({ active: true, act })
      await browser.submit(page, {}, { button: 'End' })
      for (const { access_token } of [own, forApi])
        expect(await party.introspect(access_token)).toEqual({ active: false })
      const free = await tokens(browser)
      expect(decodeJwt(free.id_token ?? '')).toMatchObject({ sub: admin.id })
      expect(decodeJwt(free.id_token ?? '').act).toBeUndefined()
      fast = true
    },
  )

  test.each([
    ['its time', async () => clock.later(31 * MINUTE)],
    ['the administrator being disabled', async ({ admin }) => latchkey.services.accounts.disable(admin.id)],
    [
      'the administrator losing the role',
      async ({ admin }) => latchkey.services.accounts.updateByAdmin(admin.id, { role: 'user' }),
    ],
    [
      'the administrator signed out everywhere',
      async ({ admin }) => latchkey.services.accounts.endSessions(admin.id),
    ],
    [
      'the sign-in that the administrator began it in',
      async ({ admin }) => {
        const { artifacts } = latchkey.services
        const sessions = await artifacts.listByAccount('Session', admin.id)
        for (const { payload } of sessions) await artifacts.revokeSession(admin.id, String(payload.uid))
      },
    ],
    [
      'the person signed out everywhere',
      async ({ person }) => latchkey.services.accounts.endSessions(person.id),
    ],
    [
      'a role of the person in the console',
      async ({ person }) => latchkey.services.accounts.updateByAdmin(person.id, { role: 'auditor' }),
    ],
    ['the setting', async () => latchkey.services.settings.change({ impersonation: 'off' })],
    [
      'an administrator who ends it',
      async ({ person }) => {
        const running = await latchkey.services.impersonations.running()
        const found = running.find(({ accountId }) => accountId === person.id)
        await latchkey.services.impersonations.end(found?.id ?? '')
      },
    ],
  ] as [string, (who: { admin: Admin; person: { id: string } }) => Promise<unknown>][])(
    'ends with %s, and its tokens with it; pages say so, and lead back',
    async (what, end) => {
      const { admin, person, browser } = await helping()
      const given = await tokens(browser)
      const forApi = await tokens(browser, { resource: API, scope: 'openid orders:read' })
      const request = await party.authorize()
      const code = await browser.open(request.url)
      await end({ admin, person })
      for (const { access_token } of [given, forApi])
        expect(await party.introspect(access_token)).toEqual({ active: false })
      await expect(party.callback(code.url, request)).rejects.toThrow()
      const over = await at(browser, '/account')
      expect(over.url.pathname).toBe('/login')
      expect(over.text).toContain(`Being signed in as ${person.username} is over.`)
      expect(over.text).not.toContain('You are signed in as')
      const none = await party.authorize({ prompt: 'none' })
      expect(problem(await browser.open(none.url))).toBe('login_required')
      const running = await latchkey.services.impersonations.running()
      expect(running.some(({ accountId }) => accountId === person.id)).toBe(false)
      await latchkey.services.settings.change({ impersonation: 'on' })
      if (what === 'its time') clock.later(-31 * MINUTE)
      const back = await browser.submit(over, {}, { button: 'Back to your own sign-in' })
      expect(back.text).not.toContain('Being signed in as')
    },
  )

  /** The ends of the impersonation of a person, in the log. */
  const endsOf = async (id: string) =>
    (await entriesOf(id, 'account.impersonation_ended')).map(({ actor, details }) => ({
      ...{ kind: actor.kind, by: actor.id },
      ...{ how: details.reason, administrator: details.administrator },
    }))
  const signOut = async (browser: HttpBrowser) =>
    browser.submit(await at(browser, '/account'), {}, { button: 'Sign out' })

  test('its end is recorded once, with who and how: by the button, a sign-out here or there, the person, an administrator', async () => {
    const { impersonations } = latchkey.services
    const idOf = async (person: { id: string }) =>
      (await impersonations.running()).find(({ accountId }) => accountId === person.id)?.id ?? ''
    const helpedSession = async (person: { id: string }) =>
      (await latchkey.services.artifacts.listByAccount('Session', person.id)).find(
        ({ payload }) => payload.impersonation !== undefined,
      )?.payload.uid
    const ways: [
      string,
      'admin' | 'person' | 'other',
      /** Gives the actor, where that is another one. */
      (who: Awaited<ReturnType<typeof helping>>) => unknown,
    ][] = [
      ['button', 'admin', ({ browser, page }) => browser.submit(page, {}, { button: 'End' })],
      ['signed_out', 'admin', ({ browser }) => signOut(browser)],
      [
        'signed_out',
        'admin',
        async ({ browser }) => browser.submit(await at(browser, '/logout'), {}, { button: 'Sign out' }),
      ],
      [
        'device',
        'person',
        async ({ person }) => {
          const own = createHttpBrowser()
          await own.signIn(await at(own, '/login?return_to=/account/sessions'), {
            ...{ identifier: person.username, password: PASSWORD },
          })
          const helped = await helpedSession(person)
          const form = (await at(own, '/account/sessions')).forms.find(({ fields }) =>
            fields.some(({ value }) => value === helped),
          )
          const fields = form?.fields.map(({ name, value }) => [name, value ?? '']) ?? []
          await own.visit({
            url: new URL('/account/sessions/end', latchkey.issuer),
            method: 'POST',
            body: new URLSearchParams(fields as [string, string][]),
          })
        },
      ],
      [
        'administrator',
        'other',
        async ({ person }) => {
          const { rest, client_id } = await machine(latchkey)
          expect((await rest.delete(`/impersonations/${await idOf(person)}`)).status).toBe(204)
          return client_id
        },
      ],
      // Of the sessions of the person one: by the console and by REST.
      [
        'administrator',
        'other',
        async ({ person }) => {
          const another = await administrator()
          const page = await at(another.browser, `/admin/users/${person.id}`)
          const helped = await helpedSession(person)
          const form = ({ fields }: BrowserPage['forms'][number]) =>
            fields.some(({ value }) => value === helped)
          await another.browser.submit(page, {}, { form })
          return another.id
        },
      ],
      [
        'administrator',
        'other',
        async ({ person }) => {
          const { rest, client_id } = await machine(latchkey)
          const path = `/users/${person.id}/sessions/${await helpedSession(person)}`
          expect((await rest.delete(path)).status).toBe(204)
          return client_id
        },
      ],
    ]
    for (const [how, who, end] of ways) {
      const helped = await helping()
      const other = await end(helped)
      const said = (await at(helped.browser, '/nowhere')).text
      expect(said, how).not.toContain('You are signed in as')
      if (who !== 'admin')
        expect(said, how).toContain(`Being signed in as ${helped.person.username} is over.`)
      await impersonations.settle()
      const one = { how, administrator: helped.admin.id }
      await expect.poll(() => endsOf(helped.person.id), { message: how }).toMatchObject([one])
      const ends = await endsOf(helped.person.id)
      expect(ends[0]?.by, how).toBe(who === 'other' ? other : helped[who].id)
    }
  })

  test('two sign-outs at once, and the job of two processes beside them, record one end', async () => {
    const { impersonations } = latchkey.services
    const { person, browser } = await helping()
    const page = await at(browser, '/account')
    await Promise.all([
      browser.submit(page, {}, { button: 'Sign out' }),
      browser.submit(page, {}, { button: 'Sign out' }),
      impersonations.settle(),
      impersonations.settle(),
    ])
    await impersonations.settle()
    expect(await endsOf(person.id)).toHaveLength(1)
  })

  test.each([
    ['expired', async () => clock.later(31 * MINUTE)],
    ['switched_off', async () => latchkey.services.settings.change({ impersonation: 'off' })],
    ['account_deleted', async ({ person }) => latchkey.services.accounts.delete(person.id)],
    ['account_changed', async ({ person }) => latchkey.services.accounts.disable(person.id)],
    [
      'session_ended',
      async ({ person }) => {
        await latchkey.services.accounts.endSessions(person.id)
        // For a minute it may be one that is being started.
        clock.later(MINUTE + 1000)
      },
    ],
    ['administrator_signed_out', async ({ admin }) => latchkey.services.accounts.endSessions(admin.id)],
  ] as [string, (who: { admin: Admin; person: { id: string } }) => Promise<unknown>][])(
    'an end that no request has seen is recorded by the job: %s, once, also by two processes',
    async (how, end) => {
      const { impersonations, settings } = latchkey.services
      const { admin, person } = await helping()
      await impersonations.settle()
      expect(await endsOf(person.id)).toEqual([])
      await end({ admin, person })
      await Promise.all([impersonations.settle(), impersonations.settle()])
      await settings.change({ impersonation: 'on' })
      if (how === 'expired') clock.later(-31 * MINUTE)
      if (how === 'session_ended') clock.later(-MINUTE - 1000)
      const once = [{ how, administrator: admin.id, kind: 'server' }]
      await expect.poll(() => endsOf(person.id)).toMatchObject(once)
      await impersonations.settle()
      expect(await endsOf(person.id)).toMatchObject(once)
    },
  )

  test('after its time, the way back is still there', async () => {
    const { person, browser } = await helping()
    clock.later(31 * MINUTE)
    const page = await at(browser, '/account')
    expect(page.text).toContain(`Being signed in as ${person.username} is over.`)
    const back = await browser.submit(page, {}, { button: 'Back to your own sign-in' })
    clock.later(-31 * MINUTE)
    expect(back.url.pathname).toBe(`/admin/users/${person.id}`)
  })

  test('nothing is asked in it: no sign-in, no consent, no device; pushed or not', async () => {
    const { browser } = await helping()
    for (const options of [
      { prompt: 'login' },
      { prompt: 'select_account' },
      { prompt: 'login', pushed: true },
    ]) {
      const request = await party.authorize(options)
      expect(problem(await browser.open(request.url))).toBe('login_required')
    }
    const stranger = await registerParty(latchkey, { redirect_uris: [party.redirectUri] })
    const asked = await stranger.authorize()
    expect(problem(await browser.open(asked.url))).toBe('consent_required')
  })

  test('the sign-out of the account pages leaves no way back either', async () => {
    const { admin, browser, page } = await helping()
    const own = admin.browser.cookies
    await browser.submit(page, {}, { button: 'Sign out' })
    expect((await at(browser, '/account')).url.pathname).toBe('/login')
    expect((await at(browser, '/login')).text).not.toContain('for support')
    expect(own.header(new URL(latchkey.issuer))).not.toMatch(/support=\w/)
  })

  test('REST lists those that run, and ends one', async () => {
    const { admin, person, browser } = await helping()
    const { rest } = await machine(latchkey)
    const { json } = await rest.get('/impersonations')
    const found = json.items?.find(({ user_id }) => user_id === person.id)
    expect(found).toMatchObject({
      ...{ username: person.username, administrator_id: admin.id, administrator: admin.username },
      reason: REASON,
    })
    expect((await rest.delete(`/impersonations/${found?.id}`)).status).toBe(204)
    expect((await at(browser, '/account')).url.pathname).toBe('/login')
    expect((await rest.delete(`/impersonations/${found?.id}`)).status).toBe(404)
  })

  test('the command line lists those that run, and ends one', async () => {
    const { admin, person, browser } = await helping()
    const run = async (...args: string[]) => command(['impersonations', ...args], latchkey.env)
    const { items } = JSON.parse((await run('list', '--json')).stdout)
    const found = items.find(({ user_id }: { user_id: string }) => user_id === person.id)
    expect(found).toMatchObject({ username: person.username, administrator: admin.username, reason: REASON })
    expect((await run('list')).stdout).toContain(found.id)
    expect(await run('end', found.id)).toMatchObject({ code: 0, stdout: 'The impersonation is ended.' })
    expect(await endsOf(person.id)).toMatchObject([
      { how: 'administrator', kind: 'command_line', administrator: admin.id },
    ])
    expect((await at(browser, '/account')).url.pathname).toBe('/login')
    expect(await run('end', found.id)).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('There is no such impersonation') },
    })
    expect((await run('list')).stdout).not.toContain(found.id)
  })

  test('a second one cannot begin inside, and signing out leaves no way back', async () => {
    const { admin, person, browser, page } = await helping()
    const other = await latchkey.createUser()
    expect((await at(browser, `/admin/users/${other.id}/impersonate`)).status).toBe(403)
    const out = await at(browser, '/logout')
    await browser.submit(out, {}, { button: 'Sign out' })
    const later = await browser.submit(page, {}, { button: 'End' })
    expect(later.url.pathname).not.toMatch(/^\/admin/)
    expect((await at(browser, '/account')).url.pathname).toBe('/login')
    expect((await latchkey.services.accounts.byId(admin.id))?.disabledAt).toBeNull()
    await expect
      .poll(() => entriesOf(person.id, 'session.ended'), { message: 'who signed out was not the person' })
      .toMatchObject([{ actor: { id: admin.id } }])
  })

  test('ended in one tab, it is over in the other; Back shows nothing of the person', async () => {
    const { admin, browser, page } = await helping()
    const other = await at(browser, '/account/sessions')
    await browser.submit(page, {}, { button: 'End' })
    expect((await browser.submit(other, {}, { button: 'End' })).url.pathname).toBe('/')
    expect((await at(browser, '/account')).text).toContain(admin.username)
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  test('cookies of two browsers mixed give nobody another session', async () => {
    const first = await helping()
    const own = createHttpBrowser()
    const login = await at(own, '/login?return_to=/account')
    const { person } = first
    await own.signIn(login, { identifier: person.username, password: PASSWORD })
    // The cookie that leads back, in the browser of the person: their own session stays.
    const stolen = first.browser.cookies.header(new URL(latchkey.issuer)) ?? ''
    const support = stolen.split('; ').find((each) => each.includes('support=')) ?? ''
    own.cookies.store(new URL(latchkey.issuer), [`${support}; Path=/`])
    const banner = await at(own, '/account')
    expect(banner.text).toContain(`Being signed in as ${person.username} is over.`)
    expect((await own.submit(banner, {}, { button: 'Back to your own sign-in' })).url.pathname).toBe('/')
    expect((await at(own, '/account')).text).toContain(person.username)
  })
})
