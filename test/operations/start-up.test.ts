import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withServices } from './installation.ts'
import { runProgram, startServer } from './server-process.ts'

let dataDir = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

/** Starts what is not going to start: exit status 1, an empty standard output but for the log, no stack. */
async function refusal(settings: Record<string, string>, options: { uid?: number } = {}): Promise<string[]> {
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, ...settings }
  const run = runProgram('bin/start.mjs', env, options)
  expect(await run.ended).toEqual({ code: 1, signal: null })
  expect(run.stdout.filter((line) => !line.startsWith('{'))).toEqual([])
  expect(run.stdout.join('\n')).not.toContain('listening')
  expect(run.stderr.join('\n')).not.toMatch(/^\s+at /m)
  return run.stderr
}

test('one line says where the server listens, by any free port', async () => {
  const server = await startServer({ DATA_DIR: dataDir })
  const lines = server.stdout.map(
    (line) => JSON.parse(line) as { msg: string; issuer?: string; address?: string },
  )
  const listening = lines.filter(({ msg }) => msg === 'listening')
  expect(listening).toHaveLength(1)
  const port = new URL(server.issuer).port
  expect(listening[0]).toMatchObject({
    issuer: `http://localhost:${port}`,
    address: `http://127.0.0.1:${port}`,
  })
  expect(lines.map(({ msg }) => msg)).not.toContain('bound')
  const discovery = await fetch(`${server.issuer}/.well-known/openid-configuration`)
  expect(await discovery.json()).toMatchObject({ issuer: server.issuer })
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  expect(server.stderr.join('\n')).toContain(`${server.issuer}/setup?token=`)
})

test('who asks for several processes is told that one serves, and what to do', async () => {
  const server = await startServer({ DATA_DIR: dataDir, WORKERS: '3' })
  const { workers } = await server.logged(({ msg }) =>
    String(msg).startsWith('WORKERS asks for several processes'),
  )
  expect(workers).toBe(3)
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test('a folder that the system cannot make is said, and waited for by nobody', async () => {
  const [line] = await refusal({ DATA_DIR: '/proc/nope' })
  expect(line).toMatch(/^Latchkey cannot start: E[A-Z]+: .*'\/proc(\/nope)?'\. .*DATA_DIR/)
})

test('every wrong setting is named at once, and nothing is created', async () => {
  const missing = join(dataDir, 'none')
  const lines = await refusal({
    ...{ PORT: '70000', ISSUER: 'http://id.example.com/path', LOG_LEVEL: 'loud', SECRET_KEY: 'short' },
    ...{ SMTP_URL: 'mail.example.com', TRUST_PROXY: 'everyone', DATA_DIR: missing },
    SMTP_URL_FILE: '',
    ADMIN_PASSWORD_FILE: join(dataDir, 'no-such-file'),
  })
  for (const name of [
    'PORT',
    'ISSUER',
    'LOG_LEVEL',
    'SECRET_KEY',
    'SMTP_URL',
    'TRUST_PROXY',
    'ADMIN_PASSWORD_FILE',
  ])
    expect(lines.filter((line) => line.includes(`- ${name} `))).toHaveLength(1)
  expect(existsSync(missing)).toBe(false)
})

test('a port that is taken', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  expect(await refusal({ PORT: port })).toEqual([
    expect.stringMatching(
      new RegExp(`address already in use 127\\.0\\.0\\.1:${port}.*Set PORT to another port`),
    ),
  ])
  await new Promise((resolve) => other.close(resolve))
})

test('what only a look at the machine tells is named beside the others, and nothing is created', async () => {
  const missing = join(dataDir, 'none')
  const wrong = {
    ...{ HOST: '203.0.113.7', VIEWS_DIR: join(dataDir, 'no-views'), DATA_DIR: missing },
    ...{ ADMIN_EMAIL: 'ada@example.org', ADMIN_PASSWORD: 'short1' },
    ...{ DATABASE_URL: 'file:../elsewhere.db', WORKERS: '0' },
  }
  expect(await refusal(wrong)).toEqual([
    'Latchkey cannot start with this configuration:',
    expect.stringMatching(/^ {2}- WORKERS must be .*for example 1$/),
    expect.stringMatching(
      /^ {2}- DATABASE_URL must be a file inside DATA_DIR .*for example file:latchkey\.db/,
    ),
    '  - HOST must be an address of this machine, for example 0.0.0.0, and 203.0.113.7 is none',
    expect.stringMatching(/^ {2}- VIEWS_DIR cannot be read, create the folder or leave it out: /),
    expect.stringMatching(/^ {2}- ADMIN_PASSWORD: .* 6 of at least 15 characters.* openssl rand -base64 24$/),
  ])
  expect(existsSync(missing)).toBe(false)
})

test.each([{ HOST: '203.0.113.7' }, { HOST: 'no-such-host.invalid' }])(
  'a host that is not of this machine: %j',
  async (env: Record<string, string>) => {
    expect(await refusal(env)).toEqual([
      expect.any(String),
      expect.stringMatching(/^ {2}- HOST must be an address of this machine, for example 0\.0\.0\.0/),
    ])
  },
)

test('a password of the first administrator that is like their address is refused, alone and beside others', async () => {
  const administrator = { ADMIN_EMAIL: 'ada.lovelace@example.org', ADMIN_PASSWORD: 'ada.lovelace@example' }
  const said = /ADMIN_PASSWORD: This password is made of your name, .*openssl rand/
  expect(await refusal({ ...administrator, PORT: 'x' })).toEqual([
    expect.any(String),
    expect.stringContaining('- PORT '),
    expect.stringMatching(said),
  ])
  expect(await refusal(administrator)).toEqual([expect.stringMatching(said)])
})

test('where a server has run, the password of a first administrator is not judged beside what is wrong', async () => {
  const administrator = { ADMIN_EMAIL: 'ada@example.org', ADMIN_PASSWORD: 'four unrelated words of mine' }
  const server = await startServer({ DATA_DIR: dataDir, ...administrator })
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  const lines = await refusal({ ...administrator, ADMIN_PASSWORD: 'short', PORT: 'x' })
  expect(lines).toEqual([expect.any(String), expect.stringContaining('- PORT ')])
})

test('another SECRET_KEY than the one the keys were sealed under', async () => {
  await withServices({ DATA_DIR: dataDir }, async () => {})
  expect(await refusal({ SECRET_KEY: 'x'.repeat(40) })).toEqual([
    expect.stringMatching(/SECRET_KEY \(or DATA_DIR\/secret\.key\) is not the one/),
  ])
})

test('a damaged secret.key', async () => {
  writeFileSync(join(dataDir, 'secret.key'), 'oops')
  expect(await refusal({})).toEqual([expect.stringMatching(/secret\.key must hold at least 32 characters/)])
})

test('a database of a newer version', async () => {
  await withServices({ DATA_DIR: dataDir }, async () => {})
  const db = new BetterSqlite3(join(dataDir, 'latchkey.db'))
  db.prepare(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ('1', 'x', '29990101000000_future', 1, 1)`,
  ).run()
  db.close()
  expect(await refusal({})).toEqual([
    expect.stringMatching(/The database is newer than this program: it has 29990101000000_future/),
  ])
})

test('a database file that is no database', async () => {
  writeFileSync(join(dataDir, 'latchkey.db'), 'this is a text\n'.repeat(100))
  expect(await refusal({})).toEqual([expect.stringMatching(/file is not a database/)])
})

test('a data folder that is a file', async () => {
  const file = join(dataDir, 'file')
  writeFileSync(file, '')
  expect(await refusal({ DATA_DIR: file })).toEqual([expect.stringMatching(/Set DATA_DIR to a folder/)])
})

test('a data folder that its user must not use', async () => {
  const closed = join(dataDir, 'closed')
  mkdirSync(closed, { mode: 0o500 })
  // For root every folder is open: the server then runs as the user “nobody”, as in a container.
  const root = process.getuid?.() === 0
  const lines = await refusal({ DATA_DIR: join(closed, 'data') }, root ? { uid: 65_534 } : {})
  expect(lines).toEqual([expect.stringMatching(/permission denied.*may use DATA_DIR/)])
  expect(readdirSync(closed)).toEqual([])
})

test('a database server that is not there', async () => {
  expect(await refusal({ DATABASE_URL: 'postgresql://latchkey:hunter2secret@127.0.0.1:1/latchkey' })).toEqual(
    [
      expect.stringMatching(
        /^Latchkey cannot start: the database is unavailable: connect ECONNREFUSED 127\.0\.0\.1:1$/,
      ),
    ],
  )
})

test('an older Node.js is told so in one line', async () => {
  // Only the version counts: the check runs before anything that an older Node.js could not read.
  const preload = join(dataDir, 'older.cjs')
  writeFileSync(preload, "Object.defineProperty(process.versions, 'node', { value: '20.19.0' })")
  for (const file of ['bin/start.mjs', 'bin/latchkey.mjs']) {
    // A static import of what an older Node.js lacks would fail before the check is reached.
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    expect(source.match(/^import .*$/gm)).toEqual(["import './check-node.mjs'"])
    const run = runProgram(file, { NODE_OPTIONS: `--require=${preload}`, DATA_DIR: dataDir })
    expect(await run.ended).toEqual({ code: 1, signal: null })
    expect(run.stderr).toEqual([
      expect.stringMatching(/^Latchkey needs Node\.js 24\.7 or newer; this is 20\.19\.0\./),
    ])
    expect(run.stdout).toEqual([])
  }
  expect(readdirSync(dataDir)).toEqual(['older.cjs'])
})

test('a Node.js without argon2 is told so in one line', async () => {
  const preload = join(dataDir, 'other-openssl.cjs')
  writeFileSync(
    preload,
    "require('node:crypto').argon2Sync = () => { throw new Error('not supported') }; require('node:module').syncBuiltinESMExports()",
  )
  const run = runProgram('bin/start.mjs', { NODE_OPTIONS: `--require=${preload}`, DATA_DIR: dataDir })
  expect(await run.ended).toEqual({ code: 1, signal: null })
  expect(run.stderr).toEqual([
    expect.stringMatching(/^Latchkey needs a Node\.js with argon2 .* and this one has none\./),
  ])
})
