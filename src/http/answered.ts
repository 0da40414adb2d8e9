import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { DirectRequest } from './direct-request.ts'
import { elapsedOf } from './instance.ts'
import { type LoggedRequest, logAborted, logAnswered } from './logging/requests.ts'

/** An answer, as metrics are told of it. */
export interface ToldAnswer {
  method: string
  /** Of its route, a pattern; undefined: none fits. */
  route: string | undefined
  status: number
  /** From the request to the last byte, whatever was done before Fastify had it. */
  milliseconds: number
}

export interface Answered {
  /** Tells of the answer to a request that Fastify knows nothing of, once it is out or its connection is lost. */
  once(request: DirectRequest, response: ServerResponse): void
  /** Tells of a request whose connection was lost before anything was done for it. */
  lost(request: DirectRequest): void
  /** Whether the server is closing. */
  closing(): boolean
}

/**
 * Says of every request once how it ended: by a line in the log, and to metrics. While the server closes it ends each connection with the
 * response that is under way on it: closing ends idle connections and waits for the others, and one that a proxy keeps open for its
 * next request would keep the whole process from ending.
 */
export function registerAnswered(
  app: FastifyInstance,
  observe: ((answer: ToldAnswer) => void) | undefined,
): Answered {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })

  function tell(request: LoggedRequest, status: number): void {
    const milliseconds = elapsedOf(request.raw)
    logAnswered(app.log, request, status, milliseconds)
    observe?.({ method: request.method, route: request.routeOptions.url, status, milliseconds })
    if (closing) request.raw.socket.end()
  }

  app.addHook('onResponse', (request, reply, done) => {
    tell(request, reply.statusCode)
    done()
  })
  app.addHook('onRequestAbort', async (request) => logAborted(app.log, request))

  return {
    once(request, response) {
      const ended = () =>
        response.writableFinished ? tell(request, response.statusCode) : logAborted(app.log, request)
      if (response.closed) ended()
      else response.once('close', ended)
    },
    lost: (request) => logAborted(app.log, request),
    closing: () => closing,
  }
}
