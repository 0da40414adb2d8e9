import type { FastifyInstance } from 'fastify'
import { createFederation, type Federation } from '../federation/federation.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import { browserState } from './browser-state.ts'
import type { Protocol } from './protocol.ts'

/** Signing in elsewhere, on the services and the protocol. */
export async function wireFederation(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { sessions, mint }: Protocol,
): Promise<Federation> {
  const { accounts, artifacts, clock, config, providers, secrets } = services
  const { values } = services.settings
  const browser = browserState(http, services)
  const federation = createFederation({
    issuer: new URL(config.issuer),
    clock,
    http,
    providers: providers.enabled,
    artifacts,
    secrets,
    accounts,
    sessions,
    mint,
    registration: () => values.registration,
    setPending: browser.setPending,
  })
  await federation.routes(app)
  return federation
}
