import * as oidc from 'openid-client'
import { message } from '../../../shared/locales/texts.ts'
import { type Registration, UpstreamError } from '../../connector.ts'
import { prepare } from '../../upstream.ts'
import { type AuthMethod, clientAuthentication } from './auth.ts'
import { createLogoutKeys, type LogoutKeys } from './logout.ts'
import { acceptedSignatures, discover, type Metadata, type Signature } from './metadata.ts'

/** Milliseconds that a discovery document counts. */
const HOUR = 60 * 60 * 1000

/** What speaking to a provider needs to know. */
export interface ClientOptions {
  issuer: string
  authMethod: AuthMethod
  /** The only signature of an id_token to accept; undefined: those that the provider offers and we know. */
  idTokenAlg: Signature | undefined
}

/** A provider that has been discovered, and Latchkey as its client. */
export interface OpenIdClient {
  metadata: Metadata
  signatures: readonly Signature[]
  logoutKeys: LogoutKeys
  /**
   * A Configuration for one use, which always verifies signatures (ASVS 6.8.2). Keys that one has fetched go on to
   * the next.
   * @param change `issuer`: another spelling to expect in the id_token; `fetch`: around the requests of this use
   */
  use<T>(
    action: (configuration: oidc.Configuration) => Promise<T>,
    change?: { issuer?: string; fetch?: oidc.CustomFetch },
  ): Promise<T>
}

/** The client of a discovery document. @throws UpstreamError when nothing that it signs with, or our own key, is usable */
export async function createClient(
  metadata: Metadata,
  registration: Registration,
  options: ClientOptions,
): Promise<OpenIdClient> {
  const signatures = acceptedSignatures(metadata, options.idTokenAlg)
  if (signatures.length === 0) throw new UpstreamError('invalid', message('provider.problem.no_signature'))
  const auth = await clientAuthentication(options.authMethod, registration)
  let keys: oidc.ExportedJWKSCache | undefined

  return {
    metadata,
    signatures,
    logoutKeys: createLogoutKeys(metadata.jwks_uri),
    async use(action, { issuer, fetch } = {}) {
      const server = { ...metadata, id_token_signing_alg_values_supported: [...signatures] }
      if (issuer !== undefined)
        Object.assign(server, { issuer, authorization_response_iss_parameter_supported: false })
      const configuration = prepare(new oidc.Configuration(server, registration.clientId, undefined, auth))
      oidc.enableNonRepudiationChecks(configuration)
      if (fetch !== undefined) configuration[oidc.customFetch] = fetch
      if (keys !== undefined) oidc.setJwksCache(configuration, keys)
      try {
        return await action(configuration)
      } finally {
        keys = oidc.getJwksCache(configuration) ?? keys
      }
    },
  }
}

/**
 * The client of an issuer, discovered when it is first needed and again after an hour. Callers that ask
 * during discovery wait for the same request; one that failed is not remembered.
 */
export function rememberClient(
  registration: Registration,
  options: ClientOptions,
): () => Promise<OpenIdClient> {
  let current: { client: Promise<OpenIdClient>; since: number } | undefined
  return () => {
    if (current !== undefined && Date.now() - current.since < HOUR) return current.client
    const client = discover(options.issuer).then((metadata) => createClient(metadata, registration, options))
    const mine = { client, since: Date.now() }
    current = mine
    client.catch(() => {
      if (current === mine) current = undefined
    })
    return client
  }
}
