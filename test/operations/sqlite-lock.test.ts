import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { withServices } from './installation.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let dataDir = ''
let server: ServerProcess
let client: { client_id: string; client_secret?: string }
const locks: BetterSqlite3.Database[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-lock-'))
  client = await withServices({ DATA_DIR: dataDir }, async ({ accounts, clients, resources }) => {
    await resources.add(jobs)
    await accounts.createByAdmin({
      ...{ username: 'alice', email: 'alice@example.com', password: PASSWORD, verified: true },
    })
    return clients.create({ client_name: 'Lock', ...jobClient })
  })
  server = await startServer({ DATA_DIR: dataDir })
})
afterEach(() => release())
afterAll(async () => {
  await server?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

/** What another process does that writes for long: a backup, a migration, SQL by hand. */
function hold(file: string, how: 'IMMEDIATE' | 'EXCLUSIVE' = 'IMMEDIATE') {
  const lock = new BetterSqlite3(join(dataDir, file))
  lock.exec(`BEGIN ${how}`)
  locks.push(lock)
}
function release() {
  for (const lock of locks.splice(0)) {
    if (lock.inTransaction) lock.exec('ROLLBACK')
    lock.close()
  }
}

const token = () =>
  fetch(`${server.address}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
    body: new URLSearchParams(jobGrant),
  })

/** The promise with word of whether it has an answer yet. */
function watched<T>(promise: Promise<T>) {
  const state = { settled: false, promise }
  promise.then(
    () => (state.settled = true),
    () => (state.settled = true),
  )
  return state
}
const live = async () => (await fetch(`${server.address}/health/live`)).status

test('a lock on the database of tokens delays those that write, and nothing else', async () => {
  hold('artifacts.db')
  const write = watched(token())
  // The second answer comes after the server has begun with the token.
  for (let count = 0; count < 20; count++) expect(await live()).toBe(200)
  expect((await fetch(`${server.address}/jwks`)).status).toBe(200)
  expect(write.settled).toBe(false)
  release()
  expect((await write.promise).status).toBe(200)
})

test('a lock on the database of accounts delays those that write, and nothing else', async () => {
  const browser = createHttpBrowser()
  const page = await browser.open(`${server.issuer}/login`)
  hold('latchkey.db')
  const write = watched(browser.signIn(page, { identifier: 'alice', password: PASSWORD }))
  const other = createHttpBrowser()
  for (let count = 0; count < 20; count++) expect(await live()).toBe(200)
  expect((await other.open(`${server.issuer}/login`)).status).toBe(200)
  expect(write.settled).toBe(false)
  release()
  expect((await write.promise).url.pathname).toBe('/account')
})

test('a lock that is never released: writes are answered with 503, liveness is not asked to wait', async () => {
  const browser = createHttpBrowser()
  const page = await browser.open(`${server.issuer}/login`)
  for (const file of ['latchkey.db', 'artifacts.db']) hold(file)
  const writes = [
    watched(token().then(({ status }) => status)),
    watched(browser.signIn(page, { identifier: 'alice', password: PASSWORD }).then(({ status }) => status)),
  ]
  expect(await live()).toBe(200)
  expect(writes.map(({ settled }) => settled)).toEqual([false, false])
  expect((await fetch(`${server.address}/health/ready`)).status).toBe(503)
  expect(await Promise.all(writes.map(({ promise }) => promise))).toEqual([503, 503])
  release()
  await eventually(async () => (await fetch(`${server.address}/health/ready`)).status === 200)
  expect((await token()).status).toBe(200)
  expect(server.stdout.filter((line) => line.includes('P2028'))).toEqual([])
})

// The last one: the server is gone then.
test('the server ends in order while another process holds a lock', async () => {
  hold('artifacts.db')
  const write = watched(token())
  for (let count = 0; count < 5; count++) expect(await live()).toBe(200)
  server.child.kill('SIGTERM')
  await server.logged(({ msg }) => msg === 'stopping')
  release()
  expect((await write.promise).status).toBe(200)
  expect(await server.ended).toEqual({ code: 0, signal: null })
})
