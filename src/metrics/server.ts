import { createInstance } from '../http/instance.ts'
import { AppError } from '../shared/errors.ts'
import type { Metrics } from './metrics.ts'
import { type MetricsAccess, metricsRoutes } from './routes.ts'

/**
 * A server that has `/metrics` and nothing else, on a port of its own: the network decides which hosts reach that port.
 * @param where.port 0: any free one
 * @throws AppError metrics_port_unavailable when it cannot listen there
 */
export async function listenForMetrics(
  metrics: Pick<Metrics, 'read' | 'contentType'>,
  where: { host: string; port: number },
  access: MetricsAccess,
): Promise<{ address: string; close(): Promise<void> }> {
  const { app } = createInstance({ log: false, trustProxy: false })
  await metricsRoutes(app, metrics, access)
  try {
    const address = await app.listen({ host: where.host, port: where.port })
    return { address, close: () => app.close() }
  } catch (error) {
    await app.close()
    const why = error instanceof Error ? error.message : String(error)
    throw new AppError(
      'metrics_port_unavailable',
      500,
      `the port of METRICS_PORT cannot be had (${why}). Set METRICS_PORT to another one, for example METRICS_PORT=9465.`,
      { cause: error },
    )
  }
}
