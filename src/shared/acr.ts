/**
 * Authentication context classes (OpenID Connect Core §2, `acr`): how sure this server is of a person's identity, ordered
 * by strength.
 */
export const ACR = {
  /** A password. */
  pwd: 'urn:latchkey:acr:pwd',
} as const

/** What can be reached here, as discovery says. A factor that is added brings its class: here, and in `acrOf`. */
export const ACR_VALUES: readonly string[] = [ACR.pwd]

/**
 * The class of a sign-in by its methods (RFC 8176), the one place that decides it. Undefined: this server cannot vouch for one, as
 * after a sign-in at an upstream provider, whose checks it does not know.
 */
export const acrOf = (amr: readonly string[] | undefined): string | undefined =>
  amr?.includes('pwd') ? ACR.pwd : undefined
