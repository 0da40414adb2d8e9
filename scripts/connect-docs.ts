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
import { addedApi, exampleFor, registration } from './connect-registration.ts'

const folder = resolve(import.meta.dirname, '../docs/connect')
const generated = '<!-- Made by `npm run docs` of snippets/. Change it there. -->\n'

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

/** Lines that come in with other values, each with those around it. @param values a variant of `exampleFor` */
function comingIn(stack: Stack, usual: RenderedSnippet, values: SnippetValues): string {
  return renderStack(stack, values)
    .parts.flatMap(({ id, label, text }) => {
      const known = usual.parts.find((part) => part.id === id)?.text.split('\n') ?? []
      const lines = text.split('\n')
      // Another issuer is not another line.
      const added = lines.flatMap((line, at) =>
        known.includes(line.replaceAll(values.issuer, exampleFor(stack).issuer)) ? [] : [at],
      )
      const shown = [...new Set(added.flatMap((at) => [at - 1, at, at + 1]))].filter((at) => at >= 0)
      const shownText = shown.flatMap((at, place) => [
        ...(place > 0 && shown[place - 1] !== at - 1 ? ['…'] : []),
        lines[at] ?? '',
      ])
      return shown.length > 0 ? [block({ id, label, text: shownText.join('\n') })] : []
    })
    .join('\n')
}

/** What is different where requests and answers are signed. */
function signed(stack: Stack, usual: RenderedSnippet): string {
  if (!stack.hardened) return ''
  const lines = comingIn(stack, usual, { ...exampleFor(stack), signed: true })
  return `\n## With Message Signing\n\nRegister the client with \`--profile fapi2_message_signing\` instead. The console then shows the program with these lines\nmore; here they are between the lines that they stand between (what is not shown stays as it is above):\n\n${lines}`
}

/** What is more where the issuer is plain http, as it is on one's own machine. */
function plain(stack: Stack, usual: RenderedSnippet): string {
  if (!stack.parts.some(({ text }) => / \? http( |$)/m.test(text))) return ''
  const issuer = 'http://localhost:3000'
  const lines = comingIn(stack, usual, { ...exampleFor(stack), issuer })
  return `\n## With an issuer on your own machine\n\nThis library refuses plain http, as of \`${issuer}\`, unless it is told otherwise. The console shows the program\nwith the line that does, for as long as you try it out; here it is with those around it:\n\n${lines}`
}

/** What people put in of their own, of what stands on the page. */
function toReplace(stack: Stack, code: string): string {
  const { issuer, clientId, api, redirectUri } = exampleFor(stack)
  const found = [
    [issuer, 'the address of your Latchkey'],
    [clientId, 'what the command prints'],
    [api?.identifier, 'the identifier of your API'],
    [api?.scope, 'its scope'],
    [
      redirectUri.startsWith('https:') ? new URL(redirectUri).origin : undefined,
      'the address of the program',
    ],
    ['com.example.app', 'your app’s own name'],
  ].flatMap(([value, words]) => (value && code.includes(value) ? [`\`${value}\` (${words})`] : []))
  return `Put your own in place of ${found.join(', ')}.`
}

const sh = (command: string) => `\`\`\`sh\n${command}\n\`\`\``

const PLACES = { id_token: 'the ID Token', userinfo: 'userinfo' }

/** Where a program looks for what it needs of a person. */
function reads(claims: NonNullable<Stack['preset']>['reads']): string {
  const byPlace = Map.groupBy(Object.entries(claims), ([, places]) =>
    places.map((place) => PLACES[place]).join(', then '),
  )
  const parts = [...byPlace].map(
    ([places, found]) => `${found.map(([claim]) => `\`${claim}\``).join(', ')} in ${places}`,
  )
  return ` It looks for ${parts.join('; ')}.`
}

/** What is done in Latchkey before the code. */
function beforehand(stack: Stack, keys: string): string {
  const api = addedApi(stack)
  if (stack.kinds.includes('api'))
    return `The console shows this with the values of your API, on its page.${api ? ` Here it was added with\n\n${sh(api)}` : ''}`
  if (stack.preset) {
    const typed = stack.preset.url ? ' and type its address' : ''
    return `In the console: “Clients”, “New client”, choose ${stack.name}${typed}. Or:\n\n${sh(registration(stack))}\n\nBoth register the client, and show what follows with its values and its secret.${reads(stack.preset.reads)}`
  }
  const shown = 'The console shows this with the values of your client, on its page.'
  const first = [
    ...(api ? [`First add the API that it calls:\n\n${sh(api)}`] : []),
    ...(keys ? [`First make its keys:\n\n${keys}`] : []),
  ]
  const then = first.length > 0 ? 'Then register the client' : 'Here it was registered with'
  return [shown, ...first, `${then}:\n\n${sh(registration(stack))}`].join('\n\n')
}

function page(stack: Stack): string {
  const usual = renderStack(stack, exampleFor(stack))
  const { name, about, tried, parts } = usual
  const keys = parts.filter(({ id }) => stack.hardened && id === 'keys-mjs')
  const code = parts.filter((part) => !keys.includes(part))
  const intro = beforehand(stack, keys.map(block).join('\n').trimEnd())
  const own = toReplace(stack, [intro, ...parts.map(({ text }) => text)].join('\n'))
  return `${generated}\n# ${name}\n\n${about}\n\n${intro}\n\n${own}\n\n${code.map(block).join('\n')}${keyed(stack, usual)}${signed(stack, usual)}${plain(stack, usual)}\n${tried}\n`
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
  return `${generated}\n# Connect an application\n\nEach page is what you need and no more: install, sign in, refresh, sign out. The console shows them with the values\nof your client, on its page. Who has none of these uses its own OpenID Connect library with the issuer, the client ID\nand the secret; everything else is found by discovery.\n\nWhat is registered in one step, by its name and its address, with the lines to paste as the answer: ${stacks
    .filter(({ preset }) => preset)
    .map(({ id }) => `\`${id}\``)
    .join(
      ', ',
    )}. In the console these are on “New client”; on the command line:\n\n${sh('npm run -s latchkey -- clients create --preset grafana --url https://grafana.example')}\n\n${sections.join('\n')}`
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
