import type { FastifyInstance } from 'fastify'
import { consolePages } from '../admin/console/console.ts'
import { actionGroups, sentenceOf } from '../audit/event-types.ts'
import { administeredResources } from '../clients/resources/administered.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import { clientsConsole } from './clients-console.ts'
import { figuresOf } from './figures.ts'
import type { Protocol } from './protocol.ts'
import { usersConsole } from './users-console.ts'

/** The console, on the services and the protocol. */
export async function wireConsole(
  app: FastifyInstance,
  http: Http,
  services: Services,
  protocol: Protocol,
): Promise<void> {
  const { sessions } = protocol
  const { accounts, clock, config, keys, providers, usage } = services
  const { values } = services.settings
  await app.register((scope) =>
    consolePages(scope, {
      ...clientsConsole(app, http, services, protocol),
      ...usersConsole(services),
      registration: services.registration,
      selfRegistered: services.selfRegistered,
      get metadataDocuments() {
        return values.clientMetadataDocuments === 'on'
      },
      configuration: services.configuration,
      settings: services.settings,
      providers,
      resources: administeredResources(services.resources, services.resourceCredentials),
      clock,
      issuer: new URL(config.issuer),
      http,
      sessions,
      findAccount: (id) => accounts.byId(id),
      yamlOf: services.configuration.yamlOf,
      ...figuresOf(services),
      keys,
      keyUses: usage.keyUses,
      audit: services.audit,
      auditSentence: sentenceOf,
      auditActions: actionGroups(),
      rejections: services.rejections,
      clientName: async (id) => (await services.findClient(id))?.metadata.client_name,
      get keyRotationDays() {
        return values.keyRotationDays
      },
    }),
  )
}
