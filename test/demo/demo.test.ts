import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { freePort } from '../support/ports.ts'

let dataDir: string
let ports: { PORT: string; DEMO_APP_PORT: string }
let running: (() => Promise<number | null>)[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'latchkey-demo-'))
  ports = { PORT: String(await freePort()), DEMO_APP_PORT: String(await freePort()) }
})
afterEach(async () => {
  await Promise.all(running.map((stop) => stop()))
  running = []
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

/** Starts the demo and reads what it says until it says how to stop it, or ends. */
async function startDemo() {
  const env = { ...process.env, ...ports, DATA_DIR: dataDir }
  const child = spawn(process.execPath, ['scripts/demo.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit').then(([code]): number | null => code)
  const lines: string[] = []
  const errors: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
  const ready = new Promise<void>((settle) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.includes('Stop with Ctrl+C')) settle()
    })
  })
  const stop = () => {
    child.kill('SIGTERM')
    return exited
  }
  running.push(stop)
  await Promise.race([ready, exited])
  const field = (name: string) => new RegExp(`^ {2}${name} {2,}(\\S+)`, 'm').exec(lines.join('\n'))?.[1] ?? ''
  return { stop, exited, errors, field }
}

test('npm run demo: everything is registered, sign-in works, and it stops without a trace', async () => {
  const demo = await startDemo()
  const credentials = { identifier: demo.field('Sign in as'), password: demo.field('Password') }
  expect(demo.errors.join('\n')).not.toMatch(/error/i)

  const browser = createHttpBrowser()
  const form = await browser.follow(await browser.open(demo.field('The web app')), 'Sign in')
  expect(form.url.origin).toBe(demo.field('Latchkey'))
  const page = await browser.allow(await browser.signIn(form, credentials))
  expect(page.text).toContain('Hello, demo')
  expect(page.text).toContain('"email_verified": true')
  expect((await browser.submit(page, {}, { button: 'Refresh now' })).text).toContain(
    'The tokens were renewed.',
  )

  for (const file of ['demo-client.json', 'demo-user.json']) {
    expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600)
  }
  expect(await demo.stop()).toBe(0)
  await expect(fetch(demo.field('Latchkey'))).rejects.toThrow()
  await expect(fetch(demo.field('The web app'))).rejects.toThrow()
  expect(await readFile(join(dataDir, 'demo.log'), 'utf8')).not.toContain(credentials.password)
})

test('a second start uses the client and the user of the first', async () => {
  const before = await readFile(join(dataDir, 'demo-client.json'), 'utf8')
  const { password } = JSON.parse(await readFile(join(dataDir, 'demo-user.json'), 'utf8'))
  const demo = await startDemo()
  expect(await readFile(join(dataDir, 'demo-client.json'), 'utf8')).toBe(before)
  expect(demo.field('Password')).toBe(password)
})

test('a taken port ends it with a message', async () => {
  await startDemo()
  const second = await startDemo()
  expect(await second.exited).toBe(1)
  expect(second.errors.join('\n')).toContain(`Port ${ports.PORT}, which Latchkey needs, is taken`)
})
