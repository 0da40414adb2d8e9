import { REGISTRATION_PATH } from './routes.ts'

/** Client metadata documents have no field in RFC 8414; this is that of draft-ietf-oauth-client-id-metadata-document. */
const DOCUMENTS = 'client_id_metadata_document_supported'

/** What discovery says of registration (RFC 8414 §2): nothing of what is switched off. */
export const registrationDiscovery = (
  issuer: string,
  settings: { readonly dynamicRegistration: string; readonly clientMetadataDocuments: string },
): Readonly<Record<string, unknown>> => ({
  ...(settings.dynamicRegistration !== 'off' && { registration_endpoint: `${issuer}${REGISTRATION_PATH}` }),
  ...(settings.clientMetadataDocuments === 'on' && { [DOCUMENTS]: true }),
})
