import type { ProtocolClient } from '../provider/adapter.ts'

/**
 * The client whose tokens the JSON API issues: the server itself. It exists without being registered, is public, and
 * has no way to /authorize: no redirect URI, no response type. Its only grant is to refresh what the API gave out.
 */
export const FIRST_PARTY_ID = 'latchkey'

/** What every token of the API may do, and needs to be used there: all of it or nothing. */
export const FIRST_PARTY_SCOPE = 'openid profile email'

/** RFC 7591 metadata, with the optional fields that pages ask any client for. */
interface Metadata extends Record<string, unknown> {
  client_id: string
  client_name: string
  logo_uri?: string
}

/** As a registered client is found. IDs of registered clients are random, so none can be called like this. */
export const firstPartyClient: ProtocolClient & { metadata: Metadata } = {
  version: 'always',
  metadata: {
    client_id: FIRST_PARTY_ID,
    client_name: 'Latchkey',
    redirect_uris: [],
    post_logout_redirect_uris: [],
    grant_types: ['refresh_token'],
    response_types: [],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
    id_token_signed_response_alg: 'RS256',
    scope: FIRST_PARTY_SCOPE,
  },
  secretHashes: [],
  pkce: 'required',
  firstParty: true,
}
