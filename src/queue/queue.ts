// The queue owns: what is to leave this server (mails, logout tokens, events to webhooks) until it is over; who tries it, when,
// and again. It does not own: what is delivered and how (a courier of each feature).
//
//   add ──► deliveries (database) ──► take, with a lease ──► courier ── done ──► deleted, or kept to be looked at
//                 ▲                        │                     ├── again ──► due later
//                 └── lease over: the process is gone            └── failed ──► kept, without its payload
//
// What was added is tried at least once, and again after a process that had it was killed: receivers may see a thing twice.
// The order is not promised. Several processes on one database share the work: each row is taken by one.
import type { Clock } from '../shared/clock.ts'
import { withDeadline } from '../shared/deadline.ts'
import type { DeliveryQueue, NewDelivery, Outcome } from '../shared/delivery.ts'
import { createGroupCommit } from '../shared/group-commit.ts'
import { orderedId } from '../shared/ordered-id.ts'
import { cutPage, invalidCursor, pageLimit } from '../shared/paging.ts'
import { isDeliveryId } from './ids.ts'
import { createLane, type LaneControl } from './lane.ts'
import type { NewRow, QueueStore } from './store.ts'

export interface QueueDependencies {
  store: QueueStore
  /** Encrypts payloads of kinds that are secret; `context` holds the row's id, so that no payload is read in another row. */
  secrets: { seal(text: string, context: string): string; open(sealed: string, context: string): string }
  clock: Clock
  logger: { warn(details: object, message: string): void; error(details: object, message: string): void }
  /** Told what became of each try. */
  tried?: ((kind: string, result: Outcome['kind']) => void) | undefined
}

export interface Queue extends DeliveryQueue {
  /**
   * Looks from now on for what other processes have added or left behind.
   * @param every milliseconds @param before is done first, each time
   */
  start(every: number, before?: () => Promise<void>): void
  /** Takes what is due now, of every kind, and resolves when all of it was tried once. */
  run(): Promise<void>
  /** How many deliveries of a kind have failed for good and are kept still, counted up to `most`. */
  failed(kind: string, most: number): Promise<number>
  load(): { kind: string; running: number; waiting: number }[]
  /** Deletes a batch of what has been over for longer than the retention. @returns how many */
  sweep(): Promise<number>
  /** Takes nothing more, lets kinds that hurry try what waits, and gives the rest back. @param milliseconds at most, for that */
  close(milliseconds: number): Promise<void>
}

/** How long what is over is kept, in milliseconds. */
export const RETENTION = 30 * 86_400_000

export function createQueue(deps: QueueDependencies): Queue {
  const { store, clock, logger } = deps
  const lanes = new Map<string, LaneControl>()
  let poll: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined

  // Under load many deliveries share one statement, and one wait for the disk.
  const inserts = createGroupCommit<readonly NewRow[]>((batches) => store.insert(batches.flat(), clock()))

  /** Asks first whether anything is due: to take something costs a write. */
  const look = async (): Promise<void> => {
    for (const [kind, lane] of lanes) {
      try {
        if (await store.isDue(kind, clock())) lane.wake()
      } catch (err) {
        logger.warn({ err, kind }, 'the queue could not be looked at, and will be again')
      }
    }
  }

  return {
    open(courier) {
      if (lanes.has(courier.kind)) throw new Error(`there is a courier for ${courier.kind} already`)
      const lane = createLane(courier, deps)
      const { kind } = courier
      lanes.set(kind, lane)
      const rowsOf = (deliveries: readonly NewDelivery[]): NewRow[] => {
        const due = clock()
        return deliveries.map(({ subject = '', payload }) => {
          const id = orderedId(due)
          return { id, kind, subject, payload: lane.sealed(id, payload), due }
        })
      }
      return {
        async add(deliveries) {
          const rows = rowsOf(deliveries)
          if (rows.length > 0) await lane.adding(rows.length, inserts.add(rows))
          return rows.map(({ id }) => id)
        },
        addIn: (tx, deliveries) => store.insertIn(tx, rowsOf(deliveries), clock()),
        async history(subject, { limit: wanted, cursor } = {}) {
          const limit = pageLimit(wanted)
          if (cursor !== undefined && !isDeliveryId(cursor)) throw invalidCursor()
          const rows = await store.history(kind, subject, limit + 1, cursor)
          return cutPage(
            rows,
            limit,
            ({ id }) => id,
            (row) => row,
          )
        },
        async replay(subject, id) {
          const found = isDeliveryId(id) ? await store.restart(kind, subject, id, clock()) : undefined
          if (found === 'queued') lane.wake()
          return found
        },
        async forget(subject) {
          while ((await store.forget(kind, subject)) > 0);
        },
        wake: () => lane.wake(),
        load: () => lane.load(),
        idle: () => lane.idle(),
        close: (deadline) => lane.close(deadline),
      }
    },

    start(every, before = async () => undefined) {
      const lookAt = () => before().then(look)
      const again = () => {
        poll = setTimeout(() => {
          looking = lookAt().finally(() => {
            looking = undefined
            if (poll !== undefined) again()
          })
        }, every)
        poll.unref()
      }
      again()
      // What an earlier process has left behind.
      looking = lookAt()
    },

    async run() {
      await inserts.idle()
      await Promise.all([...lanes.values()].map((lane) => lane.run()))
    },

    failed: store.failed,
    load: () => [...lanes].map(([kind, lane]) => ({ kind, ...lane.load() })),
    sweep: () => store.sweep(clock() - RETENTION),

    async close(milliseconds) {
      clearTimeout(poll)
      poll = undefined
      await looking
      await inserts.idle()
      await withDeadline(milliseconds, (deadline) =>
        Promise.all([...lanes.values()].map((lane) => lane.close(deadline))),
      )
    },
  }
}
