import { type Anchor, findAnchor } from './anchor.ts'
import type { Chain } from './chain.ts'
import type { AuditStore } from './store.ts'

/** Entries that go at once. */
const BATCH = 500

/**
 * Deletes the oldest entries, one batch, and moves the beginning of the log behind them. What does not fit the chain stays:
 * time must not wash away the traces of a change.
 *
 * @param before milliseconds since the epoch
 * @returns how many went
 * @throws Error when an entry that is due was changed, or one before it is missing
 */
export async function pruneChain(
  { store, chain }: { store: AuditStore; chain: Chain },
  before: number,
): Promise<number> {
  const { first, head } = await store.marks()
  if (!first || !head) return 0
  if (!chain.isGenuine('first', first) || !chain.isGenuine('head', head)) throw damaged(first.seq + 1)
  const anchor = await findAnchor({ store, chain })
  if (anchor && anchor.through.seq > first.seq) return pruneAnchored({ store, chain }, anchor, before)
  const due = []
  for (const row of await store.range(first.seq, head.seq, BATCH)) {
    if (row.at >= before) break
    due.push(row)
  }
  let last = { seq: first.seq, hash: first.hash }
  for (const row of due) {
    if (row.seq !== last.seq + 1 || chain.hash(last.hash, row) !== row.hash) throw damaged(last.seq + 1)
    last = { seq: row.seq, hash: row.hash }
  }
  if (due.length === 0) return 0
  const done = await store.transaction(async (locked) => {
    if (!(await locked.moveMark('first', first, chain.mark('first', last)))) return 0
    await locked.deleteThrough(last.seq)
    return due.length
  })
  // Another process was faster.
  return typeof done === 'number' ? done : 0
}

/** What nobody can check entry by entry goes as a whole, once the newest of it is due. */
async function pruneAnchored(
  { store, chain }: { store: AuditStore; chain: Chain },
  { through }: Anchor,
  before: number,
): Promise<number> {
  const { first } = await store.marks()
  const newest = await store.find(through.seq)
  if (!first || (newest && newest.at >= before)) return 0
  const done = await store.transaction(async (locked) => {
    if (!(await locked.moveMark('first', first, chain.mark('first', through)))) return 0
    await locked.deleteThrough(through.seq)
    return through.seq - first.seq
  })
  return typeof done === 'number' ? done : 0
}

const damaged = (seq: number): Error =>
  new Error(
    `the audit log is not as it was written from entry ${seq} on, and is not pruned; see: npm run -s latchkey -- audit verify`,
  )
