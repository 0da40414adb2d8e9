import type { FastifyInstance } from 'fastify'
import manifest from '../../package.json' with { type: 'json' }
import type { Config } from '../config.ts'
import type { Housekeeping } from '../housekeeping.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Services } from '../services.ts'

/** Loads the metrics and counts every request; undefined when METRICS is off: then nothing of them is even loaded. */
export async function openMetrics(app: FastifyInstance, config: Config): Promise<Metrics | undefined> {
  if (config.metrics === undefined) return undefined
  const metrics = await (await import('../metrics/metrics.ts')).openMetrics()
  const { answered } = metrics.observers
  app.addHook('onResponse', (request, reply, done) => {
    answered({
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      milliseconds: reply.elapsedTime,
    })
    done()
  })
  return metrics
}

/** Says what is asked at each reading, and lets it be read: beside the other routes, or on a port of its own. */
export async function wireMetrics(
  app: FastifyInstance,
  metrics: Metrics | undefined,
  services: Services,
  housekeeping: Housekeeping,
): Promise<void> {
  const { accounts, clock, config, db, keys, mailer } = services
  if (metrics === undefined || config.metrics === undefined) return
  metrics.ask({
    now: clock,
    info: { version: manifest.version, node: process.version, database: db.artifacts.dialect },
    hashes: accounts.hashing,
    pool: () => db.pool?.(),
    mailQueue: mailer.load,
    jobs: housekeeping.report,
    keys: keys.list,
  })
  const { port, token } = config.metrics
  const access = { token, secure: config.issuer.startsWith('https:') }
  if (port === undefined) {
    const { metricsRoutes } = await import('../metrics/routes.ts')
    return metricsRoutes(app, metrics, access)
  }
  const { listenForMetrics } = await import('../metrics/server.ts')
  // When it is ready, not now: whoever only asks the instance for something has no need of a port.
  let server: Awaited<ReturnType<typeof listenForMetrics>> | undefined
  app.addHook('onReady', async () => {
    server = await listenForMetrics(metrics, { host: config.host, port }, access)
    app.log.info({ address: server.address }, 'metrics can be read')
  })
  app.addHook('onClose', () => server?.close())
}
