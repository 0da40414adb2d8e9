import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Api, type ApiAnswer, type ApiRequest, bearer, createApi, documentOf } from '../api/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { githubUser } from '../support/upstream/github.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'

const JSON_ONLY = 'application/json'
let federation: FederationFixture
let api: Api
let users = 900
/** Everything that must never be in an address or in the log. */
const secrets: string[] = []
/** Every address that somebody was sent to. */
const locations: string[] = []
/** `operation status` of every answer. */
const given = new Set<string>()

beforeAll(async () => {
  // Date is looked up anew each time, so that a test can move it.
  federation = await openFederation({ clock: () => Date.now() })
  api = createApi(federation.latchkey.issuer)
})
afterAll(() => federation?.stop())
afterEach(() => void vi.useRealTimers())

const passTime = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
const accounts = () => federation.latchkey.services.accounts

const onGitHub = (login: string, rest: Parameters<typeof githubUser>[2] = {}) => {
  federation.github.users.set(login, githubUser(++users, login, rest))
  return login
}

/** A call by a program that keeps cookies; it throws when the answer is not a documented one. */
async function call(browser: HttpBrowser, path: string, accept = JSON_ONLY): Promise<ApiAnswer> {
  const url = new URL(`${federation.latchkey.issuer}/api/auth${path}`)
  const cookie = browser.cookies.header(url)
  const answer = await api.get(path, { accept, ...(cookie !== undefined && { cookie }) })
  given.add(
    `${path.split('?')[0]?.endsWith('/callback') ? 'upstreamCallback' : 'upstreamStart'} ${answer.status}`,
  )
  browser.cookies.store(url, answer.headers.getSetCookie())
  locations.push(answer.headers.get('location') ?? '')
  return answer
}

/** Up to the provider's answer: the path of the callback, with its parameters. */
async function callback(browser: HttpBrowser, login: string, query = '', button = `Continue as ${login}`) {
  const start = await call(browser, `/oauth/github${query}`)
  expect(start.status).toBe(303)
  const page = await browser.open(start.headers.get('location') ?? '')
  const back = await browser.send(browser.prepare(page, {}, { button }))
  const { pathname, search } = new URL(back.headers.get('location') ?? '')
  return pathname.replace('/api/auth', '') + search
}

const pkce = (verifier = randomBytes(32).toString('base64url')) => {
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { verifier, query: `?code_challenge=${challenge}&code_challenge_method=S256` }
}

/** A one-time code, as the person reads it off the page. */
async function oneTimeCode(login: string, browser = federation.browser()) {
  const { verifier, query } = pkce()
  const back = await call(browser, await callback(browser, login, query))
  expect([back.status, back.headers.get('location')]).toEqual([303, '/login/code'])
  return { verifier, ...(await codeOnPage(browser)) }
}

async function codeOnPage(browser: HttpBrowser) {
  const page = await browser.open(`${federation.latchkey.issuer}/login/code`)
  const code = /[\w-]{43}/.exec(page.text)?.[0] ?? ''
  expect([page.status, code]).toEqual([200, expect.stringMatching(/^[\w-]{43}$/)])
  expect(page.headers.get('cache-control')).toBe('no-store')
  secrets.push(code)
  return { code, page }
}

async function sendExchange(request: ApiRequest): Promise<ApiAnswer> {
  const answer = await api.call('POST', '/oauth/exchange', request)
  given.add(`upstreamExchange ${answer.status}`)
  return answer
}
const exchange = (code: string, code_verifier: string) => sendExchange({ body: { code, code_verifier } })

const tokensOf = (json: Record<string, unknown>) => {
  expect(json).toEqual({
    access_token: expect.any(String),
    refresh_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: expect.any(Number),
  })
  const { access_token, refresh_token } = json as { access_token: string; refresh_token: string }
  secrets.push(access_token, refresh_token)
  return { access_token, refresh_token }
}

const sessionCookies = (headers: Headers) =>
  headers.getSetCookie().filter((cookie) => cookie.startsWith('latchkey_session'))

const idOf = async (login: string) => (await accounts().find(login))?.id ?? ''

describe('a sign-in elsewhere that ends in tokens', () => {
  test('works at /api/auth/me, refreshes, is not kept by anybody, and sets no session', async () => {
    onGitHub('program', { name: 'Ada Lovelace' })
    const browser = federation.browser()
    const answer = await call(browser, await callback(browser, 'program'))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('location')).toBeNull()
    expect(sessionCookies(answer.headers)).toEqual([])
    const { access_token, refresh_token } = tokensOf(answer.json)
    expect((await api.me(bearer(access_token))).json).toMatchObject({
      username: 'program',
      email: 'program@example.com',
      email_verified: true,
    })
    const refreshed = await api.post('/refresh', { refresh_token })
    expect((await api.me(bearer(tokensOf(refreshed.json).access_token))).status).toBe(200)
    expect((await browser.open(`${federation.latchkey.issuer}/account`)).url.pathname).toBe('/login')
  })

  test('leaves a session that is there alone', async () => {
    const user = await federation.latchkey.createUser()
    const browser = federation.browser()
    const page = await browser.open(`${federation.latchkey.issuer}/login`)
    await browser.signIn(page, { identifier: user.username, password: PASSWORD })
    await call(browser, await callback(browser, onGitHub('beside')))
    const account = await browser.open(`${federation.latchkey.issuer}/account`)
    expect(account.text).toContain(`Signed in as ${user.username}`)
  })

  test('by a browser that shows pages too: tokens as JSON', async () => {
    onGitHub('shown')
    const browser = federation.browser()
    const answer = await call(browser, await callback(browser, 'shown'), 'text/html')
    tokensOf(answer.json)
  })

  test('a newcomer who lacks a username chooses one on a page, and that ends in tokens', async () => {
    federation.google.accounts = [
      { sub: 'g-api', email: 'chooser@gmail.example', email_verified: true, name: 'Chooser' },
    ]
    const browser = federation.browser()
    const start = await call(browser, '/oauth/google')
    const page = await browser.open(start.headers.get('location') ?? '')
    const asks = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    expect(asks.url.pathname).toMatch(/^\/login\/finish\//)
    const done = await browser.send(
      browser.prepare(asks, { Username: 'chooser' }, { button: 'Create account' }),
    )
    expect([done.status, done.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(sessionCookies(done.headers)).toEqual([])
    const { access_token } = tokensOf((await done.json()) as Record<string, unknown>)
    expect((await api.me(bearer(access_token))).json).toMatchObject({ username: 'chooser' })
  })

  test('an address of an existing account: its password on a page, then tokens', async () => {
    const user = await federation.latchkey.createUser()
    onGitHub('prover', {
      emails: [{ email: user.email, primary: true, verified: true, visibility: null }],
    })
    const browser = federation.browser()
    const back = await call(browser, await callback(browser, 'prover'))
    expect(back.headers.get('location')).toMatch(/^\/login\/link\//)
    const page = await browser.open(new URL(back.headers.get('location') ?? '', federation.latchkey.issuer))
    const done = await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    const { access_token } = tokensOf(JSON.parse(done.body))
    expect((await api.me(bearer(access_token))).json).toMatchObject({ id: user.id })
  })

  test('an address that nobody vouches for leads to the page that proves it, and to no token before', async () => {
    onGitHub('unverified', { emails: [] })
    const browser = federation.browser()
    const back = await call(browser, await callback(browser, 'unverified'))
    const asks = await browser.open(new URL(back.headers.get('location') ?? '', federation.latchkey.issuer))
    const verify = await browser.submit(
      asks,
      { Username: 'unverified', Email: 'unverified@example.com' },
      { button: 'Create account' },
    )
    expect([verify.url.pathname, verify.status]).toEqual(['/verify-email', 200])
    expect(verify.text).toContain('unverified@example.com')
    // Nor the next time.
    const again = await call(browser, await callback(browser, 'unverified'))
    expect([again.status, again.headers.get('location')]).toEqual([303, '/verify-email'])
    const code = codeIn(await federation.latchkey.mailTo('unverified@example.com'))
    await browser.submit(verify, { 'Verification code': code }, { button: 'Verify' })
    tokensOf((await call(browser, await callback(browser, 'unverified'))).json)
  })
})

describe('a sign-in elsewhere that ends in a one-time code', () => {
  test('is exchanged for tokens by whoever knows the verifier, and sets no session', async () => {
    const browser = federation.browser()
    const { code, verifier, page } = await oneTimeCode(onGitHub('coder'), browser)
    expect(page.text).toContain('Did somebody else send you here?')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const answer = await exchange(code, verifier)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(sessionCookies(answer.headers)).toEqual([])
    const { access_token } = tokensOf(answer.json)
    expect((await api.me(bearer(access_token))).json).toMatchObject({ username: 'coder' })
    expect((await browser.open(`${federation.latchkey.issuer}/account`)).url.pathname).toBe('/login')
  })

  test('the page shows the code to the browser that signed in, and to no other', async () => {
    await oneTimeCode(onGitHub('reader'))
    const stranger = await federation.browser().open(`${federation.latchkey.issuer}/login/code`)
    expect([stranger.status, /[\w-]{43}/.test(stranger.text)]).toEqual([410, false])
  })

  test('works once: of twenty exchanges at once one gets tokens', async () => {
    const { code, verifier } = await oneTimeCode(onGitHub('racer'))
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(code, verifier)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(401)])
    tokensOf(answers.find(({ status }) => status === 200)?.json ?? {})
    expect((await exchange(code, verifier)).json).toMatchObject({ status: 401, code: 'invalid_grant' })
  })

  test('a wrong verifier is refused, and uses the code up', async () => {
    const { code, verifier } = await oneTimeCode(onGitHub('intercepted'))
    expect(await exchange(code, 'w'.repeat(43))).toMatchObject({
      status: 401,
      json: { code: 'invalid_grant' },
    })
    expect((await exchange(code, verifier)).status).toBe(401)
  })

  test('expires after five minutes, and the page with it', async () => {
    // From here on the clock stands still between its steps.
    passTime(0)
    const browser = federation.browser()
    const inTime = await oneTimeCode(onGitHub('prompt'))
    const late = await oneTimeCode(onGitHub('late'), browser)
    passTime(299)
    tokensOf((await exchange(inTime.code, inTime.verifier)).json)
    passTime(2)
    expect((await exchange(late.code, late.verifier)).status).toBe(401)
    expect((await browser.open(`${federation.latchkey.issuer}/login/code`)).status).toBe(410)
  })

  test('is worth nothing once the account was disabled', async () => {
    const { code, verifier } = await oneTimeCode(onGitHub('fired'))
    await accounts().disable(await idOf('fired'))
    expect((await exchange(code, verifier)).json).toMatchObject({ status: 401, code: 'invalid_grant' })
  })

  test('is worth nothing once the password was reset', async () => {
    const { code, verifier } = await oneTimeCode(onGitHub('resetter'))
    // What happens in one second counts as happening at once.
    passTime(1)
    await accounts().forgot('resetter@example.com')
    const { link } = await federation.latchkey.mailTo('resetter@example.com')
    await accounts().reset(link.searchParams.get('token') ?? '', 'quartz-lantern-31-orbit')
    expect((await exchange(code, verifier)).json).toMatchObject({ status: 401, code: 'invalid_grant' })
  })

  test('is worth nothing once the sign-in that it came by was unlinked', async () => {
    const { code, verifier } = await oneTimeCode(onGitHub('detached'))
    const id = await idOf('detached')
    const { identities } = await accounts().linked.signInMethods(id)
    await federation.latchkey.services.db.prisma.linkedIdentity.delete({
      where: { id: identities[0]?.id ?? '' },
    })
    expect((await exchange(code, verifier)).json).toMatchObject({ status: 401, code: 'invalid_grant' })
  })

  test('a newcomer who lacks a username gets the code after the page that asks for it', async () => {
    federation.google.accounts = [
      { sub: 'g-code', email: 'coded@gmail.example', email_verified: true, name: 'Coded' },
    ]
    const { verifier, query } = pkce()
    const browser = federation.browser()
    const start = await call(browser, `/oauth/google${query}`)
    const page = await browser.open(start.headers.get('location') ?? '')
    const asks = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    const shown = await browser.submit(asks, { Username: 'coded' }, { button: 'Create account' })
    expect(shown.url.pathname).toBe('/login/code')
    const { code } = await codeOnPage(browser)
    tokensOf((await exchange(code, verifier)).json)
  })

  test.each([
    ['no method', `?code_challenge=${'c'.repeat(43)}`, 'code_challenge_method'],
    ['a method without a challenge', '?code_challenge_method=S256', 'code_challenge_method'],
    ['plain', `?code_challenge=${'c'.repeat(43)}&code_challenge_method=plain`, 'code_challenge_method'],
    ['a short challenge', '?code_challenge=abc&code_challenge_method=S256', 'code_challenge'],
    [
      'two challenges',
      `?code_challenge=${'a'.repeat(43)}&code_challenge=${'b'.repeat(43)}&code_challenge_method=S256`,
      'code_challenge',
    ],
  ])('PKCE with %s is refused, and nothing starts', async (_what, query, field) => {
    const answer = await call(federation.browser(), `/oauth/github${query}`)
    expect(answer.json).toMatchObject({ status: 422, code: 'invalid_fields' })
    expect(Object.keys(answer.json.errors as object)).toEqual([field])
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test.each([
    [{}, ['code', 'code_verifier']],
    [{ code: 'x', code_verifier: 'too-short' }, ['code_verifier']],
    [{ code: 'x', code_verifier: 'v'.repeat(129) }, ['code_verifier']],
    [{ code: ['x'], code_verifier: 'v'.repeat(43) }, ['code']],
    [{ code: 'x'.repeat(5000), code_verifier: 'v'.repeat(43) }, ['code']],
  ])('an exchange of %j is 422', async (body, fields) => {
    const answer = await sendExchange({ body })
    expect([answer.status, Object.keys(answer.json.errors as object)]).toEqual([422, fields])
  })
})

describe('what goes wrong is told to programs as problem details', () => {
  const problemOf = ({ status, json, headers }: ApiAnswer) => {
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(json.status).toBe(status)
    return [status, json.code]
  }

  test('a provider that there is not', async () => {
    for (const path of ['/oauth/nobody', '/oauth/nobody/callback?state=x&code=y', '/oauth/__proto__'])
      expect(problemOf(await call(federation.browser(), path))).toEqual([404, 'provider_not_found'])
  })

  test('a provider that is switched off', async () => {
    await federation.latchkey.services.providers.disable('okta')
    const answer = await call(federation.browser(), '/oauth/okta')
    await federation.latchkey.services.providers.enable('okta')
    expect(problemOf(answer)).toEqual([404, 'provider_not_found'])
  })

  test.each(['', pkce().query])('cancelled there %s', async (query) => {
    const browser = federation.browser()
    const answer = await call(browser, await callback(browser, 'octocat', query, 'Cancel'))
    expect(problemOf(answer)).toEqual([403, 'upstream_denied'])
  })

  test('a provider that does not answer, with a time to try again', async () => {
    await federation.latchkey.services.providers.add({
      id: 'away',
      kind: 'oidc',
      name: 'Away',
      client_id: 'x',
      client_secret: 'secret-of-away',
      settings: { issuer: 'http://127.0.0.1:9' },
    })
    const answer = await call(federation.browser(), '/oauth/away')
    expect(problemOf(answer)).toEqual([503, 'upstream_unreachable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    await federation.latchkey.services.providers.remove('away')
  })

  test('an answer that is nonsense', async () => {
    const browser = federation.browser()
    const path = await callback(browser, onGitHub('puzzled'))
    federation.github.next = 'nonsense'
    expect(problemOf(await call(browser, path))).toEqual([400, 'upstream_failed'])
  })

  test('an answer that is too long to be read, with a time to try again', async () => {
    const browser = federation.browser()
    const path = await callback(browser, onGitHub('rambler'))
    federation.github.next = 'huge'
    const answer = await call(browser, path)
    expect(problemOf(answer)).toEqual([503, 'upstream_unreachable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('a link that a page began, and that belongs to another account', async () => {
    const owner = federation.browser()
    await call(owner, await callback(owner, onGitHub('taken')))
    const user = await federation.latchkey.createUser()
    const browser = federation.browser()
    await browser.signIn(await browser.open(`${federation.latchkey.issuer}/login`), {
      identifier: user.username,
      password: PASSWORD,
    })
    const form = { form: ({ action }: { action: string }) => action === '/account/links/github' }
    const account = await browser.open(`${federation.latchkey.issuer}/account/security`)
    const page = await browser.submit(account, {}, form)
    const back = await browser.send(browser.prepare(page, {}, { button: 'Continue as taken' }))
    const { pathname, search } = new URL(back.headers.get('location') ?? '')
    const answer = await call(browser, pathname.replace('/api/auth', '') + search)
    expect(problemOf(answer)).toEqual([409, 'identity_taken'])
  })

  test('an exchange that cannot be read, or that another site sends', async () => {
    const requests: [number, ApiRequest][] = [
      [400, { raw: '{' }],
      [403, { body: {}, headers: { 'sec-fetch-site': 'cross-site' } }],
      [413, { raw: JSON.stringify('x'.repeat(20_000)) }],
      [415, { raw: 'code=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ]
    for (const [status, request] of requests)
      expect(problemOf(await sendExchange(request))).toEqual([status, expect.any(String)])
  })

  test('too many tries of one address, at all three together', async () => {
    const limited = await startLatchkey({
      env: {
        RATE_LIMIT: 'on',
        GITHUB_CLIENT_ID: 'x',
        GITHUB_CLIENT_SECRET: 'x',
        GITHUB_URL: federation.github.url,
        GITHUB_API_URL: federation.github.apiUrl,
      },
    })
    try {
      const crowd = createApi(limited.issuer)
      const start = () => crowd.get('/oauth/github')
      const answers = await Promise.all(Array.from({ length: 31 }, start))
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(1)
      for (const [operation, answer] of [
        ['upstreamStart', await start()],
        ['upstreamCallback', await crowd.get('/oauth/github/callback?state=x')],
        [
          'upstreamExchange',
          await crowd.post('/oauth/exchange', { code: 'x', code_verifier: 'v'.repeat(43) }),
        ],
      ] as const) {
        expect(problemOf(answer)).toEqual([429, 'rate_limited'])
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        given.add(`${operation} 429`)
      }
    } finally {
      await limited.stop()
    }
  })

  test('a state that was used, is another browser’s, or is nobody’s', async () => {
    const browser = federation.browser()
    const path = await callback(browser, onGitHub('replayer'))
    expect(problemOf(await call(federation.browser(), path))).toEqual([400, 'upstream_expired'])
    tokensOf((await call(browser, path)).json)
    expect(problemOf(await call(browser, path))).toEqual([400, 'upstream_expired'])
    for (const query of ['', '?state=', '?state=unknown&code=x', '?state=a&state=b'])
      expect(problemOf(await call(browser, `/oauth/github/callback${query}`))).toEqual([
        400,
        'upstream_expired',
      ])
  })

  test('a sign-in that took longer than ten minutes', async () => {
    const browser = federation.browser()
    const path = await callback(browser, onGitHub('slow'))
    passTime(601)
    expect(problemOf(await call(browser, path))).toEqual([400, 'upstream_expired'])
  })

  test('an account that is disabled', async () => {
    const browser = federation.browser()
    await call(browser, await callback(browser, onGitHub('locked-out')))
    await accounts().disable(await idOf('locked-out'))
    const answer = await call(browser, await callback(browser, 'locked-out'))
    expect(problemOf(answer)).toEqual([403, 'account_disabled'])
  })

  test('an account that the provider’s configuration does not let in', async () => {
    const { providers } = federation.latchkey.services
    await providers.add({
      id: 'corp',
      kind: 'oidc',
      name: 'Corp',
      client_id: federation.okta.clientId,
      client_secret: federation.okta.clientSecret,
      settings: { issuer: federation.okta.issuer },
      email_domains: ['corp.example'],
    })
    federation.okta.setCallback(`${federation.latchkey.issuer}/api/auth/oauth/corp/callback`)
    try {
      const browser = federation.browser()
      const start = await call(browser, '/oauth/corp')
      const page = await browser.open(start.headers.get('location') ?? '')
      const button = page.forms[0]?.buttons[0]?.label ?? ''
      const back = await browser.send(browser.prepare(page, {}, { button }))
      // The provider has one more step, in which it leads to itself.
      const on = await browser.send({ url: new URL(back.headers.get('location') ?? ''), method: 'GET' })
      const { pathname, search } = new URL(on.headers.get('location') ?? '')
      const answer = await call(browser, pathname.replace('/api/auth', '') + search)
      expect(problemOf(answer)).toEqual([403, 'upstream_not_allowed'])
    } finally {
      const { issuer } = federation.latchkey
      federation.okta.setCallback(
        `${issuer}/api/auth/oauth/okta/callback`,
        `${issuer}/api/auth/oauth/okta/backchannel-logout`,
      )
      await providers.remove('corp')
    }
  })

  test('a person whose program wanted a code reads it on the sign-in page instead', async () => {
    const browser = federation.browser()
    const answer = await call(
      browser,
      await callback(browser, 'octocat', pkce().query, 'Cancel'),
      'text/html',
    )
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      '/login?problem=denied&provider=github',
    ])
  })

  test('neither is answered to HEAD, which would use a state up', async () => {
    const browser = federation.browser()
    const path = await callback(browser, onGitHub('header'))
    const url = new URL(`${federation.latchkey.issuer}/api/auth${path}`)
    const cookie = browser.cookies.header(url) ?? ''
    expect((await fetch(url, { method: 'HEAD', headers: { cookie } })).status).toBe(404)
    tokensOf((await call(browser, path)).json)
  })
})

test('the operations are documented, on the page for people too, and every answer they document was given', async () => {
  const { paths } = await documentOf(federation.latchkey.issuer)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    path.startsWith('/api/auth/oauth/') ? Object.entries(methods) : [],
  )
  expect(operations.map(([method, { operationId }]) => `${method} ${operationId}`).sort()).toEqual([
    'get upstreamCallback',
    'get upstreamStart',
    'post upstreamExchange',
  ])
  const documented = operations.flatMap(([, { operationId, responses }]) =>
    Object.keys(responses).map((status) => `${operationId} ${status}`),
  )
  expect([...given].sort()).toEqual(documented.sort())
  const docs = await federation.browser().open(`${federation.latchkey.issuer}/api/docs`)
  for (const path of ['/oauth/{provider}', '/oauth/{provider}/callback', '/oauth/exchange'])
    expect(docs.text).toContain(`/api/auth${path}`)
})

test('no token and no code was ever in an address or in the log', () => {
  expect(secrets.length).toBeGreaterThan(20)
  const asked = federation.github.requests.map(({ path, query }) => `${path}?${query}`)
  const seen = [...locations, ...asked, ...federation.latchkey.log].join('\n')
  for (const secret of secrets) expect(seen).not.toContain(secret)
})
