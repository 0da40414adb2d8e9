import { type ProblemKind, type ProblemValues, problemInEnglish } from '../shared/audit-problems.ts'
import { type Anchor, type Digest, digestOf, findAnchor } from './anchor.ts'
import { BROKEN } from './append.ts'
import { BEGINNING, type Chain, type Place, placeText } from './chain.ts'
import type { Row } from './entry.ts'
import type { AuditStore } from './store.ts'

export interface Problem {
  /** The entry that is wrong, or the first one that is missing. */
  seq: number
  kind: ProblemKind
  /** In English words, for the operator. */
  message: string
  /** What the words are filled with, for other languages. */
  values: ProblemValues
}

export interface Verification {
  ok: boolean
  /** How many entries were looked at. */
  entries: number
  /** The oldest entry that is kept; 0: there is none. */
  first: number
  /** The end of the chain, `seq:hash`. Kept somewhere else, it proves later that nothing before it was replaced. */
  head: string
  /** The first of them, in the order of the chain. */
  problems: Problem[]
  /**
   * The entries before the one with which an operator anchored the log anew: they are unchanged since, and were not checked
   * one by one. Times in milliseconds since the epoch.
   */
  anchored?: { through: number; entry: number; at: number }
}

/** Entries that are read at once. */
const BATCH = 1000
/** After so many problems, more of them tell nothing new. */
const MAX_PROBLEMS = 20
/** How far apart the clocks of processes may be, and an entry and what it tells of, in milliseconds. */
const SLACK = 60_000

/**
 * Goes through the whole chain, a batch at a time, while the server goes on writing and pruning.
 *
 * @param kept a head from earlier, which does not fit after an attacker has restored an older copy of the whole database
 * @throws AppError database_unavailable
 */
export async function verifyChain(
  { store, chain, clock }: { store: AuditStore; chain: Chain; clock: () => number },
  kept?: Place,
): Promise<Verification> {
  const problems: Problem[] = []
  const report = (seq: number, kind: ProblemKind, values: ProblemValues = {}) => {
    if (problems.length < MAX_PROBLEMS)
      problems.push({ seq, kind, message: problemInEnglish(kind, seq, values), values })
  }
  const { head, first } = await store.marks()
  const newest = await store.newestSeq()
  if (!head && !first && newest === 0) {
    const thing = await store.newestThing()
    if (thing) report(1, 'emptied', { what: thing.what })
    if (kept && kept.seq > 0) report(1, 'not_as_kept', { how: 'empty' })
    return { ok: problems.length === 0, entries: 0, first: 0, head: placeText(BEGINNING), problems }
  }
  const begin = first && chain.isGenuine('first', first) ? first : undefined
  if (!begin) report(1, 'first_mark')
  const end = head && chain.isGenuine('head', head) ? head : undefined
  if (!end) report(head?.seq ?? 0, 'head_mark')

  const through = end?.seq ?? newest
  let last: Place = begin ?? BEGINNING
  /** The hash of the entry before is not known: neither is what this one should have. */
  let adrift = begin === undefined
  /** Entries in a row that are not as they were written. */
  let changed: { from: number; to: number } | undefined
  let newestAt = 0
  let entries = 0
  let oldest = 0
  let keptFits = kept === undefined || kept.seq < last.seq || same(kept, last)

  const reportChanged = (): void => {
    if (changed === undefined) return
    const { from, to } = changed
    report(from, 'changed', { to, count: to - from + 1 })
    changed = undefined
  }

  const look = (row: Row): void => {
    if (row.seq !== last.seq + 1 && !(adrift && entries === 0)) {
      reportChanged()
      report(last.seq + 1, 'missing', { to: row.seq - 1, count: row.seq - last.seq - 1 })
      // An entry of the server behind a gap says itself what it follows.
      adrift = row.action !== BROKEN
    }
    if (!adrift && chain.hash(last.hash, row) !== row.hash)
      changed = { from: changed?.from ?? row.seq, to: row.seq }
    else reportChanged()
    if (row.action === BROKEN) report(row.seq, 'found_broken')
    adrift = false
    oldest ||= row.seq
    entries += 1
    newestAt = Math.max(newestAt, row.at)
    last = { seq: row.seq, hash: row.hash }
    keptFits ||= kept !== undefined && same(kept, last)
  }

  const anchor = await findAnchor({ store, chain })
  const anchored = anchor && last.seq < anchor.through.seq ? anchor : undefined
  if (anchored) {
    const found = await digestOf(store, last, anchored.through.seq, (row) => {
      oldest ||= row.seq
      entries += 1
      keptFits ||= kept !== undefined && same(kept, row)
    })
    if (!isSameDigest(found, anchored)) report(last.seq + 1, 'anchored_changed', { to: anchored.through.seq })
    last = anchored.through
    adrift = false
  }

  while (last.seq < through) {
    const rows = await store.range(last.seq, through, BATCH)
    if (rows.length === 0) break
    if (rows[0]?.seq !== last.seq + 1) {
      // Old entries may just have been pruned: then the log begins later by now.
      const now = (await store.marks()).first
      if (now && chain.isGenuine('first', now) && now.seq > last.seq) {
        last = { seq: now.seq, hash: now.hash }
        keptFits ||= kept !== undefined && (kept.seq < last.seq || same(kept, last))
        continue
      }
    }
    for (const row of rows) look(row)
    // On SQLite a read never waits: requests come in between two batches.
    await new Promise((resolve) => setImmediate(resolve))
  }

  reportChanged()
  if (end && last.seq < end.seq)
    report(last.seq + 1, 'cut_at_end', { to: end.seq, count: end.seq - last.seq })
  else if (end && !same(last, end)) report(end.seq, 'head_mark', { how: 'another' })
  const beyond = await store.newestSeq()
  const now = (await store.marks()).head
  if (beyond > (now?.seq ?? 0)) report((now?.seq ?? 0) + 1, 'added')
  // An attacker who restores an older copy of the audit log alone leaves newer rows of other tables without entries.
  const thing = last.seq > 0 && entries === 0 ? undefined : await store.newestThing()
  if (thing && thing.at > newestAt + SLACK && thing.at < clock() - SLACK)
    report(last.seq + 1, 'older_copy', thing)
  if (kept && kept.seq > last.seq) report(last.seq + 1, 'not_as_kept', { how: 'short', to: last.seq })
  else if (kept && !keptFits) report(kept.seq, 'not_as_kept')
  return {
    ok: problems.length === 0,
    entries,
    first: oldest,
    head: placeText(end ?? last),
    problems,
    ...(anchored && {
      anchored: { through: anchored.through.seq, entry: anchored.through.seq + 1, at: anchored.at },
    }),
  }
}

const isSameDigest = (found: Digest, { digest, entries }: Anchor): boolean =>
  found.digest === digest && found.entries === entries

const same = (a: Place, b: Place): boolean => a.seq === b.seq && a.hash === b.hash
