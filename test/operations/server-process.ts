import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { openCliServices } from '../../src/cli/open.ts'
import { run } from '../../src/cli/run.ts'
import { afterThisFile } from '../support/cleanup.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A process of the program with its output, line by line. */
export interface Run {
  child: ChildProcess
  stdout: string[]
  stderr: string[]
  /** Resolves once the process is gone and its output is complete. */
  ended: Promise<Ending>
  /** The first JSON line of the log that fits, also among those already here. Rejects when the process ends first. */
  logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
}

export interface ServerProcess extends Run {
  issuer: string
  /** Where it listens; differs from the issuer when several servers share one. */
  address: string
  /** KiB of resident memory. */
  memory(): number
  kill(): Promise<Ending>
  stop(): Promise<Ending>
}

/** Nothing of the machine's own settings reaches a tested process, but what it takes to run at all. */
const bare = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }

const parsed = (line: string): Record<string, unknown> => {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return {}
  }
}

export interface RunOptions {
  args?: readonly string[]
  /** The program of Node.js; the one of this run unless given. */
  node?: string
  /** Options of Node.js. */
  flags?: readonly string[]
  cwd?: string
  uid?: number
  stdin?: string
}

export function runProgram(file: string, env: Record<string, string>, options: RunOptions = {}): Run {
  const { args = [], node = process.execPath, flags = [], cwd = root, uid, stdin } = options
  const child = spawn(node, [...flags, file, ...args], {
    cwd,
    env: { ...bare, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  afterThisFile(() => child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
  child.stdin.end(stdin)
  const stdout: string[] = []
  const stderr: string[] = []
  const listeners = new Set<(line: string) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout.push(line)
    for (const listener of listeners) listener(line)
  })
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  return {
    child,
    stdout,
    stderr,
    ended,
    logged: (fits) =>
      new Promise((resolve, reject) => {
        const look = (line: string): boolean => {
          const document = parsed(line)
          if (!fits(document)) return false
          listeners.delete(look)
          resolve(document)
          return true
        }
        listeners.add(look)
        for (const line of stdout) if (look(line)) return
        ended.then(
          ({ code, signal }) =>
            reject(new Error(`ended (${signal ?? code}) before that was logged:\n${stderr.join('\n')}`)),
          reject,
        )
      }),
  }
}

/** What `npm start` gives to Node.js: they bound the memory of a server. */
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const START_FLAGS: readonly string[] = scripts.start.split(' ').slice(1, -1)

/** `npm start` without npm: any free port unless the settings name one. Resolves when it listens. */
export async function startServer(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const env = { PORT: '0', HOST: '127.0.0.1', RATE_LIMIT: 'off', ...settings }
  const run = runProgram('bin/start.mjs', env, { flags: START_FLAGS })
  const line = await run.logged(({ msg }) => msg === 'listening')
  const end = (signal: NodeJS.Signals) => () => {
    run.child.kill(signal)
    return run.ended
  }
  return {
    ...run,
    issuer: String(line.issuer),
    address: String(line.address),
    memory: () => residentKiB(run.child.pid),
    kill: end('SIGKILL'),
    stop: end('SIGTERM'),
  }
}

/**
 * The command line on the same installation, in the process of the test: another one than that of the server. What is
 * about the command's own process runs `bin/latchkey.mjs`. `database`: the line that says which one it used.
 */
export async function latchkey(
  args: readonly string[],
  env: Record<string, string>,
  { stdin }: Pick<RunOptions, 'stdin'> = {},
): Promise<{ stdout: string; stderr: string; database: string; code: number }> {
  const said = { stdout: '', stderr: '' }
  const code = await run(args, {
    openServices: openCliServices,
    env: { ...bare, ...env },
    stdin: Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]),
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    fetch,
    clock: Date.now,
  })
  const names = (line: string) => line.startsWith('Database: ')
  const lines = said.stderr.trimEnd().split('\n')
  return {
    stdout: said.stdout.trimEnd(),
    stderr: lines.filter((line) => !names(line)).join('\n'),
    database: lines.filter(names).join('\n'),
    code,
  }
}

function residentKiB(pid: number | undefined): number {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) throw new Error('memory can be read on Linux only')
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1])
}
