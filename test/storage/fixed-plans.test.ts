import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SqlValue, withFixedPlan } from '../../src/storage/sql.ts'
import { createSqliteSql } from '../../src/storage/sqlite/open.ts'

/**
 * Whether SQLite prepares a statement anew for its values shows where two of them get different plans: a statement is planned by a value
 * exactly if it is prepared anew when the value is bound or cleared.
 */
describe('the plan of a statement on SQLite does not depend on its values', () => {
  let connection: BetterSqlite3.Database
  beforeAll(() => {
    connection = new BetterSqlite3(':memory:')
    connection.exec(`CREATE TABLE a (k, x); CREATE TABLE b (k, y); CREATE INDEX a_k ON a (k); CREATE INDEX b_k ON b (k);
      CREATE TABLE names (name TEXT COLLATE NOCASE); CREATE INDEX by_name ON names (name)`)
  })
  afterAll(() => connection?.close())

  const cases: { name: string; statement: string; values: [unknown, unknown] }[] = [
    // The planner believes that the integer 1 is more frequent than 7; a number of JavaScript is none.
    {
      name: '= ? in a join',
      statement: 'SELECT 1 FROM b JOIN a ON a.k = b.k WHERE a.x = ? AND b.y = 1',
      values: [1n, 7n],
    },
    { name: 'LIKE ?', statement: 'SELECT 1 FROM names WHERE name LIKE ?', values: ['x%', '%x'] },
  ]
  test.each(cases)('$name', async ({ statement, values }) => {
    const text = `EXPLAIN QUERY PLAN ${statement}`
    const bare = values.map((value) => connection.prepare(text).all(value))
    expect(bare[0]).not.toEqual(bare[1])
    const sql = createSqliteSql(connection)
    const [one, other] = await Promise.all(values.map((value) => sql.all(text, [value as SqlValue])))
    expect(one).toEqual(other)
  })

  test('values stay what they are', async () => {
    const sql = createSqliteSql(connection)
    connection.exec(`CREATE TABLE c (t TEXT, n INTEGER); INSERT INTO c VALUES ('1', 1), ('x', 2), (NULL, 3)`)
    const conditions: [string, SqlValue, number[]][] = [
      ['t = ?', '1', [1]],
      ['t = ?', null, []],
      ['n = ?', '2', [2]],
      ['t LIKE ?', 'X', [2]],
      ['n > 0 ORDER BY n LIMIT ?', 2, [1, 2]],
      ['n > 0 ORDER BY n LIMIT 1 OFFSET ?', 1, [2]],
    ]
    for (const [condition, value, found] of conditions)
      expect(await sql.all(`SELECT n FROM c WHERE ${condition}`, [value]), condition).toEqual(
        found.map((n) => ({ n })),
      )
    expect(await sql.run('UPDATE c SET t = ? WHERE n = ?', [null, 1])).toBe(1)
    expect(await sql.all('SELECT n FROM c WHERE t IS NULL AND n < ?', [9])).toEqual([{ n: 1 }, { n: 3 }])
  })

  test('what is quoted, and other comparisons, are left alone', () => {
    const same = `SELECT '= ?', "LIMIT ?", 'it''s = ?' FROM a WHERE x <= ? AND x >= ? AND x != ? AND x IN (?, ?)`
    expect(withFixedPlan(same)).toBe(same)
    expect(withFixedPlan('x = ? LIMIT ? OFFSET ?')).toBe(
      'x = COALESCE(?, NULL) LIMIT COALESCE(?, NULL) OFFSET COALESCE(?, NULL)',
    )
  })
})
