import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { AppError } from '../../src/shared/errors.ts'
import { type MigrationSet, migrationStatus, prismaMigrations } from '../../src/storage/migrations.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { migratePostgres } from '../../src/storage/postgresql/migrate.ts'
import { migrateSqlite } from '../../src/storage/sqlite/migrate.ts'
import { freshDatabase } from '../support/postgres.ts'

const set = (...migrations: [name: string, sql: string, checksum?: string][]): MigrationSet => ({
  ledger: '_prisma_migrations',
  migrations: migrations.map(([name, sql, checksum]) => ({
    name,
    sql,
    checksum: checksum ?? `sum of ${name}`,
  })),
})
const first: [string, string] = [
  '20260101000000_one',
  'CREATE TABLE one (id TEXT PRIMARY KEY); INSERT INTO one VALUES (1)',
]
const second: [string, string] = ['20260102000000_two', 'CREATE TABLE two (id TEXT PRIMARY KEY)']
const clock = (): number => Date.UTC(2026, 0, 31)

interface Engine {
  migrate(set: MigrationSet): Promise<string[]>
  rows(sql: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const sqlite = async (): Promise<Engine> => {
  const connection = new BetterSqlite3(':memory:')
  return {
    migrate: async (migrations) => migrateSqlite(connection, migrations, clock),
    rows: async (sql) => connection.prepare<[], Record<string, unknown>>(sql).all(),
    close: async () => void connection.close(),
  }
}

const postgres = async (): Promise<Engine> => {
  const client = new pg.Client({ connectionString: await freshDatabase(inject('postgresUrl')) })
  await client.connect()
  return {
    migrate: (migrations) => migratePostgres(client, migrations, clock),
    rows: async (sql) => (await client.query(sql)).rows,
    close: () => client.end(),
  }
}

describe.each([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])('the migration runner on %s', (_, open) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await open()
  })
  afterAll(() => engine.close())

  test('applies what is missing, once, and remembers it as Prisma does', async () => {
    expect(await engine.migrate(set(first))).toEqual([first[0]])
    expect(await engine.migrate(set(first, second))).toEqual([second[0]])
    expect(await engine.migrate(set(first, second))).toEqual([])
    const ledger = await engine.rows('SELECT * FROM _prisma_migrations ORDER BY migration_name')
    expect(ledger).toHaveLength(2)
    expect(ledger[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum: `sum of ${first[0]}`,
      migration_name: first[0],
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
    })
    expect(new Date(ledger[0]?.finished_at as string).getTime()).toBe(clock())
  })

  test('refuses a database that is newer than the program', async () => {
    await expect(engine.migrate(set(first))).rejects.toMatchObject({
      code: 'database_newer',
      message: expect.stringContaining(second[0]),
    })
  })

  test('refuses a migration that was edited after it was applied', async () => {
    await expect(engine.migrate(set(first, [...second, 'edited']))).rejects.toMatchObject({
      code: 'migration_edited',
      message: expect.stringContaining(second[0]),
    })
  })

  test('keeps nothing of a run that fails, and says which migration it was', async () => {
    const third: [string, string] = ['20260103000000_three', 'CREATE TABLE three (id TEXT)']
    const broken: [string, string] = [
      '20260104000000_broken',
      'CREATE TABLE four (id TEXT); INSERT INTO nowhere VALUES (1)',
    ]
    await expect(engine.migrate(set(first, second, third, broken))).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining(broken[0]),
    })
    await expect(engine.rows('SELECT * FROM three')).rejects.toThrow(/three/)
    expect(await engine.rows('SELECT id FROM _prisma_migrations')).toHaveLength(2)
    expect(await engine.migrate(set(first, second, third))).toEqual([third[0]])
  })

  test('refuses what another tool began and did not finish', async () => {
    await engine.rows(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${second[0]}' RETURNING id`,
    )
    const all = set(first, second, ['20260103000000_three', ''])
    await expect(engine.migrate(all)).rejects.toMatchObject({ code: 'migration_unfinished' })
  })
})

test('rebuilding a table on SQLite leaves the rows that refer to it', async () => {
  const connection = new BetterSqlite3(':memory:')
  connection.pragma('foreign_keys = ON')
  const parent = `CREATE TABLE parent (id TEXT PRIMARY KEY);
    CREATE TABLE child (id TEXT PRIMARY KEY, parent TEXT REFERENCES parent (id) ON DELETE CASCADE);
    INSERT INTO parent VALUES ('p'); INSERT INTO child VALUES ('c', 'p')`
  const rebuild = `CREATE TABLE new_parent (id TEXT PRIMARY KEY, extra TEXT);
    INSERT INTO new_parent (id) SELECT id FROM parent; DROP TABLE parent; ALTER TABLE new_parent RENAME TO parent`
  const orphan = `DELETE FROM parent`
  const [one, two] = [
    ['20260101000000_a', parent],
    ['20260102000000_b', rebuild],
  ] as [string, string][]
  if (one === undefined || two === undefined) throw new Error('unreachable')
  migrateSqlite(connection, set(one, two), clock)
  expect(connection.prepare('SELECT id FROM child').all()).toEqual([{ id: 'c' }])
  expect(() => migrateSqlite(connection, set(one, two, ['20260103000000_c', orphan]), clock)).toThrow(
    /parents/,
  )
  expect(connection.prepare('SELECT id FROM parent').all()).toEqual([{ id: 'p' }])
  expect(connection.pragma('foreign_keys', { simple: true })).toBe(1)
  connection.close()
})

const inChild = (databaseUrl: string, dataDir: string): Promise<string[]> => {
  const program = `
    const { openDatabase } = await import(${JSON.stringify(fileURLToPath(new URL('../../src/storage/open.ts', import.meta.url)))})
    const db = await openDatabase({ databaseUrl: ${JSON.stringify(databaseUrl)}, dataDir: ${JSON.stringify(dataDir)}, clock: Date.now })
    await db.prisma.account.count()
    console.log(JSON.stringify(db.appliedMigrations))
    await db.close()`
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]).then(({ stdout }) =>
    JSON.parse(stdout),
  )
}

describe.each(['SQLite', 'PostgreSQL'])('starting several times at once on %s', (engine) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-migrations-'))
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))
  const url = async (name: string) =>
    engine === 'SQLite' ? `file:${name}.db` : freshDatabase(inject('postgresUrl'))
  const program = engine === 'SQLite' ? 'sqlite' : 'postgresql'

  test('as processes: every migration is applied once, and all of them start', async () => {
    const databaseUrl = await url('processes')
    const applied = await Promise.all(Array.from({ length: 4 }, () => inChild(databaseUrl, dataDir)))
    const names = applied.flat()
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(
      expect.arrayContaining(prismaMigrations(program).migrations.map(({ name }) => name)),
    )
  })

  test('in one process too', async () => {
    const databaseUrl = await url('calls')
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => openDatabase({ databaseUrl, dataDir, clock: Date.now })),
    )
    const names = opened.flatMap((db) => db.appliedMigrations)
    expect(new Set(names).size).toBe(names.length)
    const [db] = opened
    const status = db === undefined ? [] : await migrationStatus(db)
    expect([...new Set(status.map(({ ledger }) => ledger))]).toEqual([
      '_prisma_migrations',
      '_artifact_migrations',
    ])
    expect(status.every(({ applied }) => applied)).toBe(true)
    await Promise.all(opened.map((one) => one.close()))
  })
})

test('a database of a later version is refused when it is opened', async () => {
  const databaseUrl = await freshDatabase(inject('postgresUrl'))
  const db = await openDatabase({ databaseUrl, dataDir: tmpdir(), clock })
  await db.artifacts.run(
    `INSERT INTO _artifact_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'y', '20990101000000_later', now())`,
  )
  await db.close()
  const error = await openDatabase({ databaseUrl, dataDir: tmpdir(), clock }).catch(
    (reason: AppError) => reason,
  )
  expect(error).toMatchObject({ code: 'database_newer', status: 500 })
})

describe.each([
  ['SQLite', 'sqlite', sqlite],
  ['PostgreSQL', 'postgresql', postgres],
] as const)('upgrading on %s', (_, dialect, open) => {
  test('people stay signed in, but for those whose sign-ins had been ended', async () => {
    const engine = await open()
    const whole = prismaMigrations(dialect)
    const at = whole.migrations.findIndex(({ name }) => name.endsWith('_account_generation'))
    await engine.migrate({ ...whole, migrations: whole.migrations.slice(0, at) })
    const account = (id: string, validAfter: string) =>
      engine.rows(
        `INSERT INTO accounts (id, username, display_username, auth_valid_after, created_at, updated_at)
         VALUES ('${id}', '${id}', '${id}', '${validAfter}', '2026-07-01T12:00:00.120+00:00',
                 '2026-07-01T12:00:00.120+00:00') RETURNING id`,
      )
    await account('never', '2026-07-01T12:00:00.000+00:00')
    await account('ended', '2026-07-01T12:00:01.000+00:00')
    expect(await engine.migrate(whole)).toContain(whole.migrations[at]?.name)
    expect(await engine.rows('SELECT id, generation FROM accounts ORDER BY id')).toEqual([
      { id: 'ended', generation: 1 },
      { id: 'never', generation: 0 },
    ])
    await engine.close()
  })
})
