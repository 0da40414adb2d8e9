import { kindOf } from '../../../shared/client-kind.ts'
import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { ofEditor } from './fill.ts'
import type { Authentication, StackKind } from './stack.ts'

/** What a snippet is filled with. Every text is of plain characters, so that none can end a quotation. */
export interface SnippetValues {
  /** The kinds of stacks that fit. */
  kinds: readonly StackKind[]
  /** An origin. */
  issuer: string
  clientId: string
  /** In the one answer that shows it; absent: people put it in themselves. */
  secret?: string | undefined
  authentication: Authentication
  /** The one to use, where a library can use any. */
  redirectUri: string
  redirectUris: readonly string[]
  postLogoutUris: readonly string[]
  backchannelUri: string | undefined
  /** For identity: what a person allows. */
  scope: string
  /** Whether it has to push or sign its requests, or to prove a key (DPoP). */
  hardened: boolean
  /** Whether it has to use PKCE; unset: as it is usual. */
  pkce?: string | undefined
  /** Whether it has to sign its requests; its answers are then signed, too. */
  signed: boolean
  /** What its ID Tokens are signed with: RS256, PS256, ES256 or EdDSA. */
  signingAlgorithm: string
  /** The API that the client may call, with what it may do there; or the API itself. */
  api: { identifier: string; scope: string } | undefined
}

/** Where the secret is read from. */
export const SECRET = 'LATCHKEY_CLIENT_SECRET'

/** Where the credential of an API is read from. */
export const API_CLIENT_ID = 'LATCHKEY_API_CLIENT_ID'
export const API_CLIENT_SECRET = 'LATCHKEY_API_CLIENT_SECRET'

const PLAIN = /^[\w:/?&=.~%,+[\]-]+$/
const IDENTITY = ['openid', 'profile', 'email']
/** Asked for by clients alone that are registered for them by name. */
const NAMED = ['groups', 'roles']

/** A client as far as snippets look. */
export interface SnippetClient {
  client_id: string
  grant_types: readonly string[]
  redirect_uris: readonly string[]
  post_logout_redirect_uris?: readonly string[] | undefined
  backchannel_logout_uri?: string | undefined
  token_endpoint_auth_method: string
  application_type: string
  scope?: string | undefined
  require_pushed_authorization_requests?: boolean | undefined
  dpop_bound_access_tokens?: boolean | undefined
  require_signed_request_object?: boolean | undefined
  id_token_signed_response_alg?: string | undefined
  pkce?: string | undefined
}

/** Whether the client has to push or sign its requests, or to prove a key, which most code here does not. */
const needsMore = (client: SnippetClient): boolean =>
  client.require_pushed_authorization_requests === true ||
  client.dpop_bound_access_tokens === true ||
  client.require_signed_request_object === true

/**
 * MCP clients are registered as programs that listen on loopback (RFC 8252 §7.3), where nothing tells them from other ones,
 * or with the scheme of an editor.
 */
export const mayBeMcp = (client: SnippetClient): boolean =>
  kindOf(client) === 'native' &&
  client.redirect_uris.some((uri) => uri.startsWith('http://') || ofEditor(uri))

const METHODS: Readonly<Record<string, Authentication>> = {
  client_secret_basic: 'basic',
  client_secret_post: 'post',
  private_key_jwt: 'key',
}

interface SnippetApi {
  identifier: string
  scope: string
}

/**
 * What a client's snippets are filled with. A redirect URI or scope may hold quotation marks and `${…}`, and be
 * anybody's where clients register themselves: those give way to an example, because a snippet is run by the developer who
 * copies it. The id of a client may be an address, too.
 * @param apis the registered APIs with their scopes, newest first: of several the oldest counts, so that a new one changes nothing
 */
export function snippetValues(
  issuer: string,
  client: SnippetClient,
  apis: readonly SnippetApi[],
): SnippetValues {
  const kind = kindOf(client)
  const plain = client.redirect_uris.filter((uri) => PLAIN.test(uri))
  const loopback = plain.find((uri) => uri.startsWith('http://'))
  const allowed = client.scope?.split(' ').filter((scope) => PLAIN.test(scope))
  const identity = [
    ...IDENTITY.filter((scope) => allowed?.includes(scope) ?? true),
    ...NAMED.filter((scope) => allowed?.includes(scope)),
  ]
  const scopesAt = ({ scope }: SnippetApi) => scope.split(' ').filter((each) => allowed?.includes(each))
  const api = apis.findLast((each) => PLAIN.test(each.identifier) && scopesAt(each).length > 0)
  const ofApi = api && { identifier: api.identifier, scope: scopesAt(api).join(' ') }
  const device = client.grant_types.includes(DEVICE_CODE_GRANT)
  const machine = client.grant_types.includes('client_credentials')
  return {
    kinds: [
      kind,
      ...(mayBeMcp(client) || (kind === 'native' && ofApi) ? (['mcp'] as const) : []),
      ...(kind !== 'machine' && machine ? (['machine'] as const) : []),
      ...(kind !== 'device' && device ? (['device'] as const) : []),
    ],
    hardened: needsMore(client),
    pkce: client.pkce,
    signed: client.require_signed_request_object === true,
    signingAlgorithm: client.id_token_signed_response_alg ?? 'RS256',
    issuer,
    clientId: PLAIN.test(client.client_id) ? client.client_id : 'CLIENT_ID',
    authentication: METHODS[client.token_endpoint_auth_method] ?? 'none',
    redirectUri:
      (kind === 'native' ? loopback : plain.find((uri) => /^https?:/.test(uri))) ??
      plain[0] ??
      'https://app.example/callback',
    redirectUris: plain,
    postLogoutUris: (client.post_logout_redirect_uris ?? []).filter((uri) => PLAIN.test(uri)),
    backchannelUri:
      client.backchannel_logout_uri !== undefined && PLAIN.test(client.backchannel_logout_uri)
        ? client.backchannel_logout_uri
        : undefined,
    scope: identity.join(' ') || 'openid',
    api: ofApi,
  }
}

/** What the snippets of an API are filled with. */
export const apiValues = (issuer: string, { identifier, scope }: SnippetApi): SnippetValues => ({
  kinds: ['api'],
  hardened: false,
  signed: false,
  signingAlgorithm: 'RS256',
  issuer,
  clientId: 'CLIENT_ID',
  authentication: 'basic',
  redirectUri: 'https://app.example/callback',
  redirectUris: [],
  postLogoutUris: [],
  backchannelUri: undefined,
  scope: 'openid',
  api: {
    identifier: PLAIN.test(identifier) ? identifier : 'https://api.example',
    scope: scope
      .split(' ')
      .filter((each) => PLAIN.test(each))
      .join(' '),
  },
})
