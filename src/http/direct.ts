import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { settleCurrent } from '../shared/audit-context.ts'
import { AppError } from '../shared/errors.ts'
import { headersForPages, headersForPrograms } from './headers.ts'
import { countEarly, type LimitHooks } from './rate-limits/rate-limits.ts'

/*
 * Most requests of programs are alike, and cost more in the hooks of pages than in their answer. A path may be answered before them:
 *
 *   request ─► audit context ─► direct? ─┬─ answer ──► bytes ─► log line, metrics
 *                                        └─ undefined ─► hooks ─► handler, as if nothing had been
 */

/** An answer, with all that is said of it beside the headers that every answer has. */
export interface DirectAnswer {
  /** 200 unless given. */
  status?: 200 | 303 | 304
  /** Names in lower case, each before its value. */
  headers: readonly string[]
  body: string
  /** UTF-8 unless given; `latin1`: a byte a character, so any bytes. */
  encoding?: 'latin1'
}

/** Undefined: the handler of the route answers, and the request is as it was, but that a body can be read in one way only. */
export type DirectHandler = (request: FastifyRequest) => Promise<DirectAnswer | undefined>

/**
 * Lets requests of a path, whatever their query, be answered before the hooks.
 * @param options.limit of its route
 * @param options.browsers they are sent here: its answers have the headers of pages, and what refuses a request is told by its route, as a page
 */
export type AnswerDirectly = (
  path: string,
  handler: DirectHandler,
  options?: { limit?: LimitHooks | undefined; browsers?: boolean },
) => void

interface Direct {
  handler: DirectHandler
  limit: LimitHooks | undefined
  browsers: boolean
}

/**
 * After the audit context, before all other hooks.
 * @param options.refreshed waits for settings to be fresh; undefined: they are
 */
export function registerDirect(
  app: FastifyInstance,
  options: { secure: boolean; refreshed(): Promise<void> | undefined },
): AnswerDirectly {
  const paths = new Map<string, Direct>()
  const headersOfAll = headersForPrograms(options)
  const forPrograms = Object.entries(headersOfAll).flat()
  const forPages = [...headersForPages(options)].flat()

  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    { handler, limit }: Direct,
  ): Promise<DirectAnswer | undefined> {
    const refreshing = options.refreshed()
    if (refreshing !== undefined) await refreshing
    if (limit !== undefined) await countEarly(limit, request, reply)
    return handler(request)
  }

  /** @returns whether it was answered */
  async function answer(request: FastifyRequest, reply: FastifyReply, direct: Direct): Promise<boolean> {
    const asked = ask(request, reply, direct)
    const found = await (direct.browsers ? asked.catch((error) => leaveToRoute(request, error)) : asked)
    if (found === undefined) return false
    const settling = settleCurrent()
    if (settling !== undefined) await settling
    const { status = 200, headers, body, encoding = 'utf8' } = found
    const all = [
      ...(direct.browsers ? forPages : forPrograms),
      ...['x-request-id', request.id],
      ...headers,
      ...(status === 304 ? [] : ['content-length', String(Buffer.byteLength(body, encoding))]),
      ...counted(reply),
    ]
    reply.hijack()
    try {
      reply.raw.writeHead(status, all)
      reply.raw.end(status === 304 ? undefined : body, encoding)
    } catch (error) {
      // Nobody else answers a reply that is hijacked: the request would hang.
      request.log.error({ err: error }, 'an answer could not be written')
      request.raw.socket.destroy()
    }
    return true
  }

  app.addHook('onRequest', (request, reply, done) => {
    const direct = paths.get(pathOf(request.raw.url ?? ''))
    if (direct === undefined) return done()
    answer(request, reply, direct).then(
      (answered) => (answered ? undefined : done()),
      (error) => {
        // The hooks that would say it are not run any more.
        reply.headers({ ...headersOfAll, 'x-request-id': request.id })
        done(error)
      },
    )
  })

  return (path, handler, { limit, browsers = false } = {}) =>
    void paths.set(path, { handler, limit, browsers })
}

/** A refusal is told once more by the hooks and the limit of the route, in the language of the person. What else failed may not fail there again. */
function leaveToRoute({ log }: FastifyRequest, err: unknown): undefined {
  if (!(err instanceof AppError)) log.warn({ err }, 'a direct answer failed; the route answers')
}

function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** What counting has announced. */
const counted = (reply: FastifyReply): string[] =>
  Object.entries(reply.getHeaders()).flatMap(([name, value]) => [name, String(value)])
