import { z } from 'zod'
import { type LoadSpec, load } from './load.ts'
import { type BenchClient, OPAQUE_RESOURCE, REDIRECT_URI, RESOURCE, type Target, user } from './target.ts'
import { clientOf, mintChains, relyingParty, type SignedInBrowser, signedInBrowser } from './tokens.ts'

/** One kind of request, sent to every target as fast as it answers. */
export interface Scenario {
  name: string
  /** Makes what one round needs. `parallel` requests are on their way at a time. */
  prepare(target: Target, parallel: number): Promise<LoadSpec>
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }

const basic = ({ id, secret }: BenchClient) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

async function endpoint(
  target: Target,
  name: 'token' | 'introspection' | 'userinfo' | 'jwks',
): Promise<string> {
  const { config } = await relyingParty(target, clientOf(target, 'RS256'))
  const url = config.serverMetadata()[name === 'jwks' ? 'jwks_uri' : `${name}_endpoint`]
  if (typeof url !== 'string') throw new Error(`${target.name} has no ${name} endpoint`)
  return url
}

function clientCredentials(alg: BenchClient['alg'], parameters: Record<string, string>, expect: RegExp) {
  return async (target: Target): Promise<LoadSpec> => ({
    url: await endpoint(target, 'token'),
    method: 'POST',
    headers: { ...form, ...basic(clientOf(target, alg)) },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString(),
    expect,
  })
}

export const opaqueToken = clientCredentials(
  'RS256',
  { resource: OPAQUE_RESOURCE, scope: 'list' },
  /"access_token":"[\w-]{20,}"/,
)

const jwt = (alg: BenchClient['alg']) =>
  clientCredentials(alg, { resource: RESOURCE, scope: 'read' }, /"access_token":"eyJ[\w-]+\.[\w-]+\.[\w-]+"/)

/** Every connection goes on with the refresh token that some answer has brought: each is used once. */
async function refresh(target: Target, alg: BenchClient['alg'], parallel: number): Promise<LoadSpec> {
  const client = clientOf(target, alg)
  // New chains for every round: what was on its way when the last round ended may have been used up unseen.
  const tokens = (await mintChains(target, client, parallel + 2)).map((chain) => chain.refreshToken)
  return {
    url: await endpoint(target, 'token'),
    method: 'POST',
    headers: { ...form, ...basic(client) },
    body: () => `grant_type=refresh_token&refresh_token=${tokens.shift() ?? 'none-left'}`,
    expect: /"refresh_token":"/,
    onAnswer: (body) => tokens.push(JSON.parse(body).refresh_token),
  }
}

const CODE = /\/callback\?code=([\w-]+)/

const authorizeAgain = ({ url, cookie }: SignedInBrowser): LoadSpec => ({
  url: url.href,
  headers: { cookie, accept: 'text/html' },
  status: 303,
  expect: CODE,
})

const authorize = async (target: Target): Promise<LoadSpec> =>
  authorizeAgain(await signedInBrowser(target, clientOf(target, 'RS256')))

/** As many codes as are exchanged in one turn, which takes about as long as another; they have to be younger than a minute. */
const CODES = 500

async function codeExchange(target: Target, parallel: number): Promise<LoadSpec> {
  const client = clientOf(target, 'ES256')
  const browser = await signedInBrowser(target, client)
  const codes: string[] = []
  await load(
    {
      ...authorizeAgain(browser),
      amount: CODES,
      onAnswer: (location) => codes.push(CODE.exec(location)?.[1] ?? ''),
    },
    { seconds: 30, connections: parallel },
  )
  const fixed = `grant_type=authorization_code&redirect_uri=${encodeURIComponent(REDIRECT_URI)}&code_verifier=${browser.verifier}`
  return {
    url: await endpoint(target, 'token'),
    method: 'POST',
    headers: { ...form, ...basic(client) },
    amount: codes.length,
    body: () => `${fixed}&code=${codes.pop()}`,
    expect: /"id_token":"/,
  }
}

async function accessToken(target: Target): Promise<string> {
  const [chain] = await mintChains(target, clientOf(target, 'RS256'), 1)
  return chain?.accessToken ?? ''
}

export const introspection = async (target: Target): Promise<LoadSpec> => ({
  url: await endpoint(target, 'introspection'),
  method: 'POST',
  headers: { ...form, ...basic(clientOf(target, 'RS256')) },
  body: `token=${await accessToken(target)}&token_type_hint=access_token`,
  expect: /"active":true/,
})

const userinfo = async (target: Target): Promise<LoadSpec> => ({
  url: await endpoint(target, 'userinfo'),
  headers: { authorization: `Bearer ${await accessToken(target)}` },
  expect: /"sub":"/,
})

const signedIn = z.object({ access_token: z.string() })

async function apiToken({ server }: Target): Promise<string> {
  const answer = await fetch(`${server.issuer}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: user.identifier, password: user.password }),
  })
  return signedIn.parse(await answer.json()).access_token
}

/** The profile of the JSON API. The bare library has none: what it is compared with there is userinfo. */
const me = (authorization: (target: Target) => Promise<string>) => async (target: Target) =>
  target.name === 'bare'
    ? userinfo(target)
    : {
        url: `${target.server.issuer}/api/auth/me`,
        headers: { authorization: await authorization(target) },
        expect: /"username":"/,
      }

const password = `Basic ${Buffer.from(`${user.identifier}:${user.password}`).toString('base64')}`

/** What comes at once where memory is looked at. */
export const underLoad: readonly Scenario['prepare'][] = [
  opaqueToken,
  (target, parallel) => refresh(target, 'ES256', parallel),
  introspection,
  authorize,
]

export const scenarios: readonly Scenario[] = [
  { name: 'client credentials, opaque', prepare: opaqueToken },
  { name: 'client credentials, JWT ES256', prepare: jwt('ES256') },
  { name: 'client credentials, JWT RS256', prepare: jwt('RS256') },
  {
    name: 'refresh, rotating, ES256 id_token',
    prepare: (target, parallel) => refresh(target, 'ES256', parallel),
  },
  {
    name: 'refresh, rotating, RS256 id_token',
    prepare: (target, parallel) => refresh(target, 'RS256', parallel),
  },
  { name: 'introspection', prepare: introspection },
  { name: 'userinfo', prepare: userinfo },
  {
    name: '/api/auth/me, bearer (against userinfo)',
    prepare: me(async (target) => `Bearer ${await apiToken(target)}`),
  },
  { name: '/api/auth/me, Basic (against userinfo)', prepare: me(async () => password) },
  {
    name: 'discovery',
    prepare: async (target) => ({
      url: `${target.server.issuer}/.well-known/openid-configuration`,
      expect: /"issuer":"/,
    }),
  },
  { name: 'JWKS', prepare: async (target) => ({ url: await endpoint(target, 'jwks'), expect: /"keys":\[/ }) },
  { name: 'authorize, signed in', prepare: authorize },
  { name: 'code exchange, ES256', prepare: codeExchange },
]
