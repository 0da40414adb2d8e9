import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobGrant, jobs } from '../support/job.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { freshDatabase } from '../support/postgres.ts'
import { bystander, withServices } from './installation.ts'
import { latchkey, type ServerProcess, startServer } from './server-process.ts'

const ISSUER = 'http://localhost:9999'

describe.each(engines)('several processes on one %s', (engine) => {
  let env: Record<string, string> = {}
  let servers: ServerProcess[] = []
  beforeAll(async () => {
    env = {
      DATA_DIR: mkdtempSync(join(tmpdir(), 'latchkey-neighbours-')),
      ISSUER,
      ...(engine === 'postgresql' && { DATABASE_URL: await freshDatabase(inject('postgresUrl')) }),
    }
    // At once, on nothing.
    servers = await Promise.all([startServer(env), startServer(env)])
    await withServices(env, ({ resources }) => resources.add(jobs))
  })
  afterAll(async () => {
    for (const server of servers) expect((await server.stop()).code).toBe(0)
    rmSync(String(env.DATA_DIR), { recursive: true, force: true })
  })

  let turn = 0
  /** Each request goes to another process than the one before. */
  const nextServer: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const address = servers[turn++ % servers.length]?.address ?? ''
    return fetch(new URL(`${url.pathname}${url.search}`, address), init)
  }
  async function cli<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await latchkey([...args, '--json'], env)
    if (code !== 0) throw new Error(`latchkey ${args.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }
  const createMachine = () => {
    const metadata = ['--name', 'Job', '--grant', 'client_credentials', '--scope', jobs.scope]
    return cli<{ client_id: string; client_secret: string }>('clients', 'create', ...metadata)
  }
  const kids = async (server: ServerProcess) => {
    const response = await fetch(`${server.address}/jwks`)
    return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
  }
  const post = (
    server: ServerProcess,
    path: string,
    client: { client_id: string; client_secret: string },
    form: Record<string, string>,
  ) =>
    fetch(`${server.address}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
      body: new URLSearchParams(form),
    })
  const credentials = jobGrant

  test('two servers that start at once on nothing: one migration, one set of keys, one secret; both work', async () => {
    const applied = servers.flatMap(({ stdout }) =>
      stdout.filter((line) => line.includes('migrations applied')),
    )
    // Each server may have applied those of one of the two ledgers.
    const told = applied.reduce(
      (sum, line) => sum + (JSON.parse(line) as { migrations: number }).migrations,
      0,
    )
    const ledger = (sql: string) => bystander(env).column(sql)
    const names = [
      ...(await ledger('SELECT migration_name FROM _prisma_migrations')),
      ...(await ledger('SELECT migration_name FROM _artifact_migrations -- of artifacts')),
    ]
    expect(told).toBe(names.length)
    expect(new Set(names).size).toBe(names.length)
    expect(told).toBeGreaterThan(40)

    const stored = await bystander(env).column('SELECT kid FROM signing_keys ORDER BY kid')
    // RS256, PS256, ES256, EdDSA
    expect(stored).toHaveLength(4)
    for (const server of servers) expect((await kids(server)).sort()).toEqual(stored)

    const client = await createMachine()
    for (const [issuing, checking] of [servers, servers.toReversed()]) {
      if (!issuing || !checking) throw new Error('there are two servers')
      const answer = await post(issuing, '/token', client, credentials)
      const { access_token } = (await answer.json()) as { access_token: string }
      const checked = await post(checking, '/introspect', client, { token: access_token })
      expect(await checked.json()).toMatchObject({ active: true, client_id: client.client_id })
    }
  })

  test('a sign-in whose every request goes to another process than the one before', async () => {
    turn = 0
    const redirect_uri = 'http://127.0.0.1:9/callback'
    const client = await withServices(env, async ({ accounts, clients }) => {
      const alice = { username: 'alice', email: 'alice@example.com', password: PASSWORD, verified: true }
      await accounts.createByAdmin(alice)
      const grant_types = ['authorization_code', 'refresh_token']
      return clients.create({ client_name: 'Split', redirect_uris: [redirect_uri], grant_types })
    })
    const browser = createHttpBrowser({ stopAt: [redirect_uri], fetch: nextServer })
    const secret = String(client.client_secret)
    const { issuer, ...endpoints } = (await (
      await nextServer(`${ISSUER}/.well-known/openid-configuration`)
    ).json()) as oidc.ServerMetadata
    const party = new oidc.Configuration({ ...endpoints, issuer }, client.client_id, secret)
    oidc.allowInsecureRequests(party)
    party[oidc.customFetch] = (url, init) => nextServer(url, init as RequestInit)
    const verifier = oidc.randomPKCECodeVerifier()
    const signIn = await browser.open(
      oidc.buildAuthorizationUrl(party, {
        redirect_uri,
        scope: 'openid',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    )
    const consent = await browser.signIn(signIn, { identifier: 'alice', password: PASSWORD })
    const back = await browser.allow(consent)
    const tokens = await oidc.authorizationCodeGrant(party, back.url, {
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    })
    const refreshed = await oidc.refreshTokenGrant(party, String(tokens.refresh_token))
    expect(await oidc.tokenIntrospection(party, refreshed.access_token)).toMatchObject({ active: true })
    const account = await browser.open(`${ISSUER}/account`)
    expect(account.text).toContain('Signed in as alice')
    expect(turn).toBeGreaterThan(8)
  })

  test('the command line beside running servers: what it changes is seen at once, by each', async () => {
    const [server] = servers
    if (!server) throw new Error('there are two servers')
    const client = await createMachine()
    expect((await post(server, '/token', client, credentials)).status).toBe(200)

    const api = 'https://api.example.com'
    await cli('resources', 'add', '--identifier', api, '--scope', 'read')
    await cli('clients', 'update', client.client_id, '--scope', 'read')
    const token = async () => {
      const answer = await post(server, '/token', client, { ...credentials, resource: api, scope: 'read' })
      return (await answer.json()) as { access_token?: string; scope?: string }
    }
    await eventually(async () => (await token()).scope === 'read')
    const before = decodeProtectedHeader(String((await token()).access_token))

    await cli('keys', 'rotate', '--now')
    await eventually(async () => {
      const { kid } = decodeProtectedHeader(String((await token()).access_token))
      const published = await kids(server)
      // A server that looks between the two has the new key before it has lost the old one.
      return published.includes(String(kid)) && !published.includes(String(before.kid))
    })

    const created = await latchkey(
      [
        'users',
        'create',
        '--username',
        'bob',
        '--email',
        'bob@example.com',
        '--verified',
        '--password-stdin',
      ],
      env,
      { stdin: PASSWORD },
    )
    expect(created.code).toBe(0)
    const browser = createHttpBrowser({ fetch: nextServer })
    const login = await browser.open(`${ISSUER}/login`)
    const account = await browser.signIn(login, { identifier: 'bob', password: PASSWORD })
    expect(account.url.pathname).toBe('/account')
    await cli('users', 'disable', 'bob')
    await eventually(async () => (await browser.open(`${ISSUER}/account`)).url.pathname === '/login')
    const again = await browser.signIn(await browser.open(`${ISSUER}/login`), {
      identifier: 'bob',
      password: PASSWORD,
    })
    expect(again.status).toBe(401)

    await cli('clients', 'delete', client.client_id)
    for (const each of servers)
      await eventually(async () => (await post(each, '/token', client, credentials)).status === 401)
  })
})
