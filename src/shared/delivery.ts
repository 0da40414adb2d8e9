import type { Page, PageRequest } from './paging.ts'

/** What is to leave this server: it is stored before the answer to what caused it, and tried until it is over. */
export interface NewDelivery {
  /** Of its receiver, where a kind has several: at most a few of one are tried at once. */
  subject?: string
  /** JSON, or any text. */
  payload: string
}

/** A delivery that this process has, for as long as it is tried. */
export interface Delivery {
  id: string
  subject: string
  payload: string
  /** This one included. */
  tries: number
  /** Milliseconds since the epoch. */
  createdAt: number
}

/** What became of a try. `result` is kept with the delivery, and holds no secret. */
export type Outcome =
  | { kind: 'done'; result?: object }
  /** @property after milliseconds @property payload what is to be tried then, if it is something else */
  | { kind: 'again'; after: number; payload?: string; result?: object }
  | { kind: 'failed'; result: object }

/** Who takes deliveries of a kind to where they go. */
export interface Courier {
  kind: string
  /** How many at once. */
  width: number
  /** How many at once to one subject; as many as `width` unless said. */
  perSubject?: number
  /** The payload is encrypted at rest. */
  secret: boolean
  /** Deliveries that are done stay to be looked at, until the retention ends. Others are deleted at once. */
  keepsDone: boolean
  /** An ending process tries what waits once more, instead of leaving it to the next one. */
  hurries: boolean
  /** @param signal aborted when the process ends: what is thrown then is no try */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome>
}

/** The deliveries of one kind. */
export interface Lane {
  /**
   * Resolves with their ids when they are stored; the first tries begin at once. Within a request, command or job the answer waits for that.
   * @throws AppError database_unavailable (503)
   */
  add(deliveries: readonly NewDelivery[]): Promise<string[]>
  /** Stores them in a transaction of the caller's, who calls `wake` once that is committed. */
  addIn(tx: Transaction, deliveries: readonly NewDelivery[]): Promise<void>
  /** Tries what is due: after a store has added deliveries in a transaction of its own. */
  wake(): void
  /** Of this process: under way, and added and not over. */
  load(): { running: number; waiting: number }
  /** Resolves when nothing is under way, and nothing that this process knows of waits for another try within the hour. */
  idle(): Promise<void>
  /** Takes nothing more; a kind that hurries tries what waits first. @param deadline then what is under way is given back */
  close(deadline: AbortSignal): Promise<void>
  /** What there was for a subject, newest first, as long as it is kept. @throws AppError invalid_page (400) */
  history(subject: string, page?: PageRequest): Promise<Page<PastDelivery>>
  /** Lets one be tried again, from the beginning. `under_way`: it is tried now. Undefined: this subject has none with this id. */
  replay(subject: string, id: string): Promise<'queued' | 'under_way' | undefined>
  /** Forgets everything of a subject. */
  forget(subject: string): Promise<void>
}

/** A delivery as it is kept to be looked at. Times are milliseconds since the epoch. */
export interface PastDelivery {
  id: string
  status: 'waiting' | 'done' | 'failed'
  payload: string
  tries: number
  createdAt: number
  /** Of what waits: when it is tried next, or given back by a process that is gone. */
  due: number
  endedAt: number | undefined
  /** JSON of the last try; empty: there was none. */
  result: string
}

/** The part of a transaction that a row is added in. */
export interface Transaction {
  $executeRawUnsafe(statement: string, ...values: unknown[]): Promise<number>
}

/** The queue, as the features see it that have something to deliver. */
export interface DeliveryQueue {
  /** Once a kind. */
  open(courier: Courier): Lane
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds before the second try, the third and so on; after the last of them every day. */
export const RETRIES = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 24 * HOUR]

/** @param tries how many there were @returns milliseconds */
export const pauseAfter = (tries: number): number =>
  RETRIES[Math.min(tries, RETRIES.length) - 1] ?? 5 * SECOND
