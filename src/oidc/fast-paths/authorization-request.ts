import type { IncomingHttpHeaders } from 'node:http'
import { parse } from 'node:querystring'
import type { Client } from 'oidc-provider'
import { followsFapi } from '../provider/fapi.ts'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'
import { isPlain } from './credentials.ts'

// Which authorization requests are plain: a browser is sent here by GET, with the parameters that every client sends, once each, and no others.

/** Characters. */
const MAX_QUERY = 4096
/** No fragment, and nothing that Node and the library might read in two ways. */
const QUERY = /^[!$-~]*$/

const PARAMETERS = new Set([
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
] as const)
type Parameter = typeof PARAMETERS extends Set<infer Name> ? Name : never

export type AuthorizationParameters = Partial<Record<Parameter, string>> &
  Record<'client_id' | 'redirect_uri' | 'scope', string>

/** RFC 6749 §3.3. */
const SCOPE = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/
/** What S256 makes of a verifier (RFC 7636 §4.2). */
const S256 = /^[\w-]{43}$/

const takesHtml = (accept = '*/*'): boolean =>
  accept === '*/*' || (/^text\/html(?:,|$)/.test(accept) && accept.lastIndexOf('text/html') === 0)

/** Whether nothing in the headers asks for more than a redirect, and no body comes along. */
export const isPlainNavigation = (headers: IncomingHttpHeaders): boolean =>
  isPlain(headers) &&
  takesHtml(headers.accept) &&
  headers['content-length'] === undefined &&
  headers['transfer-encoding'] === undefined

/** The parameters of a plain request for a code, as the library would go on with them. Undefined: it is none. */
export function plainParameters(url: string): AuthorizationParameters | undefined {
  const query = url.slice(url.indexOf('?') + 1)
  if (query.length > MAX_QUERY || !QUERY.test(query)) return undefined
  const sent = parse(query)
  for (const name in sent)
    if (!PARAMETERS.has(name as Parameter) || typeof sent[name] !== 'string' || sent[name] === '')
      return undefined
  const { client_id, redirect_uri, scope, ...others } = sent as Partial<Record<Parameter, string>>
  if (client_id === undefined || redirect_uri === undefined || scope === undefined) return undefined
  if (others.response_type !== 'code' || !SCOPE.test(scope) || !isProtected(others)) return undefined
  const scopes = scope.split(' ')
  if (new Set(scopes).size !== scopes.length) return undefined
  // It takes `prompt=consent` (Core §11), which is no plain request.
  const asked = scopes.filter((each) => each !== 'offline_access')
  // Without openid there is no ID Token that a nonce could be in.
  if (asked.length === 0 || (others.nonce !== undefined && !asked.includes('openid'))) return undefined
  return { ...others, client_id, redirect_uri, scope: asked.join(' ') }
}

/** By PKCE in the one way that there is; what has to be where nothing is sent is the client's rule (authorization/pkce.ts). */
const isProtected = ({
  code_challenge: challenge,
  code_challenge_method: method,
}: Partial<Record<Parameter, string>>): boolean =>
  challenge === undefined ? method === undefined : method === 'S256' && S256.test(challenge)

/** Whether a client asks for nothing of its own beyond what `rules` know: no pushed or signed requests, no defaults of parameters, no profile. */
export const isPlainClient = (client: Client, { redirect_uri }: AuthorizationParameters): boolean =>
  client.clientId !== FIRST_PARTY_ID &&
  client.responseTypeAllowed('code') &&
  client.responseModeAllowed('query', 'code', undefined) &&
  client.redirectUriAllowed(redirect_uri) &&
  !client.requirePushedAuthorizationRequests &&
  !client.requireSignedRequestObject &&
  !followsFapi(client) &&
  client.defaultAcrValues === undefined &&
  client.defaultMaxAge === undefined &&
  !client.requireAuthTime &&
  client.subjectType !== 'pairwise'
