/** How long what the protocol issues lives, in seconds. Each is read when it is needed: an owner may change it. */
export interface Lifetimes {
  readonly accessTokenTtl: number
  readonly refreshTokenTtl: number
  readonly sessionTtl: number
}

/** What an id_token lives, in seconds. */
export const ID_TOKEN_TTL = 3600

/** The longest that sliding sessions and refresh chains go on, as a multiple of their own lifetime (ASVS 10.4.8). */
export const ABSOLUTE_LIFETIME_FACTOR = 3

/** Seconds that a Grant lives: as long as the longest chain of refreshes that hangs on it. */
export const grantTtl = ({
  refreshTokenTtl,
  sessionTtl,
}: Pick<Lifetimes, 'refreshTokenTtl' | 'sessionTtl'>): number =>
  Math.max(refreshTokenTtl, sessionTtl) * ABSOLUTE_LIFETIME_FACTOR
