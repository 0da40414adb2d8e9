import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fill } from '../../src/admin/console/snippets/fill.ts'
import { snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks, type Stack } from '../../src/admin/console/snippets/stack.ts'
import type { Latchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { dependenciesOf, installedPackages } from './packages.ts'

export interface SnippetOptions {
  /** Of the client, beside redirect URIs. */
  metadata?: Record<string, unknown>
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
  /** Instead of the part that is called `run`. */
  run?: string
  /** Until it has to listen, in seconds: 30. */
  patience?: number
}

export interface RunningSnippet {
  url: string
  clientId: string
  clientSecret: string | undefined
  /** Where it runs. */
  folder: string
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
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-connect-run-'))
  // People paste the secret where the dots are.
  const parts = stack.parts.map((part) => ({
    ...part,
    text: fill(part.text, stack, values).replaceAll('…', client.client_secret ?? '…'),
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
      ? [options.run]
      : textsFor('run').filter((text) => !options.install || !textsFor('install').includes(text))),
  ].join('\n')

  let output = ''
  const program: ChildProcess = spawn('sh', ['-ec', script], {
    cwd: folder,
    env: {
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
  try {
    await listening(
      port,
      ended.then(() => false),
      options.patience ?? 30,
    )
  } catch {
    await stop()
    throw new Error(`snippets/${id} does not listen:\n${output}`)
  }
  return {
    url,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    folder,
    output: () => output,
    stop,
  }
}

/** Resolves as soon as something listens there. @throws when the program has ended, or after so many seconds */
async function listening(port: number, ended: Promise<boolean>, patience: number): Promise<void> {
  const until = Date.now() + patience * 1000
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
