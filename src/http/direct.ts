import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { settleCurrent } from '../shared/audit-context.ts'
import { AppError } from '../shared/errors.ts'
import type { Answered } from './answered.ts'
import { runRequest } from './audit-context.ts'
import { DirectReply, DirectRequest } from './direct-request.ts'
import { headersForPages, headersForPrograms } from './headers.ts'
import { type CountEarly, countingEarly, type LimitHooks } from './rate-limits/rate-limits.ts'

/*
 * Most requests of programs are alike, and cost more in Fastify and the hooks of pages than in their answer. A path may be answered before them:
 *
 *   server ─► direct? ─┬─ answer ──► bytes ─► log line, metrics
 *                      └─ undefined ─► Fastify: hooks ─► handler, as if nothing had been
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
export type DirectHandler = (request: DirectRequest) => Promise<DirectAnswer | undefined>

/**
 * Lets requests of a path, whatever their query, be answered before Fastify. What refuses one is told by its route.
 * @param options.limit of its route, by address alone
 * @param options.browsers they are sent here: its answers have the headers of pages
 */
export type AnswerDirectly = (
  path: string,
  handler: DirectHandler,
  options?: { limit?: LimitHooks | undefined; browsers?: boolean },
) => void

interface Direct {
  path: string
  handler: DirectHandler
  count: CountEarly | undefined
  /** That every answer has. */
  headers: readonly string[]
}

/**
 * Takes the requests of the server before Fastify. An address more that `localhost` stands for has a server of its own, whose
 * requests all go to Fastify.
 * @param options.refreshed waits for settings to be fresh; undefined: they are
 * @param options.answered is told of each answer
 */
export function registerDirect(
  app: FastifyInstance,
  options: {
    secure: boolean
    refreshed(): Promise<void> | undefined
    addressOf(request: IncomingMessage): string
    answered: Answered
  },
): AnswerDirectly {
  const paths = new Map<string, Direct>()
  const headersOfAll = headersForPrograms(options)
  const forPrograms = Object.entries(headersOfAll).flat()
  const forPages = [...headersForPages(options)].flat()
  /** What is left to Fastify; with an error: it was done, and could not be answered. */
  const left = new WeakMap<IncomingMessage, { reply: DirectReply; error?: unknown }>()

  async function ask(
    request: DirectRequest,
    reply: DirectReply,
    { handler, count }: Direct,
  ): Promise<DirectAnswer | undefined> {
    try {
      const refreshing = options.refreshed()
      if (refreshing !== undefined) await refreshing
      if (count !== undefined) await count(request, reply)
      return await handler(request)
    } catch (err) {
      // A refusal is told once more by the hooks and the limit of the route, in the language of the person.
      if (!(err instanceof AppError)) request.log.warn({ err }, 'a direct answer failed; the route answers')
      return undefined
    }
  }

  /** @returns whether it was answered */
  async function answer(request: DirectRequest, reply: DirectReply, direct: Direct): Promise<boolean> {
    const response = reply.raw
    const found = await ask(request, reply, direct)
    if (found === undefined) return false
    const settling = settleCurrent()
    if (settling !== undefined) await settling
    const { status = 200, headers, body, encoding = 'utf8' } = found
    const all = [
      ...direct.headers,
      ...['x-request-id', request.id],
      ...headers,
      ...(status === 304 ? [] : ['content-length', String(Buffer.byteLength(body, encoding))]),
      ...Object.entries(reply.headers).flat(),
    ]
    options.answered.once(request, response)
    try {
      response.writeHead(status, all)
      response.end(status === 304 ? undefined : body, encoding)
    } catch (error) {
      // Nothing else answers it: the request would hang.
      request.log.error({ err: error }, 'an answer could not be written')
      request.raw.socket.destroy()
    }
    return true
  }

  app.addHook('onRequest', (request, reply, done) => {
    const before = left.get(request.raw)
    if (before === undefined) return done()
    reply.headers(before.reply.headers)
    if (!('error' in before)) return done()
    // The hooks that would say it are not run any more.
    reply.headers({ ...headersOfAll, 'x-request-id': request.id })
    done(before.error as Error)
  })

  const toFastify = takeListener(app.server)
  app.server.on('request', (raw, response) => {
    // Node tells of each request that was pipelined on a connection, of a lost one too: it has no address to count them by.
    if (raw.socket.destroyed)
      return options.answered.lost(new DirectRequest(raw, undefined, options.addressOf, app.log))
    const direct = options.answered.closing() ? undefined : paths.get(pathOf(raw.url ?? ''))
    if (direct === undefined) return toFastify(raw, response)
    const request = new DirectRequest(raw, direct.path, options.addressOf, app.log)
    const reply = new DirectReply(response)
    const leave = (how: { error?: unknown }) => {
      if (response.closed) return options.answered.once(request, response)
      left.set(raw, { reply, ...how })
      toFastify(raw, response)
    }
    runRequest(request, () => answer(request, reply, direct)).then(
      (answered) => (answered ? undefined : leave({})),
      (error) => leave({ error }),
    )
  })

  return (path, handler, { limit, browsers = false } = {}) => {
    const count = limit && countingEarly(limit)
    paths.set(path, { path, handler, count, headers: browsers ? forPages : forPrograms })
  }
}

type Listener = (...given: [IncomingMessage, ServerResponse]) => void

/** Takes the one listener of the requests of a server off it, which is Fastify's. */
function takeListener(server: FastifyInstance['server']): Listener {
  const [listener, ...others] = server.listeners('request') as Listener[]
  if (listener === undefined || others.length > 0)
    throw new Error(`the server has ${others.length + (listener ? 1 : 0)} listeners of requests, not one`)
  server.removeAllListeners('request')
  return listener
}

function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
