import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quartiles } from '../../bench/load.ts'
import { keepResults, lastResults, whatGotWorse } from '../../bench/results.ts'
import { type Row, rowsOrProblem, table } from '../../bench/table.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-results-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const requests = (cpu: number): Row => ({
  name: 'introspection, 8 at once',
  unit: 'req/s',
  baseline: 4000,
  values: { SQLite: 2000 },
  cpu: { bare: 200, SQLite: cpu },
})
const results = (rows: Row[]) => ({
  machine: { cpu: 'any', node: 'v24', pinned: true },
  turns: { rounds: 12, seconds: 0.5 },
  rounds: 3,
  seconds: 2,
  rows,
  problems: [],
})

test('the file of the youngest day is the last; a run without a number keeps the place of it', async () => {
  expect(await lastResults(folder)).toBeUndefined()
  expect(await lastResults(join(folder, 'none'))).toBeUndefined()
  const noNumber = { ...requests(Number.NaN), values: { SQLite: undefined } }
  await keepResults(folder, results([noNumber]), new Date('2026-11-30T10:00:00Z'))
  await keepResults(folder, results([requests(400)]), new Date('2026-12-01T10:00:00Z'))
  const last = await lastResults(folder)
  expect(last).toMatchObject({ file: '2026-12-01.json', rows: [{ cpu: { bare: 200, SQLite: 400 } }] })
  await keepResults(folder, results([noNumber]), new Date('2026-12-02T10:00:00Z'))
  expect((await lastResults(folder))?.rows[0]?.cpu).toEqual({ bare: 200, SQLite: null })
})

test('worse is what costs more CPU against the bare library, by more than noise', () => {
  expect(whatGotWorse([requests(400)], [requests(440)])).toEqual([])
  expect(whatGotWorse([requests(400)], [requests(300)])).toEqual([])
  expect(whatGotWorse([requests(400)], [requests(500)])).toEqual([
    'introspection, 8 at once, SQLite: × 2.00 → × 2.50 of the baseline',
  ])
  expect(whatGotWorse([], [requests(500)])).toEqual([])
})

test('where rounds were compared one by one, their middle says what is worse', () => {
  const row = (median: number): Row => ({
    ...requests(400),
    times: { SQLite: { low: median, median, high: median } },
  })
  expect(whatGotWorse([row(1.2)], [row(1.1)])).toEqual([])
  expect(whatGotWorse([row(1.2)], [row(0.8)])).toEqual([
    'introspection, 8 at once, SQLite: × 0.83 → × 1.25 of the baseline',
  ])
  // An older file has none.
  expect(whatGotWorse([requests(400)], [row(0.4)])).toEqual([
    'introspection, 8 at once, SQLite: × 2.00 → × 2.50 of the baseline',
  ])
})

test('a row that cannot be measured is a problem, and the rows beside it count', async () => {
  const problems: string[] = []
  const [first, second] = [requests(400), requests(500)]
  const rows = [
    ...(await rowsOrProblem('introspection', async () => first, problems)),
    ...(await rowsOrProblem('sign-in', () => Promise.reject(new Error('no form')), problems)),
    ...(await rowsOrProblem('start', async () => [second], problems)),
  ]
  expect(rows).toEqual([first, second])
  expect(problems).toEqual(['sign-in: no form'])
})

test('a row without any right answer has no times', async () => {
  const none = { ...requests(400), times: { SQLite: quartiles([]) } }
  await keepResults(folder, results([none]))
  expect(whatGotWorse((await lastResults(folder))?.rows ?? [], [none])).toEqual([])
  expect(table([none], ['SQLite'])).toContain('– (–––)')
})

test('a rate without CPU is worse when it falls, a time or a size when it rises', () => {
  const row = (unit: Row['unit'], value: number): Row => ({
    name: unit,
    unit,
    baseline: 100,
    values: { PostgreSQL: value },
  })
  expect(whatGotWorse([row('sign-ins/s', 80)], [row('sign-ins/s', 90)])).toEqual([])
  expect(whatGotWorse([row('sign-ins/s', 80)], [row('sign-ins/s', 40)])).toHaveLength(1)
  expect(whatGotWorse([row('MiB', 150)], [row('MiB', 140)])).toEqual([])
  expect(whatGotWorse([row('MiB', 150)], [row('MiB', 180)])).toHaveLength(1)
  expect(whatGotWorse([row('ms', 0)], [row('ms', 180)])).toEqual([])
})
