import type { Credentials } from './credentials.ts'
import { createProofCheck } from './dpop.ts'
import { createIntrospection } from './introspection.ts'
import { createIssuer } from './issuer.ts'
import { createJwtCheck, looksLikeJwt } from './jwt.ts'
import { createIssuerKeys } from './keys.ts'
import type { Settings } from './options.ts'
import { invalidToken } from './refusal.ts'
import type { AccessToken } from './token.ts'

/** Everything that is asked of an access token, whatever the framework. */
export interface Authenticator {
  /**
   * @param target the request that the token came with
   * @throws Refusal 401 invalid_token or invalid_dpop_proof; 503 while nobody can say
   */
  check(credentials: Credentials, target: { method: string; url: string }): Promise<AccessToken>
  /** Fetches the issuer's keys ahead of the first request. @throws Refusal 503 */
  warm(): Promise<void>
}

export function createAuthenticator(settings: Settings): Authenticator {
  const metadata = createIssuer(settings)
  const keys = createIssuerKeys({ ...settings, metadata, cooldown: settings.jwksCooldown })
  const checkJwt = createJwtCheck(settings, keys)
  const introspect = settings.introspection && createIntrospection(settings, settings.introspection, metadata)
  const checkProof = createProofCheck(settings)

  /** A JWT is always checked here: what fails that gets no second chance at introspection, and costs the issuer nothing. */
  async function resolve(token: string): Promise<AccessToken> {
    if (looksLikeJwt(token)) {
      const checked = await checkJwt(token)
      return introspect && settings.introspection?.jwts ? introspect(token) : checked
    }
    if (introspect) return introspect(token)
    throw invalidToken('opaque, and introspection is not configured')
  }

  return {
    warm: keys.warm,
    async check({ scheme, token, proof }, target) {
      const accessToken = await resolve(token)
      const { jkt } = accessToken
      // RFC 9449 §7.2: a stolen bound token must not work without its key, nor an unbound one look as if it had one.
      if (jkt === undefined && scheme === 'DPoP')
        throw invalidToken('DPoP scheme, but the token is not bound')
      if (jkt === undefined && settings.requireDpop)
        throw invalidToken('not bound to a key, which this API asks for')
      if (jkt !== undefined && scheme === 'Bearer')
        throw invalidToken('bound to a key, but sent as a bearer token')
      if (jkt !== undefined) await checkProof(proof, { ...target, token, jkt })
      return accessToken
    },
  }
}
