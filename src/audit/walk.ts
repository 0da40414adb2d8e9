import type { Row } from './entry.ts'
import type { AuditStore, Condition } from './store.ts'

/** Entries that a statement looks at: some milliseconds, in which nothing else is answered on SQLite. */
const SLICE = 1_000
/** Entries that a page looks at, when hardly one fits. */
const MOST = 50_000
/** How far apart the clocks of processes may be, in milliseconds: entries are in the order of their numbers, not of their times. */
const SLACK = 60_000

export interface Walked {
  /** Newest first. */
  rows: Row[]
  /** Before which number the look goes on; undefined: there is nothing more. */
  next: number | undefined
}

/**
 * What fits conditions that no index knows: slice by slice, requests in between, and no further than fifty thousand entries at a time.
 * Times are turned into numbers first, so that a day long ago is found as fast as today.
 */
export async function walk(
  store: Pick<AuditStore, 'list' | 'newestSeq' | 'firstSince'>,
  conditions: readonly Condition[],
  before: number,
  wanted: number,
): Promise<Walked> {
  const { from, to } = Object.assign(
    { from: undefined, to: undefined },
    ...conditions.map(({ times }) => times),
  )
  const end = to === undefined ? undefined : await store.firstSince(to + SLACK)
  const first = from === undefined ? 1 : await store.firstSince(from - SLACK)
  if (first === undefined) return { rows: [], next: undefined }
  let upper = Math.min(before, (await store.newestSeq()) + 1, end ?? before)
  const last = Math.max(first, upper - MOST)
  const rows: Row[] = []
  while (upper > last) {
    const lower = Math.max(last, upper - SLICE)
    const within = [...conditions, { text: 'seq >= ?', values: [lower] }]
    rows.push(...(await store.list(within, upper, wanted - rows.length)))
    if (rows.length === wanted) return { rows, next: rows.at(-1)?.seq }
    upper = lower
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { rows, next: upper > first ? upper : undefined }
}
