import { randomBytes } from 'node:crypto'
import { runWithoutAuditContext } from '../shared/audit-context.ts'
import type { Courier, Lane, Outcome } from '../shared/delivery.ts'
import { pauseAfter } from '../shared/delivery.ts'
import type { QueueDependencies } from './queue.ts'
import type { TakenRow } from './store.ts'

/** How long a delivery is this process's before it has to say that it still is; in milliseconds. */
export const LEASE = 30_000
const EXTENDED_EVERY = 10_000

/** Rows that are taken at once: one subject must not fill the lane. */
const TAKEN_AT_ONCE = 4

/** A receiver that takes longer than this for a try is slow; in milliseconds. */
const SLOW = 1000

/** How many receivers are remembered as slow. A further one takes the place of the oldest, which has all of the lane again. */
const MAX_SLOW = 1000

/** Longer pauses than this are left to the look into the database. */
const LONGEST_TIMER = 3_600_000

/** Tries of what hurries at the end, without a pause between them. */
const HURRIED = 3

/** Whatever waits is due within this, in milliseconds. */
const LONGEST_PAUSE = 7 * 86_400_000

/** How long an ending process waits for what it gives back to be stored, in milliseconds. */
const LAST_MOMENT = 500

/** Tries of a delivery whose courier throws each time. */
const MAX_THROWN = 12

/** The deliveries of one kind in this process. */
export interface LaneControl extends Pick<Lane, 'wake' | 'load' | 'idle' | 'close'> {
  sealed(id: string, payload: string): string
  /** Counts rows while they are added, and lets them be taken then. */
  adding(rows: number, insert: Promise<void>): Promise<void>
  /** Takes what is due and resolves when each of it was tried once. */
  run(): Promise<void>
}

interface UnderWay {
  subject: string
  token: string
  /** By `performance.now()`. */
  since: number
}

export function createLane(courier: Courier, deps: QueueDependencies): LaneControl {
  const { store, clock, logger, secrets } = deps
  const { kind, width, perSubject = width } = courier
  const underWay = new Map<string, UnderWay>()
  /** Slow subjects have half of the lane together, however many they are: the other half goes on. */
  const slow = new Set<string>()
  const slowWidth = Math.max(1, Math.floor(width / 2))
  /** Added here and not tried yet, as far as this process knows. */
  let waiting = 0
  let inserting = 0
  /** There may be more that is due than there was room for. */
  let full = false
  const timers = new Set<NodeJS.Timeout>()
  const idleListeners: (() => void)[] = []
  const quietListeners: (() => void)[] = []
  const ending = new AbortController()
  let open = true
  let closing = false
  let filling: Promise<void> | undefined
  let again = false

  const context = (id: string) => `delivery ${kind} ${id}`
  const isQuiet = () => filling === undefined && underWay.size === 0 && inserting === 0
  const isIdle = () => isQuiet() && timers.size === 0
  const settle = () => {
    if (isQuiet()) for (const listener of quietListeners.splice(0)) listener()
    if (isIdle()) for (const listener of idleListeners.splice(0)) listener()
  }

  const wakeIn = (milliseconds: number): void => {
    if (!open || closing || milliseconds > LONGEST_TIMER) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      wake()
      settle()
    }, milliseconds)
    timer.unref()
    timers.add(timer)
  }

  /** What each try says of its subject. @param since when it began, by `performance.now()` */
  const judge = (subject: string, since: number): void => {
    if (perSubject >= width) return
    slow.delete(subject)
    if (performance.now() - since <= SLOW) return
    slow.add(subject)
    const [oldest] = slow
    if (slow.size > MAX_SLOW && oldest !== undefined) slow.delete(oldest)
  }

  /** Subjects of which nothing more is to be taken now, and how much may be of one that is none of them. */
  const subjects = (): { busy: string[]; room: number } => {
    if (perSubject >= width) return { busy: [], room: width }
    const counts = new Map<string, number>()
    for (const { subject, since } of underWay.values()) {
      counts.set(subject, (counts.get(subject) ?? 0) + 1)
      if (performance.now() - since > SLOW) judge(subject, since)
    }
    const ofSlow = [...counts].reduce((sum, [subject, count]) => sum + (slow.has(subject) ? count : 0), 0)
    const isFull = ofSlow >= slowWidth
    const isBusy = (subject: string, count: number) => count >= perSubject || (isFull && slow.has(subject))
    const busy = [...counts].flatMap(([subject, count]) => (isBusy(subject, count) ? [subject] : []))
    const others = [...counts].filter(([subject, count]) => !isBusy(subject, count))
    const room = perSubject - Math.max(0, ...others.map(([, count]) => count))
    return isFull
      ? { busy: [...new Set([...busy, ...slow])], room }
      : { busy, room: slow.size === 0 ? room : Math.min(room, slowWidth - ofSlow) }
  }

  const fill = async (): Promise<void> => {
    while (open && underWay.size < width) {
      const { busy: except, room } = subjects()
      const limit = Math.min(width - underWay.size, room, TAKEN_AT_ONCE)
      const token = randomBytes(12).toString('base64url')
      const now = clock()
      const rows = await store.take({ kind, token, now, until: now + LEASE, limit, except })
      for (const row of rows) begin(row, token)
      if (rows.length === limit) continue
      full = except.length > 0
      if (inserting === 0 && !full) waiting = 0
      return
    }
    full = true
  }

  const wake = (): void => {
    if (filling !== undefined) {
      again = true
      return
    }
    if (!open) return
    again = false
    // A request that added something is over for it: what becomes of a delivery is the server's doing.
    filling = runWithoutAuditContext(fill)
      .catch((err: unknown) =>
        logger.warn({ err, kind }, 'deliveries could not be taken, and will be when the database answers'),
      )
      .finally(() => {
        filling = undefined
        if (again) wake()
        settle()
      })
  }

  const begin = (row: TakenRow, token: string): void => {
    waiting = Math.max(0, waiting - 1)
    const before = underWay.get(row.id)
    if (before !== undefined) {
      // Its lease was over, and this process still has it: it goes on with the new one.
      before.token = token
      return
    }
    const held = { subject: row.subject, token, since: performance.now() }
    underWay.set(row.id, held)
    void attempt(row, held).finally(() => {
      underWay.delete(row.id)
      judge(held.subject, held.since)
      if (full) wake()
      settle()
    })
  }

  const attempt = async (row: TakenRow, held: UnderWay): Promise<void> => {
    const extending = setInterval(() => {
      // Without it the lease ends, and the delivery is tried twice.
      store.extend(row.id, held.token, clock() + LEASE).catch((err: unknown) => {
        logger.warn({ err, kind, id: row.id }, 'the lease of a delivery could not be extended')
      })
    }, EXTENDED_EVERY)
    extending.unref()
    try {
      const outcome = await outcomeOf(row)
      await (outcome === undefined ? giveBack(row, held) : conclude(row, held, outcome))
      if (outcome !== undefined) deps.tried?.(kind, outcome.kind)
    } catch (err) {
      // Its lease ends, and it is tried again.
      logger.warn({ err, kind, id: row.id }, 'what became of a delivery could not be stored')
    } finally {
      clearInterval(extending)
    }
  }

  /** Undefined: the process ends, and it was not tried. */
  const outcomeOf = async (row: TakenRow): Promise<Outcome | undefined> => {
    let payload: string
    try {
      payload = courier.secret ? secrets.open(row.payload, context(row.id)) : row.payload
    } catch (err) {
      logger.error({ err, kind, id: row.id }, 'a delivery cannot be opened with this SECRET_KEY')
      return { kind: 'failed', result: { error: 'sealed under another SECRET_KEY' } }
    }
    try {
      return await courier.deliver({ ...row, payload }, ending.signal)
    } catch (err) {
      if (ending.signal.aborted) return undefined
      logger.error({ err, kind, id: row.id, tries: row.tries }, 'a delivery could not be tried')
      if (row.tries >= MAX_THROWN) return { kind: 'failed', result: { error: 'could not be tried' } }
      return { kind: 'again', after: pauseAfter(row.tries) }
    }
  }

  const conclude = async (row: TakenRow, { token }: UnderWay, outcome: Outcome): Promise<void> => {
    const result = outcome.result === undefined ? '' : JSON.stringify(outcome.result)
    if (outcome.kind === 'again') {
      const hurried = closing && open && row.tries < HURRIED
      const after = hurried ? 0 : outcome.after
      const payload = outcome.payload === undefined ? undefined : sealed(row.id, outcome.payload)
      const change = { due: clock() + after, payload, result: result || undefined }
      if (!(await store.release(row.id, token, change))) return
      if (hurried) full = true
      else wakeIn(after)
      return
    }
    if (outcome.kind === 'done' && !courier.keepsDone) await store.remove(row.id, token)
    else {
      const end = { status: outcome.kind, now: clock(), result, keepPayload: !courier.secret }
      await store.end(row.id, token, end)
    }
  }

  const giveBack = (row: TakenRow, { token }: UnderWay) =>
    store.release(row.id, token, { due: clock(), uncounted: true })

  const sealed = (id: string, payload: string) =>
    courier.secret ? secrets.seal(payload, context(id)) : payload

  const untilQuiet = (): Promise<void> =>
    isQuiet() ? Promise.resolve() : new Promise((resolve) => quietListeners.push(resolve))

  return {
    sealed,
    async adding(rows, insert) {
      inserting += 1
      waiting += rows
      try {
        await insert
      } catch (error) {
        waiting = Math.max(0, waiting - rows)
        throw error
      } finally {
        inserting -= 1
        wake()
        settle()
      }
    },
    wake,
    load: () => ({ running: underWay.size, waiting: waiting + timers.size }),
    idle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => idleListeners.push(resolve))),
    async run() {
      wake()
      await untilQuiet()
    },
    async close(deadline) {
      if (closing) return
      closing = true
      open = courier.hurries && !deadline.aborted
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      const late = new Promise<void>((resolve) => {
        const end = () => {
          open = false
          ending.abort()
          // What is given back now has a moment for it.
          setTimeout(resolve, LAST_MOMENT)
        }
        if (deadline.aborted) end()
        else deadline.addEventListener('abort', end)
      })
      if (!open) ending.abort()
      // Most processes end with nothing to hurry: they are not made to load what writes.
      else if (await store.isDue(kind, clock() + LONGEST_PAUSE).catch(() => false)) {
        await store.hurry(kind, HURRIED, clock()).catch(() => undefined)
        wake()
      }
      await Promise.race([untilQuiet(), late])
      open = false
      settle()
    },
  }
}
