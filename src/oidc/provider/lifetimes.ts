/** The longest that sliding sessions and refresh chains go on, as a multiple of their own lifetime (ASVS 10.4.8). */
export const ABSOLUTE_LIFETIME_FACTOR = 3

/** Seconds that a Grant lives: as long as the longest chain of refreshes that hangs on it. */
export const grantTtl = (ttl: { refreshToken: number; session: number }): number =>
  Math.max(ttl.refreshToken, ttl.session) * ABSOLUTE_LIFETIME_FACTOR
