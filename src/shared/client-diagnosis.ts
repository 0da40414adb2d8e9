/** What was wrong with how a client authenticated: whose secret that was, and whether there is such a client. */
export interface ClientDiagnosis {
  client: 'enabled' | 'disabled' | 'unknown'
  /** Absent: no secret was sent, or it is a good one. */
  secret?: 'expired' | 'of_another_client' | 'padded' | 'none_valid' | 'unmatched'
  /** Seconds since the epoch. */
  secret_expired_at?: number
  secret_of?: string
  /** The API that the credential is of. */
  api?: string
}
