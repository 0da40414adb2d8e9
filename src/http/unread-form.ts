import { text } from 'node:stream/consumers'
import type { FastifyRequest } from 'fastify'
import { MAX_BYTES, parseUrlEncoded } from './forms.ts'

/**
 * The form of a request that was refused before its form was read, as the rate limits do: so that what was typed is not lost
 * with it. Undefined: it is read already, is none, or is larger than a form may be.
 */
export async function unreadForm({
  body,
  headers,
  raw,
}: FastifyRequest): Promise<Record<string, string> | undefined> {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers['content-type'] ?? '')
  const length = Number(headers['content-length'])
  if (body !== undefined || raw.readableDidRead || !isForm || !(length <= MAX_BYTES)) return undefined
  try {
    return parseUrlEncoded(await text(raw))
  } catch {
    // It cannot be read, or the connection is lost.
    return undefined
  }
}
