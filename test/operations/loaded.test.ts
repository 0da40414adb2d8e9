import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { afterThisFile } from '../support/cleanup.ts'
import { latchkey, runProgram } from './server-process.ts'

/** Says when asked which modules were loaded, and how many clients of Prisma there are. */
const TELL = `
import { registerHooks } from 'node:module'
import { queryObjects } from 'node:v8'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
process.once('SIGUSR2', async () => {
  const { PrismaClient } = await import(loaded.find((url) => url.endsWith('/generated/sqlite/client.ts')))
  console.log(JSON.stringify({ loaded, clients: queryObjects(PrismaClient, { format: 'count' }) }))
})
`

/** What a server holds in memory for good once it is loaded, and most servers need later or never. */
const LATER = [
  // 31 MiB: the first sign-in, or the first change by hand.
  'query_compiler',
  // 16 MiB: the first password that is chosen.
  '@zxcvbn-ts',
  'nodemailer',
  'simplewebauthn',
  '/pg/',
  '@prometheus-io',
  'ioredis',
  '/qr/',
  'scimmy',
]

/** A new folder of data, and the environment of a server that says what it has loaded. */
function newFolder() {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'))
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }))
  const tell = join(dataDir, 'tell.mjs')
  writeFileSync(tell, TELL)
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir }
  return { env, telling: { ...env, NODE_OPTIONS: `--import=${tell}` } }
}

/** Starts a server, asks it for some pages, and then for what it has loaded. */
async function startAndTell(env: Record<string, string>, paths: string[]) {
  const run = runProgram('src/server.ts', env)
  const { address } = await run.logged(({ msg }) => msg === 'listening')
  for (const path of paths) expect((await fetch(`${address}${path}`)).status, path).toBe(200)
  run.child.kill('SIGUSR2')
  const told = await run.logged((line) => Array.isArray(line.loaded))
  run.child.kill('SIGTERM')
  await run.ended
  return { loaded: told.loaded as string[], clients: told.clients }
}

test('a server that is ready has loaded nothing that it may never need', async () => {
  const { env, telling } = newFolder()
  // The second start: what the first one made is there.
  await latchkey(
    [
      'users',
      'create',
      '--username',
      'ada',
      '--email',
      'ada@example.com',
      '--admin',
      '--verified',
      '--password-stdin',
    ],
    env,
    { stdin: 'marmot ladder quartz ninety' },
  )
  const { loaded, clients } = await startAndTell(telling, [
    '/health/ready',
    '/.well-known/openid-configuration',
    '/login',
  ])
  expect(loaded.length).toBeGreaterThan(500)
  // Its model of the tables is 2 MiB.
  expect(clients).toBe(0)
  expect(LATER.filter((name) => loaded.some((url) => url.includes(name)))).toEqual([])
})

test('a server without an administrator replaces its set-up link without Prisma', async () => {
  const { env, telling } = newFolder()
  const first = runProgram('src/server.ts', env)
  await first.logged(({ msg }) => msg === 'listening')
  first.child.kill('SIGTERM')
  await first.ended
  const { loaded, clients } = await startAndTell(telling, ['/health/ready'])
  expect(clients).toBe(0)
  expect(LATER.filter((name) => loaded.some((url) => url.includes(name)))).toEqual([])
})
