import { spawnSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Checkpoints,
  createCheckpoints,
  ROWS,
} from '../../src/storage/sqlite/checkpoints/checkpoints.ts'
import { createSqliteSql, openSqlite } from '../../src/storage/sqlite/open.ts'
import { eventually } from '../support/eventually.ts'
import { makeFolder } from '../support/folder.ts'

let path: string
let connection: BetterSqlite3.Database
let warnings: string[]
beforeEach(() => {
  path = join(makeFolder('checkpoints'), 'a.db')
  warnings = []
})

const logger = {
  info: () => undefined,
  warn: (fields: object, message: string) => warnings.push(`${message}: ${JSON.stringify(fields)}`),
}

/** A file with a table, whose writes are told to `checkpoints`. */
function open(checkpoints: Checkpoints) {
  connection = openSqlite(path, { synchronous: 'NORMAL' })
  connection.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
  const sql = createSqliteSql(connection, (rows) => checkpoints.wrote(path, rows))
  let id = 0
  return {
    /** So many rows, each of more than a page. */
    async write(rows: number) {
      for (let row = 0; row < rows; row++)
        await sql.run('INSERT INTO t VALUES (?, ?)', [id++, 'x'.repeat(5000)])
    },
    /** The same by one statement. */
    async writeTogether(rows: number) {
      const all = 'WITH RECURSIVE list(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list WHERE n < ?)'
      await sql.run(`INSERT INTO t SELECT ? + n, ? FROM (${all} SELECT n FROM list)`, [
        id,
        'x'.repeat(5000),
        rows,
      ])
      id += rows + 1
    },
    async close() {
      await checkpoints.close()
      await sql.close()
    },
  }
}
/** Bytes that are in the file itself; what was only written is in its log. */
const inFile = () => statSync(path).size

describe('checkpoints of SQLite', () => {
  test('a server that writes much has them made beside it; one that writes little has no thread', async () => {
    const file = open(createCheckpoints(logger))
    await file.write(ROWS - 1)
    expect(inFile()).toBeLessThan(10_000)
    await file.write(1)
    await eventually(async () => inFile() > ROWS * 5000)
    await file.write(ROWS)
    await eventually(async () => inFile() > 2 * ROWS * 5000)
    expect(warnings).toEqual([])
    await file.close()
    // The thread held its file open no longer: who closes last removes the log.
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('a statement that changes many rows counts as they do: a client with all its tokens is deleted by a few', async () => {
    const file = open(createCheckpoints(logger))
    await file.writeTogether(ROWS - 1)
    expect(inFile()).toBeLessThan(10_000)
    await file.writeTogether(1)
    await eventually(async () => inFile() > ROWS * 5000)
    await file.close()
  })

  test('a process with nothing else to do ends after them', () => {
    open(createCheckpoints(logger))
    const module = new URL('../../src/storage/sqlite/checkpoints/checkpoints.ts', import.meta.url)
    const program = `import { createCheckpoints, ROWS } from ${JSON.stringify(module.href)}
const checkpoints = createCheckpoints(undefined)
checkpoints.wrote(${JSON.stringify(path)}, ROWS)
await checkpoints.close()
console.log('closed')`
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    expect({ stdout, status }).toEqual({ stdout: 'closed\n', status: 0 })
    connection.close()
  })

  test('are made while others read and write, and take nothing from them', async () => {
    const file = open(createCheckpoints(logger))
    await file.write(1)
    const reader = openSqlite(path, { readonly: true, synchronous: 'NORMAL' })
    reader.exec('BEGIN')
    const count = () => (reader.prepare('SELECT count(*) AS n FROM t').get() as { n: number }).n
    expect(count()).toBe(1)
    await file.write(2 * ROWS)
    expect(count()).toBe(1)
    reader.exec('COMMIT')
    expect(count()).toBe(1 + 2 * ROWS)
    await file.write(ROWS)
    await eventually(async () => inFile() > ROWS * 5000)
    reader.close()
    expect(warnings).toEqual([])
    expect(connection.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
    await file.close()
  })

  test('a thread that dies takes no write with it, and is said; the next one starts another', async () => {
    const source = join(makeFolder('checkpoints'), 'thread.mjs')
    writeFileSync(
      source,
      `import { parentPort } from 'node:worker_threads'
parentPort.on('message', () => { throw new Error('no memory') })`,
    )
    const file = open(createCheckpoints(logger, source))
    await file.write(ROWS)
    await eventually(async () => warnings.length === 1)
    await file.write(ROWS)
    await eventually(async () => warnings.length === 2)
    expect(warnings[0]).toMatch(/the thread that makes checkpoints ended.*no memory/)
    expect(connection.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 2 * ROWS })
    await file.close()
  })

  test('a file that cannot be read is said, and nothing else happens', async () => {
    const checkpoints = createCheckpoints(logger)
    checkpoints.wrote(join(path, 'none.db'), ROWS)
    await eventually(async () => warnings.length === 1)
    expect(warnings[0]).toMatch(/no checkpoint was made/)
    await checkpoints.close()
  })
})
