import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { epochSeconds } from '../clock.ts'

/** How far clocks may differ, in seconds. */
export const CLOCK_TOLERANCE = 15

/**
 * How far ahead a client assertion may end, in seconds. RFC 7523 §3 lets a server refuse an `exp` that is unreasonably far away: one
 * that is stolen from a log, or made ahead by somebody who held the key for a moment, is good for minutes then, and its `jti` need
 * not be remembered for longer.
 */
const MAX_LIFE = 300

/** @throws InvalidClientAuth when the assertion ends more than five minutes ahead, by clocks that may differ a little */
export async function refuseLongAssertions(
  _ctx: KoaContextWithOIDC,
  claims: { exp?: number | undefined },
): Promise<void> {
  const ahead = Number(claims.exp) - epochSeconds(Date.now)
  if (!(ahead <= MAX_LIFE + CLOCK_TOLERANCE))
    throw new errors.InvalidClientAuth('exp of the client_assertion JWT is too far ahead')
}
