import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../shared/clock.ts'
import { CSRF_FIELD } from './csrf.ts'
import { isRejected } from './flash.ts'
import { sentBody } from './interrupted.ts'

/** What the first of two equal forms was answered with. */
interface Answer {
  status: number
  headers: Record<string, string | string[]>
  payload: unknown
}

interface Entry {
  answer: Promise<Answer | undefined>
  settle(answer: Answer | undefined): void
  /** Milliseconds since the epoch. */
  since: number
}

/** How long an answer is kept, in milliseconds: as long as people press twice. */
const RETENTION = 10_000
const MAX_ENTRIES = 1000
const REPEATED_HEADERS = ['location', 'set-cookie', 'content-type', 'cache-control']

/**
 * A form sent twice, by a double click or an impatient reload, is done once, and both requests get the one answer:
 * the browser drops the first one, and would else tell a person whose account was just made that the name is taken.
 *
 * Two forms are the same when browser, page (its CSRF token is new each time it is shown) and all fields are. This
 * covers one process; a pair that is spread over two is done twice, as any pair was without this.
 */
export function answerSameFormOnce(app: FastifyInstance, clock: Clock): void {
  const entries = new Map<string, Entry>()
  const first = new WeakMap<FastifyRequest, { key: string; entry: Entry }>()

  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST') return
    const { handler } = route
    route.handler = async function (request, reply) {
      const key = keyOf(request)
      if (key === undefined) return handler.call(this, request, reply)
      const before = entries.get(key)
      const answer = before && clock() - before.since < RETENTION ? await before.answer : undefined
      if (answer) return repeat(reply, answer)
      const entry = createEntry(clock())
      entries.set(key, entry)
      forgetOldest(entries)
      first.set(request, { key, entry })
      try {
        return await handler.call(this, request, reply)
      } catch (error) {
        entries.delete(key)
        entry.settle(undefined)
        throw error
      }
    }
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const sent = first.get(request)
    if (!sent) return payload
    // A rejection is for the requests that wait already; asked once more, the form may have another answer.
    if (isRejected(reply)) entries.delete(sent.key)
    sent.entry.settle(reply.statusCode < 500 ? answerOf(reply, payload) : undefined)
    return payload
  })
}

/**
 * Undefined: not a form of ours. The token in it has been checked against the browser's cookie by now, so no other
 * browser can ask for this answer. Only the hash is kept, because forms hold passwords.
 */
function keyOf(request: FastifyRequest): string | undefined {
  const body = sentBody(request)
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, CSRF_FIELD)) return undefined
  return createHash('sha256')
    .update(JSON.stringify([request.url, Object.entries(body)]))
    .digest('base64url')
}

function createEntry(since: number): Entry {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
  return { answer: promise, settle: resolve, since }
}

function forgetOldest(entries: Map<string, Entry>): void {
  for (const key of entries.keys()) {
    if (entries.size <= MAX_ENTRIES) return
    entries.delete(key)
  }
}

function answerOf(reply: FastifyReply, payload: unknown): Answer {
  const headers = REPEATED_HEADERS.flatMap((name) => {
    const value = reply.getHeader(name)
    return value === undefined ? [] : [[name, typeof value === 'number' ? String(value) : value] as const]
  })
  return { status: reply.statusCode, headers: Object.fromEntries(headers), payload }
}

function repeat(reply: FastifyReply, { status, headers, payload }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(payload)
}
