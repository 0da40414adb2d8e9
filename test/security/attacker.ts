import { createHash, randomBytes } from 'node:crypto'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { vi } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'

/**
 * What an attacker has: raw HTTP requests, a browser without scripts, and patience. Nothing here follows a redirect,
 * repairs a request or checks an answer; honest clients are test/support/relying-party.ts.
 */
export type Parameters = Record<string, string> | [name: string, value: string][] | string

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The parsed body, or an empty object when it is not a JSON object. */
  json: Record<string, unknown>
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text()
  let json: Record<string, unknown> = {}
  if (/json/.test(response.headers.get('content-type') ?? '')) json = JSON.parse(text)
  return { status: response.status, headers: response.headers, text, json }
}

export const encode = (parameters: Parameters): string =>
  typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString()

export const get = async (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  answer(await fetch(url, { redirect: 'manual', headers }))

/** Sends a body as a form unless told otherwise. */
export const post = async (
  url: string,
  parameters: Parameters,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  answer(
    await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      body: encode(parameters),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    }),
  )

/** A request as no browser and no library sends it: any Host, any bytes, any header. */
export function raw(
  address: string,
  options: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer; path?: string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    headers: IncomingHttpHeaders
    text: string
  }>()
  const { hostname, port, pathname, search } = new URL(address)
  const sent = request(
    {
      hostname,
      port,
      path: options.path ?? pathname + search,
      method: options.method ?? 'GET',
      headers: {
        ...options.headers,
        ...(options.body !== undefined && { 'content-length': Buffer.byteLength(options.body) }),
      },
    },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    },
  )
  sent.on('error', reject)
  sent.end(options.body)
  return promise
}

export const basic = (id: string, secret: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

export const pkce = (verifier = randomBytes(32).toString('base64url')) => ({
  verifier,
  challenge: createHash('sha256').update(verifier).digest('base64url'),
})

/** For servers whose clock `passTime` moves: it looks `Date` up anew each time. */
export const clock = (): number => Date.now()

/** Moves this process's clock, the servers' in it included, and stops it there until `vi.useRealTimers()`. */
export const passTime = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

export interface TestClient {
  client_id: string
  client_secret?: string
  redirect_uri: string
}

/** How a client shows who it is: its secret by Basic, or only its id when it has none. */
export const credentials = (client: TestClient) =>
  client.client_secret === undefined
    ? { body: { client_id: client.client_id }, headers: {} }
    : { body: {}, headers: basic(client.client_id, client.client_secret) }

export interface Victim {
  browser: HttpBrowser
  user: { id: string; username: string; email: string }
}

export interface Code {
  code: string
  verifier: string
  redirect_uri: string
}

export const redirectUri = 'https://app.example/callback'

/** Short ways to the state that an attack starts from. */
export function createSecurityFixture(latchkey: Latchkey) {
  const { issuer } = latchkey

  const authorizeUrl = (client: TestClient, parameters: Parameters = {}): string => {
    const url = new URL(`${issuer}/authorize`)
    const all = {
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      response_type: 'code',
      scope: 'openid',
      code_challenge_method: 'S256',
      code_challenge: pkce('v'.repeat(43)).challenge,
      state: 'the-state',
    }
    url.search = encode(
      typeof parameters === 'string'
        ? `${encode(all)}&${parameters}`
        : { ...all, ...(Array.isArray(parameters) ? Object.fromEntries(parameters) : parameters) },
    )
    return url.href
  }

  const token = (client: TestClient, body: Record<string, string>, headers: Record<string, string> = {}) => {
    const own = credentials(client)
    return post(`${issuer}/token`, { ...own.body, ...body }, { ...own.headers, ...headers })
  }

  return {
    issuer,
    latchkey,
    authorizeUrl,
    /** A client whose users are not asked for consent: confidential, unless `metadata` says otherwise. */
    async client(metadata: Record<string, unknown> = {}): Promise<TestClient> {
      const uris = (metadata.redirect_uris as string[] | undefined) ?? [redirectUri]
      const created = await latchkey.createClient({ redirect_uris: uris, first_party: true, ...metadata })
      return { ...created, redirect_uri: uris[0] ?? '' }
    },
    publicClient(metadata: Record<string, unknown> = {}): Promise<TestClient> {
      return this.client({ token_endpoint_auth_method: 'none', ...metadata })
    },
    /** A person who is signed in. Redirects to `stopAt` are not opened. */
    async victim(stopAt: readonly string[] = [redirectUri]): Promise<Victim> {
      const user = await latchkey.createUser()
      const browser = createHttpBrowser({ stopAt })
      await browser.signIn(await browser.open(`${issuer}/login`), {
        identifier: user.email,
        password: PASSWORD,
      })
      return { browser, user }
    },
    /** The answer to an authorization request of a signed-in person: the parameters of the redirect. */
    async authorize({ browser }: Victim, client: TestClient, parameters: Parameters = {}) {
      const page = await browser.open(authorizeUrl(client, parameters))
      if (!page.left) throw new Error(`no redirect to the app but ${page.status}: ${page.text}`)
      return page.url.searchParams
    },
    async code(victim: Victim, client: TestClient, parameters: Record<string, string> = {}): Promise<Code> {
      const { verifier, challenge } = pkce()
      const back = await this.authorize(victim, client, { code_challenge: challenge, ...parameters })
      const code = back.get('code')
      if (code === null) throw new Error(`no code but ${back}`)
      return { code, verifier, redirect_uri: client.redirect_uri }
    },
    token,
    exchange: (client: TestClient, code: Code, over: Record<string, string> = {}, headers = {}) =>
      token(
        client,
        {
          grant_type: 'authorization_code',
          code: code.code,
          code_verifier: code.verifier,
          redirect_uri: code.redirect_uri,
          ...over,
        },
        headers,
      ),
    refresh: (client: TestClient, refreshToken: unknown, over: Record<string, string> = {}, headers = {}) =>
      token(client, { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...over }, headers),
    async tokens(victim: Victim, client: TestClient, parameters: Record<string, string> = {}, headers = {}) {
      const got = await this.exchange(client, await this.code(victim, client, parameters), {}, headers)
      if (got.status !== 200) throw new Error(`no tokens but ${got.status} ${got.text}`)
      return got.json
    },
    userinfo: (accessToken: unknown) =>
      get(`${issuer}/userinfo`, { authorization: `Bearer ${String(accessToken)}` }),
    introspect(client: TestClient, value: unknown) {
      const own = credentials(client)
      return post(`${issuer}/introspect`, { ...own.body, token: String(value) }, own.headers)
    },
    revoke(client: TestClient, value: unknown, over: Record<string, string> = {}) {
      const own = credentials(client)
      return post(`${issuer}/revoke`, { ...own.body, token: String(value), ...over }, own.headers)
    },
  }
}

export type SecurityFixture = ReturnType<typeof createSecurityFixture>
