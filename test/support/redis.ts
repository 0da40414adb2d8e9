import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.ts'

/** Whether this machine has a Redis server: npm brings none, unlike PostgreSQL. Tests that need one are skipped by name. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

export interface RunningRedis {
  url: string
  stop(): Promise<void>
}

/** A Redis of its own, on the loopback address, that keeps nothing. Resolves when it takes connections. */
export async function startRedis(port?: number): Promise<RunningRedis> {
  const used = port ?? (await freePort())
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-redis-'))
  const flags = { port: used, bind: '127.0.0.1', dir, save: '', appendonly: 'no' }
  const child = spawn(
    'redis-server',
    Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ended = once(child, 'exit')
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said.includes('Ready to accept connections')) break
  }
  child.stdout.resume()
  return {
    url: `redis://127.0.0.1:${used}`,
    async stop() {
      child.kill('SIGKILL')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
