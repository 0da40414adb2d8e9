import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { createInstallation } from '../cli/harness.ts'
import { withServices } from '../operations/installation.ts'
import { startServer } from '../operations/server-process.ts'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { discover } from '../support/relying-party.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const CALLBACK = 'https://app.example/callback'
const running: Latchkey[] = []
afterAll(() => Promise.all(running.map((each) => each.stop())))

async function start(options: Parameters<typeof startLatchkey>[0] = {}): Promise<Latchkey> {
  const latchkey = await startLatchkey(options)
  running.push(latchkey)
  return latchkey
}

async function signIn({ issuer }: Latchkey, identifier: string, password = PASSWORD) {
  const browser = createHttpBrowser({ stopAt: [CALLBACK] })
  const page = await browser.signIn(await browser.open(`${issuer}/login?return_to=/account`), {
    identifier,
    password,
  })
  return { browser, page }
}

const entries = async ({ services }: Latchkey, action: string) => {
  await services.audit.idle()
  return (await services.audit.list({ action })).items
}

describe.each(engines)('on %s', (engine) => {
  test('who did what to what, from where: people, apps, administrators', async () => {
    const latchkey = await start({ engine })
    const { services, issuer } = latchkey
    const ada = await latchkey.createUser('ada')
    const client = await latchkey.createClient({ client_name: 'Books' })

    await signIn(latchkey, 'ada', 'not the password')
    expect((await entries(latchkey, 'account.sign_in_failed'))[0]).toMatchObject({
      actor: { kind: 'anonymous' },
      target: { kind: 'account', id: ada.id, name: 'ada' },
      address: expect.stringMatching(/127\.0\.0\.1|::1/),
      requestId: expect.any(String),
      details: { reason: 'wrong' },
    })
    const { browser, page } = await signIn(latchkey, 'ada')
    expect((await entries(latchkey, 'account.signed_in'))[0]).toMatchObject({
      actor: { kind: 'account', id: ada.id, name: 'ada' },
      target: { id: ada.id },
    })

    const saved = await browser.submit(page, { 'First name': 'Ada' }, { button: 'Save profile' })
    expect((await entries(latchkey, 'account.profile_changed'))[0]).toMatchObject({
      actor: { kind: 'account', id: ada.id, name: 'ada' },
      details: { before: { given_name: null }, after: { given_name: 'Ada' } },
    })

    await browser.submit(saved, {}, { button: 'Save profile' })
    expect(await entries(latchkey, 'account.profile_changed'), 'saved as it was').toHaveLength(1)

    const rp = await discover({
      issuer,
      clientId: client.client_id,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
      redirectUri: client.redirect_uri,
    })
    const app = createHttpBrowser({ stopAt: [client.redirect_uri] })
    const request = await rp.authorize({ scope: 'openid email' })
    const consent = await app.signIn(await app.open(request.url), { identifier: 'ada', password: PASSWORD })
    const tokens = await rp.callback((await app.allow(consent)).url, request)
    expect((await entries(latchkey, 'consent.allowed'))[0]).toMatchObject({
      actor: { kind: 'account', id: ada.id, name: 'ada' },
      target: { kind: 'client', id: client.client_id, name: 'Books' },
      details: { after: { scopes: expect.arrayContaining(['openid', 'email']) } },
    })
    await rp.revoke(tokens.refresh_token ?? tokens.access_token)
    await eventually(async () => (await entries(latchkey, 'token.revoked')).length > 0)
    expect((await entries(latchkey, 'token.revoked'))[0]).toMatchObject({
      actor: { kind: 'client', id: client.client_id, name: 'Books' },
      details: { reason: 'revocation_endpoint', accountId: ada.id },
    })

    await services.clients.update(client.client_id, { client_name: 'Books and more' })
    await services.clients.delete(client.client_id)
    expect((await entries(latchkey, 'client.updated'))[0]).toMatchObject({
      actor: { kind: 'server' },
      details: { before: { client_name: 'Books' }, after: { client_name: 'Books and more' } },
    })
    expect((await entries(latchkey, 'client.deleted'))[0]).toMatchObject({
      target: { name: 'Books and more' },
      details: { before: { redirect_uris: [client.redirect_uri] } },
    })
    expect(await services.audit.verify()).toMatchObject({ ok: true })
  })

  test('what is saved as it was leaves no entry: users, clients, APIs, providers', async () => {
    const latchkey = await start({ engine })
    const { accounts, clients, providers, resources } = latchkey.services
    const { id } = await latchkey.createUser()
    const { client_id } = await latchkey.createClient({ client_name: 'Books' })
    await resources.add({ identifier: 'https://api.example', scope: 'read', name: 'API' })
    const upstream = { kind: 'oidc', id: 'corp', client_id: 'x', client_secret: 'y' }
    await providers.add({ ...upstream, settings: { issuer: 'http://127.0.0.1:9' } })
    const save = async (name: string | null) => {
      await accounts.updateByAdmin(id, { givenName: name })
      await clients.update(client_id, { client_name: name ?? 'Books' })
      await resources.update('https://api.example', { name: name ?? 'API' })
      await providers.update('corp', { name: name ?? 'corp' })
    }
    const counts = () =>
      Promise.all(
        ['account.profile_changed', 'client.updated', 'resource.updated', 'provider.updated'].map(
          async (action) => (await entries(latchkey, action)).length,
        ),
      )
    await save('New')
    expect(await counts()).toEqual([1, 1, 1, 1])
    await save('New')
    expect(await counts()).toEqual([1, 1, 1, 1])
  })

  test('no secret is in any entry', async () => {
    const latchkey = await start({ engine })
    const { services } = latchkey
    await latchkey.createUser('grace')
    const client = await latchkey.createClient()
    const rotated = await services.clients.rotateSecret(client.client_id)
    const provider = 'GOCSPX-provider-secret-of-this-test'
    await services.providers.add({
      kind: 'github',
      id: 'hub',
      name: 'Hub',
      client_id: 'Iv1.8a61f9b3a7aba766',
      client_secret: provider,
    })
    await services.providers.disable('hub')
    await services.providers.remove('hub')
    const { browser } = await signIn(latchkey, 'grace')
    const page = await browser.open(`${latchkey.issuer}/account/security`)
    const changed = 'heron-lamp-93-cellar'
    const fields = { 'Current password': PASSWORD, 'New password': changed }
    await browser.submit(page, fields, { button: 'Change password' })
    await services.keys.rotate()
    await services.accounts.forgot('grace@example.com', {})
    const { link } = await latchkey.mailTo('grace@example.com')
    await services.audit.idle()

    const actions = (await services.audit.list({}, { limit: 100 })).items.map(({ action }) => action)
    expect(actions).toEqual(
      expect.arrayContaining([
        'account.password_changed',
        'client.secret_rotated',
        'key.created',
        'provider.removed',
      ]),
    )
    const rows = JSON.stringify(await services.db.reads.all('SELECT * FROM audit_entries'))
    const hashes = await services.db.reads.all<{ value: string }>(
      'SELECT hash AS value FROM client_secrets UNION ALL SELECT password_hash FROM accounts UNION ALL SELECT sealed_jwk FROM signing_keys',
    )
    const secrets = [
      PASSWORD,
      changed,
      provider,
      client.client_secret,
      rotated.client_secret,
      link.searchParams.get('token'),
      ...[...hashes].map(({ value }) => value),
    ]
    for (const secret of secrets) {
      expect(secret).toEqual(expect.stringMatching(/.{12}/))
      expect(rows).not.toContain(secret)
    }
  })

  test('killed right after it answered, the server has the entry on disk', async () => {
    const port = await freePort()
    const latchkey = await start({ engine })
    const env = { ...latchkey.env, PORT: String(port), ISSUER: `http://localhost:${port}`, HOST: 'localhost' }
    await latchkey.createUser('linus')
    const server = await startServer(env)
    const { browser, page } = await signIn({ ...latchkey, issuer: `http://localhost:${port}` }, 'linus')
    const prepared = browser.prepare(page, { 'First name': 'Linus' }, { button: 'Save profile' })
    expect((await browser.send(prepared)).status).toBe(303)
    await server.kill()
    expect((await entries(latchkey, 'account.profile_changed'))[0]).toMatchObject({
      details: { after: { given_name: 'Linus' } },
    })
  })

  test('killed right after it answered, the command line has the entry on disk', async () => {
    const latchkey = await start({ engine })
    const args = [
      MAIN,
      'clients',
      'create',
      '--name',
      'From the shell',
      '--redirect-uri',
      'https://app.example/cb',
    ]
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...latchkey.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    expect((await entries(latchkey, 'client.created'))[0]).toMatchObject({
      actor: { kind: 'command_line', name: expect.any(String) },
      target: { name: 'From the shell' },
    })
  })
})

/** Tokens of the scope offline_access, of a browser that is signed in. */
async function tokensOf(latchkey: Latchkey, browser: HttpBrowser) {
  const client = await latchkey.createClient({ redirect_uris: [CALLBACK], first_party: true })
  const party = await discover({
    issuer: latchkey.issuer,
    clientId: client.client_id,
    auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
    redirectUri: CALLBACK,
  })
  const request = await party.authorize({ scope: 'openid offline_access', prompt: 'consent' })
  let page = await browser.open(request.url)
  if (page.forms.length > 0) page = await browser.submit(page, {}, { button: 'Allow' })
  return { party, tokens: await party.callback(page.url, request) }
}

/** Acts whose answers are ours, and acts whose answers the protocol library sends by itself. What each returns is done at once. */
interface Act {
  action: string
  /** Of the entry. */
  actor: 'account' | 'client'
  prepare(latchkey: Latchkey): Promise<() => Promise<unknown>>
}

const ACTS: Record<string, Act> = {
  'a sign-in': {
    action: 'account.signed_in',
    actor: 'account',
    prepare: async (latchkey) => () => signIn(latchkey, 'barbara'),
  },
  'a sign-out in the library': {
    action: 'session.ended',
    actor: 'account',
    async prepare(latchkey) {
      const { browser } = await signIn(latchkey, 'barbara')
      const page = await browser.open(`${latchkey.issuer}/logout`)
      return () => browser.submit(page, {}, { button: 'Sign out' })
    },
  },
  'a revocation': {
    action: 'token.revoked',
    actor: 'client',
    async prepare(latchkey) {
      const { browser } = await signIn(latchkey, 'barbara')
      const { party, tokens } = await tokensOf(latchkey, browser)
      return () => party.revoke(tokens.access_token)
    },
  },
  'a refresh token that comes a second time': {
    action: 'token.revoked',
    actor: 'client',
    async prepare(latchkey) {
      const { browser } = await signIn(latchkey, 'barbara')
      const { party, tokens } = await tokensOf(latchkey, browser)
      const used = String(tokens.refresh_token)
      await party.refresh(used)
      await latchkey.services.db.prisma.$executeRawUnsafe(
        "UPDATE artifacts SET consumed_at = consumed_at - 3600 WHERE model = 'RefreshToken'",
      )
      return () => party.refresh(used).catch(() => undefined)
    },
  },
}

test.each(Object.entries(ACTS))('%s is not acknowledged before its entry is on disk', async (_name, act) => {
  const latchkey = await start({ engine: 'postgresql' })
  const user = await latchkey.createUser('barbara')
  const doIt = await act.prepare(latchkey)
  const before = (await entries(latchkey, act.action)).length
  const holder = new pg.Client({ connectionString: latchkey.env.DATABASE_URL })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query("SELECT * FROM audit_marks WHERE id = 'head' FOR UPDATE")
  let answered = false
  const done = doIt().then(() => {
    answered = true
  })
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%audit_marks%'
    AND datname = current_database()`
  await eventually(async () => (await latchkey.services.db.reads.get(waiting)) !== undefined)
  // Pages that leave nothing behind are answered in between.
  expect((await fetch(`${latchkey.issuer}/health/live`)).status).toBe(200)
  expect(answered).toBe(false)
  await holder.query('COMMIT')
  await holder.end()
  await done
  // Without waiting for the log: it was waited for.
  const { items } = await latchkey.services.audit.list({ action: act.action })
  expect(items.length).toBe(before + 1)
  const id = act.actor === 'account' ? user.id : expect.any(String)
  expect(items[0]?.actor).toMatchObject({ kind: act.actor, id })
})

test('an act whose entry cannot be written is not acknowledged', async () => {
  const latchkey = await start()
  await latchkey.createUser('donald')
  const { browser } = await signIn(latchkey, 'donald')
  const { party, tokens } = await tokensOf(latchkey, browser)
  await latchkey.services.audit.idle()
  await latchkey.services.db.prisma.$executeRawUnsafe('ALTER TABLE audit_entries RENAME TO away')
  const { page } = await signIn(latchkey, 'donald')
  expect(page.status).toBeGreaterThanOrEqual(500)
  const refused: unknown = await party.revoke(tokens.access_token).catch((error: unknown) => error)
  expect(refused).toMatchObject({ cause: { status: 500 } })
  expect(latchkey.log.join()).toContain('an entry of the audit log could not be written')
})

test('the head is logged at an orderly stop', async () => {
  const latchkey = await startLatchkey()
  await latchkey.createUser()
  await latchkey.services.audit.idle()
  const head = await latchkey.services.audit.head()
  await latchkey.stop()
  expect(latchkey.log.map((line) => JSON.parse(line).audit_head)).toContain(head)
})

test('audit verify says what is wrong and ends with status 1; list and export give what there is', async () => {
  const installation = await createInstallation()
  const { run } = installation
  await run(['clients', 'create', '--name', 'Shell', '--redirect-uri', 'https://app.example/cb'])
  const good = await run(['audit', 'verify', '--json'])
  expect(good).toMatchObject({ status: 0 })
  const { head } = good.json() as { head: string }
  expect(await run(['audit', 'verify', '--head', head])).toMatchObject({ status: 0 })
  expect(await run(['audit', 'verify', '--head', '1:nonsense'])).toMatchObject({ status: 1 })
  const listed = await run(['audit', 'list', '--action', 'client.'])
  expect(listed.stdout).toContain('registered the client Shell')
  expect((await run(['audit', 'export', '--format', 'csv', '--actor', 'command_line'])).stdout).toMatch(
    /^seq,time,action,.*\r\n.*client\.created/s,
  )
  expect(await run(['audit', 'export', '--format', 'xml'])).toMatchObject({ status: 1 })
  await withServices({ DATA_DIR: installation.dataDir }, ({ db }) =>
    db.prisma.$executeRawUnsafe(
      "UPDATE audit_entries SET actor_name = 'nobody' WHERE action = 'client.created'",
    ),
  )
  const bad = await run(['audit', 'verify'])
  expect(bad).toMatchObject({ status: 1 })
  expect(bad.stdout).toMatch(/entry \d+ is not what was written there/)
  await installation.remove()
})
