import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { afterThisFile } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { discover } from '../support/relying-party.ts'
import { latchkey, runProgram } from './server-process.ts'

const PASSWORD = 'marmot ladder quartz ninety'
const API = 'https://books.example'
const CALLBACK = 'http://127.0.0.1:9/callback'

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

/** Says at its end which modules a command has loaded. */
const TELL_AT_END = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
process.once('exit', () => console.log(JSON.stringify({ loaded })))
`

/** What a server holds in memory for good once it is loaded, and most servers need later or never. */
const LATER = [
  // 21 MiB: the first change by hand.
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
  // What Fastify checks JSON Schema by: every schema here is zod's.
  'ajv-compiler',
  'fast-json-stringify-compiler',
]

/** What answers requests: no command does. */
const OF_REQUESTS = ['/oidc-provider/', '/koa/', '/fastify/']

/** What reads and writes configuration files. Of a server it is loaded by @fastify/swagger. */
const OF_FILES = ['/yaml/']

/** A new folder of data, and the environment of a server that says what it has loaded. */
function newFolder() {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'))
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }))
  const tell = join(dataDir, 'tell.mjs')
  writeFileSync(tell, TELL)
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir }
  return { env, telling: { ...env, NODE_OPTIONS: `--import=${tell}` } }
}

const words = (text: string) => text.split(' ')

const createAda = (env: Record<string, string>) =>
  latchkey(
    words('users create --username ada --email ada@example.com --admin --verified --password-stdin'),
    env,
    { stdin: PASSWORD },
  )

/** Starts a server, asks it for some pages, and then for what it has loaded. @param use what else is done with it */
async function startAndTell(
  env: Record<string, string>,
  paths: string[],
  use?: (issuer: string) => Promise<void>,
) {
  const run = runProgram('src/server.ts', env)
  const { address, issuer } = await run.logged(({ msg }) => msg === 'listening')
  for (const path of paths) expect((await fetch(`${address}${path}`)).status, path).toBe(200)
  await use?.(String(issuer))
  run.child.kill('SIGUSR2')
  const told = await run.logged((line) => Array.isArray(line.loaded))
  run.child.kill('SIGTERM')
  await run.ended
  return { loaded: told.loaded as string[], clients: told.clients }
}

test('a server that is ready has loaded nothing that it may never need', async () => {
  const { env, telling } = newFolder()
  // The second start: what the first one made is there.
  await createAda(env)
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

test('people sign in, and apps get, renew and read tokens, without Prisma', async () => {
  const { env, telling } = newFolder()
  await createAda(env)
  await latchkey(words(`resources add --identifier ${API} --scope read`), env)
  const created = await latchkey(
    [
      ...words(`clients create --name App --redirect-uri ${CALLBACK} --first-party --json`),
      ...words('--grant authorization_code --grant refresh_token --grant client_credentials'),
      ...['--scope', 'openid email offline_access read'],
    ],
    env,
  )
  const { client_id: clientId, client_secret: secret } = JSON.parse(created.stdout)
  const credentials = { identifier: 'ada@example.com', password: PASSWORD }
  const { loaded, clients } = await startAndTell(telling, ['/health/ready'], async (issuer) => {
    const app = await discover({
      ...{ issuer, clientId, redirectUri: CALLBACK },
      auth: { method: 'client_secret_basic', secret },
    })
    const browser = createHttpBrowser({ stopAt: [CALLBACK] })
    // The first time in a new browser, then in a known one; a wrong password, and nobody's.
    for (const name of ['nobody@example.com', 'ada@example.com']) {
      const page = await browser.open(`${issuer}/login`)
      expect((await browser.signIn(page, { identifier: name, password: 'wrong' })).status).toBe(401)
    }
    for (let time = 0; time < 2; time++) {
      const request = await app.authorize({ scope: 'openid email offline_access' })
      let page = await browser.open(request.url)
      if (!page.left) page = await browser.signIn(page, credentials)
      const tokens = await app.callback(page.url, request)
      expect(await app.introspect(tokens.access_token)).toMatchObject({ active: true })
      expect(await app.refresh(String(tokens.refresh_token))).toMatchObject({ token_type: 'bearer' })
      expect(await app.userinfo(tokens.access_token, String(tokens.claims()?.sub))).toMatchObject({
        email: 'ada@example.com',
      })
      expect((await browser.open(`${issuer}/account`)).status).toBe(200)
      const out = await browser.open(`${issuer}/logout`)
      expect((await browser.submit(out, {}, { button: 'Sign out' })).status).toBe(200)
    }
    // Another browser, of which its owner is told by a mail with a link.
    const another = createHttpBrowser()
    await another.signIn(await another.open(`${issuer}/login`), credentials)
    await eventually(() => expect(readdirSync(join(env.DATA_DIR, 'outbox'))).toHaveLength(1))
    expect(await app.clientCredentials({ resource: API })).toMatchObject({ token_type: 'bearer' })
  })
  expect(loaded.filter((url) => url.includes('query_compiler'))).toEqual([])
  expect(clients).toBe(0)
})

test('a command that reads loads neither Prisma nor what answers requests', async () => {
  const { env } = newFolder()
  await createAda(env)
  const tell = join(env.DATA_DIR, 'tell-at-end.mjs')
  writeFileSync(tell, TELL_AT_END)
  // Each one that reads: test/cli/reading.test.ts.
  for (const command of ['keys list', 'users list', 'users list --search ada', 'clients list', 'doctor']) {
    const telling = { ...env, NODE_OPTIONS: `--import=${tell}` }
    const run = runProgram('src/cli/main.ts', telling, { args: words(command) })
    const { loaded } = await run.logged((line) => Array.isArray(line.loaded))
    const urls = loaded as string[]
    expect(urls.length, command).toBeGreaterThan(300)
    const needless = [...LATER, ...OF_REQUESTS, ...OF_FILES].filter((name) =>
      urls.some((url) => url.includes(name)),
    )
    expect(needless, command).toEqual([])
  }
})
