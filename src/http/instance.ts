import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import proxyAddress from '@fastify/proxy-addr'
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { problem } from './errors/problem.ts'
import { type LogOptions, loggerOptions } from './logging/requests.ts'

export interface InstanceOptions {
  log: LogOptions | false
  /** Addresses or networks whose X-Forwarded-* headers count, or a number of hops; false: nobody's. */
  trustProxy: number | readonly string[] | false
}

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 30_000

export interface Instance {
  app: FastifyInstance
  /** The address of the client of a request, as Fastify tells it. */
  addressOf(request: IncomingMessage): string
}

/** Makes every Fastify instance of this server. */
export function createInstance(options: InstanceOptions): Instance {
  const trusted = trusts(options.trustProxy)
  return { app: fastify(fastifyOptions(options.log, trusted)), addressOf: addressesBehind(trusted) }
}

/**
 * Routes that have schemas have those of zod, and compilers for them. Without this, Fastify loads ajv and fast-json-stringify at each start.
 * @throws Error always: a route with a schema stands where no compiler was set
 */
const noJsonSchema = (): never => {
  throw new Error('This server has no compiler for JSON Schema: set one for zod.')
}

function fastifyOptions(log: InstanceOptions['log'], trusted: Trusts | false) {
  return {
    logger: log === false ? false : loggerOptions(log),
    // One line a request, written when it ends (logging/requests.ts), instead of the two built-in ones.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: trusted,
    // A request that was taken is answered, also one that Fastify is given while the server closes (http/direct.ts); its connection ends with it.
    return503OnClosing: false,
    // An id from outside could forge a line of another request in the log.
    requestIdHeader: false,
    genReqId: idOf,
    bodyLimit: 64 * 1024,
    // Fastify's own default is for ever: a client that sends a byte now and then would keep its connection.
    requestTimeout: REQUEST_TIMEOUT,
    routerOptions: { maxParamLength: 512 },
    schemaController: { compilersFactory: { buildValidator: noJsonSchema, buildSerializer: noJsonSchema } },
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

/** Whether the n-th address before a request is that of a proxy whose headers count. */
type Trusts = (address: string, hop: number) => boolean

const trusts = (proxies: InstanceOptions['trustProxy']): Trusts | false => {
  if (proxies === false) return false
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : proxyAddress.compile([...proxies])
}

const addressesBehind = (trusted: Trusts | false): Instance['addressOf'] =>
  trusted === false
    ? ({ socket }) => socket.remoteAddress ?? ''
    : (request) => proxyAddress(request, trusted) ?? ''

const SEEN = Symbol('seen')
type Seen = IncomingMessage & { [SEEN]?: { id: string; begun: number } }

/** What a request has from the first look on, which is at its beginning, by Fastify or before it (direct.ts). */
function seen(request: Seen): { id: string; begun: number } {
  request[SEEN] ??= { id: randomUUID(), begun: performance.now() }
  return request[SEEN]
}

export const idOf = (request: IncomingMessage): string => seen(request).id

/** The milliseconds since a request began. */
export const elapsedOf = (request: IncomingMessage): number => performance.now() - seen(request).begun
