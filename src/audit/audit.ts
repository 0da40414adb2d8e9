// The audit log owns: who did what to what, from where, in a chain that cannot be changed unseen. It does not own: what is
// worth an entry (every feature says so by its events; recorder.ts makes entries of them), pages, the command line.
//
//   event ─► record ─► group commit ─► append: one transaction ─► audit_entries, audit_marks
//                                          │
//     first ──► entry ──► entry ──► … ──► head        each hash = HMAC(key, the hash before + the entry)
//       └── moves when old entries are pruned
//
// A thief of the database who lacks the key can neither change, remove, add nor reorder entries unseen. They could restore an older
// copy of the whole: a head that the operator has kept outside of the database (the server logs it) shows that.
import type { KeyObject } from 'node:crypto'
import { currentAuditContext } from '../shared/audit-context.ts'
import type { Clock } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import { createGroupCommit } from '../shared/group-commit.ts'
import { cutPage, invalidCursor, pageLimit } from '../shared/paging.ts'
import type { Database } from '../storage/database.ts'
import { anchorDetails, digestOf, REANCHORED } from './anchor.ts'
import { createAppend } from './append.ts'
import { BEGINNING, createChain, type Place, parsePlace, placeText } from './chain.ts'
import { type Entry, entryOf, type NewEntry, rowOf } from './entry.ts'
import { type ExportFormat, exportLines } from './export.ts'
import { type AuditFilters, conditionsOf } from './filters.ts'
import { type OutsideEvent, outsideEvent } from './outside/event.ts'
import { pruneChain } from './prune.ts'
import { type Condition, createAuditStore } from './store.ts'
import { type Problem, type Verification, verifyChain } from './verify.ts'
import { type Walked, walk } from './walk.ts'

export interface AuditDependencies {
  db: Pick<Database, 'prisma' | 'reads' | 'writes'>
  /** 32 bytes, derived from SECRET_KEY. */
  key: KeyObject
  clock: Clock
  logger: { error(fields: object, message: string): void }
  /** How long entries are kept, in days; 0: for ever. Read when it is needed. */
  retention: number
  /** Told when entries are on disk. */
  written?: (() => void) | undefined
  /** The ids of the accounts that a name may stand for, for filters. */
  identify(name: string): Promise<readonly string[]>
}

export interface AuditPage {
  items: Entry[]
  /** Absent on the last page. */
  next_cursor?: string
}

/** The audit log. */
export interface Audit {
  /** Resolves when the entry is on disk. @throws AppError database_unavailable (503) */
  record(entry: NewEntry | Promise<NewEntry>): Promise<void>
  /**
   * Newest first.
   * @param page.limit 1 to 100, default 50
   * @throws ValidationError invalid_filter, AppError invalid_page (400)
   */
  list(
    filters?: AuditFilters,
    page?: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<AuditPage>
  /**
   * What programs outside are told of the entries behind one, oldest first, up to a number of entries.
   * @returns through: the last entry that was looked at; the given one when there is none behind it
   */
  eventsAfter(seq: number, limit: number): Promise<{ events: OutsideEvent[]; through: number }>
  /** What programs outside are told of one entry; undefined: nothing, or it is not there any more. */
  eventOf(seq: number): Promise<OutsideEvent | undefined>
  /** The number of the newest entry; 0: there is none. */
  newest(): Promise<number>
  /**
   * The number of the last entry before a day or moment, as filters take them.
   * @throws ValidationError invalid_filter (400)
   */
  before(moment: string): Promise<number>
  /** The entry with this number; undefined: it is not there, or not any more. */
  find(seq: number): Promise<Entry | undefined>
  /**
   * What `list` gives, all of it, as text piece by piece: a batch is in memory at a time.
   * @throws ValidationError invalid_filter (400)
   */
  export(format: ExportFormat, filters?: AuditFilters): Promise<AsyncGenerator<string>>
  /**
   * Goes through the whole log and says what is wrong where.
   * @param options.head from an earlier verification or the server's log, `seq:hash`
   * @throws AppError invalid_head (400)
   */
  verify(options?: { head?: string | undefined }): Promise<Verification>
  /**
   * Begins the log of a new installation. Where there is none although there should be, it begins with an entry that says so.
   * @throws AppError database_unavailable
   */
  begin(): Promise<void>
  /**
   * Lets a log that does not verify go on as one that does: an entry says what was wrong and holds a digest of everything
   * before it, so that this much cannot be changed unseen from then on. For a lost SECRET_KEY, and for what was looked into.
   * @throws AppError audit_in_order (409): it verifies
   */
  reanchor(): Promise<{ entry: number; entries: number; problems: Problem[] }>
  /** Whether both ends of the log are what this key has put there. Says nothing about what is between them: see `verify`. */
  endsFit(): Promise<boolean>
  /** The end of the log, `seq:hash`. */
  head(): Promise<string>
  /** Deletes a batch of entries that are older than the retention. Returns how many. */
  prune(): Promise<number>
  /** Resolves when everything recorded so far is on disk, or has failed. */
  idle(): Promise<void>
}

const DAY = 86_400_000
/** No entry has this number. */
const NEWEST_OF_ALL = 2 ** 31 - 1
/** Entries in memory at a time. */
const EXPORT_BATCH = 500

export function createAudit(deps: AuditDependencies): Audit {
  const { db, key, clock, logger, identify } = deps
  const store = createAuditStore(db)
  const chain = createChain(key)
  const { append, anchor } = createAppend({
    store,
    chain,
    clock,
    onBroken: (fields) => logger.error(fields, 'the end of the audit log was changed by another program'),
  })
  const queue = createGroupCommit<{ entry: NewEntry | Promise<NewEntry>; at: number }>(async (items) => {
    await append(await Promise.all(items.map(async ({ entry, at }) => rowOf(await entry, at))))
    deps.written?.()
  })
  const verify = (kept?: Place) => verifyChain({ store, chain, clock }, kept)

  /** Everything that is there now, for the entry that anchors it. */
  const lookAtAll = async (problems: readonly Problem[]) => {
    const oldest = (await store.range(0, NEWEST_OF_ALL, 1))[0]
    const mark = (await store.marks()).first
    const first =
      mark && (oldest === undefined || mark.seq === oldest.seq - 1)
        ? { seq: mark.seq, hash: mark.hash }
        : { seq: (oldest?.seq ?? 1) - 1, hash: '' }
    let newest: Place = first
    const digest = await digestOf(store, first, NEWEST_OF_ALL, ({ seq, hash }) => {
      newest = { seq, hash }
    })
    const { actor = { kind: 'server' as const } } = currentAuditContext() ?? {}
    const details = anchorDetails({ first, through: newest, ...digest }, problems)
    return { seen: { first, newest }, row: rowOf({ action: REANCHORED, actor, details }, clock()) }
  }

  async function* batches(conditions: readonly Condition[]) {
    const walks = conditions.some((each) => each.walks)
    for (let before: number | undefined = NEWEST_OF_ALL; walks && before !== undefined; ) {
      const { rows, next }: Walked = await walk(store, conditions, before, EXPORT_BATCH)
      if (rows.length > 0) yield rows.map(entryOf)
      before = next
    }
    for (let before = NEWEST_OF_ALL; !walks; ) {
      const rows = await store.list(conditions, before, EXPORT_BATCH)
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map(entryOf)
      before = last.seq
    }
  }

  return {
    record: (entry) => queue.add({ entry, at: clock() }),

    async list(filters = {}, page = {}) {
      const limit = pageLimit(page.limit)
      const { cursor } = page
      if (cursor !== undefined && !/^\d{1,9}$/.test(cursor)) throw invalidCursor()
      const conditions = await conditionsOf(filters, identify)
      const before = Number(cursor ?? NEWEST_OF_ALL)
      if (conditions.some(({ walks }) => walks)) {
        const { rows, next } = await walk(store, conditions, before, limit)
        return { items: rows.map(entryOf), ...(next !== undefined && { next_cursor: String(next) }) }
      }
      const rows = await store.list(conditions, before, limit + 1)
      return cutPage(rows, limit, ({ seq }) => String(seq), entryOf)
    },

    async eventsAfter(seq, limit) {
      const rows = await store.range(seq, NEWEST_OF_ALL, limit)
      const events = rows.map((row) => outsideEvent(entryOf(row))).filter((event) => event !== undefined)
      return { events, through: rows.at(-1)?.seq ?? seq }
    },

    async eventOf(seq) {
      const row = await store.find(seq)
      return row && outsideEvent(entryOf(row))
    },

    newest: () => store.newestSeq(),

    async before(moment) {
      const [condition] = await conditionsOf({ from: moment }, identify)
      const first = await store.firstSince(condition?.times?.from ?? 0)
      return first === undefined ? store.newestSeq() : first - 1
    },

    async find(seq) {
      const row = await store.find(seq)
      return row && entryOf(row)
    },

    async export(format, filters = {}) {
      return exportLines(format, batches(await conditionsOf(filters, identify)))
    },

    async verify(options = {}) {
      const kept = options.head === undefined ? undefined : parsePlace(options.head)
      if (options.head !== undefined && kept === undefined)
        throw new AppError('invalid_head', 400, 'The head must be SEQ:HASH, as the server logs it.')
      return verify(kept)
    },

    async begin() {
      const { head, first } = await store.marks()
      if (!head && !first) await append([])
    },

    async reanchor() {
      const { ok, problems } = await verify()
      if (ok) throw new AppError('audit_in_order', 409, 'The audit log verifies: there is nothing to anchor.')
      const place = await anchor(() => lookAtAll(problems))
      const { entries } = await verify()
      return { entry: place.seq, entries, problems }
    },

    async endsFit() {
      const { first, head } = await store.marks()
      return !!first && !!head && chain.isGenuine('first', first) && chain.isGenuine('head', head)
    },

    head: async () => placeText((await store.marks()).head ?? BEGINNING),

    prune: async () =>
      deps.retention === 0 ? 0 : pruneChain({ store, chain }, clock() - deps.retention * DAY),

    idle: () => queue.idle(),
  }
}
