/** What was done to a client, for the audit log. */
export interface ClientEvent {
  type: `client.${'created' | 'updated' | 'disabled' | 'enabled' | 'deleted' | 'secret_rotated' | 'secret_removed' | 'tried' | 'pkce_raised' | 'pkce_lowered' | 'verified' | 'unverified'}`
  client_id: string
  client_name?: string
  /** What was changed, as it was and as it is: all of it, or what matters. Never a secret. */
  before?: Readonly<Record<string, unknown>>
  after?: Readonly<Record<string, unknown>>
  /** How much longer the secret before stays valid. */
  overlap_seconds?: number
}
