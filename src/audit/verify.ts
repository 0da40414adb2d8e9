import { type Anchor, type Digest, digestOf, findAnchor } from './anchor.ts'
import { BROKEN } from './append.ts'
import { BEGINNING, type Chain, type Place, placeText } from './chain.ts'
import type { Row } from './entry.ts'
import type { AuditStore } from './store.ts'

/** What may be wrong with a log, where `message` of a problem does not say it more exactly; `{seq}` is where. */
export const PROBLEMS = {
  changed: 'entries from {seq} on are not what was written there',
  missing: 'entries from {seq} on are missing',
  first_mark: 'the mark of where the log begins is missing or was changed',
  head_mark: 'the mark of the newest entry is missing, was changed, or names another one',
  cut_at_end: 'the newest entries are missing, from {seq} on',
  added: 'entry {seq} was not written by the server',
  found_broken: 'at entry {seq} the server found the end of the log changed',
  not_as_kept: 'the log does not fit the head that was kept',
  emptied: 'the log and its marks are gone',
  older_copy: 'something was made after the newest entry of the log',
  anchored_changed: 'the entries before {seq} are not those that were there when the log was anchored anew',
} as const

export interface Problem {
  /** The entry that is wrong, or the first one that is missing. */
  seq: number
  kind: keyof typeof PROBLEMS
  /** In words, for the operator. */
  message: string
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
  const report = (seq: number, kind: Problem['kind'], message: string) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ seq, kind, message })
  }
  const { head, first } = await store.marks()
  const newest = await store.newestSeq()
  if (!head && !first && newest === 0) {
    const thing = await store.newestThing()
    if (thing)
      report(
        1,
        'emptied',
        `the log and its marks are gone: there is ${thing.what}, and no entry of how it came there`,
      )
    if (kept && kept.seq > 0)
      report(1, 'not_as_kept', 'the log is empty, and was not when that head was kept')
    return { ok: problems.length === 0, entries: 0, first: 0, head: placeText(BEGINNING), problems }
  }
  const begin = first && chain.isGenuine('first', first) ? first : undefined
  if (!begin) report(1, 'first_mark', 'the mark of where the log begins is missing or was changed')
  const end = head && chain.isGenuine('head', head) ? head : undefined
  if (!end) report(head?.seq ?? 0, 'head_mark', 'the mark of the newest entry is missing or was changed')

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
    const which = from === to ? `entry ${from} is` : `entries ${from} to ${to} are`
    const why = from === to ? '' : ', or were written under another SECRET_KEY'
    report(from, 'changed', `${which} not what was written there${why}`)
    changed = undefined
  }

  const look = (row: Row): void => {
    if (row.seq !== last.seq + 1 && !(adrift && entries === 0)) {
      const gap = row.seq - last.seq - 1
      reportChanged()
      const which = gap === 1 ? `entry ${last.seq + 1} is` : `entries ${last.seq + 1} to ${row.seq - 1} are`
      report(last.seq + 1, 'missing', `${which} missing`)
      // An entry of the server behind a gap says itself what it follows.
      adrift = row.action !== BROKEN
    }
    if (!adrift && chain.hash(last.hash, row) !== row.hash)
      changed = { from: changed?.from ?? row.seq, to: row.seq }
    else reportChanged()
    if (row.action === BROKEN)
      report(row.seq, 'found_broken', `at entry ${row.seq} the server found the end of the log changed`)
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
    if (!isSameDigest(found, anchored))
      report(
        last.seq + 1,
        'anchored_changed',
        `the entries up to ${anchored.through.seq} are not those that were there when the log was anchored anew`,
      )
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
    report(last.seq + 1, 'cut_at_end', `the newest entries are missing: ${last.seq + 1} to ${end.seq}`)
  else if (end && !same(last, end))
    report(end.seq, 'head_mark', `entry ${end.seq} is not the one that the mark of the newest entry names`)
  const beyond = await store.newestSeq()
  const now = (await store.marks()).head
  if (beyond > (now?.seq ?? 0))
    report((now?.seq ?? 0) + 1, 'added', `entry ${(now?.seq ?? 0) + 1} was not written by the server`)
  // An attacker who restores an older copy of the audit log alone leaves newer rows of other tables without entries.
  const thing = last.seq > 0 && entries === 0 ? undefined : await store.newestThing()
  if (thing && thing.at > newestAt + SLACK && thing.at < clock() - SLACK)
    report(
      last.seq + 1,
      'older_copy',
      `${thing.what} was made at ${new Date(thing.at).toISOString()}, after the newest entry of the log`,
    )
  if (kept && kept.seq > last.seq)
    report(last.seq + 1, 'not_as_kept', `the log ends at ${last.seq}, before the head that was kept`)
  else if (kept && !keptFits)
    report(kept.seq, 'not_as_kept', `entry ${kept.seq} is another one than when that head was kept`)
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
