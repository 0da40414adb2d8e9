import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Database } from '../../src/storage/database.ts'
import { isUniqueViolation } from '../../src/storage/driver-errors.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { isUnavailable } from '../../src/storage/unavailable.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'

const account = (id: string) => ({
  id,
  username: id,
  displayUsername: id,
  authValidAfter: new Date('2026-07-01T12:00:00.120Z'),
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-open-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('on PostgreSQL a write that need not wait for the disk does not, and no other is touched by it', async () => {
  const url = new URL(await freshDatabase(inject('postgresUrl')))
  url.searchParams.set('options', '-c synchronous_commit=on')
  const db = await openDatabase({ databaseUrl: url.href, dataDir: folder, clock: Date.now })
  try {
    await db.prisma.account.create({ data: account('a') })
    // A deferred trigger runs when the transaction is committed: it says how that waits.
    for (const text of [
      'CREATE TABLE told (setting text, place serial)',
      `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO told (setting) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`,
      `CREATE CONSTRAINT TRIGGER tell AFTER UPDATE ON accounts DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION tell()`,
    ])
      await db.writes.run(text)
    const text = 'UPDATE accounts SET failed_sign_ins = failed_sign_ins + 1'
    await db.writes.runUnsynced(text)
    await db.writes.run(text)
    await db.writes.getUnsynced(`${text} RETURNING id`)
    await db.writes.run(text)
    const told = await db.reads.all<{ setting: string }>('SELECT setting FROM told ORDER BY place')
    expect(told.map(({ setting }) => setting)).toEqual(['off', 'on', 'off', 'on'])
  } finally {
    await db.close()
  }
})

test('a connection to PostgreSQL keeps no more statements than the bound, and answers the others all the same', async () => {
  const databaseUrl = await freshDatabase(inject('postgresUrl'))
  const db = await openDatabase({ databaseUrl, dataDir: folder, clock: Date.now })
  try {
    // One after the other: each by the connection of the one before.
    for (let number = 1; number <= 1_100; number++)
      expect(await db.reads.get(`SELECT ${number} AS number`)).toEqual({ number })
    const kept = await db.reads.get<{ many: number }>(
      "SELECT count(*) AS many FROM pg_prepared_statements WHERE name LIKE 'lk_%'",
    )
    expect(kept?.many).toBeGreaterThan(900)
    expect(kept?.many).toBeLessThanOrEqual(1_000)
  } finally {
    await db.close()
  }
})

test('a first start names the newest of all migrations, those of artefacts among them', async () => {
  const told: unknown[] = []
  const logger = {
    debug: () => undefined,
    info: (said: object) => told.push(said),
    warn: () => undefined,
  }
  const db = await openDatabase({
    ...{ databaseUrl: 'file:latchkey.db', dataDir: join(folder, 'data'), clock: Date.now, logger },
  })
  await db.close()
  expect(told).toEqual([
    { migrations: db.appliedMigrations.length, last: [...db.appliedMigrations].sort().at(-1) },
  ])
  expect(db.appliedMigrations.at(-1)).not.toBe([...db.appliedMigrations].sort().at(-1))
})

describe.each(['SQLite', 'PostgreSQL'])('a database on %s', (engine) => {
  let db: Database
  beforeEach(async () => {
    const databaseUrl = engine === 'SQLite' ? 'file:latchkey.db' : await freshDatabase(inject('postgresUrl'))
    db = await openDatabase({ databaseUrl, dataDir: join(folder, 'data'), clock: Date.now })
  })
  afterEach(() => db.close())

  test('reads through prepared statements what Prisma wrote, in the same types everywhere', async () => {
    await db.prisma.account.create({ data: { ...account('a'), phoneVerified: true, failedSignIns: 3 } })
    const row = await db.reads.get(
      `SELECT id, email, phone_verified, failed_sign_ins, auth_valid_after, '?' AS mark
         FROM accounts WHERE id = ? AND phone_verified = ? AND failed_sign_ins > ?`,
      ['a', 1, 2],
    )
    expect(row).toEqual({
      id: 'a',
      email: null,
      phone_verified: 1,
      failed_sign_ins: 3,
      auth_valid_after: '2026-07-01T12:00:00.120+00:00',
      mark: '?',
    })
    expect((await db.prisma.account.findUnique({ where: { id: 'a' } }))?.authValidAfter).toEqual(
      account('a').authValidAfter,
    )
    expect(await db.reads.get('SELECT id FROM accounts WHERE id = ?', ['b'])).toBeUndefined()
    expect(await db.reads.all('SELECT id FROM accounts')).toEqual([{ id: 'a' }])
    await db.ping()
  })

  test('a statement that need not wait for the disk does not, and the next one does', async () => {
    await db.prisma.account.create({ data: account('a') })
    if (engine === 'PostgreSQL') return
    // SQLite says itself how it waits: 1 is NORMAL, 2 is FULL.
    const how =
      'UPDATE accounts SET failed_sign_ins = failed_sign_ins * 10 + (SELECT synchronous FROM pragma_synchronous)'
    const failed = async () =>
      (await db.prisma.account.findUniqueOrThrow({ where: { id: 'a' } })).failedSignIns
    await db.writes.runUnsynced(how)
    await db.writes.run(how)
    expect(await db.writes.getUnsynced(`${how} RETURNING failed_sign_ins AS failed`)).toEqual({ failed: 121 })
    expect(await failed()).toBe(121)
    // Of one commit: what waits makes the others wait.
    await Promise.all([db.writes.runUnsynced(how), db.writes.run(how), db.writes.runUnsynced(how)])
    expect(await failed()).toBe(121_222)
    await expect(db.writes.runUnsynced('UPDATE accounts SET no_column = 1')).rejects.toThrow()
    await db.writes.run(how)
    expect(await failed()).toBe(1_212_222)
    // What Prisma writes waits too.
    await db.prisma
      .$executeRaw`UPDATE accounts SET failed_sign_ins = (SELECT synchronous FROM pragma_synchronous)`
    expect(await failed()).toBe(2)
  })

  test('it says how many rows it changed, and gives what it returns', async () => {
    for (const id of ['a', 'b']) await db.prisma.account.create({ data: account(id) })
    const { writes } = db
    expect(await writes.runUnsynced('UPDATE accounts SET failed_sign_ins = ?', [7])).toBe(2)
    expect(await writes.runUnsynced('UPDATE accounts SET failed_sign_ins = 8 WHERE id = ?', ['c'])).toBe(0)
    const more =
      'UPDATE accounts SET failed_sign_ins = failed_sign_ins + 1 WHERE id = ? RETURNING id, failed_sign_ins AS failed'
    expect(await writes.getUnsynced(more, ['a'])).toMatchObject({ id: 'a', failed: 8 })
    expect(await writes.getUnsynced(more, ['c'])).toBeUndefined()
    expect(await writes.runUnsynced('DELETE FROM accounts WHERE id = ?', ['a'])).toBe(1)
  })

  test('recognises a unique value that is taken, and nothing else', async () => {
    await db.prisma.account.create({ data: account('a') })
    const taken = await db.prisma.account.create({ data: account('a') }).catch((error: unknown) => error)
    expect(isUniqueViolation(taken)).toBe(true)
    const missing = await db.prisma.account
      .update({ where: { id: 'b' }, data: { email: 'b@example.com' } })
      .catch((error: unknown) => error)
    expect(missing).toBeInstanceOf(Error)
    expect(isUniqueViolation(missing)).toBe(false)
  })

  test('children go with their parents', async () => {
    await db.prisma.client.create({ data: { id: 'c', name: 'c', metadata: '{}' } })
    await db.prisma.clientSecret.create({ data: { id: 's', clientId: 'c', hash: 'h' } })
    await db.prisma.client.delete({ where: { id: 'c' } })
    expect(await db.prisma.clientSecret.count()).toBe(0)
  })

  test('a transaction that fails takes nobody else’s write with it', async () => {
    let other: Promise<unknown> | undefined
    const failing = db.prisma.$transaction(async (tx) => {
      await tx.account.create({ data: account('lost') })
      // Prisma's promises are lazy: only `then` sends the query. The reads give it all the time it could want.
      other = db.prisma.account.create({ data: account('kept') }).then((created) => created)
      for (let turn = 0; turn < 20; turn += 1) await tx.account.count()
      throw new Error('roll back')
    })
    await expect(failing).rejects.toThrow('roll back')
    await other
    expect(await db.reads.all('SELECT id FROM accounts')).toEqual([{ id: 'kept' }])
  })

  test('nor a prepared write that is asked for while it goes on', async () => {
    await db.prisma.account.create({ data: account('a') })
    const asked: Promise<number>[] = []
    const failing = db.prisma.$transaction(async (tx) => {
      await tx.account.create({ data: account('lost') })
      asked.push(db.writes.run('UPDATE accounts SET failed_sign_ins = failed_sign_ins + 1'))
      asked.push(db.writes.runUnsynced('UPDATE accounts SET failed_sign_ins = failed_sign_ins + 1'))
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      throw new Error('roll back')
    })
    await expect(failing).rejects.toThrow('roll back')
    expect(await Promise.all(asked)).toEqual([1, 1])
    expect(await db.reads.all('SELECT id, failed_sign_ins AS failed FROM accounts')).toEqual([
      { id: 'a', failed: 2 },
    ])
  })

  test('nor when several transactions waited for their turn', async () => {
    const nap = () => new Promise((resolve) => setImmediate(resolve))
    const failing = (id: string) =>
      db.prisma.$transaction(async (tx) => {
        await tx.account.create({ data: account(id) })
        for (let turn = 0; turn < 20; turn += 1) await nap()
        throw new Error('roll back')
      })
    const transactions = Promise.allSettled(['lost-1', 'lost-2', 'lost-3'].map(failing))
    const writes: Promise<{ id: string }>[] = []
    for (let turn = 0; turn < 80; turn += 1) {
      writes.push(db.prisma.account.create({ data: account(`kept-${turn}`) }).then((created) => created))
      await nap()
    }
    await transactions
    const kept = (await Promise.all(writes)).map(({ id }) => id)
    const rows = await db.reads.all<{ id: string }>('SELECT id FROM accounts')
    expect(rows.map(({ id }) => id).sort()).toEqual(kept.sort())
  })

  test('transactions at once all get their turn', async () => {
    await db.prisma.account.create({ data: account('a') })
    await Promise.all(
      Array.from({ length: 8 }, () =>
        db.prisma.$transaction([
          db.prisma.account.update({ where: { id: 'a' }, data: { failedSignIns: { increment: 1 } } }),
          db.prisma.account.count(),
        ]),
      ),
    )
    expect((await db.prisma.account.findUnique({ where: { id: 'a' } }))?.failedSignIns).toBe(8)
  })
})

describe('SQLite files', () => {
  test('belong to their owner alone', async () => {
    const dataDir = join(folder, 'data')
    const db = await openDatabase({ databaseUrl: 'file:latchkey.db', dataDir, clock: Date.now })
    const mode = (path: string): number => statSync(path).mode & 0o777
    expect(mode(dataDir)).toBe(0o700)
    for (const file of ['latchkey.db', 'latchkey.db-wal', 'artifacts.db', 'artifacts.db-wal']) {
      expect(mode(join(dataDir, file))).toBe(0o600)
    }
    await db.close()
  })

  test('may lie in another folder, the artefacts beside the rest', async () => {
    const path = join(folder, 'deep', 'other.db')
    const db = await openDatabase({ databaseUrl: `file:${path}`, dataDir: folder, clock: Date.now })
    await db.close()
    expect(statSync(path).isFile()).toBe(true)
    expect(statSync(join(folder, 'deep', 'other-artifacts.db')).isFile()).toBe(true)
  })

  test('the reading connection cannot write', async () => {
    const db = await openDatabase({ databaseUrl: 'file:latchkey.db', dataDir: folder, clock: Date.now })
    await expect(db.reads.run('DELETE FROM accounts')).rejects.toThrow(/readonly/)
    await db.close()
  })
})

describe('what cannot be opened', () => {
  const open = (databaseUrl: string) => openDatabase({ databaseUrl, dataDir: folder, clock: Date.now })

  test('is an error with a public and an internal half', async () => {
    writeFileSync(join(folder, 'latchkey.db'), 'this is no database, however long it is'.repeat(100))
    for (const url of [
      'file:latchkey.db',
      'postgresql://user:hunter2@127.0.0.1:1/x',
      inject('postgresUrl').replace('postgres:postgres@', 'postgres:wrong@'),
      `${inject('postgresUrl')}_missing`,
    ]) {
      const error: unknown = await open(url).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'database_unavailable', status: 503, retryAfter: 5 })
      expect(String(error)).not.toContain('hunter2')
    }
  })

  test('is refused when the address is of no known kind', async () => {
    await expect(open('mysql://localhost/x')).rejects.toMatchObject({ code: 'database_url_invalid' })
  })
})

test('an outage of PostgreSQL is an error of each request, and ends when the outage ends', async () => {
  const server = await startPostgres()
  const lost: string[] = []
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_: object, message: string) => void lost.push(message),
  }
  const db = await openDatabase({ databaseUrl: server.url, dataDir: folder, clock: Date.now, logger })
  try {
    await db.prisma.account.create({ data: account('a') })
    // A transaction is open when the server goes: its connection is in use and has nobody else to listen to it.
    const { promise: inside, resolve: entered } = Promise.withResolvers<void>()
    const { promise: down, resolve: goOn } = Promise.withResolvers<void>()
    const broken = db.prisma.$transaction(async (tx) => {
      await tx.account.create({ data: account('b') })
      entered()
      await down
      await tx.account.create({ data: account('c') })
    })
    broken.catch(() => undefined)
    await inside
    await server.halt()
    goOn()
    expect(isUnavailable(await broken.catch((error: unknown) => error))).toBe(true)
    expect(lost.length).toBeGreaterThan(0)
    await expect(db.ping()).rejects.toMatchObject({ code: 'database_unavailable', status: 503 })
    expect(isUnavailable(await db.prisma.account.count().catch((error: unknown) => error))).toBe(true)
    await server.resume()
    await db.ping()
    expect(await db.prisma.account.count()).toBe(1)
    expect(await db.reads.all('SELECT id FROM accounts')).toEqual([{ id: 'a' }])
  } finally {
    await db.close()
    await server.stop()
  }
})

describe('what a driver says means “not now”', () => {
  const coded = (code: string) => Object.assign(new Error('said by a driver'), { code })

  test.each([
    ['its files are gone (what PostgreSQL answered once somebody had deleted them)', '58P01'],
    ['its disk fails', '58030'],
    ['its data are damaged', 'XX001'],
    ['its disk is full', '53100'],
    ['it lost a deadlock each time', '40P01'],
    ['it lost a conflict each time', '40001'],
    ['Prisma lost a conflict', 'P2034'],
    ['SQLite cannot read', 'SQLITE_IOERR_READ'],
  ])('%s', (_what, code) => expect(isUnavailable(coded(code))).toBe(true))

  test.each([
    ['a value is taken', '23505'],
    ['a statement is wrong', '42601'],
    ['a text has a NUL', '22021'],
    ['an error inside of PostgreSQL', 'XX000'],
  ])('and not: %s', (_what, code) => expect(isUnavailable(coded(code))).toBe(false))
})
