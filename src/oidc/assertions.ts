import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { epochSeconds } from '../clock.ts'
import { followsFapi, hasFapiProfile, isFapiAlgorithm } from './fapi.ts'

/** How far clocks may differ, in seconds. */
export const CLOCK_TOLERANCE = 15

/**
 * How far ahead a client assertion may end, in seconds. RFC 7523 §3 lets a server refuse an `exp` that is unreasonably far away: one
 * that is stolen from a log, or made ahead by somebody who held the key for a moment, is good for minutes then, and its `jti` need
 * not be remembered for longer.
 */
const MAX_LIFE = 300

/** Seconds that the `iat` of a JWT may be ahead (FAPI 2.0 Security Profile §5.3.2.1, note on clocks). */
const MAX_AHEAD = 60

/**
 * What a client assertion has to be beyond what the library checks. FAPI clients name the issuer alone, as one string: an assertion that
 * is good for several servers can be used at the others by the one that it was sent to.
 * @throws InvalidClientAuth when the assertion ends more than five minutes ahead, by clocks that may differ a little
 */
export async function checkAssertion(
  ctx: KoaContextWithOIDC,
  claims: { aud?: unknown; exp?: unknown; iat?: unknown },
  header: { alg?: unknown },
  client: Client,
): Promise<void> {
  const now = epochSeconds(Date.now)
  if (!(Number(claims.exp) - now <= MAX_LIFE + CLOCK_TOLERANCE))
    throw new errors.InvalidClientAuth('exp of the client_assertion JWT is too far ahead')
  if (!followsFapi(client)) return
  if (claims.aud !== ctx.oidc.issuer)
    throw new errors.InvalidClientAuth('aud of a FAPI client must be the issuer, as one string')
  if (claims.iat !== undefined && !(Number(claims.iat) - now <= MAX_AHEAD))
    throw new errors.InvalidClientAuth('iat of the client_assertion JWT is in the future')
  if (hasFapiProfile(client) && !isFapiAlgorithm(header.alg))
    throw new errors.InvalidClientAuth('alg mismatch')
}
