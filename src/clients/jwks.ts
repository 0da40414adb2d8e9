import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import { rsaSizeProblem } from '../shared/rsa.ts'

const MAX_KEYS = 10
/** Parameters that carry a private or symmetric key (RFC 7518 §6). */
const PRIVATE_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const
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
    { keys: z.array(jwk, { error: 'must be an array of JWKs' }) },
    { error: 'must be a JWK Set: {"keys":[…]}' },
  )
  .superRefine((set, context) => {
    if (set.keys.length === 0)
      context.addIssue({ code: 'custom', message: 'holds no key; put one public key in it' })
    if (set.keys.length > MAX_KEYS)
      context.addIssue({ code: 'custom', message: `holds more than ${MAX_KEYS} keys` })
    // Further ones are not looked at: reading a key takes time.
    set.keys.slice(0, MAX_KEYS).forEach((key, index) => {
      const problem = publicKeyProblem(key)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: `key ${index + 1} ${problem}` })
    })
    const kids = set.keys.map((key) => key.kid).filter((kid) => kid !== undefined)
    if (new Set(kids).size < kids.length)
      context.addIssue({ code: 'custom', message: 'uses one kid for two keys' })
  })

/** Why a JWK cannot verify a client's assertions; undefined when it can. */
export function publicKeyProblem(key: Readonly<Record<string, unknown>>): string | undefined {
  if (key.kty === 'oct') return 'is symmetric (kty oct); use an RSA, EC or Ed25519 key'
  if (PRIVATE_PARAMETERS.some((parameter) => key[parameter] !== undefined)) {
    return 'contains the private key; send the public half only, and replace this key if it has left your machine'
  }
  if (key.use !== undefined && key.use !== 'sig') return 'has a use other than "sig"'
  for (const parameter of ['kid', 'alg'] as const) {
    const value = key[parameter]
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      return `has a ${parameter} that is no text`
  }
  try {
    const loaded = createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
    if (loaded.asymmetricKeyType === 'rsa') return rsaSizeProblem(key)
    return CURVES.includes(String(key.crv))
      ? undefined
      : `is on the curve ${key.crv}; use one of ${CURVES.join(', ')}`
  } catch {
    return 'is not a key that can be read; send an RSA, EC or Ed25519 public key as a JWK (RFC 7517)'
  }
}
