import type { FastifyInstance } from 'fastify'
import type { Metrics } from './metrics.ts'
import { type MetricsAccess, metricsRoutes } from './routes.ts'
import { listenForMetrics } from './server.ts'

/** Lets the metrics be read: beside the other routes, or, with a port, on a server of their own once the instance is ready. */
export async function serveMetrics(
  app: FastifyInstance,
  metrics: Metrics,
  { host, port, ...access }: MetricsAccess & { host: string; port: number | undefined },
): Promise<void> {
  if (port === undefined) return metricsRoutes(app, metrics, access)
  let server: Awaited<ReturnType<typeof listenForMetrics>> | undefined
  // When it is ready, not now: an instance that is only asked by `inject` needs no port.
  app.addHook('onReady', async () => {
    server = await listenForMetrics(metrics, { host, port }, access)
    app.log.info({ address: server.address }, 'metrics can be read')
  })
  app.addHook('onClose', () => server?.close())
}
