/** Why an event did not arrive, in words for administrators. What is stored of a delivery has them in English. */

import { isNotPublic } from '../http/outgoing/guarded-lookup.ts'

/** How long a receiver may take, in milliseconds. */
export const TIMEOUT = 10_000

export const REASONS = {
  gone: 'the webhook is gone',
  disabled: 'the webhook is disabled',
  no_event: 'the event is no longer in the audit log',
  late: `no answer within ${TIMEOUT / 1000} seconds`,
  inside: 'the address is inside, and PRIVATE_HOSTS does not name it',
  failed: 'the request failed',
} as const

/** Why no answer came, without addresses that a name stands for. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return REASONS.failed
  if (error.name === 'TimeoutError') return REASONS.late
  const cause = error.cause instanceof Error ? error.cause : error
  if (isNotPublic(cause)) return REASONS.inside
  const { code } = cause as Error & { code?: unknown }
  return typeof code === 'string' ? `${REASONS.failed} (${code})` : REASONS.failed
}

/** The row of the table that a stored reason is, and the code of the system that stands behind it. */
export function reasonNamed(stored: string): { name: string; words: string; code?: string } | undefined {
  const [, said, code] = /^(.*?)(?: \((\w+)\))?$/s.exec(stored) ?? []
  const row = Object.entries(REASONS).find(([, words]) => words === said)
  return row && { name: row[0], words: row[1], ...(code !== undefined && { code }) }
}
