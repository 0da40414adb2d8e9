/** What is being built, as far as a registration tells. */
export type ClientKind = 'web' | 'spa' | 'native' | 'machine'

/** What a snippet is made of. Every text is of plain characters (`snippetValues`), so that none can end a quotation. */
export interface SnippetValues {
  kind: ClientKind
  /** An origin. */
  issuer: string
  clientId: string
  /** How the client shows its secret; undefined: it has none. */
  secret: 'basic' | 'post' | undefined
  redirectUri: string
  /** For identity: what a person allows. For a machine: what the API allows. */
  scope: string
  /** The API that a machine asks for. */
  resource: string | undefined
}

/** A text to copy. */
export interface SnippetPart {
  /** A file's name, or what to do with it. */
  label: string
  text: string
}

/** The way into one library or program. */
export interface Snippet {
  id: string
  name: string
  kinds: readonly ClientKind[]
  /** False: it does not work with this client. */
  fits?(values: SnippetValues): boolean
  parts(values: SnippetValues): SnippetPart[]
}

/** Where the secret is read from. */
export const SECRET = 'LATCHKEY_CLIENT_SECRET'

/** Where a snippet's own sign-in starts: not where its redirect URI is. */
export const loginPath = (redirectUri: string): string =>
  new URL(redirectUri).pathname === '/login' ? '/sign-in' : '/login'

const PLAIN = /^[\w:/?&=.~%,+[\]-]+$/
const IDENTITY = ['openid', 'profile', 'email']

/** A client as far as snippets look. */
export interface SnippetClient {
  client_id: string
  grant_types: readonly string[]
  redirect_uris: readonly string[]
  token_endpoint_auth_method: string
  application_type: string
  scope?: string | undefined
}

export function kindOf(client: SnippetClient): ClientKind {
  if (!client.grant_types.includes('authorization_code')) return 'machine'
  if (client.token_endpoint_auth_method !== 'none') return 'web'
  return client.application_type === 'native' ? 'native' : 'spa'
}

/**
 * What a client's snippets are made of. A redirect URI or scope may hold quotation marks and `${…}`, and be anybody's
 * where clients register themselves: those give way to an example, because a snippet is run by whoever copies it.
 * @param apis the registered APIs with their scopes @param redirectUri the one to use; else the first that fits
 */
export function snippetValues(
  issuer: string,
  client: SnippetClient,
  apis: readonly { identifier: string; scope: string }[],
): SnippetValues {
  const kind = kindOf(client)
  const plain = client.redirect_uris.filter((uri) => PLAIN.test(uri))
  const loopback = plain.find((uri) => uri.startsWith('http://'))
  const allowed = client.scope?.split(' ').filter((scope) => PLAIN.test(scope))
  const identity = IDENTITY.filter((scope) => allowed?.includes(scope) ?? true)
  const api = apis.find(
    ({ identifier, scope }) =>
      PLAIN.test(identifier) && scope.split(' ').some((each) => allowed?.includes(each)),
  )
  const ofApi = api?.scope.split(' ').filter((scope) => allowed?.includes(scope)) ?? []
  const { token_endpoint_auth_method: method } = client
  return {
    kind,
    issuer,
    clientId: client.client_id,
    secret: method === 'client_secret_basic' ? 'basic' : method === 'client_secret_post' ? 'post' : undefined,
    redirectUri: (kind === 'native' ? loopback : undefined) ?? plain[0] ?? 'https://app.example/callback',
    scope: (kind === 'machine' ? ofApi : identity).join(' ') || (kind === 'machine' ? '' : 'openid'),
    resource: api?.identifier,
  }
}
