import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sql } from '../../src/storage/sql.ts'
import { createSqliteSql } from '../../src/storage/sqlite/open.ts'

let connection: BetterSqlite3.Database
let sql: Sql & { dialect: 'sqlite' }
beforeEach(() => {
  connection = new BetterSqlite3(':memory:')
  connection.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  sql = createSqliteSql(connection)
})
afterEach(() => {
  if (connection.open) connection.close()
})

const insert = (id: number): Promise<number> => sql.run('INSERT INTO t VALUES (?)', [id])
const ids = (): Promise<{ id: number }[]> => sql.all('SELECT id FROM t ORDER BY id')

test('a write that fails takes none of its batch with it', async () => {
  const results = await Promise.allSettled([insert(1), insert(1), insert(2)])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await ids()).toEqual([{ id: 1 }, { id: 2 }])
})

test('each write of a batch gets its own answer', async () => {
  await Promise.all([insert(1), insert(2), insert(3)])
  const answers = await Promise.all([
    sql.run('DELETE FROM t WHERE id > ?', [1]),
    sql.run('DELETE FROM t WHERE id > ?', [1]),
    sql.all('UPDATE t SET id = 9 RETURNING id'),
    sql.get('INSERT INTO t VALUES (10) RETURNING id'),
  ])
  expect(answers).toEqual([2, 0, [{ id: 9 }], { id: 10 }])
})

test('a batch that cannot be committed is an error of every write in it, and of no later one', async () => {
  connection.exec('CREATE TABLE child (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)')
  connection.pragma('foreign_keys = ON')
  const results = await Promise.allSettled([insert(1), sql.run('INSERT INTO child VALUES (7)')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ids()).toEqual([])
  await insert(2)
  expect(await ids()).toEqual([{ id: 2 }])
})

test('one that is alone and cannot be committed is an error too, whatever it returns', async () => {
  connection.exec('CREATE TABLE child (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)')
  connection.pragma('foreign_keys = ON')
  const orphan = 'INSERT INTO child VALUES (7) RETURNING t'
  await expect(sql.get(orphan)).rejects.toThrow('FOREIGN KEY')
  await expect(sql.all(orphan)).rejects.toThrow('FOREIGN KEY')
  await expect(sql.run('INSERT INTO child VALUES (7)')).rejects.toThrow('FOREIGN KEY')
  expect(await sql.all('SELECT t FROM child')).toEqual([])
})

test('how long one waited for the end of another transaction is told, of none that did not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-writes-'))
  const path = join(folder, 'waits.db')
  const [mine, theirs] = [new BetterSqlite3(path), new BetterSqlite3(path)]
  mine.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const told: number[] = []
  const writes = createSqliteSql(mine, undefined, (milliseconds) => told.push(milliseconds))
  await writes.run('INSERT INTO t VALUES (1)')
  expect(told).toEqual([])
  theirs.exec('BEGIN IMMEDIATE')
  const waiting = writes.run('INSERT INTO t VALUES (2)')
  // It has met the other transaction by then.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  theirs.exec('COMMIT')
  expect(await waiting).toBe(1)
  expect(told).toEqual([expect.any(Number)])
  expect(told[0]).toBeGreaterThan(0)
  await writes.run('INSERT INTO t VALUES (3)')
  expect(told).toHaveLength(1)
  await writes.close()
  theirs.close()
  rmSync(folder, { recursive: true })
})

describe('statements that are one', () => {
  const step = (id: number, decides = false) => ({
    statement: 'INSERT INTO t VALUES (?)',
    parameters: [id],
    decides,
  })

  test('take effect together; each gets its own answer', async () => {
    const steps = [step(1), { statement: 'UPDATE t SET id = 9 RETURNING id', parameters: [] }, step(2)]
    expect(await sql.together(steps)).toEqual([1, [{ id: 9 }], 1])
    expect(await ids()).toEqual([{ id: 2 }, { id: 9 }])
  })

  test('that fail half way leave nothing, alone and in a batch, and take no other with them', async () => {
    await expect(sql.together([step(1), step(1)])).rejects.toThrow()
    expect(await ids()).toEqual([])
    const results = await Promise.allSettled([
      insert(1),
      sql.together([step(2), step(1)]),
      insert(3),
      sql.together([step(4), step(5)]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(await ids()).toEqual([{ id: 1 }, { id: 3 }, { id: 4 }, { id: 5 }])
  })

  test('end with the one that decides, where it changes nothing', async () => {
    const none = { statement: 'DELETE FROM t WHERE id = ?', parameters: [7], decides: true }
    expect(await sql.together([none, step(1)])).toEqual([0])
    expect(await ids()).toEqual([])
  })
})

test('more writes than one batch holds are all made', async () => {
  await Promise.all(Array.from({ length: 1000 }, (_, index) => insert(index)))
  expect(await sql.get('SELECT count(*) AS count FROM t')).toEqual({ count: 1000 })
})

test('closing makes the writes that are still waiting', async () => {
  const waiting = insert(1)
  await sql.close()
  expect(await waiting).toBe(1)
})
