import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { fill } from '../../src/admin/console/snippets/fill.ts'
import { snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks, type Stack } from '../../src/admin/console/snippets/stack.ts'
import { allow, press, signIn } from '../e2e/steps.ts'
import type { Latchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import manifest from './package.json' with { type: 'json' }

/**
 * The packages of `test/connect/package-lock.json`, installed once a machine and lock file, outside this repository:
 * they are no part of the product. Installed beside, then moved into place: two test files may come at once.
 * @returns the folder that holds `node_modules`
 */
export async function installedPackages(): Promise<string> {
  const files = ['package.json', 'package-lock.json', '.npmrc']
  const texts = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file))))
  const hash = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), `latchkey-connect-${hash}-${userInfo().username}`)
  if (existsSync(folder)) return folder
  const staging = await mkdtemp(`${folder}-`)
  await Promise.all(files.map((file, at) => writeFile(join(staging, file), texts[at] ?? '')))
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: staging,
    env: { ...process.env, NODE_ENV: '' },
  })
  try {
    await rename(staging, folder)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

export interface SnippetOptions {
  /** Of the client, beside redirect URIs. */
  metadata?: Record<string, unknown>
  /** The path of the redirect URI, where the library takes any. */
  path?: string
  /** Beside what the snippet sets itself. */
  env?: Record<string, string>
  /** Files beside those of the snippet, which a framework's own generator makes. */
  files?: Record<string, string>
  /** Instead of the part that is called `run`. */
  run?: string
}

export interface RunningSnippet {
  url: string
  clientId: string
  clientSecret: string | undefined
  /** What it has printed. */
  output(): string
  stop(): Promise<void>
}

const stackOf = (id: string): Stack => {
  const stack = allStacks().find((each) => each.id === id)
  if (!stack) throw new Error(`there is no snippets/${id}`)
  return stack
}

/** Where a part is saved: at its label, if that is a path, else under its file's name. */
const pathOf = ({ label, file }: Stack['parts'][number]) => (/^\S*\.\w+$/.test(label) ? label : file)

/** Registers a client and runs a snippet with its values as the console shows it, until it listens. */
export async function startSnippet(
  latchkey: Latchkey,
  id: string,
  options: SnippetOptions = {},
): Promise<RunningSnippet> {
  const stack = stackOf(id)
  const port = await freePort()
  const url = `http://localhost:${port}`
  const client = await latchkey.createClient({
    client_name: stack.name,
    redirect_uris: [`${url}${stack.redirectPath ?? options.path ?? '/callback'}`],
    post_logout_redirect_uris: [`${url}${stack.signedOutPath}`],
    ...options.metadata,
  })
  const values = snippetValues(
    latchkey.issuer,
    await latchkey.services.clients.get(client.client_id),
    (await latchkey.services.resources.list()).items,
  )
  const folder = await mkdtemp(join(tmpdir(), `latchkey-connect-run-`))
  const packages = join(await installedPackages(), 'node_modules')
  await symlink(packages, join(folder, 'node_modules'))
  // People paste the secret where the dots are.
  const parts = stack.parts.map((part) => ({
    ...part,
    text: fill(part.text, stack, values).replaceAll('…', client.client_secret ?? '…'),
  }))
  const files = {
    'package.json': dependenciesOf(stack, parts),
    ...options.files,
    ...Object.fromEntries(parts.map((part) => [pathOf(part), part.text])),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const run =
    options.run ??
    parts
      .filter((part) => part.for.includes('run'))
      .map(({ text }) => text)
      .join('\n')

  let output = ''
  const program: ChildProcess = spawn('sh', ['-ec', run], {
    cwd: folder,
    env: {
      PATH: [dirname(process.execPath), join(packages, '.bin'), process.env.PATH].join(delimiter),
      HOME: folder,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: the shell's children end with it.
    detached: true,
  })
  const ended = once(program, 'close')
  for (const stream of [program.stdout, program.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  const stop = async () => {
    if (program.exitCode === null && program.pid) process.kill(-program.pid, 'SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await listening(
      port,
      ended.then(() => false),
    )
  } catch {
    await stop()
    throw new Error(`snippets/${id} does not listen:\n${output}`)
  }
  return { url, clientId: client.client_id, clientSecret: client.client_secret, output: () => output, stop }
}

/** Resolves as soon as something listens there. @throws when the program has ended, or after half a minute */
async function listening(port: number, ended: Promise<boolean>): Promise<void> {
  const until = Date.now() + 30_000
  let running = true
  void ended.then(() => {
    running = false
  })
  while (running && Date.now() < until) {
    const socket = connect({ port, host: 'localhost' })
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('not listening')
}

/** The packages that a snippet's install line names, as npm would note them. */
function dependenciesOf(stack: Stack, parts: readonly { text: string; for: readonly string[] }[]): string {
  const lines = parts.filter((part) => part.for.includes('install')).flatMap(({ text }) => text.split('\n'))
  const names = lines
    .flatMap((line) => /^npm install (.*)$/.exec(line)?.[1]?.split(' ') ?? [])
    .map((name) => name.replace(/(?<=.)@.*/, ''))
  const unknown = names.filter((name) => !Object.hasOwn(manifest.dependencies, name))
  if (unknown.length > 0)
    throw new Error(`snippets/${stack.id}: ${unknown} is not in test/connect/package.json`)
  return JSON.stringify({
    type: 'module',
    dependencies: Object.fromEntries(names.map((name) => [name, '*'])),
  })
}

/** Counts the token requests that a server has answered with tokens, from now on. */
export function tokenAnswers(latchkey: Latchkey): () => number {
  let count = 0
  latchkey.app.server.on('request', (request, response) => {
    if (request.method === 'POST' && request.url === '/token')
      response.on('finish', () => {
        if (response.statusCode === 200) count++
      })
  })
  return () => count
}

/** Signs in at Latchkey and allows; ends at the app, which shows who it is. */
export async function enterAt(page: Page, person: { username: string; email: string }): Promise<void> {
  await signIn(page, person.username)
  await allow(page)
  await page.getByText(person.email).first().waitFor()
  await page.getByText(person.username).first().waitFor()
}

/** Signs out at the app and, where Latchkey asks, there; ends at the app, which knows nobody. */
export async function leaveAt(page: Page, press_: () => Promise<unknown>, home: string): Promise<void> {
  await press_()
  const question = page.getByRole('heading', { level: 1, name: 'Sign out?' })
  await question.or(page.getByText('Sign in').first()).waitFor()
  if (await question.isVisible()) await press(page, 'Sign out')
  await page.getByText('Sign in').first().waitFor()
  if (!page.url().startsWith(home)) throw new Error(`signed out at ${page.url()}`)
}
