import { BEGINNING, type Chain, type Mark, type Place, placeText } from './chain.ts'
import { type NewEntry, type Row, rowOf } from './entry.ts'
import type { AuditStore, LockedAudit } from './store.ts'

type Unplaced = Omit<Row, 'seq' | 'hash'>

/** Without a head there is no row to lock: processes that write one at the same time may collide, and try again. */
const ATTEMPTS = 5
/** Where other processes are faster as often as that, the head is locked. */
const UNLOCKED_ATTEMPTS = 3

/** The type of the entry that marks where the server found the chain changed. */
export const BROKEN = 'audit.broken'

/**
 * Adds entries at the end of the chain. Several processes do so on one database: the first of the statements, which take effect together,
 * moves the head from where this process knows it to be. Where another process was faster, the end of the chain is read and
 * checked, and the entries follow those of the other. Where that fails again and again, or the end does not fit, the head is locked first.
 *
 * When the end of the chain is not as it must be, the log goes on (sign-in does not depend on it), behind an entry
 * that says what was found. An attacker without the key cannot remove that entry unseen.
 */
export function createAppend(deps: {
  store: AuditStore
  chain: Chain
  clock: () => number
  /** Told when the end of the chain is not as it must be. */
  onBroken(details: { expected: string; found: string }): void
}) {
  const { store, chain } = deps
  /** The newest place that this process knows to be genuine. */
  let known: Place | undefined

  /** Appends entries behind a place, if the head is at it. Undefined: the head is at another one. */
  const goOn = async (
    locked: LockedAudit,
    from: Place,
    rows: readonly Unplaced[],
  ): Promise<Place | undefined> => {
    const placed = chain.append(from, rows)
    const last = placed.at(-1) ?? from
    if (!(await locked.moveMark('head', from, chain.mark('head', last)))) return undefined
    await locked.insert(placed)
    return { seq: last.seq, hash: last.hash }
  }

  /** Whether the head is one of ours, and at the end of what there is. */
  const fits = (head: Mark, end: Place | undefined): boolean =>
    end !== undefined && chain.isGenuine('head', head) && same(head, end) && !isBehind(head, known)

  /** The end of the chain, if it is as it must be. An entry of another process behind it is seen when the head is moved from there. */
  const genuineEnd = async (): Promise<Place | undefined> => {
    const { head, first } = await store.marks()
    return head && fits(head, (await store.newest()) ?? first) ? head : undefined
  }

  /** Undefined: other processes were faster each time, or the end of the chain is not as it must be. */
  const appendUnlocked = async (rows: readonly Unplaced[]): Promise<Place | undefined> => {
    for (let tries = 1; tries <= UNLOCKED_ATTEMPTS; tries++) {
      const from = tries === 1 && known ? known : await genuineEnd()
      // Between two looks of ours another process has written, or the end does not fit: the lock will tell.
      if (from === undefined) continue
      const placed = chain.append(from, rows)
      const { seq, hash } = placed.at(-1) ?? from
      if (await store.append(from, chain.mark('head', { seq, hash }), placed)) return { seq, hash }
    }
    return undefined
  }

  const lookAndGoOn = async (locked: LockedAudit, rows: readonly Unplaced[]): Promise<Place> => {
    // Asked before the marks are looked for: the process that makes the first of all does so before anything else.
    const isNew = known === undefined && (await locked.isNewInstallation())
    let marks = await locked.lockMarks()
    // If another process makes them just now, this waits for it and leaves them alone.
    if (!marks.head && !marks.first && known === undefined && isNew) {
      await locked.insertMarks({ first: chain.mark('first', BEGINNING), head: chain.mark('head', BEGINNING) })
      marks = await locked.lockMarks()
    }
    // Read behind the lock: nobody adds anything from here on.
    const newest = await locked.newest()
    const { head, first } = marks
    const end = newest ?? first
    const last = head && fits(head, end) ? await goOn(locked, head, rows) : undefined
    if (last !== undefined) return last

    const details = {
      expected: known ? placeText(known) : 'a head that fits',
      found: foundText(head, newest),
    }
    deps.onBroken(details)
    // Behind every entry that there was: removed entries leave a gap, and no new entry takes the number of one.
    const from = {
      seq: Math.max(newest?.seq ?? 0, head?.seq ?? 0, known?.seq ?? 0),
      hash: newest?.hash ?? '',
    }
    // Wherever the head is, it is put there first.
    await locked.putMark('head', chain.mark('head', from))
    if (!first) await locked.putMark('first', chain.mark('first', BEGINNING))
    return (await goOn(locked, from, [rowOf(brokenEntry(details), deps.clock()), ...rows])) ?? from
  }

  /** Appends behind an end that an operator has looked at, whatever the marks say: both marks are written anew. */
  const goOnFrom = async (locked: LockedAudit, seen: Seen, row: Unplaced): Promise<Place | undefined> => {
    await locked.lockMarks()
    const newest = (await locked.newest()) ?? seen.first
    if (!same(newest, seen.newest)) return undefined
    await locked.putMark('first', chain.mark('first', seen.first))
    await locked.putMark('head', chain.mark('head', newest))
    return goOn(locked, newest, [row])
  }

  const attempt = async (work: (locked: LockedAudit) => Promise<Place | undefined>): Promise<Place> => {
    for (let tries = 1; tries <= ATTEMPTS; tries++) {
      const outcome = await store.transaction(work)
      if (outcome !== 'taken' && outcome !== undefined) {
        known = outcome
        return outcome
      }
    }
    throw new Error('entries of the audit log keep appearing where new ones are to go')
  }

  return {
    /** Resolves when all of them are on disk. @throws AppError database_unavailable */
    async append(rows: readonly Unplaced[]): Promise<Place> {
      const last = await appendUnlocked(rows)
      if (last === undefined) return attempt((locked) => lookAndGoOn(locked, rows))
      known = last
      return last
    },

    /**
     * Adds an entry behind what is there, and puts both marks down for it. `look` says what that is, and what the entry says.
     * @throws AppError database_unavailable
     */
    anchor: (look: () => Promise<{ seen: Seen; row: Unplaced }>): Promise<Place> =>
      attempt(async (locked) => {
        const { seen, row } = await look()
        return goOnFrom(locked, seen, row)
      }),
  }
}

/** What the log holds: from the place that the oldest entry follows to the newest. */
export interface Seen {
  first: Place
  newest: Place
}

const same = (a: Place, b: Place): boolean => a.seq === b.seq && a.hash === b.hash

/** Whether the chain ends before what this process has seen, or with another entry of that number. */
const isBehind = (head: Place, known: Place | undefined): boolean =>
  known !== undefined && (head.seq < known.seq || (head.seq === known.seq && head.hash !== known.hash))

const foundText = (head: Mark | undefined, newest: Place | undefined): string =>
  `${head ? `a head at ${placeText(head)}` : 'no head'}, ${newest ? `the newest entry ${placeText(newest)}` : 'no entry'}`

const brokenEntry = (details: { expected: string; found: string }): NewEntry => ({
  action: BROKEN,
  actor: { kind: 'server' },
  details,
})
