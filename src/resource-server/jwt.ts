import { errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { IssuerKeys } from './keys.ts'
import type { Settings } from './options.ts'
import { invalidToken, Refusal } from './refusal.ts'
import { signInOf } from './sign-in.ts'
import { type AccessToken, scopesOf } from './token.ts'

/**
 * RFC 9068 §2.2, and how the token is bound (RFC 7800). A binding that this guard cannot check (a client certificate)
 * makes the token unusable here, not unbound.
 */
const claimsSchema = z.looseObject({
  sub: z.string().min(1),
  client_id: z.string().min(1),
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  scope: z.string().optional(),
  cnf: z.strictObject({ jkt: z.string().min(1) }).optional(),
})

/** Whether it is a JWT by its looks: three parts of base64url, the first of which is a JSON object with `alg`. */
export function looksLikeJwt(token: string): boolean {
  const [header = ''] = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token) ? token.split('.') : []
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
    return typeof parsed === 'object' && parsed !== null && 'alg' in parsed
  } catch {
    return false
  }
}

/**
 * Checks a JWT access token as RFC 9068 §4 says: `typ` at+jwt (so that no id_token passes), `iss`, `aud`, signature
 * by a key of the issuer under an allowed algorithm, `exp`, `nbf`, `iat`, and the claims that it must have.
 */
export function createJwtCheck(
  settings: Pick<Settings, 'issuer' | 'audience' | 'algorithms' | 'clockTolerance' | 'clock'>,
  keys: Pick<IssuerKeys, 'find'>,
) {
  /** @throws Refusal 401 invalid_token; 503 while the keys cannot be had */
  return async (token: string): Promise<AccessToken> => {
    const claims = await verified(token)
    const parsed = claimsSchema.safeParse(claims)
    if (!parsed.success) throw invalidToken(`claims: ${z.prettifyError(parsed.error)}`)
    const { sub, client_id, exp, iat, scope, cnf } = parsed.data
    if (iat > settings.clock() / 1000 + settings.clockTolerance) throw invalidToken('iat is in the future')
    return {
      sub,
      clientId: client_id,
      scopes: scopesOf(scope),
      isMachine: sub === client_id,
      expiresAt: exp,
      jkt: cnf?.jkt,
      ...signInOf(claims),
      claims,
    }
  }

  async function verified(token: string): Promise<Record<string, unknown>> {
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: settings.issuer,
        audience: settings.audience,
        typ: 'at+jwt',
        algorithms: settings.algorithms,
        clockTolerance: settings.clockTolerance,
        currentDate: new Date(settings.clock()),
        requiredClaims: ['exp', 'iat'],
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new Refusal(401, {
          error: 'invalid_token',
          description: 'The access token has expired.',
          cause: error,
        })
      if (error instanceof errors.JOSEError) throw invalidToken(error.message, error)
      throw error
    }
  }
}
