import { afterEach, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { freshDatabase, type RunningPostgres, startPostgres } from '../support/postgres.ts'

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop()
})

async function ready({ issuer }: Latchkey) {
  const response = await fetch(`${issuer}/health/ready`)
  return { status: response.status, body: (await response.json()) as { failing?: string[] } }
}
const well = { status: 200, body: { status: 'ok' } }
const unwell = { status: 503, body: { status: 'unavailable', failing: ['database'] } }

async function onPostgres(): Promise<{ latchkey: Latchkey; postgres: RunningPostgres }> {
  const postgres = await startPostgres()
  running.push(postgres)
  const latchkey = await startLatchkey({ env: { DATABASE_URL: await freshDatabase(postgres.url) } })
  running.push(latchkey)
  return { latchkey, postgres }
}

test('a database that was made read-only on PostgreSQL: not ready, and ready again by itself', async () => {
  const { latchkey } = await onPostgres()
  expect(await ready(latchkey)).toEqual(well)
  const { prisma } = latchkey.services.db
  const set = async (value: string) => {
    await prisma.$executeRawUnsafe(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await prisma.$queryRawUnsafe('SELECT pg_reload_conf()::text')
  }
  await set('on')
  await expect.poll(() => ready(latchkey)).toEqual(unwell)
  expect(latchkey.log.join('\n')).toContain('the database is read-only')
  expect((await fetch(`${latchkey.issuer}/health/live`)).status).toBe(200)
  await latchkey.services.db.reads.get('ALTER SYSTEM RESET default_transaction_read_only')
  await latchkey.services.db.reads.get('SELECT pg_reload_conf()::text')
  await expect.poll(() => ready(latchkey)).toEqual(well)
})

test('readiness costs one statement on PostgreSQL, and it writes nothing', async () => {
  const { latchkey } = await onPostgres()
  const { db } = latchkey.services
  const statements: string[] = []
  const get = db.reads.get.bind(db.reads)
  db.reads.get = (text, parameters) => {
    statements.push(text)
    return get(text, parameters)
  }
  await ready(latchkey)
  expect(statements.filter((text) => !/^\s*SELECT/i.test(text))).toEqual([])
  // The queue looks for what is due beside it, and more often while the machine is busy.
  expect(statements.filter((text) => !text.includes('FROM deliveries'))).toHaveLength(1)
})

/** SQLite then says SQLITE_FULL to every write that needs more room, as on a full disk. */
async function limitPages({ services }: Latchkey, on: boolean): Promise<void> {
  const { artifacts } = services.db
  const row = await artifacts.get<{ page_count: number }>('PRAGMA page_count')
  await artifacts.get(`PRAGMA max_page_count = ${on ? row?.page_count : 1_000_000}`)
}

test('a full disk under SQLite: not ready, and ready again once there is room', async () => {
  let now = Date.now()
  const latchkey = await startLatchkey({ clock: () => now })
  running.push(latchkey)
  expect(await ready(latchkey)).toEqual(well)
  await limitPages(latchkey, true)
  // Whatever room is left is used up.
  const fill = async () => {
    for (let id = 0; ; id++)
      await latchkey.services.db.artifacts.run(
        "INSERT INTO artifacts (model, id_hash, payload, created_at) VALUES ('Filler', ?, ?, 0)",
        [String(id), 'x'.repeat(1000)],
      )
  }
  await expect(fill()).rejects.toMatchObject({ code: 'database_unavailable' })
  now += 60_000
  await expect.poll(() => ready(latchkey)).toEqual(unwell)
  await limitPages(latchkey, false)
  now += 60_000
  expect(await ready(latchkey)).toEqual(well)
})

test('a database that was made read-only under SQLite: not ready', async () => {
  let now = Date.now()
  const latchkey = await startLatchkey({ clock: () => now })
  running.push(latchkey)
  expect(await ready(latchkey)).toEqual(well)
  // What SQLite then says is what it says about a read-only file system.
  await latchkey.services.db.artifacts.run('PRAGMA query_only = ON')
  now += 60_000
  expect(await ready(latchkey)).toEqual(unwell)
  await latchkey.services.db.artifacts.run('PRAGMA query_only = OFF')
  now += 60_000
  expect(await ready(latchkey)).toEqual(well)
})

test('probes share one write for a while: a hundred of them at once make one', async () => {
  const latchkey = await startLatchkey()
  running.push(latchkey)
  const { artifacts } = latchkey.services.db
  const writes: string[] = []
  const run = artifacts.run.bind(artifacts)
  artifacts.run = (text, parameters) => {
    writes.push(text)
    return run(text, parameters)
  }
  for (const { status } of await Promise.all(Array.from({ length: 100 }, () => ready(latchkey))))
    expect(status).toBe(200)
  await ready(latchkey)
  expect(writes.length).toBeLessThanOrEqual(2)
})
