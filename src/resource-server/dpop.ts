import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Settings } from './options.ts'
import { createProofMemory } from './proof-memory.ts'
import { Refusal } from './refusal.ts'

/** How old a proof may be, in seconds; with `clockTolerance` on either side. */
const PROOF_AGE = 60

/** RFC 9449 §4.2. */
const proofSchema = z.looseObject({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string(),
})

/** What a proof has to be for. */
export interface ProofFor {
  method: string
  /** Where the request went, as clients see it. */
  url: string
  token: string
  /** The thumbprint of the key that the token is bound to. */
  jkt: string
}

const invalidProof = (reason: string, cause?: unknown) =>
  new Refusal(401, {
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof does not fit this request and token.',
    reason,
    cause,
  })

/** Of an RSA key of 4,096 bits, in base64url: checking a signature by a longer one is dear, and anybody can send it. */
const MAX_MODULUS = 683

const boundedKey: typeof EmbeddedJWK = async (header, token) => {
  const { n } = (header?.jwk ?? {}) as { n?: unknown }
  if (typeof n === 'string' && n.length > MAX_MODULUS)
    throw new errors.JWKInvalid('an RSA key has at most 4096 bits')
  return EmbeddedJWK(header, token)
}

const digest = (value: string) => createHash('sha256').update(value).digest('base64url')

/** RFC 9449 §4.3: compared after normalisation, without query and fragment. */
function withoutQuery(value: string): string | undefined {
  const url = URL.parse(value)
  return url ? `${url.origin}${url.pathname}` : undefined
}

/** Checks the proof of possession that comes with a bound token (RFC 9449 §4.3, §7.1). Each proof works once. */
export function createProofCheck(
  settings: Pick<Settings, 'algorithms' | 'clockTolerance' | 'clock' | 'rememberProof'>,
) {
  const { clock, clockTolerance } = settings
  const remember = settings.rememberProof ?? createProofMemory(clock)

  /** @throws Refusal 401 invalid_dpop_proof; 503 when no more proofs can be remembered */
  return async (proof: string | undefined, { method, url, token, jkt }: ProofFor): Promise<void> => {
    if (proof === undefined) throw invalidProof('no proof')
    const { claims, jwk } = await verified(proof)
    const now = clock() / 1000
    if (claims.htm !== method) throw invalidProof('htm is of another method')
    if (withoutQuery(claims.htu) !== withoutQuery(url)) throw invalidProof(`htu is not ${withoutQuery(url)}`)
    if (claims.ath !== digest(token)) throw invalidProof('ath is of another token')
    if (claims.iat > now + clockTolerance) throw invalidProof('iat is in the future')
    if (claims.iat < now - PROOF_AGE - clockTolerance) throw invalidProof('too old')
    if ((await calculateJwkThumbprint(jwk)) !== jkt) throw invalidProof('the token is bound to another key')
    // Last, so that only the owner of a key can have proofs remembered.
    const expiresAt = clock() + (PROOF_AGE + 2 * clockTolerance) * 1000
    if (!(await remember(digest(`${jkt} ${claims.jti}`), expiresAt))) throw invalidProof('used before')
  }

  async function verified(proof: string) {
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, boundedKey, {
        typ: 'dpop+jwt',
        algorithms: settings.algorithms,
        clockTolerance,
        currentDate: new Date(clock()),
      })
      return { claims: proofSchema.parse(payload), jwk: protectedHeader.jwk as JWK }
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError)
        throw invalidProof(error.message, error)
      throw error
    }
  }
}
