import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AuthorizationRequest, Connector } from '../../../src/federation/connector.ts'
import { UpstreamError } from '../../../src/federation/connector.ts'
import { eventually } from '../../support/eventually.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { githubUser, startGitHub, type TestGitHub } from '../../support/upstream/github.ts'
import { connectGitHub } from './connector.ts'

const redirectUri = 'https://id.example/api/auth/oauth/github/callback'
let github: TestGitHub
let connector: Connector

beforeAll(async () => {
  github = await startGitHub()
})
afterAll(() => github.stop())
beforeEach(() => {
  github.users.clear()
  github.users.set('octocat', githubUser(583231, 'octocat', { name: 'The Octocat' }))
  github.requests.length = 0
  github.next = undefined
  github.broken.clear()
  github.withheldScopes.clear()
  github.sendsIssuer = true
  github.now = Date.now
  github.setCallback(redirectUri)
  connector = connectGitHub(github)
})

let attempts = 0
const newAttempt = (): AuthorizationRequest => ({
  state: `state-${++attempts}`,
  nonce: 'not used by OAuth 2',
  codeVerifier: `${attempts}`.padStart(43, 'v'),
})

/** What a person does at GitHub, up to the redirect back. */
async function visit(
  attempt: AuthorizationRequest,
  button = 'Continue as octocat',
  at = connector,
): Promise<URL> {
  const browser = createHttpBrowser({ stopAt: [redirectUri] })
  const page = await browser.open(await at.authorize(attempt, { redirectUri, again: false }))
  expect(page.text).toContain('Sign in to GitHub')
  return (await browser.submit(page, {}, { button })).url
}

async function signIn(at = connector) {
  const attempt = newAttempt()
  return at.identify(await visit(attempt, undefined, at), attempt)
}

const failure = async (outcome: Promise<unknown>): Promise<UpstreamError> => {
  const error = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof UpstreamError)) throw new Error(`no UpstreamError but ${String(error)}`)
  return error
}

const octocat = () => {
  const user = github.users.get('octocat')
  if (!user) throw new Error('no octocat')
  return user
}
const requestsTo = (path: string) => github.requests.filter((request) => request.path === path)
const tokenRequest = () => requestsTo('/login/oauth/access_token')[0]?.body

describe('who came back', () => {
  test('an account with a verified primary address', async () => {
    expect(await signIn()).toEqual({
      issuer: `${github.url}/login/oauth`,
      subject: '583231',
      username: 'octocat',
      givenName: 'The',
      familyName: 'Octocat',
      picture: 'https://avatars.githubusercontent.com/u/583231?v=4',
      email: { address: 'octocat@example.com', verified: true },
      tokens: { access_token: expect.stringMatching(/^gho_/), scope: 'read:user user:email' },
    })
  })

  test('the paths of Enterprise', async () => {
    const identity = await signIn(
      connectGitHub(github, { url: `${github.url}/`, api_url: `${github.url}/api/v3/` }),
    )
    expect(identity.subject).toBe('583231')
    expect(identity.email?.address).toBe('octocat@example.com')
    expect(identity.issuer).toBe(`${github.url}/login/oauth`)
  })

  test('an Enterprise that sends no iss', async () => {
    github.sendsIssuer = false
    expect((await signIn()).subject).toBe('583231')
  })

  test.each([
    ['Mona Lisa Octocat', 'Mona Lisa', 'Octocat'],
    ['  Mona   Octocat ', 'Mona', 'Octocat'],
    ['Mona', 'Mona', undefined],
    ['   ', undefined, undefined],
    [null, undefined, undefined],
  ])('the name %j', async (name, givenName, familyName) => {
    octocat().name = name
    expect(await signIn()).toMatchObject({ givenName, familyName, username: 'octocat' })
  })

  test('a picture that is not https is left out', async () => {
    octocat().avatar_url = 'http://avatars.example/1'
    expect((await signIn()).picture).toBeUndefined()
  })

  test('a renamed login keeps the subject, and its next owner gets another', async () => {
    const before = await signIn()
    octocat().login = 'old-octocat'
    const renamed = await signIn()
    expect(renamed.username).toBe('old-octocat')
    expect(renamed.subject).toBe(before.subject)
    github.users.set('octocat', githubUser(999, 'octocat'))
    const successor = await signIn()
    expect(successor.username).toBe('octocat')
    expect(successor.subject).toBe('999')
  })
})

describe('the address', () => {
  const entry = (email: string, primary: boolean, verified: boolean) => ({
    email,
    primary,
    verified,
    visibility: null,
  })

  test('is the private primary one, not the public one of the profile', async () => {
    octocat().email = 'somebody-else@example.com'
    expect((await signIn()).email).toEqual({ address: 'octocat@example.com', verified: true })
  })

  test('is not verified when the primary one is not, whatever else is verified', async () => {
    octocat().emails = [
      entry('second@example.com', false, true),
      entry('first@example.com', true, false),
      entry('third@example.com', false, true),
    ]
    expect((await signIn()).email).toEqual({ address: 'first@example.com', verified: false })
  })

  test('is unknown without a primary one, even with a public one', async () => {
    octocat().email = 'public@example.com'
    octocat().emails = [entry('second@example.com', false, true)]
    expect((await signIn()).email).toBeUndefined()
  })

  test('is found behind a first page of others', async () => {
    octocat().emails = [
      ...Array.from({ length: 40 }, (_, index) => entry(`${index}@example.com`, false, true)),
      entry('first@example.com', true, true),
    ]
    expect((await signIn()).email?.address).toBe('first@example.com')
  })

  test('is unknown when the app may not read addresses', async () => {
    octocat().emailsForbidden = true
    expect(await signIn()).toMatchObject({ subject: '583231', email: undefined })
  })

  test('is unknown when the scope was not given', async () => {
    github.withheldScopes.add('user:email')
    octocat().email = 'public@example.com'
    const identity = await signIn()
    expect(identity.email).toBeUndefined()
    expect(identity.tokens.scope).toBe('read:user')
  })
})

describe('what is sent', () => {
  test('an authorization request with PKCE S256, state and no more than two scopes', async () => {
    const url = await connector.authorize(newAttempt(), { redirectUri, again: false })
    expect(`${url.origin}${url.pathname}`).toBe(`${github.url}/login/oauth/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: github.clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'read:user user:email',
      state: `state-${attempts}`,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  test('again: the account is chosen anew', async () => {
    const url = await connector.authorize(newAttempt(), { redirectUri, again: true })
    expect(url.searchParams.get('prompt')).toBe('select_account')
  })

  test('the verifier, the secret in the body and the redirect_uri without parameters', async () => {
    await signIn()
    expect(Object.fromEntries(tokenRequest() ?? [])).toEqual({
      grant_type: 'authorization_code',
      client_id: github.clientId,
      client_secret: github.clientSecret,
      code: expect.stringMatching(/^[0-9a-f]{20}$/),
      code_verifier: `${attempts}`.padStart(43, 'v'),
      redirect_uri: redirectUri,
    })
    expect(requestsTo('/login/oauth/access_token')[0]?.headers.authorization).toBeUndefined()
  })

  test.each(['/user', '/user/emails'])('the headers that GitHub asks for, to %s', async (path) => {
    const { tokens } = await signIn()
    expect(requestsTo(path)).toHaveLength(1)
    expect(requestsTo(path)[0]?.headers).toMatchObject({
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'Latchkey',
      authorization: `Bearer ${tokens.access_token}`,
    })
  })
})

describe('refusals', () => {
  test('a wrong secret, which GitHub answers with status 200', async () => {
    const wrong = connectGitHub(github, { clientSecret: 'f'.repeat(40) })
    const error = await failure(signIn(wrong))
    expect(error.reason).toBe('refused')
    expect(error.message).toContain('incorrect_client_credentials')
    expect(requestsTo('/user')).toHaveLength(0)
  })

  test('a code that was used', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    await connector.identify(callback, attempt)
    const error = await failure(connector.identify(callback, attempt))
    expect(error.reason).toBe('refused')
    expect(error.message).toContain('bad_verification_code')
  })

  test('a code that is ten minutes old', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    github.now = () => Date.now() + 10 * 60 * 1000
    expect((await failure(connector.identify(callback, attempt))).message).toContain('bad_verification_code')
  })

  test('a code of another attempt: PKCE', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    const stolen = { ...attempt, codeVerifier: 'w'.repeat(43) }
    expect((await failure(connector.identify(callback, stolen))).message).toContain('bad_verification_code')
  })

  test('an id that GitHub does not know', async () => {
    github.broken.set('/login/oauth/access_token', '404')
    expect((await failure(signIn())).reason).toBe('refused')
  })

  test('a token that was withdrawn at once', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    github.users.clear()
    expect(await failure(connector.identify(callback, attempt))).toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('answered 401'),
    })
  })

  test('a person who says no', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt, 'Cancel')
    expect(callback.searchParams.get('error')).toBe('access_denied')
    expect((await failure(connector.identify(callback, attempt))).reason).toBe('denied')
    expect(tokenRequest()).toBeUndefined()
  })
})

describe('an answer that cannot be believed', () => {
  test.each([
    ['of another attempt', 'state', 'state-of-somebody-else'],
    ['of another issuer (RFC 9207)', 'iss', 'https://github.com/login/oauth'],
  ])('%s is invalid, and its code is not sent on', async (_, parameter, value) => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    callback.searchParams.set(parameter, value)
    expect((await failure(connector.identify(callback, attempt))).reason).toBe('invalid')
    expect(tokenRequest()).toBeUndefined()
  })

  test('without state is invalid', async () => {
    const attempt = newAttempt()
    const callback = await visit(attempt)
    callback.searchParams.delete('state')
    expect((await failure(connector.identify(callback, attempt))).reason).toBe('invalid')
    expect(tokenRequest()).toBeUndefined()
  })

  test.each(['/login/oauth/access_token', '/user', '/user/emails'])('nonsense from %s', async (path) => {
    github.broken.set(path, 'nonsense')
    expect((await failure(signIn())).reason).toBe('invalid')
    github.broken.set(path, '500')
    expect((await failure(signIn())).reason).toBe('invalid')
  })

  test.each(['/login/oauth/access_token', '/user', '/user/emails'])('a huge one from %s', async (path) => {
    github.broken.set(path, 'huge')
    const error = await failure(signIn())
    expect(error.message).toContain('longer than 524288 bytes')
    expect(requestsTo(path)).toHaveLength(1)
  })

  test.each([
    ['an id that is no number', { id: '583231' }, 'id'],
    ['no id', { id: undefined }, 'id'],
    ['a login that is missing', { login: undefined }, 'login'],
    ['a list of addresses that is none', { emails: { slice: () => ({}) } }, 'all of it'],
    ['an address without “verified”', { emails: [{ email: 'a@example.com', primary: true }] }, '0.verified'],
  ])('%s', async (_, change, field) => {
    Object.assign(octocat(), change)
    const error = await failure(signIn())
    expect(error.reason).toBe('invalid')
    expect(error.message).toMatch(new RegExp(`: ${field.replace('.', '\\.')}$`))
  })
})

test('no answer within five seconds, to any of the requests: unreachable', async () => {
  const paths = ['/login/oauth/access_token', '/user', '/user/emails']
  const servers = await Promise.all(paths.map(() => startGitHub({ callback: redirectUri })))
  const errors = await Promise.all(
    servers.map(async (server, index) => {
      server.broken.set(paths[index] ?? '', 'hang')
      return failure(signIn(connectGitHub(server)))
    }),
  )
  expect(errors.map(({ reason }) => reason)).toEqual(paths.map(() => 'unreachable'))
  for (const [index, server] of servers.entries())
    expect(server.requests.map(({ path }) => path)).toContain(paths[index])
  await Promise.all(servers.map((server) => server.stop()))
})

test('the five seconds are for all requests of a sign-in together', async () => {
  const timers: AbortController[] = []
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    const timer = new AbortController()
    timers.push(timer)
    return timer.signal
  })
  const attempt = newAttempt()
  const callback = await visit(attempt)
  github.broken.set('/user', 'hang')
  timers.length = 0
  const outcome = failure(connector.identify(callback, attempt))
  await eventually(() => expect(requestsTo('/user')).toHaveLength(1))
  timers[0]?.abort(new DOMException('too late', 'TimeoutError'))
  expect((await outcome).reason).toBe('unreachable')
})

test('a server that is not there: unreachable', async () => {
  const gone = await startGitHub()
  await gone.stop()
  const attempt = newAttempt()
  const callback = new URL(`${redirectUri}?code=0123&state=${attempt.state}`)
  const error = await failure(connectGitHub(gone).identify(callback, attempt))
  expect(error.reason).toBe('unreachable')
})

test('no error holds a token, a code, a secret or an address', async () => {
  const seen: string[] = []
  const note = async (outcome: Promise<unknown>) => {
    const error = await failure(outcome)
    seen.push(error.message, String(error.stack), JSON.stringify(error), String(error.cause))
  }
  for (const path of ['/login/oauth/access_token', '/user', '/user/emails'])
    for (const how of ['nonsense', '500', '404', 'huge'] as const) {
      github.broken.set(path, how)
      if (path !== '/user/emails' || how !== '404') await note(signIn())
      github.broken.clear()
    }
  octocat().id = Number.NaN
  await note(signIn())
  const attempt = newAttempt()
  const used = await visit(attempt)
  await note(connector.identify(used, { ...attempt, codeVerifier: 'w'.repeat(43) }))
  await note(connector.identify(used, { ...attempt, state: 'another' }))
  const secrets = github.requests.flatMap(({ body, headers }) => [
    body.get('code'),
    body.get('code_verifier'),
    body.get('client_secret'),
    headers.authorization?.split(' ')[1],
  ])
  const known = new Set(secrets.filter((secret) => typeof secret === 'string'))
  expect(known.size).toBeGreaterThan(20)
  for (const secret of [...known, 'octocat@example.com'])
    expect(seen.filter((text) => text.includes(secret))).toEqual([])
})
