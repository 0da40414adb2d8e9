import type { AccessToken } from 'oidc-provider'

/** When the person of an access token signed in, in seconds since the epoch; undefined: the token does not say. */
export function authTimeOf(token: AccessToken): number | undefined {
  const value = token.extra?.auth_time
  return typeof value === 'number' ? value : undefined
}

/** The methods of the sign-in of an access token (RFC 8176); undefined: the token does not say. */
export function amrOfToken(token: AccessToken): string[] | undefined {
  const value = token.extra?.amr
  return Array.isArray(value) ? value.map(String) : undefined
}
