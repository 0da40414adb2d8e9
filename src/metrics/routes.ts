import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problem } from '../http/errors/problem.ts'
import { programHeaders } from '../http/headers.ts'
import type { Metrics } from './metrics.ts'

export interface MetricsAccess {
  /** The bearer token of the reader; undefined: every client that reaches the route may read. */
  token: string | undefined
  /** Whether the issuer is https. */
  secure: boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Compares hashes of one length, so that the time says nothing about where two tokens part. */
function mayRead({ headers }: FastifyRequest, token: string): boolean {
  const sent = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(sent), digest(token))
}

/** `GET /metrics`, in a context of its own. */
export async function metricsRoutes(
  app: FastifyInstance,
  { read, contentType }: Pick<Metrics, 'read' | 'contentType'>,
  { token, secure }: MetricsAccess,
): Promise<void> {
  await app.register(async (scope) => {
    const forPrograms = programHeaders(scope, { secure })
    scope.get('/metrics', { ...forPrograms, exposeHeadRoute: false }, async (request, reply) => {
      reply.header('cache-control', 'no-store')
      if (token !== undefined && !mayRead(request, token))
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer realm="metrics"')
          .type('application/problem+json')
          .send(problem(401, 'invalid_credentials', 'Send the token that METRICS_TOKEN says.', request.id))
      return reply.type(contentType).send(await read())
    })
  })
}
