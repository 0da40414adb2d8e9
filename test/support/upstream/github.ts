import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * GitHub as its documentation describes it, for one OAuth app, quirks included:
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps and the two pages on errors
 * under maintaining-oauth-apps. The REST API is at the root, as on api.github.com, and under /api/v3, as in Enterprise.
 */
export interface TestGitHub {
  url: string
  apiUrl: string
  clientId: string
  clientSecret: string
  /** By the login that they had at the start, which is also on their button. Change them as you like. */
  users: Map<string, GitHubUser>
  requests: GitHubRequest[]
  /** What the next request to the token endpoint or to the API gets instead of an answer. */
  next: Misbehaviour | undefined
  /** The same for every request to one path, such as `/user/emails`, until it is deleted. */
  broken: Map<string, Misbehaviour>
  /** Scopes that people do not give, whatever is asked for. */
  withheldScopes: Set<string>
  /** RFC 9207; false: as Enterprise before 2026. */
  sendsIssuer: boolean
  /** Milliseconds since the epoch. */
  now: () => number
  /** The “Authorization callback URL” of the app. */
  setCallback(url: string): void
  stop(): Promise<void>
}

export interface GitHubUser {
  id: number
  login: string
  name: string | null
  /** What the person shows in public. */
  email: string | null
  avatar_url: string
  emails: { email: string; primary: boolean; verified: boolean; visibility: 'public' | 'private' | null }[]
  /** The app has no permission to read addresses. */
  emailsForbidden: boolean
}

export interface GitHubRequest {
  method: string
  /** Without /api/v3. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: URLSearchParams
}

/**
 * hang: no answer until `stop` · nonsense: a page · huge: a megabyte · 404: JSON, as unknown client IDs get it · login:
 * the way to a password, as github.com sends who is not signed in
 */
export type Misbehaviour = 'hang' | 'nonsense' | '500' | '404' | 'huge' | 'login'

export interface TestGitHubOptions {
  callback?: string
}

interface Grant {
  user: GitHubUser
  scopes: string[]
}

interface Code extends Grant {
  redirectUri: string | null
  challenge: string | null
  expiresAt: number
}

/** A user with one proven address; the rest as given. */
export const githubUser = (id: number, login: string, rest: Partial<GitHubUser> = {}): GitHubUser => ({
  id,
  login,
  name: null,
  email: null,
  avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
  emails: [{ email: `${login}@example.com`, primary: true, verified: true, visibility: 'private' }],
  emailsForbidden: false,
  ...rest,
})

const CODE_LIFETIME = 10 * 60 * 1000
const TOKEN_PATH = '/login/oauth/access_token'
const USER_AGENT_REQUIRED =
  'Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.'

/** Its settings' documented errors: code, description. */
const ERRORS = {
  incorrect_client_credentials: 'The client_id and/or client_secret passed are incorrect.',
  bad_verification_code: 'The code passed is incorrect or expired.',
  redirect_uri_mismatch: 'The redirect_uri MUST match the registered callback URL for this application.',
  access_denied: 'The user has denied your application access.',
} as const
type ErrorCode = keyof typeof ERRORS

const errorOf = (error: ErrorCode) => ({
  error,
  error_description: ERRORS[error],
  error_uri: `/apps/building-integrations/setting-up-and-registering-oauth-apps/troubleshooting-authorization-request-errors/#${error.replaceAll('_', '-')}`,
})

const isLoopback = (hostname: string) => ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)

/** “Redirect URLs”: same host or below it, same port except on loopback, same path or below it. */
function matches(callback: string, redirectUri: string): boolean {
  const [want, got] = [URL.parse(callback), URL.parse(redirectUri)]
  if (!want || !got || want.protocol !== got.protocol) return false
  const host = got.hostname === want.hostname || got.hostname.endsWith(`.${want.hostname}`)
  const port = got.port === want.port || (isLoopback(want.hostname) && isLoopback(got.hostname))
  const path = want.pathname.replace(/\/$/, '')
  return host && port && (got.pathname === path || `${got.pathname}/`.startsWith(`${path}/`))
}

const escapeHtml = (value: string) =>
  value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const page = (content: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>GitHub (test)</title><link rel="icon" href="data:,"></head><body><main>${content}</main></body></html>`

function signInPage(parameters: URLSearchParams, users: Iterable<string>): string {
  const hidden = [...parameters].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const buttons = [...users].map(
    (login) =>
      `<p><button name="login" value="${escapeHtml(login)}">Continue as ${escapeHtml(login)}</button></p>`,
  )
  return page(
    `<h1>Sign in to GitHub</h1><form method="post" action="/login/oauth/authorize">${hidden.join('')}${buttons.join('')}<p><button name="cancel" value="1">Cancel</button></p></form>`,
  )
}

/** Starts it on a free port of 127.0.0.1. */
export async function startGitHub(options: TestGitHubOptions = {}): Promise<TestGitHub> {
  let callback = options.callback ?? 'http://127.0.0.1/callback'
  const codes = new Map<string, Code>()
  const tokens = new Map<string, Grant>()

  const send = (response: ServerResponse, status: number, type: string, body: string) =>
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
  const json = (response: ServerResponse, status: number, body: unknown) =>
    send(response, status, 'application/json', JSON.stringify(body))

  const redirect = (response: ServerResponse, to: string, parameters: Record<string, string | null>) => {
    const url = new URL(to)
    for (const [name, value] of Object.entries(parameters))
      if (value !== null) url.searchParams.set(name, value)
    if (github.sendsIssuer) url.searchParams.set('iss', `${github.url}/login/oauth`)
    response.writeHead(302, { location: url.href }).end()
  }

  function authorize(request: GitHubRequest, response: ServerResponse) {
    const parameters = request.method === 'POST' ? request.body : request.query
    const [login, cancel] = [parameters.get('login'), parameters.get('cancel')]
    const state = parameters.get('state')
    const redirectUri = parameters.get('redirect_uri')
    const challenge = parameters.get('code_challenge')
    if (parameters.get('client_id') !== github.clientId)
      return send(response, 404, 'text/html', page('<h1>Page not found</h1>'))
    if (redirectUri !== null && !matches(callback, redirectUri))
      return redirect(response, callback, { ...errorOf('redirect_uri_mismatch'), state })
    if (parameters.has('code_challenge') !== (parameters.get('code_challenge_method') === 'S256'))
      return send(response, 400, 'text/html', page('<h1>Only S256</h1>'))
    if (request.method !== 'POST')
      return send(response, 200, 'text/html', signInPage(parameters, github.users.keys()))
    if (cancel !== null)
      return redirect(response, redirectUri ?? callback, { ...errorOf('access_denied'), state })
    const user = github.users.get(login ?? '')
    if (!user) return send(response, 422, 'text/html', page('<h1>No such user</h1>'))
    const code = randomBytes(10).toString('hex')
    const asked = (parameters.get('scope') ?? '').split(/[ ,]+/).filter((scope) => scope !== '')
    const scopes = asked.filter((scope) => !github.withheldScopes.has(scope))
    codes.set(code, { user, scopes, redirectUri, challenge, expiresAt: github.now() + CODE_LIFETIME })
    return redirect(response, redirectUri ?? callback, { code, state })
  }

  function exchange(body: URLSearchParams): Record<string, string> {
    if (body.get('client_id') !== github.clientId || body.get('client_secret') !== github.clientSecret)
      return errorOf('incorrect_client_credentials')
    const redirectUri = body.get('redirect_uri')
    if (redirectUri !== null && !matches(callback, redirectUri)) return errorOf('redirect_uri_mismatch')
    const key = body.get('code') ?? ''
    const code = codes.get(key)
    codes.delete(key)
    if (!code || code.expiresAt <= github.now()) return errorOf('bad_verification_code')
    if (redirectUri !== null && redirectUri !== code.redirectUri) return errorOf('bad_verification_code')
    const verifier = body.get('code_verifier') ?? ''
    if (
      code.challenge !== null &&
      code.challenge !== createHash('sha256').update(verifier).digest('base64url')
    )
      return errorOf('bad_verification_code')
    const token = `gho_${randomBytes(18).toString('hex')}`
    tokens.set(token, code)
    return { access_token: token, scope: code.scopes.join(','), token_type: 'bearer' }
  }

  function api(request: GitHubRequest, response: ServerResponse) {
    if (!request.headers['user-agent']) return send(response, 403, 'text/html', USER_AGENT_REQUIRED)
    if (request.path === '/meta') return json(response, 200, { verifiable_password_authentication: false })
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const grant = tokens.get(token ?? '')
    if (!grant || ![...github.users.values()].includes(grant.user))
      return json(response, 401, {
        message: token === undefined ? 'Requires authentication' : 'Bad credentials',
      })
    const { emails, emailsForbidden, ...user } = grant.user
    response.setHeader('x-oauth-scopes', grant.scopes.join(', '))
    if (request.path === '/user') return json(response, 200, { ...user, type: 'User', site_admin: false })
    if (request.path !== '/user/emails' || !grant.scopes.includes('user:email'))
      return json(response, 404, { message: 'Not Found' })
    if (emailsForbidden) return json(response, 403, { message: 'Resource not accessible by integration' })
    return json(response, 200, emails.slice(0, Number(request.query.get('per_page') ?? 30)))
  }

  function misbehave(how: Misbehaviour, response: ServerResponse) {
    if (how === 'nonsense') send(response, 200, 'text/html', page('<h1>Unicorn!</h1>'))
    else if (how === '500')
      send(response, 500, 'text/html', page('<h1>Looks like something went wrong!</h1>'))
    else if (how === '404') json(response, 404, { error: 'Not Found', message: 'Not Found' })
    else if (how === 'login') response.writeHead(302, { location: '/login?return_to=%2F%3Ferror%3Dx' }).end()
    else if (how === 'huge') json(response, 200, { access_token: 'x'.repeat(1024 * 1024), id: 1 })
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse) {
    const url = new URL(incoming.url ?? '/', github.url)
    const path = url.pathname.replace(/^\/api\/v3(?=\/)/, '')
    const { method = 'GET', headers } = incoming
    const body = new URLSearchParams(await text(incoming))
    const request = { method, path, query: url.searchParams, headers, body }
    github.requests.push(request)
    const isPage = path === '/login/oauth/authorize'
    const trouble = github.broken.get(path) ?? (isPage ? undefined : github.next)
    if (!isPage && !github.broken.has(path)) github.next = undefined
    if (trouble) return misbehave(trouble, response)
    if (isPage) return authorize(request, response)
    if (path !== TOKEN_PATH) return api(request, response)
    if (method !== 'POST') return send(response, 404, 'text/html', page('<h1>Page not found</h1>'))
    const answer = exchange(body)
    return headers.accept?.includes('json')
      ? json(response, 200, answer)
      : send(response, 200, 'application/x-www-form-urlencoded', String(new URLSearchParams(answer)))
  }

  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listening = server.address()
  const url = `http://127.0.0.1:${typeof listening === 'object' && listening ? listening.port : 0}`
  const github: TestGitHub = {
    url,
    apiUrl: url,
    clientId: `Ov23li${randomBytes(7).toString('hex')}`,
    clientSecret: randomBytes(20).toString('hex'),
    users: new Map([
      ['octocat', githubUser(583231, 'octocat', { name: 'The Octocat' })],
      ['hubot', githubUser(480938, 'hubot')],
    ]),
    requests: [],
    next: undefined,
    broken: new Map(),
    withheldScopes: new Set(),
    sendsIssuer: true,
    now: Date.now,
    setCallback(to) {
      callback = to
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
  return github
}
