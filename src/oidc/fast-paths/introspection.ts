import type { IncomingHttpHeaders } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { ApiCredentials, ProtocolDependencies, TokenHolder } from '../dependencies.ts'
import {
  type Caller,
  introspectionClaims,
  isFor,
  organizationAtIntrospection,
} from '../tokens/introspection.ts'
import { type Credentials, isAuthenticated, isPlain, plainCredentials } from './credentials.ts'
import { customForToken } from './custom-claims.ts'
import { type FastPath, jsonHeaders } from './fast-path.ts'
import { readForm } from './form.ts'
import type { FindLiveToken, LiveToken } from './live-tokens.ts'

const HEADERS = jsonHeaders('WWW-Authenticate')

/** Whether the answer is JSON, whatever else the caller takes (RFC 9701 §4): no signed one is named, and nothing excluded. */
const takesJson = ({ accept = '' }: IncomingHttpHeaders): boolean => !/introspection|;/i.test(accept)

/** The plain case of introspection (RFC 7662): a client or an API shows its secret, and a token that is good. */
export function introspectionPath(deps: {
  issuer: string
  current(): Provider
  apiCredentials: ApiCredentials
  liveHolder: FindLiveToken<TokenHolder>
  customClaims: ProtocolDependencies['customClaims']
  membershipsOf: ProtocolDependencies['membershipsOf']
}): FastPath {
  async function callerOf({ id, secret }: Credentials): Promise<Caller | undefined> {
    const { apiCredentials } = deps
    if (apiCredentials.isApiCredential(id)) {
      const api = await apiCredentials.findForProtocol(id)
      return api && apiCredentials.secretMatches(id, [api.secretHash], secret)
        ? { clientId: id, introspects: api.resource }
        : undefined
    }
    const client = await deps.current().Client.find(id)
    if (client === undefined || client.introspectionEncryptedResponseAlg !== undefined) return undefined
    return isAuthenticated(client, secret) ? { clientId: client.clientId } : undefined
  }

  return async ({ raw, headers, method }) => {
    if (method !== 'POST' || !isPlain(headers) || !takesJson(headers)) return undefined
    const parameters = await readForm(raw)
    if (!parameters?.token) return undefined
    const credentials = plainCredentials(headers, parameters)
    const caller = credentials && (await callerOf(credentials))
    if (caller === undefined) return undefined
    const live = await deps.liveHolder(parameters.token)
    if (live === undefined || !isFor(caller, live.token)) return undefined
    const custom = live.account ? await customForToken(deps, 'introspection', live.token, live) : {}
    if (custom === undefined) return undefined
    return {
      headers: HEADERS,
      body: JSON.stringify(answerAbout(live, parameters.token, deps.issuer, custom)),
    }
  }
}

/** In the order of the library. */
function answerAbout(
  { token, account, membership }: LiveToken<TokenHolder>,
  value: string,
  iss: string,
  custom: Record<string, unknown>,
): Record<string, unknown> {
  return {
    active: true,
    ...(account && { sub: account.id }),
    ...introspectionClaims(token, account?.username, {
      ...custom,
      ...organizationAtIntrospection(token, value, membership),
    }),
    client_id: token.clientId,
    exp: token.exp,
    iat: token.iat,
    sid: 'sid' in token ? token.sid : undefined,
    iss,
    jti: token.jti === value ? undefined : token.jti,
    aud: token.aud,
    scope: token.scope || undefined,
    token_type: token.tokenType,
  }
}
