import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobGrant, jobs } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { freshDatabase, type RunningPostgres, startPostgres } from '../support/postgres.ts'
import type { RelyingParty } from '../support/relying-party.ts'
import { withServices } from './installation.ts'
import { relyingParty, type TestClient } from './load.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let postgres: RunningPostgres
let server: ServerProcess
let client: TestClient
let publicId: string
let party: RelyingParty
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-outage-'))

beforeAll(async () => {
  postgres = await startPostgres()
  const env = { DATA_DIR: dataDir, DATABASE_URL: await freshDatabase(postgres.url) }
  client = await withServices(env, async ({ accounts, clients, resources }) => {
    await resources.add(jobs)
    const alice = { username: 'alice', email: 'alice@example.com', password: PASSWORD, verified: true }
    await accounts.createByAdmin(alice)
    const redirect_uri = 'http://127.0.0.1:9/callback'
    const grant_types = ['authorization_code', 'refresh_token', 'client_credentials']
    const created = await clients.create({
      client_name: 'Outage',
      redirect_uris: [redirect_uri],
      grant_types,
      scope: `openid profile email offline_access ${jobs.scope}`,
    })
    const token_endpoint_auth_method = 'none'
    const spa = { client_name: 'In a browser', redirect_uris: [redirect_uri], token_endpoint_auth_method }
    publicId = (await clients.create(spa)).client_id
    return { ...created, redirect_uri }
  })
  server = await startServer(env)
  party = await relyingParty(server.issuer, client)
})
afterAll(async () => {
  await server.kill()
  await postgres.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const basic = () => `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`
const call = (path: string, form: Record<string, string>, authorization = basic()) =>
  fetch(`${server.issuer}${path}`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(form),
  })

/** Nothing that is for the operator only: no driver's words, no SQL, no stack, no address of the database. */
function expectNoDetails(body: string) {
  expect(body).not.toMatch(/ECONN|Prisma|SELECT|postgres|127\.0\.0\.1:|at \w+ \(|node_modules/i)
}

test('while PostgreSQL is away everything says 503 and when to retry; when it is back all goes on by itself', async () => {
  const { access_token } = await party.clientCredentials({ scope: jobs.scope })
  const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
  const request = await party.authorize({ scope: 'openid' })
  const signIn = await browser.open(request.url)
  const visitor = createHttpBrowser()
  const register = await visitor.open(`${server.issuer}/register`)
  expect(signIn.status).toBe(200)

  await postgres.halt()

  const oauth = [
    () => call('/token', jobGrant),
    () => call('/token', { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) }),
    () => call('/introspect', { token: access_token }),
    () => call('/revoke', { token: access_token }),
    // A public client that knows one way to send its id.
    () =>
      call('/token', { grant_type: 'refresh_token', refresh_token: 'x' }, `Basic ${btoa(`${publicId}:`)}`),
    () => call('/par', { ...Object.fromEntries(request.url.searchParams) }),
    () => fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } }),
  ]
  for (const send of oauth) {
    const response = await send()
    const body = await response.text()
    expect(`${response.status} ${body}`).toMatch(/^503 /)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(JSON.parse(body)).toMatchObject({ error: 'temporarily_unavailable' })
    expectNoDetails(body)
  }

  const pages = [
    () => browser.open(request.url),
    () => browser.open(signIn.url),
    () => browser.signIn(signIn, { identifier: 'alice', password: PASSWORD }),
    () =>
      visitor.submit(
        register,
        { Username: 'bob', Email: 'bob@example.com', Password: PASSWORD },
        { button: 'Create account' },
      ),
    () => browser.open(`${server.issuer}/reset-password?token=${'x'.repeat(43)}`),
  ]
  for (const visit of pages) {
    const page = await visit()
    expect({ url: page.url.pathname, status: page.status }).toMatchObject({ status: 503 })
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.text).toMatch(/try again/i)
    expectNoDetails(page.body)
  }

  const ready = await fetch(`${server.issuer}/health/ready`)
  expect(ready.status).toBe(503)
  const health = (await ready.json()) as { failing: string[] }
  expect(health).toMatchObject({ status: 'unavailable' })
  expect(health.failing).toContain('database')
  for (const path of ['/health/live', '/jwks', '/.well-known/openid-configuration'])
    expect((await fetch(`${server.issuer}${path}`)).status).toBe(200)

  await postgres.resume()

  await eventually(async () => (await fetch(`${server.issuer}/health/ready`)).status === 200)
  expect(await party.introspect(access_token)).toMatchObject({ active: true })
  const consent = await browser.signIn(await browser.open(signIn.url), {
    identifier: 'alice',
    password: PASSWORD,
  })
  const back = await browser.allow(consent)
  expect((await party.callback(back.url, request)).access_token).toBeTypeOf('string')
  expect(server.stderr.filter((line) => /^\s+at |Error/.test(line))).toEqual([])
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})
