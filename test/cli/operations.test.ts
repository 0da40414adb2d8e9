import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretKeyCheck } from '../../src/cli/doctor/checks.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { createInstallation, type Installation } from './harness.ts'

let latchkey: Installation
beforeAll(async () => {
  latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { migrated: false })
})
afterAll(() => latchkey.remove())

const answering = (status: number, body: unknown) =>
  (async () => Response.json(body, { status })) as typeof fetch

describe('latchkey migrate', () => {
  test('says what it applied, then that there is nothing to do', async () => {
    const first = await latchkey.run(['migrate', '--json'])
    expect(first.json()).toEqual({
      applied: expect.arrayContaining([expect.stringMatching(/^\d{14}_init$/)]),
    })
    const second = await latchkey.run(['migrate'])
    expect([second.status, second.stdout]).toEqual([0, 'The database is up to date.\n'])
  })
})

describe('latchkey resources', () => {
  test('add, list, remove', async () => {
    const added = await latchkey.run([
      'resources',
      'add',
      '--identifier',
      'https://api.example',
      '--scope',
      'read write',
      '--json',
    ])
    expect(added.json()).toEqual({
      identifier: 'https://api.example',
      name: 'https://api.example',
      scope: 'read write',
      tokens: 'jwt',
    })
    const list = await latchkey.run(['resources', 'list'])
    expect(list.stdout).toMatch(/https:\/\/api\.example +https:\/\/api\.example +read write +jwt +default/)
    expect(list.stdout).toMatch(/^IDENTIFIER +NAME +SCOPE +TOKENS +TOKEN LIFETIME\n/)
    const removed = await latchkey.run(['resources', 'remove', 'https://api.example'])
    expect(removed.stdout).toBe('https://api.example is removed.\n')
    const again = await latchkey.run(['resources', 'remove', 'https://api.example'])
    expect([again.status, again.stderr]).toEqual([1, 'error: There is no API with this identifier.\n'])
  })

  test('delete is remove too; a credential is named by what it can be; one never used says so in JSON', async () => {
    const api = 'https://short.example'
    await latchkey.run(['resources', 'add', '--identifier', api, '--scope', 'short'])
    await latchkey.run(['resources', 'add-credential', api])
    const { items } = (await latchkey.run(['resources', 'credentials', api, '--json'])).json() as {
      items: object[]
    }
    expect(items).toEqual([expect.objectContaining({ last_used_at: null })])
    const wrong = await latchkey.run(['resources', 'remove-credential', 'api_x'])
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      'error: api_x: is neither the client ID of a credential (api_ and 32 hexadecimal digits) nor the identifier of an API (a URI)\n',
    ])
    expect((await latchkey.run(['resources', 'delete', api])).stdout).toBe(`${api} is removed.\n`)
  })

  test('tells the command that comes next', async () => {
    const { stdout } = await latchkey.run([
      'resources',
      'add',
      '--identifier',
      'urn:example:orders',
      '--scope',
      'orders',
    ])
    expect(stdout).toContain('npm run -s latchkey -- clients update CLIENT_ID --scope "openid orders"')
  })

  test('says everything that is wrong at once', async () => {
    const { status, stderr } = await latchkey.run([
      'resources',
      'add',
      '--identifier',
      'api',
      '--access-token-ttl',
      'x',
    ])
    expect(status).toBe(1)
    for (const option of ['--identifier', '--scope', '--access-token-ttl']) {
      expect(stderr).toMatch(new RegExp(`^error: ${option}: `, 'm'))
    }
  })
})

describe('latchkey keys', () => {
  interface Keys {
    items: { kid: string; alg: string; state: string }[]
  }

  test('list shows a signing key of each algorithm and nothing secret', async () => {
    const outcome = await latchkey.run(['keys', 'list', '--json'])
    const { items } = outcome.json() as Keys
    expect(items.map(({ alg, state }) => `${alg} ${state}`).sort()).toEqual([
      'ES256 signing',
      'EdDSA signing',
      'PS256 signing',
      'RS256 signing',
    ])
    expect(outcome.stdout).not.toMatch(/"d"|sealed|PRIVATE/)
    expect((await latchkey.run(['keys', 'list'])).stdout).toMatch(/^KID +ALG +STATE/)
  })

  test('rotate publishes a new key first; --now takes it at once', async () => {
    const { items } = (await latchkey.run(['keys', 'rotate', '--alg', 'ES256', '--json'])).json() as Keys
    expect(
      items
        .filter(({ alg }) => alg === 'ES256')
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['pending', 'signing'])
    expect(items).toHaveLength(5)
    const now = (await latchkey.run(['keys', 'rotate', '--alg', 'ES256', '--now', '--json'])).json() as Keys
    expect(now.items.filter(({ alg, state }) => alg === 'ES256' && state === 'signing')).toHaveLength(1)
    expect(items.map(({ kid }) => kid)).not.toContain(
      now.items.find(({ alg, state }) => alg === 'ES256' && state === 'signing')?.kid,
    )
  })

  test('refuses an algorithm that is not offered', async () => {
    const { status, stderr } = await latchkey.run(['keys', 'rotate', '--alg', 'HS256'])
    expect([status, stderr]).toEqual([1, 'error: --alg: must be one of RS256, PS256, ES256, EdDSA\n'])
  })
})

describe('latchkey doctor', () => {
  const healthy = answering(200, { issuer: 'https://id.example' })
  const find = (outcome: { json(): unknown }, name: string) => {
    const { checks } = outcome.json() as {
      checks: { name: string; status: string; message: string; remedy?: string }[]
    }
    return checks.find((check) => check.name === name)
  }

  test('says why no page offers passkeys', async () => {
    const run = async (env: Record<string, string>) =>
      find(await latchkey.run(['doctor', '--json'], { fetch: healthy, env }), 'passkeys')
    expect(await run({ ISSUER: 'https://192.0.2.7' })).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('the issuer is an IP address'),
    })
    expect(await run({ ISSUER: 'https://192.0.2.7', PASSKEYS: 'off' })).toMatchObject({ status: 'ok' })
    expect(await run({ ISSUER: 'https://id.example.com' })).toMatchObject({ message: 'of id.example.com' })
  })

  test('tells of stored settings that do not count', async () => {
    const db = await openDatabase({
      databaseUrl: 'file:latchkey.db',
      dataDir: latchkey.dataDir,
      clock: Date.now,
    })
    const document = JSON.stringify({ lockout_failures: { value: 'many', at: 0, by: 'Ada' } })
    await db.prisma.storedSettings.create({ data: { id: 'settings', version: 1, document } })
    await db.close()
    const outcome = await latchkey.run(['doctor', '--json'], { fetch: healthy })
    expect(find(outcome, 'settings')).toEqual({
      name: 'settings',
      status: 'warn',
      message: expect.stringMatching(
        /^stored and not counted: lockout_failures \(must be a whole number.*\)$/,
      ),
      remedy: expect.stringMatching(/settings reset lockout_failures$/),
    })
    await latchkey.run(['settings', 'reset', 'lockout_failures'])
    expect(find(await latchkey.run(['doctor', '--json'], { fetch: healthy }), 'settings')).toMatchObject({
      status: 'ok',
    })
  })

  test('looks at everything', async () => {
    const outcome = await latchkey.run(['doctor', '--json'], { fetch: healthy })
    const { checks, status } = outcome.json() as {
      status: string
      checks: { name: string; status: string }[]
    }
    expect(checks.map((check) => `${check.name}: ${check.status}`)).toEqual([
      'configuration: ok',
      'database: ok',
      'migrations: ok',
      'signing keys: ok',
      'secret key: ok',
      'mail: warn',
      'sign-in providers: ok',
      'administration scopes: ok',
      'scopes of APIs: ok',
      'apps inside: ok',
      'kept tokens: ok',
      'authenticator apps: ok',
      'search of accounts: ok',
      'settings: ok',
      'stolen passwords: ok',
      'passkeys: ok',
      'audit log: ok',
      'public URL: ok',
    ])
    expect([status, outcome.status, outcome.stderr]).toEqual(['warn', 0, ''])
  })

  test('fails when REDIS_URL leads nowhere; without it nobody asks', async () => {
    const outcome = await latchkey.run(['doctor', '--json'], {
      fetch: healthy,
      env: { REDIS_URL: 'redis://:secret@127.0.0.1:1' },
    })
    expect(find(outcome, 'Redis')).toMatchObject({
      status: 'fail',
      remedy: expect.stringMatching(/REDIS_URL is right; until then each process counts/),
    })
    expect(outcome.stdout).not.toContain('secret@')
  })

  test('tells which clients are inside and not named, until they are', async () => {
    const at = async (name: string, uri: string) => {
      const given = [
        '--name',
        name,
        '--redirect-uri',
        'https://app.example/cb',
        '--backchannel-logout-uri',
        uri,
      ]
      return (await latchkey.run(['clients', 'create', ...given, '--json'])).json() as { client_id: string }
    }
    const made = [
      await at('Wiki', 'https://10.1.2.3/out'),
      await at('Desk', 'https://localhost/out'),
      await at('Shop', 'https://1.1.1.1/out'),
    ]
    const run = async (PRIVATE_HOSTS: string) =>
      find(
        await latchkey.run(['doctor', '--json'], { fetch: healthy, env: { PRIVATE_HOSTS } }),
        'apps inside',
      )
    const told = await run('')
    expect(told).toMatchObject({
      status: 'warn',
      remedy: expect.stringMatching(/PRIVATE_HOSTS: (10\.1\.2\.3,localhost|localhost,10\.1\.2\.3)$/),
    })
    expect(told?.message).not.toContain('Shop')
    expect((await run('localhost'))?.message).toMatch(/10\.1\.2\.3 of Wiki(?!.*Desk)/)
    expect((await run('localhost, 10.0.0.0/8'))?.status).toBe('ok')
    for (const { client_id } of made) await latchkey.run(['clients', 'delete', client_id])
  })

  test('for people: one line a check, and the way out below what is not well', async () => {
    const { stdout } = await latchkey.run(['doctor'], { fetch: healthy })
    expect(stdout).toMatch(/^ok +configuration +issuer https:\/\/id\.example$/m)
    expect(stdout).toMatch(/^warn +mail +messages go to .*outbox\n +→ set SMTP_URL/m)
  })

  test.each<[string, typeof fetch, RegExp]>([
    [
      'cannot be reached',
      () => Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') })),
      /ENOTFOUND/,
    ],
    ['answers with an error', answering(502, {}), /status 502/],
    [
      'is another server',
      answering(200, { issuer: 'https://other.example' }),
      /another issuer, https:\/\/other\.example/,
    ],
    ['is no provider', answering(200, 'hello'), /no discovery document/],
  ])('fails when the public URL %s', async (_name, fetch, message) => {
    const outcome = await latchkey.run(['doctor', '--json'], { fetch })
    expect(outcome.status).toBe(1)
    expect(find(outcome, 'public URL')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/see whether|set ISSUER/),
    })
  })

  test('warns when the issuer is for this machine only', async () => {
    const local = { env: { ISSUER: 'http://localhost:3000' } }
    const running = await latchkey.run(['doctor', '--json'], {
      ...local,
      fetch: answering(200, { issuer: 'http://localhost:3000' }),
    })
    expect(find(running, 'public URL')).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(/this machine only/),
    })
    const stopped = await latchkey.run(['doctor', '--json'], local)
    expect(find(stopped, 'public URL')).toMatchObject({
      status: 'warn',
      remedy: 'start the server: npm start',
    })
    expect(stopped.status).toBe(0)
  })

  test('fails on wrong settings, naming each', async () => {
    const { status, stdout } = await latchkey.run(['doctor'], {
      env: { PORT: 'x', ISSUER: 'http://id.example' },
    })
    expect(status).toBe(1)
    expect(stdout).toMatch(/^fail +configuration +.*PORT.*ISSUER|^fail +configuration +.*ISSUER.*PORT/m)
  })

  test('fails when the database cannot be reached', async () => {
    const outcome = await latchkey.run(['doctor', '--json'], {
      env: { DATABASE_URL: 'postgresql://u:hunter2@127.0.0.1:1/x' },
    })
    expect([outcome.status, outcome.stderr]).toEqual([1, ''])
    expect(find(outcome, 'start')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/database is unavailable/),
    })
    expect(outcome.stdout).not.toContain('hunter2')
  })

  test('fails when the keys were sealed under another secret', async () => {
    const outcome = await latchkey.run(['doctor', '--json'], {
      env: { SECRET_KEY: 'x'.repeat(40) },
      fetch: healthy,
    })
    expect(outcome.status).toBe(1)
    expect(find(outcome, 'signing keys')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/SECRET_KEY/),
    })
  })

  test('fails when mail cannot be sent', async () => {
    const outcome = await latchkey.run(['doctor', '--json'], {
      env: { SMTP_URL: 'smtp://127.0.0.1:1' },
      fetch: healthy,
    })
    expect(outcome.status).toBe(1)
    expect(find(outcome, 'mail')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/ECONNREFUSED/),
    })
  })

  test('names the file that SECRET_KEY_FILE names', async () => {
    const key = await readFile(join(latchkey.dataDir, 'secret.key'), 'utf8')
    const file = join(latchkey.dataDir, 'mounted.key')
    await writeFile(file, key, { mode: 0o444 })
    const checked = async (env: Record<string, string>) =>
      find(await latchkey.run(['doctor', '--json'], { env, fetch: healthy }), 'secret key')
    expect(await checked({ SECRET_KEY_FILE: file })).toMatchObject({
      status: 'ok',
      message: `${file}, named by SECRET_KEY_FILE`,
    })
    expect(await checked({ SECRET_KEY: key.trim() })).toMatchObject({
      status: 'ok',
      message: 'from SECRET_KEY',
    })
  })

  test.runIf(process.platform !== 'win32')('fails when others can read the secret key file', async () => {
    const secretKeyFile = join(latchkey.dataDir, 'open.key')
    await writeFile(secretKeyFile, 'x'.repeat(40), { mode: 0o600 })
    const check = secretKeyCheck({ config: { issuer: 'https://id.example', database: '', secretKeyFile } })
    expect(await check.run()).toMatchObject({ status: 'ok' })
    await chmod(secretKeyFile, 0o640)
    expect(await check.run()).toEqual({
      status: 'fail',
      message: `${secretKeyFile} can be read by others (mode 640)`,
      remedy: `run: chmod 600 ${secretKeyFile}`,
    })
  })
})

test('wrong settings are refused with all of them, and nothing on standard output', async () => {
  const { status, stdout, stderr } = await latchkey.run(['clients', 'list', '--json'], {
    env: { PORT: 'x', LOG_LEVEL: 'loud' },
  })
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^error: PORT /m)
  expect(stderr).toMatch(/^error: LOG_LEVEL /m)
})

test('a database that is away is one plain line', async () => {
  const { status, stderr } = await latchkey.run(['clients', 'list'], {
    env: { DATABASE_URL: 'postgresql://127.0.0.1:1/x' },
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^error: the database is unavailable: .*\n/)
  expect(stderr).not.toMatch(/\.ts:\d/)
})

test('without a command it shows the help', async () => {
  const { status, stderr, stdout } = await latchkey.run([])
  expect(status).toBe(2)
  expect(stderr + stdout).toContain('clients')
})
