import type { Cookies } from '../../http/cookies.ts'
import type { SealedCookies } from '../../http/sealed-cookie.ts'

/** An initial access token without the token. Times in seconds since the epoch. */
export interface InitialAccessToken {
  id: string
  name: string
  state: 'active' | 'revoked' | 'expired' | 'used_up'
  /** Null: any number. */
  uses_left: number | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  policy: {
    scope: readonly string[]
    client_credentials: boolean
    redirect_hosts: readonly string[]
    verified: boolean
  }
}

export interface SelfRegisteredClient {
  client_id: string
  client_name: string
  client_id_issued_at: number
  redirect_uris: readonly string[]
  source: string
  verified: boolean
  disabled: boolean
  version: string
}

export interface RegistrationDependencies {
  cookies: Cookies
  sealed: SealedCookies
  /** Whether a client_id may be the address of a document. */
  metadataDocuments: boolean
  registration: {
    mode: 'off' | 'token' | 'open'
    /** Scopes of APIs that clients may ask for which nobody has looked at. */
    openScopes: readonly string[]
    /** @throws AppError version_conflict (409) when it is not what was looked at */
    setVerified(clientId: string, verified: boolean, given: { ifVersion: string }): Promise<void>
    tokens: {
      list(): Promise<InitialAccessToken[]>
      /** @throws an error with `errors` by field */
      create(input: Readonly<Record<string, unknown>>): Promise<{ id: string; token: string }>
      revoke(id: string): Promise<void>
    }
  }
  selfRegistered: {
    list(page: {
      cursor?: string | undefined
    }): Promise<{ items: SelfRegisteredClient[]; next_cursor?: string }>
  }
}
