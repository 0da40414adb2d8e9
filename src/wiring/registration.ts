import type { FastifyInstance } from 'fastify'
import type { Http } from '../http/http.ts'
import { REGISTRATION_PATH, registrationRoutes } from '../registration/routes.ts'
import type { Services } from '../services.ts'

/** The endpoints where clients register themselves, which are not there while that is switched off. */
export async function wireRegistration(app: FastifyInstance, http: Http, services: Services): Promise<void> {
  const { config, registration } = services
  await app.register((scope) =>
    registrationRoutes(scope, { registration, issuer: new URL(config.issuer), limit: http.limit }),
  )
}

/** What discovery says of it: nothing of what is switched off. */
export const registrationDiscovery = ({ config, settings: { values } }: Services) => ({
  ...(values.dynamicRegistration !== 'off' && {
    registration_endpoint: `${config.issuer}${REGISTRATION_PATH}`,
  }),
  ...(values.clientMetadataDocuments === 'on' && { client_id_metadata_document_supported: true }),
})
