import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { type SerializedError, stdSerializers } from 'pino'
import { partsOf } from '../address.ts'
import { redacted } from './redaction.ts'
import { standardLog } from './stream.ts'

export interface LogOptions {
  level: string
  /** Where lines go; standard output unless given. */
  stream?: { write(line: string): void } | undefined
}

/** Every token, code and id of ours is longer than any name: what a mail program makes of a link may put one anywhere. */
const withoutTokens = (text: string): string => text.replaceAll(/[\w-]{20,}/g, '…')

/** The longest parameter name of the protocols is post_logout_redirect_uri. */
const nameOf = (parameter: string): string => (parameter.length > 30 ? '…' : parameter)

type DescribedRequest = Pick<FastifyRequest, 'method' | 'url' | 'ip'> & {
  routeOptions?: { url?: string | undefined }
}
export type LoggedRequest = DescribedRequest & { routeOptions: object } & Pick<FastifyRequest, 'raw' | 'id'>

/**
 * A request as the log shows it. Values of query parameters and of path parameters stay out: both carry codes and
 * one-time tokens. A path with parameters is written as its route (`/interaction/:uid`).
 */
export function describeRequest(request: DescribedRequest) {
  const { path, query } = partsOf(request.url)
  const route = request.routeOptions?.url
  const parameters = query === undefined ? [] : [...new Set(new URLSearchParams(query).keys())]
  return {
    method: request.method,
    path: (route ?? withoutTokens(path)).slice(0, 200),
    ...(parameters.length > 0 && { query: parameters.slice(0, 20).map(nameOf) }),
    ip: request.ip,
  }
}

/** What Fastify says for each address that it is bound to: kept out of the log, the server has a better line. */
export const boundMessage = 'bound'

/** pino options: level, redaction, serializers. */
export function loggerOptions({ level, stream }: LogOptions) {
  return {
    level,
    stream: stream ?? standardLog(),
    hooks: {
      logMethod(this: unknown, parameters: unknown[], write: (...parameters: never[]) => void) {
        if (parameters[0] !== boundMessage) write.apply(this, parameters as never[])
      },
    },
    formatters: { log: (fields: object) => redacted(fields) as Record<string, unknown> },
    serializers: {
      req: (request: DescribedRequest) => describeRequest(request),
      err: (error: Error) => redacted(stdSerializers.err(error)) as SerializedError,
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
    },
  }
}

const quiet = new WeakSet<IncomingMessage>()

/** Keeps a request out of the log, one of many that say the same. */
export const keepQuiet = ({ raw }: Pick<FastifyRequest, 'raw'>): void => void quiet.add(raw)

type Log = Pick<FastifyBaseLogger, 'info' | 'debug'>

/** Logs a request once, when it has ended. @param log of the server: a logger of the request is made where it has more to say */
export function logAnswered(log: Log, request: LoggedRequest, status: number, milliseconds: number): void {
  // Probes come every few seconds; they would be most of the log.
  const level = /^\/(health\/|metrics$)/.test(request.url) || quiet.has(request.raw) ? 'debug' : 'info'
  const { id } = request
  log[level]({ request_id: id, req: request, status, duration_ms: Math.round(milliseconds) }, 'request')
}

export const logAborted = (log: Log, request: LoggedRequest): void =>
  log.info({ request_id: request.id, req: request }, 'request aborted by the client')

/** Names the id of each request in its response. */
export function registerRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
