/** The sign-in at an upstream provider that started a session here. */
export interface UpstreamSession {
  /** The id of the provider. */
  provider: string
  issuer: string
  subject: string
  /** The provider's own session, if it has told (OpenID Connect Back-Channel Logout §2.1). */
  sid?: string | undefined
}

/** Which upstream sign-ins a provider has ended: those of one of its sessions, else all of a subject. */
export interface EndedUpstream {
  issuer: string
  subject?: string | undefined
  /** The provider's session (OpenID Connect Back-Channel Logout §2.1). */
  sid?: string | undefined
}
