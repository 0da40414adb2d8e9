import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { freshDatabase } from '../support/postgres.ts'
import { latchkey, runProgram, type ServerProcess, startServer } from './server-process.ts'

let dataDir = ''
const servers: ServerProcess[] = []
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'latchkey-right-')), 'data')
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill()
  rmSync(join(dataDir, '..'), { recursive: true, force: true })
})
async function start(settings: Record<string, string>) {
  const server = await startServer({ DATA_DIR: dataDir, ...settings })
  servers.push(server)
  return server
}

const SECRET_KEY = 'right-database-secret-key-of-32-characters'
const create = [
  'clients',
  'create',
  '--name',
  'App',
  '--redirect-uri',
  'http://127.0.0.1:9/callback',
  '--json',
]
const READING = [
  ['clients', 'list'],
  ['clients', 'show', 'x'],
  ['users', 'list'],
  ['resources', 'list'],
  ['providers', 'list'],
  ['registration-tokens', 'list'],
  ['rejections', 'list'],
  ['keys', 'list'],
  ['audit', 'list'],
  ['audit', 'verify'],
  ['export'],
  ['doctor'],
]

test('a command that reads makes neither a database nor a key, and says how to get one', async () => {
  for (const args of READING) {
    const { code, stdout, stderr } = await latchkey(args, { DATA_DIR: dataDir })
    expect({ args, code }).toEqual({ args, code: 1 })
    expect(stdout + stderr).toMatch(/There is no database at .*latchkey\.db/)
    expect(stdout + stderr).toMatch(/migrate/)
    expect({ args, made: existsSync(dataDir) }).toEqual({ args, made: false })
  }
})

test('nor on PostgreSQL', async () => {
  const env = { DATA_DIR: dataDir, SECRET_KEY, DATABASE_URL: await freshDatabase(inject('postgresUrl')) }
  const list = await latchkey(['clients', 'list'], env)
  expect(list).toMatchObject({ code: 1, stdout: '' })
  expect(list.stderr).toMatch(/There is no database at postgresql:\/\/[^@]*\(PostgreSQL\)/)
  expect((await latchkey(['migrate'], env)).code).toBe(0)
  expect((await latchkey(['clients', 'list'], env)).code).toBe(0)
  expect(existsSync(join(dataDir, 'secret.key'))).toBe(false)
})

test('a change of what is there makes nothing either', async () => {
  for (const args of [
    ['clients', 'delete', 'x'],
    ['users', 'disable', 'x'],
    ['keys', 'rotate', '--now'],
  ])
    expect(await latchkey(args, { DATA_DIR: dataDir })).toMatchObject({ code: 1 })
  expect(existsSync(dataDir)).toBe(false)
})

test('what people do first makes the database, and says so beside the one document of --json', async () => {
  const made = await latchkey(create, { DATA_DIR: dataDir })
  expect(made).toMatchObject({
    code: 0,
    stderr: '',
    database: `Database: ${join(dataDir, 'latchkey.db')} (SQLite), made just now`,
  })
  expect(JSON.parse(made.stdout)).toMatchObject({ client_name: 'App' })
  const listed = await latchkey(['clients', 'list', '--json'], { DATA_DIR: dataDir })
  expect(listed.database).toBe(`Database: ${join(dataDir, 'latchkey.db')} (SQLite)`)
  expect(JSON.parse(listed.stdout)).toMatchObject({ items: [{ client_name: 'App' }] })
})

test('with the server on PostgreSQL and the variable missing, nothing is registered in a new file', async () => {
  const DATABASE_URL = await freshDatabase(inject('postgresUrl'))
  await start({ DATABASE_URL, SECRET_KEY })
  for (const args of [create, ['clients', 'list'], ['migrate'], ['doctor']]) {
    const { code, stdout, stderr } = await latchkey(args, { DATA_DIR: dataDir, SECRET_KEY })
    expect({ args, code }).toEqual({ args, code: 1 })
    expect(stdout + stderr).toMatch(/The server of .* runs on postgresql:\/\/.*DATABASE_URL is not set here/)
    expect(stdout + stderr).toMatch(/Set DATABASE_URL/)
  }
  expect(readdirSync(dataDir).filter((name) => /\.db|secret/.test(name))).toEqual([])
  expect(readFileSync(join(dataDir, 'database'), 'utf8')).not.toMatch(/@|password/)
  const right = await latchkey(create, { DATA_DIR: dataDir, DATABASE_URL, SECRET_KEY })
  expect(right.code).toBe(0)
  expect(right.database).toMatch(/^Database: postgresql:\/\/[^@]+ \(PostgreSQL\)$/)
})

test('with the right database and another SECRET_KEY, nothing is written', async () => {
  const DATABASE_URL = await freshDatabase(inject('postgresUrl'))
  const server = await start({ DATABASE_URL, SECRET_KEY })
  const missing = await latchkey(create, { DATA_DIR: dataDir, DATABASE_URL })
  expect(missing).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/SECRET_KEY is not set/),
  })
  const other = await latchkey(create, { DATA_DIR: dataDir, DATABASE_URL, SECRET_KEY: 'o'.repeat(40) })
  expect(other).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/is not the one of this database/),
  })
  expect(readdirSync(dataDir)).not.toContain('secret.key')
  expect(await latchkey(['audit', 'verify'], { DATA_DIR: dataDir, DATABASE_URL, SECRET_KEY })).toMatchObject({
    code: 0,
  })
  await server.stop()
})

test('the command in the banner works as it is printed, on the database of the server', async () => {
  const server = await start({})
  const printed = () => server.stderr.find((each) => each.includes('clients create'))
  await expect.poll(printed).toBeDefined()
  const line = printed() ?? ''
  const run = runProgram('-c', {}, { node: '/bin/sh', args: [line] })
  expect(await run.ended).toEqual({ code: 0, signal: null })
  expect(run.stderr.join('\n')).toContain(`Database: ${join(dataDir, 'latchkey.db')} (SQLite)`)
  const listed = await latchkey(['clients', 'list', '--json'], { DATA_DIR: dataDir, ISSUER: server.issuer })
  expect(JSON.parse(listed.stdout)).toMatchObject({ items: [{ client_name: 'My app' }] })
})
