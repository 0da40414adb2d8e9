import type { FastifyInstance } from 'fastify'
import { apiRoutes } from '../api/routes.ts'
import type { Federation } from '../federation/federation.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import { wireAdminRest } from './admin-rest.ts'
import type { Protocol } from './protocol.ts'
import { liveAccounts } from './sessions.ts'

/** Both JSON APIs, on the services and the protocol. */
export async function wireApi(
  app: FastifyInstance,
  http: Http,
  services: Services,
  protocol: Protocol,
  federation: Federation,
): Promise<void> {
  const { accounts, clock, config } = services
  const { mint, sessions } = protocol
  await app.register((scope) =>
    apiRoutes(
      scope,
      {
        issuer: new URL(config.issuer),
        clock,
        limit: http.limit,
        devices: http.devices,
        accounts,
        findLive: liveAccounts(services),
        mint,
        sessions,
        upstream: federation,
      },
      wireAdminRest(http, services, protocol),
    ),
  )
}
