import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { MAX_BYTES, parseUrlEncoded } from './forms.ts'

/** How long the rest of a form is waited for, in milliseconds: who is over a limit holds no connection by sending slowly. */
const PATIENCE = 1000

/**
 * The form of a request that was rejected before its form was read, as the rate limits do: so that what was typed is not lost
 * with it. Undefined: it is read already, is none, is larger than a form may be, or does not come.
 */
export async function unreadForm({
  body,
  headers,
  raw,
}: FastifyRequest): Promise<Record<string, string> | undefined> {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers['content-type'] ?? '')
  const length = Number(headers['content-length'])
  if (body !== undefined || raw.readableDidRead || !isForm || !(length <= MAX_BYTES)) return undefined
  const answered = new AbortController()
  const form = text(raw)
    .then(parseUrlEncoded)
    // It cannot be read, or the connection is lost.
    .catch(() => undefined)
  const tooLate = after(PATIENCE, undefined, { signal: answered.signal }).catch(() => undefined)
  try {
    return await Promise.race([form, tooLate])
  } finally {
    answered.abort()
  }
}
