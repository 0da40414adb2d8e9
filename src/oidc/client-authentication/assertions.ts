import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { epochSeconds } from '../../shared/clock.ts'
import { followsFapi, hasFapiProfile, isFapiAlgorithm } from '../provider/fapi.ts'

/** How far clocks may differ, in seconds. */
export const CLOCK_TOLERANCE = 15

/**
 * For how long a client assertion is good, in seconds: an assertion that an attacker steals from a log, or signs ahead of time while
 * they hold the key, is good for minutes (RFC 7523 §3 lets a server reject an `exp` that is unreasonably far away). Counted from `iat`;
 * without one, back from `exp`.
 */
const MAX_LIFE = 300

/** How far `exp` may be ahead beside an `iat`, in seconds: libraries write an hour or more. A `jti` is remembered until then. */
const MAX_EXP = 86_400

/** The `typ` that a client assertion may have: a JWT with another one was made for another purpose (RFC 8725 §3.11, RFC 7523bis). */
const TYPES = /^((application\/)?client-authentication\+jwt|JWT)$/i

/** Seconds that the `iat` of a JWT may be ahead (FAPI 2.0 Security Profile §5.3.2.1, note on clocks). */
const MAX_AHEAD = 60

/**
 * What a client assertion has to be beyond what the library checks. FAPI clients name the issuer alone, as one string: an assertion that
 * is good for several servers can be used at the others by the one that it was sent to.
 * @throws InvalidClientAuth when the assertion is something else by its `typ`, or not of the last five minutes, by clocks that may
 * differ a little
 */
export async function checkAssertion(
  ctx: KoaContextWithOIDC,
  claims: { aud?: unknown; exp?: unknown; iat?: unknown },
  header: { alg?: unknown; typ?: unknown },
  client: Client,
): Promise<void> {
  if (header.typ !== undefined && !TYPES.test(String(header.typ)))
    throw new errors.InvalidClientAuth('typ of the client_assertion JWT must be client-authentication+jwt')
  checkTimes(claims, followsFapi(client))
  if (!followsFapi(client)) return
  if (claims.aud !== ctx.oidc.issuer)
    throw new errors.InvalidClientAuth('aud of a FAPI client must be the issuer, as one string')
  if (hasFapiProfile(client) && !isFapiAlgorithm(header.alg))
    throw new errors.InvalidClientAuth('alg mismatch')
}

/** @param strict whether `exp` has to be near beside an `iat` as well */
function checkTimes({ exp, iat }: { exp?: unknown; iat?: unknown }, strict: boolean): void {
  const now = epochSeconds(Date.now)
  const mostAhead = strict || iat === undefined ? MAX_LIFE : MAX_EXP
  if (!(Number(exp) - now <= mostAhead + CLOCK_TOLERANCE))
    throw new errors.InvalidClientAuth('exp of the client_assertion JWT is too far ahead')
  if (iat === undefined) return
  if (!(Number(iat) - now <= MAX_AHEAD))
    throw new errors.InvalidClientAuth('iat of the client_assertion JWT is in the future')
  if (!(now - Number(iat) <= MAX_LIFE + CLOCK_TOLERANCE))
    throw new errors.InvalidClientAuth('iat of the client_assertion JWT is too long ago')
}
