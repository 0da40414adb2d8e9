import type { Clock } from '../shared/clock.ts'
import { own } from '../shared/own.ts'
import { cutPage, invalidCursor, type Page, type PageRequest, pageLimit } from '../shared/paging.ts'
import { inWords, type Said, TOLD } from './activity-words.ts'
import { type Entry, entryOf, type Row } from './entry.ts'
import type { AuditStore } from './store.ts'

/** Something that happened to an account, as its owner is told of it. */
export interface ActivityItem {
  /** Of the entry in the audit log. */
  id: string
  type: string
  /** Milliseconds since the epoch. */
  at: number
  /** “You signed in with a passkey” */
  text: string
  /** The network address, of what the person did, and of what nobody was signed in for. */
  address?: string
  /** Of a sign-in: “Firefox on Linux”. */
  device?: string
}

/** Security activity: what the last ninety days of the log say of one account. */
export interface Activity {
  /** Newest first. @throws AppError invalid_page (400) */
  list(accountId: string, page?: PageRequest): Promise<Page<ActivityItem>>
}

const SPAN = 90 * 86_400_000
/** No entry has this number. */
const NEWEST_OF_ALL = 2 ** 31 - 1

/** Of entries that name the account as actor: those about something else than an account, of these families. */
const OWN_FAMILIES = ['consent.', 'device.']

const oneOf = (types: readonly string[]) => ({
  text: `action IN (${types.map(() => '?').join(', ')})`,
  values: types,
})
const ON_IT = oneOf(TOLD.filter((type) => !OWN_FAMILIES.some((family) => type.startsWith(family))))
const BY_IT = oneOf(TOLD.filter((type) => OWN_FAMILIES.some((family) => type.startsWith(family))))

/** @param deps.store reads by the indexes of targets and of actors, no further back than the first entry of the span */
export function createActivity({
  store,
  clock,
  describeDevice,
}: {
  store: Pick<AuditStore, 'list' | 'firstSince'>
  clock: Clock
  /** A user agent in words; undefined: it is none that people know. */
  describeDevice(userAgent: string): string | undefined
}): Activity {
  return {
    async list(accountId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted)
      if (cursor !== undefined && !/^\d{1,9}$/.test(cursor)) throw invalidCursor()
      const before = Number(cursor ?? NEWEST_OF_ALL)
      const oldest = await store.firstSince(clock() - SPAN)
      if (oldest === undefined) return { items: [] }
      const since = { text: 'seq >= ?', values: [oldest] }
      const [on, by] = await Promise.all([
        store.list([{ text: 'target_id = ?', values: [accountId] }, ON_IT, since], before, limit + 1),
        store.list([{ text: 'actor_id = ?', values: [accountId] }, BY_IT, since], before, limit + 1),
      ])
      const rows: Row[] = [...on, ...by].toSorted((a, b) => b.seq - a.seq).slice(0, limit + 1)
      return cutPage(
        rows,
        limit,
        ({ seq }) => String(seq),
        (row) => itemOf(entryOf(row), accountId, describeDevice),
      )
    },
  }
}

/** Other people are not named: who an administrator is, and where, is not for the owner of the account. */
function itemOf(
  entry: Entry,
  accountId: string,
  describe: (userAgent: string) => string | undefined,
): ActivityItem {
  const { action, actor, address, at, details, seq, target } = entry
  const theirs = actor.kind === 'account' && actor.id === accountId
  const { user_agent } = details
  const device = theirs && typeof user_agent === 'string' ? describe(user_agent) : undefined
  return {
    id: String(seq),
    type: action,
    at,
    text: inWords(action, {
      by: theirs ? 'you' : (own(OTHERS, actor.kind) ?? 'somebody'),
      details,
      app: target?.name,
    }),
    ...(address !== undefined && (theirs || actor.kind === 'anonymous') && { address }),
    ...(device !== undefined && { device }),
  }
}

const OTHERS: Readonly<Record<string, Said['by']>> = {
  account: 'administrator',
  command_line: 'administrator',
  client: 'program',
  server: 'server',
}
