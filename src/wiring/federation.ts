import type { FastifyInstance } from 'fastify'
import { canonicalEmail } from '../accounts/email/address.ts'
import { createFederation, type Federation } from '../federation/federation.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import type { WiredProtocol } from './protocol.ts'

/** Signing in at providers, on the services and the protocol. */
export async function wireFederation(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { browser, firstPartyTokens, sessions }: WiredProtocol,
): Promise<Federation> {
  const { accounts, artifacts, clock, config, organizations, providers, secrets, settings } = services
  const federation = createFederation({
    issuer: new URL(config.issuer),
    clock,
    http,
    accounts,
    artifacts,
    secrets,
    providers: providers.enabled,
    sessions,
    firstPartyTokens,
    provide: services.access.provide,
    organizations: {
      exist: organizations.exist,
      async providerOf(typed) {
        const email = canonicalEmail(typed)
        return email === undefined ? undefined : (await organizations.signIn.ofEmail(email))?.provider
      },
      owns: organizations.signIn.owns,
      arrived: organizations.signIn.arrived,
    },
    registration: () => settings.values.registration,
    setPending: browser.setPending,
    askWhetherToKeep: browser.askWhetherToKeep,
  })
  await federation.routes(app)
  return federation
}
