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

test('a server that is ready has loaded nothing that it may never need', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'))
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }))
  const tell = join(dataDir, 'tell.mjs')
  writeFileSync(tell, TELL)
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir }
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
  const run = runProgram('src/server.ts', { ...env, NODE_OPTIONS: `--import=${tell}` })
  const { address } = await run.logged(({ msg }) => msg === 'listening')
  for (const path of ['/health/ready', '/.well-known/openid-configuration', '/login'])
    expect((await fetch(`${address}${path}`)).status, path).toBe(200)
  run.child.kill('SIGUSR2')
  const told = await run.logged((line) => Array.isArray(line.loaded))
  const loaded = told.loaded as string[]
  run.child.kill('SIGTERM')
  await run.ended
  expect(loaded.length).toBeGreaterThan(500)
  // Its model of the tables is 10 MiB.
  expect(told.clients).toBe(0)
  expect(LATER.filter((name) => loaded.some((url) => url.includes(name)))).toEqual([])
})
