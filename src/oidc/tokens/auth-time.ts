import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'

/**
 * The `extraTokenClaims` of the library: every access token of a person says when they signed in (`auth_time`, RFC 9068
 * §2.2.1, RFC 9470 §6), as its code or its refresh token does. Refreshing moves nothing.
 * @param ctx undefined for a token that is made outside of a request to the token endpoint
 */
export function extraTokenClaims(
  ctx: KoaContextWithOIDC | undefined,
  token: AccessToken | ClientCredentials,
): { auth_time: number } | undefined {
  if (ctx === undefined || token.kind !== 'AccessToken') return undefined
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = ctx.oidc.entities
  const authTime = code?.authTime ?? device?.authTime ?? refresh?.authTime
  return authTime === undefined ? undefined : { auth_time: authTime }
}

/** When the person of an access token signed in, in seconds since the epoch; undefined: the token does not say. */
export function authTimeOf(token: AccessToken): number | undefined {
  const value = token.extra?.auth_time
  return typeof value === 'number' ? value : undefined
}
