import type { Client } from 'oidc-provider'
import { FAPI_ALGORITHMS } from '../../shared/signing-algorithms.ts'

type Registered = Pick<
  Client,
  'clientAuthMethod' | 'requirePushedAuthorizationRequests' | 'dpopBoundAccessTokens'
> & { profile?: unknown }

/** What a client may be registered as, as a whole (src/clients/fapi-profile.ts). */
export const hasFapiProfile = (client: Registered): boolean => typeof client.profile === 'string'

/**
 * Whether the rules of FAPI 2.0 hold for a client: it says so (`profile`), or it is a confidential client that has to push its requests
 * and to bind its tokens, which is what makes the profile. Then its assertions are for the issuer alone, and its refresh tokens stay
 * (Security Profile §5.3.2.1).
 */
export const followsFapi = (client: Registered): boolean =>
  hasFapiProfile(client) ||
  (client.clientAuthMethod !== 'none' &&
    client.requirePushedAuthorizationRequests === true &&
    client.dpopBoundAccessTokens === true)

/** Of a header; Ed25519 is EdDSA by its newer name. */
export const isFapiAlgorithm = (alg: unknown): boolean =>
  alg === 'Ed25519' || (FAPI_ALGORITHMS as readonly unknown[]).includes(alg)
