import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SqliteDatabase from 'better-sqlite3'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { diagnoseHistory, diffDatabase, diffSchemas, isEmptyDifference } from '../../scripts/schema-engine.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { freshDatabase } from '../support/postgres.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const schemaOf = (provider: string): string =>
  readFileSync(join(root, 'prisma', provider, 'schema.prisma'), 'utf8')

test('both schemas are composed from the models as they are', () => {
  execFileSync(process.execPath, ['scripts/generate-clients.mjs', '--check'], { cwd: root })
})

test('a draft is the difference to the models of the newest committed migration', () => {
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-draft-'))
  try {
    for (const folder of ['prisma', 'scripts'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
    const git = (...options: string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...options], {
        cwd: copy,
      })
    git('init', '-q')
    git('add', 'prisma', 'scripts')
    git('commit', '-q', '-m', 'all')
    const draft = () =>
      execFileSync(process.execPath, ['scripts/draft-migration.mjs', 'add_other'], {
        cwd: copy,
        stdio: 'pipe',
      })
        .toString()
        .trim()
        .split('\n')
    expect(draft).toThrow(/holds nothing that the migrations do not build/)
    appendFileSync(join(copy, 'prisma/models.prisma'), '\nmodel Other {\n  id String @id\n}\n')
    const files = draft()
    expect(files).toHaveLength(2)
    for (const file of files) {
      const sql = readFileSync(file, 'utf8')
      expect(sql).toContain('CREATE TABLE "Other"')
      expect(sql.match(/CREATE|ALTER|DROP/g)).toEqual(['CREATE'])
    }
    expect(draft).toThrow(/not committed yet/)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

test('on SQLite the migrations build what the schema describes, and Prisma agrees on the history', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-drift-'))
  try {
    const db = await openDatabase({ databaseUrl: 'file:latchkey.db', dataDir, clock: Date.now })
    await db.close()
    const file = join(dataDir, 'latchkey.db')
    dropWhatModelsCannotSay(file)
    expect(isEmptyDifference(await diffDatabase(file, schemaOf('sqlite')))).toBe(true)
    // The comparison itself is awake: another model is a difference.
    const other = `${schemaOf('sqlite')}\nmodel Other {\n  id String @id\n}\n`
    expect(await diffDatabase(file, other)).toContain('CREATE TABLE "Other"')

    const history = await diagnoseHistory(file, join(root, 'prisma/sqlite/migrations'))
    expect(history).toMatchObject({
      editedMigrationNames: [],
      failedMigrationNames: [],
      hasMigrationsTable: true,
      history: null,
    })
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})

/** Tables that the migrations build by hand. */
const BY_HAND = [
  'account_attributes',
  'account_search_backfill',
  'account_search_trigrams',
  'account_search',
  'account_tallies',
]

/** Triggers, indexes of a part of the rows, and what triggers write. */
function dropWhatModelsCannotSay(file: string): void {
  const database = new SqliteDatabase(file)
  const found = database
    .prepare<[], { type: string; name: string }>(
      "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql LIKE '% WHERE %')",
    )
    .all()
  expect(found.length).toBeGreaterThan(10)
  for (const { type, name } of found) database.exec(`DROP ${type} "${name}"`)
  for (const table of BY_HAND) database.exec(`DROP TABLE ${table}`)
  database.close()
}

/** Columns, constraints and indexes of a database, as PostgreSQL itself spells them; but for indexes of a part of the rows, and of what is computed. */
const describeDatabase = async (url: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const others = ['_prisma_migrations', '_artifact_migrations', 'artifacts', 'rate_counters', ...BY_HAND]
    const mine = `NOT IN (${others.map((name) => `'${name}'`).join(', ')})`
    const queries = [
      `SELECT table_name, column_name, ordinal_position, data_type, udt_name, is_nullable, column_default,
              character_maximum_length, datetime_precision, numeric_precision
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name ${mine} ORDER BY 1, 3`,
      `SELECT c.relname, o.conname, pg_get_constraintdef(o.oid) AS definition
         FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
        WHERE o.connamespace = 'public'::regnamespace AND c.relname ${mine} ORDER BY 1, 2`,
      `SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename ${mine} AND indexdef NOT LIKE '% WHERE %'
          AND indexdef !~ 'btree .*\\(.*\\(' ORDER BY 1, 2`,
    ]
    const found: unknown[] = []
    for (const query of queries) found.push(...(await client.query(query)).rows)
    return found
  } finally {
    await client.end()
  }
}

test('on PostgreSQL the migrations build what the schema describes', async () => {
  const [migrated, described] = [
    await freshDatabase(inject('postgresUrl')),
    await freshDatabase(inject('postgresUrl')),
  ]
  const db = await openDatabase({ databaseUrl: migrated, dataDir: tmpdir(), clock: Date.now })
  await db.close()
  const client = new pg.Client({ connectionString: described })
  await client.connect()
  await client.query(await diffSchemas(undefined, schemaOf('postgresql')))
  await client.end()
  const description = await describeDatabase(described)
  expect(description.length).toBeGreaterThan(50)
  expect(await describeDatabase(migrated)).toEqual(description)
})
