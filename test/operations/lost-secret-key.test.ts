import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { codeOf } from '../factors/support.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { withServices } from './installation.ts'
import { relyingParty } from './load.ts'
import { latchkey, runProgram, type ServerProcess, startServer } from './server-process.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-lost-key-'))
let server: ServerProcess | undefined
afterAll(async () => {
  await server?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})
const REDIRECT = 'http://127.0.0.1:9/callback'

interface Report {
  status: string
  checks: { name: string; status: string; message: string; remedy?: string }[]
}

test('a lost SECRET_KEY is recovered from as documented: every stop says what to do, and nothing answers 500', async () => {
  const port = await freePort()
  const env = { DATA_DIR: dataDir, PORT: String(port) }
  const issuer = `http://localhost:${port}`
  const cli = (args: string[], stdin?: string) =>
    latchkey(args, env, { ...(stdin !== undefined && { stdin }) })

  // An installation with something of each kind that is under the key.
  const client = await withServices(env, async ({ accounts, clients, factors, providers, db, secrets }) => {
    const alice = { username: 'alice', email: 'alice@example.com', password: PASSWORD, verified: true }
    const { id } = await accounts.createByAdmin({ ...alice, role: 'admin' })
    await providers.add({
      ...{ id: 'github', kind: 'github', client_id: 'Iv1.8a61f9b3a7aba766', client_secret: 'the-old-secret' },
      ...{ name: 'GitHub', keep_tokens: true },
    })
    const bob = { username: 'bob', email: 'bob@example.com', password: PASSWORD, verified: true }
    const owner = await accounts.createByAdmin(bob)
    const setup = await factors.totp.begin(owner.id)
    await factors.totp.confirm(
      { accountId: owner.id, generation: 0 },
      setup.id,
      codeOf(setup.secret, Date.now()),
    )
    const identity = { issuer: 'https://github.com', subject: '1' }
    const sealedTokens = secrets.seal('{"access_token":"x"}', 'upstream tokens of 1 at https://github.com')
    await db.prisma.linkedIdentity.create({
      data: {
        ...identity,
        id: 'linked',
        lastUsedAt: new Date(),
        provider: 'github',
        accountId: id,
        sealedTokens,
        label: 'alice',
      },
    })
    const grant_types = ['authorization_code', 'refresh_token']
    return clients.create({ client_name: 'Lost', redirect_uris: [REDIRECT], grant_types })
  })
  server = await startServer(env)
  const party = await relyingParty(issuer, { ...client, redirect_uri: REDIRECT })
  const browser = createHttpBrowser({ stopAt: [REDIRECT] })
  const before = await party.authorize({ scope: 'openid' })
  const consent = await browser.signIn(await browser.open(before.url), {
    identifier: 'alice',
    password: PASSWORD,
  })
  await party.callback((await browser.allow(consent)).url, before)
  const halfWay = await party.authorize({ scope: 'openid' })
  const stranger = createHttpBrowser({ stopAt: [REDIRECT] })
  const signInPage = await stranger.open(halfWay.url)
  expect((await server.stop()).code).toBe(0)

  rmSync(join(dataDir, 'secret.key'))

  // It does not start, and says where to look.
  const refused = runProgram('bin/start.mjs', { HOST: '127.0.0.1', ...env })
  expect((await refused.ended).code).toBe(1)
  expect(refused.stderr.join('\n')).toMatch(/SECRET_KEY .* is not the one .*npm run -s latchkey -- doctor/s)

  // doctor names each thing, with its way out.
  const sick = JSON.parse((await cli(['doctor', '--json'])).stdout) as Report
  const remedies = Object.fromEntries(
    sick.checks.filter(({ status }) => status !== 'ok').map((each) => [each.name, each.remedy]),
  )
  expect(remedies).toMatchObject({
    'signing keys': expect.stringContaining('keys rotate --now'),
    'sign-in providers': expect.stringContaining('providers reset-secret github --secret-stdin'),
    'kept tokens': expect.stringContaining('sign in the next time'),
    'authenticator apps': expect.stringContaining('recovery code'),
    'audit log': expect.stringContaining('audit re-anchor'),
  })

  // Nothing else is done with another key than that of the database: it could only do harm.
  for (const args of [
    ['audit', 'verify'],
    ['clients', 'list'],
    ['providers', 'show', 'github'],
    ['keys', 'rotate'],
  ])
    expect(await cli(args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/SECRET_KEY .* is not the one of this database[\s\S]*latchkey.* doctor/),
    })

  expect((await cli(['keys', 'rotate', '--now'])).code).toBe(0)
  // Until it is put right, each fails with a word for itself.
  expect(await cli(['providers', 'tokens', 'github', 'alice'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('sealed under another SECRET_KEY'),
  })
  expect((await cli(['providers', 'show', 'github'])).stdout).toContain('sealed under another SECRET_KEY')
  expect(await cli(['providers', 'test', 'github'])).toMatchObject({ code: 1 })
  expect(await cli(['audit', 'verify'])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('written under another SECRET_KEY'),
  })

  server = await startServer(env)

  // With the provider's secret still lost: people are told, and the console shows it.
  const login = await stranger.open(`${issuer}/login`)
  const elsewhere = await stranger.submit(login, {}, { button: 'Continue with GitHub' })
  expect(elsewhere.status).toBe(503)
  expect(elsewhere.text).toContain('not possible at the moment')
  // Browsers that come with cookies of before sign in again, and go on.
  expect((await browser.open(`${issuer}/account`)).url.pathname).toBe('/login')
  const again = await stranger.signIn(signInPage, { identifier: 'alice', password: PASSWORD })
  expect(again.status).toBeLessThan(500)
  const request = await party.authorize({ scope: 'openid' })
  const asked = await browser.signIn(await browser.open(request.url), {
    identifier: 'alice',
    password: PASSWORD,
  })
  const tokens = await party.callback((await browser.allow(asked)).url, request)
  expect(tokens.id_token).toBeTypeOf('string')
  const apps = await browser.open(`${issuer}/account/apps`)
  expect(apps.text.match(/\bLost\b/g)?.length).toBeLessThanOrEqual(2)
  for (const path of [
    '/admin',
    '/admin/providers',
    '/admin/providers/github',
    '/admin/keys',
    '/admin/audit',
    '/admin/configuration',
  ])
    expect({ path, status: (await browser.open(`${issuer}${path}`)).status }).toEqual({ path, status: 200 })

  expect(
    await cli(['providers', 'reset-secret', 'github', '--secret-stdin'], 'the-new-secret'),
  ).toMatchObject({ code: 0 })
  const there = await stranger.open(`${issuer}/login`)
  expect(await cli(['audit', 're-anchor'])).toMatchObject({ code: 0 })
  const verified = await cli(['audit', 'verify'])
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('anchored anew') })
  expect(there.text).toContain('Continue with GitHub')

  const well = JSON.parse((await cli(['doctor', '--json'])).stdout) as Report
  expect(well.checks.filter(({ status }) => status === 'fail')).toEqual([])
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  expect(server.stdout.filter((line) => /"status":500/.test(line))).toEqual([])
})
