import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { conditionHolds, fill } from '../../src/admin/console/snippets/fill.ts'
import { apiValues, type SnippetValues, snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks, type Stack } from '../../src/admin/console/snippets/stack.ts'
import { eventually } from '../support/eventually.ts'
import type { Latchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { dependenciesOf, installedPackages } from './packages.ts'

export interface SnippetOptions {
  /** Of the client, beside redirect URIs; by the address where it will listen. */
  metadata?: Record<string, unknown> | ((url: string) => Record<string, unknown>)
  /** The path of the redirect URI, where the library takes any. */
  path?: string
  /** Beside what the snippet sets itself. */
  env?: Record<string, string>
  /** Files beside those of the snippet, which a framework's own generator makes. */
  files?: Record<string, string>
  /** Shell lines before everything, in the same shell: an environment of Python, say. */
  before?: string
  /**
   * Runs the part `install` too, as it is printed, with what the machine has. Otherwise the packages of
   * `test/connect/package-lock.json` are beside the program.
   */
  install?: boolean
  /** Instead of the part that is called `run`; by the port where it has to listen. */
  run?: (port: number) => string
  /** Until it has to listen, in seconds: 60. */
  patience?: number
}

export interface RunningProgram {
  /** Where it runs. */
  folder: string
  /** What it has printed. */
  output(): string
  /** Resolves when it has printed this in whole lines, with the first group. @throws when it has ended without */
  printed(pattern: RegExp): Promise<string>
  stop(): Promise<void>
}

export interface RunningSnippet extends RunningProgram {
  url: string
  clientId: string
  clientSecret: string | undefined
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
    ...metadataOf(options, url),
  })
  const { client_id: clientId, client_secret: clientSecret } = client
  const program = await run(stack, await valuesOf(latchkey, clientId), {
    ...options,
    secret: clientSecret,
    port,
  })
  return { ...program, url, clientId, clientSecret }
}

/** Registers a client and starts a program with its values that listens nowhere: look at what it prints. */
export async function startProgram(
  latchkey: Latchkey,
  id: string,
  options: SnippetOptions = {},
): Promise<RunningProgram> {
  const client = await latchkey.createClient({ client_name: id, ...metadataOf(options, '') })
  const values = await valuesOf(latchkey, client.client_id)
  return run(stackOf(id), values, { ...options, secret: client.client_secret })
}

/** Adds an API at this address, with a credential for introspection, and runs what protects it, until it listens. */
export async function startApi(
  latchkey: Latchkey,
  id: string,
  { scope, path, ...options }: SnippetOptions & { scope: string; path: string },
): Promise<RunningProgram & { url: string }> {
  const port = await freePort()
  const url = `http://localhost:${port}${path}`
  await latchkey.services.resources.add({ identifier: url, name: id, scope })
  const credential = await latchkey.services.resourceCredentials.add(url)
  const secret = credential.client_secret
  const values = apiValues(latchkey.issuer, { identifier: url, scope })
  const program = await run(stackOf(id), values, {
    ...options,
    port,
    secret,
    pasted: { 'api_…': credential.client_id },
  })
  return { ...program, url }
}

const metadataOf = ({ metadata }: SnippetOptions, url: string) =>
  typeof metadata === 'function' ? metadata(url) : metadata

const valuesOf = async ({ issuer, services }: Latchkey, clientId: string): Promise<SnippetValues> =>
  snippetValues(issuer, await services.clients.get(clientId), (await services.resources.list()).items)

async function run(
  stack: Stack,
  values: SnippetValues,
  options: SnippetOptions & { secret?: string | undefined; pasted?: Record<string, string>; port?: number },
): Promise<RunningProgram> {
  const { id } = stack
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-connect-run-'))
  // People paste the secret where the dots are.
  const shown = stack.parts.filter((part) => part.if === undefined || conditionHolds(part.if, stack, values))
  const parts = shown.map((part) => ({
    ...part,
    text: Object.entries({ ...options.pasted, '…': options.secret ?? '…' }).reduce(
      (text, [dots, pasted]) => text.replaceAll(dots, pasted),
      fill(part.text, stack, values),
    ),
  }))
  const files = {
    ...(!options.install && { 'package.json': dependenciesOf(stack, parts) }),
    ...options.files,
    ...Object.fromEntries(parts.map((part) => [pathOf(part), part.text])),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const packages = options.install ? undefined : join(await installedPackages(), 'node_modules')
  if (packages) await symlink(packages, join(folder, 'node_modules'))
  const textsFor = (purpose: 'install' | 'run') =>
    parts.filter((part) => part.for.includes(purpose) && /\.sh$/.test(part.file)).map(({ text }) => text)
  const script = [
    options.before ?? '',
    ...(options.install ? textsFor('install') : []),
    // A part may be for both.
    ...(options.run
      ? [options.run(options.port ?? 0)]
      : textsFor('run').filter((text) => !options.install || !textsFor('install').includes(text))),
  ].join('\n')

  let output = ''
  const program: ChildProcess = spawn('sh', ['-ec', script], {
    cwd: folder,
    env: {
      // Installing needs what the machine says of proxies and registries.
      ...(options.install && { ...process.env, NODE_ENV: undefined }),
      PATH: [dirname(process.execPath), packages && join(packages, '.bin'), process.env.PATH]
        .filter(Boolean)
        .join(delimiter),
      // What is installed is kept where the tools of the machine keep it.
      HOME: options.install ? homedir() : folder,
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
  const over = ended.then(() => false)
  if (options.port !== undefined) {
    try {
      await listening(options.port, over, options.patience ?? 60)
    } catch {
      await stop()
      throw new Error(`snippets/${id} does not listen:\n${output}`)
    }
  }
  return {
    folder,
    output: () => output,
    async printed(pattern) {
      let going = true
      while (true) {
        // A program may write a line in pieces: Python does, unbuffered.
        const found = pattern.exec(going ? output.slice(0, output.lastIndexOf('\n') + 1) : output)
        if (found) return found[1] ?? found[0]
        if (!going) throw new Error(`never printed ${pattern}:\n${output}`)
        going = await Promise.race([
          new Promise<boolean>((resolve) => program.stdout?.once('data', () => resolve(true))),
          over,
        ])
      }
    },
    stop,
  }
}

/**
 * Resolves as soon as what listens there answers: before it serves, Vite listens for a moment to see whether the port is free, and that accepts connections too.
 * @throws when the program has ended, or after so many seconds
 */
async function listening(port: number, ended: Promise<boolean>, patience: number): Promise<void> {
  let running = true
  void ended.then(() => {
    running = false
  })
  const open = await eventually(async () => {
    const answered = await fetch(`http://localhost:${port}/`, { redirect: 'manual' }).then(
      async (response) => {
        await response.body?.cancel()
        return true
      },
      () => false,
    )
    return answered || (!running && 'ended')
  }, patience * 1000)
  if (open === 'ended') throw new Error('not listening')
}
