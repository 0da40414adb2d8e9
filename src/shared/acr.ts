/**
 * Authentication context classes (OpenID Connect Core §2, `acr`): how sure this server is of who somebody is. One strength
 * above the other.
 */
export const ACR = {
  /** A password. */
  pwd: 'urn:latchkey:acr:pwd',
} as const

/** What can be reached here, as discovery says. A factor that is added brings its class: here, and in `acrOf`. */
export const ACR_VALUES: readonly string[] = [ACR.pwd]

/**
 * The class of a sign-in by its methods (RFC 8176), the one place that decides it. Undefined: none that can be answered for; what
 * a provider elsewhere asks of people is known there.
 */
export const acrOf = (amr: readonly string[] | undefined): string | undefined =>
  amr?.includes('pwd') ? ACR.pwd : undefined
