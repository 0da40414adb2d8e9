import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import {
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import Provider, {
  type AdapterFactory,
  type Configuration,
  interactionPolicy,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import * as oidc from 'openid-client'
import { createMapAdapter } from '../../../bench/map-adapter.ts'
import type { AuthorizationRequest, Connector } from '../../../src/federation/connector.ts'
import { createHttpBrowser, type HttpBrowser } from '../flow.ts'

/** A person at the provider. */
export interface UpstreamAccount {
  sub: string
  preferred_username?: string
  name?: string
  given_name?: string
  family_name?: string
  email?: string
  /** Some providers write it as text. */
  email_verified?: boolean | string
  picture?: string
  /** Google's hosted domain. */
  hd?: string
  groups?: string[]
  organization?: string
  realm_access?: { roles: string[] }
}

export interface OpenIdProviderOptions {
  /** Bits of its RSA keys. */
  modulusLength?: number
  /** Of id_tokens and logout tokens. Default: RS256 */
  alg?: 'RS256' | 'PS256' | 'ES256' | 'EdDSA'
  /** How its one client authenticates. Default: client_secret_basic */
  authMethod?: 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'none'
  /** Puts all claims into the id_token, as Google does. Default: they are at userinfo */
  claimsInIdToken?: boolean
  /** Default: false */
  backChannelLogout?: boolean
}

type Claims = JWTPayload & Record<string, unknown>

/** A second identity provider, as real as Latchkey: oidc-provider on a port of its own, with one registered client. */
export interface OpenIdProvider {
  issuer: string
  clientId: string
  /** A private JWK for private_key_jwt, undefined for none. */
  clientSecret: string | undefined
  /** Who can sign in, by a button each. Change it as you like. */
  accounts: UpstreamAccount[]
  /** Registers the addresses of the client. */
  setCallback(redirectUri: string, backChannelLogoutUri?: string): void
  /** Changes the id_tokens that are given out next, and has them signed again. */
  tamper: ((claims: Claims) => Claims) | undefined
  /** Signs id_tokens and logout tokens with another key under the right id, with none, or with the client secret. */
  forge: 'unpublished key' | 'none' | 'HS256' | undefined
  /** Changes the discovery document. */
  discovery: ((document: Record<string, unknown>) => Record<string, unknown>) | undefined
  /** What happens to the next request that comes from a server. */
  next: 'hang' | 'nonsense' | '500' | undefined
  /** A logout token for the first account, as the provider makes them. Undefined takes a claim out. */
  logoutToken(claims?: Claims, header?: Partial<JWTHeaderParameters>): Promise<string>
  requests: { method: string; path: string; parameters: URLSearchParams }[]
  stop(): Promise<void>
}

const grace = (): UpstreamAccount => ({
  sub: 'upstream-1001',
  preferred_username: 'grace',
  name: 'Grace Hopper',
  given_name: 'Grace',
  family_name: 'Hopper',
  email: 'grace@example.com',
  email_verified: true,
  picture: 'https://pictures.example/grace.png',
})

const CLIENT_ID = 'latchkey-at-upstream'
const SECRET = 'upstream-client-secret-of-forty-characters'
/** Requests that browsers make. */
const PAGES = /^\/(auth|interaction|session)(\/|$)/
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const escaped = (value: string) =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const page = (title: string, content: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${content}</html>`

const signInPage = (accounts: readonly UpstreamAccount[]) => {
  const buttons = accounts.map(
    ({ sub, preferred_username = sub }) =>
      `<button name="account" value="${escaped(sub)}">Continue as ${escaped(preferred_username)}</button>`,
  )
  const cancel = '<button name="cancel" value="1">Cancel</button>'
  return page('Sign in upstream', `<form method="post">${buttons.join('')}${cancel}</form>`)
}

/** Asks for nothing: its client is trusted. */
async function grantAll(ctx: KoaContextWithOIDC) {
  const { client, session, params, provider } = ctx.oidc
  const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
  grant.addOIDCScope(String(params?.scope))
  await grant.save()
  return grant
}

function policy() {
  const prompts = interactionPolicy.base()
  prompts.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  return prompts
}

async function signingKeys(alg: string, modulusLength: number | undefined) {
  const options = { extractable: true, ...(modulusLength !== undefined && { modulusLength }) }
  const [own, foreign] = await Promise.all([generateKeyPair(alg, options), generateKeyPair(alg, options)])
  const jwk = { ...(await exportJWK(own.privateKey)), alg, use: 'sig', kid: 'upstream' }
  return { own: own.privateKey, foreign: foreign.privateKey, jwk }
}

/** What the client authenticates with, and what of it is registered. */
async function credentials(method: string) {
  if (method === 'none') return { clientSecret: undefined, registered: {} }
  if (method !== 'private_key_jwt') return { clientSecret: SECRET, registered: { client_secret: SECRET } }
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const [secret, key] = await Promise.all([exportJWK(privateKey), exportJWK(publicKey)])
  const registered = { jwks: { keys: [{ ...key, kid: 'client' }] } }
  return { clientSecret: JSON.stringify({ ...secret, kid: 'client' }), registered }
}

/** Starts the provider on 127.0.0.1, another site than `localhost`, as a real provider is. */
export async function startOpenIdProvider(options: OpenIdProviderOptions = {}): Promise<OpenIdProvider> {
  const { alg = 'RS256', authMethod = 'client_secret_basic', backChannelLogout = false } = options
  const [keys, { clientSecret, registered }] = await Promise.all([
    signingKeys(alg, options.modulusLength),
    credentials(authMethod),
  ])
  let addresses: Record<string, unknown> = { redirect_uris: ['http://127.0.0.1:9/not-set'] }

  const client = () => ({
    client_id: CLIENT_ID,
    ...registered,
    token_endpoint_auth_method: authMethod,
    id_token_signed_response_alg: alg,
    grant_types: ['authorization_code', 'refresh_token'],
    ...addresses,
  })
  const stored = createMapAdapter()
  const adapter: AdapterFactory = (model) => {
    const entries = stored(model)
    if (model === 'Client') entries.find = async (id) => (id === CLIENT_ID ? client() : undefined)
    return entries
  }

  const configuration: Configuration = {
    adapter,
    jwks: { keys: [keys.jwk] },
    cookies: {
      keys: ['not a secret: a provider for tests'],
      names: { session: 'upstream_session', interaction: 'upstream_interaction', resume: 'upstream_resume' },
    },
    claims: {
      openid: ['sub', 'hd', 'groups', 'organization', 'realm_access'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'picture'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: options.claimsInIdToken !== true,
    findAccount: (_ctx, id) => {
      const account = upstream.accounts.find(({ sub }) => sub === id)
      return account && { accountId: id, claims: () => ({ ...account }) }
    },
    loadExistingGrant: grantAll,
    interactions: { policy: policy(), url: (_ctx, { uid }) => `/interaction/${uid}` },
    renderError(ctx, out) {
      ctx.type = 'html'
      ctx.body = page('Upstream cannot do that', `<p>${escaped(out.error)}</p>`)
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'none',
    ],
    enabledJWA: {
      idTokenSigningAlgValues: [alg],
      clientAuthSigningAlgValues: ['HS256', 'RS256', 'ES256', 'EdDSA'],
    },
    // Without the library's guard: everything is on loopback here.
    fetch: (input, init) => {
      const { dispatcher: _, ...rest } = (init ?? {}) as RequestInit & { dispatcher?: unknown }
      return fetch(input, rest)
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: backChannelLogout },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          const button = '<button name="logout" value="yes">Sign out</button></form>'
          ctx.body = page('Sign out upstream', form.replace('</form>', button))
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = page('Signed out upstream', '')
        },
      },
    },
  }

  function sign(claims: Claims, header: Partial<JWTHeaderParameters>): Promise<string> | string {
    const payload = JSON.parse(JSON.stringify(claims)) as Claims
    const base = { kid: 'upstream', ...header }
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    if (upstream.forge === 'none') return `${encode({ ...base, alg: 'none' })}.${encode(payload)}.`
    const jwt = new SignJWT(payload)
    if (upstream.forge === 'HS256')
      return jwt.setProtectedHeader({ ...base, alg: 'HS256' }).sign(Buffer.from(SECRET))
    const key = upstream.forge === 'unpublished key' ? keys.foreign : keys.own
    return jwt.setProtectedHeader({ alg, ...base }).sign(key)
  }

  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      await provider.interactionDetails(request, response)
      response.setHeader('content-type', 'text/html; charset=utf-8').end(signInPage(upstream.accounts))
      return
    }
    const form = new URLSearchParams(await text(request))
    const accountId = form.get('account')
    const result =
      accountId === null
        ? { error: 'access_denied', error_description: 'the person cancelled' }
        : { login: { accountId }, select_account: {} }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  /** Answers badly, if it was told to. */
  function misbehave(response: ServerResponse): boolean {
    const { next } = upstream
    upstream.next = undefined
    if (next === '500') response.writeHead(500).end('out of order')
    if (next === 'nonsense') response.writeHead(200, { 'content-type': 'application/json' }).end('not-json')
    return next !== undefined
  }

  const server = createServer((request, response) => {
    const { pathname: path, searchParams: parameters } = new URL(request.url ?? '/', 'http://upstream')
    upstream.requests.push({ method: request.method ?? '', path, parameters })
    if (!PAGES.test(path) && misbehave(response)) return
    const answer = path.startsWith('/interaction/') ? interact : provider.callback()
    Promise.resolve(answer(request, response)).catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const provider = new Provider(issuer, configuration)
  provider.use(async (ctx, next) => {
    await next()
    const body = ctx.body as Record<string, unknown>
    if (ctx.path === '/.well-known/openid-configuration' && upstream.discovery)
      ctx.body = upstream.discovery({ ...body })
    if (ctx.path !== '/token' || typeof body?.id_token !== 'string') return
    if (upstream.tamper === undefined && upstream.forge === undefined) return
    const claims = decodeJwt<Record<string, unknown>>(body.id_token)
    body.id_token = await sign(upstream.tamper?.(claims) ?? claims, {})
  })

  const upstream: OpenIdProvider = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret,
    accounts: [grace()],
    setCallback(redirectUri, backChannelLogoutUri) {
      addresses = {
        redirect_uris: [redirectUri],
        ...(backChannelLogoutUri !== undefined && {
          backchannel_logout_uri: backChannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
      }
    },
    tamper: undefined,
    forge: undefined,
    discovery: undefined,
    next: undefined,
    async logoutToken(claims = {}, header = {}) {
      const iat = Math.floor(Date.now() / 1000)
      const usual = {
        iss: issuer,
        aud: CLIENT_ID,
        sub: upstream.accounts[0]?.sub,
        iat,
        exp: iat + 120,
        jti: crypto.randomUUID(),
        events: { [EVENT]: {} },
      }
      return sign({ ...usual, ...claims } as Claims, { typ: 'logout+jwt', ...header })
    },
    requests: [],
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

/** A person goes to the provider, presses a button there and comes back. */
export async function visitUpstream(
  connector: Connector,
  visit: { redirectUri: string; button?: string; again?: boolean; browser?: HttpBrowser },
): Promise<{ callback: URL; attempt: AuthorizationRequest }> {
  const { redirectUri, button = 'Continue as grace', again = false } = visit
  const { browser = createHttpBrowser({ stopAt: [redirectUri] }) } = visit
  const attempt = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    codeVerifier: oidc.randomPKCECodeVerifier(),
  }
  const page = await browser.open(await connector.authorize(attempt, { redirectUri, again }))
  const { url } = await browser.submit(page, {}, { button })
  return { callback: url, attempt }
}
