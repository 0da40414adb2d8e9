/**
 * Makes docs/connect/*.md of snippets/, one page a stack and an index.
 *
 *   node scripts/connect-docs.ts            writes them
 *   node scripts/connect-docs.ts --check    exits 1 if one of them is not as it would be written
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type RenderedSnippet, renderStack } from '../src/admin/console/snippets/all.ts'
import type { SnippetValues } from '../src/admin/console/snippets/snippet.ts'
import { allStacks, type Stack } from '../src/admin/console/snippets/stack.ts'

const folder = resolve(import.meta.dirname, '../docs/connect')
const generated = '<!-- Made by `npm run docs` of snippets/. Change it there. -->\n'

/** What stands in the pages where the console puts in the values of a client. */
function exampleFor(stack: Stack, authentication = stack.authentication[0] ?? 'basic'): SnippetValues {
  const origin = stack.kinds[0] === 'native' ? 'http://127.0.0.1' : 'http://localhost:4000'
  const redirectUri =
    stack.redirect === 'scheme'
      ? 'com.example.app:/callback'
      : `${origin}${stack.redirectPath ?? '/callback'}`
  return {
    kinds: stack.kinds,
    hardened: stack.hardened,
    signed: false,
    signingAlgorithm: stack.hardened ? 'PS256' : 'RS256',
    issuer: 'https://id.example',
    clientId: 'CLIENT_ID',
    authentication,
    redirectUri,
    redirectUris: [redirectUri],
    postLogoutUris: [`${origin}${stack.signedOutPath}`],
    backchannelUri: `${origin}/backchannel-logout`,
    scope: 'openid profile email',
    api: { identifier: 'https://books.example', scope: 'books:read' },
  }
}

/** The command that registers a client as its page has it. */
function registration(stack: Stack): string {
  const { redirectUri, postLogoutUris } = exampleFor(stack)
  const uses = (name: string) => stack.parts.some(({ text }) => text.includes(name))
  const kind = stack.kinds[0]
  const grants =
    kind === 'machine'
      ? ['client_credentials']
      : kind === 'device'
        ? ['device_code', 'refresh_token']
        : ['authorization_code', 'refresh_token']
  const lines = [
    'npm run -s latchkey -- clients create --name "My app"',
    ...(grants[0] === 'authorization_code' ? [`--redirect-uri ${redirectUri}`] : []),
    ...(uses('__POST_LOGOUT_URI__') || uses('__SIGN_OUT_ENCODED__')
      ? [`--post-logout-redirect-uri ${postLogoutUris[0]}`]
      : []),
    ...(stack.parts.some((part) => part.if === 'backchannel')
      ? [`--backchannel-logout-uri ${exampleFor(stack).backchannelUri}`]
      : []),
    ...(stack.authentication[0] === 'none' ? ['--public'] : []),
    ...(stack.hardened ? ['--profile fapi2 --jwks public-key.jwk'] : []),
    grants.map((grant) => `--grant ${grant}`).join(' '),
    ...(kind === 'machine' ? ['--scope books:read'] : []),
  ]
  return lines.join(' \\\n  ')
}

const LANGUAGES: Readonly<Record<string, string>> = {
  mjs: 'js',
  cfg: 'toml',
  conf: 'conf',
  local: 'sh',
  kt: 'kotlin',
  cs: 'csharp',
  kts: 'kotlin',
  plist: 'xml',
  txt: '',
  rb: 'ruby',
  rs: 'rust',
}

function block({ id, label, text }: RenderedSnippet['parts'][number]): string {
  const ending = /-([a-z]+)$/.exec(id)?.[1] ?? ''
  return `**${label}**\n\n\`\`\`${LANGUAGES[ending] ?? ending}\n${text.trimEnd()}\n\`\`\`\n`
}

/** What is different for a client that authenticates with a key of its own. */
function keyed(stack: Stack, usual: RenderedSnippet): string {
  if (!stack.authentication.includes('key') || stack.authentication[0] === 'key') return ''
  const parts = renderStack(stack, exampleFor(stack, 'key')).parts.filter(
    ({ id, text }) => usual.parts.find((part) => part.id === id)?.text !== text,
  )
  return `\n## With a key instead of a secret\n\nFor a client with \`private_key_jwt\`, this is different:\n\n${parts.map(block).join('\n')}`
}

/** What is different where requests and answers are signed. */
function signed(stack: Stack, usual: RenderedSnippet): string {
  if (!stack.hardened) return ''
  const parts = renderStack(stack, { ...exampleFor(stack), signed: true }).parts.flatMap(
    ({ id, label, text }) => {
      const known = usual.parts.find((part) => part.id === id)?.text.split('\n') ?? []
      const added = text.split('\n').filter((line) => !known.includes(line))
      return added.length > 0 ? [block({ id, label, text: added.join('\n') })] : []
    },
  )
  return `\n## With Message Signing\n\nFor a client with \`--profile fapi2_message_signing\` the console shows the program with these lines:\n\n${parts.join('\n')}`
}

/** What is more where the issuer is plain http, as it is on one's own machine: each line with those around it. */
function plain(stack: Stack): string {
  const marked = stack.parts.some(({ text }) => / \? http( |$)/m.test(text))
  if (!marked) return ''
  const issuer = 'http://localhost:3000'
  const usual = renderStack(stack, exampleFor(stack)).parts
  const parts = renderStack(stack, { ...exampleFor(stack), issuer }).parts.flatMap(({ id, label, text }) => {
    const known = usual.find((part) => part.id === id)?.text.split('\n') ?? []
    const lines = text.split('\n')
    const added = lines.flatMap((line, at) => (line.includes(issuer) || known.includes(line) ? [] : [at]))
    const around = added.flatMap((at) => lines.slice(at - 1, at + 2))
    return around.length > 0 ? [block({ id, label, text: around.join('\n') })] : []
  })
  return `\n## With an issuer on your own machine\n\nThis library refuses plain http, as of \`${issuer}\`, unless it is told otherwise. The console shows the program\nwith the line that does, for as long as you try it out; here it is with those around it:\n\n${parts.join('\n')}`
}

function page(stack: Stack): string {
  const usual = renderStack(stack, exampleFor(stack))
  const { name, about, tried, parts } = usual
  const intro = stack.kinds.includes('api')
    ? 'The console shows this with the values of your API, on its page.'
    : `The console shows this with the values of your client, on its page. Registered here with\n\n\`\`\`sh\n${registration(stack)}\n\`\`\``
  return `${generated}\n# ${name}\n\n${about}\n\n${intro}\n\n${parts.map(block).join('\n')}${keyed(stack, usual)}${signed(stack, usual)}${plain(stack)}\n${tried}\n`
}

const KINDS: Readonly<Record<Stack['kinds'][number], string>> = {
  web: 'Web applications, and programs with a web page',
  spa: 'Single-page applications',
  native: 'Installed apps',
  device: 'TVs and terminals',
  mcp: 'MCP clients',
  machine: 'Jobs and services, without a person',
  api: 'APIs, and MCP servers',
}

function index(stacks: readonly Stack[]): string {
  const sections = Object.entries(KINDS).flatMap(([kind, title]) => {
    const fitting = stacks.filter(({ kinds }) => kinds[0] === kind)
    if (fitting.length === 0) return []
    const rows = fitting.map(
      ({ id, name, language, tried, run }) =>
        `| [${name}](${id}.md) | ${language} | ${run === 'test' ? 'by every test run' : (tried?.date ?? 'not yet')} |`,
    )
    return [`## ${title}\n\n| | For | Tried |\n| --- | --- | --- |\n${rows.join('\n')}\n`]
  })
  return `${generated}\n# Connect an application\n\nEach page is what you need and no more: install, sign in, refresh, sign out. The console shows them with the values\nof your client, on its page. Who has none of these uses its own OpenID Connect library with the issuer, the client ID\nand the secret; everything else is found by discovery.\n\n${sections.join('\n')}`
}

const wanted = new Map([['README.md', index(allStacks())]])
for (const stack of allStacks()) wanted.set(`${stack.id}.md`, page(stack))

mkdirSync(folder, { recursive: true })
const there = readdirSync(folder)
if (process.argv.includes('--check')) {
  const stale = [
    ...there.filter((name) => !wanted.has(name)),
    ...[...wanted]
      .filter(([name, text]) => !there.includes(name) || readFileSync(join(folder, name), 'utf8') !== text)
      .map(([name]) => name),
  ]
  for (const name of stale)
    console.error(`docs/connect/${name} is not made of what snippets/ holds: npm run docs`)
  if (stale.length > 0) process.exit(1)
  console.log(`docs/connect: ${wanted.size} pages up to date`)
} else {
  for (const name of there) if (!wanted.has(name)) rmSync(join(folder, name))
  for (const [name, text] of wanted) writeFileSync(join(folder, name), text)
  console.log(`docs/connect: ${wanted.size} pages`)
}
