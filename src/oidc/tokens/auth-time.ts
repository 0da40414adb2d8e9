import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'

/**
 * The `extraTokenClaims` of the library: every access token of a person says when and how they signed in (`auth_time`, `acr`,
 * `amr`: RFC 9068 §2.2.1, RFC 9470 §6), as its code or its refresh token does. Refreshing moves nothing.
 * @param ctx undefined for a token that is made outside of a request to the token endpoint: it says what it was made with
 */
export function extraTokenClaims(
  ctx: KoaContextWithOIDC | undefined,
  token: AccessToken | ClientCredentials,
): { auth_time?: number; acr?: string; amr?: string[] } | undefined {
  if (token.kind !== 'AccessToken') return undefined
  if (ctx === undefined) return token.extra
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = ctx.oidc.entities
  const { authTime, acr, amr } = code ?? device ?? refresh ?? {}
  if (authTime === undefined) return undefined
  return { auth_time: authTime, ...(acr !== undefined && { acr }), ...(amr !== undefined && { amr }) }
}

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
