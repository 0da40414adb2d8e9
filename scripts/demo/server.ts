import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface RunningServer {
  issuer: string
  exited: Promise<number | null>
  stop(): Promise<void>
}

function logLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/**
 * Starts `bin/start.mjs` and waits until it listens. Its log goes to a file; what it says to people (such as the
 * set-up link of a first start) is passed on.
 * @throws Error when it ends before it listens; it has said why itself
 */
export function startServer(env: NodeJS.ProcessEnv, logFile: string): Promise<RunningServer> {
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  // Its own process group: Ctrl+C reaches this script, which then stops the server itself.
  const child = spawn(process.execPath, ['bin/start.mjs'], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>((settle) => {
    child.once('exit', (code) => settle(code))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return new Promise((settle, fail) => {
    child.once('error', fail)
    exited.then((code) => fail(new Error(`Latchkey did not start (exit status ${code}).`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = logLine(line)
      if (!entry) return console.log(line)
      log.write(`${line}\n`)
      if (entry.msg === 'listening') settle({ issuer: String(entry.issuer), exited, stop })
    })
  })
}
