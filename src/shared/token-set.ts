/** A token response (RFC 6749 §5.1). */
export interface TokenSet {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
}
