import { EXAMPLE_SERVER, renderStack } from '../src/admin/console/snippets/all.ts'
import { needsOf } from '../src/admin/console/snippets/registration.ts'
import type { SnippetValues } from '../src/admin/console/snippets/snippet.ts'
import type { Stack } from '../src/admin/console/snippets/stack.ts'

/** What stands in the pages where the console puts in the values of a client. */
export function exampleFor(stack: Stack, authentication = stack.authentication[0] ?? 'basic'): SnippetValues {
  const kind = stack.kinds[0]
  const redirectUri =
    stack.redirect === 'scheme'
      ? 'com.example.app:/callback'
      : `${originFor(stack)}${stack.redirectPath ?? '/callback'}`
  const values: SnippetValues = {
    kinds: kind === 'mcp' ? ['native', ...stack.kinds] : stack.kinds,
    hardened: stack.hardened,
    pkce: stack.withoutPkce ? 'optional' : undefined,
    signed: false,
    signingAlgorithm: stack.hardened ? 'PS256' : 'RS256',
    issuer: 'https://id.example',
    clientId: 'CLIENT_ID',
    authentication: stack.preset && authentication !== 'key' ? stack.preset.authentication : authentication,
    redirectUri,
    redirectUris: [redirectUri],
    postLogoutUris: [],
    backchannelUri: `${originFor(stack)}/backchannel-logout`,
    scope: stack.preset?.scope ?? 'openid profile email',
    api: /\bMCP\b/.test(stack.name)
      ? EXAMPLE_SERVER
      : { identifier: 'https://books.example', scope: 'books:read' },
  }
  // Registered with what it needs.
  const { redirectUris, postLogoutUri } = needsOf(stack, values)
  return {
    ...values,
    ...(redirectUris.length > 0 && { redirectUris, redirectUri: redirectUris[0] ?? redirectUri }),
    postLogoutUris: postLogoutUri === undefined ? [] : [postLogoutUri],
  }
}

/** Programs that are there already run somewhere; what is being written runs here. */
function originFor({ kinds, language, preset }: Stack): string {
  if (preset?.url) return preset.url
  if (kinds[0] === 'native') return 'http://127.0.0.1'
  if (kinds[0] === 'mcp') return 'http://localhost'
  return language === 'App by settings' ? 'https://app.example' : 'http://localhost:4000'
}

const COMMAND = 'npm run -s latchkey --'
const GRANTS: Partial<Record<Stack['kinds'][number], readonly string[]>> = {
  machine: ['client_credentials'],
  device: ['device_code', 'refresh_token'],
}

/** Whether the code of a page calls the example's API, or asks for its scopes. */
function callsApi(stack: Stack): boolean {
  const { api } = exampleFor(stack)
  const code = renderStack(stack, exampleFor(stack)).parts.map(({ text }) => text)
  return code.some((text) => api && [api.identifier, api.scope].some((each) => text.includes(each)))
}

/** The command that adds the API of a page; undefined where its code has none. */
export function addedApi(stack: Stack): string | undefined {
  const { api } = exampleFor(stack)
  if (!api || !callsApi(stack)) return undefined
  const name = api === EXAMPLE_SERVER ? 'MCP server' : 'Books API'
  return `${COMMAND} resources add --identifier ${api.identifier} --name "${name}" --scope ${api.scope}`
}

/** The command that registers a client with all that its page uses. */
export function registration(stack: Stack): string {
  const { redirectUris, postLogoutUris, backchannelUri, scope, api, authentication } = exampleFor(stack)
  const kind = stack.kinds[0] ?? 'web'
  if (stack.preset)
    return `${COMMAND} clients create --preset ${stack.id}${stack.preset.url ? ` --url ${stack.preset.url}` : ''}`
  const grants = GRANTS[kind] ?? ['authorization_code', 'refresh_token']
  const ofApi = callsApi(stack) ? api?.scope : undefined
  const scopes = [...(kind === 'machine' ? [] : [scope]), ...(ofApi ? [ofApi] : [])].join(' ')
  const lines = [
    `${COMMAND} clients create --name "My app"`,
    ...(GRANTS[kind] ? [] : redirectUris.map((uri) => `--redirect-uri ${uri}`)),
    ...postLogoutUris.map((uri) => `--post-logout-redirect-uri ${uri}`),
    ...(stack.parts.some((part) => part.if === 'backchannel')
      ? [`--backchannel-logout-uri ${backchannelUri}`]
      : []),
    ...(authentication === 'none' ? ['--public'] : []),
    ...(authentication === 'post' ? ['--auth-method client_secret_post'] : []),
    // On localhost it would be taken for an installed app.
    ...(kind === 'spa' ? ['--application-type web'] : []),
    ...(stack.withoutPkce ? ['--pkce optional'] : []),
    ...(stack.hardened ? ['--profile fapi2 --jwks public-key.jwk'] : []),
    grants.map((grant) => `--grant ${grant}`).join(' '),
    ...(ofApi ? [`--scope "${scopes}"`] : []),
  ]
  return lines.join(' \\\n  ')
}
