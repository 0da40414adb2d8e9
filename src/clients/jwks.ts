import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import { PRIVATE_PARAMETERS } from '../shared/key-set.ts'
import { saying, t } from '../shared/locales/texts.ts'
import { rsaSizeProblem } from '../shared/rsa.ts'

const MAX_KEYS = 10
/** Curves that the assertion algorithms of this server use (RFC 7518 §3.1, RFC 8037 §2). */
const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519']

/** A JWK as it is stored: public parameters only. */
const jwk = z.looseObject({ kty: z.string({ error: 'lacks kty' }) })

/**
 * A client's public keys (RFC 7517 §5). Each must be an asymmetric signature key that Node can load: RSA of 2,048
 * to 4,096 bits, an EC key or Ed25519. A private half is refused rather than dropped: its developer should know that the
 * key is no longer secret.
 */
export const jwksSchema = z
  .strictObject(
    { keys: z.array(jwk, saying('admin.client_errors.jwks.array')) },
    saying('admin.client_errors.jwks.set', { example: '{"keys":[…]}' }),
  )
  .superRefine((set, context) => {
    if (set.keys.length === 0)
      context.addIssue({ code: 'custom', message: t('admin.client_errors.jwks.none') })
    if (set.keys.length > MAX_KEYS)
      context.addIssue({ code: 'custom', message: t('admin.client_errors.jwks.many', { max: MAX_KEYS }) })
    // Further ones are not looked at: reading a key takes time.
    set.keys.slice(0, MAX_KEYS).forEach((key, index) => {
      const problem = publicKeyProblem(key)
      if (problem !== undefined)
        context.addIssue({
          code: 'custom',
          message: t('admin.client_errors.jwks.key', { number: index + 1, problem }),
        })
    })
    const kids = set.keys.map((key) => key.kid).filter((kid) => kid !== undefined)
    if (new Set(kids).size < kids.length)
      context.addIssue({ code: 'custom', message: t('admin.client_errors.jwks.kid') })
  })

/** Why a JWK cannot verify a client's assertions; undefined when it can. */
export function publicKeyProblem(key: Readonly<Record<string, unknown>>): string | undefined {
  if (key.kty === 'oct') return t('admin.client_errors.jwks.symmetric')
  if (PRIVATE_PARAMETERS.some((parameter) => key[parameter] !== undefined)) {
    return t('admin.client_errors.jwks.private')
  }
  if (key.use !== undefined && key.use !== 'sig') return t('admin.client_errors.jwks.use')
  for (const parameter of ['kid', 'alg'] as const) {
    const value = key[parameter]
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      return t('admin.client_errors.jwks.text', { parameter })
  }
  try {
    const loaded = createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
    if (loaded.asymmetricKeyType === 'rsa') return rsaSizeProblem(key)?.toString()
    return CURVES.includes(String(key.crv))
      ? undefined
      : t('admin.client_errors.jwks.curve', { curve: String(key.crv), curves: CURVES.join(', ') })
  } catch {
    return t('admin.client_errors.jwks.unreadable')
  }
}
