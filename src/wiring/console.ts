import type { FastifyInstance } from 'fastify'
import { consolePages } from '../admin/console/console.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import type { Protocol } from './protocol.ts'

/** The console, on the services and the protocol. */
export async function wireConsole(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { sessions }: Protocol,
): Promise<void> {
  const { accounts, clock, config } = services
  await app.register((scope) =>
    consolePages(scope, {
      clock,
      issuer: new URL(config.issuer),
      http,
      sessions,
      findAccount: (id) => accounts.byId(id),
    }),
  )
}
