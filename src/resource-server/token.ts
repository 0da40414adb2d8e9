/** What a checked access token says. `request.token` on every protected route. */
export interface AccessToken {
  /** Whom the token speaks for: a person's subject identifier, or the client's own id when it is a machine. */
  readonly sub: string
  readonly clientId: string
  readonly scopes: ReadonlySet<string>
  /** True when no person stands behind it: the client got it for itself (RFC 6749 §4.4, RFC 9068 §2.2). */
  readonly isMachine: boolean
  /** Seconds since the epoch; undefined for an opaque token whose issuer does not tell. */
  readonly expiresAt: number | undefined
  /** The thumbprint of the key it is bound to (RFC 9449 §6); undefined for a bearer token. */
  readonly jkt: string | undefined
  /** The class of the person's sign-in (OpenID Connect Core §2); undefined: the token does not say, as that of a machine. */
  readonly acr: string | undefined
  /** How the person signed in (RFC 8176). Empty: the token does not say. */
  readonly amr: readonly string[]
  /** When the person signed in, in seconds since the epoch; undefined: the token does not say. */
  readonly authTime: number | undefined
  /** Every claim of the JWT, or every member of the introspection response. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** The scope values of a `scope` claim (RFC 6749 §3.3). */
export const scopesOf = (scope: string | undefined): ReadonlySet<string> =>
  new Set((scope ?? '').split(' ').filter((value) => value !== ''))
