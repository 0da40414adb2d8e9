import type { Cookies } from '../../http/cookies.ts'
import type { SealedCookies } from '../../http/sealed-cookie.ts'
import type { PkceRule } from '../../pkce-rule.ts'
import type { TryDependencies } from './try-port.ts'

/** A registered client in RFC 7591 names, as the service shows it. Times in seconds since the epoch. */
export interface RegisteredClient {
  client_id: string
  client_id_issued_at: number
  client_name: string
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  grant_types: string[]
  token_endpoint_auth_method: string
  token_endpoint_auth_signing_alg?: string
  application_type: string
  id_token_signed_response_alg: string
  id_token_identity_claims: boolean
  scope?: string
  jwks?: object
  jwks_uri?: string
  logo_uri?: string
  client_uri?: string
  policy_uri?: string
  tos_uri?: string
  backchannel_logout_uri?: string
  backchannel_logout_session_required?: boolean
  require_pushed_authorization_requests?: boolean
  dpop_bound_access_tokens?: boolean
  request_object_signing_alg?: string
  require_signed_request_object?: boolean
  authorization_signed_response_alg?: string
  profile?: string
  default_max_age?: number
  contacts?: string[]
  pkce: PkceRule
  pkce_raised?: boolean
  first_party: boolean
  disabled: boolean
  source: string
  verified: boolean
  secrets: { id: string; issued_at: number; expires_at: number; last_used_at: number | null }[]
  version: string
}

export type Registration = Record<string, unknown>

/** What the clients' pages need. Every rule is the service's. */
export interface ClientsDependencies extends TryDependencies {
  clients: {
    create(input: Registration): Promise<RegisteredClient & { client_secret?: string }>
    get(id: string): Promise<RegisteredClient>
    list(page: {
      limit?: number | undefined
      cursor?: string | undefined
      search?: string | undefined
    }): Promise<{ items: RegisteredClient[]; next_cursor?: string }>
    /** @throws AppError version_conflict (409) when the client is not as it was at `ifVersion` */
    update(
      id: string,
      changes: Registration,
      given: { ifVersion?: string | undefined },
    ): Promise<RegisteredClient & { client_secret?: string }>
    disable(id: string): Promise<void>
    enable(id: string): Promise<void>
    delete(id: string): Promise<void>
    /** @param options.keepOldSeconds how long the secret before stays valid */
    rotateSecret(id: string, options: { keepOldSeconds?: number }): Promise<{ client_secret: string }>
    removeSecret(id: string, secretId: string): Promise<void>
    /** Lends a secret for as long as `work` takes; undefined for a client that has none. */
    lendSecret<Result>(id: string, work: (secret: string | undefined) => Promise<Result>): Promise<Result>
    /**
     * Says that an administrator has looked at a client that registered itself, or takes it back.
     * @throws AppError version_conflict (409) when it is not what was looked at
     */
    setVerified(id: string, verified: boolean, given: { ifVersion: string }): Promise<unknown>
  }
  /** The registered APIs; the newest hundred. */
  listApis(): Promise<{ items: { identifier: string; name: string; scope: string }[] }>
  /** Those of some scopes that stand for nothing: neither about a person nor of an API. */
  unknownScopes(scopes: readonly string[]): Promise<string[]>
  /** What ends with a client. */
  footprint(clientId: string): Promise<Footprint>
  cookies: Cookies
  sealed: SealedCookies
}

export interface Footprint {
  /** People who have allowed the client. */
  people: number
  /** Their sign-ins at it that are still on. */
  grants: number
  /** Access and refresh tokens that work now; not those that APIs check by themselves. */
  tokens: number
}
