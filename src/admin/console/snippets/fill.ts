import type { SnippetValues } from './snippet.ts'
import { CONDITIONS, type Condition, type Stack } from './stack.ts'

/** A text to copy. */
export interface SnippetPart {
  /** Unique in its stack, and fit for an id in HTML. */
  id: string
  /** A file's name, or what to do with it. */
  label: string
  text: string
}

/** A line that ends in such a comment is there only if the condition holds: `// ? http`, `# ? !api`, `<!-- ? api -->`. */
const CONDITION = /[ \t]*(?:\/\/|#|;|<!--|\/\*) \? (!?)(\w+)(?: (?:-->|\*\/))?$/
/** Where a value of the client goes: `__CLIENT_ID__`. Files stay readable, and what is not filled in is an error (`fill`). */
const PLACEHOLDER = /__([A-Z]+(?:_[A-Z]+)*)__/g

/** What files may ask for, beside the words of their stack. Each is of plain characters (`snippetValues`). */
export function placeholders(stack: Stack, values: SnippetValues): Record<string, string> {
  const registered = new URL(redirectUriOf(stack, values))
  const { origin, hostname, host, port, protocol } = registered
  const base = baseOf(stack, registered)
  const path = stack.redirectPath ?? registered.pathname
  // One token for the sign-in and the API, where the program calls one for a person.
  const calls = stack.kinds.includes('web') && stack.parts.some((part) => part.for.includes('call an API'))
  const scope = calls && values.api ? `${values.scope} ${values.api.scope}` : values.scope
  const scopes = scope.split(' ').filter(Boolean)
  const local = protocol === 'http:'
  const resource = URL.parse(values.api?.identifier ?? '')
  return {
    ISSUER: values.issuer,
    ISSUER_HOST: new URL(values.issuer).host,
    CLIENT_ID: values.clientId,
    CLIENT_SECRET: values.secret ?? '…',
    REDIRECT_URI: stack.redirectPath === undefined ? registered.href : `${base}${path}`,
    REDIRECT_SCHEME: protocol.slice(0, -1),
    ORIGIN: origin,
    BASE: base,
    HOST: host,
    HOSTNAME: hostname,
    PORT: local ? port || '80' : '3000',
    CALLBACK_PATH: path,
    // Where a snippet's own sign-in starts: not where its redirect URI is.
    LOGIN_PATH: path === '/login' ? '/sign-in' : '/login',
    POST_LOGOUT_URI: postLogoutUriOf(stack, values),
    // The address of signing out at Latchkey, to be put into another address.
    SIGN_OUT_ENCODED: encodeURIComponent(
      `${values.issuer}/logout?client_id=${values.clientId}&post_logout_redirect_uri=${postLogoutUriOf(stack, values)}`,
    ),
    // Where Go's server listens: by name on a loopback port, on all addresses behind a proxy.
    LISTEN: local ? (port ? host : `${host}:80`) : ':3000',
    AUTHORIZE_QUERY: String(
      new URLSearchParams({
        response_type: 'code',
        client_id: values.clientId,
        redirect_uri: registered.href,
        scope,
      }),
    ),
    SIGNING_ALG: values.signingAlgorithm,
    SCOPE: scope,
    SCOPES_QUOTED: scopes.map((scope) => `"${scope}"`).join(', '),
    SCOPES_COMMA: scopes.join(', '),
    RESOURCE: values.api?.identifier ?? '',
    RESOURCE_PATH: resource?.pathname ?? '/',
    // Where an API listens itself; behind https its proxy does.
    RESOURCE_PORT: (resource?.protocol === 'http:' && resource.port) || '8080',
    API_SCOPE: values.api?.scope ?? '',
    // Between the quotation marks of a list's first and last item: a file of JSON stays one.
    API_SCOPES_LISTED: values.api?.scope.split(' ').join('", "') ?? '',
    BACKCHANNEL_PATH: URL.parse(values.backchannelUri ?? '')?.pathname ?? '/backchannel-logout',
    API_SCOPE_FIRST: values.api?.scope.split(' ')[0] ?? '',
    ...Object.fromEntries(
      Object.entries(stack.words).map(([name, words]) => [name, words[values.authentication] ?? '']),
    ),
  }
}

/** Whether a redirect URI has a scheme of the app's own (RFC 8252 §7.1). */
export const ofPrivateUse = (uri: string): boolean => !/^https?:/.test(uri)

/** Whether an editor that is an MCP client comes back there: the scheme is the editor's, so no other app can have it. */
export const ofEditor = (uri: string): boolean => /^(cursor|vscode|vscode-insiders|windsurf):/.test(uri)

/** Whether an app that is being built could come back there. */
export const ofOwnApp = (uri: string): boolean => ofPrivateUse(uri) && !ofEditor(uri)

/** The registered redirect URI that this library can use, else the first. */
function redirectUriOf(
  { redirect, redirectPath, preset }: Stack,
  { redirectUris, redirectUri }: SnippetValues,
): string {
  if (redirect === 'scheme') return redirectUris.find(ofOwnApp) ?? redirectUri
  const pathOf = (uri: string) => URL.parse(uri)?.pathname
  return (
    redirectUris.find((uri) => pathOf(uri) === (redirectPath || '/')) ??
    (preset?.atPath && redirectPath
      ? redirectUris.find((uri) => pathOf(uri)?.endsWith(redirectPath))
      : undefined) ??
    redirectUri
  )
}

/** The address of the program, without a slash at its end: what stands before the path of its redirect URI. */
function baseOf({ preset, redirectPath }: Stack, { origin, pathname }: URL): string {
  const atPath = preset?.atPath && redirectPath && pathname.endsWith(redirectPath)
  return atPath ? `${origin}${pathname.slice(0, -redirectPath.length)}` : origin
}

function postLogoutUriOf(stack: Stack, values: SnippetValues): string {
  const registered = new URL(redirectUriOf(stack, values))
  const here = values.postLogoutUris.filter((uri) => URL.parse(uri)?.origin === registered.origin)
  const wanted = `${baseOf(stack, registered)}${stack.signedOutPath}`
  return here.find((uri) => uri === wanted) ?? (stack.signedOutPath === '/' ? here[0] : undefined) ?? wanted
}

/** What holds for this client. */
export function conditionHolds(condition: Condition, stack: Stack, values: SnippetValues): boolean {
  switch (condition) {
    case 'http':
      return values.issuer.startsWith('http:')
    case 'local':
      return redirectUriOf(stack, values).startsWith('http:')
    case 'api':
      return values.api !== undefined
    case 'backchannel':
      return values.backchannelUri !== undefined
    case 'profile':
    case 'groups':
      return values.scope.split(' ').includes(condition)
    case 'signed':
      return values.signed
    case 'secret':
      return values.authentication === 'basic' || values.authentication === 'post'
    default:
      return values.authentication === condition
  }
}

/**
 * A file with the values of a client. Values are put in once: what one of them holds is never looked at again.
 * @throws Error for a placeholder or condition that there is not
 */
export function fill(text: string, stack: Stack, values: SnippetValues): string {
  const known = placeholders(stack, values)
  return text
    .split('\n')
    .flatMap((line) => {
      const [marker, not, name = ''] = CONDITION.exec(line) ?? []
      if (marker === undefined) return [line]
      // A formatter may have moved it off the line that it is of.
      if (line === marker) throw new Error(`snippets/${stack.id}: a condition without a line`)
      const condition = CONDITIONS.find((each) => each === name)
      if (!condition) throw new Error(`snippets/${stack.id}: there is no condition ${name}`)
      const holds = conditionHolds(condition, stack, values)
      return holds === (not === '') ? [line.slice(0, -marker.length)] : []
    })
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(PLACEHOLDER, (whole, name: string) => {
      if (Object.hasOwn(known, name)) return known[name] ?? ''
      if (whole === '__DIR__' || whole === '__FILE__') return whole
      throw new Error(`snippets/${stack.id}: there is no placeholder ${whole}`)
    })
}
