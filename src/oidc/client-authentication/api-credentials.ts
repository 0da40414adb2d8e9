import { type Client, errors } from 'oidc-provider'
import { contentVersion } from '../../shared/content-version.ts'
import type { ProtocolClient } from '../provider/adapter.ts'
import { currentContext } from '../provider/context.ts'

/** The error description for a request that uses the credentials of an API for anything but introspection (RFC 7662). */
export const ONLY_INTROSPECTS = 'the credentials of an API introspect tokens, and do nothing else'

/** The API whose tokens a caller of introspection may ask about; undefined: it is a client, not an API. */
export function introspectsOf(client: Client): string | undefined {
  const { introspects } = client as { introspects?: unknown }
  return typeof introspects === 'string' && introspects !== '' ? introspects : undefined
}

/**
 * The credentials of APIs, beside clients, for the library to authenticate. They are known at introspection alone: whatever
 * else there is, now or later, never meets them.
 */
export function withApiCredentials(deps: {
  findClient(id: string): Promise<ProtocolClient | undefined>
  isApiCredential(id: string): boolean
  findCredential(id: string): Promise<{ resource: string; name: string; secretHash: string } | undefined>
}) {
  return async (id: string): Promise<ProtocolClient | undefined> => {
    if (!deps.isApiCredential(id)) return deps.findClient(id)
    const ctx = currentContext()
    if (ctx?.oidc.route !== 'introspection')
      throw new errors.CustomOIDCProviderError('unauthorized_client', ONLY_INTROSPECTS)
    const found = await deps.findCredential(id)
    return found && asClient(id, found)
  }
}

const asClient = (
  id: string,
  { resource, name, secretHash }: { resource: string; name: string; secretHash: string },
): ProtocolClient => ({
  version: contentVersion([resource, name, secretHash]),
  metadata: {
    client_id: id,
    client_name: name,
    redirect_uris: [],
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    // An API may be told of tokens of clients with the FAPI profile, which excludes the RS256 that RFC 9701 has by default.
    introspection_signed_response_alg: 'PS256',
  },
  secretHashes: [secretHash],
  pkce: 'required',
  firstParty: false,
  introspects: resource,
})
