import type { Lane } from '../shared/delivery.ts'
import type { EventLog, Sent } from './log.ts'
import type { Listening, WebhookStore } from './store.ts'

/** Entries of the log that are looked at in one transaction. */
const BATCH = 200

export interface Dispatch {
  /** Looks now: for what this process has just written. Nothing is asked where there is no webhook. */
  written(): void
  /** Looks into the database which webhooks there are, and for what other processes have written. */
  look(): Promise<void>
  /** Resolves when nothing is being looked at. */
  idle(): Promise<void>
}

/**
 * Puts the events of the log into the queue, once for each webhook that wants them: a webhook is moved on in the transaction that
 * adds its deliveries, so none is left out and none comes twice, whichever process does it and wherever one is killed. The log has
 * an event before what caused it is acknowledged.
 */
export function createDispatch(deps: {
  store: Pick<WebhookStore, 'listening' | 'advance'>
  log: Pick<EventLog, 'eventsAfter'>
  lane: Pick<Lane, 'addIn' | 'wake'>
  matches(pattern: string, type: string): boolean
  failed(error: unknown): void
}): Dispatch {
  const { store, log, lane, matches } = deps
  /** Whether there was an active webhook when this process last looked. */
  let any = false
  let again = false
  let working: Promise<void> | undefined

  /** @returns whether there may be more */
  async function step(): Promise<boolean> {
    const listening = await store.listening()
    any = listening.length > 0
    let more = false
    for (const [position, hooks] of Map.groupBy(listening, (hook) => hook.position)) {
      const { events, through } = await log.eventsAfter(position, BATCH)
      if (through === position) continue
      more ||= through - position >= BATCH
      for (const hook of hooks) await advance(hook, through, events.filter(wantedBy(hook)))
    }
    return more
  }

  const wantedBy = ({ events }: Listening) => {
    const patterns = events.split(' ')
    return ({ type }: { type: string }) => patterns.some((pattern) => matches(pattern, type))
  }

  async function advance(
    { id, position }: Listening,
    through: number,
    events: readonly { id: string; type: string; data: { seq: number } }[],
  ): Promise<void> {
    const deliveries = events.map(({ id: event, type, data: { seq } }) => ({
      subject: id,
      payload: JSON.stringify({ id: event, type, seq } satisfies Sent),
    }))
    const add = (tx: Parameters<Lane['addIn']>[0]) =>
      deliveries.length === 0 ? Promise.resolve() : lane.addIn(tx, deliveries)
    if ((await store.advance(id, position, through, add)) && deliveries.length > 0) lane.wake()
  }

  const start = (): void => {
    if (working !== undefined) {
      again = true
      return
    }
    working = (async () => {
      do {
        again = false
        while (await step());
      } while (again)
    })()
      .catch(deps.failed)
      .finally(() => {
        working = undefined
        if (again) start()
      })
  }

  return {
    written() {
      if (any) start()
    },
    async look() {
      start()
      await working
    },
    idle: async () => working,
  }
}
