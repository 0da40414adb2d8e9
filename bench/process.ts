import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Pauses } from './watch.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Linux' tool for pinning a process to a core (taskset(1)). */
const pin = 'taskset'

/** True when processes can be pinned to a core: servers get the first, the load gets the second. */
export const canPin = spawnSync(pin, ['-c', '0,1', 'true']).status === 0

/** Pins this process, which makes the load, away from the servers. */
export function pinLoad(): void {
  if (canPin) spawnSync(pin, ['-a', '-c', '-p', '1', String(process.pid)])
}

const node = (file: string, options: readonly string[] = []): [string, string[]] =>
  canPin ? [pin, ['-c', '0', process.execPath, ...options, file]] : [process.execPath, [...options, file]]

/** What `npm start` runs: the file, and Node's options before it. */
export function startCommand(): { file: string; options: string[] } {
  const { scripts } = startScript.parse(JSON.parse(readFileSync(`${root}package.json`, 'utf8')))
  const [, ...words] = scripts.start.split(' ')
  return { file: words.at(-1) ?? '', options: words.slice(0, -1) }
}

const startScript = z.object({
  scripts: z.object({ start: z.string().regex(/^node (--\S+ )*bin\/start\.mjs$/) }),
})

const WATCH = new URL('watch.ts', import.meta.url).href

/** What a server is asked by `watch.ts` inside it. */
export type Question = 'pauses' | 'profile' | 'profiled'

export interface ServerProcess {
  issuer: string
  /** Milliseconds from spawn to the first 200 that says it is ready. */
  readyAfter: number
  /** Milliseconds from spawn to the log line that says it listens; undefined when that is not logged. */
  listeningAfter: number | undefined
  /** MiB of resident memory; undefined where the system does not tell. */
  memory(): number | undefined
  /** Milliseconds of CPU time used so far, all threads; undefined where the system does not tell. */
  cpu(): number | undefined
  /** Bytes that it had written to disk so far; undefined where the system does not tell. */
  written(): number | undefined
  /** Its pauses since it was last asked for them; or for a profile to begin, and to end. */
  ask(question: 'pauses'): Promise<Pauses>
  ask(question: 'profile' | 'profiled'): Promise<unknown>
  stop(): Promise<void>
}

const KIB_PER_MIB = 1024
/** Linux' USER_HZ: 100 a second on every architecture that Node runs on. */
const MS_PER_TICK = 10

function proc(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

function cpuTime(pid: number | undefined): number | undefined {
  // The process' name, in parentheses, may hold spaces: fields are counted from behind it (proc_pid_stat(5)).
  const fields = proc(pid, 'stat')?.split(') ').at(-1)?.split(' ')
  return fields && (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}

/** Asks until the answer is 200, every few milliseconds: a port that does not listen yet gives no event to wait for. */
async function answers(url: URL, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(url, { signal }).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200) return
    signal.throwIfAborted()
    await setTimeout(5)
  }
}

export interface StartOptions {
  file: string
  /** Node's own. */
  options?: readonly string[]
  env: NodeJS.ProcessEnv
  issuer: string
  /** Answers 200 once the server is ready. */
  readyPath: string
}

/**
 * Starts a server and waits until it is ready.
 * @throws Error with the end of its output when it exits first, or is not ready within 20 seconds
 */
export async function startProcess({
  file,
  options,
  env,
  issuer,
  readyPath,
}: StartOptions): Promise<ServerProcess> {
  const [command, args] = node(file, [...(options ?? []), '--import', WATCH])
  const startedAt = performance.now()
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const output: string[] = []
  let listeningAfter: number | undefined
  const keep = (line: string) => {
    if (line.includes('"msg":"listening"')) listeningAfter = performance.now() - startedAt
    output.push(line)
    if (output.length > 20) output.shift()
  }
  for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', keep)
  const exited = new Promise<void>((settle) => child.once('exit', () => settle()))
  const failed = new AbortController()
  child.once('error', (error) => failed.abort(error))
  exited.then(() => failed.abort(new Error(`${file} ended`)))
  try {
    await answers(new URL(readyPath, issuer), AbortSignal.any([failed.signal, AbortSignal.timeout(20_000)]))
  } catch (cause) {
    child.kill('SIGKILL')
    throw new Error(`${file} did not start:\n${output.join('\n')}`, { cause })
  }
  return {
    issuer,
    readyAfter: performance.now() - startedAt,
    listeningAfter,
    memory() {
      const kib = /VmRSS:\s+(\d+)/.exec(proc(child.pid, 'status') ?? '')?.[1]
      return kib === undefined ? undefined : Number(kib) / KIB_PER_MIB
    },
    cpu: () => cpuTime(child.pid),
    written() {
      const bytes = /^write_bytes: (\d+)/m.exec(proc(child.pid, 'io') ?? '')?.[1]
      return bytes === undefined ? undefined : Number(bytes)
    },
    async ask(question: Question) {
      const answered = once(child, 'message')
      child.send(question)
      return (await answered)[0]
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Runs a program of this folder on the servers' core and returns the JSON that it prints. */
export function runPinned(file: string, env: NodeJS.ProcessEnv = process.env): Promise<unknown> {
  const [command, args] = node(file)
  return new Promise((settle, fail) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('error', fail)
    child.once('close', (status) => {
      if (status === 0) settle(JSON.parse(output))
      else fail(new Error(`${file} ended with ${status}`))
    })
  })
}
