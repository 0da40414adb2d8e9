import type { FastifyInstance } from 'fastify'

/** Named checks; each rejects when what it looks at is not working. */
export type HealthChecks = Record<string, () => Promise<void>>

/** How long a check may take, in milliseconds, before it counts as failed. */
const PATIENCE = 3000

/**
 * `/health/live` (the process answers) and `/health/ready` (it can do its work: 200, or 503 with the names of what
 * fails; why goes to the log).
 */
export function registerHealth(app: FastifyInstance, checks: HealthChecks): void {
  app.get('/health/live', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'ok' }
  })
  app.get('/health/ready', async (request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await withPatience(check())
          return undefined
        } catch (error) {
          request.log.error({ err: error, check: name }, 'health check failed')
          return name
        }
      }),
    )
    const failing = results.filter((name) => name !== undefined)
    reply.header('cache-control', 'no-store')
    if (failing.length === 0) return { status: 'ok' }
    reply.code(503)
    return { status: 'unavailable', failing }
  })
}

async function withPatience(check: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
  try {
    await Promise.race([check, promise])
  } finally {
    clearTimeout(timer)
  }
}
