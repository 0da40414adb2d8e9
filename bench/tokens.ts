import { createHttpBrowser, type HttpBrowser, type PreparedRequest } from '../test/support/flow.ts'
import { discover, type RelyingParty } from '../test/support/relying-party.ts'
import { type BenchClient, REDIRECT_URI, SCOPE, type Target, user } from './target.ts'

export interface Chain {
  accessToken: string
  refreshToken: string
}

export const clientOf = (target: Target, alg: BenchClient['alg']): BenchClient => {
  const client = target.clients.find((each) => each.alg === alg)
  if (!client) throw new Error(`${target.name} has no client for ${alg}`)
  return client
}

export const relyingParty = (target: Target, client: BenchClient): Promise<RelyingParty> =>
  discover({
    issuer: target.server.issuer,
    clientId: client.id,
    auth: { method: 'client_secret_basic', secret: client.secret },
    redirectUri: REDIRECT_URI,
  })

/** Tokens of one signed-in user by the code flow, over HTTP, through the pages that people see. */
export async function mintChains(target: Target, client: BenchClient, count: number): Promise<Chain[]> {
  const rp = await relyingParty(target, client)
  const browser = createHttpBrowser({ stopAt: [REDIRECT_URI] })
  const chains: Chain[] = []
  for (let index = 0; index < count; index++) {
    const request = await rp.authorize({ scope: SCOPE })
    let page = await browser.open(request.url)
    if (!page.left) page = await browser.signIn(page, user)
    if (!page.left) page = await browser.allow(page)
    const tokens = await rp.callback(page.url, request)
    if (!tokens.refresh_token) throw new Error(`${target.name} issued no refresh token`)
    chains.push({ accessToken: tokens.access_token, refreshToken: tokens.refresh_token })
  }
  return chains
}

/** What a browser sends that is signed in: authorization requests, and its cookies. */
export interface SignedInBrowser {
  /** The address of a request for a code; each use of it gives another code. */
  url: URL
  cookie: string
  /** The verifier of its code_challenge (RFC 7636). */
  verifier: string
}

/** Signs one user in over HTTP, and lets the client have what it asks for. */
export async function signedInBrowser(target: Target, client: BenchClient): Promise<SignedInBrowser> {
  const rp = await relyingParty(target, client)
  const browser = createHttpBrowser({ stopAt: [REDIRECT_URI] })
  const request = await rp.authorize({ scope: SCOPE })
  let page = await browser.open(request.url)
  if (!page.left) page = await browser.signIn(page, user)
  if (!page.left) await browser.allow(page)
  const cookie = browser.cookies.header(request.url)
  if (!cookie) throw new Error(`${target.name} signed nobody in`)
  return { url: request.url, cookie, verifier: request.codeVerifier }
}

export interface PreparedSignIn {
  browser: HttpBrowser
  request: PreparedRequest
}

/**
 * Sign-in forms, each in a browser of its own, filled in and not yet sent.
 * @param device whose cookies each of them has, but for those of a session
 */
export async function prepareSignIns(
  target: Target,
  count: number,
  device?: HttpBrowser,
): Promise<PreparedSignIn[]> {
  const rp = await relyingParty(target, clientOf(target, 'RS256'))
  const prepared: PreparedSignIn[] = []
  const values = { 'Email or username': user.identifier, Password: user.password }
  for (let index = 0; index < count; index++) {
    const browser = createHttpBrowser({ stopAt: [REDIRECT_URI] })
    if (device) browser.cookies.store(new URL(target.server.issuer), deviceCookies(device, target))
    const page = await browser.open((await rp.authorize()).url)
    prepared.push({ browser, request: browser.prepare(page, values, { button: 'Sign in' }) })
  }
  return prepared
}

const deviceCookies = (device: HttpBrowser, target: Target): string[] =>
  (device.cookies.header(new URL(target.server.issuer)) ?? '')
    .split('; ')
    .filter((cookie) => /remembered/.test(cookie))
    .map((cookie) => `${cookie}; Path=/`)

export interface SignIns {
  perSecond: number
  done: number
  /** Answers 503 with Retry-After: the server protects itself. Tried again. */
  refused: number
}

/**
 * Sends prepared sign-ins, some at a time, until they or the time are used up.
 * @throws Error for an answer other than the redirect of a successful sign-in, or 503
 */
export async function signIns(
  list: PreparedSignIn[],
  parallel: number,
  signal: AbortSignal,
): Promise<SignIns> {
  const waiting = [...list]
  const startedAt = performance.now()
  let done = 0
  let refused = 0
  const worker = async () => {
    for (let next = waiting.pop(); next && !signal.aborted; next = waiting.pop()) {
      const response = await next.browser.send(next.request)
      const body = await response.text()
      // What leads to a second factor is no sign-in.
      if (response.status === 303 && response.headers.get('location')?.includes('/authorize/')) done++
      else if (response.status === 503 && response.headers.has('retry-after')) {
        refused++
        waiting.unshift(next)
      } else throw new Error(`sign-in answered ${response.status}: ${body.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return { perSecond: (done * 1000) / (performance.now() - startedAt), done, refused }
}
