import { expect, test } from 'vitest'
import type { Row } from '../../src/audit/entry.ts'
import { walk } from '../../src/audit/walk.ts'

const MINUTE = 60_000
/** Entries from 1 on, one a minute; every so many fits. */
function storeOf(entries: number, every: number) {
  const asked: { from: number; to: number }[] = []
  return {
    asked,
    newestSeq: async () => entries,
    firstSince: async (time: number) => {
      const seq = Math.max(1, Math.ceil(time / MINUTE))
      return seq > entries ? undefined : seq
    },
    async list(
      conditions: readonly { text: string; values: readonly unknown[] }[],
      before: number,
      limit: number,
    ) {
      const from = Number(conditions.find(({ text }) => text === 'seq >= ?')?.values[0] ?? 1)
      asked.push({ from, to: before })
      const rows: Row[] = []
      for (let seq = Math.min(before - 1, entries); seq >= from && rows.length < limit; seq--)
        if (seq % every === 0) rows.push({ seq, at: seq * MINUTE } as Row)
      return rows
    },
  }
}
const text = { text: 'details LIKE ?', values: ['%x%'], walks: true }
const seqs = (rows: readonly Row[]) => rows.map(({ seq }) => seq)

test('a page is filled from the newest on, by statements that each look at a thousand', async () => {
  const store = storeOf(10_000, 900)
  const page = await walk(store, [text], 2 ** 31 - 1, 3)
  expect(seqs(page.rows)).toEqual([9900, 9000, 8100])
  for (const { from, to } of store.asked) expect(to - from).toBeLessThanOrEqual(1000)
  const second = await walk(store, [text], page.next ?? 0, 100)
  expect(seqs(second.rows)).toEqual([7200, 6300, 5400, 4500, 3600, 2700, 1800, 900])
  expect(second.next).toBeUndefined()
})

test('where hardly anything fits, a page ends after fifty thousand, and the next goes on there', async () => {
  const store = storeOf(120_000, 119_999)
  const first = await walk(store, [text], 60_000, 10)
  expect(first).toEqual({ rows: [], next: 10_000 })
  expect(await walk(store, [text], 10_000, 10)).toEqual({ rows: [], next: undefined })
  expect(store.asked.at(-1)?.from).toBe(1)
})

test('times bound what is looked at, with a minute to spare on both sides', async () => {
  const store = storeOf(100_000, 1)
  const times = { text: 'at', values: [], walks: true, times: { from: 500 * MINUTE, to: 520 * MINUTE } }
  await walk(store, [times], 2 ** 31 - 1, 1000)
  expect(store.asked).toEqual([{ from: 499, to: 521 }])
  const later = { ...times, times: { from: 200_000 * MINUTE } }
  expect(await walk(store, [later], 2 ** 31 - 1, 10)).toEqual({ rows: [], next: undefined })
})
