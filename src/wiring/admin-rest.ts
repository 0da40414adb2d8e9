import type { FastifyInstance } from 'fastify'
import { adminRest } from '../admin/rest/routes.ts'
import { auditDocument } from '../audit/export.ts'
import { administeredResources } from '../clients/resources/administered.ts'
import type { Http } from '../http/http.ts'
import { listDevices } from '../oidc/sessions/devices.ts'
import type { Services } from '../services.ts'
import { figuresOf } from './figures.ts'
import type { Protocol } from './protocol.ts'
import { liveAccounts } from './sessions.ts'

/** In the artefact store, which keeps ids hashed and sweeps away what has expired. */
const KEPT_ANSWER = 'AdministrationAnswer'

/** The administration API, on the services and the protocol: what adds its routes to a context that speaks JSON. */
export function wireAdminRest(http: Http, services: Services, { adminTokens }: Protocol) {
  const { accounts, artifacts, audit, clients, clientScopes, clock, config, consents, keys, providers } =
    services
  const { rejections, secrets } = services
  return (scope: FastifyInstance): Promise<void> =>
    adminRest(scope, {
      issuer: config.issuer,
      clock,
      limit: http.limit,
      accept: adminTokens.accept,
      findLive: liveAccounts(services),
      answers: {
        claim: (id, kept, ttl) => artifacts.insert(KEPT_ANSWER, id, { ...kept }, ttl),
        async find(id) {
          const { request, answer } = (await artifacts.find(KEPT_ANSWER, id)) ?? {}
          if (typeof request !== 'string') return undefined
          return { request, ...(typeof answer === 'string' && { answer }) }
        },
        replace: (id, kept, ttl) => artifacts.upsert(KEPT_ANSWER, id, { ...kept }, ttl),
        drop: async (id) => void (await artifacts.destroy(KEPT_ANSWER, id)),
        seal: (text, id) => secrets.seal(text, `administration answer ${id}`),
        open: (sealed, id) => secrets.open(sealed, `administration answer ${id}`),
      },
      clients,
      clientScopes,
      accounts,
      belongings: {
        sessions: async (accountId) => listDevices(services, await accounts.byId(accountId)),
        consents: (accountId) => consents.list(accountId),
      },
      resources: administeredResources(services.resources, services.resourceCredentials),
      providers,
      keys,
      registrationTokens: services.registration.tokens,
      audit,
      auditDocument,
      rejections,
      configuration: services.configuration,
      figures: figuresOf(services),
      settings: services.settings,
    })
}
