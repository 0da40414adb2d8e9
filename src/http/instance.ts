import { randomUUID } from 'node:crypto'
import type { FastifyServerOptions } from 'fastify'
import { LogController } from 'fastify'
import { problem } from './errors/problem.ts'
import { type LogOptions, loggerOptions } from './logging/requests.ts'

export interface InstanceOptions {
  log: LogOptions | false
  /** Addresses or networks whose X-Forwarded-* headers count, or a number of hops; false: nobody's. */
  trustProxy: number | readonly string[] | false
}

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 30_000

/** The options every Fastify instance of this server is made with. */
export function instanceOptions(options: InstanceOptions) {
  return {
    logger: options.log === false ? false : loggerOptions(options.log),
    // One line a request, written when it ends (logging/requests.ts), instead of the two built-in ones.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: trusted(options.trustProxy),
    // An id from outside could forge a line of another request in the log.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    bodyLimit: 64 * 1024,
    // Fastify's own default is for ever: a client that sends a byte now and then would keep its connection.
    requestTimeout: REQUEST_TIMEOUT,
    routerOptions: { maxParamLength: 512 },
    // A path that cannot be decoded reaches no route and no hook, so nothing but this can answer it.
    frameworkErrors: (error, request, reply) => {
      const status = error.statusCode ?? 400
      const body = problem(status, 'bad_url', 'This address cannot be read.', request.id)
      reply.raw
        .writeHead(status, {
          'content-type': 'application/problem+json; charset=utf-8',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        })
        .end(JSON.stringify(body))
    },
  } satisfies FastifyServerOptions
}

/** Fastify takes a number of hops only as a function. */
const trusted = (proxies: InstanceOptions['trustProxy']) => {
  if (typeof proxies === 'number') return (_address: string, hop: number) => hop < proxies
  return typeof proxies === 'object' ? [...proxies] : proxies
}
