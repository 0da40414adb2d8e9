import type { Clock } from '../shared/clock.ts'
import { type Delivery, type Outcome, pauseAfter } from '../shared/delivery.ts'
import { signatureOf } from '../shared/standard-webhooks.ts'
import type { EventLog, Sent, WebhookEvent } from './log.ts'
import { REASONS, reasonOf, TIMEOUT } from './reasons.ts'
import type { WebhookRow, WebhookStore } from './store.ts'

/** Tries of one event: over four and a half days (`pauseAfter`). */
const MAX_TRIES = 12

/** How long every try may fail before a webhook is disabled, in milliseconds. */
export const FAILING = 5 * 86_400_000

/**
 * Takes events to their webhooks: signed, by POST, followed by no redirect, and not read beyond the status.
 * @param deps.fetch guarded (src/http/outgoing)
 * @param deps.secretsOf those that sign now, the newest first
 * @param deps.disabled told when one is disabled because nothing has arrived for five days
 */
export function createWebhookCourier(deps: {
  store: Pick<WebhookStore, 'find' | 'markFailing' | 'markWorking' | 'disableFailing'>
  log: Pick<EventLog, 'eventOf'>
  fetch: typeof fetch
  secretsOf(row: WebhookRow): string[]
  clock: Clock
  disabled(row: WebhookRow): Promise<void>
}) {
  const { store, log, clock } = deps

  async function eventOf({ id, seq, test }: Sent): Promise<WebhookEvent | undefined> {
    if (test !== undefined) return test
    const event = seq === undefined ? undefined : await log.eventOf(seq)
    // A log that was changed has another event in its place, or none.
    return event?.id === id ? event : undefined
  }

  /** @throws Error when its secrets do not open: that is this server's fault, and no failure of the receiver */
  function signed(row: WebhookRow, event: WebhookEvent): { headers: Record<string, string>; body: string } {
    const body = JSON.stringify(event)
    const timestamp = Math.floor(clock() / 1000)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Latchkey',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf(deps.secretsOf(row), { id: event.id, timestamp, body }),
    }
    return { headers, body }
  }

  async function post(url: string, message: ReturnType<typeof signed>, signal: AbortSignal): Promise<number> {
    const response = await deps.fetch(url, {
      ...message,
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    })
    // The body of an answer is not read: an administrator could otherwise look inside the network with it.
    await response.body?.cancel()
    return response.status
  }

  /** Counts a failure of the webhook as a whole. */
  async function failing(row: WebhookRow): Promise<void> {
    const now = clock()
    if (row.failingSince === null) return store.markFailing(row.id, new Date(now))
    if (now - row.failingSince.getTime() < FAILING) return
    if (await store.disableFailing(row.id, row.failingSince, new Date(now))) await deps.disabled(row)
  }

  return async ({ subject, payload, tries }: Delivery, signal: AbortSignal): Promise<Outcome> => {
    const sent = JSON.parse(payload) as Sent
    const row = await store.find(subject)
    if (row === undefined) return { kind: 'failed', result: { error: REASONS.gone } }
    if (row.disabledAt !== null) return { kind: 'failed', result: { error: REASONS.disabled } }
    const event = await eventOf(sent)
    if (event === undefined) return { kind: 'failed', result: { error: REASONS.no_event } }
    const message = signed(row, event)
    let result: { status?: number; error?: string; at: number }
    try {
      const status = await post(row.url, message, signal)
      result = { status, at: clock() }
      if (status >= 200 && status < 300) {
        if (row.failingSince !== null) await store.markWorking(row.id)
        return { kind: 'done', result }
      }
    } catch (error) {
      if (signal.aborted) throw error
      result = { error: reasonOf(error), at: clock() }
    }
    if (sent.test !== undefined) return { kind: 'failed', result }
    await failing(row)
    return tries >= MAX_TRIES
      ? { kind: 'failed', result }
      : { kind: 'again', after: pauseAfter(tries), result }
  }
}
