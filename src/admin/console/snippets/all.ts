import { t } from '../../../shared/locales/texts.ts'
import { dayOf } from '../../../shared/moment.ts'
import { conditionHolds, fill, ofOwnApp, type SnippetPart } from './fill.ts'
import { toRegister } from './registration.ts'
import type { SnippetValues } from './snippet.ts'
import { stackAbout, stackName, stackWords } from './spoken.ts'
import { allStacks, type Stack } from './stack.ts'

export interface RenderedSnippet {
  id: string
  name: string
  language: string
  about: string
  /** “Tried on 29 November 2026 with …”, or that nobody has. */
  tried: string
  parts: SnippetPart[]
}

function fits(stack: Stack, values: SnippetValues): boolean {
  if (!stack.kinds.some((kind) => values.kinds.includes(kind))) return false
  if (stack.hardened !== values.hardened) return false
  if (stack.kinds.includes('api') && values.kinds.includes('api')) return true
  if (authenticationOf(stack, values) === undefined) return false
  if (stack.redirect === 'loopback' && !values.redirectUri.startsWith('http:')) return false
  return stack.redirect !== 'scheme' || values.redirectUris.some(ofOwnApp)
}

/** How this stack authenticates as the client: as it is registered, or else with its secret the other way. */
function authenticationOf({ authentication: able }: Stack, { authentication }: SnippetValues) {
  if (able.includes(authentication)) return authentication
  const secret = authentication === 'basic' || authentication === 'post'
  return secret ? able.find((each) => each === 'basic' || each === 'post') : undefined
}

export function triedWords({ tried, run }: Pick<Stack, 'tried' | 'run'>): string {
  if (!tried) return t(run === 'test' ? 'admin.snippets.tried.test' : 'admin.snippets.tried.not')
  const versions = Object.entries(tried.versions).map((pair) => pair.join(' '))
  return t('admin.snippets.tried', { date: dayOf(Date.parse(tried.date)), versions: versions.join(', ') })
}

/** Installing and running need no word. */
const PURPOSES_IN_WORDS = {
  'sign in': 'admin.snippets.purpose.sign_in',
  refresh: 'admin.snippets.purpose.refresh',
  'sign out': 'admin.snippets.purpose.sign_out',
  'back-channel': 'admin.snippets.purpose.back_channel',
  'call an API': 'admin.snippets.purpose.call_api',
  'protect an API': 'admin.snippets.purpose.protect_api',
} as const
type SaidPurpose = keyof typeof PURPOSES_IN_WORDS

const labelOf = ({ label, for: purposes }: Stack['parts'][number], { api }: SnippetValues): string => {
  const words = purposes
    .filter((purpose) => api !== undefined || purpose !== 'call an API')
    .flatMap((purpose) => (purpose in PURPOSES_IN_WORDS ? t(PURPOSES_IN_WORDS[purpose as SaidPurpose]) : []))
    .join(', ')
  const said = stackWords(label)
  return words ? `${said}: ${words}` : said
}

/** In what an MCP client runs before it may call an API, and on the pages of docs/connect. */
export const EXAMPLE_SERVER = { identifier: 'https://mcp.example/mcp', scope: 'mcp:use' }

/** How a client that may call no API is let call an MCP server. */
const toAllow = ({ clientId, scope }: SnippetValues): SnippetPart => ({
  id: 'api',
  label: t('admin.snippets.addServer'),
  text: `npm run -s latchkey -- resources add --identifier ${EXAMPLE_SERVER.identifier} --name "MCP server" --scope ${EXAMPLE_SERVER.scope}
npm run -s latchkey -- clients update ${clientId} --scope "${scope} ${EXAMPLE_SERVER.scope}"
`,
})

/** The stack's parts with these values; parts that it has no use for are left out. */
export function renderStack(stack: Stack, client: SnippetValues): RenderedSnippet {
  const authentication = authenticationOf(stack, client) ?? client.authentication
  const withoutServer = stack.kinds.includes('mcp') && client.api === undefined
  const values = { ...client, authentication, ...(withoutServer && { api: EXAMPLE_SERVER }) }
  return {
    id: stack.id,
    name: stackName(stack),
    language: stackWords(stack.language),
    about: stackAbout(stack),
    tried: triedWords(stack),
    parts: [
      ...(authentication === client.authentication
        ? []
        : [
            {
              id: 'authentication',
              label: t('admin.snippets.onlyWay'),
              text: `client_secret_${authentication}\n`,
            },
          ]),
      ...(withoutServer ? [toAllow(values)] : []),
      ...toRegister(stack, values),
      ...stack.parts
        .filter((part) => part.if === undefined || conditionHolds(part.if, stack, values))
        .map((part) => ({
          id: part.file.replaceAll('.', '-'),
          label: labelOf(part, values),
          text: fill(part.text, stack, values),
        })),
    ],
  }
}

/** Whether these search words mean this stack. */
const found = (stack: Stack, search: string): boolean => {
  const hay =
    `${stack.id} ${stackName(stack)} ${stackWords(stack.language)} ${stackAbout(stack)}`.toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word))
}

/** The snippets that work with this client or API. @param search words that all have to occur */
export const snippetsFor = (values: SnippetValues, search = ''): RenderedSnippet[] =>
  allStacks()
    .filter((stack) => fits(stack, values) && found(stack, search.trim()))
    .map((stack) => renderStack(stack, values))
